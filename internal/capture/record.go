package capture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// A record is a delivery as a JSON object: {"headers", "body" or
// "body_base64", "received_at", "method", "url"}. It is the line of an NDJSON
// file and the document of a .json file.

const (
	noteBodyString = "body may not be byte-exact: it was kept as a JSON string, where bytes that are not UTF-8 are replaced"
	noteBodyJSON   = "body may not be byte-exact: it was kept as JSON inside the capture, where its spacing and escapes may be lost"
)

// decodeRecord is the strict path: encoding/json checks the syntax of the
// whole record, member names are compared exactly, strings are decoded without
// loss. Of repeated members the last counts.
func decodeRecord(text []byte, r *Request) error {
	m, err := parseObject(text)
	if err != nil {
		return fmt.Errorf("not a JSON object: %w", err)
	}
	headers, ok := m["headers"]
	if !ok {
		return errors.New(`no member "headers"`)
	}
	if r.Header, err = decodeHeaders(r.Header[:0], headers); err != nil {
		return err
	}
	for name, to := range map[string]*string{"received_at": &r.ReceivedAt, "method": &r.Method, "url": &r.URL} {
		if s, ok := jsontext.Unquote(nil, m[name]); ok {
			*to = string(s)
		}
	}
	r.Body, err = decodeBody(m, r) // the last: it may write over the text
	return err
}

// parseObject takes a JSON object apart, whose members are then parts of text.
func parseObject(text []byte) (object, error) {
	var syntax checked
	if err := json.Unmarshal(text, &syntax); err != nil {
		return nil, err
	}
	if o := objectOf(text[jsontext.SkipSpace(text, 0):]); o != nil {
		return o, nil
	}
	var m map[string]json.RawMessage // says what it is instead; null is an object without members
	return nil, json.Unmarshal(text, &m)
}

// checked is any JSON, of which nothing is kept.
type checked struct{}

// UnmarshalJSON implements [json.Unmarshaler].
func (*checked) UnmarshalJSON([]byte) error { return nil }

// bodyText is the text of a body that is a JSON string, given with its quotes. A
// large one is decoded over itself, so that whoever asks must be the last to look
// at it.
func bodyText(quoted []byte) ([]byte, bool) {
	if len(quoted) < largeBody {
		return jsontext.Unquote(nil, quoted)
	}
	if !jsontext.Quotable(quoted) {
		return nil, false
	}
	s, ok := jsontext.Unquote(quoted[:0], quoted)
	return slices.Clip(s), ok
}

// errTwoBodies keeps a record from being valid by the one body while a person,
// or another program, reads the other.
var errTwoBodies = errors.New(`"body" and "body_base64" are not the same bytes, and nothing tells which was delivered: leave one of them out`)

func decodeBody(m object, r *Request) ([]byte, error) {
	base, ok := m["body_base64"]
	if !ok || isNull(base) {
		return decodeText(m, r)
	}
	s, ok := bodyText(base)
	if !ok {
		return nil, errors.New(`"body_base64" is not a string`)
	}
	body, err := jsontext.DecodeBase64(s)
	if err != nil {
		return nil, fmt.Errorf(`"body_base64": %w`, err)
	}
	if v, ok := m["body"]; ok && !isNull(v) {
		other, err := decodeText(object{"body": v, "isBase64Encoded": m["isBase64Encoded"]}, &Request{})
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(body, other) {
			return nil, errTwoBodies
		}
	}
	return body, nil
}

// holdsOther reports whether m has a member that other tools keep bodies in.
func (m object) holdsOther() bool {
	for _, name := range []string{"payload", "data", "content", "text", "rawBody", "raw_body", "bodyRaw", "postData"} {
		if v, ok := m[name]; ok && !isNull(v) {
			return true
		}
	}
	return false
}

