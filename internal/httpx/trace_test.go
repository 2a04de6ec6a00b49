package httpx

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/secret"
)

func TestTraceOfAGet(t *testing.T) {
	t.Parallel()
	s := serve(t, say("HTTP/1.1 200 whsec_reason\r\nContent-Type: application/json\r\nX-Custom: canary\r\nX-RateLimit-Remaining: 47\r\n"+
		"Location: https://u:canary@other.test/canary?canary\r\nContent-Length: 28\r\n\r\n{\"b\":[1,null],\"a\":\"x\\u001b\"}"))
	trace := &syncBuffer{}
	o := quick()
	o.Trace = trace
	r := get(s.url() + "/v1/x?token=canary&q=canary&canary")
	r.Header = http.Header{"X-API-Key": {"canary"}, "Accept": {"application/json"}}
	if _, err := newTestClient(t, o).Do(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`\d+ms`).ReplaceAllString(trace.String(), "Nms")
	got = strings.ReplaceAll(got, s.addr, "HOST")
	got = strings.ReplaceAll(got, "0s)", "Nms)")
	want := `> GET http://HOST/v1/x?token=***&q=***&***
> Accept: application/json
> User-Agent: hookctl/test
> X-Api-Key: ***
* connected: HOST, without TLS
< 200 OK (28 bytes, Nms)
< Content-Length: 28
< Content-Type: application/json
< Location: https://other.test/***
< X-Custom: ***
< X-Ratelimit-Remaining: 47
< {"a":"x\u001b","b":[1,null]}
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRedactJSON(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, doc, want string
		create          bool
	}{
		{"named members", `{"api_key":"c","developer_secret":"c","secret_key":"c","secret":"c","token":"c","access_token":"c","refresh_token":"c","client_secret":"c","password":"c","authorization":"c","ok":1}`,
			`{"access_token":"***","api_key":"***","authorization":"***","client_secret":"***","developer_secret":"***","ok":1,"password":"***","refresh_token":"***","secret":"***","secret_key":"***","token":"***"}`, false},
		{"any case, nested, in arrays", `[{"data":{"Webhook":[{"SECRET":"c","Api-Key":"c","clientSecret":{"x":"c"}}]}}]`,
			`[{"data":{"Webhook":[{"Api-Key":"***","SECRET":"***","clientSecret":"***"}]}}]`, false},
		{"the whole object", `{"wh_auth_data":{"user":"c","pass":["c"]},"wh_name":"n"}`, `{"wh_auth_data":"***","wh_name":"n"}`, false},
		{"null and numbers", `{"secret":null,"token":12}`, `{"secret":null,"token":"***"}`, false},
		{"known secrets in texts, names and numbers", `{"m":"bad key sk_canary!","sk_canary":1,"n":4711}`, `{"***":1,"m":"bad key ***!","n":"***"}`, false},
		{"URLs", `{"url":"https://u:p@h.test/a?k=v&w#f","m":"see http://h.test/?k=v now"}`,
			`{"m":"see http://h.test/?k=*** now","url":"https://***@h.test/a?k=***&***#***"}`, false},
		{"JSON in a string", `{"m":"{\"secret\":\"c\",\"a\":1}","n":"[broken"}`, `{"m":"{\"a\":1,\"secret\":\"***\"}","n":"***"}`, false},
		{"a create's odd places", `{"signing":"0123456789abcdef0123456789abcdef","id":"0b6e7f6e-1111-4222-8333-444455556666","m":"key whsec_abc","event":"opportunity_stage_changed_now"}`,
			`{"event":"opportunity_stage_changed_now","id":"0b6e7f6e-1111-4222-8333-444455556666","m":"***","signing":"***"}`, true},
		{"not of a create", `{"hash":"0123456789abcdef0123456789abcdef"}`, `{"hash":"0123456789abcdef0123456789abcdef"}`, false},
		{"not escaped for HTML", `"a<b&c"`, `"a<b&c"`, false},
	}
	for _, tt := range tests {
		r := newRedactor([]secret.Value{secret.New("sk_canary"), secret.New("4711"), {}}, tt.create)
		if got := r.body([]byte(tt.doc), "application/json"); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestOtherBodiesAreNotShown(t *testing.T) {
	t.Parallel()
	r := newRedactor(nil, false)
	for body, want := range map[string]string{
		`{"secret":"canary"`:                   "(18 bytes of application/json)",
		`{"a":"canary"} trailing`:              "(23 bytes of application/json)",
		"<html>canary":                         "(12 bytes of application/json)",
		`"` + strings.Repeat("x", 65534) + `"`: `"` + strings.Repeat("x", 65534) + `"`,
		`"` + strings.Repeat("x", 65535) + `"`: "(65537 bytes of application/json)",
		strings.Repeat("[", 20000):             "(20000 bytes of application/json)",
	} {
		if got := r.body([]byte(body), "application/json"); got != want {
			t.Errorf("%.40s: %.60s", body, got)
		}
	}
	if got := r.body([]byte("x"), ""); got != "(1 bytes of no content type)" {
		t.Errorf("got %q", got)
	}
}

func TestKnownSecretForms(t *testing.T) {
	t.Parallel()
	const canary = `cän/+ ry"\&=1`
	r := newRedactor([]secret.Value{secret.New(canary), secret.New("canary"), secret.New("canary-longer")}, false)
	b64 := func(pre, post string) string { return base64.StdEncoding.EncodeToString([]byte(pre + canary + post)) }
	for _, form := range []string{
		canary, url.QueryEscape(canary), url.PathEscape(canary), hex.EncodeToString([]byte(canary)),
		strings.ToUpper(hex.EncodeToString([]byte(canary))), `cän/+ ry\"\\&=1`, `cän/+ ry\"\\\u0026=1`,
	} {
		if got := r.text("a " + form + " b"); got != "a *** b" {
			t.Errorf("%q became %q", form, got)
		}
	}
	for _, pre := range []string{"", "u", "us", "usr"} {
		for _, post := range []string{"", "x", "xy"} {
			got := r.text(b64(pre, post))
			contains(t, got, mask)
			if len(got) > len(mask)+12 {
				t.Errorf("base64 after %q before %q: %q", pre, post, got)
			}
		}
	}
	if got := r.text("canary-longer"); got != mask {
		t.Errorf("the longer secret left %q", got)
	}
	if got := newRedactor([]secret.Value{secret.New("ab")}, false).text("cab 6162"); got != "c*** 6162" {
		t.Errorf("a short secret: %q", got)
	}
}

// TestTraceHoldsNoCanary runs everything that could go wrong under a trace.
func TestTraceHoldsNoCanary(t *testing.T) {
	t.Parallel()
	const key, fresh = "sk_live_canary_key", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	answers := []string{
		"HTTP/1.1 201 Created\r\nContent-Length: 77\r\n\r\n{\"secret\":\"%s\"}",
		"HTTP/1.1 201 Created\r\n\r\n{\"data\":{\"webhook\":{\"secret_key\":\"%s\"}}}",
		"HTTP/1.1 201 Created\r\n\r\n[\"%s\"]",
		"HTTP/1.1 201 Created\r\n\r\n{\"m\":\"your secret is %s, keep it\"}",
		"HTTP/1.1 201 Created\r\n\r\n{'secret': '%s'}",
		"HTTP/1.1 201 Created\r\n\r\n{\"secret\":\"%s",
		"HTTP/1.1 201 %s\r\nContent-Type: text/%s\r\nX-Secret: %s\r\nX-Request-Id: %s\r\nLocation: /%s\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 201 Created\r\n%s\r\n\r\n",
		"%s\r\n\r\n",
		"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{\"secret\":\"%s\"}",
		"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
		"HTTP/1.1 400 Bad\r\n\r\n{\"message\":\"key sk_live_canary_key, \\u001b[31m\\u0007 %s\"}",
	}
	for _, answer := range answers {
		s := serve(t, say(strings.ReplaceAll(answer, "%s", fresh)))
		trace := &syncBuffer{}
		o := quick()
		o.Trace, o.Secrets = trace, []secret.Value{secret.New(key)}
		r := post(s.url() + "/hooks?key=" + key + "#" + key)
		r.Header = http.Header{"X-API-Key": {key}, "Authorization": {"Bearer " + key}, "Accept": {key}}
		r.Body = fmt.Appendf(nil, `{"api_key":%q,"note":%q,"url":"https://me:%s@x.test/?t=%s"}`, key, key, key, key)
		_, _ = newTestClient(t, o).OneShot(io.Discard).Do(t.Context(), r)
		got := trace.String()
		for _, hidden := range []string{key, fresh, url.QueryEscape(key), base64.StdEncoding.EncodeToString([]byte(key)), "\x1b", "\x07"} {
			if strings.Contains(got, hidden) {
				t.Errorf("%q: the trace shows %q:\n%s", answer, hidden, got)
			}
		}
		contains(t, got, "> POST http://"+s.addr+"/hooks?key=***\n")
		contains(t, got, "> X-Api-Key: ***\n")
	}
}

func TestTraceOfRepeatsAndFailures(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *net.TCPConn, n int) bool {
		if n == 1 {
			return say("HTTP/1.1 429 No\r\nContent-Length: 0\r\nRetry-After: 3\r\n\r\n")(c, n)
		}
		return say("HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{")(c, n)
	})
	trace := &syncBuffer{}
	o := quick()
	o.Trace = trace
	resp, err := newTestClient(t, o).Do(t.Context(), post(s.url()))
	failed(t, resp, err)
	for _, want := range []string{
		"< 429 Too Many Requests (0 bytes, ", "< Retry-After: 3\n", "* rate-limited by " + s.addr + ", trying again in 3 s\n",
		"> POST " + s.url() + " (try 2)\n", s.addr + " closed the connection in the middle of its answer (status 201) after ",
	} {
		contains(t, trace.String(), want)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	t.Cleanup(srv.Close)
	trace := &syncBuffer{}
	o := quick()
	o.Trace = trace
	c := newTestClient(t, o)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			r := post(srv.URL)
			r.Body = fmt.Appendf(nil, `{"n":%d}`, i)
			client := c
			tap := &syncBuffer{}
			switch i % 3 {
			case 0:
				client = c.OneShot(tap)
			case 1:
				r.Repeat = RepeatSafe
			}
			resp, err := client.Do(t.Context(), r)
			if err != nil || string(resp.Body) != string(r.Body) || i%3 == 0 && !strings.HasSuffix(tap.String(), string(r.Body)) {
				t.Errorf("%d: %+v, %v", i, resp, err)
			}
		})
	}
	wg.Wait()
	for line := range strings.Lines(trace.String()) {
		if !strings.HasSuffix(line, "\n") || !strings.Contains("><*", line[:1]) {
			t.Errorf("torn line %q", line)
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	const key = `k/1+"<é>&=z`
	mask := Mask(key, "abc", "")
	for _, form := range []string{
		key, `k/1+\"<é>&=z`, `k\/1+\"<é>&=z`, `k/1+\"\u003cé\u003e\u0026=z`, url.QueryEscape(key), url.PathEscape(key),
		hex.EncodeToString([]byte(key)), strings.ToUpper(hex.EncodeToString([]byte(key))),
		base64.RawURLEncoding.EncodeToString([]byte(key)), "dXNlcjo" + base64.StdEncoding.EncodeToString([]byte("user:" + key))[7:],
	} {
		if got := mask("before " + form + " abc"); strings.Contains(got, form) || !strings.HasPrefix(got, "before ") || !strings.Contains(got, "***") || !strings.HasSuffix(got, " abc") {
			t.Errorf("%q becomes %q", form, got)
		}
	}
}

// The texts that a request calls private are hidden wherever an answer echoes
// them, and in later requests no more.
func TestTraceHidesWhatIsPrivate(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "pw-canary "+hex.EncodeToString([]byte("pw-canary")))
		_, _ = io.WriteString(w, `{"echo":"you said pw-canary on it"}`)
	}))
	defer server.Close()
	var trace strings.Builder
	c := New(Options{Trace: &trace})
	for _, private := range [][]string{{"pw-canary", "on"}, nil} {
		trace.Reset()
		_, err := c.Do(t.Context(), Request{Method: "POST", URL: server.URL, Body: []byte(`{"wh":"pw-canary"}`), Private: private})
		if err != nil {
			t.Fatal(err)
		}
		hidden := !strings.Contains(trace.String(), "canary") && !strings.Contains(trace.String(), hex.EncodeToString([]byte("canary")))
		if hidden != (private != nil) || private != nil && !strings.Contains(trace.String(), `"you said *** on it"`) {
			t.Errorf("with %q:\n%s", private, &trace)
		}
	}
}
