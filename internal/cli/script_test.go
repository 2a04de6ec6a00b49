// The scripts in testdata/script are sessions as a person types them: the whole
// program, its streams, files and exit codes. Each begins in an empty directory
// $WORK, with an empty HOME, HOOKCTL_CONFIG_DIR=$WORK/config, no CI variable
// and no credentials. Programs are run with exec or exits, and beside
// testscript's own commands there are:
//
//	fakes [-now TIME] [PROVIDER...]
//	        start the providers' fakes (all without a name) on loopback, and set
//	        the base URL and credentials of each. Their ids and secrets are the
//	        same in every run. -now stops their clock at an RFC 3339 time.
//	        ZYNTRO_HOST and WUNDERTREOS_HOST are the hosts and ports of both.
//	exits CODE PROGRAM ARG...
//	        run a program that must exit with exactly that code
//	httpfault PROVIDER WHEN FAULT...
//	        from now on the fake answers WHEN (create, list, other or any) otherwise:
//	          reset-before   drop the connection, process nothing
//	          reset-after    process, then drop the connection
//	          delay=TIME     wait first
//	          status=CODE    answer with this status, process nothing
//	          header=N:V     with a header more
//	          body=FILE      with this body
//	          processed      but process the request all the same
//	          truncate=N     process, send N bytes of the body, drop the connection
//	          times=N        only so often
//	        "httpfault PROVIDER none" ends it
//	requests PROVIDER WHEN N
//	        the fake must have seen exactly N such requests so far
//	emit PROVIDER EVENT FILE
//	        write the delivery that the fake signs for its webhook: FILE.http is a
//	        request dump, FILE.ndjson a line per delivery, anything else the body
//	receiver VAR DIR [STATUS...]
//	        start an endpoint on loopback, set VAR to its URL, and keep what it
//	        gets as request dumps DIR/1.http, DIR/2.http, ... It answers with the
//	        statuses in turn and then with the last one; without any, with 200. A
//	        status 0 drops the connection.
//	secret PROVIDER VAR [N]
//	        set VAR to the secret that the fake told last, or to the Nth, and with
//	        it VAR_ID, VAR_SHORT (the first 8 bytes of the id) and VAR_FINGERPRINT
//	nosecrets [FILE|DIR...]
//	        neither the last stdout and stderr nor the files, nor those below the
//	        directories, hold a secret that a fake told, or a fake's credential
//	keyring [locked|forgetful|good|none]
//	        let the directory keyring stand in for the system's keyring; make it
//	        fail, or work again; none: there is none
//	items N
//	        the stand-in must have exactly N items
//	agekey FILE VAR
//	        make an age key pair: the identity is FILE, the recipient VAR
//	readme FILE TEXT
//	        write the first block of shell commands behind this text of README.md
//	filemode MODE FILE...
//	        the files must have this octal mode (not checked on Windows)
//
// go test -run TestScripts/NAME -update-scripts rewrites the files at a script's
// end that it compares output with: read the difference before you keep it.
package cli

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/provider/providertest"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/tunnel/tunneltest"
)

func TestMain(m *testing.M) {
	// Most of a test's time goes by in waiting for processes: more of them than cores
	// run at once, unless -parallel says how many.
	if err := flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	if os.Getenv("COLUMNS") == "" {
		if err := os.Setenv("COLUMNS", "2000"); err != nil { // no message is wrapped
			panic(err)
		}
	}
	programs := map[string]func(){
		"hookctl":     func() { os.Exit(scriptMain()) },
		"testhandler": func() { os.Exit(testHandler()) },
		"hookctl-behind-edge": func() { // it trusts the certificates of tunneltest
			env := System()
			env.TLS = &tls.Config{InsecureSkipVerify: true}
			os.Exit(mainIn(env))
		},
	}
	for _, name := range []string{"cloudflared", "ngrok", "tailscale", "othertunnel"} {
		programs[name] = func() {
			code, _ := tunneltest.Run(append([]string{name}, os.Args[1:]...), os.Environ(), os.Stdout, os.Stderr)
			os.Exit(code)
		}
	}
	testscript.Main(workersEnd{m}, programs)
}

var updateScripts = flag.Bool("update-scripts", false, "rewrite the files that scripts compare output with")

// atOnce are the scripts of commands that do several things at the same time.
var atOnce = regexp.MustCompile(`^(apply|listen|recover|replay|sandbox_emit|sandbox_stop|send|verify)`)

func TestScripts(t *testing.T) {
	t.Parallel()
	runScripts(t, atOnce.MatchString)
}

