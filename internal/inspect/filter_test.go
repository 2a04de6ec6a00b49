package inspect

import (
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/listen"
)

func TestFilter(t *testing.T) {
	t.Parallel()
	one, two, three := delivery("ev-1", "contact.created", `{"name":"Zoë"}`), delivery("ev-2", "contact.updated", `{}`), invalid(delivery("ev-3", "deal.created", `{}`))
	two.Forward = &listen.Forwarded{Status: 503}
	two.Provider = "zyntro"
	one.Request.Header["X-Trace"] = []string{"ABC"}
	all := []*listen.Delivery{&one, &two, &three}
	for words, want := range map[string]string{
		"": "123", "event:contact.*": "12", "event=deal.created": "3", "provider:zyntro": "2", "status:5xx": "2", "status:401": "3", "status:200": "1",
		"invalid": "3", "zoë": "1", "x-trace": "1", "abc": "1", "EV-2": "2", "contact ev-1": "1", "event:contact.* invalid": "", "nothing:like:this": "",
	} {
		match, err := Filter(words)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for i, d := range all {
			if match(d) {
				got += string(rune('1' + i))
			}
		}
		if got != want {
			t.Errorf("%q finds %q, not %q", words, got, want)
		}
	}
	for _, words := range []string{"event:", "event:[", "status:nonsense", "status:"} {
		if _, err := Filter(words); err == nil || !strings.Contains(err.Error(), "is not") {
			t.Errorf("%q: %v", words, err)
		}
	}
}
