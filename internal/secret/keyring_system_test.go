package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/hookctl/hookctl/internal/fault"
)

// The tests of this file are about the operating system's keyring. What they
// need is looked up by the library in the environment of its process, so that
// they run in a child process each.

// inChild runs the test with this name in a process of its own, under the
// given command if there is one.
func inChild(t *testing.T, name string, env []string, under ...string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append(under, self, "-test.run=^"+name+"$", "-test.count=1", "-test.v")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(append(os.Environ(), "HOOKCTL_TEST_CHILD="+name, "GORACE=atexit_sleep_ms=0"), env...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+name)) {
		t.Errorf("%v\n%s", err, out)
	}
}

// onlyChild skips a test that inChild runs.
func onlyChild(t *testing.T) {
	t.Helper()
	if os.Getenv("HOOKCTL_TEST_CHILD") != t.Name() {
		t.Skip("runs in a child process only")
	}
}

// sessionBus skips where the keyring is not reached over D-Bus.
func sessionBus(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the keyring of this system needs no session bus")
	}
}

func TestSystemKeyringErrors(t *testing.T) {
	t.Parallel()
	sessionBus(t)
	inChild(t, "TestMockedKeyring", []string{"DBUS_SESSION_BUS_ADDRESS=unix:path=/none"})
}

func TestMockedKeyring(t *testing.T) {
	onlyChild(t)
	ring := SystemKeyring(os.Getenv)
	if err := ring.Set("name", "value"); err == nil {
		t.Error("something answers at /none")
	}
	keyring.MockInit()
	if err := ring.Set("name", "value"); err != nil {
		t.Error(err)
	}
	if got, err := keyring.Get("hookctl", "name"); err != nil || got != "value" {
		t.Error(got, err)
	}
	if got, err := ring.Get("name"); err != nil || got != "value" {
		t.Error(got, err)
	}
	if err := errors.Join(ring.Delete("name")); err != nil {
		t.Error(err)
	}
	if _, err := ring.Get("name"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if err := ring.Delete("name"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	for from, says := range map[error]string{
		keyring.ErrSetDataTooBig:                      "too long for the keyring",
		keyring.ErrUnsupportedPlatform:                "this system has no keyring",
		errors.New("failed to unlock the collection"): "failed to unlock",
	} {
		keyring.MockInitWithError(from)
		if err := ring.Set("name", "value"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v became %v", from, err)
		}
	}
	// A service that answers nonsense does not end the program.
	s := systemKeyring{os.Getenv}
	if err := s.call(func() error { var list []any; _ = list[1].(string); return nil }); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Error(err)
	}
}

// Without a session bus nothing is started, and it is said what is missing.
func TestNoSessionBus(t *testing.T) {
	t.Parallel()
	sessionBus(t)
	if _, err := os.Stat(fmt.Sprintf("/run/user/%d/bus", os.Getuid())); err == nil {
		t.Skip("there is a session bus")
	}
	d := ringDir(t, filepath.Join(t.TempDir(), "cfg"), InKeyring, SystemKeyring(func(string) string { return "" }))
	for _, err := range []error{d.Check(t.Context()), d.Put(t.Context(), fullRecord())} {
		if fault.Code(err) != CodeKeyring || !strings.Contains(err.Error(), "there is no D-Bus session: DBUS_SESSION_BUS_ADDRESS is not set") {
			t.Error(err)
		}
	}
}

// A bus that accepts and never says a word.
func TestSilentSessionBus(t *testing.T) {
	t.Parallel()
	sessionBus(t)
	dir, err := os.MkdirTemp("", "bus") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	inChild(t, "TestAskSilentBus", []string{"DBUS_SESSION_BUS_ADDRESS=unix:path=" + path})
}

func TestAskSilentBus(t *testing.T) {
	onlyChild(t)
	d := ringDir(t, filepath.Join(t.TempDir(), "cfg"), InKeyring, SystemKeyring(os.Getenv))
	if d.keyring = newGuardedKeyring(SystemKeyring(os.Getenv)); d.keyring.limit != 5*time.Second {
		t.Errorf("limit %s", d.keyring.limit)
	}
	d.keyring.limit = 300 * time.Millisecond
	for range 3 {
		if err := d.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "it did not answer within 300ms; it is probably locked") {
			t.Error(err)
		}
	}
}

// The real thing: GNOME Keyring on a D-Bus session of its own.

func TestGnomeKeyring(t *testing.T) {
	t.Parallel()
	home := gnomeKeyring(t)
	inChild(t, "TestInGnomeKeyring", home, "dbus-run-session", "--", "sh", "-c",
		`printf '\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec "$0" "$@"`)
}

