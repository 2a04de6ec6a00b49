package capture

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// A record is a delivery as a JSON object: {"headers", "body" or
// "body_base64", "received_at", "method", "url"}. It is the line of an NDJSON
// file and the document of a .json file.

// recordsIn yields the requests in one JSON text, which is a line or a document: those
// that the walker finds, or the record that it is, whether it is signed or not. What is
// neither is one error.
func recordsIn(text []byte, names []string, yield func(path string, r *Request, err error) bool) {
	v, err := parseJSON(text)
	if err != nil {
		yield("", &Request{}, fmt.Errorf("not a JSON object: %w", err))
		return
	}
	countIn(v, names).records(v, yield)
}

// records yields the requests that were counted in v, or else the record that it is.
func (w *walk) records(v []byte, yield func(path string, r *Request, err error) bool) {
	if w.rows > 0 {
		w.requests(v, yield)
		return
	}
	r := &Request{}
	if err := fillRecord(v, w.names, r); err != nil {
		signaturesIn(v, w.names, func(s seen) bool {
			err = &UnknownLayout{Where: pathOf(wayTo(v, s.at)), Assumed: formatJSON}
			return false
		})
		yield("", &Request{}, err)
		return
	}
	yield("", r, nil)
}

// decodeRecord makes a request of the record that text is.
func decodeRecord(text []byte, names []string, r *Request) error {
	v, err := parseJSON(text)
	if err != nil {
		return fmt.Errorf("not a JSON object: %w", err)
	}
	return fillRecord(v, names, r)
}

// fillRecord makes a request of the record that v is, whose syntax has been checked.
func fillRecord(v []byte, names []string, r *Request) (err error) {
	if !isObject(v) {
		var m map[string]json.RawMessage // says what it is instead; null is an object without members
		if err := json.Unmarshal(v, &m); err != nil {
			return fmt.Errorf("not a JSON object: %w", err)
		}
	}
	s := shapeOf(v)
	if len(s.headers) == 0 {
		return errNoHeaders
	}
	if r.Header, err = s.header(names); err != nil {
		return err
	}
	return s.fill(r) // the last: it may write over the text
}

// parseJSON checks the syntax of text and returns the value without the white space
// around it.
func parseJSON(text []byte) ([]byte, error) {
	if err := json.Unmarshal(text, &inBuffer{func([]byte) {}}); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(text), nil
}

func isNull(v []byte) bool { return string(v) == "null" }

// isRecord reports whether text, which may be cut off, is a record by its
// members. A payload that merely has a body is none: headers make the record.
func isRecord(text []byte, cut bool) bool {
	headers, body, base := false, false, false
	jsontext.Members(text, func(name, value []byte) bool {
		switch {
		case is(name, "headers"):
			headers = len(value) == 0 || isObject(value) || isList(value)
		case is(name, "body"):
			body = true
		case is(name, "body_base64"):
			base = true
		}
		return true
	})
	return headers && (body || base || cut) || base && cut
}

// inBuffer is a value where it stands in the decoder's buffer, which a copy would
// double.
type inBuffer struct{ use func(text []byte) }

// UnmarshalJSON implements [json.Unmarshaler]. The text is gone when use returns.
func (i *inBuffer) UnmarshalJSON(text []byte) error {
	i.use(text)
	return nil
}
