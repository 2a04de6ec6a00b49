//go:build unix

package cli

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/norace"
)

// pagesElsewhere are the pages that a test of their own runs.
var pagesElsewhere = map[string]string{"docs/ci.md": "docs_ci_unix_test.go"}

// pageTools are programs that pages use and a machine may lack: commands with one
// that is not there are left out.
var pageTools = []string{"age", "curl", "git", "go", "gpg", "jq", "kcat", "nc", "openssl", "parallel", "python3", "secret-tool", "tail", "xargs"}

// pageStandIns are programs that would need an account, or a screen. What stands in
// for them reads its input and is content.
var pageStandIns = []string{"docker", "gh", "glab", "npm", "open", "pass", "vault", "xdg-open"}

// TestPages runs every command of every page, page by page, each in a world of its
// own: an empty home, the fakes of the providers and their credentials. With
// HOOKCTL_UPDATE_DOCS=1 it writes what the commands print into the pages.
func TestPages(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	var ran, left atomic.Int64
	t.Cleanup(func() {
		t.Logf("%d commands of the pages ran, %d were left out", ran.Load(), left.Load())
		if all := ran.Load() + left.Load(); all > 200 && ran.Load() < all/2 { // of all pages, and not of one
			t.Errorf("most commands of the pages did not run: which programs does this machine lack?")
		}
	})
	for _, name := range pageNames(t) {
		if pagesElsewhere[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newPageWorld(t, readPage(t, name))
			defer func() {
				w.end()
				t.Logf("%d commands ran, %d were left out", w.ran, w.left)
				ran.Add(w.ran)
				left.Add(w.left)
			}()
			w.run()
		})
	}
}

// pageWorld is where a page is run: one shell, as a person has it, from the first
// command to the last.
type pageWorld struct {
	*page
	t         *testing.T
	dir       string
	environ   []string
	providers *world
	shell     *exec.Cmd
	calls     *os.File
	codes     *bufio.Reader
	scratch   string            // what the shell is told and what it says
	ports     map[string]string // the free ones in place of the page's
	back      *strings.Replacer // of what is of this world by what a reader has
	n         int
	ran, left int64
	all       strings.Builder // what was printed, but for commands that print secrets
	fresh     []pageOutput
}

// pageOutput is what stands no longer as it is in a page.
type pageOutput struct {
	pageCommand
	printed string
}

func newPageWorld(t *testing.T, p *page) *pageWorld {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	w := &pageWorld{page: p, t: t, dir: t.TempDir(), scratch: t.TempDir(), ports: map[string]string{}}
	bin, tmp := t.TempDir(), t.TempDir()
	// It starts in a fraction of what the test binary takes, under the race detector above all.
	built, err := Built()
	check(t, err)
	check(t, os.Symlink(built, filepath.Join(bin, "hookctl")))
	for _, name := range pageStandIns {
		check(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n[ -t 0 ] || cat >/dev/null\n"), 0o700))
	}
	back := []string{w.dir, "/home/you"}
	for _, port := range []string{"3000", "8080", "8787"} {
		w.ports[port] = freePort(t)
		back = append(back, ":"+w.ports[port], ":"+port)
	}
	providers := newWorld(t)
	w.providers, providers.now = providers, time.Now()
	for _, d := range providers.env.Drivers {
		at := providers.origin(d.Name)
		back = append(back, " ("+strings.TrimPrefix(at, "http://")+")", "", at, strings.TrimSuffix(d.BaseURL, providers.boxes[d.Name].BasePath()))
	}
	w.back = strings.NewReplacer(back...)
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if !regexp.MustCompile(`^(CI|COLUMNS|LINES|TERM|NO_COLOR|TZ|(HOOKCTL|GITHUB|GITLAB|ZYNTRO|WUNDERTREOS|XDG|CLICOLOR|LC)_.*)$`).MatchString(name) &&
			!slices.ContainsFunc(agentVariables, func(v struct{ name, agent string }) bool { return v.name == name }) {
			w.environ = append(w.environ, kv)
		}
	}
	if caches, err := os.UserCacheDir(); err == nil && os.Getenv("GOCACHE") == "" { // pages build programs
		w.environ = append(w.environ, "GOCACHE="+filepath.Join(caches, "go-build"))
	}
	w.environ = append(slices.Concat(w.environ, providers.env.Environ), "HOOKCTL_CONFIG_DIR="+filepath.Join(w.dir, ".config", "hookctl"), "COLUMNS=80",
		"HOME="+w.dir, "PWD="+w.dir, "TMPDIR="+tmp, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "LANG=C.UTF-8", "TZ=UTC", "GORACE=atexit_sleep_ms=0",
		"HTTPS_PROXY=http://127.0.0.1:9") // nothing leaves this machine
	w.shell = exec.Command(sh, "-c", `while read -r page_text <&3; do . "$page_text" >"$page_text.out" 2>&1 </dev/null 3<&- 4>&-; echo $? >&4; done`)
	w.shell.Dir, w.shell.Env, w.shell.SysProcAttr = w.dir, w.environ, &syscall.SysProcAttr{Setpgid: true}
	in, calls, err := os.Pipe()
	check(t, err)
	out, codes, err := os.Pipe()
	check(t, err)
	w.shell.ExtraFiles, w.calls, w.codes = []*os.File{in, codes}, calls, bufio.NewReader(out)
	t.Cleanup(func() {
		_ = calls.Close()
		_ = out.Close()
		_ = syscall.Kill(-w.shell.Process.Pid, syscall.SIGKILL)
		_ = w.shell.Wait()
		endSandboxes(w.dir)
	})
	check(t, w.shell.Start())
	check(t, errors.Join(in.Close(), codes.Close()))
	return w
}

