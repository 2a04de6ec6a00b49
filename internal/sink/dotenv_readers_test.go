package sink

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// randomSecrets are values of the characters that readers of dotenv files differ in.
func randomSecrets(n int) []string {
	parts := []string{"a", "B", "7", "=", "@", ",", "%", "#", " ", "'", `"`, "`", `\`, "$", "$x", "{", "}", "${", "${A}", "$(", ")", "!", "~", "*", ";", "&", "|", "<", ">", "?", "[", "]", "é", "日本", "\t", "\n", "\r", "\\n", "\x00", "\xff", "\u2028", "\u00a0", "export", ":", "-", "+", "/", "."}
	r := rand.New(rand.NewPCG(7, 11))
	list := make([]string, n)
	for i := range list {
		for range 1 + r.IntN(8) {
			list[i] += parts[r.IntN(len(parts))]
		}
	}
	return list
}

// TestDotenvComesBack: what the sink writes is what --secret-file dotenv: reads, byte
// for byte, and a second write of the same changes nothing.
func TestDotenvComesBack(t *testing.T) {
	t.Parallel()
	files := []string{"", "A=1\n", "export X='old' # c\r\n", "\ufeffB=\"x\nX=no\"\nX=old", "X=1\nX=2\n"}
	written := 0
	for i, v := range append(randomSecrets(20000), nasty...) {
		quoted, err := quoteDotenv(v)
		if err != nil {
			if strings.Trim(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=_-. ") == "" {
				t.Errorf("%q is refused: %v", v, err)
			}
			continue
		}
		written++
		once := setDotenv([]byte(files[i%len(files)]), "X", quoted)
		if got, err := ReadDotenv(once, "X"); err != nil || got != v {
			t.Fatalf("%q, written as %s, comes back as %q, %v", v, quoted, got, err)
		}
		if twice := setDotenv(once, "X", quoted); !bytes.Equal(once, twice) {
			t.Fatalf("%q, then %q", once, twice)
		}
	}
	if written < 3000 {
		t.Errorf("%d values were written", written)
	}
}

// dotenvReaders are programs that print the variables V0, V1, ... of a file, each with
// a NUL behind it. The file and the number of variables are their last arguments.
var dotenvReaders = map[string][]string{
	"sh":   {"sh", "-c", `. "$0"; i=0; while [ $i -lt "$1" ]; do eval "printf '%s\\0' \"\$V$i\""; i=$((i+1)); done`},
	"dash": {"dash", "-c", `. "$0"; i=0; while [ $i -lt "$1" ]; do eval "printf '%s\\0' \"\$V$i\""; i=$((i+1)); done`},
	"bash": {"bash", "-c", `. "$0"; for ((i = 0; i < $1; i++)); do v=V$i; printf '%s\0' "${!v}"; done`},
	"zsh":  {"zsh", "-c", `. "$0"; for ((i = 0; i < $1; i++)); do v=V$i; printf '%s\0' "${(P)v}"; done`},
	"node": {"node", "-e", `process.loadEnvFile(process.argv[1]); for (let i = 0; i < process.argv[2]; i++) process.stdout.write(process.env["V" + i] + "\0")`},
	"python-dotenv": {"python3", "-c", `import sys, dotenv
v = dotenv.dotenv_values(sys.argv[1])
for i in range(int(sys.argv[2])): sys.stdout.buffer.write((v["V%d" % i] + "\0").encode())`},
}

// TestDotenvReaders: shells and libraries read what the sink writes, or it refuses.
func TestDotenvReaders(t *testing.T) {
	t.Parallel()
	var file []byte
	var want []string
	for _, v := range append(randomSecrets(400), nasty...) {
		if quoted, err := quoteDotenv(v); err == nil && len(v) < 1000 {
			file = setDotenv(file, "V"+strconv.Itoa(len(want)), quoted)
			want = append(want, v)
		}
	}
	path := filepath.Join(t.TempDir(), "file.env")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	probes := map[string][]string{
		"python-dotenv": {"python3", "-c", "import dotenv"},
		"node":          {"node", "-e", "process.exit(process.loadEnvFile ? 0 : 1)"},
	}
	for name, command := range dotenvReaders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			probe := probes[name]
			if probe == nil {
				probe = []string{command[0], "-c", ":"}
			}
			if err := exec.Command(probe[0], probe[1:]...).Run(); err != nil {
				t.Skipf("%s is not here: %v", name, err)
			}
			cmd := exec.Command(command[0], append(command[1:], path, strconv.Itoa(len(want)))...)
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "A=expanded", "x=expanded", "LC_ALL=C.UTF-8"}
			out, err := cmd.Output()
			var failed *exec.ExitError
			if errors.As(err, &failed) {
				t.Fatalf("%v: %s", err, failed.Stderr)
			}
			got := strings.Split(string(out), "\x00")
			if err != nil || len(got) != len(want)+1 {
				t.Fatalf("%v, %d values, want %d", err, len(got)-1, len(want))
			}
			for i, v := range want {
				if got[i] != v {
					t.Errorf("%q is read as %q", v, got[i])
				}
			}
		})
	}
}
