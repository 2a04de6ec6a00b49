package provider

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExpandEvents(t *testing.T) {
	t.Parallel()
	d := &Driver{Catalogue: []EventType{{Slug: "contact.created"}, {Slug: "contact.updated"}, {Slug: "deal.created"}}}
	for name, tc := range map[string]struct {
		words   []string
		unknown bool
		want    Expansion
	}{
		"nothing": {nil, false, Expansion{}},
		"plain":   {[]string{"deal.created", "contact.created,deal.created"}, false, Expansion{Slugs: []string{"deal.created", "contact.created"}}},
		"patterns": {[]string{"contact.*", "all", "contact.*"}, false, Expansion{
			Slugs: []string{"contact.created", "contact.updated", "deal.created"},
			Shown: []string{"contact.* = contact.created, contact.updated", "all = contact.created, contact.updated, deal.created"},
		}},
		"unknown":         {[]string{"created.contact"}, false, Expansion{Bad: []BadEvent{{Word: "created.contact", Near: []string{"contact.created"}}}}},
		"unknown, wanted": {[]string{"Brand New"}, true, Expansion{Slugs: []string{"Brand New"}}},
		"nothing matches": {[]string{"zzzzzzzzzzzzzzzzz*"}, true, Expansion{Bad: []BadEvent{{Word: "zzzzzzzzzzzzzzzzz*"}}}},
		"not a pattern":   {[]string{"["}, true, Expansion{Bad: []BadEvent{{Word: "[", Why: `"[" is not a valid pattern`}}}},
		"empty":           {[]string{"a,"}, true, Expansion{Slugs: []string{"a"}, Bad: []BadEvent{{Word: "a,", Why: `an empty event in "a,"`}}}},
	} {
		if diff := cmp.Diff(tc.want, d.ExpandEvents(tc.words, tc.unknown)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
	for _, tc := range []struct {
		bad  BadEvent
		want string
	}{
		{BadEvent{Word: "x", Near: []string{"a", "b"}}, `"x" is not a known event: did you mean a, b?`},
		{BadEvent{Word: "x"}, `"x" matches no known event`},
		{BadEvent{Word: "x", Why: "why"}, "why"},
	} {
		if got := tc.bad.String(); got != tc.want {
			t.Errorf("%s, want %s", got, tc.want)
		}
	}
	if !d.KnowsEvent("deal.created") || d.KnowsEvent("deal.*") {
		t.Error("KnowsEvent")
	}
}
