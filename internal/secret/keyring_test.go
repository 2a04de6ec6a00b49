package secret

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
)

// fakeRing is a keyring in memory that can be told to fail.
type fakeRing struct {
	mu    sync.Mutex
	items map[string]string
	err   error                           // of every call
	hang  <-chan struct{}                 // every call waits for it
	set   func(name, value string) error  // instead of setting
	alter func(name, value string) string // what an item reads back as
	calls []string

	entered atomic.Int32 // calls, those that wait among them
}

func newFakeRing() *fakeRing { return &fakeRing{items: map[string]string{}} }

func (f *fakeRing) enter(call string) error {
	f.entered.Add(1)
	if f.hang != nil {
		<-f.hang
	}
	f.mu.Lock()
	f.calls = append(f.calls, call)
	return f.err
}

func (f *fakeRing) Set(name, value string) error {
	err := f.enter("set " + name)
	defer f.mu.Unlock()
	if err == nil && f.set != nil {
		return f.set(name, value)
	}
	if err == nil {
		f.items[name] = value
	}
	return err
}

func (f *fakeRing) Get(name string) (string, error) {
	err := f.enter("get " + name)
	defer f.mu.Unlock()
	if err != nil {
		return "", err
	}
	value, ok := f.items[name]
	if !ok {
		return "", ErrNotFound
	}
	if f.alter != nil {
		value = f.alter(name, value)
	}
	return value, nil
}

func (f *fakeRing) Delete(name string) error {
	err := f.enter("delete " + name)
	defer f.mu.Unlock()
	if err != nil {
		return err
	}
	if _, ok := f.items[name]; !ok {
		return ErrNotFound
	}
	delete(f.items, name)
	return nil
}

