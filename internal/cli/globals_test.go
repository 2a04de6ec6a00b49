package cli

import (
	"strings"
	"testing"
)

func TestAccountFlags(t *testing.T) {
	t.Parallel()
	f := accountFlags{profile: "a b", config: "/c", commands: []string{"recover", "secrets", "create", "list", "profile", "plan"}}
	const both = " --profile 'a b' --config /c"
	for text, want := range map[string]string{
		"":              "",
		"hookctl never": "hookctl never",
		"x: hookctl secrets set z/1\ny: hookctl create":                       "x: hookctl secrets set z/1" + both + "\ny: hookctl create" + both,
		"`hookctl recover` removes it (hookctl list); hookctl plan, and":      "`hookctl recover" + both + "` removes it (hookctl list" + both + "); hookctl plan" + both + ", and",
		"for a new one: hookctl list z/1 (a new one)":                         "for a new one: hookctl list z/1" + both + " (a new one)",
		"run: hookctl secrets push 'it'\\''s; x' --to \"$(printf 'a`b')\"; z": "run: hookctl secrets push 'it'\\''s; x' --to \"$(printf 'a`b')\"" + both + "; z",
		"hookctl secrets run x -- y && hookctl list > z":                      "hookctl secrets run x" + both + " -- y && hookctl list" + both + " > z",
		"run: hookctl recover --profile x":                                    "run: hookctl recover --profile x --config /c",
		"hookctl profile create x":                                            "hookctl profile create x --config /c",
		"see: hookctl recover --help, hookctl help list":                      "see: hookctl recover --help, hookctl help list",
		"another webhook: zyntro/1 (hookctl listen 20260517T)":                "another webhook: zyntro/1 (hookctl listen 20260517T)",
		"created My hookctl list":                                             "created My hookctl list",
		"/bin/hookctl list 'hookctl list'":                                    "/bin/hookctl list 'hookctl list'",
	} {
		got := f.in(text)
		if got != want || f.in(got) != got {
			t.Errorf("%q: %q", text, got)
		}
		if (accountFlags{}).in(text) != text {
			t.Errorf("%q is changed without flags", text)
		}
	}
}

// TestHintsNameTheAccount: what is told to be typed is for the account that the
// command line has named, whatever part of the program tells it.
func TestHintsNameTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := " --profile other --config " + w.dir
	flags := func(args string) []string { return strings.Fields(args + account) }
	for _, name := range w.env.Drivers.Names() {
		w.run(0, flags("login "+name)...)
	}
	w.run(0, flags("create wundertreos --url https://example.com/h --event contact.created --name W")...)
	w.said("hookctl secrets push W --to dotenv:.env:HOOK_SECRET" + account)
	w.run(7, flags("create wundertreos --url https://example.com/i --event contact.created --name X --secret-to exec:false")...)
	w.said("--to exec:false" + account)
	w.run(2, flags("secrets push W")...)
	w.said("hookctl secrets push W --to dotenv:.env:HOOK_SECRET" + account)
	w.run(5, flags("get wundertreos/none")...)
	w.said("hookctl list -o name" + account)
	w.lose.Store(true)
	w.run(7, flags("create wundertreos --url https://example.com/j --event contact.created")...)
	w.lose.Store(false)
	w.said("run: hookctl recover" + account)
	if fix := w.run(3, flags("secrets check --jq .[].fix")...); !strings.Contains(fix, "hookctl recover"+account) {
		t.Error(fix)
	}
	next := w.run(7, flags("recover --jq .[].next")...)
	for line := range strings.SplitSeq(strings.TrimSpace(next), "\n") {
		if !strings.HasPrefix(line, "hookctl ") || !strings.Contains(line, " --config "+w.dir) || !strings.Contains(line, " --profile other") {
			t.Errorf("%q", line)
		}
	}
}