func TestScriptsOfOneThing(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	runScripts(t, func(name string) bool { return !atOnce.MatchString(name) })
}

func runScripts(t *testing.T, takes func(name string) bool) {
	t.Helper()
	dir := filepath.Join("testdata", "script")
	if !*updateScripts && !Full() {
		dir = scriptsForWorkers(t, dir)
	}
	scripts, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	scripts = slices.DeleteFunc(scripts, func(path string) bool { return !takes(filepath.Base(path)) })
	if len(scripts) == 0 {
		t.Fatal("no scripts")
	}
	testscript.Run(t, testscript.Params{
		Files:               scripts,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *updateScripts,
		Setup:               setUpScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fakes":     cmdFakes,
			"exits":     cmdExits,
			"httpfault": cmdHTTPFault,
			"requests":  cmdRequests,
			"emit":      cmdEmit,
			"secret":    cmdSecret,
			"nosecrets": cmdNoSecrets,
			"filemode":  cmdFileMode,
			"keyring":   cmdKeyring,
			"items":     cmdItems,
			"agekey":    cmdAgeKey,
			"receiver":  cmdReceiver,
			"readme":    cmdReadme,
			"worker":    cmdWorker,
		},
	})
}

// fakesKey is where a script's fakes are, a map[string]*fake.
type fakesKey struct{}

func setUpScript(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, ".home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"HOME", "USERPROFILE", "XDG_CONFIG_HOME", "AppData"} {
		env.Setenv(name, home)
	}
	env.Setenv("COLUMNS", "2000") // no message is wrapped
	env.Setenv("HOOKCTL_CONFIG_DIR", filepath.Join(env.WorkDir, "config"))
	if env.Getenv("GORACE") == "" {
		env.Setenv("GORACE", "atexit_sleep_ms=0") // else each program sleeps a second at its end
	}
	for _, name := range []string{"XDG_CACHE_HOME", "LocalAppData"} {
		env.Setenv(name, filepath.Join(home, ".cache"))
	}
	env.Defer(func() { endSandboxes(env.WorkDir) })
	env.Values[fakesKey{}] = map[string]*fake{}
	return nil
}

// endSandboxes ends what serves in the background of a script.
func endSandboxes(dir string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "hookctl-sandbox" {
			return nil
		}
		for _, name := range sandbox.Names(path) {
			if place, err := sandbox.At(path, name); err == nil {
				_, _ = place.Stop(context.Background())
			}
		}
		return filepath.SkipDir
	})
}

// fake is a provider's sandbox behind a server that can be told to fail.
type fake struct {
	driver  *provider.Driver
	sandbox provider.Sandbox
	server  *httptest.Server

	mu    sync.Mutex
	fault httpFault
	seen  []string // what each request was: create, list or other
	told  []told   // what creates were answered, in order
}

// told is what a fake says once.
type told struct{ id, secret string }

