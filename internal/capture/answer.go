package capture

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// Answer is what the handler answered to a delivery, as a record has it.
type Answer struct {
	Status int
	Header Header
	// Body is nil where the record has none.
	Body []byte
	// Cut says that the body goes on.
	Cut bool
	// Milliseconds is how long it took, as it is written; empty where that is not
	// known.
	Milliseconds string
}

// AnswerOf is the handler's answer; nil where the capture has none.
func AnswerOf(r *Request) (*Answer, error) {
	if len(r.Answered) == 0 || walk.IsNull(r.Answered) {
		return nil, nil
	}
	o := walk.ObjectOf(r.Answered)
	if o == nil {
		return nil, fmt.Errorf("%q is not an object", "answer")
	}
	status, err := strconv.Atoi(string(o["status"]))
	if err != nil {
		return nil, fmt.Errorf("%q is not a number", "status")
	}
	a := &Answer{Status: status, Cut: walk.IsTrue(o["cut"])}
	if ms := string(o["ms"]); strings.Trim(ms, "0123456789.eE+-") == "" { // a number: the syntax has been checked
		a.Milliseconds = ms
	}
	if o.Has("headers") {
		if a.Header, err = walk.ReadHeaders(nil, o["headers"]); err != nil {
			return nil, err
		}
	}
	text, isText := jsontext.Unquote(nil, o["body_base64"])
	if isText {
		if a.Body, err = jsontext.DecodeBase64(text); err != nil {
			return nil, fmt.Errorf("%q: %w", "body_base64", err)
		}
	} else if text, isText = jsontext.Unquote(nil, o["body"]); isText {
		a.Body = text
	}
	return a, nil
}
