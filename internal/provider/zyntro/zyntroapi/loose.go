package zyntroapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// decoder reads members tolerantly: null is absent, and so is what is of
// another type. Of the members that say which webhook it is, an odd type is
// remembered.
type decoder struct {
	members map[string]json.RawMessage
	odd     []string
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
	var text string
	if !absent(raw) && json.Unmarshal(raw, &text) == nil && text != "" {
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
	raw := d.members[name]
	var text string
	if absent(raw) || json.Unmarshal(raw, &text) != nil {
		return nil
	}
	return &text
}

func (d *decoder) texts(name string) []string {
	raw := d.members[name]
	if absent(raw) {
		return nil
	}
	var pointers []*string
	if err := json.Unmarshal(raw, &pointers); err != nil {
		d.odd = append(d.odd, name)
		return nil
	}
	texts := make([]string, 0, len(pointers))
	for _, p := range pointers {
		if p == nil {
			d.odd = append(d.odd, name)
			return nil
		}
		texts = append(texts, *p)
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
