package secret

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const answerHead = "HTTP/1.1 201 Created\r\nContent-Length: 60\r\n\r\n"

func sealedJournal(t testing.TB, ring Keyring) (*Journal, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cfg")
	return ringDir(t, dir, InKeyring, ring).OpenJournal(filepath.Join(dir, "journal")), dir
}

// At no step of an operation is a byte of the answer on the disk as it came.
func TestSealedEntry(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ring := newFakeRing()
	j, dir := sealedJournal(t, ring)
	hidden := func(step string) {
		t.Helper()
		for _, text := range []string{canary, "201 Created"} {
			if found := onDisk(t, dir, text); found != nil {
				t.Errorf("%s: %q is in %s", step, text, found)
			}
		}
	}
	e := begin(t, j, fullIntent(), 1000)
	if len(ring.items) != 1 {
		t.Fatal(ring.items)
	}
	for _, part := range []string{answerHead, `{"secret":"` + canary[:5], canary[5:], `"}`} {
		if n, err := e.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
		hidden("written")
	}
	want := answerHead + `{"secret":"` + canary + `"}`
	if got := string(e.Answer()); got != want {
		t.Errorf("%q", got)
	}
	if err := errors.Join(e.Sync(), e.Phase(Phase{Name: "kept", ID: "1"})); err != nil {
		t.Fatal(err)
	}
	hidden("kept")
	all, problems, err := j.List(ctx)
	if err != nil || len(problems) > 0 || len(all) != 1 || !all[0].Sealed || all[0].Answer != nil || !all[0].Live {
		t.Errorf("%+v %v %v", all, problems, err)
	}
	if err := e.Release(); err != nil {
		t.Fatal(err)
	}
	hidden("left")

	// Another process, of the other setting, opens it with the keyring.
	other := ringDir(t, dir, InFile, ring).OpenJournal(filepath.Join(dir, "journal"))
	e, p, err := other.Claim(ctx, e.ID())
	if err != nil || string(p.Answer) != want || p.AnswerErr != nil || !p.Sealed || len(p.Phases) != 1 || string(e.Answer()) != want {
		t.Fatalf("%+v %v", p, err)
	}
	hidden("claimed")
	if err := e.Remove(); err != nil || len(ring.items) > 0 {
		t.Errorf("the key stays: %v %v", err, ring.items)
	}
}

// The second answer of one entry does not repeat what the first was sealed with.
func TestSealedReset(t *testing.T) {
	t.Parallel()
	j, _ := sealedJournal(t, newFakeRing())
	e := begin(t, j, fullIntent(), 1000)
	frames := func() []byte {
		t.Helper()
		data, err := os.ReadFile(e.Path())
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Clone(wholeFrames(data[e.head.offset:]))
	}
	if _, err := e.Write([]byte("the first answer, refused")); err != nil {
		t.Fatal(err)
	}
	first := frames()
	if err := e.Reset(); err != nil || len(frames()) != 0 || len(e.Answer()) != 0 {
		t.Fatal(err)
	}
	if _, err := e.Write([]byte("the first answer, refused")); err != nil {
		t.Fatal(err)
	}
	if again := frames(); bytes.Equal(first, again) || len(first) != len(again) || bytes.Equal(first[:16], again[:16]) {
		t.Error("sealed twice with one nonce")
	}
	if got := string(e.Answer()); got != "the first answer, refused" {
		t.Errorf("%q", got)
	}
	if err := e.Remove(); err != nil {
		t.Error(err)
	}
}

func TestSealedRoom(t *testing.T) {
	t.Parallel()
	j, _ := sealedJournal(t, newFakeRing())
	e := begin(t, j, fullIntent(), 100)
	text := []byte(strings.Repeat("x", 300))
	n, err := e.Write(text)
	if !errors.Is(err, ErrAnswerRoom) || n != 100*sealedRoom-frameOverhead {
		t.Error(n, err)
	}
	if n, err := e.Write(text); !errors.Is(err, ErrAnswerRoom) || n != 0 {
		t.Error(n, err)
	}
	if n, err := e.Write(nil); n != 0 || err != nil {
		t.Error(n, err)
	}
	if got := e.Answer(); !bytes.Equal(got, text[:100*sealedRoom-frameOverhead]) {
		t.Errorf("%q", got)
	}
	// An answer byte by byte, as long as it may be in short.
	e = begin(t, j, fullIntent(), 320<<10)
	long := []byte(strings.Repeat("slow", 4<<10))
	for i := range long {
		if _, err := e.Write(long[i : i+1]); err != nil {
			t.Fatal(i, err)
		}
	}
	if !bytes.Equal(e.Answer(), long) {
		t.Error("it reads back differently")
	}
}

