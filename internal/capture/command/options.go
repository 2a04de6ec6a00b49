package command

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// The options of curl (to 8.17) that take an argument, and those that take none,
// by their long names: a word must not be taken for an option's argument, nor an
// argument for something of its own.
var (
	curlTakes = strings.Fields(`abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout
		connect-to continue-at cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary data-raw data-urlencode
		delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header ech egd-file engine etag-compare etag-save
		expect100-timeout form form-string ftp-account ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode
		happy-eyeballs-timeout-ms haproxy-clientip header hostpubmd5 hostpubsha256 hsts interface ip-tos ipfs-gateway json
		keepalive-cnt keepalive-time key key-type knownhosts krb libcurl limit-rate local-port login-options mail-auth mail-from
		mail-rcpt max-filesize max-redirs max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max parallel-max-host
		pass pinnedpubkey preproxy proto proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type
		proxy-ciphers proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name
		proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file range rate
		referer request request-target resolve retry retry-delay retry-max-time sasl-authzid service-name sigalgs socks4 socks4a
		socks5 socks5-gssapi-service socks5-hostname speed-limit speed-time ssl-sessions stderr telnet-option tftp-blksize time-cond
		tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii trace-config unix-socket upload-file upload-flags url
		url-query user user-agent variable vlan-priority write-out`)
	curlFlags = strings.Fields(`anyauth append basic ca-native cert-status compressed compressed-ssh create-dirs crlf digest disable
		disable-eprt disable-epsv disallow-username-in-url doh-cert-status doh-insecure dump-ca-embed eprt epsv fail fail-early
		fail-with-body false-start follow form-escape ftp-create-dirs ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl-ccc ftp-ssl-control
		get globoff haproxy-protocol head help http0.9 http1.0 http1.1 http2 http2-prior-knowledge http3 http3-only
		ignore-content-length include insecure ipv4 ipv6 junk-session-cookies list-only location location-trusted
		mail-rcpt-allowfails manual metalink mptcp negotiate netrc netrc-optional next ntlm ntlm-wb out-null parallel
		parallel-immediate path-as-is post301 post302 post303 progress-bar progress-meter proxy-anyauth proxy-basic proxy-ca-native
		proxy-digest proxy-http2 proxy-insecure proxy-negotiate proxy-ntlm proxy-ssl-allow-beast proxy-ssl-auto-client-cert
		proxy-tlsv1 proxytunnel raw remote-header-name remote-name remote-name-all remote-time remove-on-error retry-all-errors
		retry-connrefused sasl-ir show-error show-headers silent skip-existing socks5-basic socks5-gssapi socks5-gssapi-nec ssl
		ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort sslv2 sslv3 styled-output
		suppress-connect-headers tcp-fastopen tcp-nodelay tftp-no-options tls-earlydata tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3
		tr-encoding trace-ids trace-time use-ascii verbose version xattr`)
)

// curlShort are the letters of options that take an argument, and of those that
// matter.
var curlShort = map[byte]string{
	'A': "user-agent", 'b': "cookie", 'c': "cookie-jar", 'C': "continue-at", 'd': "data", 'D': "dump-header", 'e': "referer",
	'E': "cert", 'F': "form", 'H': "header", 'K': "config", 'm': "max-time", 'o': "output", 'P': "ftp-port", 'Q': "quote",
	'r': "range", 't': "telnet-option", 'T': "upload-file", 'u': "user", 'U': "proxy-user", 'w': "write-out", 'x': "proxy",
	'X': "request", 'y': "speed-time", 'Y': "speed-limit", 'z': "time-cond", 'G': "get", 'I': "head", ':': "next",
}

// curlOption finds a long option: curl takes one that is cut off where nothing
// else begins like it.
func curlOption(name string) (long string, takes bool) {
	if e, ok := strings.CutPrefix(name, "expand-"); ok { // the argument of --expand-x
		long, _ = curlOption(e)
		return "expand-" + long, true
	}
	if slices.Contains(curlTakes, name) {
		return name, true
	}
	if slices.Contains(curlFlags, name) || strings.HasPrefix(name, "no-") {
		return name, false
	}
	found := ""
	for i, list := range [][]string{curlTakes, curlFlags} {
		for _, o := range list {
			if strings.HasPrefix(o, name) {
				if found != "" {
					return name, false
				}
				found, takes = o, i == 0
			}
		}
	}
	if found == "" {
		return name, false
	}
	return found, takes
}

