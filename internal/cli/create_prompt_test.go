package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/kballard/go-shellquote"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/prompt"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// typist answers questions, each with the next of its answers by the label's
// beginning, and notes which were asked. An answer that the check refuses is
// noted too, and the next one given, as a prompter does.
type typist struct {
	t       *testing.T
	answers map[string][]string
	asked   []string
	stop    string // the question at which Ctrl-C is typed
}

func (p *typist) answer(label string, check func(string) error) (string, error) {
	p.t.Helper()
	p.asked = append(p.asked, label)
	if label == p.stop {
		return "", fault.Interruption()
	}
	for {
		list := p.answers[label]
		if len(list) == 0 {
			p.t.Errorf("%q is asked, and there is no answer", label)
			return "", fault.Errorf(fault.Interrupted, "no answer")
		}
		p.answers[label] = list[1:]
		if check == nil {
			return list[0], nil
		}
		err := check(list[0])
		if err == nil {
			return list[0], nil
		}
		p.asked = append(p.asked, "refused: "+list[0])
	}
}

func (p *typist) Input(_ context.Context, label, _ string, check func(string) error) (string, error) {
	return p.answer(label, check)
}

func (p *typist) Secret(_ context.Context, label string) (secret.Value, error) {
	v, err := p.answer(label, nil)
	return secret.New(v), err
}

func (p *typist) SecretOrNone(ctx context.Context, label string) (secret.Value, error) {
	return p.Secret(ctx, label)
}

func (p *typist) Confirm(_ context.Context, label string, _ bool) (bool, error) {
	v, err := p.answer(label, nil)
	return v == "yes", err
}

func (p *typist) Select(_ context.Context, label string, choices []prompt.Choice) (string, error) {
	return p.answer(label, nil)
}

func (p *typist) MultiSelect(_ context.Context, label string, choices []prompt.Choice) ([]string, error) {
	v, err := p.answer(label, nil)
	if len(choices) == 0 || choices[0].Group == "" {
		p.t.Errorf("%q offers %v", label, choices)
	}
	return strings.Split(v, ","), err
}

// terminal is the program at a terminal, before one provider's sandbox that
// notes what creates sent.
type terminal struct {
	env       *Env
	out, errs bytes.Buffer
	mu        sync.Mutex
	sent      []map[string]any
}