// A frame that is torn or changed takes nothing with it but what comes after.
func TestSealedTorn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ring := newFakeRing()
	j, _ := sealedJournal(t, ring)
	e := begin(t, j, fullIntent(), 200)
	parts := []string{answerHead, `{"secret":"`, canary}
	var ends []int // of frames
	for _, part := range parts {
		if _, err := e.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, int(e.written))
	}
	if err := e.Release(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(e.Path())
	if err != nil {
		t.Fatal(err)
	}
	offset := int(e.head.offset)
	check := func(what string, at int, data []byte) {
		t.Helper()
		if err := os.WriteFile(e.Path(), data, 0o600); err != nil {
			t.Fatal(err)
		}
		want := ""
		for i, end := range ends {
			// A byte of a tag that is zero anyway is not missed.
			if bytes.Equal(data[:offset+end], whole[:offset+end]) {
				want += parts[i]
			}
		}
		e, p, err := j.Claim(ctx, e.ID())
		if err != nil || string(p.Answer) != want || p.AnswerErr != nil {
			t.Fatalf("%s at %d: %q, want %q (%v)", what, at, p.Answer, want, err)
		}
		if err := e.Release(); err != nil {
			t.Fatal(err)
		}
	}
	for at := 0; at <= ends[2]; at++ {
		torn := bytes.Clone(whole)
		clear(torn[offset+at:])
		check("torn", at, torn)
		if at < ends[2] {
			flipped := bytes.Clone(whole)
			flipped[offset+at] ^= 1
			check("flipped", at, flipped)
		}
	}
	// No frame stands in another's place.
	swapped := bytes.Clone(whole)
	copy(swapped[offset:], whole[offset+ends[0]:offset+ends[1]])
	check("swapped", 0, swapped)
}

func TestSealedWithoutKey(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ring := newFakeRing()
	j, _ := sealedJournal(t, ring)
	e := begin(t, j, fullIntent(), 100)
	if _, err := e.Write([]byte(canary)); err != nil {
		t.Fatal(err)
	}
	if err := e.Release(); err != nil {
		t.Fatal(err)
	}
	ring.err = errors.New("locked")
	e, p, err := j.Claim(ctx, e.ID())
	if err != nil || p.AnswerErr == nil || errors.Is(p.AnswerErr, ErrLost) || p.Answer != nil || e.Answer() != nil {
		t.Fatal(p, err)
	}
	if _, err := e.Write([]byte("x")); err == nil {
		t.Error("something was written without a key")
	}
	want := fullIntent()
	want.ID = e.ID()
	if diff := cmp.Diff(want, p.Intent); diff != "" {
		t.Error(diff)
	}
	if err := e.Release(); err != nil {
		t.Fatal(err)
	}
	ring.err = nil
	for name, spoil := range map[string]func(string){
		"gone":  func(item string) { delete(ring.items, item) },
		"short": func(item string) { ring.items[item] = "abcd" },
		"other": func(item string) { ring.items[item] = newSealKey().Reveal() },
	} {
		item := keyItem(j.namespace, e.ID())
		good := ring.items[item]
		spoil(item)
		got, p, err := j.Claim(ctx, e.ID())
		if err != nil || len(p.Answer) > 0 || (name != "other") != (p.AnswerErr != nil) || errors.Is(p.AnswerErr, ErrLost) != (name == "gone") {
			t.Errorf("%s: %+v %v", name, p, err)
		}
		if err := got.Release(); err != nil {
			t.Fatal(err)
		}
		ring.items[item] = good
	}
	e, p, err = j.Claim(ctx, e.ID())
	if err != nil || string(p.Answer) != canary {
		t.Fatal(p, err)
	}
	if err := e.Remove(); err != nil {
		t.Error(err)
	}
}

// A begin that fails leaves no key behind.
func TestSealedBeginFails(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, dir string, f *failNth) {
		ring := newFakeRing()
		j := ringDir(t, dir, InKeyring, ring).OpenJournal(filepath.Join(dir, "journal"))
		j.sys = f.calls()
		e, err := j.Begin(context.Background(), fullIntent(), 100)
		if err != nil && len(ring.items) > 0 {
			t.Errorf("%s failed: %v stays", f.failed, ring.items)
		}
		if err == nil {
			if err := e.Remove(); err != nil && f.failed == "" {
				t.Error(err)
			}
		}
	})
}
