package snippet_test

import (
	"flag"
	"go/format"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/snippet"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// schemes are how snippets are asked to verify: as each provider signs, and by what
// settings can make of it.
func schemes() map[string]snippet.Of {
	of := map[string]snippet.Of{}
	for _, d := range all.Drivers() {
		of[d.Name] = snippet.Of{Provider: d.Name, Title: d.Title, Scheme: d.Scheme}
	}
	d := all.Drivers()[0]
	for name, s := range map[string]signature.Scheme{
		"hex-key":       {Headers: []string{"X-Sig"}, KeyEncoding: signature.Hex, DigestEncoding: signature.Hex},
		"hex-key-b64":   {Headers: []string{"X-Sig"}, KeyEncoding: signature.Hex, DigestEncoding: signature.Base64},
		"base64-key":    {Headers: []string{"X-Sig", "X-Sig-2"}, KeyEncoding: signature.Base64, DigestEncoding: signature.Base64, Prefix: "sha256="},
		"base64-digest": {Headers: []string{"X-Sig"}, KeyEncoding: signature.UTF8, DigestEncoding: signature.Base64, Prefix: "v1=", Template: "{body}"},
	} {
		of[name] = snippet.Of{Provider: d.Name, Title: d.Title, Scheme: s}
	}
	return of
}

func snippetOf(t *testing.T, framework string, of snippet.Of) snippet.Snippet {
	t.Helper()
	s, err := snippet.Make(framework, of)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestGolden shows what a change of a template, or of a provider's scheme, makes of
// the snippets that people have.
func TestGolden(t *testing.T) {
	t.Parallel()
	var want []string
	for _, d := range all.Drivers() {
		for _, framework := range snippet.Frameworks() {
			s := snippetOf(t, framework, schemes()[d.Name])
			// A suffix keeps Go tools from them.
			file := filepath.Join("testdata", d.Name+"."+framework+path.Ext(s.File)+".golden")
			want = append(want, file)
			if *update {
				if err := os.WriteFile(file, []byte(s.Code), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(golden) != s.Code {
				t.Errorf("%s differs from what is written now: look at it with go test ./internal/snippet -run Golden -update, and git diff", file)
			}
		}
	}
	have, _ := filepath.Glob("testdata/*.golden")
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("golden files: have %q, want %q", have, want)
	}
}

// TestSnippets holds for every one of them.
func TestSnippets(t *testing.T) {
	t.Parallel()
	if len(snippet.Frameworks()) < 10 {
		t.Errorf("frameworks: %q", snippet.Frameworks())
	}
	for name, of := range schemes() {
		for _, framework := range snippet.Frameworks() {
			s := snippetOf(t, framework, of)
			for what, text := range map[string]string{"title": s.Title, "file": s.File, "run": s.Run, "code": s.Code} {
				if text == "" || strings.Contains(text, "<no value>") || strings.Contains(text, "{{") {
					t.Errorf("%s, %s: the %s is %q", framework, name, what, text)
				}
			}
			if snippet.Title(framework) != s.Title {
				t.Errorf("%s: Title is %q, and it says %q", framework, snippet.Title(framework), s.Title)
			}
			for _, must := range append(of.Scheme.Headers, "HOOK_SECRET", of.Title, "/hook", "401") {
				if !strings.Contains(strings.ToLower(s.Code), strings.ToLower(must)) && !(must == "401" && strings.Contains(strings.ToLower(s.Code), "unauthorized")) {
					t.Errorf("%s, %s: %q is not in the code", framework, name, must)
				}
			}
			if strings.Contains(s.Code, "ASSUMED") != (len(of.Scheme.Assumed) > 0) {
				t.Errorf("%s, %s: assumed is %q, and the code does not say so", framework, name, of.Scheme.Assumed)
			}
			for i, line := range strings.Split(s.Code, "\n") {
				if strings.TrimRight(line, " \t\r") != line || len(line) > 130 {
					t.Errorf("%s, %s: line %d is too long or ends with a blank: %q", framework, name, i+1, line)
				}
			}
			if strings.HasPrefix(s.Code, "\n") || strings.HasSuffix(s.Code, "\n\n") || strings.Contains(s.Code, "\n\n\n\n") {
				t.Errorf("%s, %s: blank lines:\n%s", framework, name, s.Code)
			}
			if path.Ext(s.File) == ".go" {
				if b, err := format.Source([]byte(s.Code)); err != nil || string(b) != s.Code {
					t.Errorf("%s, %s: it is not formatted (%v):\n%s", framework, name, err, s.Code)
				}
			}
		}
	}
}

// TestOwnProviderOnly: a snippet names its provider, and nothing of another.
func TestOwnProviderOnly(t *testing.T) {
	t.Parallel()
	for _, d := range all.Drivers() {
		for _, framework := range snippet.Frameworks() {
			code := strings.ToLower(snippetOf(t, framework, schemes()[d.Name]).Code)
			for _, other := range all.Drivers() {
				foreign := append([]string{other.Title, other.Name, other.BaseURL, other.SecretMember, other.IDMember}, other.Scheme.Headers...)
				for _, e := range other.Catalogue {
					foreign = append(foreign, e.Slug)
				}
				for _, word := range foreign {
					if own(d, word) || word == "" || word == "id" || word == "secret" {
						continue
					}
					if strings.Contains(code, strings.ToLower(word)) {
						t.Errorf("%s for %s names %q", framework, d.Name, word)
					}
				}
			}
		}
	}
}

func own(d *provider.Driver, word string) bool {
	return word == d.Title || word == d.Name || slices.Contains(d.Scheme.Headers, word)
}

// TestTemplatesNameNoProvider: what a provider is called is in its driver alone.
func TestTemplatesNameNoProvider(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("*/*.tmpl")
	if len(files) < len(snippet.Frameworks()) {
		t.Fatalf("templates: %q", files)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all.Drivers() {
			for _, word := range append([]string{d.Name, d.Title, "sha256="}, append(d.Aliases, d.Scheme.Headers...)...) {
				if strings.Contains(strings.ToLower(string(raw)), strings.ToLower(word)) {
					t.Errorf("%s names %q", file, word)
				}
			}
		}
	}
}

// TestRefused: what no snippet can verify, or what could be code where a name
// belongs, is refused, and nothing is written.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*signature.Scheme){
		"timestamp":         func(s *signature.Scheme) { s.Template, s.TimestampHeader = "{timestamp}.{body}", "X-Time" },
		"around":            func(s *signature.Scheme) { s.Template = "v0:{body}" },
		"no header":         func(s *signature.Scheme) { s.Headers = nil },
		"quote":             func(s *signature.Scheme) { s.Headers = []string{"X-Sig'"} },
		"back tick":         func(s *signature.Scheme) { s.Headers = []string{"X-Sig`"} },
		"dollar":            func(s *signature.Scheme) { s.Headers = []string{"X-Good", "$x"} },
		"hash":              func(s *signature.Scheme) { s.Headers = []string{"#x"} },
		"newline":           func(s *signature.Scheme) { s.Headers = []string{"X-Sig\nevil"} },
		"last newline":      func(s *signature.Scheme) { s.Headers = []string{"X-Sig\n"} },
		"underscore":        func(s *signature.Scheme) { s.Headers = []string{"X_Sig"} },
		"equals":            func(s *signature.Scheme) { s.Headers = []string{"X-Sig="} },
		"letters of others": func(s *signature.Scheme) { s.Headers = []string{"X-Síg"} },
		"key encoding":      func(s *signature.Scheme) { s.KeyEncoding = "rot13" },
		"digest encoding":   func(s *signature.Scheme) { s.DigestEncoding = "rot13" },
		"prefix":            func(s *signature.Scheme) { s.Prefix = "');" },
	} {
		of := schemes()[all.Drivers()[0].Name]
		change(&of.Scheme)
		for _, framework := range snippet.Frameworks() {
			s, err := snippet.Make(framework, of)
			if fault.KindOf(err) != fault.Usage || s.Code != "" {
				t.Errorf("%s, %s: %v, %q", framework, name, err, s.Code)
			}
		}
	}
	for _, framework := range []string{"", "expres", "../snippet", "go.tmpl", "*", "Express", "node"} {
		if _, err := snippet.Make(framework, schemes()[all.Drivers()[0].Name]); fault.KindOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err).Text, "express, fastapi") {
			t.Errorf("%q: %v", framework, err)
		}
	}
}
