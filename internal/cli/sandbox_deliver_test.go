package cli

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/sandbox"
)

func TestSandboxAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		body   string
		exit   int
		want   string
	}{
		{200, `[]`, 0, ""},
		{200, `<html>`, 6, "not a sandbox's address"},
		{200, `{}`, 6, "not a sandbox's address"},
		{404, `<html>`, 6, "answered 404"},
		{404, `{"message":"gone"}`, 1, "gone"},
		{400, `{"message":"wrong","hint":"right"}`, 2, "wrong"},
		{401, `{"message":"wrong"}`, 4, "the sandbox refused the request: wrong"},
		{403, `{"message":"wrong"}`, 4, "the sandbox refused the request: wrong"},
	} {
		w := newWorld(t)
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer CANARY" || r.URL.Path != "/log" {
				t.Errorf("%s %v", r.URL, r.Header)
			}
			rw.WriteHeader(tt.status)
			_, _ = io.WriteString(rw, tt.body)
		}))
		w.env.Environ = append(w.env.Environ, sandbox.EnvURL+"="+server.URL+"/", sandbox.EnvToken+"=CANARY")
		w.run(tt.exit, "sandbox", "log", "--debug")
		w.said(tt.want)
		if strings.Contains(w.errs.String(), "CANARY") {
			t.Error("the token is shown")
		}
		server.Close()
	}
}

func TestInterruptedSandboxClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cancel(); <-t.Context().Done() }))
	t.Cleanup(server.CloseClientConnections)
	w.env.Environ = append(w.env.Environ, sandbox.EnvURL+"="+server.URL, sandbox.EnvToken+"=x")
	if code := Run(ctx, w.env, []string{"sandbox", "log"}); code != 130 {
		t.Errorf("exit code %d: %s", code, &w.errs)
	}
}

func TestDeliveryCompletions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for line, want := range map[string]string{
		"sandbox emit new_":                   "new_contact\tContact Events",
		"sandbox emit x --provider ":          "wundertreos\tWundertreOS",
		"send http://x --event deal.created,": "deal.created,deal.updated\tDeal",
		"replay x --filter ":                  "event=",
		"replay x --format ":                  "ndjson",
		"sign x --provider ":                  "zyntro\tZyntro",
		"sign x --key-encoding ":              "base64",
		"sandbox --emit ":                     "new_note\tNotes & Profile",
	} {
		out := w.run(0, append([]string{cobra.ShellCompRequestCmd}, strings.Split(line, " ")...)...)
		if !slices.Contains(strings.Split(out, "\n"), want) {
			t.Errorf("%q completes to %s", line, out)
		}
	}
	if out := w.run(0, cobra.ShellCompRequestCmd, "sandbox", "emit", "new_note", ""); !strings.HasPrefix(out, ":4") {
		t.Errorf("a second event: %s", out)
	}
}

// TestExampleURL: a hint names no URL that the provider refuses.
func TestExampleURL(t *testing.T) {
	t.Parallel()
	for _, d := range all.Drivers() {
		for _, f := range d.Validate(provider.Spec{URL: exampleURL(d)}) {
			if f.Field == "url" {
				t.Errorf("%s: %s: %s", d.Name, exampleURL(d), f.Message)
			}
		}
	}
}
