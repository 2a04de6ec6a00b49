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

// decodeRecord is the strict path: encoding/json checks the syntax of the
// whole record, member names are compared exactly, strings are decoded without
// loss. Of repeated members the last counts.
func decodeRecord(text []byte, names []string, r *Request) error {
	v, err := parseJSON(text)
	if err != nil {
		return fmt.Errorf("not a JSON object: %w", err)
	}
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
