package httpx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// Delivery is a webhook delivery for somebody's endpoint. It goes out as it
// is: the body byte for byte, the headers under the names that are written
// here, none added but those of the connection.
type Delivery struct {
	Method string // "": POST
	URL    string // http or https, of any host
	Host   string // for the header of that name; "": the URL's
	Header http.Header
	Body   []byte
	// AsIs asks for the answer's body as it came, see [Unpack]: at most [CapGet] bytes
	// of it.
	AsIs bool
}

// ErrUnsendable reports a delivery that no endpoint could be sent: HTTP has no
// place for its method or for one of its headers, or it has no usable URL.
var ErrUnsendable = errors.New("the delivery cannot be sent")

// hop are the headers that belong to one connection and not to what is sent
// over it (RFC 9110, 7.6.1); those that Connection names are others.
var hop = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Connection": true, "Proxy-Authenticate": true, "Proxy-Authorization": true,
	"Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true, "Http2-Settings": true, "Expect": true,
	"Host": true, "Content-Length": true,
}

// EndToEnd is the part of h that a delivery keeps on its way to another
// endpoint: all but what belongs to a single connection, the pseudo-headers of
// HTTP/2 among it. Names stay as they are written.
func EndToEnd(h http.Header) http.Header {
	named := map[string]bool{}
	for name, values := range h {
		if textproto.CanonicalMIMEHeaderKey(name) != "Connection" {
			continue
		}
		for _, word := range strings.Split(strings.Join(values, ","), ",") {
			named[textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(word))] = true
		}
	}
	kept := http.Header{}
	for name, values := range h {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		if !hop[canonical] && !named[canonical] && !strings.HasPrefix(name, ":") {
			kept[name] = values
		}
	}
	return kept
}

// Deliver sends d once, [EndToEnd] headers only, and reads the answer, of any
// status; redirects are not followed. An error is an [*Error]. One of stage
// [Answered] has the status all the same: the body could not be read, or is
// larger than [CapGet], where it is not asked for as it is. One that is [ErrUnsendable] is about d itself.
func (c *Client) Deliver(ctx context.Context, d Delivery) (*Response, error) {
	call, err := newDelivery(d)
	if err != nil {
		return nil, &Error{Stage: NotSent, Err: err}
	}
	call.trace = c.trace
	out := c.once(ctx, call, c.o.Timeout, 1)
	if out.err != nil {
		return nil, out.err
	}
	out.resp.Tries = 1
	return out.resp, nil
}

// Check finds what [ErrUnsendable] is about. It sends nothing.
func (d Delivery) Check() error {
	_, err := newDelivery(d)
	return err
}

// newDelivery checks d. The errors are [ErrUnsendable], and repeat neither the URL nor
// a header's value.
func newDelivery(d Delivery) (_ *call, err error) {
	defer func() {
		if err != nil {
			err = fault.Reword(err.Error(), ErrUnsendable)
		}
	}()
	u, err := url.Parse(d.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, errors.New("the URL is not an absolute http or https URL")
	}
	if u.User != nil {
		return nil, errors.New("the URL contains a user name or password, which hookctl does not send")
	}
	u.Fragment = ""
	method := d.Method
	if method == "" {
		method = http.MethodPost
	}
	if !httpguts.ValidHeaderFieldName(method) { // both are tokens
		return nil, errors.New("the method is not valid")
	}
	header := EndToEnd(d.Header)
	agent := false
	for name, values := range header {
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, errors.New("a header's name has characters that cannot be sent")
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return nil, fmt.Errorf("the value of the header %s has characters that cannot be sent", name)
			}
		}
		if canonical := textproto.CanonicalMIMEHeaderKey(name); canonical == "User-Agent" {
			agent = true
			if name != canonical { // net/http looks for this one under its usual name only
				delete(header, name)
				header[canonical] = values
			}
		}
	}
	if !agent {
		header["User-Agent"] = []string{""} // none, instead of net/http's own
	}
	if d.Host != "" && !httpguts.ValidHostHeader(d.Host) {
		return nil, errors.New("the host is not valid")
	}
	return &call{method: method, url: u, host: term.Clean(u.Host), hostHeader: d.Host, header: header, body: d.Body, cap: CapGet, asIs: d.AsIs}, nil
}
