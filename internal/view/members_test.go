package view

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

type byHand struct{ odd bool }

func (b byHand) samples() []any { return []any{byHand{}, byHand{true}} }

func (b byHand) MarshalJSON() ([]byte, error) {
	if b.odd {
		return []byte(`{"always": 1.5, "list": [{"n": 1}, {"n": null, "m": true}]}`), nil
	}
	return []byte(`{"always": 1, "list": null}`), nil
}

type inner struct {
	Deep *int `json:"deep"`
}

// Members are what encoding/json makes of a type, whatever the value.
func TestMembers(t *testing.T) {
	t.Parallel()
	type example struct {
		*inner
		Text   string            `json:"text"`
		Maybe  *string           `json:"maybe"`
		Left   *string           `json:"left,omitempty"`
		Bytes  []byte            `json:"bytes"`
		At     time.Time         `json:"at"`
		Raw    json.RawMessage   `json:"raw"`
		Any    any               `json:"any"`
		Map    map[string][]bool `json:"map"`
		Hand   byHand            `json:"hand"`
		Out    int               `json:"-"`
		hidden int
		Plain  float64
	}
	want := []Member{
		{Path: ".", Type: "array"}, {Path: ".[]", Type: "object"},
		{Path: ".[].deep", Type: "integer", Null: true, Optional: true},
		{Path: ".[].text", Type: "string"}, {Path: ".[].maybe", Type: "string", Null: true}, {Path: ".[].left", Type: "string", Optional: true},
		{Path: ".[].bytes", Type: "string"}, {Path: ".[].at", Type: "string"}, {Path: ".[].raw", Type: "any"}, {Path: ".[].any", Type: "any"},
		{Path: ".[].map", Type: "object"}, {Path: ".[].map[]", Type: "array"}, {Path: ".[].map[][]", Type: "boolean"},
		{Path: ".[].hand", Type: "object"}, {Path: ".[].hand.always", Type: "number"}, {Path: ".[].hand.list", Type: "array", Null: true},
		{Path: ".[].hand.list[]", Type: "object"}, {Path: ".[].hand.list[].m", Type: "boolean", Optional: true}, {Path: ".[].hand.list[].n", Type: "integer", Null: true},
		{Path: ".[].Plain", Type: "number"},
	}
	if diff := cmp.Diff(want, Members([]example{{hidden: 1}}), cmpopts.IgnoreUnexported(Member{})); diff != "" {
		t.Error(diff)
	}
	// Samples of what is made by hand are JSON.
	for _, s := range []sampled{Received{}, Shown{}, ListenState{}} {
		for _, one := range s.samples() {
			if text, err := json.Marshal(one); err != nil || !json.Valid(text) {
				t.Errorf("%T: %v: %s", one, err, text)
			}
		}
	}
}
