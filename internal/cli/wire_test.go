package cli_test

import (
	"encoding/json"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRequests compares what goes over the wire with the reference pages: the
// documented members and headers, and not one more.
func TestRequests(t *testing.T) {
	t.Parallel()
	const list, one = "/functions/v1/api-webhook-subscriptions", "/functions/v1/api-webhook-subscriptions/a%2Fb"
	key := map[string]string{"X-API-Key": "the-api-key"}
	for _, tt := range []struct {
		name    string
		environ []string // instead of the dialect's account
		d       *dialect
		stdin   string
		args    []string
		method  string
		target  string
		header  map[string]string // beside those of every request
		body    string            // "" for none
	}{
		{
			name: "zyntro create", d: zyntroDialect, args: zyntroDialect.create,
			method: "POST", target: "/public/account/createWebhook",
			body: `{"api_key":"the-api-key","org_id":"the-org","wh_name":"My hook","wh_endpoint":"https://example.com/hook","wh_events":["new_contact"]}`,
		},
		{
			name: "zyntro create with all options", d: zyntroDialect,
			args: []string{"create", "zyntro", "--name", "Büro <&> \"x\"", "--url", "https://example.com/hook?a=1&b=%20", "--event", "new_contact,invoice_paid",
				"--event", "subscription.created", "--timeout", "5", "--auth-type", "basic", "--auth-data", "@-"},
			stdin:  `{"username": "u", "password": "p<&>"}`,
			method: "POST", target: "/public/account/createWebhook",
			body: `{"api_key":"the-api-key","org_id":"the-org","wh_name":"Büro <&> \"x\"","wh_endpoint":"https://example.com/hook?a=1&b=%20",` +
				`"wh_events":["new_contact","invoice_paid","subscription.created"],"wh_auth_type":"basic","wh_auth_data":{"username":"u","password":"p<&>"},"wh_timeout":5}`,
		},
		{
			name: "zyntro create with a developer secret", d: zyntroDialect, args: zyntroDialect.create,
			environ: []string{"ZYNTRO_API_KEY=k", "ZYNTRO_ORG_ID=o", "HOOKCTL_ZYNTRO_DEVELOPER_SECRET=zdk_1", "HOOKCTL_ZYNTRO_PATH_PREFIX=/apis/v2/public/account"},
			method:  "POST", target: "/apis/v2/public/account/createWebhook",
			body: `{"api_key":"k","org_id":"o","developer_secret":"zdk_1","wh_name":"My hook","wh_endpoint":"https://example.com/hook","wh_events":["new_contact"]}`,
		},
		{
			name: "zyntro list", d: zyntroDialect, args: []string{"list", "zyntro"},
			method: "POST", target: "/public/account/fetchWebhooks", body: `{"api_key":"the-api-key","org_id":"the-org"}`,
		},
		{
			name: "zyntro get", d: zyntroDialect, args: []string{"get", "zyntro/the-id"},
			method: "POST", target: "/public/account/fetchWebhooks", body: `{"api_key":"the-api-key","org_id":"the-org"}`,
		},
		{
			name: "zyntro help", d: zyntroDialect, args: []string{"help", "zyntro"},
			method: "POST", target: "/public/account/createWebhook", body: `{"help":true}`,
		},
		{
			name: "zyntro live events", d: zyntroDialect, args: []string{"list-events", "zyntro", "--live"},
			method: "POST", target: "/public/account/createWebhook", body: `{"help":true}`,
		},
		{
			name: "zyntro login", d: zyntroDialect, args: []string{"login", "zyntro"},
			method: "POST", target: "/public/account/fetchWebhooks", body: `{"api_key":"the-api-key","org_id":"the-org"}`,
		},
		{
			name: "wundertreos create", d: wundertreosDialect, args: wundertreosDialect.create, header: key,
			method: "POST", target: list,
			body: `{"target_url":"https://example.com/hook","event_types":["contact.created"],"description":"My hook"}`,
		},
		{
			name: "wundertreos create without a name", d: wundertreosDialect, header: key,
			args:   []string{"create", "wundertreos", "--url", "http://example.com/?a=1&b=<>", "--event", "deal.created,deal.created,contact.created"},
			method: "POST", target: list,
			body: `{"target_url":"http://example.com/?a=1&b=<>","event_types":["deal.created","contact.created"]}`,
		},
		{
			name: "wundertreos create with a token", d: wundertreosDialect, args: wundertreosDialect.create,
			environ: []string{"WUNDERTREOS_TOKEN=tok"}, header: map[string]string{"Authorization": "Bearer tok"},
			method: "POST", target: list,
			body: `{"target_url":"https://example.com/hook","event_types":["contact.created"],"description":"My hook"}`,
		},
		{name: "wundertreos list", d: wundertreosDialect, args: []string{"list", "wundertreos"}, header: key, method: "GET", target: list},
		{name: "wundertreos get", d: wundertreosDialect, args: []string{"get", "wundertreos/a/b"}, header: key, method: "GET", target: one},
		{name: "wundertreos login", d: wundertreosDialect, args: []string{"login", "wundertreos"}, header: key, method: "GET", target: "/functions/v1/oauth-me"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newPeer(t, func(c *net.TCPConn, r request) { send(c, answer(404, `{"error":"not_found"}`)) })
			environ := tt.d.environ(a.addr)
			if tt.environ != nil {
				environ = append(environ[:1], tt.environ...)
			}
			p := newProgram(t, environ...)
			c, out, errs := p.command(tt.args...)
			c.Stdin = strings.NewReader(tt.stdin)
			ran := p.finish(c, c.Run(), out, errs)
			seen := a.requests(nil)
			if len(seen) == 0 {
				t.Fatalf("nothing was sent: %s", ran)
			}
			r := seen[0]
			if r.method != tt.method || r.target != tt.target || r.proto != "HTTP/1.1" {
				t.Errorf("%s %s %s, want %s %s HTTP/1.1", r.method, r.target, r.proto, tt.method, tt.target)
			}
			want := map[string]string{"Host": a.addr, "Accept": "application/json", "Connection": "close"}
			for name, value := range tt.header {
				want[name] = value
			}
			if tt.body != "" {
				want["Content-Type"] = "application/json"
				want["Content-Length"] = fmt.Sprint(len(r.body))
			}
			got := map[string]string{}
			for _, h := range r.header {
				name := h[0]
				if strings.EqualFold(name, "X-API-Key") {
					name = "X-API-Key" // names have no case
				}
				if _, twice := got[name]; twice {
					t.Errorf("the header %s is there twice", name)
				}
				got[name] = h[1]
			}
			if agent := got["User-Agent"]; !regexp.MustCompile(`^hookctl/[-+.0-9A-Za-z]+$`).MatchString(agent) {
				t.Errorf("User-Agent %q", agent)
			}
			delete(got, "User-Agent")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if (tt.body == "") != (r.body == "") || tt.body != "" && canonical(t, r.body) != canonical(t, tt.body) {
				t.Errorf("body:\n%s\nwant:\n%s", r.body, tt.body)
			}
			if strings.Contains(r.body, `\u00`) {
				t.Errorf("the body has needless escapes: %s", r.body)
			}
		})
	}
}

