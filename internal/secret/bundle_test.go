package secret

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
)

// keyPair is an age key pair: what goes into an identity file, and a recipient.
func keyPair(t testing.TB) (identity, recipient string) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return "# created: today\n\n" + id.String() + "\n", id.Recipient().String()
}

func identities(t testing.TB, file string) Identities {
	t.Helper()
	ids, err := ParseIdentities([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func recipients(t testing.TB, keys ...string) (r Recipients) {
	t.Helper()
	for _, key := range keys {
		if err := r.Add(key); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// asBundle encrypts any plain text.
func asBundle(t testing.TB, to, plain string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := age.Encrypt(&b, recipients(t, to).list...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(plain)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBundleRoundTrip(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := ringDir(t, filepath.Join(t.TempDir(), "cfg"), InKeyring, newFakeRing())
	odd := Record{Provider: "\xff", ID: "", Name: "\x00", Secret: New("\xfe \n"), CreatedAt: at, Auth: NewAuthMark("bearer", New("x"))}
	var want []Record
	for _, r := range []Record{fullRecord(), odd} {
		if err := d.Put(ctx, r); err != nil {
			t.Fatal(err)
		}
		r.Fingerprint, r.Unfilled = r.Secret.Fingerprint(), nil
		want = append(want, r)
	}
	var kept []Record
	for _, r := range want {
		got, err := d.Get(ctx, r.Ref())
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, got)
	}
	key1, to1 := keyPair(t)
	key2, to2 := keyPair(t)
	var b bytes.Buffer
	if err := WriteBundle(&b, recipients(t, to1, to2), kept, at); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.String(), armor.Header+"\n") || !strings.HasSuffix(b.String(), armor.Footer+"\n") || strings.Contains(b.String(), canary) {
		t.Errorf("%s", &b)
	}
	raw := new(bytes.Buffer)
	if _, err := raw.ReadFrom(armor.NewReader(bytes.NewReader(b.Bytes()))); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{key1, key2} {
		for _, form := range [][]byte{b.Bytes(), raw.Bytes()} {
			got, err := ReadBundle(bytes.NewReader(form), identities(t, key))
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
		}
	}
	// A third person sees nothing, and neither damage nor a cut goes unseen.
	other, _ := keyPair(t)
	if _, err := ReadBundle(&b, identities(t, other)); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "not encrypted to this identity") {
		t.Error(err)
	}
	for _, n := range []int{0, 10, raw.Len() / 2, raw.Len() - 1} {
		flipped := bytes.Clone(raw.Bytes())
		flipped[n] ^= 1
		for _, bad := range [][]byte{raw.Bytes()[:n], flipped} {
			if got, err := ReadBundle(bytes.NewReader(bad), identities(t, key1)); err == nil {
				t.Errorf("damaged at %d: %v", n, got)
			}
		}
	}
}

func TestBundleRefuses(t *testing.T) {
	t.Parallel()
	key, to := keyPair(t)
	record, err := encodeRecord(fullRecord())
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := fullRecord()
	elsewhere.Keyring, elsewhere.Fingerprint = strings.Repeat("0a", 16), elsewhere.Secret.Fingerprint()
	noSecret, err := encodeRecord(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	nul := strings.Replace(string(record), `"secret": "`+canary, `"secret": "`+canary+`\u0000`, 1)
	nul = strings.Replace(nul, New(canary).Fingerprint(), New(canary+"\x00").Fingerprint(), 1)
	for plain, says := range map[string]string{
		`{"hookctl_bundle":1,"records":[]}`:                                     "",
		fmt.Sprintf(`{"hookctl_bundle":1,"records":[%s],"later":1}`, record):    "",
		`{"hookctl_bundle":2,"records":[]}`:                                     "version 2",
		`{"records":[]}`:                                                        `"hookctl_bundle" is missing`,
		`{"hookctl_bundle":1}`:                                                  `"records" is missing`,
		`{"hookctl_bundle":1,"records":{}}`:                                     "a list",
		`{"hookctl_bundle":1,"hookctl_bundle":1,"records":[]}`:                  "twice",
		fmt.Sprintf(`{"hookctl_bundle":1,"records":[%s,%s]}`, record, noSecret): "record 2: it has no secret",
		fmt.Sprintf(`{"hookctl_bundle":1,"records":[%s]}`, nul):                 "NUL",
		fmt.Sprintf(`{"hookctl_bundle":1,"records":[%s]}`, bytes.Replace(record, []byte(canary), []byte("changed"), 1)): "fingerprint",
		"": "object",
	} {
		got, err := ReadBundle(bytes.NewReader(asBundle(t, to, plain)), identities(t, key))
		if (err == nil) != (says == "") || err != nil && (!strings.Contains(err.Error(), says) || strings.Contains(err.Error(), canary) || fault.KindOf(err) != fault.Usage) {
			t.Errorf("%.80s: %v, %v", plain, got, err)
		}
	}
	if err := WriteBundle(new(bytes.Buffer), recipients(t, to), []Record{{Provider: "p"}}, at); err == nil {
		t.Error("a record without a secret was bundled")
	}
	if err := WriteBundle(new(bytes.Buffer), Recipients{}, nil, at); err == nil {
		t.Error("a bundle for nobody was made")
	}
	if err := WriteBundle(failingWriter{}, recipients(t, to), []Record{fullRecord()}, at); err == nil {
		t.Error("a bundle that could not be written is reported as written")
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, fmt.Errorf("no space left") }

func TestKeysRefuse(t *testing.T) {
	t.Parallel()
	key, to := keyPair(t)
	private := strings.TrimSpace(key[strings.Index(key, "AGE-"):])
	var r Recipients
	for _, bad := range []string{"", "age1", to + "x", to + "\n" + to, "ssh-ed25519 AAAA", private, strings.ToLower(private), key, "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"} {
		err := r.Add(bad)
		if fault.KindOf(err) != fault.Usage || fault.HintOf(err).String() == "" || strings.Contains(strings.ToUpper(err.Error()), "AGE-SECRET") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if len(r.list) > 0 {
		t.Error("something was added")
	}
	for _, bad := range []string{"", "# only a comment\n", to, private + "x", "age-encryption.org/v1\n", armor.Header + "\n"} {
		_, err := ParseIdentities([]byte(bad))
		if fault.KindOf(err) != fault.Usage || fault.HintOf(err).String() == "" || strings.Contains(err.Error(), private) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return at.AddDate(0, 0, n) }
	rec := func(present string, kept int, older ...any) Record {
		r := Record{Provider: "p", ID: "1"}
		if present != "" {
			r.Secret, r.CreatedAt = New(present), day(kept)
		}
		for i := 0; i < len(older); i += 2 {
			v := New(older[i].(string))
			r.Older = append(r.Older, Older{Secret: v, Fingerprint: v.Fingerprint(), KeptAt: day(older[i+1].(int))})
		}
		return r
	}
	lost := rec("a", 1)
	lost.Older = []Older{{Fingerprint: New("x").Fingerprint(), KeptAt: day(0)}, {Fingerprint: New("y").Fingerprint(), KeptAt: day(0)}}
	withX := rec("a", 1, "x", 0)
	withX.Older = append(withX.Older, lost.Older[1])
	for name, c := range map[string]struct {
		mine, from, want Record
		changed          bool
	}{
		"the same":              {rec("a", 1), rec("a", 5), rec("a", 1), false},
		"all known":             {rec("b", 2, "a", 1), rec("a", 9), rec("b", 2, "a", 1), false},
		"newer":                 {rec("a", 1), rec("b", 2), rec("b", 2, "a", 1), true},
		"older":                 {rec("b", 2), rec("a", 1), rec("b", 2, "a", 1), true},
		"of one time":           {rec("b", 2), rec("a", 2), rec("b", 2, "a", 2), true},
		"older of the newer":    {rec("a", 1), rec("c", 3, "b", 2, "a", 1), rec("c", 3, "b", 2, "a", 1), true},
		"an older one only":     {rec("c", 3), rec("c", 3, "b", 2), rec("c", 3, "b", 2), true},
		"its own older stays":   {rec("c", 3, "a", 1), rec("d", 4, "b", 2), rec("d", 4, "c", 3, "b", 2, "a", 1), true},
		"the present is lost":   {rec("", 0, "a", 1), rec("b", 2), rec("b", 2, "a", 1), true},
		"known as older, newer": {rec("b", 2, "a", 1), rec("a", 3, "z", 0), rec("b", 2, "a", 1, "z", 0), true},
		"an older one is back":  {lost, rec("a", 1, "x", 0), withX, true},
	} {
		got := c.mine
		if changed := got.Merge(c.from); changed != c.changed {
			t.Errorf("%s: changed is %v", name, changed)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got.Merge(c.from) {
			t.Errorf("%s: a second time changes something", name)
		}
	}
}

func FuzzBundle(f *testing.F) {
	f.Add([]byte(`{"hookctl_bundle":1,"records":[{"version":1,"provider":"p","id":"1","secret":"x","fingerprint":"sha256:2d711642"}]}`))
	f.Fuzz(func(t *testing.T, plain []byte) {
		records, err := decodeBundle(plain)
		if err != nil {
			return
		}
		again, err := encodeBundle(records, at)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeBundle(again)
		if diff := cmp.Diff(records, back); diff != "" || err != nil {
			t.Fatal(diff, err)
		}
	})
}
