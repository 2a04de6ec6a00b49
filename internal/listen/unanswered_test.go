package listen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/durable/durabletest"
)

// unansweredText is what the files beside an archive hold.
func unansweredText(t testing.TB, archive string) string {
	t.Helper()
	all := ""
	for _, name := range unansweredNames(archive) {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(archive), name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		all += string(b)
	}
	return all
}

// TestKeptAnswer: a delivery is durable before the handler is asked, and in the file,
// in one line with the answer, before the sender is answered.
func TestKeptAnswer(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é\x00", mostAnswer)
	a := archive(t)
	var mu sync.Mutex
	var before []string // what is durable when the handler is asked
	asked := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return before
	}
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		before = append(before, unansweredText(t, a.Path()))
		mu.Unlock()
		w.Header()["X-Two"] = []string{"a\"b", "ü"}
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		switch {
		case bytes.Contains(body, []byte("empty")):
			w.WriteHeader(http.StatusNoContent)
		case bytes.Contains(body, []byte("long")):
			_, _ = io.WriteString(w, long)
		case bytes.Contains(body, []byte("gone")):
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, "<no>\n")
		}
	}))
	defer app.Close()
	o := testOptions()
	o.Kept, o.Forward = a, forwardTo(t, app.URL, 0)
	r := start(t, o)
	for i, c := range []struct {
		kind   string
		status int
		body   string
		cut    bool
	}{
		{"contact.empty", 204, "", false},
		{"contact.long", 200, long[:mostAnswer], true},
		{"contact.wrong", 500, "<no>\n", false},
		{"contact.gone", 502, "", false},
	} {
		body := event(fmt.Sprint(i), c.kind)
		if status, _ := r.post(signed(body), body); status != c.status {
			t.Errorf("%s: answered %d", c.kind, status)
		}
		all := records(t, a.Path())
		if len(all) != i+1 || all[i] == nil || string(all[i].Body) != string(body) {
			t.Fatalf("%s: %d records", c.kind, len(all))
		}
		if n := strings.Count(content(t, a.Path()), "\n"); n != i+1 {
			t.Errorf("%s: %d lines", c.kind, n)
		}
		got, err := capture.AnswerOf(all[i])
		switch {
		case c.status == 502:
			if got != nil || err != nil {
				t.Errorf("%s: %+v, %v", c.kind, got, err)
			}
		case err != nil || got == nil || got.Status != c.status || string(got.Body) != c.body || got.Cut != c.cut || got.Milliseconds == "":
			t.Errorf("%s: %+v, %v", c.kind, got, err)
		case strings.Join(got.Header.Values("X-Two"), "|") != "a\"b|ü" || got.Header.Get("X-Hop") != "" || got.Header.Get("Connection") != "":
			t.Errorf("%s: %q", c.kind, got.Header)
		}
		if line, _, found := strings.Cut(strings.Split(content(t, a.Path()), "\n")[i], `,"answer":`); found && !strings.Contains(asked()[i], line+"}\n") {
			t.Errorf("%s: the handler was asked while this was durable: %q", c.kind, asked()[i])
		}
	}
	// A duplicate goes to no handler, and has no answer.
	body := event("0", "contact.empty")
	if status, _ := r.post(signed(body), body); status != 200 {
		t.Errorf("a duplicate: %d", status)
	}
	if all := records(t, a.Path()); len(all) != 5 || len(all[4].Answered) > 0 || len(asked()) != 4 {
		t.Errorf("%d records, %d asked", len(all), len(asked()))
	}
	r.end()
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	entries, err := os.ReadDir(filepath.Dir(a.Path()))
	if err != nil || len(entries) != 1 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// TestUnansweredFails: without room beside the archive the handler is not asked;
// without room in it the sender is not told what the handler said.
func TestUnansweredFails(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer app.Close()
	a, kept := breakable(t)
	o := testOptions()
	o.Kept, o.Forward = a, forwardTo(t, app.URL, 0)
	r := start(t, o)
	beside, raw := breakable(t)
	raw.fail(func([]byte) (int, error) { return 5, errDisk }, nil)
	whole := a.beside.files[0]
	use := func(file *Archive) {
		a.beside.mu.Lock()
		defer a.beside.mu.Unlock()
		a.beside.files[0] = file
	}
	use(beside)
	body := event("1", "contact.created")
	send := func(status int, called int64, saved int) {
		t.Helper()
		if got, _ := r.post(signed(body), body); got != status || asked.Load() != called {
			t.Errorf("answered %d, asked %d times", got, asked.Load())
		}
		if n := len(records(t, a.Path())); n != saved {
			t.Errorf("%d records", n)
		}
	}
	send(503, 0, 0)
	use(whole)
	kept.fail(func(p []byte) (int, error) { return len(p) / 2, errDisk }, nil)
	send(503, 1, 0)
	kept.fail(nil, nil)
	send(200, 2, 1) // it has not been answered with a 2xx before
	for i, d := range r.end() {
		if d.Saved != (i == 2) || (len(d.Notes) == 1) != (i < 2) {
			t.Errorf("%d: %+v", i, d)
		}
	}
	if r.summary.NotSaved != 2 || r.summary.Saved != 1 {
		t.Errorf("%+v", r.summary)
	}
}

