// Package tunneltest has stand-ins for the programs of package tunnel, which speak
// as those do, and the network behind them.
package tunneltest

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// EnvDir names the directory in which a stand-in notes which port serves its host
// name, and each of its starts. The variable EnvMode says how it fails.
const (
	EnvDir  = "TUNNELTEST_DIR"
	EnvMode = "TUNNELTEST_MODE"
)

// The modes.
const (
	Ends    = "ends"    // it ends at once, with an error
	Silent  = "silent"  // it names no URL
	Nowhere = "nowhere" // its URL leads to something else
	Steady  = "steady"  // its URL is always the same
	Late    = "late"    // its host name is not known at first
)

var programs = map[string]func(p *program, args []string) error{
	"cloudflared": cloudflared, "ngrok": ngrok, "tailscale": tailscale, "ssh": localhostRun, "othertunnel": other,
}

// program is a stand-in while it runs.
type program struct {
	env      func(string) string
	out, err io.Writer
}

// Run is the stand-in that the first of args names; ok is false where it names none.
// It does not return while the tunnel is up.
func Run(args, environ []string, out, errs io.Writer) (code int, ok bool) {
	name := strings.TrimSuffix(filepath.Base(args[0]), ".exe")
	run, ok := programs[name]
	if !ok {
		return 0, false
	}
	env := func(name string) (value string) {
		for _, kv := range environ {
			if v, ok := strings.CutPrefix(kv, name+"="); ok {
				value = v
			}
		}
		return value
	}
	p := &program{env, out, errs}
	err := p.note("starts", strings.Join(args, " "))
	if err == nil {
		err = p.note("environ", strings.Join(environ, "\n"))
	}
	if err == nil && env(EnvMode) == Ends {
		err = fmt.Errorf("%s: authentication failed", name)
	}
	if err == nil {
		err = run(p, args[1:])
	}
	fmt.Fprintln(errs, err)
	return 1, true
}

// Install puts the stand-ins into dir: this test binary under their names.
func Install(t testing.TB, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name := range programs {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			t.Skip("links are not permitted: ", err)
		}
	}
}

