package secret

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/norace"
)

// phaseOf is a phase whose line is n bytes long.
func phaseOf(t *testing.T, n int64) Phase {
	t.Helper()
	p := Phase{Name: "sent", At: at, Detail: "d"}
	line, err := encodePhase(p)
	if err != nil {
		t.Fatal(err)
	}
	p.Detail = strings.Repeat("d", int(n)-len(line)+1)
	return p
}

// TestPhaseFillsTheHead: the last byte of the head is not a phase's, also where a
// write that failed had taken all the room before.
func TestPhaseFillsTheHead(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, c := range []struct {
		fails bool
		over  int64
		want  int
	}{{false, 0, 1}, {false, 1, 0}, {true, 0, 0}} {
		j := testJournal(t)
		e := begin(t, j, fullIntent(), 10)
		fill := phaseOf(t, e.head.offset-1-e.head.used+c.over)
		good := j.sys
		if c.fails {
			j.sys = (&failNth{n: 1, err: syscall.EIO}).calls()
		}
		if err := e.Phase(fill); (err == nil) != (c.want == 1) {
			t.Errorf("%+v: %v", c, err)
		}
		j.sys = good
		want := c.want
		if c.want == 0 {
			if err := e.Phase(Phase{Name: "s", At: at}); err != nil {
				t.Errorf("%+v: a short one: %v", c, err)
			}
			want = 1
		}
		if err := e.Release(); err != nil {
			t.Fatal(err)
		}
		if all, problems, err := j.List(ctx); len(all) != 1 || len(all[0].Phases) != want || len(problems) > 0 || err != nil {
			t.Errorf("%+v: %+v, %v, %v", c, all, problems, err)
		}
	}
}

// TestTornPhase: what a power cut left of a long phase does not stand behind a
// shorter one that is written next.
func TestTornPhase(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	j := testJournal(t)
	e := begin(t, j, fullIntent(), 10)
	torn := strings.Repeat("t", 500)
	if _, err := e.f.WriteAt([]byte(torn), e.head.used); err != nil {
		t.Fatal(err)
	}
	if err := e.Release(); err != nil {
		t.Fatal(err)
	}
	e, p, err := j.Claim(ctx, e.ID())
	if err != nil || len(p.Phases) > 0 {
		t.Fatal(p.Phases, err)
	}
	if err := errors.Join(e.Phase(Phase{Name: "a", At: at}), e.Release()); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(e.Path()); err != nil || bytes.Contains(data, []byte("ttt")) {
		t.Errorf("it still stands there: %v", err)
	}
	if all, problems, err := j.List(ctx); len(all) != 1 || len(all[0].Phases) != 1 || len(problems) > 0 || err != nil {
		t.Error(all, problems, err)
	}
}

