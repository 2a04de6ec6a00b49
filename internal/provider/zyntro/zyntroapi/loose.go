package zyntroapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// decoder reads members tolerantly: null is absent, and so is what is of
// another type. Of the members that say which webhook it is, an odd type is
// remembered.
type decoder struct {
	members map[string]json.RawMessage
	odd     []string
}

// split puts the members of raw, which is valid JSON, into members, as parts of raw;
// false if it is no object. Of two of one name the last one counts.
func split(raw []byte, members map[string]json.RawMessage) bool {
	return jsontext.Members(raw, func(quoted, value []byte) bool {
		name := quoted[1 : len(quoted)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name, _ = jsontext.Unquote(nil, quoted)
		}
		members[string(name)] = value
		return true
	})
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

func (d *decoder) err() error {
	if len(d.odd) == 0 {
		return nil
	}
	return fmt.Errorf("unreadable: %s", strings.Join(d.odd, ", "))
}

func (d *decoder) id(name string) string {
	id, err := looseID(d.members[name])
	if err != nil {
		d.odd = append(d.odd, name)
	}
	return id
}

// looseID reads an id: a text that is not empty, or a number, as it is written.
func looseID(raw json.RawMessage) (string, error) {
	if text, ok := stringOf(raw); ok && text != "" {
		return text, nil
	}
	var number json.Number
	if !absent(raw) && raw[0] != '"' && json.Unmarshal(raw, &number) == nil {
		return number.String(), nil
	}
	return "", errors.New("neither a string nor a number")
}

func (d *decoder) text(name string) *string {
	text := d.detail(name)
	if text == nil && !absent(d.members[name]) {
		d.odd = append(d.odd, name)
	}
	return text
}

// detail is text, without remembering.
func (d *decoder) detail(name string) *string {
	if text, ok := stringOf(d.members[name]); ok {
		return &text
	}
	return nil
}

// stringOf is the text of a JSON string.
func stringOf(raw json.RawMessage) (text string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	if text, ok = jsontext.Text(raw); !ok {
		ok = json.Unmarshal(raw, &text) == nil
	}
	return text, ok
}

func (d *decoder) texts(name string) []string {
	raw := d.members[name]
	if absent(raw) {
		return nil
	}
	texts := []string{}
	if raw[0] != '[' || !jsontext.Each(raw, func(_ []byte, from, to int) bool {
		text, ok := stringOf(raw[from:to])
		texts = append(texts, text)
		return ok
	}) {
		d.odd = append(d.odd, name)
		return nil
	}
	return texts
}

// number is an integer, which may be written as a text: a sibling endpoint does
// that.
func (d *decoder) number(name string) *int {
	text := string(d.members[name])
	if quoted := d.detail(name); quoted != nil {
		text = *quoted
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil
	}
	return &n
}
