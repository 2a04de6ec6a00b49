package provider

import (
	"slices"
	"strings"
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
	long := strings.Repeat("x", 100-len("deal.created")) + "deal.created"
	short := &Driver{Catalogue: []EventType{{Slug: "sms.in"}, {Slug: "sms.out"}}}
	for _, tc := range []struct {
		d    *Driver
		word string
		near []string
	}{
		{d, "contact.", []string{"contact.created", "contact.updated"}}, // what it begins
		{d, "created", []string{"contact.created", "deal.created"}},     // what contains it
		{d, "Deal.Created.v2", []string{"deal.created"}},                // what it contains
		{d, "contact.updatd", []string{"contact.updated", "contact.created"}},
		{d, long, []string{"deal.created"}},
		{d, "x" + long, nil},
		{short, "abc.in", []string{"sms.in"}}, // three edits at most, in a short word
		{short, "abcdin", nil},
		{short, "sms.oux", []string{"sms.out", "sms.in"}}, // the likelier one first
	} {
		bad := tc.d.ExpandEvents([]string{tc.word}, false).Bad
		if len(bad) != 1 || !slices.Equal(bad[0].Near, tc.near) {
			t.Errorf("%q: %+v", tc.word, bad)
		}
	}
	for _, tc := range []struct {
		bad  BadEvent
		want string
	}{
		{BadEvent{Word: "x", Near: []string{"a", "b"}}, `"x" is not a known event: did you mean a, b?`},
		{BadEvent{Word: "x"}, `no known event matches "x"`},
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
