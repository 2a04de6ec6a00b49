//go:build unix

package internal_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The installer runs here as users run it: a shell, the tools of the machine or of
// BusyBox, an empty home, and a server with a release in the place of GitHub.

// installerTools are the programs that install.sh may call, but for those that a test
// puts in their place: uname, and cosign.
var installerTools = strings.Fields("cat chmod curl cut grep gzip mkdir mktemp mv openssl rm sha256sum sh shasum tar tr wget")

// installer is a machine to install hookctl on, and a server with releases.
type installer struct {
	t     *testing.T
	root  string // of the repository
	dir   string // of all that follows
	bin   string // PATH
	home  string
	tmp   string
	files map[string][]byte // of the server, by path
	url   string
	shell []string
	env   []string

	mu    sync.Mutex
	asked []string            // paths
	hang  func(*http.Request) // called before an answer
	pid   chan int            // holds that of the script while it runs
}

func newInstaller(t *testing.T) *installer {
	t.Helper()
	i := &installer{t: t, root: filepath.Dir(mustAbs(t, ".")), dir: t.TempDir(), files: map[string][]byte{}, shell: []string{"sh"}, pid: make(chan int, 1)}
	i.bin, i.home, i.tmp = filepath.Join(i.dir, "bin"), filepath.Join(i.dir, "my home"), filepath.Join(i.dir, "tmp")
	for _, dir := range []string{i.bin, i.home, i.tmp} {
		ok(t, os.Mkdir(dir, 0o700))
	}
	for _, tool := range installerTools {
		if path, err := exec.LookPath(tool); err == nil {
			ok(t, os.Symlink(path, filepath.Join(i.bin, tool)))
		}
	}
	if _, err := os.Stat(filepath.Join(i.bin, "curl")); err != nil {
		t.Skip("there is no curl: the installer is not run")
	}
	i.machine("Linux", "x86_64")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		i.asked = append(i.asked, r.URL.Path)
		text, found := i.files[r.URL.Path]
		hang := i.hang
		i.mu.Unlock()
		if hang != nil {
			hang(r)
		}
		if !found {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(text)
	}))
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// program puts one in PATH, in the place of another.
func (i *installer) program(name, script string) {
	i.t.Helper()
	path := filepath.Join(i.bin, name)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		i.t.Fatal(err)
	}
	ok(i.t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700))
}

func (i *installer) without(tools ...string) {
	i.t.Helper()
	for _, tool := range tools {
		if err := os.Remove(filepath.Join(i.bin, tool)); err != nil && !errors.Is(err, os.ErrNotExist) {
			i.t.Fatal(err)
		}
	}
}

// machine says what uname prints.
func (i *installer) machine(system, arch string) {
	i.program("uname", fmt.Sprintf("case $1 in -s) echo %s ;; -m) echo %s ;; esac", system, arch))
}

// cosign accepts exactly what the release workflow signs.
func (i *installer) cosign(version string) {
	i.program("cosign", fmt.Sprintf(`
case "$*" in
"verify-blob --bundle "*" --certificate-identity https://github.com/hookctl/hookctl/.github/workflows/release.yml@refs/tags/v%s --certificate-oidc-issuer https://token.actions.githubusercontent.com "*/checksums.txt) ;;
*) echo "wrong identity: $*" >&2; exit 1 ;;
esac
while [ "$1" != --bundle ]; do shift; done
[ "$(cat "$2")" = good ] || { echo "bad bundle" >&2; exit 1; }`, version))
}

// release puts one on the server, with archives for all systems, whose program prints
// its version and what it was built for. Inside archives stands the program's name.
func (i *installer) release(version, inside string, latest bool) {
	i.t.Helper()
	var sums strings.Builder
	for _, platform := range []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"} {
		name := "hookctl_" + version + "_" + platform
		archive := tarGz(i.t, map[string]string{
			"README.md":                           "not the program",
			"completions/hookctl.bash":            "not the program",
			strings.ReplaceAll(inside, "*", name): "#!/bin/sh\necho hookctl " + version + " " + platform + "\n",
		})
		i.files["/download/v"+version+"/"+name+".tar.gz"] = archive
		fmt.Fprintf(&sums, "%x  %s.tar.gz\n", sha256.Sum256(archive), name)
		fmt.Fprintf(&sums, "%x  %s.tar.gz.cdx.json\n", sha256.Sum256(nil), name)
	}
	fmt.Fprintf(&sums, "%x  hookctl_%s_windows_amd64.zip\n", sha256.Sum256(nil), version)
	i.files["/download/v"+version+"/checksums.txt"] = []byte(sums.String())
	i.files["/download/v"+version+"/checksums.txt.sigstore.json"] = []byte("good")
	if latest {
		i.files["/latest/download/checksums.txt"] = []byte(sums.String())
	}
}

