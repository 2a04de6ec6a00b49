package zyntroapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// decoder reads members tolerantly: null is absent, integers may be written as
// strings (a sibling endpoint does that), and what is of another type is
// remembered as odd and left out.
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
	return "", errors.New("neither text nor number")
}

func (d *decoder) text(name string) *string {
	raw := d.members[name]
	if absent(raw) {
		return nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		d.odd = append(d.odd, name)
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

func (d *decoder) number(name string) *int {
	raw := d.members[name]
	if absent(raw) {
		return nil
	}
	text := string(raw)
	if raw[0] == '"' {
		if json.Unmarshal(raw, &text) != nil {
			d.odd = append(d.odd, name)
			return nil
		}
		if text == "" {
			return nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		d.odd = append(d.odd, name)
		return nil
	}
	return &n
}
