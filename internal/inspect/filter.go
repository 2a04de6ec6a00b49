package inspect

import (
	"bytes"
	"path"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/listen"
)

// Filter makes a filter of its words, which a delivery must all match: event:GLOB,
// provider:NAME, status:5xx, invalid, or a text that stands in the event, the id, a
// header or the body.
func Filter(words string) (func(*listen.Delivery) bool, error) {
	var all []func(*listen.Delivery) bool
	for word := range strings.FieldsSeq(words) {
		match, err := filterWord(word)
		if err != nil {
			return nil, err
		}
		all = append(all, match)
	}
	return func(d *listen.Delivery) bool {
		for _, match := range all {
			if !match(d) {
				return false
			}
		}
		return true
	}, nil
}

func filterWord(word string) (func(*listen.Delivery) bool, error) {
	name, value := word, ""
	if i := strings.IndexAny(word, ":="); i >= 0 {
		name, value = word[:i], word[i+1:]
	}
	switch name {
	case "event":
		if _, err := path.Match(value, ""); err != nil || value == "" {
			return nil, fault.Usagef("%q is not a valid pattern", value).WithHint("for instance: event:contact.*")
		}
		return func(d *listen.Delivery) bool { ok, _ := path.Match(value, d.EventType); return ok }, nil
	case "provider":
		return func(d *listen.Delivery) bool { return d.Provider == value }, nil
	case "status":
		status, class := strings.CutSuffix(value, "xx")
		n, err := strconv.Atoi(status)
		if err != nil {
			return nil, fault.Usagef("%q is not a status", value).WithHint("for instance: status:500 or status:5xx")
		}
		return func(d *listen.Delivery) bool {
			got := d.Status
			if d.Forward != nil && d.Forward.Err == nil {
				got = d.Forward.Status
			}
			return got == n || class && got/100 == n
		}, nil
	}
	if word == "invalid" {
		return func(d *listen.Delivery) bool { return !d.Taken() }, nil
	}
	text := strings.ToLower(word)
	return func(d *listen.Delivery) bool {
		if strings.Contains(strings.ToLower(d.EventType+"\n"+d.EventID+"\n"+d.URL), text) {
			return true
		}
		if d.Request == nil {
			return false
		}
		for name, values := range d.Request.Header {
			if strings.Contains(strings.ToLower(name+"\n"+strings.Join(values, "\n")), text) {
				return true
			}
		}
		return bytes.Contains(bytes.ToLower(d.Request.Body), []byte(text))
	}, nil
}
