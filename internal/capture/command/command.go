// Package command reads command lines that send a request: curl and its like for
// the shells of each system, and fetch. Nothing is run.
package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// Format is command lines that send a delivery: as browsers and tools copy
// them, for bash, cmd.exe, PowerShell and as fetch, and as people write them.
//
// Commands follow each other, with comments, assignments and other commands in
// between, which are counted. A body in a file is read from beside the capture.
// Nothing is run: what only a shell could tell stays as it is written, and a note
// says so.
var Format = recorded.Format{
	Name:  "curl",
	About: "a copied command line: curl (bash or cmd), httpie, wget, PowerShell, fetch",
	Sniff: sniffCurl,
	Read:  readCurl,
}

func readCurl(_ context.Context, in recorded.Input) iter.Seq[recorded.Batch] {
	return func(yield func(recorded.Batch) bool) {
		data, err := message.ReadWhole(in.R)
		if err != nil {
			yield(recorded.Unreadable(in.Name, err))
			return
		}
		data, quoted := unquotedCommands(message.TrimBOM(data))
		c := commandFile{
			Rows: message.NewRows(in, yield),
			b:    data, vars: map[string]literal{}, script: bytes.HasPrefix(data, []byte("#!")),
		}
		if quoted {
			c.Notes = []string{`each line begins with "> ", as in a quotation: that was removed`}
		}
		free := message.NewGrowth()
		c.shell = shell{b: c.b, room: &free, vars: map[string][]byte{}, file: func(name string) ([]byte, error) { return message.Beside(in.Name, name) }}
		c.read()
	}
}

// commandFile walks one input.
type commandFile struct {
	message.Rows
	b       []byte
	i       int
	shell   shell
	vars    map[string]literal
	script  bool // it begins with #!
	traces  bool // a command shows a trace of its request
	probes  int
	others  int           // comments, and commands that are no request
	looked  int           // bytes that were read in vain
	before  *shellCommand // writes into the next command
	lineEnd int           // of the line in which the last statement begins
}

func (c *commandFile) read() {
	for c.i < len(c.b) && !c.Done {
		from := c.i
		c.statement()
		if c.looked > message.MostLooked*len(c.b) {
			c.Row(&recorded.Request{}, fmt.Errorf("bytes %d to %d were not read: they have too many unclosed quotes", from+1, len(c.b)))
			break
		}
	}
	c.Reveal("in a command that hookctl cannot read")
	if c.N+c.probes == 0 {
		c.Row(&recorded.Request{}, errors.New("it contains no command that sends a request"))
	}
	c.End(recorded.Probes(c.probes), recorded.Passed{N: c.others, One: "comment or other command", Many: "comments and other commands"})
}

// pass counts what is no request.
func (c *commandFile) pass(from, to int) {
	if len(bytes.TrimSpace(c.b[from:to])) == 0 {
		return
	}
	c.others++
	c.Remember(c.b[from:to], from)
	for _, s := range message.RequestsIn(nil, c.b[from:to], c.b[to:], from) {
		// A command may print what it sends.
		if c.b[s.At] != '>' && (c.N == 0 || !c.traces || !message.IsTraceLine(string(message.FirstLine(c.b[s.At:])))) {
			c.Passed = append(c.Passed, s)
		}
	}
}

// statement reads what begins at i, and moves on.
func (c *commandFile) statement() {
	if c.i >= c.lineEnd { // else it goes on in the middle of a line
		c.lineEnd = min(len(c.b), c.i+len(message.FirstLine(c.b[c.i:]))+1)
	}
	line := bytes.TrimSuffix(c.b[c.i:c.lineEnd], []byte("\n"))
	from, next, most := c.i, c.lineEnd, message.MaxLine
	if c.before != nil {
		most = message.MaxName // a line may hold many
	}
	text := strings.TrimSpace(string(line[:min(len(line), most)]))
	start := 0
	if c.before == nil {
		start = message.PromptEnd(text)
	}
	text = text[start:]
	at := from + bytes.Index(line, []byte(text))
	kind, name := startOf(text)
	switch {
	case text == "":
		c.pass(from, next)
		c.i = next
	case kind == startOther:
		c.pass(from, next)
		c.i = next
	case kind == startFetch:
		s := script{b: c.b, i: at + strings.Index(text, "fetch(") + len("fetch("), vars: c.vars, room: c.shell.room}
		o, err := s.fetch()
		c.scripted(&s, o, err, from)
	case kind == startPowerShell:
		s := script{b: c.b, i: at + len(name), vars: c.vars, room: c.shell.room}
		o, err := s.powershell(c.shell.file)
		c.scripted(&s, o, err, from)
	case kind == startValue:
		_, value, _ := strings.Cut(text, "=")
		s := script{b: c.b, i: at + len(text) - len(value), vars: c.vars, room: c.shell.room}
		read := s.jsValue
		if text[0] == '$' {
			read = s.psValue
		}
		l, err := read()
		if rest := bytes.Trim(message.FirstLine(s.b[s.i:]), " \t\r;"); err != nil || len(rest) > 0 {
			c.wasted(from, s.i, err)
			s.i = next
			l = literal{kind: '?', source: name}
		}
		c.vars[name] = l
		c.i = max(next, s.i)
		c.pass(from, c.i)
	case kind == startCurl && likeCmd(c.b[at+len(name):]):
		words, rest := cmdWords(c.b[at:])
		c.i = len(c.b) - len(rest)
		c.curl(words[1:], nil)
	case kind == startNothing && c.before == nil && !c.script && !sendsOn(text) && !slices.Contains(starters, firstWord(text)):
		c.pass(from, next) // prose, whose apostrophes are no quotes
		c.i = next
	default:
		c.posix(from, at, start > 0)
	}
}

