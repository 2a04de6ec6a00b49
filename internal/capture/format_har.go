package capture

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// harFormat is an HTTP archive, version 1.2, as browsers and proxies export it:
// the request of each entry. The archive keeps bodies as text or as parsed form
// fields; some tools add "encoding": "base64", which HAR has for answers only, or
// "_encoding", as HAR wants its extensions named.
var harFormat = Format{
	Name:  "har",
	About: "an HTTP archive (HAR 1.2) of a browser or proxy: its requests that have a body",
	Sniff: har.sniff,
	Read:  har.read,
}

var har = exported{
	path: []string{"log", "entries"},
	item: harEntry,
	is:   func([]byte) bool { return false },
	contains: func(document []byte) bool {
		log := valueOf(document, "log")
		return isObject(log) && (firstItem(valueOf(log, "entries")) != nil || isObject(valueOf(log, "creator")))
	},
}

func harEntry(_ []byte, o object, r *Request) (other Passed, err error) {
	request := o.object("request")
	if request == nil {
		return Passed{}, errors.New(`the entry has no "request"`)
	}
	r.ReceivedAt, r.Method, r.URL = o.text("startedDateTime"), request.text("method"), request.text("url")
	if err = request.headers(r); err != nil {
		return Passed{}, err
	}
	post := request.object("postData")
	switch {
	case mayBeProbe(r.Method) && !holds(post):
		return Probes(1), nil
	case post == nil:
		if n, bad := strconv.Atoi(string(request["bodySize"])); bad == nil && n > 0 {
			return Passed{}, fmt.Errorf("the archive says that the body had %d bytes, and does not hold it", n)
		}
		r.Body = []byte{}
		return Passed{}, nil
	case !post.has("text") || post.empty("text") && post.has("params"):
		return Passed{}, harParams(post, r)
	}
	encoding := cmp.Or(post.text("encoding"), post.text("_encoding"))
	err = post.body("text", strings.EqualFold(encoding, "base64"), r)
	if n, bad := strconv.Atoi(string(request["bodySize"])); err == nil && bad == nil && n > 0 && n != len(r.Body) {
		r.Notes = append(r.Notes, fmt.Sprintf("the archive says that the body had %d bytes, the text in it has %d", n, len(r.Body)))
	}
	return Passed{}, err
}

// holds reports whether there is anything in the body of a request: Fiddler and
// Firefox write one for each.
func holds(post object) bool {
	return post.has("text") && !post.empty("text") || post.has("params") && !bytes.HasPrefix(firstItem(post["params"]), []byte("]"))
}

// harParams encodes the fields of a form again.
func harParams(post object, r *Request) (err error) {
	kind, _, _ := strings.Cut(post.text("mimeType"), ";")
	if strings.HasPrefix(strings.TrimSpace(strings.ToLower(kind)), "multipart/") {
		return errMultipart
	}
	if r.Body, err = formBody(post["params"]); err != nil {
		return fmt.Errorf(`"params" of the body: %w`, err)
	}
	r.Inexact, r.Notes = true, append(r.Notes, noteBodyForm)
	return nil
}
