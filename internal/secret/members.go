package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// What [Members] refuses. None of these errors quotes the input.
var (
	ErrNotObject       = errors.New("not a single JSON object")
	ErrDuplicateMember = errors.New("a member name stands twice in one JSON object")
)

// Members splits one JSON object into its members, a single level deep. It is
// for answers that hold a once-only secret, where encoding/json is too lax: it
// matches names without regard to case and lets the last of two duplicates win.
//
// Names are compared exactly, after their escapes are resolved; one that
// stands twice is [ErrDuplicateMember]. Anything but one object, complete and
// in UTF-8, with nothing but white space round it, is [ErrNotObject]. The
// values are copies.
func Members(raw []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return nil, ErrNotObject
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, ErrNotObject
	}
	members := map[string]json.RawMessage{}
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, ErrNotObject
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, ErrNotObject
		}
		if _, twice := members[name]; twice {
			return nil, ErrDuplicateMember
		}
		members[name] = value
	}
	return members, nil
}