func firstWord(line string) string {
	word, _, _ := strings.Cut(line, " ")
	return word
}

// wasted counts what was read in vain: to the end, where something is not closed.
func (c *commandFile) wasted(from, to int, err error) {
	if err != nil && !errors.Is(err, errNoLiteral) {
		to = len(c.b)
	}
	c.looked += to - from
}

// scripted adds the row of a call in a script.
func (c *commandFile) scripted(s *script, o *outgoing, err error, from int) {
	if err != nil {
		c.Row(&recorded.Request{}, fmt.Errorf("cannot read the command at byte %d: %w", from+1, err))
		c.wasted(from, s.i, err)
		c.i = c.nextStart(from)
		return
	}
	c.add(o)
	c.i = s.i
	for c.i < len(c.b) && strings.IndexByte(" \t\r;)", c.b[c.i]) >= 0 {
		c.i++
	}
}

// nextStart is the next line in which a request begins.
func (c *commandFile) nextStart(from int) int {
	for i := from; i < len(c.b); {
		i += len(message.FirstLine(c.b[i:])) + 1
		if i >= len(c.b) {
			break
		}
		line := message.FirstLine(c.b[i:])
		text := strings.TrimSpace(string(line[:min(len(line), message.MaxLine)]))
		if kind, _ := startOf(text[message.PromptEnd(text):]); kind == startCurl || kind == startFetch || kind == startPowerShell {
			return i
		}
	}
	return len(c.b)
}

// posix reads a command of a POSIX shell.
func (c *commandFile) posix(from, at int, prompt bool) {
	s := c.shell
	s.i, s.prompt = at, prompt
	command, piped := s.next(c.before)
	indent := c.b[from:at]
	if len(bytes.Trim(indent, " \t")) > 0 || c.script {
		indent = nil
	}
	var flush *shellCommand // the command without the indent of its lines
	if len(indent) > 0 && (command.err != nil || bytes.Count(c.b[from:s.i], []byte("\n")) > 1) {
		to := len(c.b)
		if command.err == nil {
			to = s.i
		}
		text, n := message.WithoutIndent(c.b[from:to], indent)
		sub := c.shell
		sub.b, sub.i = text, 0
		c.looked += n
		if f, p := sub.next(c.before); f.err == nil && (n == to-from || command.err != nil) {
			if command.err != nil {
				command, piped = f, p
				s.i = from + n
				// Other commands of the same block are read on their own.
				if lines := bytes.Count(text[:sub.i], []byte("\n")); lines > 0 {
					s.i = from
					for range lines {
						s.i = min(len(c.b), s.i+len(message.FirstLine(c.b[s.i:]))+1)
					}
				}
			} else {
				flush = f
			}
		}
	}
	tool, args := requestWords(command.words)
	if command.err != nil {
		c.wasted(from, s.i, command.err)
		if tool == "" {
			c.i = min(len(c.b), from+len(message.FirstLine(c.b[from:]))+1)
			c.pass(from, c.i)
		} else {
			c.Row(&recorded.Request{}, fmt.Errorf("cannot read the command at byte %d: %w", at+1, command.err))
			c.i = c.nextStart(from)
		}
		c.before = nil
		return
	}
	c.i = s.i
	before := c.before
	c.before = nil
	if piped {
		c.before = command
	}
	if tool == "" {
		for _, w := range command.words[:min(len(command.words), 1)] {
			if w.String() == "export" || w.String() == "local" || w.String() == "readonly" {
				command.words, command.assigned = command.words[1:], true
			}
		}
		if command.assigned {
			for _, w := range command.words {
				if name, value, ok := bytes.Cut(w.text, []byte("=")); ok && isName(name) {
					if c.shell.vars[string(name)] = value; len(w.unknown) > 0 {
						delete(c.shell.vars, string(name))
					}
				}
			}
		}
		if !piped {
			c.pass(from, c.i)
		}
		return
	}
	stdin := func(command *shellCommand) func() ([]byte, error) {
		return func() ([]byte, error) { return c.shell.stdin(command) }
	}
	fed := before != nil || command.input != nil || command.from != nil
	switch {
	case tool == "curl" && flush != nil:
		_, inner := requestWords(flush.words)
		plain := curlRequests(args, c.shell.file, stdin(command))
		for i, o := range curlRequests(inner, c.shell.file, stdin(flush)) {
			if i < len(plain) && o.err == nil && !bytes.Equal(o.body, plain[i].body) {
				o.other, o.differs = nil, false
				o.request.Others = append(o.request.Others, plain[i].body)
				o.request.Notes = append(o.request.Notes, fmt.Sprintf("the command's lines are indented by %d: the indent was removed from the body", len(indent)))
			}
			c.add(o)
		}
	case tool == "curl":
		c.curl(args, stdin(command))
	case tool == "wget":
		c.add(wgetRequest(args, c.shell.file))
	default:
		c.add(httpieRequest(args, c.shell.file, stdin(command), fed))
	}
}

