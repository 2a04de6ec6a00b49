package cli

import (
	"slices"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/sink"
)

// Topic is a page of help that belongs to no command. It is made from the
// tables that the program itself works with, so that it cannot go out of date.
type Topic struct {
	Name     string    `json:"name"` // the word after `hookctl help`
	Title    string    `json:"title"`
	Intro    string    `json:"intro"`
	Sections []Section `json:"sections"`
}

// Section is a list of words and what they mean.
type Section struct {
	Title   string  `json:"title"` // "" for the only one
	Columns string  `json:"-"`     // the titles of both columns in Markdown, "word | meaning"
	Intro   string  `json:"intro,omitempty"`
	Entries []Entry `json:"entries"`
}

// Entry is one word of a Section.
type Entry struct {
	Word    string `json:"word"`
	Meaning string `json:"meaning"`
}

// topics is THE list of topics.
func topics(drivers []*provider.Driver) []Topic {
	return []Topic{exitCodes(), environment(drivers), formatTopic()}
}

func exitCodes() Topic {
	codes := Section{Columns: "Code | Meaning", Entries: []Entry{
		{"0", "done; every signature valid; nothing to change"},
	}}
	for _, row := range fault.Table {
		codes.Entries = append(codes.Entries, Entry{strconv.Itoa(row.Exit), row.Meaning})
	}
	words := Section{
		Title:   "Words in JSON errors",
		Columns: "Word | Exit code",
		Intro:   `With -o json an error is {"error": {"code", "exit_code", "message", "hint", "provider_message"}} on standard error. Its code is one of these or a finer word; its exit_code is the process's.`,
	}
	for _, row := range fault.Table {
		words.Entries = append(words.Entries, Entry{row.Code, strconv.Itoa(row.Exit)})
	}
	return Topic{
		Name: "exit-codes", Title: "Exit codes",
		Intro: "Every command exits with one of these. Where several things failed it is the code of the worst.",
		Sections: []Section{codes, words, {
			Title: "Cases", Columns: "Code | Case", Entries: []Entry{
				{"1", "the store was not usable before anything was sent"},
				{"2", "both WundertreOS credentials are set"},
				{"2", "verify had no secret to try, or nothing to read"},
				{"4", "Zyntro says: Invalid organization"},
				{"6", "Zyntro says: Failed to create webhook"},
				{"7", "create was interrupted, or its outcome could not be looked up"},
				{"7", "recover left something for a human"},
			},
		}},
	}
}