func tarGz(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for name, text := range files {
		ok(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}))
		_, err := w.Write([]byte(text))
		ok(t, err)
	}
	ok(t, w.Close())
	ok(t, z.Close())
	return out.Bytes()
}

// command is one in the installer's world.
func (i *installer) command(words ...string) *exec.Cmd {
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = i.dir
	cmd.Env = append([]string{"PATH=" + i.bin, "HOME=" + i.home, "TMPDIR=" + i.tmp, "HOOKCTL_RELEASES_URL=" + i.url + "/"}, i.env...)
	return cmd
}

// run runs install.sh from standard input, as a pipe from curl does.
func (i *installer) run(args ...string) (code int, out string) {
	i.t.Helper()
	script, err := os.ReadFile(filepath.Join(i.root, "docs", "install.sh"))
	ok(i.t, err)
	cmd := i.command(append(append(slices.Clone(i.shell), "-s", "--"), args...)...)
	cmd.Stdin = bytes.NewReader(script)
	return i.finish(cmd)
}

func (i *installer) finish(cmd *exec.Cmd) (code int, out string) {
	i.t.Helper()
	i.mu.Lock()
	i.asked = nil
	i.mu.Unlock()
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	ok(i.t, cmd.Start())
	i.pid <- cmd.Process.Pid
	err := cmd.Wait()
	<-i.pid
	i.mu.Lock()
	defer i.mu.Unlock()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		i.t.Fatal(err)
	}
	if left, err := os.ReadDir(i.tmp); err != nil || len(left) > 0 {
		i.t.Errorf("left in the temporary directory: %v %v", left, err)
	}
	return cmd.ProcessState.ExitCode(), text.String()
}

// installed is what a directory of programs holds; a program answers for itself.
func (i *installer) installed(dir string) string {
	i.t.Helper()
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	ok(i.t, err)
	var all []string
	for _, e := range entries {
		info, err := e.Info()
		ok(i.t, err)
		out, err := exec.Command(filepath.Join(dir, e.Name()), "version").Output()
		if err != nil {
			out = []byte(err.Error())
		}
		all = append(all, fmt.Sprintf("%s %o: %s", e.Name(), info.Mode().Perm(), strings.TrimSpace(string(out))))
	}
	return strings.Join(all, "\n")
}