// canonical is a JSON document with sorted members; members that stand there
// twice stay twice.
func canonical(t *testing.T, doc string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	text, err := canonicalValue(d)
	if err != nil || d.More() {
		t.Fatalf("not one JSON document: %v: %s", err, doc)
	}
	return text
}

func canonicalValue(d *json.Decoder) (string, error) {
	token, err := d.Token()
	if err != nil {
		return "", err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		text, err := json.Marshal(token)
		return string(text), err
	}
	var parts []string
	for d.More() {
		name := ""
		if delim == '{' {
			if name, err = canonicalValue(d); err != nil {
				return "", err
			}
		}
		value, err := canonicalValue(d)
		if err != nil {
			return "", err
		}
		parts = append(parts, name+value)
	}
	if delim == '{' {
		slices.Sort(parts)
	}
	end, err := d.Token()
	return fmt.Sprint(delim, parts, end), err
}

// TestDocumentedErrors runs every error of the reference pages past a create
// and a list: the exit code, the JSON error, and that it says what to do.
func TestDocumentedErrors(t *testing.T) {
	t.Parallel()
	zyntro := func(body string) []byte { return answer(200, body) }
	z, w := zyntroDialect, wundertreosDialect
	for _, tt := range []struct {
		name   string
		d      *dialect
		answer []byte
		code   int      // of create; 6: the provider's list shows nothing
		list   int      // of list; 0: not run
		word   string   // code of the JSON error
		says   []string // in message or hint
		told   string   // provider_message
	}{
		{"zyntro/missing key", z, zyntro(`{"status":"error","message":"Missing API Key"}`), 4, 4, "auth", []string{"hookctl login zyntro"}, "Missing API Key"},
		{"zyntro/missing key, sibling wording", z, zyntro(`{"data":["Missing service instance"],"status":"error"}`), 4, 4, "auth", []string{"hookctl login zyntro"}, "Missing service instance"},
		{"zyntro/invalid key", z, zyntro(`{"status":"error","message":"Invalid API Key"}`), 4, 4, "auth", []string{"hookctl login zyntro"}, "Invalid API Key"},
		{"zyntro/invalid organization", z, zyntro(`{"status":"error","message":"Invalid organization"}`), 4, 4, "auth", []string{"organization", "hookctl login zyntro"}, "Invalid organization"},
		{"zyntro/organization, shape B", z, zyntro(`{"data":["Organization not found"],"status":"error"}`), 4, 4, "auth", []string{"hookctl login zyntro"}, "Organization not found"},
		{"zyntro/missing organization", z, zyntro(`{"data":["Missing org ID"],"status":"error"}`), 4, 4, "auth", []string{"hookctl login zyntro"}, "Missing org ID"},
		{"zyntro/inactive user", z, zyntro(`{"data":["User is not active"],"status":"error"}`), 4, 4, "auth", []string{"not active"}, "User is not active"},
		{"zyntro/missing name", z, zyntro(`{"status":"error","message":"wh_name is required"}`), 5, 0, "refused", []string{"wh_name is required"}, "wh_name is required"},
		{"zyntro/missing endpoint", z, zyntro(`{"status":"error","message":"wh_endpoint is required"}`), 5, 0, "refused", nil, "wh_endpoint is required"},
		{"zyntro/missing events", z, zyntro(`{"status":"error","message":"wh_events is required"}`), 5, 0, "refused", nil, "wh_events is required"},
		{"zyntro/invalid url", z, zyntro(`{"status":"error","message":"Invalid endpoint URL"}`), 5, 0, "refused", []string{"https"}, "Invalid endpoint URL"},
		{"zyntro/invalid event", z, zyntro(`{"hint":"Send {\"help\": true} to see the full list of supported events","status":"error","message":"Invalid event(s): invalid_event_name"}`),
			5, 0, "refused", []string{"invalid_event_name", "hookctl list-events zyntro", `Send {"help": true} to see the full list`}, "Invalid event(s): invalid_event_name"},
		{"zyntro/not written down", z, zyntro(`{"status":"error","message":"Failed to create webhook"}`), 6, 0, "unavailable", []string{"hookctl recover"}, "Failed to create webhook"},
		{"zyntro/shape B", z, zyntro(`{"data":["one thing","another"],"status":"error"}`), 5, 5, "refused", []string{"one thing; another"}, "one thing; another"},
		{"zyntro/any case", z, zyntro(`{"status":"error","message":"INVALID API KEY: who are you?"}`), 4, 4, "auth", nil, "INVALID API KEY: who are you?"},
		{"zyntro/no message", z, zyntro(`{"status":"error"}`), 5, 5, "refused", nil, ""},
		{"zyntro/error member", z, zyntro(`{"status":"error","error":"odd"}`), 5, 5, "refused", []string{"odd"}, "odd"},
		{"zyntro/401", z, answer(401, `{"message":"no"}`), 4, 4, "auth", []string{"hookctl login zyntro"}, "no"},
		{"zyntro/403 page", z, answer(403, `<html>Forbidden</html>`), 4, 4, "auth", []string{"hookctl login zyntro", "<html>Forbidden"}, ""},
		{"zyntro/404 page", z, answer(404, `<html>no such page</html>`), 5, 5, "refused", []string{"zyntro.base-url", "no such page"}, ""},
		{"zyntro/413", z, answer(413, ``), 5, 5, "refused", nil, ""},

		{"wundertreos/400", w, answer(400, `{"error":"invalid_request","message":"target_url must be a valid URL"}`), 5, 5, "refused", []string{"invalid_request"}, "target_url must be a valid URL"},
		{"wundertreos/400 events", w, answer(400, `{"error":"invalid_request","message":"event_types must be a non-empty array"}`), 5, 0, "refused", nil, "event_types must be a non-empty array"},
		{"wundertreos/400 event", w, answer(400, `{"error":"invalid_request","message":"Unsupported event type: contact.deal_added"}`), 5, 0, "refused", []string{"hookctl list-events wundertreos"}, "Unsupported event type: contact.deal_added"},
		{"wundertreos/400 without a message", w, answer(400, `{"error":"invalid_request"}`), 5, 5, "refused", nil, ""},
		{"wundertreos/401", w, answer(401, `{"error":"unauthorized","message":"Invalid or expired credentials"}`), 4, 4, "auth", []string{"hookctl login wundertreos"}, "Invalid or expired credentials"},
		{"wundertreos/403 read", w, answer(403, `{"error":"forbidden","message":"Scope 'webhooks:read' is required."}`), 4, 4, "auth", []string{"webhooks:read", "webhooks:write"}, "Scope 'webhooks:read' is required."},
		{"wundertreos/403 write", w, answer(403, `{"error":"forbidden","message":"Scope 'webhooks:write' is required."}`), 4, 4, "auth", []string{"webhooks:read", "webhooks:write"}, "Scope 'webhooks:write' is required."},
		{"wundertreos/404", w, answer(404, `{"error":"not_found"}`), 5, 5, "not-found", []string{"hookctl"}, ""},
		{"wundertreos/404 with a message", w, answer(404, `{"error":"not_found","message":"Webhook subscription not found"}`), 5, 5, "not-found", nil, "Webhook subscription not found"},
		{"wundertreos/404 of a gateway", w, answer(404, `{"code":404,"msg":"Function not found"}`), 5, 5, "not-found", []string{"base URL"}, `{"code":404,"msg":"Function not found"}`},
		{"wundertreos/405", w, answer(405, `nope`), 5, 5, "refused", []string{"nope"}, "nope"},
		{"wundertreos/500", w, answer(500, `{"error":"internal"}`), 6, 0, "unavailable", []string{"hookctl recover"}, ""},
		{"wundertreos/502 page", w, answer(502, `<html>Bad gateway`), 6, 0, "unavailable", []string{"Bad gateway", "hookctl recover"}, "<html>Bad gateway"},
		{"wundertreos/503", w, answer(503, ``, "Retry-After: 1"), 6, 0, "unavailable", []string{"hookctl recover"}, ""},
		{"wundertreos/520", w, answer(520, ``), 6, 0, "unavailable", []string{"hookctl recover"}, ""},
		{"zyntro/500", z, answer(500, `oops`), 6, 0, "unavailable", []string{"hookctl recover"}, ""},
		{"zyntro/503 of the API", z, answer(503, `{"status":"error","message":"Invalid API Key"}`), 6, 0, "unavailable", []string{"hookctl recover"}, "Invalid API Key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, tt.d, "the-id", "the-secret", func(_ *account, c *net.TCPConn) { send(c, tt.answer) })
			p := a.program(t)
			r := p.run(append(tt.d.create, "-o", "json")...)
			s := p.failure(r)
			if r.code != tt.code || s.Code != tt.word || r.stdout != "" {
				t.Errorf("exit %d %q, want %d %q: %s", r.code, s.Code, tt.code, tt.word, r)
			}
			if s.ProviderMessage == nil != (tt.told == "") || s.ProviderMessage != nil && *s.ProviderMessage != tt.told {
				t.Errorf("provider_message is not %q: %s", tt.told, r)
			}
			for _, want := range tt.says {
				if s.Hint == nil || !strings.Contains(s.Message+"\n"+*s.Hint, want) {
					t.Errorf("%q is said nowhere: %s", want, r)
				}
			}
			if n := len(a.requests(tt.d.isCreate)); n != 1 {
				t.Errorf("%d creates were sent", n)
			}
			wantLists, wantEntries := 0, 0
			if tt.code == 6 { // one look, and the intent stays until a later one
				wantLists, wantEntries = 1, 1
			}
			if n := len(a.requests(tt.d.isList)); n != wantLists {
				t.Errorf("%d lists were asked for, want %d", n, wantLists)
			}
			if n := p.entries(); n != wantEntries {
				t.Errorf("%d entries are in the journal, want %d", n, wantEntries)
			}

			if tt.list == 0 {
				return
			}
			b := newPeer(t, func(c *net.TCPConn, _ request) { send(c, tt.answer) })
			p = newProgram(t, tt.d.environ(b.addr)...)
			r = p.run("list", tt.d.name, "-o", "json")
			if s := p.failure(r); r.code != tt.list || s.Code != tt.word || r.stdout != "" {
				t.Errorf("list: exit %d %q, want %d %q: %s", r.code, s.Code, tt.list, tt.word, r)
			}
			if n := len(b.requests(nil)); n != 1 {
				t.Errorf("list: %d requests", n)
			}
		})
	}
}

