package zyntrofake

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"time"
)

// The path prefixes that answer. The second is the general pattern of the
// overview page, which demands a developer secret.
const (
	prefix   = "/public/account/"
	prefixV2 = "/apis/v2/public/account/"
)

// maxBody bounds a request.
const maxBody = 1 << 20

// ServeHTTP implements http.Handler.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "request too long", http.StatusRequestEntityTooLarge)
		return
	}
	dir, action := path.Split(r.URL.Path)
	injected := f.take(action)
	pause(r, injected.DelayBefore)

	record := Request{Action: action, Path: r.URL.Path, Body: body}
	if injected.ResetBefore {
		f.log(record)
		reset(w)
		return
	}
	ans := answer{status: http.StatusOK}
	if !injected.Unprocessed {
		ans = f.route(r.Method, dir, action, body, injected)
	}
	if injected.Status != 0 {
		ans.status = injected.Status
	}
	if injected.Body != nil {
		ans.body = []byte(*injected.Body)
	}
	for name, values := range injected.Header {
		w.Header()[name] = values
	}
	pause(r, injected.DelayAfter)
	if injected.ResetAfter {
		f.log(record)
		reset(w)
		return
	}
	record.Status = ans.status
	f.log(record)
	ans.write(w, injected.TruncateAt)
}

// answer is a status and a body.
type answer struct {
	status int
	body   []byte
	page   bool // HTML, not JSON
}

// write sends the answer, or what is left of it: the head announces the whole
// length, then the connection ends. A write that fails is the client's
// business: it has gone.
func (a answer) write(w http.ResponseWriter, truncateAt *int) {
	if w.Header().Get("Content-Type") == "" {
		kind := "application/json"
		if a.page {
			kind = "text/html; charset=utf-8"
		}
		w.Header().Set("Content-Type", kind)
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	body := a.body
	if truncateAt != nil {
		body = body[:max(0, min(*truncateAt, len(body)))]
	}
	_, _ = w.Write(body)
}

// pause waits for d, but no longer than the client does. The request is
// processed all the same: a server does not notice that nobody listens.
func pause(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

func (f *Fake) route(method, dir, action string, body []byte, injected Injection) answer {
	actions := []string{"createWebhook", "fetchWebhooks", "updateWebhook"}
	if dir != prefix && dir != prefixV2 || !slices.Contains(actions, action) {
		return answer{http.StatusNotFound, []byte("<html><body><h1>404 Not Found</h1></body></html>"), true}
	}
	if method != http.MethodPost { // assumed
		return answer{http.StatusMethodNotAllowed, []byte("<html><body><h1>405 Method Not Allowed</h1></body></html>"), true}
	}
	var result object
	fields, ok := parse(body)
	switch {
	case !ok: // assumed
		result = f.fail("Invalid JSON body", "")
	case fields["help"] == true: // the JSON boolean; alone or not, nothing else happens
		result = help(action)
	default:
		result = f.act(action, dir == prefixV2, fields, injected)
	}
	text, err := encode(result)
	if err != nil { // impossible: results are texts, numbers and lists of them
		return answer{http.StatusInternalServerError, []byte("<html>" + err.Error()), true}
	}
	return answer{status: http.StatusOK, body: text}
}

// parse reads a request: a JSON object, numbers as they are written.
func parse(body []byte) (map[string]any, bool) {
	if !json.Valid(body) {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var fields map[string]any
	err := dec.Decode(&fields)
	return fields, err == nil && fields != nil
}

// fail is an error answer in the shape that was chosen.
func (f *Fake) fail(message, hint string) object {
	if f.o.ErrorShape == ErrorList {
		return object{"status": "error", "data": []string{message}}
	}
	o := object{"status": "error", "message": message}
	if hint != "" {
		o["hint"] = hint
	}
	return o
}