// TestUnansweredIsSmall: deliveries that overlap for ever do not fill the disk.
func TestUnansweredIsSmall(t *testing.T) {
	t.Parallel()
	a := archive(t)
	if err := a.holdUnanswered(); err != nil {
		t.Fatal(err)
	}
	record := bytes.Repeat([]byte("x"), 1<<20)
	release := func() {}
	most := 0
	for range 60 {
		answered, err := a.hold(record)
		if err != nil {
			t.Fatal(err)
		}
		release()
		release = answered
		most = max(most, len(unansweredText(t, a.Path())))
	}
	release()
	if most > 2*mostUnanswered+4<<20 {
		t.Errorf("%d bytes for one delivery at a time", most)
	}
}

// TestAdopt: what a killed listener has left is in the file once, whether it was
// answered or not.
func TestAdopt(t *testing.T) {
	t.Parallel()
	record := func(n int, header, value string) string {
		return string(capture.AppendRecord(nil, capture.Record{ReceivedAt: time.Date(2026, 5, n, 14, 30, 1, 0, time.UTC), Method: "POST", URL: `/,"answer":{`,
			Header: map[string][]string{header: {value}}, Body: []byte(`,"answer":{`)}))
	}
	with := func(record string) string {
		return string(capture.AppendAnswer([]byte(record), &capture.Answer{Status: 200, Body: []byte(`,"answer":{`), Milliseconds: "1.5"}))
	}
	one, two, same := record(1, "answer", `,"answer":{`), record(2, "A", "b"), record(2, "A", "c")
	for name, c := range map[string]struct {
		kept  []string
		left  [2][]string
		torn  string
		added []string
		says  string
	}{
		"nothing":            {kept: []string{one}},
		"not there":          {kept: []string{one}, left: [2][]string{{two}}, added: []string{two}, says: "worked on 1 delivery: appended"},
		"no file at all":     {left: [2][]string{{two}, {one}}, added: []string{two, one}, says: "worked on 2 deliveries: appended"},
		"there":              {kept: []string{one, two}, left: [2][]string{{two, one}}},
		"answered":           {kept: []string{with(one), with(two)}, left: [2][]string{{two}, {one}}},
		"at the same moment": {kept: []string{with(two)}, left: [2][]string{{two, same}}, added: []string{same}, says: "worked on 1 delivery"},
		"twice":              {kept: []string{with(two)}, left: [2][]string{{two}, {two}}, added: []string{two}, says: "worked on 1 delivery"},
		"torn":               {kept: []string{one}, left: [2][]string{{two}}, torn: same[:len(same)-1], added: []string{two}, says: "while it wrote 1 delivery"},
		"whole but the end":  {kept: []string{one}, torn: two, added: []string{two}, says: "worked on 1 delivery"},
		"zeros":              {kept: []string{one}, torn: "\x00\x00\x00", says: "while it wrote 1 delivery"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "deliveries.ndjson")
			file := func(lines []string) []byte {
				text := ""
				for _, l := range lines {
					text += l + "\n"
				}
				return []byte(text)
			}
			var err error
			if c.kept != nil {
				err = os.WriteFile(path, file(c.kept), 0o600)
			}
			for i, name := range unansweredNames(path) {
				text := file(c.left[i])
				if i == 1 {
					text = append(text, c.torn...)
				}
				err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), text, 0o600))
			}
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for range 2 { // the second time there is nothing to do
				a, err := OpenArchive(nil, dir, "deliveries.ndjson", 0, func(line string) { said = append(said, line) })
				if err != nil {
					t.Fatal(err)
				}
				if err := a.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(file(append(c.kept, c.added...))), content(t, path)); diff != "" {
				t.Error(diff)
			}
			if text := strings.Join(said, "\n"); !strings.Contains(text, c.says) || c.says == "" && text != "" || strings.Count(text, "appended to") > 1 {
				t.Errorf("said %q", said)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
				t.Errorf("left: %v, %v", entries, err)
			}
		})
	}
}

// held marks a record that hold has made durable, and asked that the handler
// may be asked about it.
type held int