// entries counts the journal's.
func (p *program) entries() int {
	n := 0
	for name := range p.files() {
		if strings.HasPrefix(name, "journal/") && strings.HasSuffix(name, ".op") {
			n++
		}
	}
	return n
}

// TestUncertainFailure: an error after which the webhook exists all the same.
func TestUncertainFailure(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		d      *dialect
		answer []byte
	}{
		{zyntroDialect, answer(200, `{"status":"error","message":"Failed to create webhook"}`)},
		{zyntroDialect, answer(504, `timeout`)},
		{wundertreosDialect, answer(500, `{"error":"internal"}`)},
		{wundertreosDialect, answer(408, ``)},
	} {
		t.Run(fmt.Sprint(tt.d.name, " ", string(tt.answer[9:12])), func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, tt.d, "the-id", "the-secret", func(a *account, c *net.TCPConn) {
				a.make()
				send(c, tt.answer)
			})
			p := a.program(t)
			r := p.run(append(tt.d.create, "-o", "json")...)
			if s := p.failure(r); r.code != 7 || s.Code != "orphan" || !strings.Contains(s.Message, tt.d.name+"/the-id") || !strings.Contains(*s.Hint, "hookctl recover") {
				t.Errorf("want exit 7, orphan: %s", r)
			}
			found, r := p.recover()
			if r.code != 7 || len(found) != 1 || found[0].State != "orphan" || found[0].ID != "the-id" ||
				!strings.Contains(found[0].Next, "hookctl recover --") || !strings.Contains(found[0].Next, " "+tt.d.name+"/the-id") {
				t.Errorf("recover: %s", r)
			}
		})
	}
}

