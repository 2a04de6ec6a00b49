package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/term"
)

// A page is a Markdown file of docs/, or README.md. Its blocks in sh are commands
// and those in console are commands with what they print: TestPages runs both.
// What the page says to the test stands in comments, which readers do not see:
//
//	<!-- setup: COMMANDS -->      are run there
//	<!-- file: NAME -->           the next block becomes this file
//	<!-- step: CI SYSTEM -->      the next block, in yaml, is a step with run and env: it is run as that system does
//	<!-- meanwhile: COMMANDS -->  each command of the next block serves until it is ended:
//	                              these are run meanwhile, with URL as its address
//	<!-- lose: on -->             the providers' answers to creates are lost, until lose: off
//	<!-- exit: CODE -->           the last command of the next block exits with this code
//	<!-- needs: PROGRAM... -->    without these the rest of the page is left out
//	<!-- run by: TEST -->         the next block is run by this test
//	<!-- not run: REASON -->      the next block cannot be run
//
// A command exits 0 unless a comment in it says otherwise: # exit 3. In the pages for
// newcomers commands have no comments: zsh, as it comes, takes none at a prompt.

// pageRoot is the root of the repository.
var pageRoot = filepath.Join("..", "..")

// pageNames are the pages, as paths from the root.
func pageNames(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(pageRoot, "docs", "*.md"))
	check(t, err)
	for i, name := range names {
		names[i] = "docs/" + filepath.Base(name)
	}
	return append(names, "README.md", "docs/skill/hookctl/SKILL.md")
}

// pageStep is a block of a page, or a comment that stands by itself.
type pageStep struct {
	line        int               // of its first line of text, from 0
	lang, text  string            // of a block
	instruction map[string]string // of the comments before it
}

// page is a page in steps.
type page struct {
	name  string
	lines []string
	steps []pageStep
}

var (
	pageFence   = regexp.MustCompile("^( *)(```+|~~~+)([a-z]*)")
	pageComment = regexp.MustCompile(`^<!-- (setup|file|step|meanwhile|lose|needs|exit|run by|not run):`)
)

// readPage reads a page and finds what is wrong with its blocks.
func readPage(t *testing.T, name string) *page {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(pageRoot, filepath.FromSlash(name)))
	check(t, err)
	p := &page{name: name, lines: strings.Split(string(text), "\n")}
	said := map[string]string{} // for the next block
	for i := 0; i < len(p.lines); i++ {
		line := p.lines[i]
		if found := pageComment.FindStringSubmatch(line); found != nil {
			from := i
			for !strings.HasSuffix(p.lines[i], "-->") && i < len(p.lines)-1 {
				i++
			}
			rest := strings.Join(p.lines[from:i+1], "\n")
			rest = strings.TrimSpace(strings.TrimSuffix(rest[len(found[0]):], "-->"))
			switch word := found[1]; {
			case rest == "":
				t.Errorf("%s:%d: %s says nothing", name, from+1, word)
			case slices.Contains([]string{"setup", "lose", "needs"}, word):
				p.steps = append(p.steps, pageStep{line: from, instruction: map[string]string{word: rest}})
			default:
				said[word] = rest
			}
			continue
		}
		fence := pageFence.FindStringSubmatch(line)
		if fence == nil {
			if strings.TrimSpace(line) != "" {
				if len(said) > 0 {
					t.Errorf("%s:%d: no block follows the comment before it", name, i+1)
					said = map[string]string{}
				}
				if strings.HasPrefix(line, "    hookctl ") || strings.HasPrefix(line, "    $ ") {
					t.Errorf("%s:%d: commands belong into a block, ```sh", name, i+1)
				}
			}
			continue
		}
		step := pageStep{line: i + 1, lang: fence[3], instruction: said}
		said = map[string]string{}
		for i++; i < len(p.lines) && strings.TrimSpace(p.lines[i]) != fence[2]; i++ {
			step.text += strings.TrimPrefix(p.lines[i], fence[1]) + "\n"
		}
		shell := slices.Contains([]string{"bash", "shell", "zsh", "shellsession"}, step.lang)
		if shell || step.lang != "console" && strings.HasPrefix(step.text, "$ ") {
			t.Errorf("%s:%d: call it sh, or console where the commands have prompts", name, step.line)
		}
		p.steps = append(p.steps, step)
	}
	return p
}

// script is what the run and env of a step say, as commands of a shell.
func (s pageStep) script(t *testing.T) string {
	t.Helper()
	var steps []struct {
		Run string
		Env map[string]string
	}
	if fromYAML(t, s.text, &steps); len(steps) != 1 || steps[0].Run == "" {
		t.Fatalf("line %d: a step that runs something is wanted:\n%s", s.line+1, s.text)
	}
	out := "(\nset -e\nexport CI=true\n"
	for name, value := range steps[0].Env {
		out += "export " + name + "=" + term.ShellWord(value) + "\n"
	}
	return out + steps[0].Run + ")\n"
}

