package capture

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
)

// harFormat is an HTTP archive, version 1.2, as browsers and proxies export it:
// the request of each entry. The archive keeps bodies as text or as parsed form
// fields; some tools add "encoding": "base64", which HAR has for answers only, or
// "_encoding", as HAR wants its extensions named.
var harFormat = Format{
	Name:  "har",
	About: "an HTTP archive (HAR 1.2) of a browser or proxy: its requests with a body",
	Sniff: har.sniff,
	Read:  har.read,
}

var har = exported{
	path: []string{"log", "entries"},
	item: harEntry,
	is:   func([]byte) bool { return false },
	contains: func(document []byte) bool {
		log := walk.ValueOf(document, "log")
		return walk.IsObject(log) && (walk.FirstItem(walk.ValueOf(log, "entries")) != nil || walk.IsObject(walk.ValueOf(log, "creator")))
	},
}

func harEntry(_ []byte, o walk.Object, r *Request) (other Passed, err error) {
	request := o.Object("request")
	if request == nil {
		return Passed{}, errors.New(`the entry has no "request"`)
	}
	r.ReceivedAt, r.Method, r.URL = o.Text("startedDateTime"), request.Text("method"), request.Text("url")
	if err = request.Headers(r); err != nil {
		return Passed{}, err
	}
	post := request.Object("postData")
	switch {
	case recorded.MayBeProbe(r.Method) && !holds(post):
		return recorded.Probes(1), nil
	case post == nil:
		if n, bad := strconv.Atoi(string(request["bodySize"])); bad == nil && n > 0 {
			return Passed{}, fmt.Errorf("the archive says that the body had %d bytes, but does not contain it", n)
		}
		r.Body = []byte{}
		return Passed{}, nil
	case !post.Has("text") || post.Empty("text") && post.Has("params"):
		return Passed{}, harParams(post, r)
	}
	encoding := cmp.Or(post.Text("encoding"), post.Text("_encoding"))
	err = post.Body("text", strings.EqualFold(encoding, "base64"), r)
	if n, bad := strconv.Atoi(string(request["bodySize"])); err == nil && bad == nil && n > 0 && n != len(r.Body) {
		r.Notes = append(r.Notes, fmt.Sprintf("the archive says that the body had %d bytes, but its text has %d", n, len(r.Body)))
	}
	return Passed{}, err
}

// holds reports whether there is anything in the body of a request: Fiddler and
// Firefox write one for each.
func holds(post walk.Object) bool {
	return post.Has("text") && !post.Empty("text") || post.Has("params") && !bytes.HasPrefix(walk.FirstItem(post["params"]), []byte("]"))
}

// harParams encodes the fields of a form again.
func harParams(post walk.Object, r *Request) (err error) {
	kind, _, _ := strings.Cut(post.Text("mimeType"), ";")
	if strings.HasPrefix(strings.TrimSpace(strings.ToLower(kind)), "multipart/") {
		return walk.ErrMultipart
	}
	if r.Body, err = walk.FormBody(post["params"]); err != nil {
		return fmt.Errorf(`"params" of the body: %w`, err)
	}
	r.Inexact, r.Notes = true, append(r.Notes, walk.NoteBodyForm)
	return nil
}
