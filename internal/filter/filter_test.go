package filter

import (
	"errors"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
)

var deliveries = []Delivery{
	{Provider: "wundertreos", EventType: "contact.created", EventID: "ev-1", Status: 200, Valid: true, Texts: texts("POST", "zoë")},
	{Provider: "zyntro", EventType: "new_note", EventID: "a/b", Status: 503, Valid: true, Body: []byte("other"), Texts: texts("http://x/")},
	{EventID: "[1]", Status: 401, Invalid: true, Body: []byte("\xff")},
	{Provider: "zyntro", EventType: "new_contact", Body: []byte("post")}, // not verified, and not answered
}

func texts(list ...string) func() []string { return func() []string { return list } }

var all = Options{Provider: func(name string) (string, error) {
	if name == "z" || name == "zyntro" {
		return "zyntro", nil
	}
	return "", errors.New("unknown provider")
}}

func TestFilter(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"": "1234", "  ": "1234",
		"event=contact.*": "1", "event:contact.*": "1", "event=*": "124", "event=new_?ote": "2", "event=contact.created,new_note": "12",
		"event=contact.* event=new_*": "124", "event=CONTACT.*": "",
		"provider=z": "24", "provider:zyntro event=new_note": "2",
		"id=ev-1": "1", "id=ev-*": "1", "id=[1]": "3", "id=a/b": "2", "id=a/*": "2", "id=*b": "2", "id=a?b": "2", "id=*": "123",
		"status=5xx": "2", "status=5XX": "2", "status:401": "3", "status=2xx,401": "13", "status=200 status=503": "12", "zoë": "1", "post event=new_contact": "4", "x/ provider=z": "2",
		"valid": "12", "invalid": "3", "valid invalid": "123", "invalid provider=zyntro": "",
		"text=zoë": "1", "text=ZOË": "1", "text=post": "14", "text=post text=zoë": "1", "text=a,b": "", "text=http://x/": "2", "text=EV-1": "1", "text=new_": "24", "text=postzoë": "",
	} {
		f, err := Parse(words, all)
		if err != nil {
			t.Errorf("%q: %v", words, err)
			continue
		}
		got := ""
		for i, d := range deliveries {
			if f.Match(d) {
				got += string(rune('1' + i))
			}
		}
		if got != want {
			t.Errorf("%q lets %q through, not %q", words, got, want)
		}
		if f.Empty() != (strings.TrimSpace(words) == "") || f.Texts() != (strings.Contains(words, "text") || strings.Contains(words, "zoë") || strings.Contains(words, "post") || strings.Contains(words, "x/")) {
			t.Errorf("%q: %+v", words, f)
		}
	}
}

func TestFilterRefuses(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"event=": "no value", "event=[": "not a valid pattern", "event=a,": "not a valid pattern", "id:": "no value", "id=[": "not a valid pattern",
		"status=": "no value", "status=nonsense": "not a status", "status=6xx": "not a status", "status=xx": "not a status", "status=20": "not a status", "status=-1xx": "not a status", "status=+5xx": "not a status", "status=05xx": "not a status", "status=+500": "not a status", "status=0500": "not a status", "status=1000": "not a status",
		"provider=stripe": "unknown provider", "text=": "no value",
		"colour=red": "not a filter", "event": "not a filter", "valid=1": "not a filter", "=": "not a filter", "invald": "not a filter",
	} {
		if _, err := Parse("event=a "+words, all); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", words, err)
		}
	}
	_, err := Parse("invald", all)
	if hint := fault.HintOf(err).String(); !strings.HasPrefix(hint, "did you mean: invalid\n") || !strings.Contains(hint, "event=, provider=, id=, status=, text=, valid, invalid") {
		t.Errorf("%q", hint)
	}
}

// TestSearch: in a search box, what is no word of a filter is a text.
func TestSearch(t *testing.T) {
	t.Parallel()
	o := all
	o.Search = true
	for words, want := range map[string]string{"zoë": "1", "Post Zoë": "1", "nothing:like:this": "", "http://x/": "2", "event": "", "post provider=z": "4"} {
		f, err := Parse(words, o)
		got := ""
		for i, d := range deliveries {
			if f.Match(d) {
				got += string(rune('1' + i))
			}
		}
		if err != nil || got != want {
			t.Errorf("%q: %q, %v", words, got, err)
		}
	}
	for _, words := range []string{"event:", "event:[", "status:x", "provider:x"} {
		if _, err := Parse(words, o); err == nil {
			t.Errorf("%q is taken", words)
		}
	}
}