func (c *commandFile) curl(args []word, stdin func() ([]byte, error)) {
	c.traces = c.traces || slices.ContainsFunc(args, func(w word) bool { return bytes.HasPrefix(w.text, []byte("--trace")) })
	if stdin == nil {
		stdin = func() ([]byte, error) { return c.shell.stdin(&shellCommand{}) }
	}
	for _, o := range curlRequests(args, c.shell.file, stdin) {
		c.add(o)
	}
}

func (c *commandFile) add(o *outgoing) {
	r, err := o.finish()
	if err == nil && r.Probe(c.Names) {
		c.probes++
		return
	}
	c.Row(r, err)
	if err == nil {
		c.Carry(r, nil)
	}
}

// tools are the programs that send a request, and what their requests are read
// as.
var tools = map[string]string{
	"curl": "curl", "curl.exe": "curl", "curlie": "curl", "wget": "wget", "wget.exe": "wget",
	"http": "httpie", "https": "httpie", "xh": "httpie", "xhs": "httpie",
}

// starters stand before a command.
var starters = []string{"sudo", "time", "exec", "command", "do", "then", "else", "{", "!", "env", "nohup", "if", "while", "elif", "&", "call"}

// requestWords finds a command that sends a request, and returns its arguments.
func requestWords(words []word) (tool string, args []word) {
	for i, w := range words {
		name := w.String()
		base := name[strings.LastIndexAny(name, `/\`)+1:]
		if tool = tools[base]; tool != "" && !(tool == "httpie" && base != name) {
			return tool, words[i+1:]
		}
		if !slices.Contains(starters, name) && !isAssignment(w.text) {
			// docker run curlimages/curl -X POST ..., kubectl exec pod -- curl -X POST ...
			if i == 0 && !slices.Contains([]string{"docker", "podman", "kubectl", "ssh", "xargs"}, name) {
				return "", nil
			}
			if i > 0 && slices.Contains(starters, words[0].String()) {
				return "", nil
			}
		}
	}
	return "", nil
}

// What a line begins.
const (
	startNothing    = iota // what the capture does not begin with
	startOther             // a comment, or a rule
	startAssigned          // an assignment, or a command before the request
	startValue             // a variable of a script
	startCurl              // a request, by a program
	startFetch             // a request of JavaScript
	startPowerShell        // a request of PowerShell
)

// startOf says what begins with a line, which has no white space before it. The
// name is of the variable or the command.
func startOf(line string) (kind int, name string) {
	for _, p := range []string{"#", "//", "REM ", "rem ", "::", "```", "~~~", "@echo", "@ECHO", ")", "}", ".then", "--", "=="} {
		if strings.HasPrefix(line, p) {
			return startOther, ""
		}
	}
	if name, value, ok := strings.Cut(line, "="); ok && !strings.ContainsAny(name, `"'({`) {
		words := strings.Fields(name)
		value = strings.TrimLeft(value, " ")
		declared := len(words) == 2 && slices.Contains([]string{"const", "let", "var"}, words[0])
		switch {
		case len(words) == 0:
		case (declared || len(words) == 1) && (strings.HasPrefix(value, "await fetch(") || strings.HasPrefix(value, "fetch(")):
			return startFetch, ""
		case words[0][0] == '$' && len(words) == 1 && !strings.ContainsAny(words[0], ".[:"):
			for _, p := range psCommands {
				if first, _, _ := strings.Cut(value, " "); recorded.SameName(first, p) {
					return startPowerShell, line[:len(line)-len(value)+len(p)]
				}
			}
			return startValue, words[0][1:]
		case declared:
			return startValue, words[1]
		case len(words) == 1 && isName([]byte(words[0])) && !strings.HasSuffix(name, " ") && !strings.HasPrefix(line, "http"):
			return startAssigned, ""
		case words[0][0] == '$' && strings.HasPrefix(strings.TrimLeft(words[0], "$"), "session"):
			return startOther, ""
		}
	}
	if strings.HasPrefix(line, "fetch(") || strings.HasPrefix(line, "await fetch(") || strings.HasPrefix(line, "return fetch(") {
		return startFetch, ""
	}
	first, rest, more := strings.Cut(line, " ")
	for _, p := range psCommands {
		if recorded.SameName(first, p) && more {
			return startPowerShell, first
		}
	}
	base := first[strings.LastIndexAny(first, `/\`)+1:]
	switch tool := tools[base]; {
	case tool == "curl" && (more || line == first), tool == "wget" && more:
		return startCurl, first
	case tool == "httpie" && more && base == first && len(rest) > 0:
		word, _, _ := strings.Cut(rest, " ")
		if message.IsMethod(word) || strings.HasPrefix(word, "-") || strings.HasPrefix(word, ":") || strings.Contains(word, "/") {
			return startCurl, first
		}
	case strings.HasPrefix(line, "$session"):
		return startOther, ""
	case slices.Contains([]string{"export", "echo", "printf", "cat", "cd", "set", "setlocal", "sudo", "time", "docker", "kubectl", "env", "local"}, first) && more:
		return startAssigned, ""
	}
	return startNothing, ""
}

// unquotedCommands takes the arrows of a quotation off the lines that a capture
// begins with, where they hold a command.
func unquotedCommands(b []byte) ([]byte, bool) {
	text := bytes.TrimLeft(b, "\r\n")
	if !bytes.HasPrefix(text, []byte(">")) {
		return b, false
	}
	line := message.Unquoted(string(message.FirstLine(text[:min(len(text), message.MaxLine)])))
	if kind, _ := startOf(line); kind < startCurl && !message.IsFence(line) {
		return b, false
	}
	inner, rest := message.CutQuoted(text)
	return append(inner, rest...), true
}

// sniffCurl recognises a command that sends a request behind comments, prompts,
// assignments, and the head of a script.
func sniffCurl(head []byte, _ bool, _ []string) bool {
	head, _ = unquotedCommands(message.TrimBOM(head))
	lenient := bytes.HasPrefix(head, []byte("#!"))
	prose, fenced, printed := false, false, false
	value := false // lines of a text that is assigned may follow
	for len(head) > 0 {
		line, rest, _ := message.CutLine(head)
		head = rest
		text := strings.TrimSpace(line[:min(len(line), message.MaxLine)])
		start := message.PromptEnd(text)
		text = text[start:]
		kind, _ := startOf(text)
		switch {
		case kind == startCurl && start > 0 && !strings.HasSuffix(text, "\\") && !strings.ContainsAny(text, `'"`) && !strings.Contains(text, " -d") && !strings.Contains(text, " --data"):
			printed = true // what it printed may be the capture
		case kind >= startCurl && (!prose || fenced):
			return true
		case kind == startNothing && (!prose || fenced) && sendsOn(text):
			return true
		case text == "":
		case message.IsFence(text):
			fenced = !fenced
		case strings.Trim(text, "`~") == "":
			fenced = false
		case kind == startAssigned:
			if sendsOn(text) {
				return true
			}
			value = true
		case kind == startValue:
			value = true
		case value && !fenced && sendsOn(text):
			return true
		case kind == startOther, lenient, value && !fenced:
		case !strings.ContainsAny(text[:1], "{[<>*") && !message.IsFirstLine(text):
			prose = true
		default:
			return false
		}
	}
	return printed
}

// sendsOn reports whether a command in the line that is not its first one sends a
// request.
func sendsOn(line string) bool {
	words := strings.Fields(line)
	for i := 1; i < len(words); i++ {
		if before := words[i-1]; tools[words[i]] != "" && (before == "|" || before == "&&" || before == ";" || slices.Contains([]string{"docker", "kubectl", "sudo", "time", "env"}, words[0])) {
			return true
		}
	}
	return false
}
