package provider

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/secret"
)

func TestSameURL(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"https://x.test", "https://x.test/"},
		{"https://x.test:8443", "https://x.test:8443/"},
		{"https://x.test?a=1", "https://x.test/?a=1"},
		{"https://x.test?to=https://y.test", "https://x.test/?to=https://y.test"},
		{"https://x.test#f", "https://x.test/#f"},
		{"https://x.test/a", "https://x.test/a"},
		{"not a URL", "not a URL"},
		{"", ""},
	} {
		if !SameURL(same[0], same[1]) || !SameURL(same[1], same[0]) || URLKey(URLKey(same[0])) != URLKey(same[1]) {
			t.Errorf("%q and %q are not the same", same[0], same[1])
		}
	}
	for _, other := range [][]string{
		{"https://x.test/a", "https://x.test/a/"},
		{"https://x.test/a?q", "https://x.test/a/?q"},
		{"https://x.test/", "https://x.test//"},
		{"https://x.test?a=1", "https://x.test/?a=1/"},
		{"https://x.test?a=1", "https://x.test?a=1/"},
		{"https://x.test", "http://x.test"},
		{"https://x.test", "https://X.test"},
		{"https://x.test/a", "https://x.test/A"},
		{"https://x.test/%61", "https://x.test/a"},
		{"not a URL", "not a URL/"},
		{"x.test", "x.test/"},
		{"", "/"},
	} {
		if SameURL(other[0], other[1]) || SameURL(other[1], other[0]) {
			t.Errorf("%q and %q are the same", other[0], other[1])
		}
	}
}

func TestSameEvents(t *testing.T) {
	t.Parallel()
	given := []string{"b", "a", "b"}
	for _, c := range []struct {
		other []string
		want  bool
	}{
		{[]string{"a", "b"}, true}, {[]string{"b", "a"}, true}, {[]string{"a", "a", "b"}, true},
		{[]string{"a"}, false}, {[]string{"a", "B"}, false}, {[]string{"a", "b", "c"}, false}, {nil, false},
	} {
		if SameEvents(given, c.other) != c.want || SameEvents(c.other, given) != c.want {
			t.Errorf("%q", c.other)
		}
	}
	if !slices.Equal(given, []string{"b", "a", "b"}) || !SameEvents(nil, []string{}) {
		t.Error("a list was sorted in place, or nothing is not nothing")
	}
}

func TestUpdateThatDoesNotTake(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	thirty, more, paused, active := 30, 31, Paused, Active
	got := Webhook{Name: text("n"), URL: text("https://a.test/"), Events: []string{"a"}, TimeoutSeconds: &thirty, AuthType: text("none"), Status: &active}
	for want, ch := range map[string]Change{
		"":                   {Name: text("n"), URL: text("https://a.test"), Events: []string{"a", "a"}, Timeout: &thirty, AuthType: text("none")},
		"the name":           {Name: text("m")},
		"the URL":            {URL: text("https://b.test/")},
		"the events":         {Events: []string{"b"}},
		"the timeout":        {Timeout: &more},
		"the authentication": {AuthType: text("bearer")},
		"the status":         {Status: &paused},
		"the name, the URL":  {Name: text("m"), URL: text("https://a.test/a"), Status: &active},
	} {
		if s := strings.Join(ch.Missed(got), ", "); s != want {
			t.Errorf("%q, want %q", s, want)
		}
	}
	if s := (Change{Name: text("m"), Events: []string{"x"}}).Missed(Webhook{}); len(s) > 0 {
		t.Errorf("what is not told is missed: %q", s)
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	seconds := 5
	before := Webhook{ID: "i", Name: text("n"), URL: text("u"), Events: []string{"a", "b"}}
	for name, c := range map[string]struct {
		now  func(w *Webhook)
		want []string
	}{
		"nothing":           {func(*Webhook) {}, nil},
		"the same, again":   {func(w *Webhook) { w.Name, w.URL, w.Events = text("n"), text("u"), []string{"b", "a"} }, nil},
		"what is no matter": {func(w *Webhook) { w.UpdatedAt, w.RetryCount = text("now"), &seconds }, nil},
		"two":               {func(w *Webhook) { w.Name, w.Events = nil, []string{"a"} }, []string{"the name", "the events"}},
		"all": {func(w *Webhook) {
			paused := Paused
			*w = Webhook{Status: &paused, TimeoutSeconds: &seconds, AuthType: text("basic")}
		}, []string{"the name", "the URL", "the events", "the status", "the timeout", "the authentication"}},
		"unreadable": {func(w *Webhook) { w.Unreadable = "no object" }, []string{"it is unreadable"}},
	} {
		now := before
		c.now(&now)
		if diff := cmp.Diff(c.want, before.Changed(now)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestChangeEmpty(t *testing.T) {
	t.Parallel()
	text, seconds, status := "", 0, Paused
	if !(Change{}).Empty() {
		t.Error("nothing is a change")
	}
	for i, c := range []Change{
		{Name: &text}, {URL: &text}, {Events: []string{}}, {Timeout: &seconds}, {AuthType: &text}, {AuthData: secret.New("{}")}, {Status: &status},
	} {
		if c.Empty() {
			t.Errorf("the change %d is none", i)
		}
	}
}
