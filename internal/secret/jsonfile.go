package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// This file writes and reads the JSON objects of the store and the journal.
// Two things are not left to encoding/json alone:
//
//   - ids, names and secrets are opaque bytes, which encoding/json would change
//     where they are not UTF-8. Such a text has a second member, its name and
//     "_base64", that holds the bytes; the plain member is then only for
//     people.
//   - encoding/json matches names in any case and lets the last of two equal
//     members win. [jsontext.Object] does neither.

// base64Suffix names the member that holds a text's bytes.
const base64Suffix = "_base64"

// objectWriter builds one JSON object, its members in the order written.
type objectWriter struct {
	buf bytes.Buffer
	err error
}

// value writes any member.
func (w *objectWriter) value(name string, v any) {
	key, err := jsontext.Marshal(name)
	if err != nil {
		w.err = errors.Join(w.err, err)
		return
	}
	val, err := jsontext.Marshal(v)
	if err != nil {
		w.err = errors.Join(w.err, fmt.Errorf("%s: %w", name, err))
		return
	}
	if w.buf.Len() == 0 {
		w.buf.WriteByte('{')
	} else {
		w.buf.WriteByte(',')
	}
	w.buf.Write(key)
	w.buf.WriteByte(':')
	w.buf.Write(val)
}

// text writes a string that may be any bytes.
func (w *objectWriter) text(name, s string) {
	w.value(name, printable(s))
	if !utf8.ValidString(s) {
		w.value(name+base64Suffix, []byte(s))
	}
}

// texts writes a list of strings that may be any bytes; nil is written as [].
func (w *objectWriter) texts(name string, list []string) {
	plain, raw, odd := make([]string, len(list)), make([][]byte, len(list)), false
	for i, s := range list {
		plain[i], raw[i] = printable(s), []byte(s)
		odd = odd || !utf8.ValidString(s)
	}
	w.value(name, plain)
	if odd {
		w.value(name+base64Suffix, raw)
	}
}

// time writes t in UTC, and nothing for the zero time.
func (w *objectWriter) time(name string, t time.Time) {
	if !t.IsZero() {
		w.value(name, t.UTC())
	}
}

// ref writes an object of provider and id, and nothing for nil.
func (w *objectWriter) ref(name string, r *Ref) {
	if r == nil {
		return
	}
	var inner objectWriter
	inner.text("provider", r.Provider)
	inner.text("id", r.ID)
	data, err := inner.bytes()
	w.err = errors.Join(w.err, err)
	w.value(name, json.RawMessage(data))
}

// bytes returns the object on one line.
func (w *objectWriter) bytes() ([]byte, error) {
	if w.err != nil {
		return nil, w.err
	}
	if w.buf.Len() == 0 {
		return []byte("{}"), nil
	}
	return append(bytes.Clone(w.buf.Bytes()), '}'), nil
}

// indented returns the object as a file for people: one member a line.
func (w *objectWriter) indented() ([]byte, error) {
	line, err := w.bytes()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, line, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func printable(s string) string { return string(bytes.ToValidUTF8([]byte(s), []byte("\uFFFD"))) }

// objectReader gives the members of one JSON object. The first error sticks;
// no error text quotes a value, since a value may be a secret.
type objectReader struct {
	members map[string]json.RawMessage
	err     error
	outer   *objectReader // has the errors too, with the name of the member before them
	name    string
}

// parseObject reads data as [jsontext.Object] does.
func parseObject(data []byte) *objectReader {
	members, err := jsontext.Object(data)
	return &objectReader{members: members, err: err}
}

func (r *objectReader) fail(format string, args ...any) {
	if r.err == nil {
		if r.err = fmt.Errorf(format, args...); r.outer != nil {
			r.outer.fail("member %q: %w", r.name, r.err)
		}
	}
}

// require makes absent members an error.
func (r *objectReader) require(names ...string) {
	for _, n := range names {
		if _, ok := r.members[n]; !ok {
			r.fail("member %q is missing", n)
		}
	}
}

// value reads a member into v and reports whether it is there and not null.
func (r *objectReader) value(name string, v any, want string) bool {
	raw, ok := r.members[name]
	if !ok || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, v); err != nil {
		r.fail("member %q is not %s", name, want)
		return false
	}
	return true
}

func (r *objectReader) text(name string) string {
	var s string
	r.value(name, &s, "a string")
	var raw []byte
	if !r.value(name+base64Suffix, &raw, "base64") {
		return s
	}
	if printable(string(raw)) != s {
		r.fail("members %q and %q disagree", name, name+base64Suffix)
	}
	return string(raw)
}

// texts returns nil for an empty list.
func (r *objectReader) texts(name string) []string {
	var list []string
	r.value(name, &list, "a list of strings")
	var raw [][]byte
	if r.value(name+base64Suffix, &raw, "a list of base64") {
		if len(raw) != len(list) {
			r.fail("members %q and %q disagree", name, name+base64Suffix)
			return nil
		}
		for i, b := range raw {
			if printable(string(b)) != list[i] {
				r.fail("members %q and %q disagree", name, name+base64Suffix)
			}
			list[i] = string(b)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

func (r *objectReader) time(name string) time.Time {
	var t time.Time
	r.value(name, &t, "a time")
	return t.UTC()
}

func (r *objectReader) int(name string) int64 {
	var n int64
	r.value(name, &n, "an integer")
	return n
}

func (r *objectReader) bool(name string) bool {
	var b bool
	r.value(name, &b, "true or false")
	return b
}

// object returns the members of a nested object, or nil where there is none.
func (r *objectReader) object(name string) *objectReader {
	raw, ok := r.members[name]
	if !ok || string(raw) == "null" {
		return nil
	}
	return r.inner(name, raw)
}

// inner is an object within the member of that name.
func (r *objectReader) inner(name string, data []byte) *objectReader {
	inner := &objectReader{outer: r, name: name}
	var err error
	if inner.members, err = jsontext.Object(data); err != nil {
		inner.fail("%w", err)
	}
	return inner
}

func (r *objectReader) ref(name string) *Ref {
	inner := r.object(name)
	if inner == nil {
		return nil
	}
	inner.require("provider", "id")
	return &Ref{Provider: inner.text("provider"), ID: inner.text("id")}
}
