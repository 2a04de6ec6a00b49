//go:build unix

package cli_test

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/cli"
)

// TestCutAnswers ends the answer to a create at every byte, head and body, by
// a plain close and by a reset. Whatever has arrived, the webhook is never lost
// silently: its secret is kept, or recover names it.
func TestCutAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	for _, d := range dialects {
		const id, secret = "wh-0d1e2f", "5ec4e7-0123456789abcdef"
		whole := answer(d.status, d.made(quote(id), quote(secret)), "Date: Sun, 17 May 2026 14:30:00 GMT", "X-RateLimit-Limit: 60", "X-RateLimit-Remaining: 59")
		// A member has arrived with the quote behind it.
		from := bytes.Index(whole, []byte(quote(secret)))
		told := from + len(quote(secret))
		named := bytes.Index(whole, []byte(quote(id))) + len(quote(id))
		step := 27
		if cli.Full() {
			step = 1
		}
		var cuts []cut
		for at := range len(whole) + 1 {
			if at%step == 0 || at > from-3 && at < told+3 || at > named-3 && at < named+3 || at >= len(whole)-2 || at >= 8 && at < 14 {
				cuts = append(cuts, cut{at: at})
			}
			if at%7 == 0 && (at%step == 0 || at > from && at < told) {
				cuts = append(cuts, cut{at: at, reset: true})
			}
		}
		for _, c := range cuts {
			c.d, c.id, c.secret = d, id, secret
			c.answer, c.complete = whole, c.at >= max(told, named)
			c.partial = secret[:min(max(c.at-from-1, 0), len(secret))]
			t.Run(c.String(), func(t *testing.T) {
				t.Parallel()
				c.run(t)
			})
		}
		t.Logf("%s: %d bytes, %d cuts", d.name, len(whole), len(cuts))
	}
}

// cut is one way to end an answer early.
type cut struct {
	d          *dialect
	id, secret string
	answer     []byte
	at         int  // bytes that go out
	reset      bool // instead of a close
	complete   bool // id and secret are among them
	partial    string
}

func (c cut) String() string {
	how := "closed"
	if c.reset {
		how = "reset"
	}
	return fmt.Sprintf("%s/%s at %d", c.d.name, how, c.at)
}

func (c cut) run(t *testing.T) {
	a := newAccount(t, c.d, c.id, c.secret, func(a *account, conn *net.TCPConn) {
		a.make()
		send(conn, c.answer[:c.at])
		if c.reset {
			time.Sleep(20 * time.Millisecond) // the kernel may drop what was not read
			reset(conn)
		}
	})
	p := a.program(t)
	r := p.run(append(c.d.create, "-o", "json")...)
	files := p.files()
	if n := len(a.requests(c.d.isCreate)); n != 1 {
		t.Errorf("%d creates were sent", n)
	}
	if c.at == len(c.answer) {
		if r.code != 0 || p.kept()[c.id] != c.secret {
			t.Errorf("the whole answer was sent: %s", r)
		}
		return
	}
	if r.code != 7 {
		t.Errorf("want exit 7: %s", r)
	}
	if s := p.failure(r); !strings.Contains(*s.Hint, "hookctl recover") {
		t.Errorf("the hint does not name recover: %s", r)
	}
	leaked(t, c.partial, r)
	onDisk := false
	for _, text := range files { // which wants them private, too
		onDisk = onDisk || strings.Contains(text, c.partial)
	}
	if !onDisk {
		t.Errorf("%d bytes of the secret arrived and are in no file", len(c.partial))
	}

	found, r := p.recover()
	leaked(t, c.partial, r)
	switch kept := p.kept()[c.id]; {
	case c.complete:
		if r.code != 0 || kept != c.secret || len(found) != 1 || found[0].State != "kept" || p.entries() != 0 {
			t.Errorf("the secret arrived whole, and recover did not keep it: %s", r)
		}
	case kept != "":
		t.Errorf("recover kept %q, which was not told: %s", kept, r)
	case r.code != 7 || len(found) != 1 || found[0].State != "orphan" || found[0].ID != c.id || found[0].Next == "":
		t.Errorf("recover does not name the webhook that the secret of: %s", r)
	}
}

// leaked wants no part of a secret that is long enough to tell in what a
// program said.
func leaked(t *testing.T, secret string, r result) {
	t.Helper()
	if len(secret) >= 8 && strings.Contains(r.stdout+r.stderr, secret) {
		t.Errorf("the secret is shown: %s", r)
	}
}
