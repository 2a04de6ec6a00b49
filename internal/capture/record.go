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
	return decodeBody(m, r) // the last: it may write over the text
}

// parseObject takes a JSON object apart, whose members are then parts of text.
func parseObject(text []byte) (object, error) {
	if err := json.Unmarshal(text, &inBuffer{func([]byte) {}}); err != nil {
		return nil, err
	}
	if o := objectOf(text[jsontext.SkipSpace(text, 0):]); o != nil {
		return o, nil
	}
	var m map[string]json.RawMessage // says what it is instead; null is an object without members
	return nil, json.Unmarshal(text, &m)
}

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

func decodeBody(m object, r *Request) error {
	if !m.has("body_base64") {
		return decodeText(m, r)
	}
	if err := m.textBody("body_base64", true, r); err != nil || !m.has("body") {
		return err
	}
	var other Request
	if err := decodeText(object{"body": m["body"], "isBase64Encoded": m["isBase64Encoded"]}, &other); err != nil {
		return err
	}
	if !bytes.Equal(r.Body, other.Body) {
		return errTwoBodies
	}
	return nil
}

// otherBodies are members that other tools keep bodies in.
var otherBodies = []string{"payload", "data", "content", "text", "rawBody", "raw_body", "bodyRaw", "postData"}

// decodeText is the body of a record that has no "body_base64".
func decodeText(m object, r *Request) error {
	v, ok := m["body"]
	if ok && !isString(v) {
		// What a tool parsed; some keep the text beside it.
		for _, name := range []string{"bodyRaw", "rawBody"} {
			if isString(m[name]) {
				v = m[name]
			}
		}
	}
	switch {
	case !ok && (!mayBeProbe(r.Method) || slices.ContainsFunc(otherBodies, m.has)):
		return errors.New(`neither "body_base64" nor "body"`)
	case !ok, isNull(v), isString(v): // a probe has no member for a body that it has not got
		return object{"body": v}.textBody("body", isTrue(m["isBase64Encoded"]), r)
	}
	r.Body, r.Inexact, r.Notes = bodyJSON(v), true, append(r.Notes, noteBodyJSON)
	return nil
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
func decodeHeaders(to Header, v []byte) (_ Header, err error) {
	switch v[0] {
	case '{':
		jsontext.Members(v, func(quoted, value []byte) bool {
			name, _ := jsontext.Unquote(nil, quoted)
			to, err = appendValues(to, string(name), value)
			return err == nil
		})
	case '[':
		elements(v, func(pair []byte) bool {
			var f Field
			f, err = decodePair(pair)
			to = append(to, f)
			return err == nil
		})
	default:
		err = errors.New(`"headers" is neither an object nor a list`)
	}
	return to, err
}

// elements calls f with each element of a list, until it returns false.
func elements(list []byte, f func(value []byte) bool) {
	jsontext.Each(list, func(_ []byte, from, to int) bool { return f(list[from:to]) })
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

// appendValues takes a string, or a list of them; a number or a boolean as it is
// written, since hand-made captures say "Content-Length": 12; null is no header at
// all.
func appendValues(to Header, name string, value []byte) (_ Header, err error) {
	add := func(v []byte) bool {
		switch text, ok := jsontext.Unquote(nil, v); {
		case ok:
			to = append(to, Field{name, string(text)})
		case isObject(v) || isList(v):
			err = fmt.Errorf("header %q is neither a string nor a list of strings", name)
		case !isNull(v):
			to = append(to, Field{name, string(v)})
		}
		return err == nil
	}
	if isList(value) {
		elements(value, add)
	} else {
		add(value)
	}
	return to, err
}

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