func TestLockedGnomeKeyring(t *testing.T) {
	t.Parallel()
	home := gnomeKeyring(t)
	inChild(t, "TestInLockedGnomeKeyring", home, "dbus-run-session", "--", "sh", "-c",
		`gnome-keyring-daemon --start --components=secrets >/dev/null && exec "$0" "$@"`)
}

// gnomeKeyring skips where the programs are not installed, and returns the
// environment of a home of their own.
func gnomeKeyring(t *testing.T) []string {
	t.Helper()
	for _, tool := range []string{"dbus-run-session", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed (Debian: apt-get install --no-install-recommends dbus gnome-keyring)", tool)
		}
	}
	home, err := os.MkdirTemp("", "ring") // the paths of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	run := filepath.Join(home, "run")
	if err := os.Mkdir(run, 0o700); err != nil {
		t.Fatal(err)
	}
	return []string{"HOME=" + home, "XDG_RUNTIME_DIR=" + run, "XDG_DATA_HOME=" + filepath.Join(home, "data"), "XDG_CONFIG_HOME=", "XDG_CACHE_HOME=", "GNOME_KEYRING_CONTROL="}
}

func TestInGnomeKeyring(t *testing.T) {
	onlyChild(t)
	ctx := t.Context()
	dir := filepath.Join(t.TempDir(), "cfg")
	d := OpenFileStore(dir, FileStoreOptions{Keep: InKeyring, Keyring: SystemKeyring(os.Getenv)})
	if err := d.Check(ctx); err != nil {
		t.Fatal(err)
	}
	for i, text := range []string{canary, "two\nlines", " white space ", "é\u2028", "\xff\xfe", "go-keyring-base64:eA==", strings.Repeat("long", 25_000)} {
		r := fullRecord()
		r.ID = strings.Repeat("x", i)
		r.Secret = New(text)
		if err := d.Put(ctx, r); err != nil {
			t.Errorf("%.20q: %v", text, err)
			continue
		}
		got, err := d.Get(ctx, r.Ref())
		if err != nil || got.Secret.Reveal() != text || got.Older[0].Secret.Reveal() != "0lder" {
			t.Errorf("%.20q: %+v %v", text, got, err)
		}
		if i == 0 {
			shown, err := exec.Command("secret-tool", "lookup", "service", "hookctl", "username", recordItemName(got, got.Fingerprint)).Output()
			if _, missing := exec.LookPath("secret-tool"); missing == nil && (err != nil || string(shown) != text) {
				t.Errorf("secret-tool sees %q, %v", shown, err)
			}
		}
	}
	if found := onDisk(t, dir, canary); found != nil {
		t.Errorf("the secret is in %s", found)
	}
	if problems, err := d.CheckKeyring(ctx); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	j := d.OpenJournal(filepath.Join(dir, "journal"))
	e := begin(t, j, fullIntent(), 1000)
	if _, err := e.Write([]byte(canary)); err != nil || string(e.Answer()) != canary {
		t.Error(err)
	}
	if err := e.Release(); err != nil {
		t.Fatal(err)
	}
	e, p, err := j.Claim(ctx, e.ID())
	if err != nil || string(p.Answer) != canary {
		t.Error(p, err)
	}
	if err := e.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := d.keyring.get(ctx, keyItem(d.namespace, e.ID())); !errors.Is(err, ErrNotFound) {
		t.Errorf("the entry's key stays: %v", err)
	}
	records, _, err := d.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		moved, err := d.Move(ctx, r.Ref(), InFile)
		if !moved || err != nil {
			t.Error(moved, err)
		}
		if _, err := d.keyring.get(ctx, recordItemName(r, r.Fingerprint)); !errors.Is(err, ErrNotFound) {
			t.Errorf("an item stays: %v", err)
		}
		if err := d.Delete(ctx, r.Ref()); err != nil {
			t.Error(err)
		}
	}
}

func TestInLockedGnomeKeyring(t *testing.T) {
	onlyChild(t)
	d := OpenFileStore(filepath.Join(t.TempDir(), "cfg"), FileStoreOptions{Keep: InKeyring, Keyring: SystemKeyring(os.Getenv)})
	d.keyring.limit = 2 * time.Second
	err := d.Check(t.Context())
	if fault.Code(err) != CodeKeyring || !strings.Contains(fault.HintOf(err).String(), "unlocked") {
		t.Error(err)
	}
	t.Logf("%v", err)
}