func TestInstallScript(t *testing.T) {
	t.Parallel()
	const (
		linux = "/download/v1.2.3/hookctl_1.2.3_linux_amd64.tar.gz"
		sums  = "/download/v1.2.3/checksums.txt"
	)
	sign := func(bundle string) func(*installer) {
		return func(i *installer) {
			i.cosign("1.2.3")
			i.files[sums+".sigstore.json"] = []byte(bundle)
		}
	}
	// The line of the Linux archive in both lists of checksums.
	line := func(expression, with string) func(*installer) {
		return func(i *installer) {
			for _, path := range []string{sums, "/latest/download/checksums.txt"} {
				i.files[path] = regexp.MustCompile(`(?m)^.*_linux_amd64.tar.gz$\n`).ReplaceAllFunc(i.files[path], func(line []byte) []byte {
					return regexp.MustCompile(expression).ReplaceAll(line, []byte(with))
				})
			}
		}
	}
	releases := newInstaller(t)
	releases.release("1.2.3", "*/hookctl", true)
	releases.release("1.0.0", "hookctl", false)
	releases.release("0.9.0-rc.1", "./hookctl", false)
	for _, c := range []struct {
		quick  bool // the others run with HOOKCTL_TEST_FULL: each takes 0.1 s of CPU
		name   string
		change func(*installer)
		env    string // NAME=VALUE
		args   []string
		want   string // the program that is there in the end; "" is the old one, and failure
		says   string // an expression
	}{
		{quick: true, name: "latest", want: "1.2.3 linux_amd64", says: `(?s)^Installed hookctl 1.2.3: .*/my home/.local/bin/hookctl\nChecked: its SHA-256 checksum, not its signature, since cosign is not installed\n.*not in your PATH.*export PATH="`},
		{quick: true, name: "pinned", args: []string{"v1.0.0"}, want: "1.0.0 linux_amd64", says: "^Installed hookctl 1.0.0"},
		{name: "pinned by the environment", env: "HOOKCTL_VERSION=1.0.0", want: "1.0.0 linux_amd64"},
		{name: "the argument counts", env: "HOOKCTL_VERSION=9.9.9", args: []string{"1.0.0"}, want: "1.0.0 linux_amd64"},
		{name: "before 1.0", args: []string{"0.9.0-rc.1"}, want: "0.9.0-rc.1 linux_amd64"},
		{name: "arm", change: func(i *installer) { i.machine("Linux", "aarch64") }, want: "1.2.3 linux_arm64"},
		{quick: true, name: "macOS", change: func(i *installer) { i.machine("Darwin", "arm64") }, want: "1.2.3 darwin_arm64"},
		{name: "macOS on Intel", change: func(i *installer) { i.machine("Darwin", "x86_64") }, want: "1.2.3 darwin_amd64"},
		{name: "a shell under Rosetta", change: func(i *installer) {
			i.machine("Darwin", "x86_64")
			i.program("sysctl", `[ "$*" = "-n sysctl.proc_translated" ] && echo 1`)
		}, want: "1.2.3 darwin_arm64"},
		{name: "binary mode, capitals, no newline at the end", change: func(i *installer) {
			line(`  `, ` *`)(i)
			text := bytes.ToUpper(i.files[sums][:64])
			i.files[sums] = append(text, strings.TrimSuffix(string(i.files[sums][64:strings.IndexByte(string(i.files[sums]), '\n')]), "\n")...)
			i.files["/latest/download/checksums.txt"] = i.files[sums]
		}, want: "1.2.3 linux_amd64"},
		{name: "shasum", change: func(i *installer) { i.without("sha256sum", "openssl") }, want: "1.2.3 linux_amd64"},
		{name: "openssl", change: func(i *installer) { i.without("sha256sum", "shasum") }, want: "1.2.3 linux_amd64"},
		{name: "wget", change: func(i *installer) { i.without("curl") }, want: "1.2.3 linux_amd64"},
		{quick: true, name: "a valid signature", change: sign("good"), want: "1.2.3 linux_amd64", says: "and the signature, by cosign"},
		{name: "a signature that must be", change: sign("good"), env: "HOOKCTL_REQUIRE_SIGNATURE=1", want: "1.2.3 linux_amd64", says: "and the signature, by cosign"},
		{name: "a signature that is not looked at", change: sign("bad"), env: "HOOKCTL_REQUIRE_SIGNATURE=0", want: "1.2.3 linux_amd64", says: "not its signature, since HOOKCTL_REQUIRE_SIGNATURE is 0"},

		{quick: true, name: "a bad signature", change: sign("bad"), says: `(?s)bad bundle.*cosign does not accept the signature of version 1.2.3; nothing was installed`},
		{name: "the signature of another version", change: func(i *installer) { i.cosign("1.0.0") }, says: "wrong identity"},
		{quick: true, name: "no signature, with cosign", change: func(i *installer) {
			i.cosign("1.2.3")
			delete(i.files, sums+".sigstore.json")
		}, says: `cannot download the signature of version 1.2.3\n.*HOOKCTL_REQUIRE_SIGNATURE=0`},
		{quick: true, name: "a signature that must be, without cosign", env: "HOOKCTL_REQUIRE_SIGNATURE=1", says: "cosign is not installed"},
		{name: "a signature that may be", env: "HOOKCTL_REQUIRE_SIGNATURE=yes", says: "must be 1, 0 or empty"},
		{quick: true, name: "another archive", change: func(i *installer) { i.files[linux] = i.files[strings.Replace(linux, "amd64", "arm64", 1)] }, says: `the checksum of hookctl_1.2.3_linux_amd64.tar.gz is wrong; nothing was installed\n  expected [0-9a-f]{64}\n  found    [0-9a-f]{64}\n`},
		{name: "a truncated archive", change: func(i *installer) { i.files[linux] = i.files[linux][:100] }, says: "the checksum of .* is wrong"},
		{name: "an empty archive", change: func(i *installer) { i.files[linux] = nil }, says: "the checksum of .* is wrong"},
		{quick: true, name: "no archive", change: func(i *installer) { delete(i.files, linux) }, says: "cannot download http.*/hookctl_1.2.3_linux_amd64.tar.gz"},
		{name: "what is no archive", change: func(i *installer) {
			i.files[linux] = []byte("<html>")
			line(`^\w+`, fmt.Sprintf("%x", sha256.Sum256(i.files[linux])))(i)
		}, says: "cannot read hookctl_1.2.3_linux_amd64.tar.gz"},
		{name: "no program in it", change: func(i *installer) {
			i.files[linux] = tarGz(i.t, map[string]string{"bin/hookctl": "", "other_1.2.3/hookctl": ""})
			line(`^\w+`, fmt.Sprintf("%x", sha256.Sum256(i.files[linux])))(i)
		}, says: "has no program hookctl"},
		{quick: true, name: "a program that does not run", change: func(i *installer) {
			i.files[linux] = tarGz(i.t, map[string]string{"hookctl": "#!/bin/sh\necho 'no such library' >&2; exit 127\n"})
			line(`^\w+`, fmt.Sprintf("%x", sha256.Sum256(i.files[linux])))(i)
		}, says: `no such library\n.*version 1.2.3 does not run on this machine; nothing was installed`},
		{name: "no line", change: line(`(?s).*`, ""), says: "checksums.txt has no line for linux on amd64"},
		{quick: true, name: "no line, pinned", change: line(`(?s).*`, ""), args: []string{"1.2.3"}, says: "checksums.txt has no line for linux on amd64 in version 1.2.3"},
		{name: "two lines", change: line(`(?s)(.*)`, "$1$1"), says: "checksums.txt has two lines for linux on amd64"},
		{name: "no checksum", change: line(`^\w+`, "-"), says: "checksums.txt has no SHA-256 for hookctl_1.2.3_linux_amd64.tar.gz"},
		{name: "a checksum cut off", change: line(`^\w`, ""), says: "checksums.txt has no SHA-256 for"},
		{quick: true, name: "a version that is a path", change: line(`_1\.2\.3_`, "_1/../../x_"), says: "not a version"},
		{name: "a web page in its place", change: func(i *installer) { i.files["/latest/download/checksums.txt"] = []byte("<html>sign in</html>") }, says: "checksums.txt has no line"},
		{name: "no release", change: func(i *installer) { delete(i.files, "/latest/download/checksums.txt") }, says: "cannot download .*/latest/download/checksums.txt\n  The releases that exist: "},
		{name: "not this release", args: []string{"3.0.0"}, says: `cannot download .*/v3.0.0/checksums.txt\n  The releases that exist: `},
		{quick: true, name: "not a version", args: []string{"$(touch x)"}, says: "not a version"},
		{name: "not a version in the environment", env: "HOOKCTL_VERSION=../1", says: "not a version"},
		{name: "an option", args: []string{"--force"}, says: `unknown option: --force\n  usage: install.sh \[VERSION\]`},
		{name: "two versions", args: []string{"1.0.0", "1.2.3"}, says: "usage: install.sh"},
		{name: "another system", change: func(i *installer) { i.machine("FreeBSD", "amd64") }, says: "there is no release for FreeBSD\n.*go install"},
		{name: "another machine", change: func(i *installer) { i.machine("Linux", "armv7l") }, says: "there is no release for linux on armv7l\n.*go install"},
		{name: "Windows", change: func(i *installer) { i.machine("MINGW64_NT-10.0", "x86_64") }, says: `use install.ps1`},
		{quick: true, name: "nothing to check with", change: func(i *installer) { i.without("sha256sum", "shasum", "openssl") }, says: "needs sha256sum, shasum or openssl"},
		{name: "nothing to download with", change: func(i *installer) { i.without("curl", "wget") }, says: "needs curl, or GNU wget"},
		{name: "a wget that need not check certificates", change: func(i *installer) {
			i.without("curl")
			i.program("wget", "echo 'BusyBox v1.35.0'; exit 1")
		}, says: "needs curl, or GNU wget"},
		{name: "http", env: "HOOKCTL_RELEASES_URL=http://example.com/releases", says: "must use https"},
		{name: "http to somebody else", env: "HOOKCTL_RELEASES_URL=http://127.0.0.1@example.com", says: "must use https"},
		{quick: true, name: "http that looks like loopback", env: "HOOKCTL_RELEASES_URL=http://localhost.example.com", says: "must use https"},
		{name: "a file", env: "HOOKCTL_RELEASES_URL=file:///tmp", says: "must be an https URL"},
		{name: "no home", env: "HOME=", says: "HOME is not set"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !c.quick && os.Getenv("HOOKCTL_TEST_FULL") == "" {
				t.Skip("HOOKCTL_TEST_FULL is not set")
			}
			i := newInstaller(t)
			i.files = maps.Clone(releases.files)
			if c.change != nil {
				c.change(i)
			}
			if c.name == "wget" {
				if out, _ := exec.Command("wget", "--version").Output(); !bytes.HasPrefix(out, []byte("GNU Wget")) {
					t.Skip("there is no GNU wget")
				}
			}
			if c.env != "" {
				i.env = []string{c.env}
			}
			dir := filepath.Join(i.home, ".local", "bin")
			ok(t, os.MkdirAll(dir, 0o700))
			ok(t, os.WriteFile(filepath.Join(dir, "hookctl"), []byte("#!/bin/sh\necho the old one\n"), 0o700))
			want, wantCode := "hookctl 700: the old one", 1
			if c.want != "" {
				want, wantCode = "hookctl 755: hookctl "+c.want, 0
			}
			code, out := i.run(c.args...)
			if code != wantCode || !regexp.MustCompile(c.says).MatchString(out) {
				t.Errorf("exit code %d, want %d and %s\n%s", code, wantCode, c.says, out)
			}
			if got := i.installed(dir); got != want {
				t.Errorf("installed:\n%s\nwant:\n%s\n%s", got, want, out)
			}
			if entries, err := os.ReadDir(i.dir); err != nil || len(entries) != 3 {
				t.Errorf("%v %v", entries, err)
			}
		})
	}
}

