package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// peer is the other end of the wire: a server over bare sockets. It shares no
// code with the client or the sandbox, nor with net/http: what the program
// sent is seen byte for byte, and what it gets is said byte for byte.
type peer struct {
	addr string

	mu    sync.Mutex
	conns int
	seen  []request
}

// request is one request as it came.
type request struct {
	method, target, proto string
	header                [][2]string // in order, names as sent
	body                  string
	at                    time.Time
}

// get is the value of a header, "" without one.
func (r request) get(name string) string {
	value := ""
	for _, h := range r.header {
		if strings.EqualFold(h[0], name) {
			value += h[1]
		}
	}
	return value
}

// newPeer answers each request with answer, on a connection of its own that is
// closed behind it.
func newPeer(t *testing.T, answer func(c *net.TCPConn, r request)) *peer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{addr: l.Addr().String()}
	var open sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		open.Wait()
	})
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.conns++
			p.mu.Unlock()
			open.Go(func() { p.serve(c.(*net.TCPConn), answer) })
		}
	})
	return p
}

func (p *peer) serve(c *net.TCPConn, answer func(c *net.TCPConn, r request)) {
	defer func() { _ = c.Close() }()
	// No test waits longer, and none may hang on a broken program.
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	r, err := readRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	p.mu.Lock()
	p.seen = append(p.seen, r)
	p.mu.Unlock()
	answer(c, r)
}

func readRequest(in *bufio.Reader) (request, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return request{}, err
	}
	words := strings.Split(strings.TrimSuffix(line, "\r\n"), " ")
	if len(words) != 3 {
		return request{}, fmt.Errorf("request line %q", line)
	}
	r := request{method: words[0], target: words[1], proto: words[2], at: time.Now()}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return r, err
		}
		line = strings.TrimSuffix(line, "\r\n")
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			return r, fmt.Errorf("header line %q", line)
		}
		r.header = append(r.header, [2]string{name, value})
	}
	if length := r.get("Content-Length"); length != "" {
		n, err := strconv.Atoi(length)
		if err != nil {
			return r, err
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(in, body); err != nil {
			return r, err
		}
		r.body = string(body)
	}
	return r, nil
}

// requests are those that came so far and that filter likes; all without one.
func (p *peer) requests(filter func(request) bool) []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []request
	for _, r := range p.seen {
		if filter == nil || filter(r) {
			out = append(out, r)
		}
	}
	return out
}

// connections is how many there were, with or without a request.
func (p *peer) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns
}

// reset breaks the connection off as a crashed server does.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// send writes bytes; that a client has gone away is no fault of the test.
func send(c net.Conn, text []byte) { _, _ = c.Write(text) }