// TestEntryLimits: what is just within them is taken, and errors say which part
// is damaged.
func TestEntryLimits(t *testing.T) {
	t.Parallel()
	for room, good := range map[int64]bool{0: true, maxAnswer: true, -1: false, maxAnswer + 1: false} {
		if _, err := encodeHead(Intent{Operation: "create"}, room, ""); (err == nil) != good {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
	intent, err := encodeIntent(Intent{Name: "n"})
	if err != nil {
		t.Fatal(err)
	}
	for over, good := range map[int]bool{0: true, 1: false} {
		in := Intent{Name: strings.Repeat("n", maxIntent/2-len(intent)+1+over)}
		if _, err := encodeHead(in, 10, ""); (err == nil) != good {
			t.Errorf("an intent %d bytes too long: %v", over, err)
		}
	}
	j := testJournal(t)
	e := begin(t, j, fullIntent(), 10)
	if err := errors.Join(e.Phase(Phase{Name: "a", At: at}), e.Phase(Phase{Name: "bbb", At: at}), e.Release()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(e.Path())
	if err != nil {
		t.Fatal(err)
	}
	for word, bad := range map[string][]byte{
		"phase 2:":          bytes.Replace(data, []byte(`"bbb"`), []byte(`"bbb`+" "), 1),
		"instead of 12298:": append(bytes.Clone(data), 0),
	} {
		if word == "instead of 12298:" {
			word = "bytes long instead of " + strconv.Itoa(len(data))
		}
		if _, _, err := decodeEntry(bad); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", word, err)
		}
	}
}

// A read of no bytes is nothing: what comes after it is kept.
func TestSealedWriteOfNothing(t *testing.T) {
	t.Parallel()
	j, _ := sealedJournal(t, newFakeRing())
	e := begin(t, j, fullIntent(), 100)
	for _, part := range []string{"", "HTTP", "", "/1.1"} {
		if n, err := e.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if got := e.Answer(); string(got) != "HTTP/1.1" {
		t.Errorf("%q", got)
	}
}

// TestLastByteOfAFile: as much as is read is written, and no more.
func TestLastByteOfAFile(t *testing.T) {
	t.Parallel()
	full := bytes.Repeat([]byte("x"), durable.MaxFile)
	if _, err := sized(full, nil); err != nil {
		t.Error(err)
	}
	if _, err := sized(append(full, 'x'), nil); err == nil {
		t.Error("a file of the store that cannot be read again")
	}
}

// A bundle that could not be imported again is not exported.
func TestBundleThatIsTooLarge(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	var records []Record
	r := fullRecord()
	r.Name = strings.Repeat("n", durable.MaxFile-1<<16)
	for range MaxBundle/2/durable.MaxFile + 1 {
		records = append(records, r)
	}
	if _, err := encodeBundle(records, at); err == nil || !strings.Contains(err.Error(), "too large for one bundle") {
		t.Error(err)
	}
}

// What is not there has no member in a record's file.
func TestRecordFileOfLittle(t *testing.T) {
	t.Parallel()
	d := testDir(t)
	r := Record{Provider: "p", ID: "i", Secret: New(canary)}
	if err := d.Put(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(d.recordPath(r.Ref()))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"older", "unfilled", "replaces", "auth", "deleted_at"} {
		if bytes.Contains(data, []byte(word)) {
			t.Errorf("%q in %s", word, data)
		}
	}
}

// A credential that could not be read again is refused before the one that is
// there is touched.
func TestCredentialThatCannotBeReadAgain(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := testDir(t)
	good := Credential{Provider: "p", Profile: "d", Origin: "o", Fields: map[string]Value{"k": New("one")}}
	if err := d.PutCredential(ctx, good); err != nil {
		t.Fatal(err)
	}
	bad := good
	bad.Fields = map[string]Value{"k": New(strings.Repeat("k", durable.MaxFile))}
	if err := d.PutCredential(ctx, bad); err == nil {
		t.Error("kept")
	}
	if got, err := d.GetCredential(ctx, "p", "d", "o"); err != nil || got.Fields["k"].Reveal() != "one" {
		t.Errorf("%v, %v", got, err)
	}
	// The fingerprint of a value in the keyring is part of its item's name.
	text := `{"version":1,"provider":"p","profile":"d","origin":"o","store":"keyring","keyring":"` + strings.Repeat("a", 32) + `","fingerprints":{"k":"%"},"saved_at":"2026-05-17T14:30:00Z"}`
	for print, good := range map[string]bool{New("one").Fingerprint(): true, "": true, "../../x": false} {
		if _, err := decodeCredential([]byte(strings.Replace(text, "%", print, 1))); (err == nil) != good {
			t.Errorf("%q: %v", print, err)
		}
	}
}

// TestKeyringSpaceIsOfThePlace: however the directory is written.
func TestKeyringSpaceIsOfThePlace(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if keyringNamespace("cfg") != keyringNamespace(filepath.Join(dir, "cfg")) || keyringNamespace("cfg") == keyringNamespace("cfh") {
		t.Error("it follows the words")
	}
}

// TestKeyringFailsForAnOlderSecret: a record whose older secret is not kept is
// not kept.
func TestKeyringFailsForAnOlderSecret(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ring := newFakeRing()
	d := ringDir(t, filepath.Join(t.TempDir(), "cfg"), InKeyring, ring)
	r := Record{Provider: "p", ID: "i", Secret: New("new"), Older: []Older{{Secret: New("older"), Fingerprint: New("older").Fingerprint(), KeptAt: at}}}
	ring.set = func(name, value string) error {
		if strings.HasSuffix(name, strings.TrimPrefix(New("older").Fingerprint(), "sha256:")) {
			return errors.New("no room")
		}
		ring.items[name] = value
		return nil
	}
	if err := d.Put(ctx, r); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Error(err)
	}
	if _, err := d.Get(ctx, r.Ref()); !errors.Is(err, ErrNotFound) {
		t.Errorf("it is kept: %v", err)
	}
}

// TestCheckKeyringFails: a keyring that does not answer is no keyring that has
// lost something.
func TestCheckKeyringFails(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, put := range map[string]func(d *FileStore) error{
		"a record": func(d *FileStore) error { return d.Put(ctx, Record{Provider: "p", ID: "i", Secret: New(canary)}) },
		"a credential": func(d *FileStore) error {
			return d.PutCredential(ctx, Credential{Provider: "p", Fields: map[string]Value{"k": New(canary)}})
		},
	} {
		ring := newFakeRing()
		d := ringDir(t, filepath.Join(t.TempDir(), "cfg"), InKeyring, ring)
		if err := put(d); err != nil {
			t.Fatal(err)
		}
		ring.err = errors.New("locked")
		if problems, err := d.CheckKeyring(ctx); len(problems) > 0 || err == nil || !strings.Contains(err.Error(), "locked") {
			t.Errorf("%s: %v, %v", name, problems, err)
		}
	}
}

// TestKeyringLostEveryOlderSecret: each of them is named.
func TestKeyringLostEveryOlderSecret(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ring := newFakeRing()
	d := ringDir(t, filepath.Join(t.TempDir(), "cfg"), InKeyring, ring)
	for _, id := range []string{"a", "b"} {
		r := Record{Provider: "p", ID: id}
		for _, text := range []string{"one", "two", "three"} {
			r.Supersede(New(id+text), at)
		}
		if err := d.Put(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	listed, _, err := d.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range listed {
		for _, it := range r.items()[1:] {
			delete(ring.items, it.name)
		}
	}
	if problems, err := d.CheckKeyring(ctx); len(problems) != 4 || err != nil {
		t.Errorf("%d problems, %v", len(problems), err)
	}
}

// What a keyring says is said once.
func TestKeyringFailsOnce(t *testing.T) {
	t.Parallel()
	ring := newFakeRing()
	ring.err = errors.New("prompt dismissed")
	d := ringDir(t, filepath.Join(t.TempDir(), "cfg"), InKeyring, ring)
	if err := d.Check(context.Background()); err == nil || strings.Count(err.Error(), "prompt dismissed") != 1 {
		t.Error(err)
	}
}

// TestLockIsTakenMeanwhile: between the making of a lock file and its locking
// another process may have it.
func TestLockIsTakenMeanwhile(t *testing.T) {
	t.Parallel()
	j := testJournal(t)
	if err := makeStoreDir(j.sys, j.dir); err != nil {
		t.Fatal(err)
	}
	id := durable.RandomID()
	var other *flock.Flock
	calls := durable.System()
	closeFile := calls.Close
	calls.Close = func(f *os.File) error {
		err := closeFile(f)
		other = flock.New(f.Name(), flock.SetFlag(os.O_RDWR))
		if ok, lerr := other.TryLock(); !ok || lerr != nil {
			t.Error(ok, lerr)
		}
		return err
	}
	j.sys = calls
	if lock, err := j.take(context.Background(), id); !errors.Is(err, ErrLive) || lock != nil {
		t.Errorf("%v, %v", lock, err)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
}

// An entry whose lock cannot be had is not taken for one that is in use.
func TestLockCannotBeHad(t *testing.T) {
	t.Parallel()
	j := testJournal(t)
	e := begin(t, j, fullIntent(), 10)
	if err := errors.Join(e.Release(), os.Remove(j.lockPath(e.ID())), os.Mkdir(j.lockPath(e.ID()), 0o700)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := j.Claim(context.Background(), e.ID()); err == nil || errors.Is(err, ErrLive) || !strings.Contains(err.Error(), j.lockPath(e.ID())) {
		t.Error(err)
	}
}

// A lock that cannot be taken is an error that says where, not a lock.
func TestNamedLockCannotBeTaken(t *testing.T) {
	t.Parallel()
	j := testJournal(t)
	if err := os.MkdirAll(j.lockPath("apply"), 0o700); err != nil {
		t.Fatal(err)
	}
	release, err := j.Lock(context.Background(), "apply", func() { t.Error("it waits") })
	if release != nil || fault.KindOf(err) != fault.Other || !strings.Contains(err.Error(), j.lockPath("apply")) {
		t.Errorf("%v", err)
	}
}

// TestOrderInText: each kind of character counts, the first of its kind too.
func TestOrderInText(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"AbcdEfghIj": true, "ABcdEfghIj": false, // three capitals in ten letters, and four
		"fooBar0": true, "foo0Bar": false, "foo9Bar": false, "fooAaa": true, "fooZzz": true, "foobar": false, "": false,
	} {
		if isCamelCase(s) != want {
			t.Errorf("camel case: %q: %v", s, !want)
		}
	}
	for s, want := range map[string]bool{
		"": false, "a": false, "aa": false, "--": false, "a0": true, "aa0": true, "aaa0": true, "aaaa0": false, "zzzz9": false, "A0": true, "aA": true, "zzZ": true,
		"Aaa": true, "Aaaa": false, // a capital that begins a word counts less
	} {
		if isDisordered(s) != want {
			t.Errorf("disorder: %q: %v", s, !want)
		}
	}
}

// TestLengthsOfSecrets: as long as each kind of secret is at least, and shorter
// by one.
func TestLengthsOfSecrets(t *testing.T) {
	t.Parallel()
	for _, word := range []string{
		"k3v9x2m7q4w8z1t6y5r0p3n8b2h7j4d9", // letters and digits
		"4a0ab15ac2e65a8357d4f0c1",         // hex
		"q7XbV2mYt9LwR4cKz81N",             // of all three kinds
	} {
		if !LooksLike(word) || LooksLike(word[1:]) {
			t.Errorf("%q: %v, without one: %v", word, LooksLike(word), LooksLike(word[1:]))
		}
	}
	for word, want := range map[string]bool{"q7XbV2mYt9LwR4cKzA==": true, "q7XbV2mYt9LwR4c=": false} {
		if LooksLike(word) != want {
			t.Errorf("%q: %v", word, !want)
		}
	}
	two := []string{"4a0ab15ac2e65a8357d4f0c1", "q7XbV2mYt9LwR4cKz81N"}
	if got := LooksLikeWords("a=" + two[0] + " b=" + two[1]); !slices.Equal(got, two) {
		t.Errorf("%q", got)
	}
}

// TestDiskThatKeepsSomethingElse: a record counts as kept when it reads back, not
// when it was written.
func TestDiskThatKeepsSomethingElse(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	other := testDir(t)
	if err := other.Put(ctx, Record{Provider: "p", ID: "i", Secret: New("another one")}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(other.recordPath(Ref{"p", "i"}))
	if err != nil {
		t.Fatal(err)
	}
	for name, altered := range map[string]func(p []byte) []byte{
		"another record": func([]byte) []byte { return whole },
		"half of it":     func(p []byte) []byte { return append(bytes.Clone(p[:len(p)/2]), make([]byte, len(p)-len(p)/2)...) },
		"another letter": func(p []byte) []byte { return bytes.Replace(p, []byte(canary), []byte("x"+canary[1:]), 1) },
	} {
		calls := durable.System()
		write := calls.Write
		calls.Write = func(f *os.File, p []byte) (int, error) {
			_, err := write(f, altered(p))
			return len(p), err
		}
		d := OpenFileStore(filepath.Join(t.TempDir(), "cfg"), FileStoreOptions{Disk: calls})
		if err := d.Put(ctx, Record{Provider: "p", ID: "i", Secret: New(canary)}); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPutWithoutTheLock: who does not get the lock keeps the secret all the same,
// and says so where it cannot; an interrupt changes neither.
func TestPutWithoutTheLock(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cfg")
	first := OpenFileStore(dir, FileStoreOptions{})
	ctx, interrupt := context.WithCancel(context.Background())
	interrupt()
	if err := first.Put(ctx, Record{Provider: "p", ID: "first", Secret: New("one")}); err != nil {
		t.Fatal(err)
	}
	unlock, err := durable.LockDir(context.Background(), first.webhooks)
	if err != nil {
		t.Fatal(err)
	}
	d := OpenFileStore(dir, FileStoreOptions{})
	d.patience = time.Millisecond
	if err := d.Put(ctx, Record{Provider: "p", ID: "second", Secret: New("two")}); err != nil {
		t.Error(err)
	}
	calls := durable.System()
	calls.Write = func(f *os.File, _ []byte) (int, error) {
		return 0, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	full := OpenFileStore(dir, FileStoreOptions{Disk: calls})
	full.patience = time.Millisecond
	if err := full.Put(ctx, Record{Provider: "p", ID: "third", Secret: New("three")}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a full disk: %v", err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
	if all, problems, err := d.List(context.Background()); len(all) != 2 || len(problems) > 0 || err != nil {
		t.Errorf("%+v, %v, %v", all, problems, err)
	}
}

// A file that cannot be used is not replaced by a record, whose secret could be
// the only one of its webhook.
func TestPutOverAFileThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := testDir(t)
	r := Record{Provider: "p", ID: "i", Secret: New(canary)}
	if err := d.Put(ctx, r); err != nil {
		t.Fatal(err)
	}
	path := d.recordPath(r.Ref())
	if err := os.WriteFile(path, []byte(`{"version":99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	r.Secret = New("new")
	if err := d.Put(ctx, r); err == nil || !strings.Contains(err.Error(), "a file that already exists cannot be used") || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != `{"version":99}` {
		t.Errorf("%s, %v", data, err)
	}
	// Older secrets are named by what they are, whatever is said of them.
	r = Record{Provider: "p", ID: "j", Secret: New("new"), Older: []Older{{Secret: New("old"), Fingerprint: "sha256:00000000", KeptAt: at}}}
	if err := d.Put(ctx, r); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Get(ctx, r.Ref()); err != nil || got.Older[0].Fingerprint != New("old").Fingerprint() || r.Older[0].Fingerprint != "sha256:00000000" {
		t.Errorf("%+v, %v", got.Older, err)
	}
}

// An interrupt does not keep a secret out of the keyring either.
func TestPutIntoAKeyringOfWhoIsInterrupted(t *testing.T) {
	t.Parallel()
	d := ringDir(t, filepath.Join(t.TempDir(), "cfg"), InKeyring, newFakeRing())
	ctx, interrupt := context.WithCancel(context.Background())
	interrupt()
	for _, text := range []string{"one", "two"} {
		if err := d.Put(ctx, Record{Provider: "p", ID: "i", Secret: New(text)}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := d.Get(context.Background(), Ref{"p", "i"}); err != nil || got.Secret.Reveal() != "two" || len(got.Older) != 1 || got.Older[0].Secret.Reveal() != "one" {
		t.Errorf("%+v, %v", got, err)
	}
}