func (f *fakeRing) values() []string {
	var out []string
	for _, v := range f.items {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

// ringDir is a store whose new values go to place.
func ringDir(t testing.TB, dir, place string, ring Keyring) *FileStore {
	t.Helper()
	d := OpenFileStore(dir, FileStoreOptions{Now: func() time.Time { return at }, Keep: place, Keyring: ring})
	d.keyring.limit = 2 * time.Second
	return d
}

// onDisk are the files below dir that hold text, plain or in an encoding.
func onDisk(t testing.TB, dir, text string) []string {
	t.Helper()
	forms := [][]byte{[]byte(text), []byte(hex.EncodeToString([]byte(text)))}
	for shift := range 3 * min(len(text)/12, 1) { // base64 of a text depends on where it begins
		enc := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + text))
		forms = append(forms, []byte(strings.TrimRight(enc, "=")[4:len(enc)-4]))
	}
	var found []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && e.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if slices.ContainsFunc(forms, func(f []byte) bool { return bytes.Contains(data, f) }) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestKeyringRoundTrip(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ring := newFakeRing()
	dir := filepath.Join(t.TempDir(), "cfg")
	d := ringDir(t, dir, InKeyring, ring)
	if err := d.Check(ctx); err != nil || len(ring.items) != 0 || d.Name() != InKeyring {
		t.Fatal(err, ring.items)
	}
	r := fullRecord()
	if err := d.Put(ctx, r); err != nil {
		t.Fatal(err)
	}
	want := kept(d, r)
	want.Store, want.Keyring = InKeyring, d.namespace
	got, err := d.Get(ctx, r.Ref())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if found := onDisk(t, dir, canary); found != nil {
		t.Errorf("the secret is in %s", found)
	}
	if found := onDisk(t, dir, "0lder"); found != nil {
		t.Errorf("the older secret is in %s", found)
	}
	if got := ring.values(); !slices.Equal(got, []string{"0lder", canary}) {
		t.Errorf("items %q", got)
	}

	// A list needs no keyring, and tells all but the values.
	calls := len(ring.calls)
	list, problems, err := d.List(ctx)
	want.Secret, want.Older[0].Secret = Value{}, Value{}
	if diff := cmp.Diff([]Record{want}, list); diff != "" || len(problems) > 0 || err != nil || len(ring.calls) != calls {
		t.Error(diff, problems, err, ring.calls[calls:])
	}

	// Another secret does not touch the items of the earlier ones.
	r, err = d.Get(ctx, r.Ref())
	if err != nil {
		t.Fatal(err)
	}
	r.Supersede(New("newest"), at)
	if err := d.Put(ctx, r); err != nil {
		t.Fatal(err)
	}
	if got := ring.values(); !slices.Equal(got, []string{"0lder", canary, "newest"}) {
		t.Errorf("items %q", got)
	}
	if err := d.Delete(ctx, r.Ref()); err != nil || len(ring.items) != 0 {
		t.Error(err, ring.items)
	}
	if _, err := d.Get(ctx, r.Ref()); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}

	// Another directory has its own items.
	other := ringDir(t, filepath.Join(t.TempDir(), "cfg"), InKeyring, ring)
	for _, x := range []*FileStore{d, other} {
		if err := x.Put(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Delete(ctx, r.Ref()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(ctx, r.Ref()); err != nil {
		t.Errorf("removed in another directory: %v", err)
	}
}

// Each file says where its secret lies, whatever the setting is; what lies in
// the keyring never goes back into a file by itself.
func TestKeyringBesideFiles(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ring := newFakeRing()
	dir := filepath.Join(t.TempDir(), "cfg")
	files, keyring := ringDir(t, dir, InFile, ring), ringDir(t, dir, InKeyring, ring)
	for id, d := range map[string]*FileStore{"in-file": files, "in-keyring": keyring} {
		if err := d.Put(ctx, Record{Provider: "p", ID: id, Secret: New(canary + id)}); err != nil {
			t.Fatal(err)
		}
	}
	if len(ring.items) != 1 {
		t.Fatal(ring.items)
	}
	for _, d := range []*FileStore{files, keyring} {
		for id, store := range map[string]string{"in-file": InFile, "in-keyring": InKeyring} {
			r, err := d.Get(ctx, Ref{"p", id})
			if err != nil || r.Store != store || r.Secret.Reveal() != canary+id {
				t.Errorf("%s store: %+v, %v", d.keep, r, err)
			}
		}
	}
	// Without a keyring the one in the file is still there.
	alone := OpenFileStore(dir, FileStoreOptions{})
	if r, err := alone.Get(ctx, Ref{"p", "in-file"}); err != nil || r.Secret.IsZero() {
		t.Error(r, err)
	}
	if _, err := alone.Get(ctx, Ref{"p", "in-keyring"}); fault.Code(err) != CodeKeyring || !strings.Contains(err.Error(), "this system has none") {
		t.Error(err)
	}

	r, err := files.Get(ctx, Ref{"p", "in-keyring"})
	if err != nil {
		t.Fatal(err)
	}
	r.Name = "changed"
	if err := files.Put(ctx, r); err != nil {
		t.Fatal(err)
	}
	if found := onDisk(t, dir, canary+"in-keyring"); found != nil {
		t.Errorf("a change took the secret back to %s", found)
	}
	if r, err = keyring.Get(ctx, Ref{"p", "in-file"}); err != nil {
		t.Fatal(err)
	}
	if err := keyring.Put(ctx, r); err != nil {
		t.Fatal(err)
	}
	if found := onDisk(t, dir, canary); found != nil {
		t.Errorf("still in %s", found)
	}
	if r, err := files.Get(ctx, Ref{"p", "in-file"}); err != nil || r.Store != InKeyring {
		t.Error(r, err)
	}
}

func TestKeyringFails(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	for name, c := range map[string]struct {
		spoil func(*fakeRing)
		says  string
	}{
		"refuses":       {func(f *fakeRing) { f.err = errors.New("prompt dismissed") }, "prompt dismissed"},
		"never answers": {func(f *fakeRing) { f.hang = never }, "probably locked"},
		"forgets":       {func(f *fakeRing) { f.set = func(string, string) error { return nil } }, "does not return it"},
		"alters":        {func(f *fakeRing) { f.alter = func(_, v string) string { return strings.ToUpper(v + "x") } }, "another value than was stored"},
		"too large":     {func(f *fakeRing) { f.set = func(string, string) error { return errors.New("too long") } }, "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			ring := newFakeRing()
			dir := filepath.Join(t.TempDir(), "cfg")
			d := ringDir(t, dir, InKeyring, ring)
			if err := d.Put(ctx, Record{Provider: "p", ID: "old", Secret: New("before")}); err != nil {
				t.Fatal(err)
			}
			files := ringDir(t, dir, InFile, nil)
			if err := files.Put(ctx, Record{Provider: "p", ID: "plain", Secret: New("plain")}); err != nil {
				t.Fatal(err)
			}
			before, _, err := d.List(ctx)
			if err != nil {
				t.Fatal(err)
			}
			c.spoil(ring)
			entered := ring.entered.Load()
			for what, err := range map[string]error{
				"Check":         d.Check(ctx),
				"Put":           d.Put(ctx, Record{Provider: "p", ID: "new", Secret: New(canary)}),
				"Put over old":  d.Put(ctx, Record{Provider: "p", ID: "old", Secret: New(canary)}),
				"Put over file": d.Put(ctx, Record{Provider: "p", ID: "plain", Secret: New(canary)}),
				"PutCredential": d.PutCredential(ctx, Credential{Provider: "p", Fields: map[string]Value{"k": New(canary)}}),
				"Begin":         beginError(d.OpenJournal(filepath.Join(dir, "journal"))),
			} {
				if err == nil || !strings.Contains(err.Error(), "cannot use the keyring: ") || !strings.Contains(err.Error(), c.says) ||
					fault.HintOf(err).String() == "" || strings.Contains(err.Error(), canary) {
					t.Errorf("%s: %v (%s)", what, err, fault.HintOf(err).String())
				}
			}
			// Who waited once does not wait again.
			if n := ring.entered.Load() - entered; ring.hang != nil && n != 1 {
				t.Errorf("%d calls of a keyring that does not answer", n)
			}
			after, problems, err := d.List(ctx)
			if diff := cmp.Diff(before, after); diff != "" || len(problems) > 0 || err != nil {
				t.Error(diff, problems, err)
			}
			if found := onDisk(t, dir, canary); found != nil {
				t.Errorf("there is plain text in %s", found)
			}
			if r, err := d.Get(ctx, Ref{"p", "plain"}); err != nil || r.Secret.Reveal() != "plain" {
				t.Error(r, err)
			}
		})
	}
}

// A person who does not unlock the keyring is not asked for every secret.
func TestKeyringPatience(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ring := newFakeRing()
	d := ringDir(t, t.TempDir(), InKeyring, ring)
	for i := range 2 * keyringPatience {
		if err := d.Put(ctx, Record{Provider: "p", ID: strconv.Itoa(i), Secret: New(canary)}); err != nil {
			t.Fatal(err)
		}
	}
	getAll := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			if _, err := d.Get(ctx, Ref{"p", strconv.Itoa(i)}); fault.Code(err) != CodeKeyring || !strings.Contains(err.Error(), "dismissed") {
				t.Error(err)
			}
		}
	}
	ring.err = errors.New("prompt dismissed")
	getAll(0, keyringPatience-1)
	ring.err = nil
	if _, err := d.Get(ctx, Ref{"p", "0"}); err != nil { // and all is forgiven
		t.Fatal(err)
	}
	ring.err, ring.calls = errors.New("prompt dismissed"), nil
	getAll(0, 2*keyringPatience)
	if len(ring.calls) != keyringPatience {
		t.Errorf("asked %d times: %q", len(ring.calls), ring.calls)
	}
}