func atTerminal(t *testing.T, name string, p *typist, vars ...string) *terminal {
	t.Helper()
	x := &terminal{}
	g := &globals{env: &Env{Drivers: all.Drivers()}}
	d, err := g.env.Drivers.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	box := d.NewSandbox(provider.SandboxOptions{Now: time.Now, Seed: 1})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if kindOfRequest(r) == "create" {
			var members map[string]any
			if err := json.Unmarshal(body, &members); err != nil {
				t.Error(err)
			}
			x.mu.Lock()
			x.sent = append(x.sent, members)
			x.mu.Unlock()
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		box.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	x.env = &Env{
		Streams: term.Streams{
			In: strings.NewReader(""), Out: &x.out, Err: &x.errs,
			InTTY: true, OutTTY: true, ErrTTY: true, Width: func() int { return 80 },
		},
		Environ: append([]string{"HOOKCTL_CONFIG_DIR=" + t.TempDir()}, vars...),
		Now:     time.Now,
		Prompt:  p,
		Drivers: all.Drivers(),
	}
	x.env.Environ = append(x.env.Environ, sandbox.Environ(d, box, strings.TrimPrefix(server.URL, "http://"))...)
	return x
}

func TestCreateAsks(t *testing.T) {
	t.Parallel()
	const url = "URL that receives the deliveries"
	tests := []struct {
		name    string
		args    string
		vars    []string
		answers map[string][]string
		stop    string
		asked   []string
		exit    int
		said    string         // of an exit code 130, if it is not nothing was sent
		bare    bool           // without the credentials of the sandbox
		sent    map[string]any // what of the request is compared; nil: nothing may be sent
	}{
		{
			name:    "everything",
			args:    "create zyntro",
			answers: map[string][]string{"Name": {"", "CRM Sync"}, url: {"http://plain.example.com", "https://example.com/hook"}, "Events": {"new_contact,form_filled"}, "Create it?": {"yes"}},
			asked:   []string{"Name", "refused: ", url, "refused: http://plain.example.com", "Events", "Create it?"},
			sent:    map[string]any{"wh_name": "CRM Sync", "wh_endpoint": "https://example.com/hook", "wh_events": []any{"new_contact", "form_filled"}},
		},
		{
			name:    "the provider",
			args:    "create",
			answers: map[string][]string{"Provider": {"zyntro"}, "Name": {"N"}, url: {"https://example.com/hook"}, "Events": {"new_contact"}, "Create it?": {"yes"}},
			asked:   []string{"Provider", "Name", url, "Events", "Create it?"},
			sent:    map[string]any{"wh_name": "N"},
		},
		{
			name:    "an optional name may stay empty",
			args:    "create wundertreos",
			answers: map[string][]string{"Name (may be empty)": {""}, url: {"https://example.com/hook"}, "Events": {"deal.created"}, "Create it?": {"yes"}},
			asked:   []string{"Name (may be empty)", url, "Events", "Create it?"},
			sent:    map[string]any{"target_url": "https://example.com/hook", "event_types": []any{"deal.created"}, "description": nil},
		},
		{
			name: "nothing that was given",
			args: "create wundertreos --url https://example.com/hook --event deal.created",
			sent: map[string]any{"target_url": "https://example.com/hook"},
		},
		{
			name:    "authentication, the password without echo",
			args:    "create zyntro --name N --url https://example.com/hook --event new_contact --auth-type basic",
			answers: map[string][]string{"Authentication username": {"joe"}, "Authentication password": {"pass word"}, "Create it?": {"yes"}},
			asked:   []string{"Authentication username", "Authentication password", "Create it?"},
			sent:    map[string]any{"wh_auth_type": "basic", "wh_auth_data": map[string]any{"username": "joe", "password": "pass word"}},
		},
		{
			name: "no last question with --yes", args: "create zyntro --url https://example.com/hook --event new_contact --yes",
			answers: map[string][]string{"Name": {"N"}},
			asked:   []string{"Name"},
			sent:    map[string]any{"wh_name": "N"},
		},
		{
			name: "nor for what is only shown", args: "create zyntro --url https://example.com/hook --event new_contact --dry-run",
			answers: map[string][]string{"Name": {"N"}},
			asked:   []string{"Name"},
		},
		{
			name: "a way back to each value", args: "create zyntro --event new_contact",
			answers: map[string][]string{
				"Name": {"N", "日本 \"語\""}, url: {"https://example.com/hook", "https://example.com/other"}, "Events": {"form_filled,new_contact"},
				"Create it?": {"no", "no", "no", "yes"}, "What now?": {"url", "name", "events"},
			},
			asked: []string{"Name", url, "Create it?", "What now?", url, "Create it?", "What now?", "Name", "Create it?", "What now?", "Events", "Create it?"},
			sent:  map[string]any{"wh_name": "日本 \"語\"", "wh_endpoint": "https://example.com/other", "wh_events": []any{"form_filled", "new_contact"}},
		},
		{
			name: "an optional name is not asked for again", args: "create wundertreos --event deal.created",
			answers: map[string][]string{"Name (may be empty)": {""}, url: {"https://example.com/hook", "https://example.com/other"}, "Create it?": {"no", "yes"}, "What now?": {"url"}},
			asked:   []string{"Name (may be empty)", url, "Create it?", "What now?", url, "Create it?"},
			sent:    map[string]any{"description": nil, "target_url": "https://example.com/other"},
		},
		{
			name: "stopped", args: "create wundertreos --event deal.created", exit: 130, said: "not confirmed: nothing was done\n",
			answers: map[string][]string{"Name (may be empty)": {""}, url: {"https://example.com/hook"}, "Create it?": {"no"}, "What now?": {"stop"}},
			asked:   []string{"Name (may be empty)", url, "Create it?", "What now?"},
		},
		{
			name: "Ctrl-C at the provider", args: "create", exit: 130,
			stop: "Provider", asked: []string{"Provider"},
		},
		{
			name: "Ctrl-C at the last question", args: "create wundertreos --event deal.created", exit: 130,
			answers: map[string][]string{"Name (may be empty)": {""}, url: {"https://example.com/hook"}},
			stop:    "Create it?", asked: []string{"Name (may be empty)", url, "Create it?"},
		},
		{
			name: "Ctrl-C at what to change", args: "create wundertreos --event deal.created", exit: 130,
			answers: map[string][]string{"Name (may be empty)": {""}, url: {"https://example.com/hook"}, "Create it?": {"no"}},
			stop:    "What now?", asked: []string{"Name (may be empty)", url, "Create it?", "What now?"},
		},
		{
			name: "a sink that is not ready comes before the questions", args: "create zyntro --secret-to file:absent/dir/x", exit: 1,
		},
		{
			name: "and so do credentials that are missing", args: "create zyntro", exit: 4,
			bare: true,
		},
		{
			name: "an unknown kind of authentication is not asked for",
			args: "create zyntro --name N --url https://example.com/hook --event new_contact --auth-type magic",
			exit: 2,
		},
		{
			name: "not with --no-input", exit: 2,
			args: "create zyntro --no-input",
		},
		{
			name: "not in CI", exit: 2,
			args: "create zyntro", vars: []string{"CI=true"},
		},
		{
			name:    "Ctrl-C at a question",
			args:    "create zyntro",
			answers: map[string][]string{"Name": {"N"}},
			stop:    url,
			asked:   []string{"Name", url},
			exit:    130,
		},
		{
			name:  "Ctrl-C at the password",
			args:  "create zyntro --name N --url https://example.com/hook --event new_contact --auth-type bearer",
			stop:  "Authentication value",
			asked: []string{"Authentication value"},
			exit:  130,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := &typist{t: t, answers: tt.answers, stop: tt.stop}
			args := strings.Fields(tt.args)
			x := atTerminal(t, append(args, "zyntro")[1], p, tt.vars...)
			if tt.bare {
				x.env.Environ = x.env.Environ[:1]
			}
			if code := Run(context.Background(), x.env, args); code != tt.exit {
				t.Errorf("exit code %d, want %d: %s", code, tt.exit, x.errs.String())
			}
			if diff := gocmp.Diff(tt.asked, p.asked); diff != "" {
				t.Error(diff)
			}
			if tt.exit == 130 && !strings.HasSuffix(x.errs.String(), " "+cmp.Or(tt.said, "interrupted; nothing was sent\n")) {
				t.Errorf("said: %s", &x.errs)
			}
			if tt.sent == nil {
				if len(x.sent) != 0 {
					t.Errorf("sent: %v", x.sent)
				}
				return
			}
			if len(x.sent) != 1 {
				t.Fatalf("%d requests", len(x.sent))
			}
			for member, want := range tt.sent {
				if diff := gocmp.Diff(want, x.sent[0][member]); diff != "" {
					t.Errorf("%s: %s", member, diff)
				}
			}
			if strings.Contains(x.out.String()+x.errs.String(), "pass word") {
				t.Error("the password is shown")
			}
		})
	}
}