// decodeText is the body of a record that has no "body_base64".
func decodeText(m object, r *Request) ([]byte, error) {
	v, ok := m["body"]
	if ok && v[0] != '"' {
		// What a tool parsed; some keep the text beside it.
		for _, name := range []string{"bodyRaw", "rawBody"} {
			if m[name] != nil && m[name][0] == '"' {
				v = m[name]
			}
		}
	}
	switch {
	case !ok && mayBeProbe(r.Method) && !m.holdsOther():
		return []byte{}, nil // there was none, and no member for it
	case !ok:
		return nil, errors.New(`neither "body_base64" nor "body"`)
	case isNull(v):
		return []byte{}, nil
	case v[0] == '"':
		s, ok := bodyText(v)
		if !ok {
			return nil, errors.New(`"body" is not a valid string`)
		}
		if isTrue(m["isBase64Encoded"]) {
			// An event of AWS Lambda among other records.
			body, err := jsontext.DecodeBase64(s)
			if err != nil {
				return nil, fmt.Errorf(`"body": %w`, err)
			}
			return body, nil
		}
		r.Inexact, r.Notes = true, append(r.Notes, noteBodyString)
		return s, nil
	}
	r.Inexact, r.Notes = true, append(r.Notes, noteBodyJSON)
	return bodyJSON(v), nil
}

// bodyJSON is a body that was kept as JSON: a copy, unless it is large.
func bodyJSON(v []byte) []byte {
	if len(v) < largeBody {
		return bytes.Clone(v)
	}
	return slices.Clip(v)
}

func isNull(v []byte) bool { return string(v) == "null" }

// decodeHeaders takes {"Name": "value" or ["value", ...]}, in its order, and
// the lists that other tools write: [["Name", "value"], ...] and
// [{"name": "Name", "value": "value"}, ...]. The syntax has been checked.
func decodeHeaders(to Header, v []byte) (Header, error) {
	switch v[0] {
	case '{':
		var err error
		jsontext.Members(v, func(quoted, value []byte) bool {
			name, ok := jsontext.Unquote(nil, quoted)
			if !ok {
				err = errors.New("a header name is not a valid string")
				return false
			}
			to, err = appendValues(to, string(name), value)
			return err == nil
		})
		return to, err
	case '[':
		var pairs []json.RawMessage
		if err := json.Unmarshal(v, &pairs); err != nil {
			return to, fmt.Errorf(`"headers": %w`, err)
		}
		for _, p := range pairs {
			f, err := decodePair(p)
			if err != nil {
				return to, err
			}
			to = append(to, f)
		}
		return to, nil
	}
	return to, errors.New(`"headers" is neither an object nor a list`)
}

func decodePair(p []byte) (Field, error) {
	var list []string
	if json.Unmarshal(p, &list) == nil && len(list) == 2 {
		return Field{list[0], list[1]}, nil
	}
	var f Field
	ok := jsontext.Members(p, func(quoted, value []byte) bool {
		s, isString := jsontext.Unquote(nil, value)
		switch {
		case is(quoted, "name") && isString:
			f.Name = string(s)
		case is(quoted, "value") && isString:
			f.Value = string(s)
		}
		return true
	})
	if !ok || f.Name == "" {
		return f, errors.New(`an entry of "headers" is neither a pair nor {"name", "value"}`)
	}
	return f, nil
}

func appendValues(to Header, name string, value []byte) (Header, error) {
	if value[0] != '[' {
		s, ok, err := headerText(name, value)
		if ok {
			to = append(to, Field{name, s})
		}
		return to, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(value, &list); err != nil {
		return to, fmt.Errorf("header %q: %w", name, err)
	}
	for _, v := range list {
		s, ok, err := headerText(name, v)
		if err != nil {
			return to, err
		}
		if ok {
			to = append(to, Field{name, s})
		}
	}
	return to, nil
}

// headerText takes a string; a number or a boolean as it is written, since
// hand-made captures say "Content-Length": 12; null is no header at all.
func headerText(name string, v []byte) (text string, ok bool, err error) {
	switch {
	case v[0] == '"':
		s, ok := jsontext.Unquote(nil, v)
		if !ok {
			return "", false, fmt.Errorf("header %q is not a valid string", name)
		}
		return string(s), true, nil
	case isNull(v):
		return "", false, nil
	case v[0] == '{' || v[0] == '[':
		return "", false, fmt.Errorf("header %q is neither a string nor a list of strings", name)
	}
	return string(v), true, nil
}

// isRecord reports whether text, which may be cut off, is a record by its
// members. A payload that merely has a body is none: headers make the record.
func isRecord(text []byte, cut bool) bool {
	headers, body, base := false, false, false
	jsontext.Members(text, func(name, value []byte) bool {
		switch {
		case is(name, "headers"):
			headers = len(value) == 0 || value[0] == '{' || value[0] == '['
		case is(name, "body"):
			body = true
		case is(name, "body_base64"):
			base = true
		}
		return true
	})
	return headers && (body || base || cut) || base && cut
}