func beginError(j *Journal) error {
	_, err := j.Begin(context.Background(), fullIntent(), 10)
	return err
}

func TestKeyringInterrupted(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	defer close(never)
	ring := newFakeRing()
	d := ringDir(t, filepath.Join(t.TempDir(), "cfg"), InKeyring, ring)
	if err := d.Put(context.Background(), fullRecord()); err != nil {
		t.Fatal(err)
	}
	d.keyring.limit = time.Minute
	ring.hang = never
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := d.Get(ctx, fullRecord().Ref()); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if _, err := d.Get(ctx, fullRecord().Ref()); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestKeyringLost(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, spoil := range map[string]func(items map[string]string, name string){
		"missing": func(items map[string]string, name string) { delete(items, name) },
		"differs": func(items map[string]string, name string) { items[name] = "something else" },
	} {
		ring := newFakeRing()
		d := ringDir(t, filepath.Join(t.TempDir(), "cfg"), InKeyring, ring)
		r := fullRecord()
		c := Credential{Provider: "zyntro", Profile: "default", Origin: "https://api.example", Fields: map[string]Value{"api_key": New("k3y"), "none": {}}}
		if err := errors.Join(d.Put(ctx, r), d.PutCredential(ctx, c)); err != nil {
			t.Fatal(err)
		}
		if problems, err := d.CheckKeyring(ctx); len(problems) > 0 || err != nil {
			t.Fatal(problems, err)
		}
		listed, _, err := d.List(ctx)
		if err != nil {
			t.Fatal(err)
		}
		present, older := recordItemName(listed[0], listed[0].Fingerprint), recordItemName(listed[0], listed[0].Older[0].Fingerprint)

		// Without an older one the present one still serves, and stays named.
		spoil(ring.items, older)
		got, err := d.Get(ctx, r.Ref())
		if err != nil || !got.Secret.Equal(r.Secret) || !got.Older[0].Secret.IsZero() {
			t.Errorf("%s: %+v %v", name, got, err)
		}
		problems, err := d.CheckKeyring(ctx)
		if err != nil || len(problems) != 1 || !errors.Is(problems[0].Err, ErrLost) || problems[0].Path != got.Path || fault.HintOf(problems[0].Err).String() == "" {
			t.Errorf("%s: %v %v", name, problems, err)
		}
		got.Name = "renamed"
		if err := d.Put(ctx, got); err != nil {
			t.Error(err)
		}
		if listed, _, err := d.List(ctx); err != nil || listed[0].Name != "renamed" || listed[0].Older[0].Fingerprint != r.Older[0].Fingerprint {
			t.Errorf("%s: %+v %v", name, listed, err)
		}

		spoil(ring.items, present)
		for item := range ring.items {
			if strings.Contains(item, "/api_key/") {
				spoil(ring.items, item)
			}
		}
		if _, err := d.Get(ctx, r.Ref()); !errors.Is(err, ErrLost) || !strings.Contains(fault.HintOf(err).String(), "hookctl rotate") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := d.GetCredential(ctx, c.Provider, c.Profile, c.Origin); !errors.Is(err, ErrLost) || fault.KindOf(err) != fault.Auth ||
			!strings.Contains(fault.HintOf(err).String(), "hookctl login zyntro") {
			t.Errorf("%s: %v", name, err)
		}
		if problems, err := d.CheckKeyring(ctx); err != nil || len(problems) != 2 {
			t.Errorf("%s: %v %v", name, problems, err)
		}
		// The place is free for the same secret again.
		if err := d.Put(ctx, r); err != nil {
			t.Error(err)
		}
		if got, err := d.Get(ctx, r.Ref()); err != nil || !got.Secret.Equal(r.Secret) || !got.Older[0].Secret.Equal(r.Older[0].Secret) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
		delete(ring.items, present)
		if err := errors.Join(d.Delete(ctx, r.Ref()), d.DeleteCredential(ctx, c.Provider, c.Profile, c.Origin)); err != nil || len(ring.items) > 0 {
			t.Errorf("%s: %v %v", name, err, ring.items)
		}
	}
}

// Two secrets of one fingerprint are not likely, but neither may take the
// other's place.
func TestKeyringTwin(t *testing.T) {
	t.Parallel()
	one, two := twins()
	ring := newFakeRing()
	v := newGuardedKeyring(ring)
	ctx := context.Background()
	if err := errors.Join(v.keep(ctx, "name", one), v.keep(ctx, "name", one)); err != nil {
		t.Fatal(err)
	}
	if err := v.keep(ctx, "name", two); err == nil || !strings.Contains(err.Error(), "another secret with the fingerprint") || ring.items["name"] != one.Reveal() {
		t.Error(err, ring.items)
	}
}

// twins are two values of one fingerprint.
func twins() (Value, Value) {
	seen := map[string]int{}
	for i := 0; ; i++ {
		fp := New(strconv.Itoa(i)).Fingerprint()
		if j, ok := seen[fp]; ok {
			return New(strconv.Itoa(j)), New(strconv.Itoa(i))
		}
		seen[fp] = i
	}
}

func TestKeyringCredentials(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ring := newFakeRing()
	dir := filepath.Join(t.TempDir(), "cfg")
	d := ringDir(t, dir, InKeyring, ring)
	c := Credential{
		Provider: "zyntro", Profile: "default", Origin: "https://api.example", SavedAt: at,
		Fields: map[string]Value{"api_key": New(canary), "org_id": New("org-1"), "none": {}},
	}
	if err := d.PutCredential(ctx, c); err != nil {
		t.Fatal(err)
	}
	got, err := d.GetCredential(ctx, c.Provider, c.Profile, c.Origin)
	c.Keyring = d.namespace
	c.Fingerprints = map[string]string{"api_key": New(canary).Fingerprint(), "org_id": New("org-1").Fingerprint(), "none": ""}
	if diff := cmp.Diff(c, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if found := onDisk(t, dir, canary); found != nil || len(ring.items) != 2 {
		t.Error(found, ring.items)
	}
	list, _, err := d.ListCredentials(ctx)
	if err != nil || len(list) != 1 || !list[0].Fields["api_key"].IsZero() {
		t.Error(list, err)
	}
	// What is not used any more does not stay.
	c.Fields = map[string]Value{"api_key": New("other"), "org_id": New("org-1")}
	if err := d.PutCredential(ctx, c); err != nil || !slices.Equal(ring.values(), []string{"org-1", "other"}) {
		t.Error(err, ring.values())
	}
	if err := d.PutCredential(ctx, Credential{Provider: "p", Fields: map[string]Value{"a/b": New("x")}}); err == nil {
		t.Error("a field name with a slash was accepted")
	}
	if err := d.DeleteCredential(ctx, c.Provider, c.Profile, c.Origin); err != nil || len(ring.items) != 0 {
		t.Error(err, ring.items)
	}
}

// A record that speaks of the keyring in another way than it should is not used.
func TestKeyringFiles(t *testing.T) {
	t.Parallel()
	r := fullRecord()
	r.Keyring = strings.Repeat("0a", 16)
	r.Fingerprint = r.Secret.Fingerprint()
	data, err := encodeRecord(r)
	if err != nil || bytes.Contains(data, []byte(canary)) {
		t.Fatal(err, string(data))
	}
	if got, err := decodeRecord(data); err != nil || got.Keyring != r.Keyring || !got.Secret.IsZero() {
		t.Fatal(got, err)
	}
	for from, to := range map[string]string{
		`"keyring": "0a0a`:        `"keyring": "../x`,
		`"store": "keyring"`:      `"store": "cloud"`,
		`"fingerprint": "sha256:`: `"fingerprint": "../../:`,
	} {
		bad := bytes.Replace(data, []byte(from), []byte(to), 1)
		if bytes.Equal(bad, data) {
			t.Fatalf("no %s in %s", from, data)
		}
		if _, err := decodeRecord(bad); err == nil {
			t.Errorf("%s was accepted", to)
		}
	}
}

// recordItemName names the item of one secret of a record.
func recordItemName(r Record, fingerprint string) string {
	return itemName(r.Keyring, r.fileName(), fingerprint)
}
