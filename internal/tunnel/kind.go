// Package tunnel makes the address of a listener public, by means of a program
// that the user has installed: it starts that, learns the public URL, proves it,
// and starts it again when it ends.
package tunnel

import (
	"encoding/json"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/kballard/go-shellquote"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/pattern"
	"github.com/hookctl/hookctl/internal/term"
)

// Kind is a program that makes a port public, and how to use it.
type Kind struct {
	name    string // as it is written
	program string
	install string // how to get the program
	plain   bool   // its URLs are http
	login   string // the command that logs in at the user's own server; of ssh
	argv    func(at place) []string
	urls    func(at place, line string) []string   // those that a line of output names
	api     func(at place, line string) string     // the URL of its local API, as far as a line tells; nil: it has none
	answer  func(at place, answer []byte) []string // those that an answer of the API names
	fixed   func(at place) string                  // the one that is known before; nil: none is
}

// place is where a tunnel leads.
type place struct {
	host, port string // of the listener
	api        string // a free port for the program's own API
	remote     string // the port on the server, of ssh
}

func (p place) local() string { return net.JoinHostPort(p.host, p.port) }

// Forms are the kinds as they are written.
var Forms = []string{"cloudflared", "ngrok", "tailscale", "localhost.run", "ssh:[USER@]HOST[:PORT]", "'exec:COMMAND {port}'"}