func environment(drivers []*provider.Driver) Topic {
	settings := Section{
		Title: "Settings", Columns: "Variable | Meaning",
		Intro: `A base URL that config.yaml names is not used with credentials from the environment: set it in the environment too. Every result names a base URL that is not the provider's own, as in "Provider: wundertreos (127.0.0.1:42083)" or "origin" in JSON.`,
	}
	for _, key := range settingKeys(drivers) {
		meaning := key.Usage
		if key.Default != "" {
			meaning += " (default " + key.Default + ")"
		}
		settings.Entries = append(settings.Entries, Entry{key.Env(), meaning})
	}
	credentials := Section{
		Title: "Credentials", Columns: "Variable | Meaning",
		Intro: "They go before those that login keeps. A program that hookctl starts does not see them.",
	}
	for _, d := range drivers {
		for _, f := range d.Credentials {
			for i, name := range f.Env {
				what, _, _ := strings.Cut(f.Label, " (") // the rest is for who is asked
				meaning := d.Title + ": " + what
				if i > 0 {
					meaning = "as " + f.Env[0] + ", which goes before it"
				}
				credentials.Entries = append(credentials.Entries, Entry{name, meaning})
			}
		}
	}
	agents := Section{Title: "Coding agents", Columns: "Variable | Set by", Intro: `Where one of these is set, printing a secret (secrets show, --show-secret, the
sink stdout) needs --reveal, since a transcript keeps what is printed. That stops
accidents and protects from nobody.`}
	for _, v := range agentVariables {
		agents.Entries = append(agents.Entries, Entry{v.name, v.agent})
	}
	return Topic{
		Name: "environment", Title: "Environment and files",
		Intro: "A flag goes before the environment, the environment before the profile in config.yaml, that before the default. An empty variable counts as not set.",
		Sections: []Section{
			{Title: "Where", Columns: "Variable | Meaning", Entries: []Entry{
				{"HOOKCTL_CONFIG_DIR", "the directory of settings, secrets and journal, as --config (default: hookctl in the user's configuration directory, such as ~/.config)"},
				{"GOMEMLIMIT", "how much memory is used before it is cleared more often, as of any Go program (default: 128MiB)"},
				{"XDG_CONFIG_HOME", "the user's configuration directory on Linux and the BSDs, as an absolute path (default: ~/.config)"},
				{config.EnvProfile, "the profile, as --profile; without one it is the profile " + config.DefaultProfile + ". What changes something needs one that exists: hookctl profile create NAME"},
			}},
			credentials,
			settings,
			{Title: "Others", Columns: "Variable | Meaning", Entries: []Entry{
				{provider.AuthDataVariable, "create zyntro: the JSON for --auth-type, where --auth-data is not given"},
				{sandbox.EnvInside, "set where a sandbox is in force: base URLs that are not on the loopback are refused, and create in CI needs no --secret-to"},
				{sandbox.EnvURL + ", " + sandbox.EnvToken, "as hookctl sandbox prints them: where sandbox emit and sandbox log find it"},
				{"XDG_RUNTIME_DIR, XDG_CACHE_HOME", "where the state of sandbox start lies: in the first, or else in the user's directory for caches"},
				{"SHELL, PSModulePath, _", "what sandbox start takes for the shell that reads its lines, without --shell"},
				{"CI", "if set (and not 0 or false) nothing is asked, and create wants a --secret-to or --store-only"},
				{"NO_COLOR", "if set, no colour"},
				{"CLICOLOR_FORCE", "if set (and not 0), colour even where the output is no terminal"},
				{"TERM", "if dumb, no colour, choices by number, and a list --watch that does not clear the screen"},
				{"SHELL, HOME", "where doctor looks for the completion script"},
				{"HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "the proxy for requests, as for other programs"},
				{"GITHUB_ACTIONS, GITHUB_ENV, GITHUB_OUTPUT", "set by GitHub Actions, for the sinks github-env and github-output and to mask secrets in logs"},
			}},
			agents,
			{Title: "Files in the configuration directory", Columns: "File | Holds", Entries: []Entry{
				{"config.yaml", "settings, never a secret or a credential. It and its directory are refused if another user owns them or can write to them; root may own them. Windows: not checked"},
				{"webhooks/", "one file for each webhook, with its secret"},
				{"credentials/", "one file for each account"},
				{"journal/", "one file for each operation that is under way or was interrupted; see: hookctl recover"},
			}},
		},
	}
}

// outputMeanings are the meanings of the output formats.
var outputMeanings = map[render.Format]string{
	render.Table:  "for people; in a pipe nothing is cut",
	render.JSON:   "one document; a list is an array. Members are only ever added",
	render.YAML:   "the same as YAML",
	render.NDJSON: "the same, each element of a list on a line of its own",
	render.Name:   "names only, one a line, for other commands",
}

// reasonMeanings are the meanings of a verdict's reasons, in their order.
var reasonMeanings = []struct {
	reason  signature.Reason
	meaning string
}{
	{signature.OK, "the signature is valid"},
	{signature.Mismatch, "the signature is not that of this body under any secret that was tried"},
	{signature.NoSignature, "there is no signature header"},
	{signature.Malformed, "the signature is not one: wrong length or alphabet"},
	{signature.Conflicting, "there are several signature headers, and they differ"},
	{signature.NoSecret, "no secret is kept for the provider of this delivery"},
	{signature.TooOld, "valid, but older than --max-age"},
	{signature.Unreadable, "the delivery cannot be read"},
}

func formatTopic() Topic {
	output := Section{Title: "Output (--output)", Columns: "Format | Meaning"}
	for _, f := range render.Formats {
		output.Entries = append(output.Entries, Entry{string(f), outputMeanings[f]})
	}
	captures := Section{
		Title: "Captured deliveries (verify --format)", Columns: "Format | Meaning",
		Intro: "The format is detected by content unless --format names it. A directory is walked.",
	}
	for _, f := range capture.Formats {
		captures.Entries = append(captures.Entries, Entry{f.Name, f.About})
	}
	reasons := Section{Title: "Reasons of a verdict", Columns: "Reason | Meaning", Intro: "All but ok make exit code 3."}
	for _, r := range reasonMeanings {
		reasons.Entries = append(reasons.Entries, Entry{string(r.reason), r.meaning})
	}
	sinks := Section{
		Title: "Where else a secret may go (--secret-to)", Columns: "Sink | Meaning",
		Intro: "A sink gets the secret exactly: it is exempt from what is said above of commands for CI runners, as is what a command that you name prints.",
	}
	for _, f := range sink.Forms() {
		sinks.Entries = append(sinks.Entries, Entry{f.Syntax, f.Meaning})
	}
	return Topic{
		Name: "formats", Title: "Formats",
		Intro: "What hookctl writes, and what it reads. " +
			"Text from providers, deliveries, manifests, file names and arguments never drives a terminal, and never gives a command to a CI runner: " +
			"what begins with ## and ends with [, and :: at the beginning of a line, is broken, in JSON and YAML by an escape, elsewhere by U+FFFD.",
		Sections: []Section{output, captures, {
			Title: "The delivery record", Columns: "Member | Meaning",
			Intro: "One JSON object: a line of ndjson, or a .json file. Only headers and one of the bodies are required.",
			Entries: []Entry{
				{"received_at", "when it was received, RFC 3339"},
				{"method, url", "of the request"},
				{"headers", "an object; a value is a string or a list of strings"},
				{"body_base64", "the exact body, in base64"},
				{"body", "the body as a string, where it is text"},
			},
		}, reasons, sinks},
	}
}

// view is the topic in every output format.
func (t *Topic) view() render.View {
	return render.View{Data: t, Text: t.Text(), Names: []string{t.Name}}
}

// textWidth is how wide topics are written.
const textWidth = 80

// Text is the topic as a terminal shows it.
func (t *Topic) Text() string {
	var b strings.Builder
	b.WriteString(strings.ToUpper(t.Title) + "\n\n")
	writeWrapped(&b, t.Intro, 0, 0)
	for _, s := range t.Sections {
		b.WriteByte('\n')
		if s.Title != "" {
			b.WriteString(s.Title + "\n\n")
		}
		if s.Intro != "" {
			writeWrapped(&b, s.Intro, 2, 2)
			b.WriteByte('\n')
		}
		s.writeEntries(&b)
	}
	return b.String()
}

// writeEntries writes words and meanings in two columns where the words are
// short, and else each meaning under its word.
func (s Section) writeEntries(b *strings.Builder) {
	widest := 0
	for _, e := range s.Entries {
		widest = max(widest, len(e.Word))
	}
	for _, e := range s.Entries {
		b.WriteString("  " + e.Word)
		indent := 2 + widest + 2
		if indent > textWidth/2 {
			indent = 6
			b.WriteByte('\n')
			writeWrapped(b, e.Meaning, indent, indent)
			continue
		}
		writeWrapped(b, e.Meaning, indent-2-len(e.Word), indent)
	}
}

// writeWrapped writes text in lines of textWidth, indented: the first by the
// blanks that its line still lacks.
func writeWrapped(b *strings.Builder, text string, first, indent int) {
	b.WriteString(strings.Repeat(" ", first))
	at := indent
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case at+1+len(word) > textWidth:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	b.WriteByte('\n')
}

// Markdown is the topic as a page of the reference.
func (t *Topic) Markdown() string {
	var b strings.Builder
	b.WriteString("# " + t.Title + "\n\n" + markdownText(t.Intro) + "\n")
	for _, s := range t.Sections {
		b.WriteByte('\n')
		if s.Title != "" {
			b.WriteString("## " + s.Title + "\n\n")
		}
		if s.Intro != "" {
			b.WriteString(markdownText(s.Intro) + "\n\n")
		}
		b.WriteString("| " + s.Columns + " |\n| --- | --- |\n")
		for _, e := range s.Entries {
			b.WriteString("| " + codeWords(e.Word) + " | " + markdownText(e.Meaning) + " |\n")
		}
	}
	return b.String()
}

// codeWords sets each of a comma list as code; a sentence stays text.
func codeWords(word string) string {
	parts := strings.Split(word, ", ")
	if slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(p, " ") }) {
		return markdownText(word)
	}
	return "`" + strings.Join(parts, "`, `") + "`"
}

// markdownText keeps text from being read as markup.
func markdownText(text string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", `\<`, "*", `\*`, "`", "\\`").Replace(text)
}