// httpFault is what goes wrong with some requests; the zero value is nothing.
type httpFault struct {
	when          string
	delay         time.Duration
	before, after bool // reset
	status        int
	header        http.Header
	body          []byte
	processed     bool
	truncate      int // -1: not
	times         int // -1: always
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what := kindOfRequest(r)
	f.mu.Lock()
	f.seen = append(f.seen, what)
	fault := f.fault
	hit := fault.when != "" && (fault.when == "any" || fault.when == what) && fault.times != 0
	if hit && fault.times > 0 {
		f.fault.times--
	}
	f.mu.Unlock()
	if !hit {
		fault = httpFault{truncate: -1}
	}
	if fault.delay > 0 {
		select {
		case <-time.After(fault.delay):
		case <-r.Context().Done():
			return
		}
	}
	if fault.before {
		panic(http.ErrAbortHandler)
	}
	answer := httptest.NewRecorder()
	if fault.status == 0 && fault.body == nil || fault.processed {
		f.sandbox.ServeHTTP(answer, r)
		f.note(what, answer.Body.Bytes())
	}
	if fault.after {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	for name, values := range fault.header {
		w.Header()[name] = values
	}
	status, body := answer.Code, answer.Body.Bytes()
	if fault.status != 0 {
		status = fault.status
	}
	if fault.body != nil {
		body = fault.body
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if status == http.StatusNoContent {
		w.Header().Del("Content-Length")
	}
	w.WriteHeader(status)
	if fault.truncate >= 0 {
		_, _ = w.Write(body[:min(fault.truncate, len(body))])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body)
}

// newFake starts one; the caller closes its server.
func newFake(d *provider.Driver, seed int64, now func() time.Time) *fake {
	f := &fake{driver: d, sandbox: d.NewSandbox(provider.SandboxOptions{Now: now, Seed: seed}), fault: httpFault{truncate: -1}}
	f.server = httptest.NewUnstartedServer(f)
	f.server.Config.ErrorLog = nil
	f.server.Start()
	return f
}

// count is how many requests of a kind it has seen.
func (f *fake) count(what string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, seen := range f.seen {
		if what == "any" || what == seen {
			n++
		}
	}
	return n
}

// kindOfRequest tells creates from lists, at either provider.
func kindOfRequest(r *http.Request) string {
	switch {
	case strings.HasSuffix(r.URL.Path, "/createWebhook"), r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/api-webhook-subscriptions"):
		return "create"
	case strings.HasSuffix(r.URL.Path, "/fetchWebhooks"), r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/api-webhook-subscriptions"):
		return "list"
	}
	return "other"
}

// note keeps what a create was told.
func (f *fake) note(what string, body []byte) {
	t := told{providertest.Member(body, f.driver.IDMember), providertest.Member(body, f.driver.SecretMember)}
	if what == "create" && t.secret != "" {
		f.mu.Lock()
		f.told = append(f.told, t)
		f.mu.Unlock()
	}
}

// prefix is how the settings of f's provider begin in the environment.
func (f *fake) prefix() string { return "HOOKCTL_" + strings.ToUpper(f.driver.Name) + "_" }

// fakeOf finds a fake that the script started.
func fakeOf(ts *testscript.TestScript, name string) *fake {
	f := ts.Value(fakesKey{}).(map[string]*fake)[name]
	if f == nil {
		ts.Fatalf("there is no fake %q: start it with fakes", name)
	}
	return f
}

// positive refuses "! command" where it has no meaning.
func positive(ts *testscript.TestScript, neg bool) {
	if neg {
		ts.Fatalf("this command takes no !")
	}
}

func cmdFakes(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg)
	now := time.Now
	if len(args) > 1 && args[0] == "-now" {
		at, err := time.Parse(time.RFC3339, args[1])
		ts.Check(err)
		now = func() time.Time { return at }
		args = args[2:]
	}
	running := ts.Value(fakesKey{}).(map[string]*fake)
	started := 0
	for i, d := range all.Drivers() {
		if len(args) > 0 && !slices.Contains(args, d.Name) {
			continue
		}
		f := newFake(d, int64(i+1), now)
		ts.Defer(f.server.Close)
		ts.Setenv(f.prefix()+"BASE_URL", f.server.URL+f.sandbox.BasePath())
		ts.Setenv(strings.ToUpper(d.Name)+"_HOST", strings.TrimPrefix(f.server.URL, "http://"))
		for _, field := range d.Credentials {
			if v, ok := f.sandbox.Credentials()[field.Name]; ok {
				ts.Setenv(field.Env[0], v.Reveal())
			}
		}
		running[d.Name] = f
		started++
	}
	if started == 0 {
		ts.Fatalf("no provider is called %v", args)
	}
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg)
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var exit *exec.ExitError
	got := 0
	if args[1] == "worker" {
		got = runInWorker(ts, args[2:])
	} else {
		err = ts.Exec(args[1], args[2:]...)
	}
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func cmdHTTPFault(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg)
	if len(args) < 2 {
		ts.Fatalf("usage: httpfault PROVIDER WHEN FAULT...")
	}
	f := fakeOf(ts, args[0])
	fault := httpFault{when: args[1], truncate: -1, times: -1, header: http.Header{}}
	if args[1] == "none" {
		fault.when = ""
	} else if !slices.Contains([]string{"create", "list", "other", "any"}, args[1]) {
		ts.Fatalf("a fault happens at create, list, other or any, not at %q", args[1])
	}
	for _, word := range args[2:] {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "reset-before":
			fault.before = true
		case "reset-after":
			fault.after = true
		case "processed":
			fault.processed = true
		case "delay":
			fault.delay, err = time.ParseDuration(value)
		case "status":
			fault.status, err = strconv.Atoi(value)
		case "truncate":
			fault.truncate, err = strconv.Atoi(value)
		case "times":
			fault.times, err = strconv.Atoi(value)
		case "header":
			name, v, _ := strings.Cut(value, ":")
			fault.header.Set(name, v)
		case "body":
			fault.body = []byte(ts.ReadFile(value))
		default:
			err = fmt.Errorf("no such fault: %s", word)
		}
		ts.Check(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

func cmdRequests(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg)
	if len(args) != 3 {
		ts.Fatalf("usage: requests PROVIDER WHEN N")
	}
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	if got := fakeOf(ts, args[0]).count(args[1]); got != want {
		ts.Fatalf("%d %s requests, want %d", got, args[1], want)
	}
}

func cmdEmit(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg)
	if len(args) != 3 {
		ts.Fatalf("usage: emit PROVIDER EVENT FILE")
	}
	attempts, err := providertest.Emit(context.Background(), fakeOf(ts, args[0]).sandbox, args[1])
	ts.Check(err)
	if len(attempts) == 0 {
		ts.Fatalf("no webhook of %s asked for %s", args[0], args[1])
	}
	var out bytes.Buffer
	ext := filepath.Ext(args[2])
	for i, a := range attempts {
		switch {
		case ext == ".ndjson":
			ts.Check(json.NewEncoder(&out).Encode(map[string]any{
				"method": http.MethodPost, "url": a.URL, "headers": a.Header, "body_base64": a.Body,
			}))
		case i > 0:
			ts.Fatalf("%d webhooks asked for %s: write .ndjson", len(attempts), args[1])
		case ext == ".http":
			ts.Check(writeDump(&out, a))
		default:
			out.Write(a.Body)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), out.Bytes(), 0o666))
}

