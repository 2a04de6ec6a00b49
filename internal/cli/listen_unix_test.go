//go:build unix

package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests of this file run the built program, and end it from outside.

// listenProgram is a running `hookctl listen`.
type listenProgram struct {
	cmd  *exec.Cmd
	addr string
	errs bytes.Buffer
}

const listenSecret = "8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d"

func startListenProgram(t *testing.T, dir string, args ...string) *listenProgram {
	t.Helper()
	urlFile := filepath.Join(t.TempDir(), "url.txt")
	p := &listenProgram{cmd: exec.Command("hookctl", append([]string{"listen", "--url-file", urlFile, "--secret-env", "HOOK_SECRET", "-o", "ndjson"}, args...)...)}
	p.cmd.Env = append(os.Environ(), "HOOKCTL_CONFIG_DIR="+filepath.Join(dir, "config"), "HOOK_SECRET="+listenSecret, "GORACE=atexit_sleep_ms=0")
	p.cmd.Stderr = &p.errs
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if text, err := os.ReadFile(urlFile); err == nil {
			p.addr = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(text)), "http://"), "/")
			return p
		}
	}
	t.Fatalf("it does not start: %s", p.errs.String())
	return nil
}

// senders are connections that send deliveries for as long as they are answered.
type senders struct {
	wg  sync.WaitGroup
	mu  sync.Mutex
	ids []string // acknowledged
	odd []string // what went wrong in another way than by the end of the listener
	cut int      // senders whose last delivery was not answered
}

func startSenders(t *testing.T, addr, prefix string, n int) *senders {
	t.Helper()
	s := &senders{}
	for i := range n {
		s.wg.Go(func() { s.send(t, addr, fmt.Sprintf("%s-%d", prefix, i)) })
	}
	return s
}

func (s *senders) send(t *testing.T, addr, prefix string) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer c.Close()
	in := bufio.NewReader(c)
	last := time.Now() // when the listener had nothing to wait for but this sender
	for i := 0; ; i++ {
		id := fmt.Sprintf("%s-%d", prefix, i)
		header, body := signedDelivery(t, listenSecret, id, "contact.created")
		var request bytes.Buffer
		fmt.Fprintf(&request, "POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nX-Wunder-Signature: %s\r\n\r\n%s", len(body), header.Get("X-Wunder-Signature"), body)
		_, err := c.Write(request.Bytes())
		var res *http.Response
		if err == nil {
			res, err = http.ReadResponse(in, nil)
		}
		s.mu.Lock()
		switch {
		case err != nil:
			if time.Since(last) < 250*time.Millisecond { // listen waits for 300 ms: a busy machine may hold up a sender for longer
				s.cut++
			}
		case res.StatusCode != http.StatusOK:
			s.odd = append(s.odd, fmt.Sprintf("%s was answered %d", id, res.StatusCode))
		default:
			s.ids = append(s.ids, id)
		}
		s.mu.Unlock()
		if err != nil || res.Close {
			return
		}
		last = time.Now()
	}
}

func (s *senders) acknowledged() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ids)
}

// keptDeliveries judges a file with `hookctl verify`, and returns how often each event
// is there; what cannot be read is under "".
func keptDeliveries(t *testing.T, dir, file string) map[string]int {
	t.Helper()
	cmd := exec.Command("hookctl", "verify", file, "--secret-env", "HOOK_SECRET", "-o", "ndjson")
	cmd.Env = append(os.Environ(), "HOOKCTL_CONFIG_DIR="+filepath.Join(dir, "config"), "HOOK_SECRET="+listenSecret)
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState.ExitCode() != 3 {
		t.Fatalf("%v: %s", err, out)
	}
	ids := map[string]int{}
	for line := range bytes.Lines(out) {
		var r struct {
			Valid   bool
			Reason  string
			EventID string `json:"event_id"`
		}
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		if !r.Valid && r.Reason != "unreadable" {
			t.Errorf("kept, but not valid: %s", line)
		}
		ids[r.EventID]++
	}
	return ids
}

// killWhileSent kills a listener at a random instant while deliveries come in, and
// returns the ids of those that were acknowledged.
func killWhileSent(t *testing.T, p *listenProgram, round int) []string {
	t.Helper()
	s := startSenders(t, p.addr, fmt.Sprint(round), 8)
	for s.acknowledged() == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Duration(rand.IntN(150_000)) * time.Microsecond)
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // killed
	s.wg.Wait()
	if len(s.odd) > 0 {
		t.Errorf("%v", s.odd)
	}
	return s.ids
}

