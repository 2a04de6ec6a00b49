# Install hookctl from a release, for Windows:
#
#   irm https://raw.githubusercontent.com/hookctl/hookctl/main/docs/install.ps1 | iex
#
# HOOKCTL_VERSION              a version such as 1.2.3; otherwise the latest release
# HOOKCTL_INSTALL_DIR          where to put the program: %LOCALAPPDATA%\Programs\hookctl
# HOOKCTL_REQUIRE_SIGNATURE    1: fail without a valid signature; 0: do not check it.
#                              By default it is checked if cosign is installed.
# HOOKCTL_RELEASES_URL         a mirror of https://github.com/hookctl/hookctl/releases
#
# The checksum is always checked. No administrator, and no file but the program.
#
# Everything is in a function, and the last line calls it: a download that was cut off
# does nothing.

function Install-Hookctl {
    $ErrorActionPreference = 'Stop'
    $PSNativeCommandUseErrorActionPreference = $false # exit codes are looked at below
    $ProgressPreference = 'SilentlyContinue' # the bar makes downloads slow in 5.1
    Set-StrictMode -Version 2

    $protocols = [Net.ServicePointManager]::SecurityProtocol
    if ([int]$protocols -ne 0) { # 0 is the system's choice, which has 1.2
        [Net.ServicePointManager]::SecurityProtocol = $protocols -bor [Net.SecurityProtocolType]::Tls12
    }

    $machine = $env:PROCESSOR_ARCHITECTURE
    if ($env:PROCESSOR_ARCHITEW6432) { $machine = $env:PROCESSOR_ARCHITEW6432 } # in a 32-bit PowerShell
    switch ($machine) {
        'AMD64' { $arch = 'amd64' }
        'ARM64' { $arch = 'arm64' }
        default { throw "install.ps1: there is no release for Windows on $machine" }
    }

    $releases = 'https://github.com/hookctl/hookctl/releases'
    if ($env:HOOKCTL_RELEASES_URL) { $releases = $env:HOOKCTL_RELEASES_URL.TrimEnd('/') }
    $address = [Uri]$releases
    if (-not $address.IsAbsoluteUri -or ($address.Scheme -ne 'https' -and -not ($address.Scheme -eq 'http' -and $address.IsLoopback))) {
        throw "install.ps1: HOOKCTL_RELEASES_URL must use https: $releases"
    }

    $version = ''
    if ($env:HOOKCTL_VERSION) { $version = $env:HOOKCTL_VERSION -replace '^v', '' }
    if ($version -and $version -notmatch '\A[0-9][0-9A-Za-z.+-]*\z') {
        throw "install.ps1: not a version: $version. Write one such as 1.2.3"
    }

    $wanted = "$env:HOOKCTL_REQUIRE_SIGNATURE"
    if ($wanted -notin '', '0', '1') { throw 'install.ps1: HOOKCTL_REQUIRE_SIGNATURE must be 1, 0 or empty' }
    $cosign = Get-Command cosign -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($wanted -eq '1' -and -not $cosign) { throw 'install.ps1: HOOKCTL_REQUIRE_SIGNATURE is 1, but cosign is not installed' }

    $dir = $env:HOOKCTL_INSTALL_DIR
    if (-not $dir) { $dir = Join-Path $env:LOCALAPPDATA 'Programs\hookctl' }
    $dir = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($dir)
    $target = Join-Path $dir 'hookctl.exe'

    $work = Join-Path ([IO.Path]::GetTempPath()) ('hookctl-' + [Guid]::NewGuid().ToString('n'))
    $staged = ''
    try {
        New-Item -ItemType Directory -Path $work | Out-Null

        $from = 'latest/download'
        if ($version) { $from = "download/v$version" }
        $sums = Join-Path $work 'checksums.txt'
        Invoke-WebRequest -UseBasicParsing -Uri "$releases/$from/checksums.txt" -OutFile $sums

        $pattern = '\A([0-9A-Fa-f]{64}) [ *](hookctl_([0-9][0-9A-Za-z.+-]*)_windows_' + $arch + '\.zip)\z'
        $lines = @(Get-Content $sums | Where-Object { $_ -match $pattern -and (-not $version -or $Matches[3] -eq $version) })
        if ($lines.Count -ne 1) { throw "install.ps1: checksums.txt has $($lines.Count) lines for Windows on $arch $version" }
        $null = $lines[0] -match $pattern
        $want, $archive, $version = $Matches[1], $Matches[2], $Matches[3]

        if ($wanted -eq '0') {
            $signature = 'not its signature, since HOOKCTL_REQUIRE_SIGNATURE is 0'
        } elseif (-not $cosign) {
            $signature = 'not its signature, since cosign is not installed'
        } else {
            $bundle = Join-Path $work 'bundle'
            Invoke-WebRequest -UseBasicParsing -Uri "$releases/download/v$version/checksums.txt.sigstore.json" -OutFile $bundle
            & $cosign.Source verify-blob --bundle $bundle `
                --certificate-identity "https://github.com/hookctl/hookctl/.github/workflows/release.yml@refs/tags/v$version" `
                --certificate-oidc-issuer https://token.actions.githubusercontent.com $sums
            if ($LASTEXITCODE -ne 0) { throw "install.ps1: cosign does not accept the signature of version $version; nothing was installed" }
            $signature = 'and the signature, by cosign'
        }

        $zip = Join-Path $work 'hookctl.zip'
        Invoke-WebRequest -UseBasicParsing -Uri "$releases/download/v$version/$archive" -OutFile $zip
        $got = (Get-FileHash -Algorithm SHA256 $zip).Hash
        if ($got -ne $want) { # in either case
            throw "install.ps1: the checksum of $archive is wrong; nothing was installed. Expected $want, found $got"
        }

        # The archive may have a directory around its files.
        Expand-Archive -Path $zip -DestinationPath (Join-Path $work 'files')
        $programs = @(Get-ChildItem (Join-Path $work 'files') -Recurse -Filter hookctl.exe)
        if ($programs.Count -ne 1) { throw "install.ps1: $archive has no program hookctl.exe" }

        New-Item -ItemType Directory -Force -Path $dir | Out-Null
        $staged = Join-Path $dir ('.hookctl-' + [Guid]::NewGuid().ToString('n') + '.exe')
        Copy-Item $programs[0].FullName $staged
        & $staged version | Out-Null
        if ($LASTEXITCODE -ne 0) { throw "install.ps1: version $version does not run on this machine; nothing was installed" }
        # A running program cannot be replaced, but it can be renamed.
        if (Test-Path $target) {
            $old = "$target.old"
            Remove-Item $old -Force -ErrorAction SilentlyContinue
            Move-Item -Force $target $old
            try { Move-Item $staged $target } catch { Move-Item -Force $old $target; throw }
            Remove-Item $old -Force -ErrorAction SilentlyContinue
        } else {
            Move-Item $staged $target
        }
        $staged = ''

        "Installed hookctl ${version}: $target"
        "Checked: its SHA-256 checksum, $signature"
        if (($env:Path -split ';') -notcontains $dir) {
            "$dir is not in your PATH. To add it for your user:"
            "  [Environment]::SetEnvironmentVariable('Path', [Environment]::GetEnvironmentVariable('Path', 'User') + ';$dir', 'User')"
        }
        'Next: hookctl demo'
    } finally {
        if ($staged) { Remove-Item $staged -Force -ErrorAction SilentlyContinue }
        Remove-Item $work -Recurse -Force -ErrorAction SilentlyContinue
        [Net.ServicePointManager]::SecurityProtocol = $protocols
    }
}

& { Install-Hookctl }
