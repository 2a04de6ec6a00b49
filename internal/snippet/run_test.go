package snippet_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/snippet"
)

// runtime is how a snippet is run here.
type runtime struct {
	// missing says what is not installed, "" where nothing is.
	missing func() string
	// build prepares dir, which has the snippet and testdata/run, and returns the
	// command that serves /hook on 127.0.0.1 at the port in PORT.
	build func(t *testing.T, dir string, s snippet.Snippet) []string
	// perRequest says that without a secret it starts all the same, and refuses each
	// request.
	perRequest bool
	// parses says that the framework itself refuses a body that is not of its type.
	parses bool
}

// runtimes has an entry for each framework.
var runtimes = map[string]runtime{
	"express": {missing: noModule("node", "-e", "require('express')"), build: program("node")},
	"fastify": {missing: noModule("node", "-e", "require('fastify')"), build: program("node")},
	"next":    {missing: noModule("node", "-e", "new Request('http://x')"), build: buildNext},
	"flask":   {missing: noModule(python("flask"), "-c", "import flask"), build: program(python("flask"))},
	"fastapi": {missing: noModule(python("fastapi, uvicorn"), "-c", "import fastapi, uvicorn"), build: program(python("fastapi, uvicorn"))},
	"django":  {missing: noModule(python("django"), "-c", "import django"), build: harness(python("django"), "django_app.py")},
	"go":      {missing: noModule("go", "version"), build: buildGo},
	"rails":   {missing: noModule("ruby", "-e", "require 'rails'; require 'action_controller/railtie'; require 'rack/handler/puma'"), build: harness("ruby", "rails_app.rb"), parses: true},
	"laravel": {missing: noModule("php", "-r", "require '"+illuminate+"'; exit(class_exists('Illuminate\\Routing\\Router') ? 0 : 1);"), build: buildLaravel, perRequest: true},
	"spring":  {missing: noModule("javac", "--release", "17", "--version"), build: buildSpring},
}

// illuminate is where Debian has Laravel's packages.
const illuminate = "/usr/share/php/Illuminate/autoload.php"

// noModule reports whether a command succeeds that needs what has to be there.
func noModule(name string, args ...string) func() string {
	return sync.OnceValue(func() string {
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			last := bytes.TrimSpace(out)
			return fmt.Sprintf("%s %s: %v: %s", name, strings.Join(args, " "), err, last[bytes.LastIndexByte(last, '\n')+1:])
		}
		return ""
	})
}

// python is the Python that has the modules, if there is one.
func python(modules string) string {
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import "+modules).Run() == nil {
			return name
		}
	}
	return "python3"
}

// program runs the snippet itself.
func program(interpreter string) func(*testing.T, string, snippet.Snippet) []string {
	return func(_ *testing.T, dir string, s snippet.Snippet) []string {
		return []string{interpreter, filepath.Join(dir, s.File)}
	}
}

// harness runs a program of testdata/run that loads the snippet.
func harness(interpreter, file string) func(*testing.T, string, snippet.Snippet) []string {
	return func(_ *testing.T, dir string, _ snippet.Snippet) []string {
		return []string{interpreter, filepath.Join(dir, file)}
	}
}

func buildNext(t *testing.T, dir string, s snippet.Snippet) []string {
	// Node tells modules by their name; Next.js takes every file for one.
	put(t, filepath.Join(dir, strings.TrimSuffix(s.File, ".js")+".mjs"), s.Code)
	return []string{"node", filepath.Join(dir, "next.mjs")}
}

func buildGo(t *testing.T, dir string, s snippet.Snippet) []string {
	bin := filepath.Join(dir, "verify.exe")
	run(t, dir, "go", "build", "-o", bin, s.File)
	return []string{bin}
}

func buildLaravel(_ *testing.T, dir string, _ snippet.Snippet) []string {
	return []string{"sh", "-c", `ILLUMINATE=` + illuminate + ` exec php -S 127.0.0.1:$PORT "$0"`, filepath.Join(dir, "laravel_app.php")}
}