// TestInstallScriptShells: with each shell that a machine may have as sh, in an empty
// home; with BusyBox, its tools too.
func TestInstallScriptShells(t *testing.T) {
	t.Parallel()
	for _, shell := range [][]string{{"dash"}, {"bash", "--posix"}, {"busybox", "sh"}, {"ksh"}, {"zsh", "--emulate", "sh"}} {
		t.Run(shell[0], func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(shell[0])
			if err != nil {
				t.Skip("there is no " + shell[0])
			}
			i := newInstaller(t)
			i.release("1.2.3", "*/hookctl", true)
			i.shell = append([]string{path}, shell[1:]...)
			if shell[0] == "busybox" {
				for _, tool := range installerTools {
					if tool != "curl" && exec.Command(path, tool, "--help").Run() == nil {
						i.without(tool)
						ok(t, os.Symlink(path, filepath.Join(i.bin, tool)))
					}
				}
			}
			dir := filepath.Join(i.home, ".local", "bin")
			if code, out := i.run(); code != 0 || i.installed(dir) != "hookctl 755: hookctl 1.2.3 linux_amd64" {
				t.Errorf("exit code %d\n%s", code, out)
			}
			if os.Getenv("HOOKCTL_TEST_FULL") == "" {
				return
			}
			i.files["/download/v1.2.3/hookctl_1.2.3_linux_amd64.tar.gz"] = []byte("tampered")
			if code, out := i.run(); code != 1 || !strings.Contains(out, "is wrong; nothing was installed") || i.installed(dir) != "hookctl 755: hookctl 1.2.3 linux_amd64" {
				t.Errorf("exit code %d\n%s", code, out)
			}
		})
	}
}