// there is text with ports that are free.
func (w *pageWorld) there(text string) string {
	return pagePorts.ReplaceAllStringFunc(text, func(port string) string { return w.ports[port] })
}

var pagePorts = regexp.MustCompile(`\b(3000|8080|8787)\b`)

// do runs text in the page's shell: its exit code and what it printed.
func (w *pageWorld) do(line int, text string) (code int, printed string) {
	w.t.Helper()
	w.n++
	file := filepath.Join(w.scratch, fmt.Sprint(w.n))
	// What goes on in the background prints when it likes: not beside the command.
	if before, ok := strings.CutSuffix(strings.TrimSpace(text), " &"); ok && !strings.Contains(before, ">") {
		text = before + " >'" + file + ".later' 2>&1 &\n"
	}
	check(w.t, os.WriteFile(file, []byte(text), 0o600))
	// No command waits for anything: one that does is a fault of the page.
	stuck := time.AfterFunc(time.Minute, func() { _ = syscall.Kill(-w.shell.Process.Pid, syscall.SIGKILL) })
	defer stuck.Stop()
	_, err := fmt.Fprintln(w.calls, file)
	check(w.t, err)
	answer, err := w.codes.ReadString('\n')
	out, _ := os.ReadFile(file + ".out")
	if err == nil {
		_, err = fmt.Sscan(answer, &code)
	}
	if err != nil {
		w.t.Fatalf("%s:%d: the shell has ended: %v\n%s%s", w.name, line+1, err, text, out)
	}
	return code, string(out)
}

// unseen runs commands of a comment.
func (w *pageWorld) unseen(line int, text string) {
	w.t.Helper()
	commands, err := pageStep{line: line, lang: "sh", text: text}.commands()
	if err != nil {
		w.t.Fatalf("%s: %v", w.name, err)
	}
	for _, c := range commands {
		if code, out := w.do(c.line, c.text); code != c.code {
			w.t.Fatalf("%s:%d: exit %d, want %d: %s%s", w.name, c.line+1, code, c.code, c.text, out)
		}
	}
}

// run goes through the page.
func (w *pageWorld) run() {
	for _, s := range w.steps {
		said := func(what string) string { return w.there(s.instruction[what]) }
		w.unseen(s.line, said("setup"))
		if lose := said("lose"); lose != "" {
			w.providers.lose.Store(lose == "on")
		}
		if lack := missing(strings.Fields(said("needs"))); lack != "" {
			w.t.Logf("%s:%d: there is no %s: the rest of the page is left out", w.name, s.line+1, lack)
			return
		}
		if name := said("file"); name != "" {
			file := filepath.Join(w.dir, filepath.FromSlash(name))
			check(w.t, os.MkdirAll(filepath.Dir(file), 0o700))
			check(w.t, os.WriteFile(file, []byte(w.there(s.text)), 0o600))
			continue
		}
		if said("step") != "" {
			w.command(pageCommand{line: s.line, text: s.script(w.t)}, "")
			continue
		}
		if s.lang != "sh" && s.lang != "console" {
			continue
		}
		commands, err := s.commands()
		if err != nil {
			w.t.Errorf("%s: %v", w.name, err)
			continue
		}
		if by := said("run by"); by != "" {
			w.left += int64(len(commands))
			if !slices.ContainsFunc(testNames(w.t), func(name string) bool { return name == by }) {
				w.t.Errorf("%s:%d: there is no test %s", w.name, s.line, by)
			}
			continue
		}
		if reason := said("not run"); reason != "" {
			w.left += int64(len(commands))
			w.t.Logf("%s:%d: not run: %s", w.name, s.line, reason)
			continue
		}
		if code := said("exit"); code != "" && len(commands) > 0 {
			_, err := fmt.Sscan(code, &commands[len(commands)-1].code)
			check(w.t, err)
		}
		for _, c := range commands {
			w.command(c, said("meanwhile"))
		}
	}
}