// TestCreateAgain: the command for the next time is read by a shell as what was
// answered, holds no secret, and makes the same webhook without a question.
func TestCreateAgain(t *testing.T) {
	t.Parallel()
	const url = "URL that receives the deliveries"
	auth := filepath.Join(t.TempDir(), "auth.json")
	write(t, auth, `{"value":"very-private"}`)
	for name, tt := range map[string]struct {
		args    []string
		answers map[string][]string
		has     []string
	}{
		"quoted": {
			args:    []string{"create", "zyntro", "--secret-to", "file:" + filepath.Join(t.TempDir(), "the 'secret'")},
			answers: map[string][]string{"Name": {"日本 'x' \"$HOME\" `id` ; #"}, url: {"https://example.com/hook?a=1&b=$2"}, "Events": {"new_contact,form_filled"}},
		},
		"all events, and a file": {
			args:    []string{"create", "zyntro", "--event", "all", "--auth-type", "bearer", "--auth-data", "@" + auth, "--timeout", "40"},
			answers: map[string][]string{"Name": {"N"}, url: {"https://example.com/hook"}},
			has:     []string{"--event all", "--timeout 40", "--auth-type bearer", "--auth-data"},
		},
		"patterns": {
			args:    []string{"create", "zyntro", "--event", "invoice_*,new_contact", "--event", "form_filled"},
			answers: map[string][]string{"Name": {"N"}, url: {"https://example.com/hook"}},
			has:     []string{"--event 'invoice_*,new_contact"},
		},
		"no name": {
			args:    []string{"create", "wundertreos"},
			answers: map[string][]string{"Name (may be empty)": {""}, url: {"https://example.com/" + strings.Repeat("long/", 40)}, "Events": {"deal.created,contact.created"}},
		},
	} {
		for _, width := range []int{40, 80, 200} {
			p := &typist{t: t, answers: map[string][]string{"Create it?": {"yes"}}}
			for label, list := range tt.answers {
				p.answers[label] = slices.Clone(list)
			}
			x := atTerminal(t, tt.args[1], p)
			x.env.Streams.Width = func() int { return width }
			if code := Run(t.Context(), x.env, tt.args); code != 0 {
				t.Fatalf("%s: exit code %d: %s", name, code, &x.errs)
			}
			_, rest, _ := strings.Cut(x.errs.String(), "without questions:\n")
			command, _, _ := strings.Cut(rest, "\n\n")
			if strings.Contains(x.errs.String(), "very-private") {
				t.Errorf("%s: the authentication data is shown", name)
			}
			for _, has := range tt.has {
				if !strings.Contains(command, has) {
					t.Errorf("%s: %q is not in\n%s", name, has, command)
				}
			}
			words, err := shellquote.Split(command)
			if err != nil || len(words) < 2 || words[0] != "hookctl" {
				t.Fatalf("%s: %v in\n%s", name, err, command)
			}
			p.asked = nil
			if code := Run(t.Context(), x.env, words[1:]); code != 0 || p.asked != nil {
				t.Fatalf("%s: again: exit code %d, asked %q: %s", name, code, p.asked, &x.errs)
			}
			if len(x.sent) != 2 {
				t.Fatalf("%s: %d requests", name, len(x.sent))
			}
			if diff := gocmp.Diff(x.sent[0], x.sent[1]); diff != "" {
				t.Errorf("%s: the command makes another webhook: %s\n%s", name, diff, command)
			}
		}
	}
}