// outgoing is a request as a command line makes it.
type outgoing struct {
	request recorded.Request
	body    []byte // not nil where there is one
	other   []byte // the body as another reading of the command has it
	differs bool   // other counts
	unknown []string
	err     error
	get     bool
	files   func(name string) ([]byte, error)
	stdin   func() ([]byte, error)
}

func (o *outgoing) fail(format string, args ...any) {
	if o.err == nil {
		o.err = fmt.Errorf(format, args...)
	}
}

// add puts a piece of the body behind those that are there.
func (o *outgoing) add(separator string, text, other []byte) {
	if other != nil && !o.differs {
		o.differs, o.other = true, bytes.Clone(o.body)
	}
	if o.body == nil {
		o.body = []byte{}
	}
	if len(o.body) > 0 {
		o.body = append(o.body, separator...)
	}
	o.body = append(o.body, text...)
	if o.differs {
		if len(o.other) > 0 {
			o.other = append(o.other, separator...)
		}
		o.other = append(o.other, or(other, text)...)
	}
}

// read is a file that a word names, or standard input.
func (o *outgoing) read(name string) []byte {
	var text []byte
	var err error
	if name == "-" {
		text, err = o.stdin()
	} else {
		text, err = o.files(name)
	}
	if err != nil {
		o.fail("%w", err)
	}
	return text
}

// header takes a header as curl does: "Name: value", "Name;" for one without a
// value; "Name:" leaves one out that curl would send.
func (o *outgoing) header(w word) {
	o.unknownIn(w)
	line := w.String()
	if f, ok := recorded.ParseField(line); ok {
		if f.Value != "" {
			o.request.Header = append(o.request.Header, f)
		}
		return
	}
	if name, ok := strings.CutSuffix(line, ";"); ok && recorded.IsToken(name) {
		o.request.Header = append(o.request.Header, recorded.Field{Name: name})
		return
	}
	o.request.Notes = append(o.request.Notes, fmt.Sprintf("%.40q is not a header, and was ignored", line))
}

func (o *outgoing) unknownIn(w word) { o.unknown = append(o.unknown, w.unknown...) }

// curlRequests reads the arguments of curl. --next begins another request.
func curlRequests(words []word, files func(string) ([]byte, error), stdin func() ([]byte, error)) (all []*outgoing) {
	begin := func() *outgoing { return &outgoing{files: files, stdin: stdin} }
	o := begin()
	for i := 0; i < len(words); i++ {
		w := words[i]
		text := w.String()
		argument := func(long string) (word, bool) {
			if i++; i >= len(words) {
				o.fail("the option %q has no argument", long)
				return word{}, false
			}
			return words[i], true
		}
		next := func(long string, takes bool, arg word, joined bool) {
			ok := joined
			if takes && !ok {
				arg, ok = argument(long)
			}
			if takes && !ok {
				return
			}
			if long == "next" {
				all, o = append(all, o), begin()
				return
			}
			o.curl(long, arg)
		}
		switch {
		case text == "--" || text == "-":
		case strings.HasPrefix(text, "--"):
			long, takes := curlOption(text[2:])
			next(long, takes, word{}, false)
		case len(text) > 1 && text[0] == '-':
			for at := 1; at < len(text); at++ {
				long := curlShort[text[at]]
				takes := slices.Contains(curlTakes, long)
				if takes && at+1 < len(text) {
					arg := word{text: w.text[at+1:], unknown: w.unknown}
					if w.other != nil && bytes.HasPrefix(w.other, w.text[:at+1]) {
						arg.other = w.other[at+1:]
					}
					next(long, true, arg, true)
					break
				}
				if long != "" {
					next(long, takes, word{}, false)
				}
				if takes {
					break
				}
			}
		default:
			o.curl("url", w)
		}
	}
	return append(all, o)
}