// testNames are the tests of this package.
func testNames(t *testing.T) (names []string) {
	files, err := filepath.Glob("*_test.go")
	check(t, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		check(t, err)
		for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			names = append(names, found[1])
		}
	}
	return names
}

// missing is the first of programs that is not installed.
func missing(programs []string) string {
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			return name
		}
	}
	return ""
}

// freePort is a port at which nothing listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	check(t, errors.Join(err, l.Close()))
	return port
}

// command runs one command and compares what it prints with what the page shows.
func (w *pageWorld) command(c pageCommand, meanwhile string) {
	words := strings.FieldsFunc(c.text, func(r rune) bool { return strings.ContainsRune(" \t\n;|&()\"'`", r) })
	uses := slices.DeleteFunc(slices.Clone(pageTools), func(tool string) bool { return !slices.Contains(words, tool) })
	if lack := missing(uses); lack != "" {
		w.left++
		w.t.Logf("%s:%d: there is no %s: left out", w.name, c.line+1, lack)
		return
	}
	w.ran++
	text := w.there(c.text)
	var code int
	var printed string
	if meanwhile == "" {
		code, printed = w.do(c.line, text)
	} else {
		code, printed = w.serve(c.line, text, meanwhile)
	}
	if !strings.Contains(text, "secrets show") && !strings.Contains(text, "show-secret") {
		w.all.WriteString(printed)
	}
	printed = w.back.Replace(printed)
	if code != c.code {
		w.t.Errorf("%s:%d: exit %d, want %d: %s%s", w.name, c.line+1, code, c.code, c.text, printed)
	}
	if c.shows && !sameOutput(strings.Join(w.lines[c.from:c.to], "\n")+"\n", printed) {
		if w.fresh = append(w.fresh, pageOutput{c, printed}); !updateDocs() {
			w.t.Errorf("%s:%d: %sprints otherwise than is shown (HOOKCTL_UPDATE_DOCS=1 rewrites it):\n%s", w.name, c.line+1, c.text, printed)
		}
	}
}

var pageAddress = regexp.MustCompile(`(?:Listening \w+ \S*|--addr )(127\.0\.0\.1:\d+)`)

// serve runs a command that serves until it is ended, and others meanwhile. What
// is at the other end of its pipes ends after it.
func (w *pageWorld) serve(line int, text, meanwhile string) (int, string) {
	given := filepath.Join(w.scratch, "given")
	if code, out := w.do(line, "export -p > '"+given+"'"); code != 0 {
		w.t.Fatalf("exit %d: %s", code, out)
	}
	var out lockedBuffer
	cmd := exec.Command("sh", "-c", "trap '' TERM\n. '"+given+"'\n"+text)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = w.dir, w.environ, &out, &out, &syscall.SysProcAttr{Setpgid: true}
	check(w.t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	stuck := time.AfterFunc(time.Minute, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer stuck.Stop()
	for ; ; time.Sleep(2 * time.Millisecond) {
		address := ""
		if found := pageAddress.FindStringSubmatch(text + out.String()); found != nil {
			address = found[1]
		}
		if conn, err := net.Dial("tcp", address); address != "" && err == nil {
			_ = conn.Close()
			w.unseen(line, "URL='http://"+address+"'\n"+meanwhile)
			break
		}
		select {
		case <-ended:
			return cmd.ProcessState.ExitCode(), out.String()
		default:
		}
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	<-ended
	return cmd.ProcessState.ExitCode(), out.String()
}

func updateDocs() bool { return os.Getenv("HOOKCTL_UPDATE_DOCS") == "1" }

// end looks at what the page has left, and writes what is to be shown.
func (w *pageWorld) end() {
	if text, err := os.ReadFile(filepath.Join(w.dir, ".env")); err == nil {
		for _, s := range regexp.MustCompile(`(?m)^\w+='?"?([^'"\n]{16,})`).FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(w.all.String(), s[1]) {
				w.t.Errorf("%s: a command prints a secret", w.name)
			}
		}
	}
	if !updateDocs() || len(w.fresh) == 0 {
		return
	}
	lines := slices.Clone(w.lines)
	slices.Reverse(w.fresh)
	for _, f := range w.fresh {
		var text []string
		if printed := regexp.MustCompile(`(?m)[ \t]+$`).ReplaceAllString(strings.TrimRight(f.printed, "\n"), ""); printed != "" {
			text = freshOutput(w.lines[f.from:f.to], strings.Split(printed, "\n"))
		}
		if f.to < len(lines) && strings.HasPrefix(lines[f.to], "$ ") && (len(text) == 0 || text[len(text)-1] != "") {
			text = append(text, "")
		}
		lines = slices.Replace(lines, f.from, f.to, text...)
	}
	check(w.t, os.WriteFile(filepath.Join(pageRoot, filepath.FromSlash(w.name)), []byte(strings.Join(lines, "\n")), 0o644))
}