func fromYAML(t *testing.T, text string, into any) {
	t.Helper()
	check(t, yaml.Unmarshal([]byte(text), into))
}

// section is the first block in a language behind a heading or a bold title; "" is
// any language.
func (p *page) section(t *testing.T, title, lang string) string {
	t.Helper()
	at := slices.IndexFunc(p.lines, func(line string) bool {
		return strings.HasPrefix(line, "**"+title) || strings.HasPrefix(line, "#") && strings.TrimLeft(line, "# ") == title
	})
	for _, s := range p.steps {
		if at >= 0 && s.line > at && (s.lang == lang || s.lang != "" && lang == "") {
			return s.text
		}
	}
	t.Fatalf("%s has no block behind %q", p.name, title)
	return ""
}

// pageCommand is a command of a page, and what the page says that it prints.
type pageCommand struct {
	line, from, to int // the lines of the command, and of what is shown, from 0
	text           string
	shows          bool
	code           int
}

var pageExit = regexp.MustCompile(`(?m)(?:^|\s)# .*\bexit(?: code)? (\d+)\b`)

// commands takes a block of sh or console apart.
func (s pageStep) commands() ([]pageCommand, error) {
	var out []pageCommand
	open := false // the last command goes on
	for i, line := range strings.Split(strings.TrimSuffix(s.text, "\n"), "\n") {
		at := s.line + i
		if s.lang == "console" {
			typed, begins := strings.CutPrefix(line, "$ ")
			if !begins {
				typed = strings.TrimPrefix(line, "> ")
			}
			switch {
			case begins && open:
				return nil, fmt.Errorf("line %d: the command before it has no end", at)
			case begins:
				out = append(out, pageCommand{line: at, text: typed + "\n", shows: true})
			case open:
				out[len(out)-1].text += typed + "\n"
			case len(out) == 0:
				return nil, fmt.Errorf("line %d: a console begins with a command", at)
			}
			if c := &out[len(out)-1]; begins || open {
				open = !wholeCommand(c.text)
				c.from, c.to = at+1, at+1
			} else {
				c.to = at + 1
			}
			continue
		}
		if !open {
			if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
				continue
			}
			out = append(out, pageCommand{line: at})
		}
		c := &out[len(out)-1]
		c.text += line + "\n"
		open = !wholeCommand(c.text)
	}
	if open {
		return nil, fmt.Errorf("line %d: the command has no end", out[len(out)-1].line+1)
	}
	for i := range out {
		if found := pageExit.FindStringSubmatch(out[i].text); found != nil {
			_, _ = fmt.Sscan(found[1], &out[i].code)
		}
	}
	return out, nil
}

var (
	pageOpens = regexp.MustCompile(`(?m)(?:^|[;&|(]|\b(?:do|then|else)\b)\s*(if|for|while|until|case)\b`)
	pageEnds  = regexp.MustCompile(`(?m)(?:^|;)\s*(fi|done|esac)\b`)
	pageHere  = regexp.MustCompile(`<<-?\s*'?(\w+)'?`)
	pageWord  = regexp.MustCompile(`(?s)\\.|'[^']*'|"(?:\\.|[^"\\])*"|(?:^|\s)#[^\n]*`)
)

// wholeCommand reports whether a shell would run text, or wait for more of it. It
// knows as much of the language as pages need.
func wholeCommand(text string) bool {
	if here := pageHere.FindStringSubmatch(text); here != nil {
		return strings.HasSuffix(text, "\n"+here[1]+"\n")
	}
	if strings.HasSuffix(text, "\\\n") {
		return false
	}
	bare := pageWord.ReplaceAllString(text, "")
	return !strings.ContainsAny(bare, `'"`) && !strings.HasSuffix(strings.TrimSpace(bare), "|") &&
		len(pageOpens.FindAllString(bare, -1)) <= len(pageEnds.FindAllString(bare, -1)) && strings.Count(bare, "{") == strings.Count(bare, "}")
}

