package zyntroapi

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oldRows is what encoding/json alone makes of a list of webhooks.
func oldRows(data []byte) (rows []Row, ok bool) {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) != nil || list == nil {
		return nil, false
	}
	rows = []Row{}
	for _, raw := range list {
		var m map[string]json.RawMessage
		if json.Unmarshal(raw, &m) != nil || m == nil {
			rows = append(rows, Row{Err: fmt.Errorf("not a JSON object")})
			continue
		}
		var odd decoder
		text := func(name string, must bool) *string {
			var s string
			if raw := m[name]; !absent(raw) {
				if json.Unmarshal(raw, &s) == nil {
					return &s
				}
				if must {
					odd.odd = append(odd.odd, name)
				}
			}
			return nil
		}
		number := func(name string) *int {
			var n int
			if s := text(name, false); s != nil {
				if json.Unmarshal([]byte(*s), &n) == nil && fmt.Sprint(n) == *s {
					return &n
				}
				return nil
			}
			if raw := m[name]; !absent(raw) && json.Unmarshal(raw, &n) == nil {
				return &n
			}
			return nil
		}
		var r Row
		var id string
		var num json.Number
		if raw := m["wh_id"]; !absent(raw) && json.Unmarshal(raw, &id) == nil && id != "" {
			r.ID = id
		} else if !absent(raw) && raw[0] != '"' && json.Unmarshal(raw, &num) == nil {
			r.ID = num.String()
		} else {
			odd.odd = append(odd.odd, "wh_id")
		}
		r.Name = text("wh_name", true)
		if raw := m["wh_events"]; !absent(raw) {
			var list []*string
			err := json.Unmarshal(raw, &list)
			r.Events = []string{}
			for _, s := range list {
				if s == nil {
					err = fmt.Errorf("null")
					break
				}
				r.Events = append(r.Events, *s)
			}
			if err != nil {
				r.Events, odd.odd = nil, append(odd.odd, "wh_events")
			}
		}
		r.Status, r.Timeout, r.Endpoint = text("wh_status", true), number("wh_timeout"), text("wh_endpoint", true)
		r.AuthType, r.CreatedAt, r.UpdatedAt = text("wh_auth_type", false), text("wh_created_at", false), text("wh_updated_at", false)
		r.LastStatus, r.LastTriggered = text("wh_last_status", false), text("wh_last_triggered", false)
		r.RetryCount, r.RetryDelay, r.FailureCount = number("wh_retry_count"), number("wh_retry_delay"), number("wh_failure_count")
		r.Err = odd.err()
		rows = append(rows, r)
	}
	return rows, true
}

func FuzzRows(f *testing.F) {
	for _, s := range []string{
		`[]`, ` [ ] `, `null`, `{}`, `[null,1,"x",[],{}]`,
		`[{"wh_id":"a","wh_name":"n","wh_events":["e","f"],"wh_status":"active","wh_timeout":30,"wh_retry_count":"3"}]`,
		`[{"wh_id":1e3,"wh_name":null,"wh_events":[null],"wh_timeout":"x"},{"wh_id":"","wh_name":1,"wh_events":{},"wh_endpoint":[]}]`,
		`[{"wh_id":"a","wh_id":"b","WH_NAME":"x","wh_n\u0061me":"y"},{"wh_id":"\ud800","wh_name":"\u00e9\n","wh_events":[],"wh_status":"` + "\xff" + `"}]`,
		`[{"wh_events":["a",1,null],"wh_id":true,"wh_timeout":1.5,"wh_retry_delay":-0,"wh_failure_count":99999999999999999999}]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var raw json.RawMessage
		if json.Unmarshal(data, &raw) != nil {
			return
		}
		want, wantOK := oldRows(raw)
		got, ok := decodeRows(raw)
		same := cmp.Comparer(func(a, b error) bool { return fmt.Sprint(a) == fmt.Sprint(b) })
		if diff := cmp.Diff(want, got, same); diff != "" || ok != wantOK {
			t.Fatalf("%s: %v, want %v\n%s", data, ok, wantOK, diff)
		}
	})
}
