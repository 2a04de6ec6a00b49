package view

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/verify"
)

// The report is read back with a parser, whatever a delivery says.
func TestJUnit(t *testing.T) {
	t.Parallel()
	evil := `<&"'>]]>` + "\x1b[2J\x00\n"
	results := []struct {
		r      verify.Result
		counts bool
	}{
		{verify.Result{Source: "a:1", Valid: true, Provider: "wundertreos", EventType: "deal.won", Reason: signature.OK}, true},
		{verify.Result{Source: "a:2" + evil, Reason: signature.Mismatch, Diagnosis: []verify.Finding{{Cause: "bom", Explanation: "It begins." + evil, Fix: "Do."}}}, true},
		{verify.Result{Source: "b", Reason: signature.Unreadable, Notes: []string{"torn"}}, true},
		{verify.Result{Source: "c", Reason: signature.TooOld, Notes: []string{"old"}}, false},
	}
	text := junitOpen("hookctl verify", counts{passed: 1, failed: 1, errored: 1, skipped: 1})
	if full := junitOpen("hookctl verify", counts{passed: 1e9, failed: 1e9, errored: 1e9, skipped: 1e9}); len(text) != junitOpenSize || len(full) != junitOpenSize {
		t.Fatalf("the beginning has %d bytes", len(text))
	}
	for _, c := range results {
		text = append(text, junitCase(verdictCase(&c.r, c.counts))...)
	}
	text = append(text, junitClose(nil, nil)...)
	type told struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	type read struct {
		Class   string `xml:"classname,attr"`
		Name    string `xml:"name,attr"`
		Failure *told  `xml:"failure"`
		Error   *told  `xml:"error"`
		Skipped *told  `xml:"skipped"`
	}
	var got struct {
		Suite struct {
			Tests    int    `xml:"tests,attr"`
			Failures int    `xml:"failures,attr"`
			Errors   int    `xml:"errors,attr"`
			Skipped  int    `xml:"skipped,attr"`
			Cases    []read `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	safe := "<&\"'>]]>\ufffd[2J\ufffd"
	want := []read{
		{Class: "hookctl.verify.wundertreos", Name: "a:1 deal.won"},
		{Class: "hookctl.verify", Name: "a:2" + safe, Failure: &told{"mismatch (bom)", "mismatch",
			"Verdict: INVALID\nDelivery: a:2" + safe + " \nReason: mismatch: no known secret produces this signature for this body\nCause: bom: It begins." + safe + " \nFix: Do.\nSee: " + causePage("bom")}},
		{Class: "hookctl.verify", Name: "b", Error: &told{"unreadable: torn", "unreadable", "Verdict: INVALID\nDelivery: b\nReason: unreadable: the delivery cannot be read\nNote: torn"}},
		{Class: "hookctl.verify", Name: "c", Skipped: &told{Message: "too-old: old"}},
	}
	if d := cmp.Diff(want, got.Suite.Cases); d != "" {
		t.Errorf("cases (-want +got):\n%s", d)
	}
	if s := got.Suite; s.Tests != 4 || s.Failures != 1 || s.Errors != 1 || s.Skipped != 1 {
		t.Errorf("%+v", s)
	}
}

func TestAnnotation(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]verify.Result{
		"::error file=captures/2.http,title=hookctl%3A mismatch (bom)::no known secret produces this signature for this body%0Abom: It begins. Do.": {
			Source: "captures/2.http", Reason: signature.Mismatch, Diagnosis: []verify.Finding{{Cause: "bom", Explanation: "It begins.", Fix: "Do."}}},
		"::error file=d.ndjson,line=17,title=hookctl%3A no-signature::the delivery has no signature in the expected header":   {Source: "d.ndjson:17", Reason: signature.NoSignature},
		"::error file=d.har,title=hookctl%3A unreadable%3A torn%2C 50%25::the delivery cannot be read%0Atorn, 50%25":          {Source: "d.har#3", Reason: signature.Unreadable, Notes: []string{"torn, 50%"}},
		"::error title=hookctl%3A no-signature::the delivery has no signature in the expected header":                         {Source: "-:2", Reason: signature.NoSignature},
		"::error file=a%2Cb%3A c %3A%3Ad,title=hookctl%3A no-signature::the delivery has no signature in the expected header": {Source: "a,b: c\n::d", Reason: signature.NoSignature},
	} {
		if got := annotation(&r, ""); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	// Whatever is in a delivery, it is one command on one line.
	r := verify.Result{Source: "x\r\n::set-output name=a::b", Reason: signature.Unreadable, Notes: []string{"\n::add-mask::x\r::stop-commands::y"}}
	if got := annotation(&r, ""); strings.ContainsAny(got, "\r\n") || strings.Count(got, "::error") != 1 {
		t.Errorf("%q", got)
	}
}