// keepAlive are the options of every ssh: it asks nothing, accepts no host that the
// user does not know, and ends when the forwarding does.
var keepAlive = []string{"-T", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=2"}

const installSSH = "install OpenSSH's client: apt install openssh-client, brew install openssh, or Windows' optional feature 'OpenSSH Client'"

// kinds are those without an argument.
var kinds = []Kind{
	{
		name: "cloudflared", program: "cloudflared",
		install: "install it: brew install cloudflared, winget install Cloudflare.cloudflared, or https://github.com/cloudflare/cloudflared/releases",
		argv: func(at place) []string { // without the user's settings, whose ingress rules would win
			return []string{"tunnel", "--config", os.DevNull, "--no-autoupdate", "--metrics", "127.0.0.1:" + at.api, "--url", "http://" + at.local()}
		},
		api: func(at place, _ string) string { return "http://127.0.0.1:" + at.api + "/quicktunnel" },
		answer: func(_ place, answer []byte) []string {
			var a struct{ Hostname string }
			if json.Unmarshal(answer, &a) != nil || a.Hostname == "" {
				return nil
			}
			return []string{"https://" + strings.TrimPrefix(a.Hostname, "https://")}
		},
	},
	{
		name: "ngrok", program: "ngrok",
		install: "install it: brew install ngrok, winget install ngrok.ngrok, or https://ngrok.com/download; then: ngrok config add-authtoken TOKEN",
		argv: func(at place) []string {
			return []string{"http", "http://" + at.local(), "--log", "stdout", "--log-format", "json"}
		},
		api: func(_ place, line string) string { // several agents have several ports
			var l struct{ Msg, Addr string }
			if json.Unmarshal([]byte(line), &l) != nil || l.Msg != "starting web service" || l.Addr == "" {
				return ""
			}
			return "http://" + l.Addr + "/api/tunnels"
		},
		answer: func(at place, answer []byte) []string {
			var a struct {
				Tunnels []struct {
					PublicURL string `json:"public_url"`
					Config    struct{ Addr string }
				}
			}
			if json.Unmarshal(answer, &a) != nil {
				return nil
			}
			var urls []string
			for _, t := range a.Tunnels { // that of another agent leads elsewhere
				if strings.HasSuffix(t.Config.Addr, ":"+at.port) {
					urls = append(urls, t.PublicURL)
				}
			}
			return urls
		},
	},
	{
		name: "tailscale", program: "tailscale",
		install: "install it: https://tailscale.com/download; then: tailscale up",
		argv:    func(at place) []string { return []string{"funnel", "--yes", "http://" + at.local()} },
		urls: func(_ place, line string) []string { // a hint to an admin page is no address of ours
			return slices.DeleteFunc(found(line), func(u string) bool { return !strings.HasSuffix(hostOf(u), ".ts.net") })
		},
	},
	{
		name: "localhost.run", program: "ssh", install: installSSH,
		argv: func(at place) []string { // not -N: the session tells the URL
			return slices.Concat(keepAlive, []string{"-R", "80:" + at.local(), "nokey@localhost.run"})
		},
		urls: func(_ place, line string) []string {
			if !strings.Contains(line, "tunneled with tls termination") {
				return nil
			}
			return found(line)
		},
	},
}

// Parse reads a KIND. Errors are of kind Usage.
func Parse(text string) (Kind, error) {
	for _, k := range kinds {
		if k.name == text {
			return k, nil
		}
	}
	if to, ok := strings.CutPrefix(text, "ssh:"); ok {
		return parseSSH(text, to)
	}
	if command, ok := strings.CutPrefix(text, "exec:"); ok {
		return parseExec(command)
	}
	var names []string
	for _, f := range Forms {
		word, _, _ := strings.Cut(strings.Trim(f, "'"), ":")
		names = append(names, word)
	}
	hint := "one of: " + strings.Join(Forms, ", ")
	if near := term.Nearest(text, names, 1); len(near) > 0 {
		hint = "did you mean " + near[0] + "? " + hint
	}
	return Kind{}, fault.Usagef("%q is not a kind of tunnel", text).WithHint("%s", hint)
}

// anyPort asks a server to choose one.
const anyPort = "0"

// allocated is what ssh says of a port that the server has chosen.
var allocated = pattern.Of(`^Allocated port ([0-9]+) for remote forward`)

// parseSSH is the kind of a server of the user's own. The port on it is the
// server's choice, see [place.remote].
func parseSSH(text, to string) (Kind, error) {
	user, at, given := strings.Cut(to, "@")
	if !given {
		user, at = "", to
	}
	host, port := at, ""
	if h, p, err := net.SplitHostPort(at); err == nil {
		host, port = h, p
	}
	host = strings.Trim(host, "[]")
	switch {
	case strings.Contains(user, ":"): // a password perhaps, which is not repeated
		return Kind{}, fault.Usagef("--tunnel ssh: the user name contains a colon").WithHint("ssh uses your key: leave out the password")
	case host == "" || given && user == "" || strings.ContainsAny(to, " \t\n"):
		return Kind{}, fault.Usagef("--tunnel %q has no host", text).WithHint("for instance: --tunnel ssh:me@example.com")
	case strings.HasPrefix(to, "-") || strings.HasPrefix(host, "-"):
		return Kind{}, fault.Usagef("--tunnel %q: ssh would read it as an option", text).WithHint("for instance: --tunnel ssh:me@example.com")
	case port != "" && !isPort(port):
		return Kind{}, fault.Usagef("--tunnel %q: %q is not a port", text, port).WithHint("PORT is the port of the SSH server; the default is 22")
	}
	return Kind{
		name: text, program: "ssh", install: installSSH, plain: true, login: loginOf(user, host, port),
		argv: func(at place) []string {
			args := slices.Concat(keepAlive, []string{"-N", "-R", "*:" + at.remote + ":" + at.local()})
			if port != "" {
				args = append(args, "-p", port)
			}
			if user != "" {
				args = append(args, "-l", user)
			}
			return append(args, "--", host)
		},
		fixed: func(at place) string {
			if at.remote == anyPort {
				return ""
			}
			return "http://" + net.JoinHostPort(host, at.remote)
		},
		urls: func(_ place, line string) []string {
			if m := allocated().FindStringSubmatch(line); m != nil {
				return []string{"http://" + net.JoinHostPort(host, m[1])}
			}
			return nil
		},
	}, nil
}

// loginOf is the command that logs in at a server by hand.
func loginOf(user, host, port string) string {
	command := "ssh "
	if port != "" {
		command += "-p " + port + " "
	}
	if user != "" {
		host = user + "@" + host
	}
	return command + term.ShellWord(host)
}

func isPort(text string) bool {
	n, err := net.LookupPort("tcp", text)
	return err == nil && n > 0
}

// parseExec is the kind of any other program. Each URL that it prints may be the
// one; a proof tells.
func parseExec(command string) (Kind, error) {
	words, err := shellquote.Split(command)
	if err != nil {
		return Kind{}, fault.Usagef("--tunnel exec: the command cannot be split into words: %s", strings.ToLower(err.Error()))
	}
	if len(words) == 0 || words[0] == "" {
		return Kind{}, fault.Usagef("--tunnel exec: the command is missing").WithHint("for instance: --tunnel 'exec:bore local {port} --to bore.pub'")
	}
	return Kind{
		name: "exec:" + term.Clean(words[0]), program: words[0], install: "install the command or give its path; no shell runs it, so functions and aliases do not work",
		argv: func(at place) []string {
			var args []string
			for _, w := range words[1:] {
				args = append(args, strings.ReplaceAll(w, "{port}", at.port))
			}
			return args
		},
		urls: func(at place, line string) []string {
			return slices.DeleteFunc(found(line), func(u string) bool { return isOurs(u, at) })
		},
	}, nil
}

// String is the kind as it was written; of exec: without the arguments, which may be
// credentials.
func (k Kind) String() string { return k.name }

// Example is a URL as the tunnel would have it.
func (k Kind) Example() string {
	if k.plain {
		return "http://tunnel.example.com:8080"
	}
	return "https://tunnel.example.com"
}

// Look is an error of kind Usage where the program is not installed.
func (k Kind) Look() (path string, err error) {
	if path, err = child.Look(k.program); err != nil {
		return "", fault.Usagef("--tunnel %s: %s: %w", k.name, k.program, err).WithCode("not-installed").WithHint("%s", k.install)
	}
	return path, nil
}

var addresses = pattern.Of(`https?://[^\s"'<>|\\^{}` + "`" + `]+`)

// found are the URLs in a line, without what stands behind one in a sentence.
func found(line string) []string {
	var urls []string
	for _, m := range addresses().FindAllString(line, -1) {
		urls = append(urls, strings.TrimRight(m, ".,;:!?)]*"))
	}
	return urls
}

// normal is a public URL without what the provider has no use for, "" where it is none.
func normal(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return ""
	}
	u.RawQuery, u.Fragment = "", ""
	return strings.TrimSuffix(u.String(), "/")
}

func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// isOurs reports whether a URL is the listener's own: a probe would arrive there
// without any tunnel.
func isOurs(text string, at place) bool {
	u, err := url.Parse(text)
	if err != nil || u.Port() != at.port {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || u.Hostname() == at.host || ip != nil && (ip.IsLoopback() || ip.IsUnspecified() || ip.IsPrivate())
}