// writeDump writes a delivery as it goes over the wire.
func writeDump(w io.Writer, a provider.Attempt) error {
	r, err := http.NewRequest(http.MethodPost, a.URL, bytes.NewReader(a.Body))
	if err != nil {
		return err
	}
	r.Header = a.Header.Clone()
	return r.Write(w)
}

func cmdSecret(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg)
	if len(args) != 2 && len(args) != 3 {
		ts.Fatalf("usage: secret PROVIDER VAR [N]")
	}
	f := fakeOf(ts, args[0])
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.told)
	if len(args) == 3 {
		var err error
		n, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	if n < 1 || n > len(f.told) {
		ts.Fatalf("%s has told %d secrets", args[0], len(f.told))
	}
	t := f.told[n-1]
	ts.Setenv(args[1], t.secret)
	ts.Setenv(args[1]+"_ID", t.id)
	ts.Setenv(args[1]+"_SHORT", t.id[:min(8, len(t.id))])
	ts.Setenv(args[1]+"_FINGERPRINT", secret.New(t.secret).Fingerprint())
}

func cmdNoSecrets(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg)
	for _, name := range spread(ts, append([]string{"stdout", "stderr"}, args...)) {
		text := ts.ReadFile(name)
		for _, f := range ts.Value(fakesKey{}).(map[string]*fake) {
			f.mu.Lock()
			found := slices.ContainsFunc(f.told, func(t told) bool { return inAnyForm(text, t.secret) })
			f.mu.Unlock()
			if found {
				ts.Fatalf("%s holds a secret of %s", name, f.driver.Name)
			}
			for field, v := range f.sandbox.Credentials() {
				i := slices.IndexFunc(f.driver.Credentials, func(c provider.Field) bool { return c.Name == field })
				if f.driver.Credentials[i].Secret && inAnyForm(text, v.Reveal()) {
					ts.Fatalf("%s holds the %s of %s", name, field, f.driver.Name)
				}
			}
		}
	}
}

func cmdReadme(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg)
	if len(args) != 2 {
		ts.Fatalf("usage: readme FILE TEXT")
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	ts.Check(err)
	_, rest, found := strings.Cut(string(page), args[1])
	_, rest, opened := strings.Cut(rest, "\n```sh\n")
	block, _, closed := strings.Cut(rest, "\n```\n")
	if !found || !opened || !closed {
		ts.Fatalf("README.md has no such block")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(block+"\n"), 0o666))
}

func cmdFileMode(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg)
	if len(args) < 2 {
		ts.Fatalf("usage: filemode MODE FILE...")
	}
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	for _, name := range args[1:] {
		found, err := filepath.Glob(ts.MkAbs(name))
		ts.Check(err)
		if len(found) == 0 {
			ts.Fatalf("there is no file %s", name)
		}
		for _, file := range found {
			info, err := os.Stat(file)
			ts.Check(err)
			if runtime.GOOS != "windows" && info.Mode().Perm() != os.FileMode(want) {
				ts.Fatalf("%s has mode %o, want %o", name, info.Mode().Perm(), want)
			}
		}
	}
}