// TestListenKill kills the listener at random instants while deliveries come
// in, always with the same directory: whatever was acknowledged is there, and a
// torn line is at most the last one of a run.
func TestListenKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	save := filepath.Join(dir, "captures")
	var acknowledged []string
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		p := startListenProgram(t, dir, "--save", save)
		acknowledged = append(acknowledged, killWhileSent(t, p, round)...)
	}
	kept := keptDeliveries(t, dir, filepath.Join(save, keptFile))
	for _, id := range acknowledged {
		if kept[id] != 1 {
			t.Errorf("%s was acknowledged and is there %d times", id, kept[id])
		}
	}
	if kept[""] > rounds {
		t.Errorf("%d torn lines after %d kills", kept[""], rounds)
	}
	t.Logf("%d acknowledged, %d kept, %d torn", len(acknowledged), len(kept), kept[""])
}

// TestListenForwardKill kills the listener at random instants while a handler is asked:
// each delivery that the handler has seen is there once, and with the handler's answer
// where the sender got that.
func TestListenForwardKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	save := filepath.Join(dir, "captures")
	var mu sync.Mutex
	asked := map[string]bool{}
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event struct{ ID string }
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			return // the listener was killed while it sent that
		}
		mu.Lock()
		asked[event.ID] = true
		mu.Unlock()
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
		_, _ = w.Write([]byte(event.ID))
	}))
	t.Cleanup(app.Close)
	acknowledged := map[string]bool{}
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		p := startListenProgram(t, dir, "--save", save, "--forward-to", app.URL)
		for _, id := range killWhileSent(t, p, round) {
			acknowledged[id] = true
		}
		answers := keptAnswers(t, filepath.Join(save, keptFile))
		for id := range acknowledged { // before another listener has opened the file
			if answers[id] != id {
				t.Errorf("%s was acknowledged, and the answer kept is %q", id, answers[id])
			}
		}
	}
	p := startListenProgram(t, dir, "--save", save)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, p.errs.String())
	}
	kept := keptDeliveries(t, dir, filepath.Join(save, keptFile))
	mu.Lock()
	defer mu.Unlock()
	for id := range asked {
		if kept[id] != 1 {
			t.Errorf("the handler was asked about %s, which is there %d times", id, kept[id])
		}
	}
	for id, n := range kept {
		if n != 1 {
			t.Errorf("%q is there %d times", id, n)
		}
	}
	if entries, err := os.ReadDir(save); err != nil || len(entries) != 1 {
		t.Errorf("left: %v, %v", entries, err)
	}
	t.Logf("%d asked, %d acknowledged, %d kept", len(asked), len(acknowledged), len(kept))
}

// keptAnswers is what handlers answered, by the event; a torn last line has none.
func keptAnswers(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{}
	for line := range bytes.Lines(text) {
		var record struct {
			Body   []byte `json:"body_base64"`
			Answer struct {
				Body []byte `json:"body_base64"`
			}
		}
		var event struct {
			ID      string
			EventID string `json:"event_id"`
		}
		if !bytes.HasSuffix(line, []byte("\n")) {
			continue
		}
		if err := errors.Join(json.Unmarshal(line, &record), json.Unmarshal(record.Body, &event)); err != nil {
			t.Errorf("%v: %s", err, line)
		}
		answers[cmp.Or(event.EventID, event.ID)] = string(record.Answer.Body)
	}
	return answers
}

// TestListenTerm ends the listener by SIGTERM and SIGINT under load: what it
// has accepted is answered, what is answered is kept, and the exit code is 0.
func TestListenTerm(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		for round := range 3 {
			dir := t.TempDir()
			save := filepath.Join(dir, "captures")
			p := startListenProgram(t, dir, "--save", save)
			s := startSenders(t, p.addr, fmt.Sprint(round), 16)
			for s.acknowledged() < 50 {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Duration(rand.IntN(50_000)) * time.Microsecond)
			if err := p.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if err := p.cmd.Wait(); err != nil {
				t.Errorf("%s: %v: %s", sig, err, p.errs.String())
			}
			s.wg.Wait()
			kept := keptDeliveries(t, dir, filepath.Join(save, keptFile))
			if len(s.odd) > 0 || s.cut > 0 || len(kept) != len(s.ids) {
				t.Errorf("%s: %d acknowledged, %d kept, %d cut off, %v", sig, len(s.ids), len(kept), s.cut, s.odd)
			}
			if !strings.Contains(p.errs.String(), fmt.Sprintf("%d saved in", len(kept))) {
				t.Errorf("%s", p.errs.String())
			}
		}
	}
}