// buildSpring makes stand-ins for what the snippet imports of Spring.
func buildSpring(t *testing.T, dir string, s snippet.Snippet) []string {
	files := []string{filepath.Join(dir, s.File), filepath.Join(dir, "Stub.java")}
	for name, text := range map[string]string{
		"web/bind/annotation/RestController": "public @interface RestController {}",
		"web/bind/annotation/RequestHeader":  "public @interface RequestHeader {}",
		"web/bind/annotation/RequestBody":    "public @interface RequestBody { boolean required() default true; }",
		"web/bind/annotation/PostMapping":    "public @interface PostMapping { String[] value(); }",
		"http/HttpHeaders": `public class HttpHeaders {
			private final java.util.Map<String, java.util.List<String>> all;
			public HttpHeaders(java.util.Map<String, java.util.List<String>> all) { this.all = all; }
			public String getFirst(String name) { var list = all.get(name); return list == null ? null : list.get(0); }
		}`,
		"http/ResponseEntity": `public class ResponseEntity<T> {
			public final int status;
			ResponseEntity(int status) { this.status = status; }
			public record Builder(int status) { public <T> ResponseEntity<T> build() { return new ResponseEntity<>(status); } }
			public static Builder status(int status) { return new Builder(status); }
			public static Builder noContent() { return new Builder(204); }
		}`,
	} {
		file := filepath.Join(dir, "org/springframework", name+".java")
		put(t, file, "package org.springframework."+strings.ReplaceAll(filepath.Dir(name), "/", ".")+";\n"+text)
		files = append(files, file)
	}
	run(t, dir, "javac", append([]string{"-Xlint:all", "-Werror", "-d", filepath.Join(dir, "classes")}, files...)...)
	return []string{"java", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(dir, "classes"), "Stub"}
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRun runs each snippet whose runtime is installed, in full number under each
// scheme. A node module is found in NODE_PATH too.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, framework := range snippet.Frameworks() {
		r, ok := runtimes[framework]
		if !ok {
			t.Errorf("nothing says how %s is run", framework)
			continue
		}
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			if why := r.missing(); why != "" {
				t.Skip("not installed: " + why)
			}
			for name, of := range schemes() {
				if name != all.Drivers()[0].Name && os.Getenv("HOOKCTL_TEST_FULL") == "" {
					continue
				}
				t.Run(name, func(t *testing.T) { r.try(t, framework, of) })
			}
		})
	}
}

// secretOf is a secret that can be a key of the scheme, and another.
func secretOf(s signature.Scheme) (right, wrong string) {
	switch s.KeyEncoding {
	case signature.Hex:
		return "8F3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d", "8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6e"
	case signature.Base64:
		return "-_" + base64.RawStdEncoding.EncodeToString([]byte("\x00\xffa key of bytes")), base64.StdEncoding.EncodeToString([]byte("another"))
	}
	return `a "secret" $HOME with ü`, `a "secret" $HOME with u`
}

func (r runtime) try(t *testing.T, framework string, of snippet.Of) {
	dir := t.TempDir()
	s := snippetOf(t, framework, of)
	put(t, filepath.Join(dir, s.File), s.Code)
	if err := os.CopyFS(dir, os.DirFS("testdata/run")); err != nil {
		t.Fatal(err)
	}
	command := r.build(t, dir, s)
	right, wrong := secretOf(of.Scheme)
	bad := []string{"", " \t"}
	if of.Scheme.KeyEncoding != signature.UTF8 {
		bad = append(bad, "no $ encoding")
	}
	for _, secret := range bad {
		r.refuses(t, dir, command, secret)
	}
	url := serve(t, dir, command, right)
	for _, c := range cases(t, of.Scheme, right, wrong) {
		if r.parses && c.free {
			continue
		}
		status, err := post(url, c.header, c.body)
		if err != nil || (status/100 == 2) != c.valid || !c.valid && status != 401 {
			t.Errorf("%s: answered with %d (%v)", c.name, status, err)
		}
	}
}

// delivery is one that is tried.
type delivery struct {
	name   string
	header http.Header
	body   []byte
	valid  bool
	free   bool // not JSON
}

