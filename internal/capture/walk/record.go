package walk

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// A record is a delivery as a JSON object: {"headers", "body" or
// "body_base64", "received_at", "method", "url"}. It is the line of an NDJSON
// file and the document of a .json file.

// RecordsIn yields the requests in one JSON text, which is a line or a document: those
// that the walker finds, or the record that it is, whether it is signed or not. What is
// neither is one error.
func RecordsIn(text []byte, names []string, yield func(path string, r *recorded.Request, err error) bool) {
	v, err := ParseJSON(text)
	if err != nil {
		yield("", &recorded.Request{}, fmt.Errorf("not a JSON object: %w", err))
		return
	}
	CountIn(v, names).Records(v, yield)
}

// Records yields the requests that were counted in v, or else the record that it is.
func (w *Walk) Records(v []byte, yield func(path string, r *recorded.Request, err error) bool) {
	if w.Rows > 0 {
		w.Requests(v, yield)
		return
	}
	r := &recorded.Request{}
	if err := fillRecord(v, w.Names, r); err != nil {
		recorded.SignaturesIn(v, w.Names, func(s recorded.Seen) bool {
			err = &UnknownLayout{Where: PathOf(WayTo(v, s.At)), Assumed: recorded.JSON}
			return false
		})
		yield("", &recorded.Request{}, err)
		return
	}
	yield("", r, nil)
}

// DecodeRecord makes a request of the record that text is.
func DecodeRecord(text []byte, names []string, r *recorded.Request) error {
	v, err := ParseJSON(text)
	if err != nil {
		return fmt.Errorf("not a JSON object: %w", err)
	}
	return fillRecord(v, names, r)
}

// fillRecord makes a request of the record that v is, whose syntax has been checked.
func fillRecord(v []byte, names []string, r *recorded.Request) (err error) {
	if !IsObject(v) {
		var m map[string]json.RawMessage // says what it is instead; null is an object without members
		if err := json.Unmarshal(v, &m); err != nil {
			return fmt.Errorf("not a JSON object: %w", err)
		}
	}
	s := ShapeOf(v)
	if len(s.Headers) == 0 {
		return ErrNoHeaders
	}
	if r.Header, err = s.Header(names); err != nil {
		return err
	}
	return s.Fill(r) // the last: it may write over the text
}

// ParseJSON checks the syntax of text and returns the value without the white space
// around it.
func ParseJSON(text []byte) ([]byte, error) {
	if !json.Valid(text) {
		return nil, json.Unmarshal(text, new(any)) // says what is wrong
	}
	return bytes.TrimSpace(text), nil
}

func IsNull(v []byte) bool { return string(v) == "null" }

// IsRecord reports whether text, which may be cut off, is a record by its
// members. A payload that merely has a body is none: headers make the record.
func IsRecord(text []byte, cut bool) bool {
	headers, body, base := false, false, false
	jsontext.Members(text, func(name, value []byte) bool {
		switch {
		case Is(name, "headers"):
			headers = len(value) == 0 || IsObject(value) || IsList(value)
		case Is(name, "body"):
			body = true
		case Is(name, "body_base64"):
			base = true
		}
		return true
	})
	return headers && (body || base || cut) || base && cut
}
