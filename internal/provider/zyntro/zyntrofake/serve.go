package zyntrofake

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"

	"github.com/hookctl/hookctl/internal/provider/fakekit"
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
	fakekit.Pause(r, injected.DelayBefore)

	record := Request{Action: action, Path: r.URL.Path, Body: body}
	if injected.ResetBefore {
		f.log(record)
		fakekit.Reset(w)
		return
	}
	ans := fakekit.Answer{Status: http.StatusOK, Header: http.Header{}}
	if !injected.Unprocessed {
		ans = f.route(r.Method, dir, action, body, injected)
	}
	if injected.Status != 0 {
		ans.Status = injected.Status
	}
	if injected.Body != nil {
		ans.Body = []byte(*injected.Body)
	}
	maps.Copy(ans.Header, injected.Header)
	fakekit.Pause(r, injected.DelayAfter)
	if injected.ResetAfter {
		f.log(record)
		fakekit.Reset(w)
		return
	}
	record.Status = ans.Status
	f.log(record)
	if ans.Header.Get("Content-Type") == "" {
		ans.Header.Set("Content-Type", "application/json")
	}
	ans.Write(w, injected.TruncateAt)
}

// page is an HTML page instead of an answer of the API.
func page(status int, text string) fakekit.Answer {
	return fakekit.Answer{
		Status: status,
		Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		Body:   []byte("<html><body><h1>" + text + "</h1></body></html>"),
	}
}

func (f *Fake) route(method, dir, action string, body []byte, injected Injection) fakekit.Answer {
	actions := []string{"createWebhook", "fetchWebhooks", "updateWebhook"}
	if dir != prefix && dir != prefixV2 || !slices.Contains(actions, action) {
		return page(http.StatusNotFound, "404 Not Found")
	}
	if method != http.MethodPost { // assumed
		return page(http.StatusMethodNotAllowed, "405 Method Not Allowed")
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
	return fakekit.Answer{Status: http.StatusOK, Header: http.Header{}, Body: fakekit.Compact(result)}
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