// TestInstallScriptDirectory: where the program goes, and what is said of PATH.
func TestInstallScriptDirectory(t *testing.T) {
	t.Parallel()
	i := newInstaller(t)
	i.release("1.2.3", "*/hookctl", true)
	const program = "hookctl 755: hookctl 1.2.3 linux_amd64"

	dir := filepath.Join(i.dir, "my programs", "-bin")
	i.env = []string{"HOOKCTL_INSTALL_DIR=" + dir + "/", "PATH=" + i.bin + ":" + dir}
	if code, out := i.run(); code != 0 || i.installed(dir) != program || strings.Contains(out, "PATH") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	i.program("hookctl", "echo another")
	if code, out := i.run(); code != 0 || i.installed(dir) != program || !strings.Contains(out, "your PATH finds another one first: "+filepath.Join(i.bin, "hookctl")) {
		t.Errorf("exit code %d\n%s", code, out)
	}
	i.env = []string{"HOOKCTL_INSTALL_DIR=there"}
	if code, out := i.run(); code != 0 || i.installed(filepath.Join(i.dir, "there")) != program || !strings.Contains(out, "export PATH=\""+i.dir+"/there:$PATH\"") {
		t.Errorf("exit code %d\n%s", code, out)
	}

	// A link, such as a package manager's, is replaced, and not what it leads to.
	linked := filepath.Join(i.dir, "linked")
	ok(t, os.Mkdir(linked, 0o700))
	ok(t, os.Symlink(filepath.Join(i.bin, "hookctl"), filepath.Join(linked, "hookctl")))
	i.env = []string{"HOOKCTL_INSTALL_DIR=" + linked}
	if code, out := i.run(); code != 0 || i.installed(linked) != program {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if out, err := exec.Command(filepath.Join(i.bin, "hookctl")).Output(); err != nil || string(out) != "another\n" {
		t.Errorf("%v: %s", err, out)
	}

	taken := filepath.Join(i.dir, "taken")
	ok(t, os.MkdirAll(filepath.Join(taken, "hookctl"), 0o700))
	i.env = []string{"HOOKCTL_INSTALL_DIR=" + taken}
	if code, out := i.run(); code != 1 || !strings.Contains(out, "is a directory") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	file := filepath.Join(i.dir, "file")
	ok(t, os.WriteFile(file, nil, 0o600))
	i.env = []string{"HOOKCTL_INSTALL_DIR=" + filepath.Join(file, "bin")}
	if code, out := i.run(); code != 1 || !strings.Contains(out, "cannot make "+file+"/bin\n  Choose another directory") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	// Root may write where nobody may, but not where there is no file system to write to.
	unwritable := filepath.Join(i.dir, "unwritable")
	if ok(t, os.Mkdir(unwritable, 0o500)); os.Getuid() == 0 {
		unwritable = "/proc/self"
	}
	if _, err := os.Stat(unwritable); err == nil {
		i.env = []string{"HOOKCTL_INSTALL_DIR=" + unwritable}
		if code, out := i.run(); code != 1 || !strings.Contains(out, "cannot write to "+unwritable+"\n  Choose another directory") {
			t.Errorf("exit code %d\n%s", code, out)
		}
	}
}

// TestInstallScriptCut: a script that was cut off in transit does nothing, wherever.
func TestInstallScriptCut(t *testing.T) {
	t.Parallel()
	i := newInstaller(t)
	script, err := os.ReadFile(filepath.Join(i.root, "docs", "install.sh"))
	ok(t, err)
	script = bytes.TrimSuffix(script, []byte("\n"))
	if lines := bytes.Split(script, []byte("\n")); string(lines[len(lines)-1]) != `{ main "$@"; }` {
		t.Fatalf("the last line is %s", lines[len(lines)-1])
	}
	cuts := []int{len(script) / 4, len(script) / 2, 3 * len(script) / 4}
	for n := len(script) - 20; n < len(script); n++ {
		cuts = append(cuts, n)
	}
	for _, n := range cuts {
		cmd := i.command("sh")
		cmd.Stdin = bytes.NewReader(script[:n])
		_, out := i.finish(cmd)
		if left, err := os.ReadDir(i.home); err != nil || len(left) > 0 || len(i.asked) > 0 {
			t.Fatalf("cut to %d bytes: %v %v %v\n%s", n, left, err, i.asked, out)
		}
	}
}

// TestInstallScriptInterrupted: a signal in the middle of a download leaves nothing.
func TestInstallScriptInterrupted(t *testing.T) {
	t.Parallel()
	i := newInstaller(t)
	i.release("1.2.3", "*/hookctl", true)
	asked := make(chan struct{})
	i.hang = func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".tar.gz") {
			close(asked)
			<-r.Context().Done()
		}
	}
	cmd := i.command("sh", filepath.Join(i.root, "docs", "install.sh"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	go func() {
		<-asked
		pid := <-i.pid
		_ = syscall.Kill(-pid, syscall.SIGTERM)
		i.pid <- pid
	}()
	code, out := i.finish(cmd)
	if left, err := os.ReadDir(i.home); code != 143 || err != nil || len(left) > 0 {
		t.Errorf("exit code %d: %v %v\n%s", code, left, err, out)
	}
}

// TestSetupAction: the action puts hookctl in the PATH of later steps, and its inputs are
// data.
func TestSetupAction(t *testing.T) {
	t.Parallel()
	i := newInstaller(t)
	i.release("1.2.3", "*/hookctl", true)
	i.release("1.0.0", "*/hookctl", false)
	var action struct {
		Inputs map[string]struct{ Default string }
		Runs   struct {
			Using string
			Steps []struct {
				If, Shell, Run string
				Env            map[string]string
			}
		}
	}
	dir := filepath.Join(i.root, ".github", "actions", "setup")
	text, err := os.ReadFile(filepath.Join(dir, "action.yml"))
	ok(t, err)
	ok(t, yaml.Unmarshal(text, &action))
	steps := action.Runs.Steps
	if len(steps) != 2 || steps[0].If != "runner.os != 'Windows'" || steps[0].Shell != "sh" || steps[1].If != "runner.os == 'Windows'" || steps[1].Shell != "pwsh" {
		t.Fatalf("%+v", steps)
	}
	for _, c := range []struct {
		version string
		want    string
	}{{"", "1.2.3"}, {"1.0.0", "1.0.0"}, {`"; touch x; "`, ""}, {"$(touch x)", ""}, {"9.9.9", ""}} {
		runner := t.TempDir()
		paths := filepath.Join(runner, "path")
		i.env = []string{"RUNNER_TEMP=" + runner, "GITHUB_PATH=" + paths, "GITHUB_ACTION_PATH=" + dir}
		for name, value := range steps[0].Env {
			input := strings.TrimSuffix(strings.TrimPrefix(value, "${{ inputs."), " }}")
			in, declared := action.Inputs[input]
			if !declared {
				t.Fatalf("there is no input %s", value)
			}
			if value = in.Default; input == "version" {
				value = c.version
			}
			i.env = append(i.env, name+"="+value)
		}
		script := filepath.Join(runner, "script")
		ok(t, os.WriteFile(script, []byte(steps[0].Run), 0o600))
		code, out := i.finish(i.command("sh", "-e", script))
		added, _ := os.ReadFile(paths)
		programs := filepath.Join(runner, "hookctl", "bin")
		if c.want == "" {
			if code != 1 || len(added) > 0 || i.installed(programs) != "" {
				t.Errorf("%q: exit code %d, %s\n%s", c.version, code, added, out)
			}
			continue
		}
		if code != 0 || string(added) != programs+"\n" || i.installed(programs) != "hookctl 755: hookctl "+c.want+" linux_amd64" || strings.Contains(out, "PATH") {
			t.Errorf("%q: exit code %d, %s\n%s", c.version, code, added, out)
		}
	}
	if _, err := os.Stat(filepath.Join(i.dir, "x")); err == nil {
		t.Error("an input was run")
	}
}

// TestGitLabTemplate: the script of a job that extends the template finds hookctl.
func TestGitLabTemplate(t *testing.T) {
	t.Parallel()
	i := newInstaller(t)
	i.release("1.2.3", "*/hookctl", true)
	var template map[string]struct {
		BeforeScript []string `yaml:"before_script"`
	}
	text, err := os.ReadFile(filepath.Join(i.root, "docs", "gitlab", "hookctl.yml"))
	ok(t, err)
	ok(t, yaml.Unmarshal(text, &template))
	const raw = "--proto '=https' --tlsv1.2 -fsSL -o hookctl-install.sh \"https://raw.githubusercontent.com/hookctl/hookctl/"
	script := strings.Join(template[".hookctl"].BeforeScript, "\n")
	if strings.Count(script, raw) != 1 {
		t.Fatalf("%s", script)
	}
	script = strings.Replace(script, raw, "-fsSL -o hookctl-install.sh \""+i.url+"/raw/", 1) + "\nhookctl version\n"
	i.files["/raw/v1.2.3/docs/install.sh"], err = os.ReadFile(filepath.Join(i.root, "docs", "install.sh"))
	ok(t, err)
	for version, want := range map[string]string{"1.2.3": "\nhookctl 1.2.3 linux_amd64\n", "v1.2.3": "\nhookctl 1.2.3 linux_amd64\n", "": "Set the variable HOOKCTL_VERSION", "1.0.0": "404"} {
		i.env = []string{"HOOKCTL_VERSION=" + version}
		code, out := i.finish(i.command("sh", "-e", "-c", script))
		if (code == 0) != strings.Contains(want, "linux") || !strings.Contains(out, want) {
			t.Errorf("%q: exit code %d\n%s", version, code, out)
		}
	}
	if entries, err := os.ReadDir(i.dir); err != nil || len(entries) != 3 {
		t.Errorf("%v %v", entries, err)
	}
}
