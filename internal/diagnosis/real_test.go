package diagnosis_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/diagnosis"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/secret"
)

var now = time.Date(2026, 5, 17, 14, 30, 1, 0, time.UTC)

const realKey = "8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7c8d9e0f1a2b"

// realExplainer knows the providers that there are, and one secret of each.
func realExplainer() *diagnosis.Explainer {
	e := &diagnosis.Explainer{}
	for _, d := range all.Drivers() {
		p := diagnosis.Provider{Name: d.Name, Scheme: d.Scheme, Envelope: d.Envelope, SecretDigits: d.SecretDigits, Shapes: d.Shapes, Sample: func(event string) []byte {
			body, _ := d.Sample(event, provider.SampleOptions{Seed: 1})
			return body
		}}
		for _, event := range d.Catalogue {
			p.Events = append(p.Events, event.Slug)
		}
		e.Providers = append(e.Providers, p)
		e.Candidates = append(e.Candidates, diagnosis.Candidate{Provider: d.Name, ID: "w", Secret: secret.New(realKey)})
	}
	return e
}

// BenchmarkExplain is the usual event of a provider after the usual mishaps. Nothing
// explains that it was tampered with: everything is tried.
func BenchmarkExplain(b *testing.B) {
	e := realExplainer()
	body, _ := all.Drivers()[1].Sample("contact.updated", provider.SampleOptions{Now: now, Seed: 7})
	signed, err := e.Providers[1].Scheme.Sign(secret.New(realKey), "", body)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, from, to string }{
		{"spaces", `,"`, `, "`}, {"times", ".000Z", "Z"}, {"half", string(body[len(body)/2:]), ""}, {"tampered", `"score":42`, `"score":43`},
	} {
		b.Run(c.name, func(b *testing.B) {
			captured := bytes.ReplaceAll(body, []byte(c.from), []byte(c.to))
			r := &capture.Request{Body: captured, Header: capture.Header{{Name: "X-Wunder-Signature", Value: signed}}}
			for b.Loop() {
				e.Explain(b.Context(), r, []int{1})
			}
		})
	}
}

// What many forms of a body are made of is made once: a diagnosis that tries
// everything takes no new room for each form that it tries.
func TestFormsShareWhatTheyAreMadeOf(t *testing.T) {
	e := realExplainer()
	body, _ := all.Drivers()[1].Sample("contact.updated", provider.SampleOptions{Now: now, Seed: 7})
	r := &capture.Request{Body: body, Header: capture.Header{{Name: "X-Wunder-Signature", Value: "sha256=" + strings.Repeat("ab", 32)}}}
	const most = 8000 // 10,900 where each form had its own
	if n := testing.AllocsPerRun(3, func() { e.Explain(t.Context(), r, []int{1}) }); n > most {
		t.Errorf("%v allocations", n)
	}
}

// deliveries are bodies as the providers are documented to send them: the documented
// ones, and one of each event whose data is documented.
func deliveries() map[int][]string {
	found := map[int][]string{
		0: {`{"event_id":"evt_abc123","event_type":"trigger.captured","api_version":"2026-03-30","created_at":"2026-03-30T10:22:00Z","org_id":"org_xxx","data":{"charge_id":"sc_xxx","revenue_id":"rev_xxx","invoice_id":"inv_xxx","billing_customer_id":"bc_xxx","billable_item_id":"bi_xxx","trigger_subscription_id":"ts_xxx","amount":200.00,"currency":"USD","gateway":"stripe","gateway_ref":"pi_xxx","capture_mode":"off_session","captured_at":"2026-03-30T10:22:00Z"}}`,
			`{"event_id":"evt_abc124","event_type":"trigger.captured","api_version":"2026-03-30","created_at":"2026-03-30T10:22:00Z","org_id":"org_xxx","data":{"charge_id":"sc_xxx","revenue_id":"rev_xxx","invoice_id":"inv_xxx","billing_customer_id":"bc_xxx","amount":200.00,"gateway":"stripe","gateway_ref":"pi_xxx","capture_mode":"off_session"}}`},
		1: {`{"id":"ev1a2b3c-4d5e-6f7a-8b9c-0d1e2f3a4b5c","event_type":"contact.tag_added","org_id":"a1b2c3d4-1111-2222-3333-444455556666","data":{"id":"c8b1f3a0-4d2e-4f9a-9b1c-2d4e5f6a7b8c","org_id":"a1b2c3d4-1111-2222-3333-444455556666","event_type":"contact.tag_added","contact":{"id":"c8b1f3a0-4d2e-4f9a-9b1c-2d4e5f6a7b8c","org_id":"a1b2c3d4-1111-2222-3333-444455556666","first_name":"Jane","last_name":"Doe","email":"jane@example.com","tags":["lead","vip"],"status":"active","created_at":"2026-05-10T09:12:00Z","updated_at":"2026-05-17T14:30:00Z"},"occurred_at":"2026-05-17T14:30:00.000Z"},"delivered_at":"2026-05-17T14:30:01.000Z"}`},
	}
	for i, d := range all.Drivers() {
		for _, event := range d.Catalogue {
			if d.Shapes(event.Slug) != nil {
				body, _ := d.Sample(event.Slug, provider.SampleOptions{Now: now, Seed: int64(len(found[i]))})
				found[i] = append(found[i], string(body))
			}
		}
	}
	return found
}