// pageMasks are what differs from run to run. contributing.md says it.
var pageMasks = []struct {
	found *regexp.Regexp
	as    string
}{
	{regexp.MustCompile(`\b[0-9a-z]{8}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{12}\b`), "ID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| UTC|[+-]\d\d:?\d\d)?`), "TIME"},
	{regexp.MustCompile(`\b(\d\d:\d\d:\d\d|1\d{9})(\.\d+)?\b`), "TIME"},
	{regexp.MustCompile(`\b([0-9]+ (seconds?|minutes?|min|s) ago|just now|now)\b`), "AGO"},
	{regexp.MustCompile(`(127\.0\.0\.1|localhost|\[::1\]):\d+`), "$1:PORT"},
	{regexp.MustCompile(`(\b|_)[0-9a-f]{8,}\b`), "HEX"},
	{regexp.MustCompile(`\b\d+(\.\d+)?\s?(ns|µs|ms|MB/s)|\b\d+\.\d+\s?s\b`), "DURATION"},
	{regexp.MustCompile(`\b\d[\d,.]*\s(bytes|B|KiB)\b|(Content-Length(: | says )|"(bytes|ms)": ?)\d+`), "SIZE"},
	{regexp.MustCompile(`\bgo1\.\d+(\.\d+)?\b`), "GO"},
}

// sameOutput reports whether a command printed what its page shows. White space
// does not count, nor what pageMasks hides; a line of three dots stands for any
// lines.
func sameOutput(shown, printed string) bool {
	plain := func(text string) string {
		text = strings.Join(strings.Fields(text), " ")
		for _, m := range pageMasks {
			text = m.found.ReplaceAllString(text, m.as)
		}
		return text
	}
	pieces := strings.Split("\n"+shown, "\n...\n")
	rest := plain(printed)
	for i, piece := range pieces {
		piece = plain(piece)
		switch at := strings.Index(rest, piece); {
		case i == len(pieces)-1 && i > 0:
			return strings.HasSuffix(rest, piece)
		case i == 0 && at != 0, at < 0:
			return false
		default:
			rest = rest[at+len(piece):]
		}
	}
	return rest == ""
}

// freshOutput is what a page has to show of what was printed: all of it, or where
// three dots stand for lines, those lines that begin most like the ones it shows.
func freshOutput(shown, printed []string) []string {
	if !slices.Contains(shown, "...") {
		return printed
	}
	var out []string
	at := 0
	for _, line := range shown {
		if line == "..." || line == "" {
			out = append(out, line)
			continue
		}
		best, alike := -1, min(8, len(line))-1
		for i, p := range printed[at:] {
			n := 0
			for n < min(len(p), len(line)) && p[n] == line[n] {
				n++
			}
			if n > alike {
				best, alike = at+i, n
			}
		}
		if best < 0 {
			return printed
		}
		out = append(out, printed[best])
		at = best + 1
	}
	if !sameOutput(strings.Join(out, "\n")+"\n", strings.Join(printed, "\n")) {
		return printed
	}
	return out
}

func TestFreshOutput(t *testing.T) {
	t.Parallel()
	printed := []string{"Verdict: INVALID", "Delivery: a", "Reason: mismatch: no known secret fits", "Note: b"}
	for _, c := range []struct{ shown, want []string }{
		{[]string{"Verdict: VALID"}, printed},
		{[]string{"Verdict: VALID", "...", "Reason: mismatch: not signed", "..."}, []string{printed[0], "...", printed[2], "..."}},
		{[]string{"Verdict: VALID", "...", "Cause: crlf", "..."}, printed},
		{[]string{"Reason: mismatch", "..."}, printed}, // it is the first line no more
	} {
		if got := freshOutput(c.shown, printed); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q", c.shown, got)
		}
	}
}

func TestSameOutput(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		shown, printed string
		want           bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "", false}, {"a", "ab", false}, {"a b", "a\n  b\n", true},
		{"a\n...\n", "a b c", true}, {"a\n...\nc\n", "a b c", true}, {"a\n...\nd\n", "a b c", false}, {"...\nc\n", "a b c", true}, {"...\nb\n", "a b c", false},
		{"a\n...\na\n", "a", false},
		{"kept sha256:1f2e3d4c", "kept sha256:00000000", true}, {"kept sha256:1f2e3d4c", "lost sha256:00000000", false},
		{"at http://127.0.0.1:8787/x", "at http://127.0.0.1:40001/x", true}, {"993 bytes", "1,039 bytes", true}, {"2 deliveries", "3 deliveries", false},
	} {
		if got := sameOutput(c.shown, c.printed); got != c.want {
			t.Errorf("%q and %q: %v", c.shown, c.printed, got)
		}
	}
}

