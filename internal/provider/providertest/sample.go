package providertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
)

// sampleTests look at sample bodies, and at the deliveries that a sandbox
// makes of them.
var sampleTests = map[string]func(*testing.T, Harness){
	"samples":           testSamples,
	"samples delivered": testSamplesDelivered,
	"deliveries":        testDeliveries,
}

func testSamples(t *testing.T, h Harness) {
	d := h.Driver
	documented := 0
	for _, event := range append(slugs(d), "no.such.event") {
		o := provider.SampleOptions{Now: clock, OrgID: "org", Seed: 7}
		body, known := d.Sample(event, o)
		if known {
			documented++
		}
		var compacted bytes.Buffer
		if err := json.Compact(&compacted, body); err != nil || !bytes.Equal(compacted.Bytes(), body) {
			t.Errorf("%s: not compact JSON: %v: %s", event, err, body)
		}
		said := d.Envelope.Event(body)
		at, err := time.Parse(time.RFC3339, said.Time)
		if said.ID == "" || said.Type != event || err != nil || !at.Equal(clock) || !bytes.Contains(body, []byte(`"org"`)) {
			t.Errorf("%s: %+v in %s", event, said, body)
		}
		if again, _ := d.Sample(event, o); !bytes.Equal(again, body) {
			t.Errorf("%s: one seed, two samples", event)
		}
		o.Seed, o.OrgID = 0, ""
		first, _ := d.Sample(event, o)
		second, _ := d.Sample(event, o)
		if a, b := d.Envelope.Event(first).ID, d.Envelope.Event(second).ID; a == b || a == "" {
			t.Errorf("%s: the ids %q and %q are not fresh", event, a, b)
		}
	}
	if documented == 0 || documented > len(d.Catalogue) {
		t.Errorf("%d events are documented", documented)
	}
}

// testSamplesDelivered checks that what the sandbox sends is the sample: the
// same members, whatever is in them.
func testSamplesDelivered(t *testing.T, h Harness) {
	r := receive(t)
	f := start(t, h, r.Client())
	f.create(t, provider.Spec{Name: "all", URL: r.URL, Events: slugs(f.driver)})
	for _, event := range slugs(f.driver) {
		if _, err := Emit(t.Context(), f.sandbox, event); err != nil {
			t.Fatal(err)
		}
		got := r.take()
		body, _ := f.driver.Sample(event, provider.SampleOptions{Now: clock})
		if want, have := members(t, body), members(t, got[0].Body); !slices.Equal(want, have) {
			t.Errorf("%s: delivered %q, the sample has %q", event, have, want)
		}
	}
}

// members are the paths of all members of a document, sorted.
func members(t *testing.T, doc []byte) []string {
	t.Helper()
	var v any
	if err := json.Unmarshal(doc, &v); err != nil {
		t.Fatal(err)
	}
	var paths []string
	var walk func(string, any)
	walk = func(path string, v any) {
		if object, ok := v.(map[string]any); ok {
			for name, member := range object {
				paths = append(paths, path+"."+name)
				walk(path+"."+name, member)
			}
		}
	}
	walk("", v)
	slices.Sort(paths)
	return paths
}

func testDeliveries(t *testing.T, h Harness) {
	r := receive(t)
	f := start(t, h, r.Client())
	event := slugs(f.driver)[0]
	made, key := f.create(t, provider.Spec{Name: "x", URL: r.URL + "/failing", Events: []string{event}})
	if wanted := f.sandbox.Wanted(); !slices.Equal(wanted, []string{event}) {
		t.Errorf("wanted %q", wanted)
	}
	list, err := f.sandbox.Prepare(event, func(body []byte) ([]byte, error) {
		return append([]byte(" "), body...), nil
	})
	if err != nil || len(list) != 1 || len(r.take()) != 0 {
		t.Fatalf("%d deliveries, %v", len(list), err)
	}
	delivery := list[0]
	signed := delivery.Signed()
	if signed.WebhookID != made.ID || signed.URL != r.URL+"/failing" || signed.EventType != event || signed.EventID == "" {
		t.Errorf("%+v", signed)
	}
	if len(delivery.Waits) < 2 || delivery.Waits[0] != 0 || slices.Min(delivery.Waits[1:]) < time.Second {
		t.Errorf("waits %v", delivery.Waits)
	}
	for range 2 {
		a, sent := delivery.Try(t.Context())
		got := r.take()
		if !sent || a.Status != 500 || len(got) != 1 || got[0].Body[0] != ' ' || !bytes.Equal(got[0].Body, a.Body) {
			t.Fatalf("sent %t, %+v, %d deliveries", sent, a, len(got))
		}
		checkSigned(t, f.driver, key, signed.EventID, event, got[0])
	}
	if err := f.Delete(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if _, sent := delivery.Try(t.Context()); sent || len(r.take()) != 0 || len(f.sandbox.Wanted()) != 0 {
		t.Error("a deleted webhook gets deliveries")
	}
	f.create(t, provider.Spec{Name: "y", URL: r.URL, Events: []string{event}})
	reason := errors.New("because")
	if _, err := f.sandbox.Prepare(event, func([]byte) ([]byte, error) { return nil, reason }); !errors.Is(err, reason) {
		t.Errorf("an edit that fails: %v", err)
	}
	if _, err := f.sandbox.Prepare("no.such.event", nil); err == nil {
		t.Error("an event that does not exist was prepared")
	}
}
