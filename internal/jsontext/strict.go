package jsontext

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// What [Object] refuses. None of these errors quotes the input.
var (
	ErrNotObject       = errors.New("not a single JSON object")
	ErrDuplicateMember = errors.New("a JSON object has a member name twice")
)

// Object splits one JSON object into its members, a single level deep. It is
// for answers that hold a once-only secret, where encoding/json is too lax: it
// matches names without regard to case and lets the last of two duplicates win.
//
// Names are compared exactly, after their escapes are resolved; one that
// stands twice is [ErrDuplicateMember]. Anything but one object, complete and
// in UTF-8, with nothing but white space round it, is [ErrNotObject]. The
// values are copies.
func Object(raw []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return nil, ErrNotObject
	}
	members := map[string]json.RawMessage{}
	twice := false
	if !Members(raw, func(quoted, value []byte) bool {
		name, _ := Unquote(nil, quoted)
		_, twice = members[string(name)]
		members[string(name)] = bytes.Clone(value)
		return !twice
	}) {
		if twice {
			return nil, ErrDuplicateMember
		}
		return nil, ErrNotObject
	}
	return members, nil
}
