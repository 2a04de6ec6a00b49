#!/bin/sh
# Install hookctl from a release, for Linux and macOS:
#
#	curl --proto '=https' --tlsv1.2 -fsSL https://raw.githubusercontent.com/hookctl/hookctl/main/docs/install.sh | sh
#	... | sh -s -- 1.2.3         this version
#
# HOOKCTL_VERSION              the same; without either, the latest release
# HOOKCTL_INSTALL_DIR          where to put the program: ~/.local/bin
# HOOKCTL_REQUIRE_SIGNATURE    1: fail without a valid signature; 0: do not check it.
#                              By default it is checked if cosign is installed.
# HOOKCTL_RELEASES_URL         a mirror of https://github.com/hookctl/hookctl/releases
#
# The checksum is always checked. No root, and no file but the program.
#
# Everything is in functions, and the last line calls them: a download that was cut off
# does nothing.

say() { printf '%s\n' "$@"; }

die() {
	printf 'install.sh: %s\n' "$1" >&2
	shift
	for line; do printf '  %s\n' "$line" >&2; done
	exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# platform sets os and arch to the names that releases use.
platform() {
	os=$(uname -s) || die 'uname does not say which system this is'
	arch=$(uname -m) || die 'uname does not say which machine this is'
	other='To build it yourself: go install github.com/hookctl/hookctl/cmd/hookctl@latest'
	case $os in
	Linux) os=linux ;;
	Darwin)
		os=darwin
		# A shell that Rosetta runs says x86_64 on Apple silicon.
		if [ "$arch" = x86_64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then arch=arm64; fi
		;;
	MINGW* | MSYS* | CYGWIN*) die 'this is Windows: use install.ps1 in PowerShell' ;;
	*) die "there is no release for $os" "$other" ;;
	esac
	case $arch in
	x86_64 | amd64) arch=amd64 ;;
	aarch64 | arm64) arch=arm64 ;;
	*) die "there is no release for $os on $arch" "$other" ;;
	esac
}

