package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// offlineApp is an app on a directory of its own, as a command opens it, and
// its standard error. vars are of its environment, as NAME=value.
func offlineApp(t *testing.T, vars ...string) (*globals, *app, *bytes.Buffer) {
	t.Helper()
	var errs bytes.Buffer
	g := &globals{env: &Env{
		Streams: term.Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &errs, Width: wide},
		Environ: append([]string{"HOOKCTL_CONFIG_DIR=" + t.TempDir()}, vars...),
		Now:     time.Now,
		Drivers: all.Drivers(),
	}}
	newRoot(g)
	a, err := g.offline()
	if err != nil {
		t.Fatal(err)
	}
	return g, a, &errs
}

func TestConfigured(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	keep := func(t *testing.T, a *app, profile, origin string) {
		t.Helper()
		if err := a.store.PutCredential(ctx, secret.Credential{
			Provider: "zyntro", Profile: profile, Origin: origin,
			Fields: map[string]secret.Value{"api_key": secret.New("k")},
		}); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		vars []string
		keep func(t *testing.T, a *app)
		want bool
	}{
		{name: "nothing"},
		{name: "another provider's", vars: []string{"HOOKCTL_WUNDERTREOS_API_KEY=k"}},
		{name: "one of two variables", vars: []string{"HOOKCTL_ZYNTRO_API_KEY=k"}, want: true},
		{name: "a blank variable", vars: []string{"ZYNTRO_ORG_ID= "}, want: true},
		{name: "kept for this origin", want: true, keep: func(t *testing.T, a *app) { keep(t, a, "default", "https://app.zyntrohq.com") }},
		{name: "kept for another origin", want: true, keep: func(t *testing.T, a *app) { keep(t, a, "default", "http://127.0.0.1:1") }},
		{name: "kept in another profile", keep: func(t *testing.T, a *app) { keep(t, a, "work", "https://app.zyntrohq.com") }},
		{name: "an unreadable file", want: true, keep: func(t *testing.T, a *app) {
			keep(t, a, "default", "https://app.zyntrohq.com")
			files, err := filepath.Glob(filepath.Join(a.dir, "credentials", "*.json"))
			if err != nil || len(files) != 1 {
				t.Fatal(files, err)
			}
			if err := os.WriteFile(files[0], []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, a, _ := offlineApp(t, tt.vars...)
			if tt.keep != nil {
				tt.keep(t, a)
			}
			d, err := g.env.Drivers.Find("zyntro")
			if err != nil {
				t.Fatal(err)
			}
			if got := a.configured(ctx, d); got != tt.want {
				t.Errorf("configured = %v, want %v", got, tt.want)
			}
		})
	}
}

// TestListOtherOrigin shows that credentials of another origin are not passed
// over in silence: the user has some, and would wonder.
func TestListOtherOrigin(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	g, a, _ := offlineApp(t, "HOOKCTL_ZYNTRO_BASE_URL=http://127.0.0.1:1")
	if err := a.store.PutCredential(ctx, secret.Credential{
		Provider: "zyntro", Profile: "default", Origin: "https://app.zyntrohq.com",
		Fields: map[string]secret.Value{"api_key": secret.New("canary-key"), "org_id": secret.New("o")},
	}); err != nil {
		t.Fatal(err)
	}
	err := (&listOptions{drivers: g.env.Drivers, all: true}).run(ctx, a)
	if fault.KindOf(err) != fault.Auth || !strings.Contains(err.Error(), "the credentials for https://app.zyntrohq.com are not sent to http://127.0.0.1:1") {
		t.Errorf("list: %v", err)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	auth := fault.Errorf(fault.Auth, "no key").WithHint("get one")
	down := fault.Errorf(fault.Unavailable, "not there")
	tests := []struct {
		name   string
		errs   []error
		kind   fault.Kind
		silent bool
		said   string
	}{
		{name: "one is left to the caller", errs: []error{auth}, kind: fault.Auth},
		{name: "so is one beside what went well", errs: []error{nil, auth, nil}, kind: fault.Auth},
		{name: "several, the worst counts", errs: []error{down, auth}, kind: fault.Unavailable, silent: true,
			said: "hookctl: not there\nhookctl: no key\n  get one\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, a, errs := offlineApp(t)
			err := a.report(tt.errs)
			var fe *fault.Error
			if !errors.As(err, &fe) || fe.Kind != tt.kind || fe.Silent != tt.silent {
				t.Errorf("report = %#v", err)
			}
			if diff := cmp.Diff(tt.said, errs.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
	_, a, _ := offlineApp(t)
	if err := a.report(nil); err != nil {
		t.Errorf("report of nothing: %v", err)
	}
}

func TestFindIn(t *testing.T) {
	t.Parallel()
	g, a, warned := offlineApp(t)
	name := func(s string) *string { return &s }
	listing := func(d *provider.Driver, err error, rows ...provider.Webhook) providerListing {
		client, cerr := a.anonymous(d)
		if cerr != nil {
			t.Fatal(cerr)
		}
		return providerListing{driver: d, client: client, rows: rows, err: err}
	}
	rows := func(failed error) []providerListing {
		return []providerListing{
			listing(g.env.Drivers[0], nil, provider.Webhook{ID: "abc", Name: name("One")}, provider.Webhook{ID: "abd", Name: name("abc")}, provider.Webhook{Unreadable: "torn"}),
			listing(g.env.Drivers[1], failed, provider.Webhook{ID: "xyz", Name: name("Two")}),
		}
	}
	down := fault.Errorf(fault.Unavailable, "not there")
	tests := []struct {
		ref    string
		exact  bool
		failed error
		want   string // provider/id
		kind   fault.Kind
	}{
		{ref: "One", want: "zyntro/abc"},
		{ref: "abc", want: "zyntro/abc"}, // an id goes before a name
		{ref: "zyntro/abd", want: "zyntro/abd"},
		{ref: "x", want: "wundertreos/xyz"},
		{ref: "x", exact: true, kind: fault.Refused},
		{ref: "wundertre/x", want: "wundertreos/xyz"},
		{ref: "ab", kind: fault.Usage},
		{ref: "none", kind: fault.Refused},
		{ref: "none", failed: down, kind: fault.Unavailable},
		{ref: "One", failed: down, want: "zyntro/abc"},
		{ref: "One", failed: down, exact: true, kind: fault.Unavailable}, // the other may have one of that name
		{ref: "abc", failed: down, exact: true, want: "zyntro/abc"},
	}
	for _, tt := range tests {
		got, err := a.findIn(rows(tt.failed), tt.ref, tt.exact)
		if tt.want == "" {
			if err == nil || fault.KindOf(err) != tt.kind {
				t.Errorf("%+v: %v", tt, err)
			}
			continue
		}
		if err != nil || got.ref() != tt.want {
			t.Errorf("%+v: %+v, %v", tt, got, err)
		}
	}
	if n := strings.Count(warned.String(), "warning: a provider could not be asked: not there\n"); n != 2 {
		t.Errorf("%d warnings, want 2: %s", n, warned)
	}
}

// On a terminal a line above the list says once where a provider is that is not at
// its own address; where nobody reads that line, each row does.
func TestListSaysOnceWhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(0, "create", "zyntro", "--name", "Crm", "--url", "https://example.com/h", "--event", "new_contact")
	w.env.Streams.OutTTY = true
	w.env.Environ = append(w.env.Environ, "NO_COLOR=1")
	other := secret.Record{Provider: "zyntro", ID: "other", Profile: "default", Origin: "https://else.example.com", Name: "Other", Secret: secret.New("0123456789abcdef")}
	check(t, secret.OpenFileStore(w.dir, secret.FileStoreOptions{Now: w.env.Now}).Put(t.Context(), other))
	for _, tt := range []struct {
		errTTY, once bool
		args         []string
	}{{true, true, []string{"list"}}, {true, true, []string{"secrets", "list"}}, {false, false, []string{"secrets", "list"}}, {false, false, []string{"list"}}, {true, false, []string{"list", "-q"}}, {true, false, []string{"list", "-o", "json"}}} {
		w.env.Streams.ErrTTY = tt.errTTY
		out := w.run(0, tt.args...)
		line := "Zyntro is at " + w.origin("zyntro") + " in this shell.\n"
		host := strings.TrimPrefix(w.origin("zyntro"), "http://")
		if strings.Contains(w.errs.String(), line) != tt.once || strings.Contains(out, host) == tt.once || strings.Contains(w.errs.String(), "Wundertre") {
			t.Errorf("%+v:\n%s\n%s", tt, &w.errs, out)
		}
		if tt.args[0] == "secrets" && !strings.Contains(out, "(else.example.com)") {
			t.Errorf("one that is not at the base URL looks like the others:\n%s", out)
		}
	}
}

// Names of any script stay in their columns, on a wide terminal and on a narrow
// one; the narrower cuts or leaves out, and never breaks a character.
func TestListWidths(t *testing.T) {
	t.Parallel()
	w := newWorld(t).own()
	for i, name := range []string{"営業チーム連携フック", "👩‍💻 dev 🇯🇵 hooks", "Müller & Söhne", "plain"} {
		w.run(0, "create", "zyntro", "--name", name, "--url", "https://example.com/a/rather/long/path/"+string(rune('a'+i)), "--event", "new_contact,invoice_paid,email_sent,sms_sent")
	}
	w.env.Streams.OutTTY = true
	w.env.Environ = append(w.env.Environ, "NO_COLOR=1")
	for _, width := range []int{200, 100, 60} {
		w.env.Streams.Width = func() int { return width }
		out := w.run(0, "list")
		file := filepath.Join("testdata", fmt.Sprintf("list_%d.txt", width))
		if *updateScripts {
			if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), out); diff != "" {
			t.Errorf("%d columns:\n%s", width, diff)
		}
		if strings.ContainsRune(out, '\ufffd') {
			t.Errorf("%d columns: a character is broken", width)
		}
	}
}