// answer is a whole HTTP answer; head is more lines of it, without CRLF.
func answer(status int, body string, head ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d X\r\n", status)
	for _, line := range head {
		b.WriteString(line + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	return b.Bytes()
}

// quote is s as JSON, without the escapes meant for HTML.
func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// dialect is how a provider speaks, as its reference page has it.
type dialect struct {
	name     string
	base     string   // path of the base URL
	variable string   // names the base URL
	account  []string // variables of the credentials
	create   []string // the arguments of a small create
	isCreate func(request) bool
	isList   func(request) bool

	status                 int                            // of the answer to a create that succeeds
	made                   func(id, secret string) string // its body
	idMember, secretMember string                         // what made calls the two

	listed  func(ids ...string) string // a list of webhooks as create makes them
	refused []byte                     // an answer that refuses a malformed request
}

// What the webhook of a test is.
const (
	hookURL    = "https://example.com/hook"
	hookName   = "My hook"
	someID     = "wh-0d1e2f"
	someSecret = "5ec4e7-0123456789abcdef"
)

var zyntroDialect = &dialect{
	name: "zyntro", variable: "HOOKCTL_ZYNTRO_BASE_URL",
	account:  []string{"HOOKCTL_ZYNTRO_API_KEY=the-api-key", "HOOKCTL_ZYNTRO_ORG_ID=the-org"},
	create:   []string{"create", "zyntro", "--name", hookName, "--url", hookURL, "--event", "new_contact"},
	isCreate: func(r request) bool { return r.method == "POST" && r.target == "/public/account/createWebhook" },
	isList:   func(r request) bool { return r.method == "POST" && r.target == "/public/account/fetchWebhooks" },
	status:   200,
	made: func(id, secret string) string {
		return `{"data":{"wh_id":` + id + `,"action":"created","secret_key":` + secret + `},"status":"success","message":"Webhook created successfully"}`
	},
	idMember: "wh_id", secretMember: "secret_key",
	listed: func(ids ...string) string {
		var rows []string
		for _, id := range ids {
			rows = append(rows, `{"wh_id":`+quote(id)+`,"wh_name":`+quote(hookName)+`,"wh_events":["new_contact"],"wh_status":"active","wh_timeout":30,"wh_endpoint":`+quote(hookURL)+
				`,"wh_auth_type":"none","wh_created_at":"`+time.Now().UTC().Format("2006-01-02 15:04:05")+`","wh_updated_at":null,"wh_last_status":null,"wh_retry_count":3,"wh_retry_delay":60,"wh_failure_count":0,"wh_last_triggered":null}`)
		}
		return `{"data":[` + strings.Join(rows, ",") + `],"status":"success"}`
	},
	refused: answer(200, `{"status":"error","message":"wh_name is required"}`),
}

var wundertreosDialect = &dialect{
	name: "wundertreos", base: "/functions/v1", variable: "HOOKCTL_WUNDERTREOS_BASE_URL",
	account: []string{"HOOKCTL_WUNDERTREOS_API_KEY=the-api-key"},
	create:  []string{"create", "wundertreos", "--name", hookName, "--url", hookURL, "--event", "contact.created"},
	isCreate: func(r request) bool {
		return r.method == "POST" && r.target == "/functions/v1/api-webhook-subscriptions"
	},
	isList: func(r request) bool {
		return r.method == "GET" && r.target == "/functions/v1/api-webhook-subscriptions"
	},
	status: 201,
	made: func(id, secret string) string {
		return `{"data":{"id":` + id + `,"target_url":` + quote(hookURL) + `,"event_types":["contact.created"],"secret":` + secret +
			`,"enabled":true,"description":` + quote(hookName) + `,"created_at":"2026-05-17T14:30:00Z"}}`
	},
	idMember: "id", secretMember: "secret",
	listed: func(ids ...string) string {
		var rows []string
		for _, id := range ids {
			rows = append(rows, `{"id":`+quote(id)+`,"target_url":`+quote(hookURL)+`,"event_types":["contact.created"],"enabled":true,"description":`+quote(hookName)+
				`,"created_at":"`+time.Now().UTC().Format(time.RFC3339)+`"}`)
		}
		return `{"data":[` + strings.Join(rows, ",") + `]}`
	},
	refused: answer(400, `{"error":"invalid_request","message":"target_url must be a valid URL"}`),
}

var dialects = []*dialect{zyntroDialect, wundertreosDialect}

// environ points a program at addr.
func (d *dialect) environ(addr string) []string {
	return append([]string{d.variable + "=http://" + addr + d.base}, d.account...)
}

// whole is the answer to a create that succeeds.
func (d *dialect) whole(id, secret string) []byte {
	return answer(d.status, d.made(quote(id), quote(secret)))
}

// account is an organization with one webhook at most. From the first create
// on it is listed. How creates are answered is the test's to say.
type account struct {
	*peer
	d          *dialect
	id, secret string

	existing sync.Mutex
	exists   bool
}

// newAccount answers creates with create, or as the provider does without one.
// It is create that makes the webhook exist.
func newAccount(t *testing.T, d *dialect, id, secret string, create func(a *account, c *net.TCPConn)) *account {
	t.Helper()
	a := &account{d: d, id: id, secret: secret}
	a.peer = newPeer(t, func(c *net.TCPConn, r request) {
		switch {
		case d.isCreate(r) && create != nil:
			create(a, c)
		case d.isCreate(r):
			a.make()
			send(c, d.whole(id, secret))
		case d.isList(r):
			send(c, answer(200, a.list()))
		default:
			send(c, answer(404, `{"error":"not_found"}`))
		}
	})
	return a
}

// make lets the webhook exist.
func (a *account) make() {
	a.existing.Lock()
	defer a.existing.Unlock()
	a.exists = true
}

func (a *account) list() string {
	a.existing.Lock()
	defer a.existing.Unlock()
	if a.exists {
		return a.d.listed(a.id)
	}
	return a.d.listed()
}

// program is one that uses the account.
func (a *account) program(t *testing.T) *program {
	t.Helper()
	return newProgram(t, a.d.environ(a.addr)...)
}

func newReader(c net.Conn) *bufio.Reader { return bufio.NewReader(c) }
