package listen

import (
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/filter"
	"github.com/hookctl/hookctl/internal/signature"
)

func TestMatches(t *testing.T) {
	t.Parallel()
	request := &capture.Record{Header: map[string][]string{"X-Trace": {"ABC", "DEF"}}, Body: []byte(`{"name":"ZOË"}`)}
	all := []Delivery{
		{Reason: signature.OK, Provider: "wundertreos", EventID: "Ev-1", EventType: "contact.created", Status: 200, Request: request},
		{Reason: signature.OK, Provider: "zyntro", EventID: "ev-2", EventType: "contact.updated", Status: 503, Forward: &Forwarded{Status: 501}, URL: "/Path"},
		{Reason: signature.Mismatch, EventType: "deal.created", Status: 401},
		{Reason: Unverified, EventType: "x", Status: 502, Forward: &Forwarded{Err: errTimeout}},
	}
	for words, want := range map[string]string{
		"": "1234", "event:contact.*": "12", "event=deal.created": "3", "provider:zyntro": "2", "status:5xx": "24", "status:501": "2", "status:503": "", "status:401": "3",
		"invalid": "3", "valid": "12", "valid invalid": "123", "zoë": "1", "x-trace": "1", "def": "1", "EV-2": "2", "text=/path": "2", "contact ev-1": "1", "event:contact.* invalid": "", "nothing:like:this": "",
	} {
		f, err := filter.Parse(words, filter.Options{Search: true, Provider: func(name string) (string, error) { return name, nil }})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for i := range all {
			if all[i].Matches(&f) {
				got += string(rune('1' + i))
			}
		}
		if got != want {
			t.Errorf("%q finds %q, not %q", words, got, want)
		}
	}
}
