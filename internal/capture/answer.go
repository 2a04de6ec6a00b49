package capture

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/term"
)

// Answer is what the handler answered to a delivery, as a record has it.
type Answer struct {
	Status int
	Header Header
	// Body is nil where the record has none, and empty where that is what came.
	Body []byte
	// Cut says that the body goes on.
	Cut bool
	// Milliseconds is how long it took, as it is written; empty where that is not
	// known.
	Milliseconds string
}

// MostAnswered is how much of an answer's body is recorded.
const MostAnswered = 64 << 10

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
	text, isText := jsontext.Unquote([]byte{}, o["body_base64"])
	if isText {
		if a.Body, err = jsontext.DecodeBase64(text); err != nil {
			return nil, fmt.Errorf("%q: %w", "body_base64", err)
		}
	} else if text, isText = jsontext.Unquote([]byte{}, o["body"]); isText {
		a.Body = text
	}
	return a, nil
}

// AppendJSON appends a as a record has it.
func (a *Answer) AppendJSON(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"status":`...), int64(a.Status), 10)
	b = AppendHeader(append(b, `,"headers":`...), a.Header)
	b = append(b, `,"body_base64":`...)
	if a.Body == nil {
		b = append(b, "null"...)
	} else {
		b = append(base64.StdEncoding.AppendEncode(append(b, '"'), a.Body), '"')
	}
	if a.Cut {
		b = append(b, `,"cut":true`...)
	}
	if b = append(b, `,"ms":`...); a.Milliseconds == "" {
		b = append(b, "null"...)
	}
	return append(append(b, a.Milliseconds...), '}')
}

// AppendAnswer completes what [AppendRecord] has made with an answer.
func AppendAnswer(record []byte, a *Answer) []byte {
	return append(a.AppendJSON(append(record[:len(record)-1], `,"answer":`...)), '}')
}

// AppendHeader appends headers as a record has them: an object of lists.
func AppendHeader(b []byte, h Header) []byte {
	values := map[string][]string{}
	for _, f := range h {
		values[f.Name] = append(values[f.Name], f.Value)
	}
	b = append(b, '{')
	for _, f := range h {
		if values[f.Name] == nil {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(term.AppendJSON(b, f.Name), ':', '[')
		for i, v := range values[f.Name] {
			if i > 0 {
				b = append(b, ',')
			}
			b = term.AppendJSON(b, v)
		}
		b = append(b, ']')
		delete(values, f.Name)
	}
	return append(b, '}')
}