func TestPageCommands(t *testing.T) {
	t.Parallel()
	text := "# a comment\nhookctl a 'x\ny' \\\n  -o json # exit 3\n\nfor i in 1 2; do\n  if true; then echo \"# $i\"; fi\ndone\ncat <<EOF\nit's\nEOF\na | # exit code 2\nb\n"
	got, err := pageStep{lang: "sh", text: text}.commands()
	check(t, err)
	want := []pageCommand{
		{line: 1, text: "hookctl a 'x\ny' \\\n  -o json # exit 3\n", code: 3}, {line: 5, text: "for i in 1 2; do\n  if true; then echo \"# $i\"; fi\ndone\n"},
		{line: 8, text: "cat <<EOF\nit's\nEOF\n"}, {line: 11, text: "a | # exit code 2\nb\n", code: 2},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	got, err = pageStep{lang: "console", line: 7, text: "$ a \\\n> b\nout\n\n$ c\n"}.commands()
	check(t, err)
	want = []pageCommand{{line: 7, from: 9, to: 11, text: "a \\\nb\n", shows: true}, {line: 11, from: 12, to: 12, text: "c\n", shows: true}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	for _, bad := range []pageStep{{lang: "console", text: "out\n"}, {lang: "sh", text: "echo 'a\n"}, {lang: "console", text: "$ a \\\n$ b\n"}} {
		if _, err := bad.commands(); err == nil {
			t.Errorf("%q has no error", bad.text)
		}
	}
}

var (
	pageCode   = regexp.MustCompile("`([^`\n]+)`")
	pageFenced = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
)

// flagsOfOthers are flags that pages name and that belong to other programs.
var flagsOfOthers = []string{"data-binary", "env", "env-file", "org", "pipepart", "protected", "server-side"}

// TestPageWords: commands and flags that the pages name in their sentences are
// those that there are.
func TestPageWords(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	w := newWorld(t)
	flags := strings.Fields(w.run(0, "help", "--json", "--jq", "[.global_flags[], .commands[].flags[]] | .[].name"))
	for _, name := range pageNames(t) {
		p := readPage(t, name)
		text := pageFenced.ReplaceAllString(strings.Join(p.lines, "\n"), "")
		for _, code := range pageCode.FindAllStringSubmatch(text, -1) {
			words := strings.Fields(strings.ReplaceAll(code[1], `\|`, "|"))
			if len(words) > 1 && words[0] == "hookctl" {
				c, rest, err := Root().Find(words[1:])
				if err == nil && c.ParseFlags(rest) != nil { // or the last one is named without its value
					err = c.ParseFlags(append(rest, "1"))
				}
				if err != nil && !errors.Is(err, pflag.ErrHelp) || !c.HasParent() {
					t.Errorf("%s: %s: %v", name, code[0], err)
				}
			}
			if flag := regexp.MustCompile(`^--([a-z][a-z-]*)`).FindStringSubmatch(words[0]); flag != nil {
				if flag := flag[1]; !slices.Contains(flags, flag) && !slices.Contains(flagsOfOthers, flag) {
					t.Errorf("%s: there is no flag %s", name, code[0])
				}
			}
		}
	}
}

var (
	pageLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	pageHeading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// anchors are those of the headings of a Markdown file, as GitHub makes them.
func anchors(text string) (out []string) {
	for _, h := range pageHeading.FindAllStringSubmatch(pageFenced.ReplaceAllString(text, ""), -1) {
		title := strings.ToLower(strings.ReplaceAll(h[1], " ", "-"))
		out = append(out, regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(title, ""))
	}
	return out
}

// TestPageLinks: a link within the repository leads to a file, and to a heading of it.
func TestPageLinks(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	for _, name := range pageNames(t) {
		p := readPage(t, name)
		text := pageCode.ReplaceAllString(pageFenced.ReplaceAllString(strings.Join(p.lines, "\n"), ""), "")
		for _, link := range pageLink.FindAllStringSubmatch(text, -1) {
			file, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(file, ":") {
				continue
			}
			if file == "" {
				file = filepath.Base(name)
			}
			file = filepath.Join(pageRoot, filepath.Dir(filepath.FromSlash(name)), filepath.FromSlash(file))
			there, err := os.ReadFile(file)
			if info, statErr := os.Stat(file); statErr == nil && info.IsDir() {
				err = nil
			}
			if err != nil || anchor != "" && !slices.Contains(anchors(string(there)), anchor) {
				t.Errorf("%s: there is no %s: %v", name, link[1], err)
			}
		}
	}
}

// pagesToPaste are the pages for newcomers, whose commands are pasted as they are:
// into zsh too, which as it comes takes no comments at a prompt, and into a terminal
// of 80 columns.
var pagesToPaste = []string{"README.md", "docs/first-hour.md"}

func TestPagesToPaste(t *testing.T) {
	t.Parallel()
	for _, name := range pagesToPaste {
		for _, s := range readPage(t, name).steps {
			commands, err := s.commands()
			if s.lang != "sh" && s.lang != "console" || err != nil {
				continue // TestPages says what is wrong
			}
			for _, c := range commands {
				for line := range strings.Lines(c.text) {
					line = strings.TrimSuffix(line, "\n")
					if len(line) > 78 || strings.Contains(line, " # ") {
						t.Errorf("%s:%d: a comment, or a line of more than 78 columns: %s", name, c.line+1, line)
					}
				}
			}
		}
	}
}