# source_url sets releases, and refuses what anyone on the way could change.
source_url() {
	releases=${HOOKCTL_RELEASES_URL:-https://github.com/hookctl/hookctl/releases}
	releases=${releases%/}
	protocols='=https'
	case $releases in
	https://*) ;;
	http://*)
		host=${releases#http://}
		case ${host%%/*} in
		*@*) host= ;;
		127.0.0.1 | 127.0.0.1:* | localhost | localhost:* | '[::1]' | '[::1]':*) protocols='=http,https' ;;
		*) host= ;;
		esac
		[ -n "$host" ] || die "HOOKCTL_RELEASES_URL must use https: $releases"
		;;
	*) die "HOOKCTL_RELEASES_URL must be an https URL: $releases" ;;
	esac
}

# downloader sets downloader. BusyBox's wget need not check certificates.
downloader() {
	if have curl; then
		downloader=curl
	elif have wget && wget --version 2>/dev/null | grep -q '^GNU Wget'; then
		downloader=wget
	else
		die 'this needs curl, or GNU wget' 'On Alpine: apk add curl'
	fi
}

# fetch PATH FILE: the file at a path of the releases.
fetch() {
	case $downloader in
	curl) curl --proto "$protocols" --tlsv1.2 --connect-timeout 30 --retry 2 -fsSL -o "$2" "$releases/$1" ;;
	wget) wget --secure-protocol=TLSv1_2 --timeout=30 --tries=3 -q -O "$2" "$releases/$1" ;;
	esac
}

# sha256 FILE prints the checksum.
sha256() {
	case $hasher in
	sha256sum) sha256sum <"$1" ;;
	shasum) shasum -a 256 <"$1" ;;
	openssl) openssl dgst -sha256 -r <"$1" ;;
	esac | cut -d ' ' -f 1
}

# find_checksum sets archive and want to a line of checksums.txt: the one for this
# system, in the version if there is one, which is set too.
find_checksum() {
	archive='' want=''
	while read -r sum name _ || [ -n "$sum" ]; do
		name=${name#'*'}
		case $name in
		"hookctl_${version:-*}_${os}_$arch.tar.gz") ;;
		hookctl_*_"${os}_$arch.tar.gz") [ -z "$version" ] || continue ;;
		*) continue ;;
		esac
		[ -z "$archive" ] || die "checksums.txt has two lines for $os on $arch"
		archive=$name want=$sum
	done <"$work/checksums.txt"
	[ -n "$archive" ] || die "checksums.txt has no line for $os on $arch${version:+ in version $version}"
	if [ -z "$version" ]; then
		version=${archive#hookctl_}
		version=${version%"_${os}_$arch.tar.gz"}
		check_version
	fi
	case $want in
	*[!0-9a-fA-F]*) want='' ;;
	esac
	[ ${#want} -eq 64 ] || die "checksums.txt has no SHA-256 for $archive"
}

# check_version: version becomes a part of URLs and names.
check_version() {
	version=${version#v}
	case $version in
	[0-9]*) ;;
	*) die "not a version: $version" 'Write one such as 1.2.3' ;;
	esac
	case $version in
	*[!0-9A-Za-z.+-]*) die "not a version: $version" 'Write one such as 1.2.3' ;;
	esac
}

# signature_wanted sets cosign to yes or no, and signature to what is said of it.
signature_wanted() {
	cosign=no
	case ${HOOKCTL_REQUIRE_SIGNATURE:-} in
	0) signature='not its signature, since HOOKCTL_REQUIRE_SIGNATURE is 0' ;;
	1)
		have cosign || die 'HOOKCTL_REQUIRE_SIGNATURE is 1, but cosign is not installed' \
			'https://docs.sigstore.dev/cosign/system_config/installation/'
		cosign=yes
		;;
	'') if have cosign; then cosign=yes; else signature='not its signature, since cosign is not installed'; fi ;;
	*) die 'HOOKCTL_REQUIRE_SIGNATURE must be 1, 0 or empty' ;;
	esac
}

# check_signature: the checksums must be signed by the release workflow of this
# repository, run for the tag of this version.
check_signature() {
	[ $cosign = yes ] || return 0
	fetch "download/v$version/checksums.txt.sigstore.json" "$work/bundle" ||
		die "cannot download the signature of version $version" 'To install without it: HOOKCTL_REQUIRE_SIGNATURE=0'
	cosign verify-blob \
		--bundle "$work/bundle" \
		--certificate-identity "https://github.com/hookctl/hookctl/.github/workflows/release.yml@refs/tags/v$version" \
		--certificate-oidc-issuer https://token.actions.githubusercontent.com \
		"$work/checksums.txt" >"$work/cosign" 2>&1 || {
		cat "$work/cosign" >&2
		die "cosign does not accept the signature of version $version; nothing was installed"
	}
	signature='and the signature, by cosign'
}

# clean_up runs at the end, however it comes.
clean_up() {
	[ -z "$staged" ] || rm -f "$staged"
	[ -z "$work" ] || rm -rf "$work"
}

main() {
	set -u
	umask 022
	work='' staged='' version=${HOOKCTL_VERSION:-}
	case ${1:-} in
	-h | --help)
		say 'usage: install.sh [VERSION]' '' 'Install hookctl from a release into ~/.local/bin. Variables:' \
			'  HOOKCTL_VERSION             the version, like the argument' \
			'  HOOKCTL_INSTALL_DIR         where to put the program' \
			'  HOOKCTL_REQUIRE_SIGNATURE   1: fail without a valid signature; 0: do not check it' \
			'  HOOKCTL_RELEASES_URL        a mirror of https://github.com/hookctl/hookctl/releases'
		return
		;;
	-*) die "unknown option: $1" 'usage: install.sh [VERSION]' ;;
	?*) version=$1 ;;
	esac
	[ $# -le 1 ] || die 'usage: install.sh [VERSION]'
	[ -z "$version" ] || check_version

	platform
	source_url
	signature_wanted
	downloader
	have tar || die 'this needs tar'
	hasher=''
	for tool in openssl shasum sha256sum; do
		if have "$tool"; then hasher=$tool; fi
	done
	[ -n "$hasher" ] || die 'this needs sha256sum, shasum or openssl, to check the download'

	dir=${HOOKCTL_INSTALL_DIR:-}
	if [ -z "$dir" ]; then
		[ -n "${HOME:-}" ] || die 'HOME is not set: say where to install it with HOOKCTL_INSTALL_DIR'
		dir=$HOME/.local/bin
	fi
	case $dir in
	/*) ;;
	*) dir=$PWD/$dir ;;
	esac
	[ "$dir" = / ] || dir=${dir%/}
	[ ! -d "$dir/hookctl" ] || die "$dir/hookctl is a directory"

	trap clean_up EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	work=$(mktemp -d) || die 'cannot make a temporary directory'

	# A version of its own, or the one that the latest release names.
	from=latest/download
	if [ -n "$version" ]; then from=download/v$version; fi
	fetch "$from/checksums.txt" "$work/checksums.txt" ||
		die "cannot download $releases/$from/checksums.txt" "The releases that exist: $releases"
	find_checksum
	check_signature
	fetch "download/v$version/$archive" "$work/archive" || die "cannot download $releases/download/v$version/$archive"
	got=$(sha256 "$work/archive")
	[ "$got" = "$(say "$want" | tr A-F a-f)" ] ||
		die "the checksum of $archive is wrong; nothing was installed" "expected $want" "found    ${got:-none}"

	# The archive may have a directory around its files.
	tar -tzf "$work/archive" >"$work/list" || die "cannot read $archive"
	member=''
	while read -r name; do
		case $name in
		hookctl | ./hookctl | "${archive%.tar.gz}/hookctl") member=$name ;;
		esac
	done <"$work/list"
	[ -n "$member" ] || die "$archive has no program hookctl"

	mkdir -p "$dir" || die "cannot make $dir" 'Choose another directory with HOOKCTL_INSTALL_DIR'
	staged=$(mktemp "$dir/.hookctl-XXXXXX") || {
		staged=''
		die "cannot write to $dir" 'Choose another directory with HOOKCTL_INSTALL_DIR'
	}
	tar -xzOf "$work/archive" "$member" >"$staged" || die "cannot unpack $archive into $dir"
	chmod 755 "$staged" || die "cannot write to $dir"
	"$staged" version >/dev/null 2>"$work/run" || {
		cat "$work/run" >&2
		die "version $version does not run on this machine; nothing was installed"
	}
	mv -f "$staged" "$dir/hookctl" || die "cannot replace $dir/hookctl"
	staged=''

	say "Installed hookctl $version: $dir/hookctl"
	say "Checked: its SHA-256 checksum, $signature"
	case :$PATH: in
	*:"$dir":*)
		found=$(command -v hookctl) || found=''
		[ "$found" = "$dir/hookctl" ] || say "But your PATH finds another one first: $found"
		;;
	*) say "$dir is not in your PATH. Add this line to your shell's profile:" "  export PATH=\"$dir:\$PATH\"" ;;
	esac
	say 'Next: hookctl demo'
}

{ main "$@"; }
