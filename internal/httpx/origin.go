package httpx

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/pattern"
)

// Origin returns scheme://host:port of a base URL, lower case, the default
// port left out. Two URLs are of one origin if and only if the texts are equal.
// The error is of kind Usage and does not repeat the URL.
func Origin(rawURL string) (string, error) {
	u, err := parseAbsolute(rawURL)
	if err != nil {
		return "", err
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	return u.Scheme + "://" + host, nil
}

// localURL is a URL that is written short: a port of this machine, or a host and a port.
var localURL = pattern.Of(`(?is)^(:?([0-9]{1,5})|(?:localhost|127(?:\.[0-9]{1,3}){3}|\[[0-9a-f:]+\]|[a-z0-9._-]+:[0-9]{1,5})(?::([0-9]{1,5}))?)([/?#].*)?$`)

// LocalURL spells out the short forms of an http URL, which handlers have: "3000",
// ":3000/hook", "localhost:3000/hook", and any "host:port". Other text stays as it
// is: it is a URL, or it is wrong.
func LocalURL(text string) string {
	m := localURL().FindStringSubmatch(text)
	switch {
	case m == nil:
		return text
	case m[2] != "":
		return "http://localhost:" + m[2] + m[4]
	default:
		return "http://" + text
	}
}

// CheckBaseURL accepts absolute https URLs, and http ones for loopback only
// (127.0.0.0/8 and ::1 literals, and "localhost" where it resolves to
// loopback), without userinfo, query or fragment. The error is of kind Usage.
func CheckBaseURL(rawURL string) error {
	u, err := parseAbsolute(rawURL)
	if err != nil {
		return err
	}
	switch {
	case u.User != nil:
		return fault.Usagef("the base URL contains a user name or password").
			WithHint("leave it out; give credentials with `hookctl login` or in the environment")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(rawURL, "#"):
		return fault.Usagef("the base URL contains a query or a fragment").
			WithHint("give only the scheme, host and path, such as https://api.example.com/v1")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return fault.Usagef("the base URL is plain http to %s, which is not this machine", u.Hostname()).
			WithHint("use https; http is allowed only for 127.0.0.1, [::1] and localhost")
	}
	return nil
}

// parseAbsolute parses an http or https URL and normalises its host: lower
// case, ASCII, IP addresses in their usual form, the default port left out.
func parseAbsolute(rawURL string) (*url.URL, error) {
	bad := func(why string) error {
		return fault.Usagef("not a usable URL: %s", why).WithHint("use a URL such as https://api.example.com/v1")
	}
	if rawURL != "" && !strings.Contains(rawURL, "://") {
		return nil, bad("it must begin with https:// (or http:// for this machine)")
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		// url.Error repeats the URL, and a password in it.
		if ue := (*url.Error)(nil); errors.As(err, &ue) && !strings.Contains(rawURL, "@") {
			return nil, bad(ue.Err.Error())
		}
		return nil, bad("it cannot be parsed")
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return nil, bad("it must begin with https:// (or http:// for this machine)")
	}
	host, port := u.Hostname(), u.Port()
	if host == "" {
		return nil, bad("it has no host")
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.String()
	} else if host, err = hostName(host); err != nil {
		return nil, bad("its host name is not valid")
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return nil, bad("its port is not a number from 1 to 65535")
		}
		port = strconv.FormatUint(n, 10)
	}
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		port = ""
	}
	switch {
	case port != "":
		u.Host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		u.Host = "[" + host + "]"
	default:
		u.Host = host
	}
	return u, nil
}

// hostName is the ASCII, lower-case form of a host name. Plain names are not
// held to the rules for public ones: a container's name may have an underscore.
func hostName(name string) (string, error) {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_'
	}
	lower := strings.ToLower(name)
	if strings.IndexFunc(lower, func(r rune) bool { return !plain(r) }) < 0 {
		return lower, nil
	}
	return idna.Lookup.ToASCII(name)
}

// isLoopback reports whether host is a loopback literal, or localhost and
// resolves to nothing else. Short forms (127.1) and IPv4 in IPv6 are refused:
// programs disagree on what they mean.
func isLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() && !ip.Is4In6() && ip.Zone() == ""
	}
	if !strings.EqualFold(host, "localhost") {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for _, ip := range ips {
		if !ip.IsLoopback() {
			return false
		}
	}
	return err == nil && len(ips) > 0
}