// TestRateLimit: a 429 is the one answer to a create that is followed by
// another try, not before the time that the provider asks for.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	refusal := func(d *dialect, bodyWait int, head ...string) []byte {
		if d == zyntroDialect {
			return answer(429, `{"status":"error","message":"Slow down"}`, head...)
		}
		return answer(429, fmt.Sprintf(`{"error":"rate_limit_exceeded","message":"Too many requests. Limit is 60 requests per 60 seconds.","retry_after":%d}`, bodyWait), head...)
	}
	for _, d := range dialects {
		t.Run(d.name+"/then well", func(t *testing.T) {
			t.Parallel()
			tries := 0
			a := newAccount(t, d, "the-id", "the-secret", func(a *account, c *net.TCPConn) {
				if tries++; tries == 1 {
					send(c, refusal(d, 1, "Retry-After: 2"))
					return
				}
				a.make()
				send(c, d.whole("the-id", "the-secret"))
			})
			p := a.program(t)
			r := p.run(d.create...)
			seen := a.requests(d.isCreate)
			if r.code != 0 || len(seen) != 2 || p.kept()["the-id"] != "the-secret" || p.entries() != 0 {
				t.Fatalf("%d creates: %s", len(seen), r)
			}
			if wait := seen[1].at.Sub(seen[0].at); wait < 2*time.Second || wait > 5*time.Second {
				t.Errorf("waited %v", wait)
			}
			if !strings.Contains(r.stderr, "2 s") {
				t.Errorf("the wait is not announced: %s", r)
			}
		})
		t.Run(d.name+"/past the retries", func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, d, "the-id", "the-secret", func(_ *account, c *net.TCPConn) { send(c, refusal(d, 90, "Retry-After: 90")) })
			p := a.program(t)
			r := p.run(append(d.create, "-o", "json")...)
			s := p.failure(r)
			if r.code != 6 || s.Code != "rate-limited" || !strings.Contains(*s.Hint, "1m30s") {
				t.Errorf("want exit 6 with the time: %s", r)
			}
			if n := len(a.requests(nil)); n != 1 || p.entries() != 0 {
				t.Errorf("%d requests, %d entries: nothing was made, for certain", n, p.entries())
			}
		})
		t.Run(d.name+"/without a time", func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, d, "the-id", "the-secret", func(_ *account, c *net.TCPConn) { send(c, answer(429, ``, "Retry-After: soon")) })
			p := a.program(t)
			// Four times the limit of one request bounds all the tries.
			r := p.run(append(d.create, "-o", "json", "--request-timeout", "1s")...)
			if s := p.failure(r); r.code != 6 || s.Code != "rate-limited" {
				t.Errorf("want exit 6: %s", r)
			}
			if seen := a.requests(nil); len(seen) != 3 || seen[2].at.Sub(seen[0].at) < 3*time.Second {
				t.Errorf("%d requests", len(seen))
			}
		})
	}
}