// note appends a line to a file of the directory.
func (p *program) note(file, line string) error {
	f, err := os.OpenFile(filepath.Join(p.env(EnvDir), file), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// Starts are the command lines that stand-ins were started with.
func Starts(t testing.TB, dir string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "starts"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.FieldsFunc(string(b), func(r rune) bool { return r == '\n' })
}

// serve makes a host name under domain lead to the local port, and returns it.
func (p *program) serve(domain, local string) (host string, err error) {
	host = strings.ToLower(rand.Text()[:10]) + "." + domain
	if p.env(EnvMode) == Steady {
		host = "steady." + domain
	}
	var h http.Handler = httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: local})
	if p.env(EnvMode) == Nowhere {
		h = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "an interstitial page", http.StatusForbidden)
		})
	}
	edge := httptest.NewTLSServer(h)
	name := filepath.Join(p.env(EnvDir), host)
	write := func() error {
		if err := os.WriteFile(name+".new", []byte(edge.Listener.Addr().String()), 0o600); err != nil {
			return err
		}
		return os.Rename(name+".new", name)
	}
	if p.env(EnvMode) == Late {
		go func() {
			for { // until somebody has asked for it in vain
				if _, err := os.Stat(name + ".asked"); err == nil {
					_ = write()
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		return host, nil
	}
	return host, write()
}

// up waits for the end that others make.
func (p *program) up() error {
	select {}
}

// Edge is the network: a proxy through which every host name that a stand-in
// serves is reached. It returns its URL.
func Edge(t testing.TB, dir string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Join(dir, r.URL.Hostname())
		at, err := os.ReadFile(name)
		if err != nil || r.Method != http.MethodConnect {
			_ = os.WriteFile(name+".asked", nil, 0o600)
			http.Error(w, "no such host", http.StatusBadGateway)
			return
		}
		to, err := net.Dial("tcp", string(at))
		if err != nil {
			http.Error(w, "connection refused", http.StatusBadGateway)
			return
		}
		defer to.Close()
		from, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer from.Close()
		if _, err := io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(to, io.MultiReader(io.LimitReader(buffered, int64(buffered.Reader.Buffered())), from))
			_ = to.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(from, to)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// value is the argument behind name.
func value(args []string, name string) string {
	if i := slices.Index(args, name); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

// local is the host and port of a URL.
func local(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Port() == "" {
		return "", fmt.Errorf("%q is no address", text)
	}
	return u.Host, nil
}

// cloudflared writes its log to standard error, and tells the host name at the
// address of its metrics.
func cloudflared(p *program, args []string) error {
	to, err := local(value(args, "--url"))
	if err != nil || args[0] != "tunnel" || !slices.Contains(args, "--no-autoupdate") {
		return fmt.Errorf("%q: %w", args, err)
	}
	say := func(level, text string) { fmt.Fprintf(p.err, "2026-11-29T07:00:00Z %s %s\n", level, text) }
	say("INF", "Thank you for trying Cloudflare Tunnel. (https://www.cloudflare.com/website-terms/)")
	say("INF", "Requesting new quick Tunnel on trycloudflare.com...")
	host := ""
	if p.env(EnvMode) != Silent {
		if host, err = p.serve("trycloudflare.com", to); err != nil {
			return err
		}
		say("INF", "+---------------------------------------------------+")
		say("INF", "|  Your quick Tunnel has been created! Visit it at (it may take some time to be reachable):  |")
		say("INF", "|  https://"+host+"  |")
	}
	l, err := net.Listen("tcp", value(args, "--metrics"))
	if err != nil {
		return err
	}
	say("INF", "Starting metrics server on "+l.Addr().String()+"/metrics")
	mux := http.NewServeMux()
	mux.HandleFunc("/quicktunnel", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"hostname":"%s"}`, host)
	})
	return http.Serve(l, mux)
}

// ngrok has an API, at the first free port from 4040 on, with all tunnels of the
// agent; it tells its log where.
func ngrok(p *program, args []string) error {
	to, err := local(args[1])
	if err != nil || args[0] != "http" || value(args, "--log") != "stdout" || value(args, "--log-format") != "json" {
		return fmt.Errorf("%q: %w", args, err)
	}
	say := func(members map[string]any) {
		members["lvl"], members["t"] = "info", "2026-11-29T07:00:00.000000000Z"
		b, _ := json.Marshal(members)
		fmt.Fprintf(p.out, "%s\n", b)
	}
	say(map[string]any{"msg": "no configuration paths supplied"})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	say(map[string]any{"msg": "starting web service", "obj": "web", "addr": l.Addr().String(), "allow_hosts": []string{}})
	host := ""
	if p.env(EnvMode) != Silent {
		if host, err = p.serve("ngrok-free.app", to); err != nil {
			return err
		}
		say(map[string]any{"msg": "started tunnel", "obj": "tunnels", "name": "command_line", "addr": "http://" + to, "url": "https://" + host})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/tunnels", func(w http.ResponseWriter, _ *http.Request) {
		tunnel := func(name, addr, public string) map[string]any {
			return map[string]any{"name": name, "ID": "8389c87a", "uri": "/api/tunnels/" + name, "public_url": public, "proto": "https",
				"config": map[string]any{"addr": addr, "inspect": true}, "metrics": map[string]any{}}
		}
		all := []any{tunnel("web", "http://localhost:1", "https://another.ngrok-free.app")}
		if host != "" {
			all = append(all, tunnel("command_line", "http://"+to, "https://"+host))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"tunnels": all, "uri": "/api/tunnels"})
	})
	return http.Serve(l, mux)
}

func tailscale(p *program, args []string) error {
	if len(args) != 3 || args[0] != "funnel" || args[1] != "--yes" {
		return fmt.Errorf("%q", args)
	}
	to, err := local(args[2])
	if err != nil {
		return err
	}
	fmt.Fprintln(p.err, "To learn more, visit: https://tailscale.com/kb/1223/funnel")
	if p.env(EnvMode) != Silent {
		host, err := p.serve("tail1234.ts.net", to)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "Available on the internet:\n\nhttps://%s/\n|-- proxy http://%s\n\nPress Ctrl+C to exit.\n", host, to)
	}
	return p.up()
}

// localhostRun is an ssh that was asked for localhost.run.
func localhostRun(p *program, args []string) error {
	if args[len(args)-1] != "nokey@localhost.run" || slices.Contains(args, "-N") || !slices.Contains(args, "BatchMode=yes") {
		return fmt.Errorf("%q", args)
	}
	to := strings.TrimPrefix(value(args, "-R"), "80:")
	fmt.Fprint(p.out, "\r\n===============================================================================\r\nWelcome to localhost.run!\r\n\r\n"+
		"Follow your favourite reverse tunnel at [https://twitter.com/localhost_run].\r\n\r\n"+
		"To set up and manage custom domains go to https://admin.localhost.run/\r\n\r\n"+
		"** your connection id is 4e2c, please mention it if you send me a message about an issue. **\r\n\r\n")
	if p.env(EnvMode) == Silent {
		return p.up()
	}
	host, err := "", error(nil)
	name := func() error {
		if host != "" {
			if err := os.Remove(filepath.Join(p.env(EnvDir), host)); err != nil {
				return err
			}
		}
		host, err = p.serve("lhr.life", to)
		if err == nil {
			fmt.Fprintf(p.out, "%s tunneled with tls termination, https://%s\r\n", host, host)
		}
		return err
	}
	if err := name(); err != nil {
		return err
	}
	// Its free names change while it runs: here, where the file says so.
	for {
		if err := os.Remove(filepath.Join(p.env(EnvDir), "rename")); err == nil {
			if err := name(); err != nil {
				return err
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// other is a program that is in no table. It prints more URLs than its own.
func other(p *program, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%q", args)
	}
	to := "127.0.0.1:" + args[0]
	host, err := p.serve("other.example", to)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(p.err)
	fmt.Fprintf(w, "Thank you! See https://docs.example.com/start (or http://%s).\n", to)
	fmt.Fprintf(w, "\x1b[1mForwarding\x1b[0m https://%s -> http://%s\n", host, to)
	if err := w.Flush(); err != nil {
		return err
	}
	return p.up()
}