func cases(t *testing.T, s signature.Scheme, right, wrong string) (list []delivery) {
	t.Helper()
	sign := func(key string, body []byte) string {
		value, err := s.Sign(secret.New(key), "", body)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	add := func(name string, valid bool, body []byte, values ...string) {
		h := http.Header{"Content-Type": {"application/json"}}
		for i, v := range values {
			h[http.CanonicalHeaderKey(s.Headers[i])] = []string{v}
		}
		list = append(list, delivery{name: name, header: h, body: body, valid: valid})
	}
	body := []byte(`{"event_type": "contact.created",  "name": "J\u00fcrgen Müller", "n": 1.0}`)
	value := sign(right, body)
	digest := strings.TrimPrefix(value, s.Prefix)
	add("as the provider signs", true, body, value)
	add("without the prefix", true, body, digest)
	add("prefix in upper case", true, body, strings.ToUpper(s.Prefix)+digest)
	add("blanks around it", true, body, "  "+value+" ")
	add("large", true, large(), sign(right, large()))
	if s.DigestEncoding == signature.Base64 {
		add("URL alphabet, not padded", true, body, s.Prefix+strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(digest))
		add("other case", false, body, swapCase(digest))
	} else {
		add("upper case", true, body, strings.ToUpper(value))
	}
	for name, text := range map[string]string{
		"a newline at the end": string(body) + "\n", "byte order mark": "\ufeff" + string(body), "lines": "{\r\n\"a\": 1\r\n}\r\n", "not UTF-8": "\xff\xfe\x00{", "form": "a=1&b=%20", "text": "no JSON",
	} {
		add(name, true, []byte(text), sign(right, []byte(text)))
		list[len(list)-1].free = name != "a newline at the end" && name != "lines"
	}
	for _, kind := range []string{"", "text/plain", "application/json; charset=utf-8", "application/octet-stream", "APPLICATION/JSON"} {
		add("Content-Type "+kind, true, body, value)
		list[len(list)-1].header["Content-Type"] = slices.DeleteFunc([]string{kind}, func(s string) bool { return s == "" })
	}

	flipped := []byte(digest)
	flipped[0] = map[bool]byte{true: 'b', false: 'a'}[flipped[0] == 'a']
	for name, v := range map[string]string{
		"another secret": sign(wrong, body), "empty": "", "prefix alone": s.Prefix, "cut": value[:len(value)-2], "one more": value + "0", "junk after it": value + "zz", "junk before it": "x" + value,
		"twice": value + digest, "one digit changed": s.Prefix + string(flipped), "no digest": s.Prefix + strings.Repeat("z", len(digest)), "letters of others": s.Prefix + strings.Repeat("\xe9", len(digest)),
		"wide letters": s.Prefix + strings.Repeat("é", len(digest)/2), "the secret": right, "null": "null", "other prefix": "sha1=" + digest, "zeros": strings.Repeat("0", 64), "very long": strings.Repeat("a", 4000),
	} {
		add(name, false, body, v)
	}
	add("no signature", false, body)
	add("changed body", false, bytes.Replace(body, []byte("1.0"), []byte("1"), 1), value)
	add("newline added", false, append(slices.Clone(body), '\n'), value)
	add("empty body", false, nil, value)
	add("the same JSON, laid out anew", false, bytes.ReplaceAll(body, []byte("  "), []byte(" ")), value)
	if len(s.Headers) > 1 {
		add("the second header alone", true, body, "", value)
		delete(list[len(list)-1].header, http.CanonicalHeaderKey(s.Headers[0]))
		add("the second header of the two", true, body, "", value)
		add("both", true, body, value, value)
		add("the second header, forged", false, body, "", sign(wrong, body))
	}
	return list
}

// large is more than what some frameworks take where nothing is said.
func large() []byte {
	return []byte(`{"list": ["` + strings.Repeat("0123456789", 50_000) + `"]}`)
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return r
	}, s)
}

// environ is the environment with the port and the secret; without one for "".
func environ(port, secret string) []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return name == "HOOK_SECRET" || name == "PORT" || name == "RAILS_ENV" || name == "LANG" || name == "LC_ALL"
	})
	env = append(env, "PORT="+port, "RAILS_ENV=production", "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1")
	if secret != "" {
		env = append(env, "HOOK_SECRET="+secret)
	}
	return env
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// serve starts the command and returns its URL once it answers. A port that was free
// may be taken by then, so it gets another two.
func serve(t *testing.T, dir string, command []string, secret string) string {
	t.Helper()
	said := ""
	for range 3 {
		url, out := start(t, dir, command, secret)
		if url != "" {
			return url
		}
		said = out
	}
	t.Fatalf("%q does not answer: %s", command, said)
	return ""
}

// start is serve with one port; where that is of no use, it is what the command said.
func start(t *testing.T, dir string, command []string, secret string) (url, said string) {
	t.Helper()
	port := freePort(t)
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Dir, c.Env, c.Stdout, c.Stderr, c.WaitDelay = dir, environ(port, secret), &out, &out, time.Second
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Wait()
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		if t.Failed() {
			t.Logf("%s said: %s", command[0], tail(out.String()))
		}
	})
	url = "http://127.0.0.1:" + port + "/hook"
	for range 600 {
		if status, err := post(url, nil, nil); err == nil && status > 0 {
			return url, ""
		}
		select {
		case <-ended:
			return "", tail(out.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
	cancel()
	<-ended
	return "", tail(out.String())
}

func tail(s string) string { return s[max(0, len(s)-3000):] }

// refuses wants that it does not start without a secret, and says why.
func (r runtime) refuses(t *testing.T, dir string, command []string, secret string) {
	t.Helper()
	if r.perRequest {
		if status, err := post(serve(t, dir, command, secret), nil, nil); err != nil || status != 500 {
			t.Errorf("with the secret %q it answers with %d (%v)", secret, status, err)
		}
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Dir, c.Env, c.WaitDelay = dir, environ(freePort(t), secret), time.Second
	out, err := c.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		t.Errorf("with the secret %q it starts (%v): %s", secret, err, tail(string(out)))
	}
	if strings.TrimSpace(secret) == "" && !strings.Contains(string(out), "HOOK_SECRET is not set") {
		t.Errorf("with the secret %q it does not say why it ends: %s", secret, tail(string(out)))
	}
}

func post(url string, h http.Header, body []byte) (int, error) {
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	for name, values := range h {
		r.Header[name] = values
	}
	answer, err := (&http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Body.Close()
}
