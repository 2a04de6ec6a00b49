package capture

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/walk"
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
		list := walk.ValueOf(document, "requests")
		if walk.FirstItem(list) == nil {
			return false
		}
		return isNgrokRequest(walk.FirstItem(list)) || bytes.HasPrefix(walk.ValueOf(document, "uri"), []byte(`"/api/requests/http`))
	},
}

func isNgrokRequest(item []byte) bool {
	request := walk.ValueOf(item, "request")
	if !walk.IsObject(request) {
		return false
	}
	return walk.ValueOf(item, "tunnel_name") != nil || bytes.HasPrefix(walk.ValueOf(item, "uri"), []byte(`"/api/requests/http`)) ||
		walk.IsString(walk.ValueOf(request, "raw")) && walk.ValueOf(request, "proto") != nil
}

func ngrokRequest(_ []byte, o walk.Object, r *Request) (other Passed, err error) {
	request := o.Object("request")
	if request == nil {
		return Passed{}, errors.New(`there is no "request"`)
	}
	if !request.Has("raw") {
		return Passed{}, errors.New(`the request has no "raw": the agent does not keep it any more`)
	}
	raw, _ := walk.BodyText(request["raw"])
	if raw, err = jsontext.DecodeBase64(raw); err != nil {
		return Passed{}, fmt.Errorf(`"raw": %w`, err)
	}
	line, _, _ := message.CutLine(raw)
	if _, _, isDump := message.RequestLine(line); isDump {
		if err := message.ParseRequest(raw, r); err != nil {
			return Passed{}, err
		}
	} else {
		// Some versions keep the body alone.
		r.Body = raw
		r.Method, r.URL = request.Text("method"), request.Text("uri")
		if err = request.Headers(r); err != nil {
			return Passed{}, err
		}
		if n := message.FramingOf(r.Header).Length; n >= 0 && n != len(raw) {
			r.Notes = append(r.Notes, strings.Replace(message.LengthNote(n, raw), "the dump", "the export", 1))
		}
	}
	r.ReceivedAt = o.Text("start")
	return Passed{}, nil
}
