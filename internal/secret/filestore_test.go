package secret

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

var at = time.Date(2026, 5, 17, 14, 30, 1, 123456789, time.UTC)

func testDir(t testing.TB) *FileStore {
	return OpenFileStore(filepath.Join(t.TempDir(), "cfg"), FileStoreOptions{Now: func() time.Time { return at }})
}

func fullRecord() Record {
	return Record{
		Provider: "zyntro", ID: "../a/B", Profile: "default", Origin: "https://api.example", Name: "CRM <Sync> & co",
		URL: "https://example.com/hook?a=1&b=2", Events: []string{"new_contact", "x"}, Secret: New(canary),
		Older:     []Older{{Secret: New("0lder"), Fingerprint: New("0lder").Fingerprint(), KeptAt: at}},
		CreatedAt: at, Managed: true, Replaces: &Ref{"zyntro", "old"}, Unfilled: []string{"file:a b", "stdout"}, DeletedAt: at.Add(time.Hour),
	}
}

func (d *FileStore) recordPath(ref Ref) string {
	return d.path(&Record{Provider: ref.Provider, ID: ref.ID})
}

func (d *FileStore) credentialPath(provider, profile, origin string) string {
	return d.path(&Credential{Provider: provider, Profile: profile, Origin: origin})
}

// kept is r as Get returns it.
func kept(d *FileStore, r Record) Record {
	r.Store, r.Path, r.Fingerprint = "file", d.recordPath(r.Ref()), r.Secret.Fingerprint()
	return r
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	odd := []string{"", " ", "\xff\xfe", "a\x00b", "\u2028", "é", "e\u0301", "CON", "a/b", `\`, "\ufffd", "\ufffd\xff", "\x1b[31m", strings.Repeat("x", 100_000), "<&>", `"`, "null", "\r\n"}
	for i, s := range odd {
		d := testDir(t)
		secretText := s
		if secretText == "" || strings.Contains(secretText, "\x00") {
			secretText = "plain"
		}
		r := Record{
			Provider: "p" + s, ID: s, Profile: s, Origin: s, Name: s, URL: s, Events: []string{s, "ok", s},
			Secret: New(secretText), CreatedAt: at, Replaces: &Ref{s, s}, Unfilled: []string{s},
		}
		if err := d.Put(ctx, r); err != nil {
			t.Fatalf("%d %.20q: %v", i, s, err)
		}
		got, err := d.Get(ctx, r.Ref())
		if err != nil {
			t.Fatalf("%d %.20q: %v", i, s, err)
		}
		if diff := cmp.Diff(kept(d, r), got); diff != "" {
			t.Errorf("%d %.20q: %s", i, s, diff)
		}
	}
	d := testDir(t)
	if err := d.Put(ctx, fullRecord()); err != nil {
		t.Fatal(err)
	}
	got, err := d.Get(ctx, fullRecord().Ref())
	if diff := cmp.Diff(kept(d, fullRecord()), got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// TestRecordFile pins the documented file.
func TestRecordFile(t *testing.T) {
	t.Parallel()
	d := testDir(t)
	r := fullRecord()
	r.Name = "caf\xe9"
	if err := d.Put(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(d.recordPath(r.Ref()))
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "version": 1,
  "provider": "zyntro",
  "id": "../a/B",
  "profile": "default",
  "origin": "https://api.example",
  "name": "caf` + "\ufffd" + `",
  "name_base64": "Y2Fm6Q==",
  "url": "https://example.com/hook?a=1&b=2",
  "events": [
    "new_contact",
    "x"
  ],
  "secret": "c4n4ry-s3cr3t",
  "fingerprint": "sha256:` + r.Secret.Fingerprint()[7:] + `",
  "older": [
    {
      "secret": "0lder",
      "fingerprint": "` + New("0lder").Fingerprint() + `",
      "kept_at": "2026-05-17T14:30:01.123456789Z"
    }
  ],
  "created_at": "2026-05-17T14:30:01.123456789Z",
  "managed": true,
  "replaces": {
    "provider": "zyntro",
    "id": "old"
  },
  "unfilled": [
    "file:a b",
    "stdout"
  ],
  "deleted_at": "2026-05-17T15:30:01.123456789Z"
}
`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, v := range map[string]Value{"empty": {}, "NUL": New(canary + "\x00"), "huge": New(strings.Repeat(canary, durable.MaxFile/10))} {
		d := testDir(t)
		err := d.Put(ctx, Record{Provider: "p", ID: "i", Secret: v})
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Lstat(d.webhooks); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: something was written: %v", name, err)
		}
	}
}

// TestPutOfAListedRecord: List hides the secrets; putting back what it gave
// must fail rather than lose them.
func TestPutOfAListedRecord(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := testDir(t)
	if err := d.Put(ctx, fullRecord()); err != nil {
		t.Fatal(err)
	}
	all, _, err := d.List(ctx)
	if err != nil || len(all) != 1 || !all[0].Secret.IsZero() {
		t.Fatal(all, err)
	}
	bare := all[0]
	if err := d.Put(ctx, bare); err == nil {
		t.Error("the secret was lost")
	}
	bare.Secret = New("another")
	if err := d.Put(ctx, bare); err == nil {
		t.Error("the older secret was lost")
	}
	got, err := d.Get(ctx, bare.Ref())
	if diff := cmp.Diff(kept(d, fullRecord()), got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// What another process has kept since a record was read is not dropped with it.
func TestPutOfAStaleRecord(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, place := range []string{InFile, InKeyring} {
		d := ringDir(t, filepath.Join(t.TempDir(), "cfg"), place, newFakeRing())
		put := func(r Record) {
			t.Helper()
			if err := d.Put(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		stale := Record{Provider: "p", ID: "1", Secret: New("first"), CreatedAt: at}
		put(stale)
		newer := stale
		newer.Supersede(New("second"), at.Add(time.Minute))
		put(newer)
		stale.Name = "changed"
		put(stale)
		got, err := d.Get(ctx, stale.Ref())
		if err != nil || got.Name != "changed" || got.Secret.Reveal() != "first" || len(got.Older) != 1 || got.Older[0].Secret.Reveal() != "second" || !got.Older[0].KeptAt.Equal(at.Add(time.Minute)) {
			t.Errorf("%s: %+v, %v", place, got, err)
		}
		put(got)
		if again, err := d.Get(ctx, stale.Ref()); err != nil || len(again.Older) != 1 {
			t.Errorf("%s: %+v, %v", place, again, err)
		}
	}
}

func TestFileNamesAreUnambiguous(t *testing.T) {
	t.Parallel()
	seen := map[string][]string{}
	for _, parts := range [][]string{{"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}, {"", "abc"}, {"A", "bc"}, {"a", "b", "c"}, {}} {
		n := fileName(parts...)
		if old, twice := seen[n]; twice {
			t.Errorf("%q and %q share a name", old, parts)
		}
		seen[n] = parts
		if len(n) != 64+5 || strings.ToLower(n) != n {
			t.Errorf("%q", n)
		}
	}
}

func TestStoreLifeCycle(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := testDir(t)
	if d.Name() != "file" {
		t.Error(d.Name())
	}
	if _, err := d.Get(ctx, Ref{"p", "i"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of nothing: %v", err)
	}
	if err := d.Delete(ctx, Ref{"p", "i"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("Delete of nothing: %v", err)
	}
	if rs, ps, err := d.List(ctx); len(rs)+len(ps) > 0 || err != nil {
		t.Errorf("List of nothing: %v %v %v", rs, ps, err)
	}
	if err := d.Check(ctx); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(d.webhooks); len(left) > 0 || err != nil {
		t.Errorf("Check left %v, %v", left, err)
	}
	var want []Record
	for i, id := range []string{"b", "a", "c"} {
		r := Record{Provider: "p", ID: id, Secret: New(fmt.Sprint("secret", i)), CreatedAt: at.Add(-time.Duration(i/2) * time.Hour)}
		if err := d.Put(ctx, r); err != nil {
			t.Fatal(err)
		}
		r = kept(d, r)
		r.Secret = Value{}
		want = append(want, r)
	}
	want = []Record{want[2], want[1], want[0]} // c is older; a and b are of one time
	got, problems, err := d.List(ctx)
	if diff := cmp.Diff(want, got); diff != "" || len(problems) > 0 || err != nil {
		t.Error(diff, problems, err)
	}
	if err := d.Put(ctx, Record{Provider: "p", ID: "a", Secret: New("newer")}); err != nil {
		t.Fatal(err)
	}
	r, err := d.Get(ctx, Ref{"p", "a"})
	if err != nil || r.Secret.Reveal() != "newer" || !r.CreatedAt.Equal(at) {
		t.Errorf("after the second Put: %+v, %v", r, err)
	}
	if err := d.Delete(ctx, Ref{"p", "a"}); err != nil {
		t.Error(err)
	}
	if _, err := d.Get(ctx, Ref{"p", "a"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get after Delete: %v", err)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := d.List(canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("List with a done context: %v", err)
	}
	if err := d.Check(canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("Check with a done context: %v", err)
	}
	if err := d.Put(canceled, Record{Provider: "p", ID: "z", Secret: New("late")}); err != nil {
		t.Errorf("a secret that has arrived was not kept: %v", err)
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := testDir(t)
	c := Credential{
		Provider: "zyntro", Profile: "default", Origin: "https://api.example",
		Fields: map[string]Value{"api_key": New(canary), "odd": New("\xff\x00"), "none": {}}, SavedAt: at,
	}
	if _, err := d.GetCredential(ctx, "zyntro", "default", "https://api.example"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of nothing: %v", err)
	}
	if all, ps, err := d.ListCredentials(ctx); len(all)+len(ps) > 0 || err != nil {
		t.Errorf("List of nothing: %v %v %v", all, ps, err)
	}
	undated := c
	undated.SavedAt = time.Time{}
	if err := d.PutCredential(ctx, undated); err != nil {
		t.Fatal(err)
	}
	got, err := d.GetCredential(ctx, "zyntro", "default", "https://api.example")
	c.Fingerprints = map[string]string{"api_key": New(canary).Fingerprint(), "odd": New("\xff\x00").Fingerprint(), "none": ""}
	if diff := cmp.Diff(c, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := d.GetCredential(ctx, "zyntro", "default", "http://127.0.0.1:1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a credential for another origin: %v", err)
	}
	other := c
	other.Profile = "another"
	if err := d.PutCredential(ctx, other); err != nil {
		t.Fatal(err)
	}
	all, problems, err := d.ListCredentials(ctx)
	if diff := cmp.Diff([]Credential{other, c}, all); diff != "" || len(problems) > 0 || err != nil {
		t.Error(diff, problems, err)
	}
	path := d.credentialPath("zyntro", "default", "https://api.example")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flip(data, func(i, bit int, flipped []byte) {
		if got, err := decodeCredential(flipped); err == nil && !sameFields(got.Fields, c.Fields) {
			t.Errorf("bit %d of byte %d: wrong fields", bit, i)
		}
	})
	if err := os.WriteFile(path, data[:len(data)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.PutCredential(ctx, c); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("Put over a damaged file: %v", err)
	}
	if err := d.DeleteCredential(ctx, "zyntro", "default", "https://api.example"); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("Delete of a damaged file: %v", err)
	}
	if err := d.DeleteCredential(ctx, "zyntro", "another", "https://api.example"); err != nil {
		t.Error(err)
	}
	all, problems, err = d.ListCredentials(ctx)
	if len(all) != 0 || len(problems) != 1 || err != nil {
		t.Error(all, problems, err)
	}
	if err := d.PutCredential(ctx, Credential{Fields: map[string]Value{"x_base64": New("y")}}); err == nil {
		t.Error("an ambiguous field name was accepted")
	}
	if err := os.Rename(d.credentialPath("zyntro", "default", "https://api.example"), filepath.Join(d.credentials, "x.json")); err != nil {
		t.Fatal(err)
	}
}

func sameFields(a, b map[string]Value) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if !v.Equal(b[k]) {
			return false
		}
	}
	return true
}

// flip calls f with every variant of data that differs in one bit.
func flip(data []byte, f func(i, bit int, flipped []byte)) {
	for i := range data {
		for bit := range 8 {
			data[i] ^= 1 << bit
			f(i, bit, data)
			data[i] ^= 1 << bit
		}
	}
}

// damaged checks what must hold for a file that is not as it was written.
func damaged(t *testing.T, d *FileStore, ref Ref, what string) {
	t.Helper()
	ctx := context.Background()
	path := d.recordPath(ref)
	before, _ := os.ReadFile(path)
	_, err := d.Get(ctx, ref)
	if err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), path) || fault.HintOf(err).String() == "" || fault.ExitCode(err) != 1 {
		t.Errorf("%s: Get: %v (hint %q)", what, err, fault.HintOf(err).String())
	}
	err = d.Put(ctx, Record{Provider: ref.Provider, ID: ref.ID, Secret: New("other")})
	if err == nil || !strings.Contains(err.Error(), path) || fault.HintOf(err).String() == "" {
		t.Errorf("%s: Put: %v", what, err)
	}
	if err := d.Delete(ctx, ref); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("%s: Delete: %v", what, err)
	}
	records, problems, err := d.List(ctx)
	if len(problems) != 1 || problems[0].Path != path || problems[0].Err == nil || err != nil {
		t.Errorf("%s: List: %v, %v", what, problems, err)
	}
	if len(records) != 1 || records[0].ID != "neighbour" {
		t.Errorf("%s: the other record is not listed: %v", what, records)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Errorf("%s: the file was changed", what)
	}
}

func dirWithNeighbour(t *testing.T) (*FileStore, Ref, []byte) {
	t.Helper()
	d := testDir(t)
	for _, r := range []Record{fullRecord(), {Provider: "p", ID: "neighbour", Secret: New("n")}} {
		if err := d.Put(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(d.recordPath(fullRecord().Ref()))
	if err != nil {
		t.Fatal(err)
	}
	return d, fullRecord().Ref(), data
}

func TestTruncatedAnywhere(t *testing.T) {
	t.Parallel()
	d, ref, data := dirWithNeighbour(t)
	for n := range len(data) - 1 { // the last byte is the newline after the object
		if r, err := decodeRecord(data[:n]); err == nil {
			t.Errorf("%d bytes: accepted as %+v", n, r)
		}
		if n%5 != 0 {
			continue // the whole way through the files for some of them
		}
		if err := os.WriteFile(d.recordPath(ref), data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		damaged(t, d, ref, fmt.Sprintf("%d bytes", n))
	}
}

func TestEveryBitFlipped(t *testing.T) {
	t.Parallel()
	d, ref, data := dirWithNeighbour(t)
	path := d.recordPath(ref)
	flip(data, func(i, bit int, flipped []byte) {
		r, err := decodeRecord(flipped)
		if err == nil && (r.Secret.Reveal() != canary || len(r.Older) == 1 && r.Older[0].Secret.Reveal() != "0lder") {
			t.Errorf("bit %d of byte %d: a wrong secret", bit, i)
		}
		if i%7 != bit {
			return // the whole way through the files for some of them
		}
		if werr := os.WriteFile(path, flipped, 0o600); werr != nil {
			t.Fatal(werr)
		}
		got, gerr := d.Get(context.Background(), ref)
		if gerr == nil && (got.Secret.Reveal() != canary || got.Ref() != ref) {
			t.Errorf("bit %d of byte %d: Get gave a wrong record", bit, i)
		}
		if err != nil && gerr == nil {
			t.Errorf("bit %d of byte %d: Get accepted it", bit, i)
		}
	})
}

func TestGarbage(t *testing.T) {
	t.Parallel()
	good := func(s string) string { return strings.TrimSuffix(s, "}\n") }
	for name, content := range map[string]func(old string) string{
		"empty":            func(string) string { return "" },
		"NULs":             func(string) string { return strings.Repeat("\x00", 4096) },
		"array":            func(string) string { return "[]" },
		"null":             func(string) string { return "null" },
		"newer version":    func(s string) string { return strings.Replace(s, `"version": 1`, `"version": 2`, 1) },
		"no version":       func(s string) string { return strings.Replace(s, `"version": 1,`, ``, 1) },
		"version a text":   func(s string) string { return strings.Replace(s, `"version": 1`, `"version": "1"`, 1) },
		"trailing garbage": func(s string) string { return s + "{}" },
		"duplicate member": func(s string) string { return good(s) + `, "secret": "other"}` },
		"other case only":  func(s string) string { return strings.Replace(s, `"secret"`, `"Secret"`, 1) },
		"other secret":     func(s string) string { return strings.Replace(s, canary, "other", 1) },
		"secret a number":  func(s string) string { return strings.Replace(s, `"`+canary+`"`, "424242", 1) },
		"other id":         func(s string) string { return strings.Replace(s, `"../a/B"`, `"../a/b"`, 1) },
		"no fingerprint":   func(s string) string { return strings.Replace(s, `"fingerprint"`, `"fingerprints"`, 1) },
		"bad base64":       func(s string) string { return good(s) + `, "secret_base64": "!!"}` },
		"two secrets":      func(s string) string { return good(s) + `, "secret_base64": "AAAA"}` },
		"two events":       func(s string) string { return good(s) + `, "events_base64": ["AAAA"]}` },
		"other events":     func(s string) string { return good(s) + `, "events_base64": ["AAAA", "AAAA"]}` },
		"events a text":    func(s string) string { return strings.Replace(s, `"events": [`, `"events": ["x", 1,`, 1) },
		"replaces a list":  func(s string) string { return strings.Replace(s, `"replaces": {`, `"replaces": [], "x": {`, 1) },
		"replaces cut":     func(s string) string { return strings.Replace(s, `"id": "old"`, `"di": "old"`, 1) },
		"bad time":         func(s string) string { return strings.Replace(s, "2026-05", "2026-99", 1) },
		"not UTF-8":        func(s string) string { return strings.Replace(s, "CRM", "\xff", 1) },
		"too long":         func(s string) string { return s + strings.Repeat(" ", durable.MaxFile) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, ref, data := dirWithNeighbour(t)
			bad := content(string(data))
			if bad == string(data) {
				t.Fatal("the test changed nothing")
			}
			if err := os.WriteFile(d.recordPath(ref), []byte(bad), 0o600); err != nil {
				t.Fatal(err)
			}
			damaged(t, d, ref, name)
			_, err := d.Get(context.Background(), ref)
			for _, text := range []string{canary, "424242"} {
				if strings.Contains(err.Error(), text) {
					t.Errorf("the error quotes the secret: %v", err)
				}
			}
		})
	}
}

func TestUnknownMembersAreSkipped(t *testing.T) {
	t.Parallel()
	d, ref, data := dirWithNeighbour(t)
	more := strings.Replace(string(data), `"version": 1`, `"SECRET": "x", "later": {"a": [1]}, "version": 1`, 1)
	if err := os.WriteFile(d.recordPath(ref), []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := d.Get(context.Background(), ref)
	if diff := cmp.Diff(kept(d, fullRecord()), got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// TestTwoFilesClaimOneID: a copy under another name is reported, and the
// original goes on to work.
func TestTwoFilesClaimOneID(t *testing.T) {
	t.Parallel()
	d, ref, data := dirWithNeighbour(t)
	twin := filepath.Join(d.webhooks, fileName("webhook", "zyntro", "twin"))
	if err := os.WriteFile(twin, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(context.Background(), ref); err != nil {
		t.Error(err)
	}
	records, problems, err := d.List(context.Background())
	if len(records) != 2 || len(problems) != 1 || problems[0].Path != twin || err != nil {
		t.Error(records, problems, err)
	}
}

// TestSweep: Check or List removes what killed writers left, and nothing else.
func TestSweep(t *testing.T) {
	t.Parallel()
	d, _, _ := dirWithNeighbour(t)
	old := time.Now().Add(-2 * time.Hour)
	names := map[string]bool{ // name: is left
		".hookctl-" + durable.RandomID() + ".tmp":                  false,
		".hookctl-" + "x" + ".tmp":                                 true,
		".hookctl-" + durable.RandomID():                           true,
		"notes.txt":                                                true,
		".other-" + durable.RandomID() + ".tmp":                    true,
		".hookctl-" + strings.ToUpper(durable.RandomID()) + ".tmp": true,
	}
	for n := range names {
		p := filepath.Join(d.webhooks, n)
		if err := errors.Join(os.WriteFile(p, nil, 0o600), os.Chtimes(p, old, old)); err != nil {
			t.Fatal(err)
		}
	}
	young := ".hookctl-" + durable.RandomID() + ".tmp"
	names[young] = true
	if err := os.WriteFile(filepath.Join(d.webhooks, young), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	for n, want := range names {
		if _, err := os.Lstat(filepath.Join(d.webhooks, n)); (err == nil) != want {
			t.Errorf("%s: left %v, want %v", n, err == nil, want)
		}
	}
	// Where there is an index, the next List does.
	one := filepath.Join(d.webhooks, ".hookctl-"+durable.RandomID()+".tmp")
	if err := errors.Join(os.WriteFile(d.indexPath(), nil, 0o600), os.WriteFile(one, nil, 0o600), os.Chtimes(one, old, old), d.Check(context.Background())); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(one); err != nil {
		t.Error(err)
	}
	if _, _, err := d.List(context.Background()); err != nil {
		t.Fatal(err)
	}
	names[filepath.Base(one)] = false
	for n, want := range names {
		if _, err := os.Lstat(filepath.Join(d.webhooks, n)); (err == nil) != want {
			t.Errorf("after List %s: left %v, want %v", n, err == nil, want)
		}
	}
}

// Processes that keep a secret of the same webhook at the same time lose none.
func TestPutAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	const n = 20
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			d := OpenFileStore(dir, FileStoreOptions{Now: func() time.Time { return at }})
			d.patience = time.Minute
			if err := d.Put(ctx, Record{Provider: "zyntro", ID: "x", Secret: New(fmt.Sprint("secret ", i))}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := OpenFileStore(dir, FileStoreOptions{}).Get(ctx, Ref{Provider: "zyntro", ID: "x"})
	if err != nil || len(got.known()) != n {
		t.Errorf("%d secrets are kept, want %d: %v", len(got.known()), n, err)
	}
}