// curl takes one option.
func (o *outgoing) curl(long string, arg word) {
	r := &o.request
	text := arg.text
	at, isFile := bytes.CutPrefix(text, []byte("@"))
	switch long {
	case "header":
		if !isFile {
			o.header(arg)
			return
		}
		for line := range bytes.Lines(o.read(string(at))) {
			if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
				o.header(word{text: line})
			}
		}
	case "url":
		if r.URL == "" {
			r.URL = arg.String()
		}
	case "request":
		r.Method = arg.String()
	case "get":
		o.get = true
	case "head":
		if r.Method == "" {
			r.Method = "HEAD"
		}
	case "data", "data-ascii", "data-binary", "data-raw", "json":
		o.unknownIn(arg)
		separator := "&"
		if long == "json" {
			separator = ""
		}
		if isFile && long != "data-raw" {
			text, arg.other = o.read(string(at)), nil
			if long == "data" || long == "data-ascii" { // curl strips these
				n := len(text)
				text = bytes.Map(func(r rune) rune {
					if r == '\n' || r == '\r' || r == 0 {
						return -1
					}
					return r
				}, text)
				if len(text) < n {
					r.Notes = append(r.Notes, fmt.Sprintf("curl -d removes the line ends of %s: they are not part of the body", at))
				}
			}
		}
		o.add(separator, text, arg.other)
	case "data-urlencode":
		o.unknownIn(arg)
		o.add("&", o.encoded(text), nil)
	case "form", "form-string":
		o.fail("its body is a form (-F). curl chooses a new boundary each time, so the command does not have the bytes that were sent")
	case "upload-file":
		if r.Method == "" {
			r.Method = "PUT"
		}
		o.add("", o.read(arg.String()), nil)
	case "config":
		r.Notes = append(r.Notes, fmt.Sprintf("the options in the file %s (-K) are not read", arg))
	default:
		if strings.HasPrefix(long, "expand-") || long == "variable" {
			o.fail("--%s replaces variables that only curl knows: write the header or body in full", long)
		}
	}
}

// encoded is the argument of --data-urlencode as it is sent.
func (o *outgoing) encoded(text []byte) []byte {
	name, content := []byte{}, text
	if i := bytes.IndexAny(text, "=@"); i >= 0 {
		name, content = text[:i], text[i+1:]
		if text[i] == '@' {
			content = o.read(string(content))
		}
	}
	out := []byte(strings.ReplaceAll(url.QueryEscape(string(content)), "+", "%20"))
	if len(name) > 0 {
		out = append(append(bytes.Clone(name), '='), out...)
	}
	return out
}

// httpieRequest reads the arguments of httpie and of xh.
func httpieRequest(words []word, files func(string) ([]byte, error), stdin func() ([]byte, error), fed bool) *outgoing {
	o := &outgoing{files: files, stdin: stdin}
	takes := []string{
		"--raw", "--auth", "-a", "--auth-type", "-A", "--session", "--session-read-only", "--proxy", "--timeout", "--output", "-o", "--print", "-p",
		"--pretty", "--style", "-s", "--format-options", "--verify", "--cert", "--cert-key", "--max-redirects", "--boundary", "--default-scheme",
		"--response-charset", "--response-mime", "--ssl", "--ciphers", "--history-print", "-P",
	}
	var positional []word
	for i := 0; i < len(words); i++ {
		w := words[i]
		name, value, joined := strings.Cut(w.String(), "=")
		switch {
		case name == "--raw":
			raw := word{text: []byte(value), unknown: w.unknown}
			if !joined {
				if i++; i >= len(words) {
					o.fail(`the option "--raw" has no argument`)
					continue
				}
				raw = words[i]
			}
			o.unknownIn(raw)
			o.body = nil
			o.add("", raw.text, raw.other)
		case w.bare && strings.HasPrefix(name, "-") && len(name) > 1:
			if slices.Contains(takes, name) && !joined {
				i++
			}
		default:
			positional = append(positional, w)
		}
	}
	r := &o.request
	if len(positional) > 1 && recorded.IsToken(positional[0].String()) && strings.ToUpper(positional[0].String()) == positional[0].String() {
		r.Method, positional = positional[0].String(), positional[1:]
	}
	for i, w := range positional {
		if i == 0 {
			r.URL = w.String()
			continue
		}
		o.unknownIn(w)
		o.httpieItem(w.String())
	}
	if o.body == nil && fed {
		text, err := stdin()
		if err != nil {
			o.fail("%w", err)
		}
		o.add("", text, nil)
	}
	return o
}

