package capture

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// ngrokFormat is what the agent's inspection API answers:
// http://127.0.0.1:4040/api/requests/http, or one request of it. The raw
// request is in it as base64 and so exact, though long bodies are cut off.
var ngrokFormat = Format{
	Name:  "ngrok",
	About: "requests from ngrok's inspection API (localhost:4040/api/requests/http)",
	Sniff: ngrok.sniff,
	Read:  ngrok.read,
}

var ngrok = exported{
	path: []string{"requests"},
	item: ngrokRequest,
	is:   isNgrokRequest,
	contains: func(document []byte) bool {
		list := valueOf(document, "requests")
		if firstItem(list) == nil {
			return false
		}
		return isNgrokRequest(firstItem(list)) || bytes.HasPrefix(valueOf(document, "uri"), []byte(`"/api/requests/http`))
	},
}

func isNgrokRequest(item []byte) bool {
	request := valueOf(item, "request")
	if !isObject(request) {
		return false
	}
	return valueOf(item, "tunnel_name") != nil || bytes.HasPrefix(valueOf(item, "uri"), []byte(`"/api/requests/http`)) ||
		isString(valueOf(request, "raw")) && valueOf(request, "proto") != nil
}

func ngrokRequest(_ []byte, o object, r *Request) (other Passed, err error) {
	request := o.object("request")
	if request == nil {
		return Passed{}, errors.New(`there is no "request"`)
	}
	if !request.has("raw") {
		return Passed{}, errors.New(`the request has no "raw": the agent keeps it no more`)
	}
	raw, _ := bodyText(request["raw"])
	if raw, err = jsontext.DecodeBase64(raw); err != nil {
		return Passed{}, fmt.Errorf(`"raw": %w`, err)
	}
	line, _, _ := cutLine(raw)
	if _, _, isDump := requestLine(line); isDump {
		if err := ngrokDump(raw, r); err != nil {
			return Passed{}, err
		}
	} else {
		// Some versions keep the body alone.
		r.Body = raw
		r.Method, r.URL = request.text("method"), request.text("uri")
		if err = request.headers(r); err != nil {
			return Passed{}, err
		}
		if n := framingOf(r.Header).length; n >= 0 && n != len(raw) {
			r.Notes = append(r.Notes, strings.Replace(lengthNote(n, raw), "the dump", "the export", 1))
		}
	}
	r.ReceivedAt = o.text("start")
	return Passed{}, nil
}
