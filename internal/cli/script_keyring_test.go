package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hookctl/hookctl/internal/secret"
)

// envStandIn names the directory of a keyring that stands in for the system's.
const envStandIn = "HOOKCTL_TEST_KEYRING"

// scriptEnv is the real world, but for the keyring that a script asked for.
func scriptEnv() *Env {
	env := System()
	if dir := env.Getenv(envStandIn); dir != "" {
		env.Keyring = standIn{dir}
	}
	return env
}

// scriptMain is the program as scripts run it.
func scriptMain() int {
	if os.Getenv(workerVariable) != "" {
		return serveCalls()
	}
	return mainIn(scriptEnv())
}

// standIn is a keyring in a directory, one file for each item. It is locked
// while it has a file of that name, and forgets what it is given while it has
// one called forgetful.
type standIn struct{ dir string }

var errLocked = errors.New("failed to unlock the collection")

func (s standIn) has(name string) bool {
	_, err := os.Lstat(filepath.Join(s.dir, name))
	return err == nil
}

func (s standIn) path(name string) string {
	sum := sha256.Sum256([]byte(name))
	return filepath.Join(s.dir, hex.EncodeToString(sum[:8])+".item")
}

func (s standIn) Set(name, value string) error {
	switch {
	case s.has("locked"):
		return errLocked
	case s.has("forgetful"):
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(s.path(name), []byte(value), 0o600)
}

func (s standIn) Get(name string) (string, error) {
	if s.has("locked") {
		return "", errLocked
	}
	data, err := os.ReadFile(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", secret.ErrNotFound
	}
	return string(data), err
}

func (s standIn) Delete(name string) error {
	if s.has("locked") {
		return errLocked
	}
	err := os.Remove(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return secret.ErrNotFound
	}
	return err
}

func cmdKeyring(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg)
	dir := ts.MkAbs("keyring")
	switch {
	case len(args) == 0:
		ts.Setenv(envStandIn, dir)
		ts.Check(os.MkdirAll(dir, 0o700))
	case len(args) == 1 && args[0] == "none":
		ts.Setenv(envStandIn, "")
		ts.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(dir, "no-bus"))
	case len(args) == 1 && args[0] == "good":
		for _, fault := range []string{"locked", "forgetful"} {
			ts.Check(os.RemoveAll(filepath.Join(dir, fault)))
		}
	case len(args) == 1:
		ts.Check(os.WriteFile(filepath.Join(dir, args[0]), nil, 0o600))
	default:
		ts.Fatalf("usage: keyring [locked|forgetful|good|none]")
	}
}

func cmdItems(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg)
	if len(args) != 1 {
		ts.Fatalf("usage: items N")
	}
	found, err := filepath.Glob(filepath.Join(ts.MkAbs("keyring"), "*.item"))
	ts.Check(err)
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if len(found) != want {
		ts.Fatalf("the keyring has %d items, want %d", len(found), want)
	}
}

func cmdAgeKey(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg)
	if len(args) != 2 {
		ts.Fatalf("usage: agekey FILE VAR")
	}
	id, err := age.GenerateX25519Identity()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(id.String()+"\n"), 0o600))
	ts.Setenv(args[1], id.Recipient().String())
}

// spread is names with each directory replaced by all files in and below it.
func spread(ts *testscript.TestScript, names []string) []string {
	var files []string
	for _, name := range names {
		if name == "stdout" || name == "stderr" {
			files = append(files, name)
			continue
		}
		ts.Check(filepath.WalkDir(ts.MkAbs(name), func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				files = append(files, path)
			}
			return err
		}))
	}
	return files
}

// inAnyForm reports whether text holds value, plain or as hex.
func inAnyForm(text, value string) bool {
	return strings.Contains(text, value) || strings.Contains(text, hex.EncodeToString([]byte(value)))
}
