package cli

import (
	"cmp"
	"errors"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/durable"
)

// TestInterruptedQuestions: whoever leaves a question with Ctrl-C learns that nothing
// was sent, and a sink that is not ready is found before the question.
func TestInterruptedQuestions(t *testing.T) {
	t.Parallel()
	p := &person{}
	w := newWorld(t).at(p)
	for _, args := range [][]string{
		{"create", "zyntro", "--name", "CRM Sync", "--url", "https://example.com/hook", "--event", "new_contact"},
		{"create", "wundertreos", "--name", "Lead sync", "--url", "https://example.com/leads", "--event", "deal.created"},
	} {
		w.run(0, args...)
	}
	for _, args := range [][]string{
		{"delete", "CRM Sync"}, {"delete", "Lead sync", "CRM Sync"}, {"delete", "--all"}, {"rotate", "Lead sync"},
		{"update", "Lead sync", "--replace", "--url", "https://example.com/new"},
	} {
		w.run(130, args...) // nobody answers
		w.said(" interrupted; nothing was sent\n")
	}
	w.run(130, "secrets", "remove", "Lead sync")
	w.said(" interrupted; nothing was done\n")

	p.asked = nil
	for _, args := range [][]string{{"rotate", "Lead sync"}, {"update", "Lead sync", "--replace", "--url", "https://example.com/new"}} {
		w.run(1, append(args, "--secret-to", "exec:no-such-command-here")...)
		w.said("no-such-command-here")
		w.run(1, append(args, "--secret-to", "file:{{.Name}}/no/such/dir")...)
		w.said("Lead-sync/no/such/dir")
	}
	if p.asked != nil {
		t.Errorf("asked %q", p.asked)
	}
	if got := w.run(0, "list", "--jq", ".[].status"); got != strings.Repeat("active\n", 2) {
		t.Errorf("listed %q", got)
	}
}

// TestProviderIsAskedFor: where a provider is left out, a terminal is asked.
func TestProviderIsAskedFor(t *testing.T) {
	t.Parallel()
	p := &person{selects: map[string]string{"Provider": "wundertreos"}}
	w := newWorld(t).at(p)
	p.secrets = map[string]string{"": ""} // Enter keeps what the environment has
	w.run(0, "login")
	w.run(0, "logout")
	if n := strings.Count(strings.Join(p.asked, " "), "Provider"); n != 2 {
		t.Errorf("asked %q", p.asked)
	}
	w.at(nil)
	for _, command := range []string{"login", "logout", "create"} {
		w.run(2, command)
		w.said("provider", "hookctl "+command+" zyntro")
	}
}

// TestDeleteThatCannotBeNoted: what is removed at the provider is named as removed
// also where the store cannot note it.
func TestDeleteThatCannotBeNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.seed()["wundertreos"]
	disk := *cmp.Or(w.env.Disk, durable.System())
	disk.Rename = func(string, string) error { return errors.New("injected") }
	w.env.Disk = &disk
	if out := w.run(1, "delete", ref, "--yes", "-o", "name"); out != ref+"\n" {
		t.Errorf("%q", out)
	}
	w.said("was removed at the provider", "could not be marked as deleted", "injected")
}