// httpieItem takes "Name:value", "Name;", "name==value" and "@file".
func (o *outgoing) httpieItem(item string) {
	r := &o.request
	i := strings.IndexAny(item, ":=;@")
	if i < 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%.40q is not an item of a request, and was ignored", item))
		return
	}
	name, rest := strings.ReplaceAll(item[:i], `\`, ""), item[i:]
	switch {
	case strings.HasPrefix(rest, "=="):
	case name == "" && rest[0] == '@':
		o.add("", o.read(rest[1:]), nil)
	case strings.HasPrefix(rest, ":@"):
		r.Header = append(r.Header, recorded.Field{Name: name, Value: strings.TrimSpace(string(o.read(rest[2:])))})
	case strings.HasPrefix(rest, ":="), rest[0] == '=', rest[0] == '@':
		o.fail("httpie builds the body from the command's items, %.40q and others, so the command does not have its bytes: give the body with --raw", item)
	case rest == ";":
		r.Header = append(r.Header, recorded.Field{Name: name})
	case rest[0] == ':' && len(rest) > 1:
		r.Header = append(r.Header, recorded.Field{Name: name, Value: strings.TrimSpace(rest[1:])})
	}
}

// wgetRequest reads the arguments of wget.
func wgetRequest(words []word, files func(string) ([]byte, error)) *outgoing {
	o := &outgoing{files: files, stdin: func() ([]byte, error) { return nil, errors.New("wget reads no body from standard input") }}
	r := &o.request
	for i := 0; i < len(words); i++ {
		w := words[i]
		name, value, joined := strings.Cut(w.String(), "=")
		arg := func() word {
			if !joined {
				if i++; i < len(words) {
					return words[i]
				}
				o.fail("the option %q has no argument", name)
			}
			a := word{text: []byte(value), unknown: w.unknown}
			if other, ok := bytes.CutPrefix(w.other, []byte(name+"=")); ok {
				a.other = other
			}
			return a
		}
		switch name {
		case "--header":
			o.header(arg())
		case "--method":
			r.Method = arg().String()
		case "--body-data", "--post-data":
			a := arg()
			o.unknownIn(a)
			o.add("", a.text, a.other)
		case "--body-file", "--post-file":
			o.add("", o.read(arg().String()), nil)
		case "-O", "-o", "-a", "-U", "-t", "-T", "-w", "-Q", "-P", "-e", "--user-agent", "--timeout", "--tries", "--user", "--password", "--output-document":
			arg()
		default:
			if !strings.HasPrefix(name, "-") && r.URL == "" {
				r.URL = w.String()
			}
		}
	}
	return o
}

// finish is the request of a command, or why it cannot be read.
func (o *outgoing) finish() (*recorded.Request, error) {
	r := &o.request
	if o.get {
		if o.body != nil {
			r.Notes = append(r.Notes, "curl -G sends its data in the URL: the request has no body")
		}
		o.body = nil
	}
	if r.Method == "" {
		r.Method = "GET"
		if o.body != nil {
			r.Method = "POST"
		}
	}
	if o.err != nil {
		return &recorded.Request{}, o.err
	}
	r.Body = o.body
	if o.differs && !bytes.Equal(o.body, o.other) {
		r.Others = append(r.Others, o.other)
		r.Notes = append(r.Notes, fmt.Sprintf("the command can be read in two ways: as the program that wrote it intended (%s), and as a shell reads it (%s). The first was verified", message.BytesOf(len(o.body)), message.BytesOf(len(o.other))))
	}
	if len(o.unknown) > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%s is unknown, and was left unchanged", strings.Join(slices.Compact(o.unknown), ", ")))
	}
	return r, nil
}