// judged is the causes that are said of a body that was captured of what was signed.
func judged(t *testing.T, e *diagnosis.Explainer, p int, signed, captured, key string) []string {
	t.Helper()
	value, err := e.Providers[p].Scheme.Sign(secret.New(key), "", []byte(signed))
	if err != nil {
		t.Fatal(err)
	}
	header := capture.Header{{Name: e.Providers[p].Scheme.Headers[0], Value: value}}
	_, found := e.Explain(t.Context(), &capture.Request{Body: []byte(captured), Header: header}, []int{p})
	var causes []string
	for _, f := range found {
		causes = append(causes, f.Cause)
	}
	return causes
}

// reread is a body as a program has it that parsed it.
func reread(t *testing.T, body string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber()
	var root any
	if err := dec.Decode(&root); err != nil {
		t.Fatal(err)
	}
	return root
}

// rewritten is what a program writes of a value; n chooses the layout.
func rewritten(t *testing.T, v any, n int) string {
	t.Helper()
	text, err := json.Marshal(v)
	if n%2 == 0 {
		text, err = json.MarshalIndent(v, "", "  ")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// walkMembers calls f with every member of the objects in v, the innermost first.
func walkMembers(path string, v any, f func(path string, of map[string]any, name string)) {
	o, _ := v.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(o)) {
		walkMembers(path+"/"+name, o[name], f)
		f(path+"/"+name, o, name)
	}
}

// A body that lacks a member, or of which a value was hidden, is named as such,
// whoever wrote it again.
func TestEditedBodies(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	e := realExplainer()
	hiding := []any{"***", "[REDACTED]", "[Filtered]", "<hidden>", "xxxx", "REDACTED", "(removed)", "******", "[Object]"}
	n := 0
	for p, bodies := range deliveries() {
		for _, signed := range bodies {
			root := reread(t, signed)
			check := func(what string, v any) {
				t.Helper()
				n++
				if causes := judged(t, e, p, signed, rewritten(t, v, n), realKey); !slices.Contains(causes, "edited-body") {
					t.Errorf("%s: %q: %.300s", what, causes, signed)
				}
			}
			walkMembers("", root, func(path string, of map[string]any, name string) {
				was := of[name]
				delete(of, name)
				check(path+" deleted", root)
				if was != nil {
					of[name] = hiding[n%len(hiding)]
					check(fmt.Sprintf("%s is %v", path, of[name]), root)
				}
				of[name] = was
			})
			data := root.(map[string]any)["data"].(map[string]any)
			check("the data alone", data)
			for _, name := range []string{"contact", "deal", "activity"} {
				if row, there := data[name]; there {
					check("the "+name+" alone", row)
				}
			}
			gone := 0
			walkMembers("", root, func(_ string, of map[string]any, name string) {
				if of[name] == nil {
					delete(of, name)
					gone++
				}
			})
			if gone > 0 {
				check("without nulls", root)
			}
		}
	}
	if n < 500 {
		t.Errorf("only %d edits", n)
	}
}

// What is never null in the documented deliveries and is in a capture was hidden.
func TestHiddenByNull(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	e := realExplainer()
	for p, bodies := range deliveries() {
		signed := bodies[0] // documented in full
		root := reread(t, signed)
		walkMembers("", root, func(path string, of map[string]any, name string) {
			was := of[name]
			of[name] = nil
			if causes := judged(t, e, p, signed, rewritten(t, root, len(path)), realKey); !slices.Contains(causes, "edited-body") {
				t.Errorf("%s: %q: %.300s", path, causes, signed)
			}
			of[name] = was
		})
	}
}

// A body that is whole is never called edited, whatever else is wrong.
func TestWholeBodiesAreNotEdited(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	e := realExplainer()
	whole := deliveries()
	for i, d := range all.Drivers() {
		for seed, event := range d.Catalogue {
			body, _ := d.Sample(event.Slug, provider.SampleOptions{Now: now, Seed: int64(seed + 1)})
			whole[i] = append(whole[i], string(body))
		}
	}
	whole[0] = append(whole[0],
		`{"event_id":"evt_1","event_type":"new_contact","api_version":"2026-03-30","created_at":"2026-03-30T10:22:00Z","org_id":"o","data":{"contact_id":"c","first_name":"Jane","last_name":"Doe","email":"jane@example.com","status":"removed","kind":"object"}}`,
		`{"event_id":"evt_1","event_type":"sms_sent","api_version":"2026-03-30","created_at":"2026-03-30T10:22:00Z","org_id":"o","data":{"contact_id":"c","sms_id":"s","from":"+1","to":"+2","text":"Hi","cost":0.01,"sent_at":"2026-03-30T10:22:00Z"}}`)
	whole[1] = append(whole[1],
		`{"id":"7b0c9a52-3f7e-4c1b-9a55-6d0f2f7b1e01","event_type":"contact.created","org_id":"o","data":{"id":"0f5d8f5e-6b61-4a6e-8a0e-2f0f5a6f9c11","org_id":"o","event_type":"contact.created","contact":{"id":"0f5d8f5e-6b61-4a6e-8a0e-2f0f5a6f9c11","first_name":"Zoë","tags":["VIP ☕"]},"occurred_at":"2026-05-17T14:30:00.000Z"},"delivered_at":"2026-05-17T14:30:01.000Z"}`,
		`{"hello":"world"}`, `{"id":1,"email":"a@example.com","name":"x"}`, `{"action":"opened","number":1,"repository":{"id":1},"sender":{"login":"x"}}`, `[]`, `{}`, `[{"id":1}]`)
	for p, bodies := range whole {
		for _, body := range bodies {
			if causes := judged(t, e, p, body, body, "another secret"); len(causes) == 0 || slices.Contains(causes, "edited-body") {
				t.Errorf("%q: %.300s", causes, body)
			}
		}
	}
}
