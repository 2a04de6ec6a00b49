package wundertreosapi

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/secret"
)

var (
	errNotObject = errors.New("not a JSON object")
	errNotText   = errors.New("not a string")
	errNoID      = errors.New("it has no id")
	errNoData    = errors.New("the member data is not an object or a list")
)

// members splits one JSON object, leniently: the last of two equal names wins.
// Unlike decoding into a struct it compares names exactly, so that "ID" is not
// taken for "id".
func members(raw []byte) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return nil, errNotObject
	}
	return m, nil
}

// absent reports whether a member is not there, or null, which the API uses
// alike.
func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// text reads a string; "" if absent.
func text(raw json.RawMessage) (string, error) {
	if absent(raw) {
		return "", nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", errNotText
	}
	return s, nil
}

// numberText reads a string or a number, as text.
func numberText(raw json.RawMessage) (string, error) {
	if len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') {
		return string(raw), nil
	}
	return text(raw)
}

// optional reads a member of type T; nil if absent.
func optional[T any](raw json.RawMessage) (*T, error) {
	if absent(raw) {
		return nil, nil
	}
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	return &v, nil
}

// object returns the members of an answer that is one object, in the envelope
// {"data": {...}} or bare.
func object(body []byte) (map[string]json.RawMessage, error) {
	m, err := members(body)
	if err != nil {
		return nil, err
	}
	if inner, err := members(m["data"]); err == nil {
		return inner, nil
	}
	if absent(m["id"]) && absent(m["org_id"]) {
		return nil, errNoData
	}
	return m, nil
}

// rows returns the elements of {"data": [...]}.
func rows(body []byte) ([]json.RawMessage, error) {
	m, err := members(body)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(m["data"], &list); err != nil || list == nil {
		return nil, errNoData
	}
	return list, nil
}

// subscription reads one row. What cannot be read is named in Unreadable; the
// rest of the row is there all the same.
func subscription(m map[string]json.RawMessage) Subscription {
	var s Subscription
	var bad []string
	note := func(name string, err error) {
		if err != nil {
			bad = append(bad, name)
		}
	}
	var err error
	if s.ID, err = numberText(m["id"]); err == nil && s.ID == "" {
		err = errNoID
	}
	note("id", err)
	s.TargetURL, err = optional[string](m["target_url"])
	note("target_url", err)
	if events, eventsErr := optional[[]string](m["event_types"]); eventsErr != nil {
		note("event_types", eventsErr)
	} else if events != nil {
		s.EventTypes = *events
	}
	s.Enabled, err = optional[bool](m["enabled"])
	note("enabled", err)
	s.Description, err = optional[string](m["description"])
	note("description", err)
	s.CreatedAt, err = optional[string](m["created_at"])
	note("created_at", err)
	if bad != nil {
		s.Unreadable = "missing or of an unexpected type: " + strings.Join(bad, ", ")
	}
	return s
}

// created reads the answer to a create, strictly: data.secret must be there
// under exactly that name, once, as a non-empty string, and there must be an id
// to keep it under. Anything odd about the other members is only noted. The
// errors quote nothing of the answer.
func created(body []byte) (Created, error) {
	top, err := jsontext.Object(body)
	if err != nil {
		return Created{}, err
	}
	if absent(top["data"]) {
		return Created{}, errNoData
	}
	data, err := jsontext.Object(top["data"])
	if err != nil {
		return Created{}, err
	}
	value, err := secret.FromJSON(data["secret"])
	if err != nil {
		return Created{}, err
	}
	made := Created{Subscription: subscription(data), Secret: value}
	if made.ID == "" {
		return Created{}, errNoID
	}
	return made, nil
}