// recordAnswers asks a handler about some deliveries, which overlap, and gets some
// answers.
func recordAnswers(t *testing.T) (*durabletest.Recording, string) {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "kept")
	rec, err := durabletest.Record(root)
	if err != nil {
		t.Fatal(err)
	}
	a, err := OpenArchive(rec.Calls(), dir, "d.ndjson", 0, nil)
	if err == nil {
		err = a.holdUnanswered()
	}
	if err != nil {
		t.Fatal(err)
	}
	answered := map[int]func(){}
	hold := func(n int) {
		end, err := a.hold(line(n))
		if err != nil {
			t.Fatal(err)
		}
		answered[n] = end
		rec.Mark(held(n))
	}
	answer := func(n int) {
		if _, err := a.Append(answeredLine(n)); err != nil {
			t.Fatal(err)
		}
		answered[n]()
		rec.Mark(acknowledged(n))
	}
	hold(1)
	hold(2)
	answer(1)
	hold(3)
	answer(3)
	answer(2) // nothing is in flight
	hold(4)
	answer(4)
	hold(5)
	if err := errors.Join(a.f.Close(), a.beside.files[0].f.Close(), a.beside.files[1].f.Close()); err != nil { // as a kill does
		t.Fatal(err)
	}
	return rec, dir
}

func answeredLine(n int) []byte {
	return capture.AppendAnswer(line(n), &capture.Answer{Status: 200, Milliseconds: "1"})
}

// afterAnswers opens the archive again, and says what does not hold.
func afterAnswers(dir string, x durabletest.Crash) error {
	a, err := OpenArchive(durabletest.Quick(), dir, "d.ndjson", 0, nil)
	if err == nil {
		err = a.Close()
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(a.Path())
	if err != nil {
		return err
	}
	for _, m := range x.Marks() {
		switch n := m.(type) {
		case held:
			plain, answered := bytes.Count(text, append(line(int(n)), '\n')), bytes.Count(text, answeredLine(int(n)))
			if plain+answered != 1 {
				return fmt.Errorf("the handler was asked about %d, which is there %d times: %q", n, plain+answered, text)
			}
		case acknowledged:
			if !bytes.Contains(text, answeredLine(int(n))) {
				return fmt.Errorf("%d was acknowledged, and its answer is not there: %q", n, text)
			}
		}
	}
	return nil
}

func TestUnansweredCrashes(t *testing.T) {
	t.Parallel()
	rec, dir := recordAnswers(t)
	n, err := rec.Each(durabletest.Crashes{}, func(x durabletest.Crash) bool {
		err := afterAnswers(dir, x)
		if err != nil {
			t.Errorf("%v\n%s", err, x)
		}
		return err == nil
	})
	if err != nil || n < 30 {
		t.Errorf("%d crashes, %v", n, err)
	}
}

// TestUnansweredSyncs: without its sync, what the handler was asked about is lost.
func TestUnansweredSyncs(t *testing.T) {
	t.Parallel()
	rec, dir := recordAnswers(t)
	for _, kind := range []durabletest.Kind{durabletest.Sync, durabletest.SyncDir} {
		lost := func(o durabletest.Op) bool {
			return o.Kind == kind && (strings.Contains(o.Path, "unanswered") || strings.Contains(o.Site, "holdUnanswered"))
		}
		found := false
		_, err := rec.Each(durabletest.Crashes{Backwards: true, Lost: lost}, func(x durabletest.Crash) bool {
			found = afterAnswers(dir, x) != nil
			return !found
		})
		if err != nil || !found {
			t.Errorf("without a %s nothing is lost, %v", kind, err)
		}
	}
}

// TestUnansweredTogether: deliveries that are asked about at the same time.
func TestUnansweredTogether(t *testing.T) {
	t.Parallel()
	a := archive(t)
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer app.Close()
	o := testOptions()
	o.Kept, o.Forward = a, forwardTo(t, app.URL, 0)
	r := start(t, o)
	const senders, each = 8, 20
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				body := event(fmt.Sprintf("%d-%d", s, i), "contact.created")
				if status, _ := r.post(signed(body), body); status != 200 {
					t.Errorf("answered %d", status)
				}
			}
		})
	}
	wg.Wait()
	r.end()
	for end := time.Now().Add(20 * time.Second); unansweredText(t, a.Path()) != ""; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing is in flight, and something is left")
		}
	}
	all := records(t, a.Path())
	ids := map[string]bool{}
	for _, one := range all {
		if one == nil || len(one.Answered) == 0 {
			t.Fatal("a record without an answer")
		}
		ids[string(one.Body)] = true
	}
	if len(all) != senders*each || len(ids) != senders*each {
		t.Errorf("%d records of %d deliveries", len(all), len(ids))
	}
}
