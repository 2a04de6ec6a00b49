package secret

import (
	"bytes"
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

func testJournal(t testing.TB) *Journal {
	return OpenFileStore("", FileStoreOptions{}).OpenJournal(filepath.Join(t.TempDir(), "cfg", "journal"))
}

func fullIntent() Intent {
	return Intent{
		Operation: "create", Provider: "zyntro", Profile: "default", Origin: "https://api.example",
		Name: "caf\xe9\n", URL: "https://example.com/?a&b", Events: []string{"a", "\xff"}, StartedAt: at,
		Account: "0a1b2c3d", PID: 42, Host: "host", Replaces: &Ref{"zyntro", "\xfe"}, Overlap: true, Sinks: []string{"dotenv:.env:X"},
	}
}

func begin(t testing.TB, j *Journal, in Intent, room int64) *Entry {
	t.Helper()
	e, err := j.Begin(context.Background(), in, room)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Release() }) // for Windows, where an open file stays
	return e
}

func TestEntryLifeCycle(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	j := testJournal(t)
	if all, ps, err := j.List(ctx); len(all)+len(ps) > 0 || err != nil {
		t.Error(all, ps, err)
	}
	if _, _, err := j.Claim(ctx, durable.RandomID()); !errors.Is(err, ErrNotFound) {
		t.Errorf("Claim in an empty journal: %v", err)
	}
	e := begin(t, j, fullIntent(), 64<<10)
	if e.Path() != j.entryPath(e.ID()) || filepath.Dir(e.Path()) != j.dir || !durable.IsID(e.ID()) {
		t.Errorf("%q %q", e.Path(), e.ID())
	}
	phases := []Phase{{Name: "sent", At: at}, {Name: "answered", At: at, ID: "\xffid", Status: 201, Detail: "d\n"}}
	answer := "HTTP/1.1 201 Created\r\n\r\n{\"secret\":\"\x00" + canary + "\"}"
	for i, p := range phases {
		if err := e.Phase(p); err != nil {
			t.Fatal(err)
		}
		half := answer[i*20:]
		if i == 0 {
			half = answer[:20]
		}
		if n, err := e.Write([]byte(half)); n != len(half) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := e.Sync(); err != nil {
		t.Error(err)
	}
	in := fullIntent()
	in.ID = e.ID()
	want := OpenOperation{Intent: in, Phases: phases, Answer: []byte(answer), Live: true, Path: e.Path()}
	all, problems, err := j.List(ctx)
	if diff := cmp.Diff([]OpenOperation{want}, all); diff != "" || len(problems) > 0 || err != nil {
		t.Error(diff, problems, err)
	}
	if string(e.Answer()) != answer {
		t.Errorf("%q", e.Answer())
	}
	_, _, err = j.Claim(ctx, e.ID())
	if !errors.Is(err, ErrLive) || fault.HintOf(err).String() == "" {
		t.Errorf("Claim of a live entry: %v", err)
	}
	if err := errors.Join(e.Release(), e.Release()); err != nil {
		t.Error(err)
	}
	if _, err := e.Write([]byte("x")); err == nil {
		t.Error("Write after Release")
	}
	if err := e.Phase(Phase{Name: "x"}); err == nil {
		t.Error("Phase after Release")
	}
	if err := e.Remove(); err == nil {
		t.Error("Remove after Release")
	}
	want.Live = false
	all, _, err = j.List(ctx)
	if diff := cmp.Diff([]OpenOperation{want}, all); diff != "" || err != nil {
		t.Error(diff, err)
	}
	e, got, err := j.Claim(ctx, e.ID())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Fatal(diff, err)
	}
	if string(e.Answer()) != answer {
		t.Errorf("%q", e.Answer())
	}
	if _, _, err := j.Claim(ctx, e.ID()); !errors.Is(err, ErrLive) {
		t.Errorf("second Claim: %v", err)
	}
	// A claimed entry goes on where it stood.
	if err := e.Phase(Phase{Name: "kept"}); err != nil {
		t.Error(err)
	}
	if _, err := e.Write([]byte("!")); err != nil {
		t.Error(err)
	}
	all, _, err = j.List(ctx)
	if err != nil || len(all) != 1 || len(all[0].Phases) != 3 || string(all[0].Answer) != answer+"!" {
		t.Error(all, err)
	}
	if err := errors.Join(e.Remove(), e.Remove(), e.Release()); err != nil {
		t.Error(err)
	}
	if _, _, err := j.Claim(ctx, e.ID()); !errors.Is(err, ErrNotFound) {
		t.Errorf("Claim after Remove: %v", err)
	}
	if left, err := os.ReadDir(j.dir); len(left) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestEntryFile pins what a person finds in an entry.
func TestEntryFile(t *testing.T) {
	t.Parallel()
	j := testJournal(t)
	in := Intent{ID: strings.Repeat("0a", 16), Operation: "create", Provider: "zyntro", Name: "N", StartedAt: at, PID: 1, Host: "h"}
	e := begin(t, j, in, 10_000)
	if err := e.Phase(Phase{Name: "sent", At: at}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Write([]byte("HTTP/1.1 201")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(e.Path())
	if err != nil {
		t.Fatal(err)
	}
	head, answer := data[:20480], data[20480:]
	want := `{"hookctl_journal":1,"answer_offset":20480,"answer_room":10000}
{"id":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","operation":"create","provider":"zyntro","profile":"","origin":"","name":"N","url":"","events":[],"started_at":"2026-05-17T14:30:01.123456789Z","pid":1,"host":"h"}
{"phase":"sent","at":"2026-05-17T14:30:01.123456789Z"}
`
	if diff := cmp.Diff(want+strings.Repeat(" ", 20479-len(want))+"\n", string(head)); diff != "" {
		t.Error(diff)
	}
	if string(answer) != "HTTP/1.1 201"+strings.Repeat("\x00", 10_000-12) {
		t.Errorf("answer area: %d bytes, %.20q", len(answer), answer)
	}
	if err := e.Release(); err != nil {
		t.Error(err)
	}
}

func TestBeginRefuses(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	j := testJournal(t)
	for name, c := range map[string]struct {
		in   Intent
		room int64
	}{
		"id is a path": {Intent{ID: "../../x"}, 1},
		"upper case":   {Intent{ID: strings.Repeat("A", 32)}, 1},
		"negative":     {Intent{}, -1},
		"too much":     {Intent{}, maxAnswer + 1},
		"huge intent":  {Intent{Name: strings.Repeat("x", maxIntent)}, 1},
	} {
		if _, err := j.Begin(ctx, c.in, c.room); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	e := begin(t, j, Intent{Operation: "create"}, 0)
	if _, err := j.Begin(ctx, Intent{ID: e.ID()}, 0); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the same id again: %v", err)
	}
	if all, _, err := j.List(ctx); len(all) != 1 || !all[0].Live || err != nil || all[0].Intent.PID != os.Getpid() {
		t.Error(all, err)
	}
	if err := e.Remove(); err != nil {
		t.Error(err)
	}
	cancel()
	if _, err := j.Begin(ctx, Intent{}, 0); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAnswerRoom(t *testing.T) {
	t.Parallel()
	j := testJournal(t)
	e := begin(t, j, Intent{Operation: "create"}, 10)
	for _, c := range []struct {
		in   string
		n    int
		err  error
		kept string
	}{
		{"", 0, nil, ""},
		{"1234567", 7, nil, "1234567"},
		{"890ab", 3, ErrAnswerRoom, "1234567890"},
		{"c", 0, ErrAnswerRoom, "1234567890"},
	} {
		if n, err := e.Write([]byte(c.in)); n != c.n || !errors.Is(err, c.err) {
			t.Errorf("%q: %d, %v", c.in, n, err)
		}
		if got := e.Answer(); string(got) != c.kept {
			t.Errorf("%q: kept %q", c.in, got)
		}
	}
	if err := errors.Join(e.Reset(), e.Reset()); err != nil {
		t.Error(err)
	}
	if _, err := e.Write([]byte("new")); err != nil {
		t.Error(err)
	}
	if err := e.Release(); err != nil {
		t.Error(err)
	}
	all, _, err := j.List(context.Background())
	if err != nil || len(all) != 1 || string(all[0].Answer) != "new" {
		t.Error(all, err)
	}
}

func TestPhaseRoom(t *testing.T) {
	t.Parallel()
	j := testJournal(t)
	e := begin(t, j, fullIntent(), 10)
	if _, err := e.Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	p, n := Phase{Name: "sent", At: at, Detail: strings.Repeat("d", 900)}, 0
	for ; n < 1000; n++ {
		if err := e.Phase(p); err != nil {
			break
		}
	}
	if n < phaseRoom/1000 || n > 30 {
		t.Errorf("%d phases fitted", n)
	}
	if err := e.Phase(Phase{Name: "s"}); err != nil {
		t.Errorf("a short one after one that did not fit: %v", err)
	}
	all, problems, err := j.List(context.Background())
	if err != nil || len(problems) > 0 || len(all) != 1 || len(all[0].Phases) != n+1 || string(all[0].Answer) != "answer" {
		t.Error(problems, err)
	}
	if err := e.Remove(); err != nil {
		t.Error(err)
	}
}

// TestWriteDuringPhase: the connection's goroutine and the caller's.
func TestWriteDuringPhase(t *testing.T) {
	t.Parallel()
	j := testJournal(t)
	e := begin(t, j, fullIntent(), 100_000)
	var want []byte
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 500 {
			part := fmt.Appendf(nil, "part %d\n", i)
			want = append(want, part...)
			if _, err := e.Write(part); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for range 50 {
			if err := e.Phase(Phase{Name: "sent", At: at}); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for range 50 {
			all, problems, err := j.List(context.Background())
			if len(all) != 1 || len(problems) > 0 || err != nil {
				t.Error(all, problems, err)
			}
			_ = e.Answer()
		}
	})
	wg.Wait()
	if err := e.Release(); err != nil {
		t.Error(err)
	}
	all, _, err := j.List(context.Background())
	if err != nil || !bytes.Equal(all[0].Answer, want) || len(all[0].Phases) != 50 {
		t.Error(err)
	}
}

// TestOneClaimWins: of many that claim a dead entry while others look, exactly
// one gets it, and it is never taken for live by those that only met a looker.
func TestOneClaimWins(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	j := testJournal(t)
	e := begin(t, j, fullIntent(), 100)
	if err := e.Release(); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var lookers, claimers sync.WaitGroup
	for range 4 {
		lookers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if _, _, err := j.List(ctx); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for range 20 {
		e, _, err := j.Claim(ctx, e.ID())
		if err != nil {
			t.Fatalf("a looker kept Claim away: %v", err)
		}
		if err := e.Release(); err != nil {
			t.Error(err)
		}
	}
	var mu sync.Mutex
	won := 0
	for range 8 {
		claimers.Go(func() {
			mine, _, err := j.Claim(ctx, e.ID())
			switch {
			case err == nil:
				mu.Lock()
				won++
				mu.Unlock()
				if err := mine.Remove(); err != nil {
					t.Error(err)
				}
			case !errors.Is(err, ErrLive) && !errors.Is(err, ErrNotFound):
				t.Error(err)
			}
		})
	}
	claimers.Wait()
	close(stop)
	lookers.Wait()
	if won != 1 {
		t.Errorf("%d won", won)
	}
	if left, err := os.ReadDir(j.dir); len(left) > 0 || err != nil {
		t.Error(left, err)
	}
}

func TestListOrder(t *testing.T) {
	t.Parallel()
	j := testJournal(t)
	var want []string
	for i := range 5 {
		e := begin(t, j, Intent{Operation: "create", StartedAt: at.Add(time.Duration(-i) * time.Second)}, 1)
		want = append([]string{e.ID()}, want...)
		if err := e.Release(); err != nil {
			t.Fatal(err)
		}
	}
	all, _, err := j.List(context.Background())
	var got []string
	for _, p := range all {
		got = append(got, p.Intent.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := j.List(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestEntryGarbage(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, change := range map[string]func(s string) string{
		"empty":          func(string) string { return "" },
		"NULs":           func(s string) string { return strings.Repeat("\x00", len(s)) },
		"text":           func(string) string { return "hello\n" },
		"one byte short": func(s string) string { return s[:len(s)-1] },
		"one byte more":  func(s string) string { return s + "x" },
		"head only":      func(s string) string { return s[:4096] },
		"newer version":  func(s string) string { return strings.Replace(s, `journal":1`, `journal":2`, 1) },
		"huge offset":    func(s string) string { return strings.Replace(s, `offset":20480`, `offset":1<<60`, 1) },
		"big offset":     func(s string) string { return strings.Replace(s, `offset":20480`, `offset":9223372036854775807`, 1) },
		"small offset":   func(s string) string { return strings.Replace(s, `offset":20480`, `offset":0`, 1) },
		"negative room":  func(s string) string { return strings.Replace(s, `room":100`, `room":-1`, 1) },
		"no intent":      func(s string) string { return strings.Replace(s, `"operation"`, `"operating"`, 1) },
		"other id":       func(s string) string { return strings.Replace(s, `"id":"`, `"id":"0`, 1)[:len(s)] },
		"bad phase":      func(s string) string { return strings.Replace(s, `{"phase"`, `{'phase"`, 1) },
		"no phase name":  func(s string) string { return strings.Replace(s, `{"phase"`, `{"phace"`, 1) },
		"no head end":    func(s string) string { return s[:20479] + " " + s[20480:] },
		"no lines":       func(s string) string { return strings.ReplaceAll(s[:20480], "\n", " ") + s[20480:] },
		"one line": func(s string) string {
			i := strings.IndexByte(s, '\n') + 1
			return s[:i] + strings.Repeat("\n", 20480-i) + s[20480:]
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := testJournal(t)
			good, bad := begin(t, j, fullIntent(), 100), begin(t, j, fullIntent(), 100)
			if err := errors.Join(bad.Phase(Phase{Name: "sent"}), good.Release(), bad.Release()); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(bad.Path())
			if err != nil {
				t.Fatal(err)
			}
			changed := change(string(data))
			if changed == string(data) {
				t.Fatal("the test changed nothing")
			}
			if err := os.WriteFile(bad.Path(), []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			all, problems, err := j.List(ctx)
			if len(all) != 1 || all[0].Intent.ID != good.ID() || err != nil {
				t.Errorf("List: %v, %v", all, err)
			}
			if len(problems) != 1 || problems[0].Path != bad.Path() || !strings.Contains(problems[0].Err.Error(), bad.Path()) {
				t.Errorf("problems: %v", problems)
			}
			if _, _, err := j.Claim(ctx, bad.ID()); err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrLive) {
				t.Errorf("Claim: %v", err)
			}
			if after, err := os.ReadFile(bad.Path()); string(after) != changed || err != nil {
				t.Errorf("the file was changed: %v", err)
			}
			e := begin(t, j, fullIntent(), 100) // nobody is kept from creating
			if err := e.Remove(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRenamedEntries: a copy is reported, other files are left alone.
func TestRenamedEntries(t *testing.T) {
	t.Parallel()
	j := testJournal(t)
	e := begin(t, j, fullIntent(), 100)
	data, err := os.ReadFile(e.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"copy.op", durable.RandomID() + ".op", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(j.dir, n), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, problems, err := j.List(context.Background())
	if len(all) != 1 || len(problems) != 2 || err != nil {
		t.Error(all, problems, err)
	}
	if err := e.Release(); err != nil {
		t.Error(err)
	}
}

// TestEntryBitFlips: damage anywhere is an error or a plausible entry, never a
// panic, and never another entry's id unnoticed.
func TestEntryBitFlips(t *testing.T) {
	t.Parallel()
	j := testJournal(t)
	e := begin(t, j, fullIntent(), 50)
	if err := errors.Join(e.Phase(Phase{Name: "sent"}), e.Phase(Phase{Name: "answered", ID: "x"}), e.Release()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(e.Path())
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.IndexByte(data, ' ') + 1 // the padding is all alike
	for i := range text {
		for bit := range 8 {
			data[i] ^= 1 << bit
			p, head, err := decodeEntry(data)
			if err == nil && (head.offset != 20480 || head.room != 50 || len(p.Phases) > 2 || head.used > head.offset) {
				t.Errorf("bit %d of byte %d: %+v", bit, i, head)
			}
			data[i] ^= 1 << bit
		}
	}
	for n := range len(data) {
		if n > text && n < 20400 {
			continue
		}
		if _, _, err := decodeEntry(data[:n]); err == nil {
			t.Errorf("%d bytes: accepted", n)
		}
	}
}

func TestSweepLocks(t *testing.T) {
	t.Parallel()
	j := testJournal(t)
	kept := begin(t, j, fullIntent(), 1)
	if err := kept.Release(); err != nil {
		t.Fatal(err)
	}
	held := begin(t, j, fullIntent(), 1)
	old := time.Now().Add(-25 * time.Hour)
	names := map[string]bool{ // name: is left
		kept.ID() + lockSuffix:                    true,
		held.ID() + lockSuffix:                    true,
		durable.RandomID() + lockSuffix:           false,
		"x" + lockSuffix:                          true,
		".hookctl-" + durable.RandomID() + ".tmp": false,
		strings.Repeat("f", 32) + ".lock":         true, // a young one
	}
	for n := range names {
		p := filepath.Join(j.dir, n)
		f, err := os.OpenFile(p, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if n[0] != 'f' || n != strings.Repeat("f", 32)+".lock" {
			if err := os.Chtimes(p, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := begin(t, j, fullIntent(), 1).Remove(); err != nil {
		t.Fatal(err)
	}
	for n, want := range names {
		if _, err := os.Lstat(filepath.Join(j.dir, n)); (err == nil) != want {
			t.Errorf("%s: left %v, want %v", n, err == nil, want)
		}
	}
	// A missing lock file means dead, and Claim makes it anew.
	if err := os.Remove(j.lockPath(kept.ID())); err != nil {
		t.Fatal(err)
	}
	all, _, err := j.List(context.Background())
	if err != nil || len(all) != 2 || all[0].Live == all[1].Live {
		t.Error(all, err)
	}
	e, _, err := j.Claim(context.Background(), kept.ID())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(e.Remove(), held.Remove()); err != nil {
		t.Error(err)
	}
}

// TestManyStaleEntries: a full journal is listed whole.
func TestManyStaleEntries(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 130 MB")
	}
	t.Parallel()
	j := testJournal(t)
	first := begin(t, j, fullIntent(), 256<<10)
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(first.Path())
	if err != nil {
		t.Fatal(err)
	}
	n := 200
	if os.Getenv("HOOKCTL_TEST_FULL") == "1" {
		n = 500
	}
	for range n - 1 {
		id := durable.RandomID()
		if err := os.WriteFile(j.entryPath(id), bytes.Replace(data, []byte(first.ID()), []byte(id), 1), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, problems, err := j.List(context.Background())
	if len(all) != n || len(problems) > 0 || err != nil {
		t.Fatal(len(all), problems, err)
	}
}
