package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/view"
)

// rounds runs a monitor; between two looks it does what each of steps does, and
// after the last it interrupts.
func (w *world) rounds(args []string, steps ...func()) string {
	w.t.Helper()
	w.out.Reset()
	w.errs.Reset()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	n := 0
	env := *w.env
	env.Sleep = func(_ context.Context, d time.Duration) error {
		w.now = w.now.Add(d)
		if n == len(steps) {
			cancel()
			return ctx.Err()
		}
		steps[n]()
		n++
		return nil
	}
	if code := Run(ctx, &env, args); code != 130 {
		w.t.Fatalf("%q exited %d\n%s%s", args, code, &w.out, &w.errs)
	}
	return w.out.String()
}

// apart runs a command line whose output does not count.
func (w *world) apart(args ...string) {
	w.t.Helper()
	out, errs := w.out.String(), w.errs.String()
	w.run(0, args...)
	w.out.Reset()
	w.errs.Reset()
	w.out.WriteString(out)
	w.errs.WriteString(errs)
}

func TestWatchStreamsChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(0, "create", "wundertreos", "--name", "A", "--url", "https://example.com/a", "--event", "contact.created")
	w.run(0, "create", "zyntro", "--name", "B", "--url", "https://example.com/b", "--event", "new_contact")
	out := w.rounds([]string{"list", "--watch"},
		func() {},
		func() { w.apart("pause", "B") },
		func() {
			w.apart("create", "zyntro", "--name", "C", "--url", "https://example.com/c", "--event", "new_contact")
		},
		func() { w.apart("delete", "A", "--yes") },
	)
	var got []string
	for line := range strings.Lines(out) {
		var v view.Webhook
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		got = append(got, fmt.Sprintf("%s %s gone:%v", *v.Name, *v.Status, v.Gone != nil && *v.Gone))
	}
	want := "B active gone:false|A active gone:false|B paused gone:false|C active gone:false|A active gone:true"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
	if w.errs.Len() != 0 {
		t.Errorf("said %s", &w.errs)
	}
	if out := w.rounds([]string{"list", "zyntro", "--watch=2s", "--jq", ".name"}); out != "B\nC\n" && out != "C\nB\n" {
		t.Errorf("with jq: %q", out)
	}
}

// A provider that fails for a while has lost nothing.
func TestWatchOutlastsFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(0, "create", "wundertreos", "--name", "A", "--url", "https://example.com/a", "--event", "contact.created")
	key := "HOOKCTL_WUNDERTREOS_API_KEY=" + w.boxes["wundertreos"].Credentials()["api_key"].Reveal()
	environ := w.env.Environ
	env := append([]string(nil), environ...)
	at := 0
	for i, kv := range env {
		if kv == key {
			at = i
		}
	}
	w.env.Environ = env // shared with the copy that rounds makes
	out := w.rounds([]string{"list", "--watch"}, func() { env[at] = "HOOKCTL_WUNDERTREOS_API_KEY=wrong-key" }, func() { env[at] = key })
	if strings.Count(out, "\n") != 1 {
		t.Errorf("printed %s", out)
	}
	w.said("warning: ", "does not accept the credential")
	// What fails from the start is an error.
	env[at] = "HOOKCTL_WUNDERTREOS_API_KEY=wrong-key"
	w.run(4, "list", "wundertreos", "--watch")
	w.run(2, "list", "--watch=1s")
	w.run(2, "list", "--watch", "-o", "yaml")
	w.run(2, "list", "--watch", "-o", "name")
}

func TestWatchRedraws(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env.Streams.OutTTY = true
	out := w.rounds([]string{"list", "--watch"}, func() {
		w.apart("create", "zyntro", "--name", "B", "--url", "https://example.com/b", "--event", "new_contact")
	})
	screens := strings.Split(out, "\x1b[H\x1b[2J")
	if len(screens) != 3 || screens[0] != "" || !strings.Contains(screens[1], "There are no webhooks.") || !strings.Contains(screens[2], "example.com/b") ||
		!strings.HasPrefix(screens[2], "Every 10s, last at 14:30:10; to stop, press Ctrl-C.\n\n") {
		t.Errorf("screens %q", screens)
	}
	w.env.Environ = append(w.env.Environ, "TERM=dumb")
	if out := w.rounds([]string{"list", "--watch", "--failing"}); strings.Contains(out, "\x1b") || !strings.Contains(out, "No webhook fails.") {
		t.Errorf("a dumb terminal gets %q", out)
	}
}

func TestNeedsLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	zyntro, wundertreos := w.env.Drivers[0], w.env.Drivers[1]
	status := func(s provider.Status) *provider.Status { return &s }
	text := func(s string) *string { return &s }
	count := func(n int) *int { return &n }
	for name, tc := range map[string]struct {
		d    *provider.Driver
		w    provider.Webhook
		want bool
	}{
		"nothing known":         {zyntro, provider.Webhook{ID: "x"}, false},
		"well":                  {zyntro, provider.Webhook{Status: status(provider.Active), Health: &provider.Health{LastStatus: text("success"), Failures: count(0)}}, false},
		"failed":                {zyntro, provider.Webhook{Health: &provider.Health{LastStatus: text("Failed")}}, true},
		"failures":              {zyntro, provider.Webhook{Health: &provider.Health{LastStatus: text("success"), Failures: count(1)}}, true},
		"paused":                {zyntro, provider.Webhook{Status: status(provider.Paused)}, false},
		"paused with failures":  {zyntro, provider.Webhook{Status: status(provider.Paused), Health: &provider.Health{Failures: count(3)}}, true},
		"deleted with failures": {zyntro, provider.Webhook{Status: status(provider.Disabled), Health: &provider.Health{Failures: count(3)}}, false},
		"disabled":              {wundertreos, provider.Webhook{Status: status(provider.Disabled)}, true},
		"unreadable":            {zyntro, provider.Webhook{Unreadable: "not an object", Status: status(provider.Disabled)}, true},
	} {
		if got := needsLook(tc.d, tc.w); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
