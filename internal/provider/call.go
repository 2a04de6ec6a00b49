package provider

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
)

// CallRequest is a raw request, as a person gives it.
type CallRequest struct {
	Method string // "": what is usual for the provider
	Path   string // see [CallURL]
	Body   []byte // nil: none
}

// CreateRefused is the error for a raw request that would create a webhook.
func CreateRefused(driver string) error {
	return fault.Usagef("a raw request must not create a webhook: the answer has the secret once, and it would not be kept").
		WithCode("create-refused").WithHint("use: hookctl create %s", driver)
}

// CallURL is the URL of a raw request: path under root, or a whole URL of
// root's origin. It is an error of kind Usage for any other origin, and for a
// path that servers and proxies may read differently: with "." or ".." segments,
// backslashes, white space or control characters.
func CallURL(root, path string) (*url.URL, error) {
	bad := func(why string) error {
		return fault.Usagef("%q cannot be requested: %s", path, why).WithCode("bad-path")
	}
	switch {
	case path == "":
		return nil, fault.Usagef("the path is empty")
	case strings.HasPrefix(path, "//"):
		return nil, bad("it begins with two slashes")
	case strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' || r == '#' || r > 0x7e }):
		return nil, bad("it has characters that must be percent-encoded")
	}
	full := strings.TrimRight(root, "/") + "/" + strings.TrimLeft(path, "/")
	if head, _, _ := strings.Cut(path, "?"); strings.Contains(head, "://") {
		full = path
	}
	u, err := url.Parse(full)
	if err != nil {
		return nil, bad("it is not a valid path")
	}
	want, err := httpx.Origin(root)
	if err != nil {
		return nil, err
	}
	if got, err := httpx.Origin(full); err != nil || got != want || u.User != nil || u.Opaque != "" {
		return nil, bad("it leaves " + want + ", and credentials are sent nowhere else")
	}
	for _, segment := range strings.Split(Unescaped(u.EscapedPath()), "/") {
		if segment == "." || segment == ".." {
			return nil, bad("it contains . or ..")
		}
	}
	return u, nil
}

// Unescaped is text with its percent-encoding resolved, as often as it was
// applied: something on the way to the API may do so too. What is no valid
// encoding stays as it is.
func Unescaped(text string) string {
	for range 8 {
		plain := unescapedOnce(text)
		if plain == text {
			break
		}
		text = plain
	}
	return text
}

func unescapedOnce(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if i+2 < len(text) && text[i] == '%' {
			if c, err := hex.DecodeString(text[i+1 : i+3]); err == nil {
				b.WriteByte(c[0])
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// Letters is what is left of text in lower-case letters a to z, when its
// percent-encoding is resolved: in this form a name is recognised whatever its
// spelling.
func Letters(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(Unescaped(text)))
}

// CallMethod is the method in capitals, or usual if there is none. It is an
// error of kind Usage for what is no method.
func CallMethod(method, usual string) (string, error) {
	if method == "" {
		return usual, nil
	}
	method = strings.ToUpper(method)
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method, nil
	}
	return "", fault.Usagef("%q is not an HTTP method", method).WithHint("one of: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
}

// SafeMethod reports whether a request with the method changes nothing.
func SafeMethod(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}
