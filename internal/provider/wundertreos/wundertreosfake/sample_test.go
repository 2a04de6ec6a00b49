package wundertreosfake_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
	fake "github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosfake"
)

// columns are those that the reference lists for each kind of row.
var columns = map[string]string{
	"contact": `id org_id first_name last_name email phone company company_id job_title industry address_line1 address_line2 city state
		zip country tags status stage source score notes linkedin_url enriched_at enrichment_status email_subscribed created_at updated_at created_by`,
	"deal": `id org_id contact_id company_id pipeline_id stage_id title value currency expected_close_date assigned_to notes won_at lost_at
		lost_reason created_at updated_at created_by`,
	"activity": "id org_id contact_id activity_type description metadata performed_by created_at",
}

func TestSamples(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 17, 16, 30, 1, 0, time.FixedZone("", 7200))
	for event, resource := range map[string]string{
		"contact.created": "contact", "contact.updated": "contact", "contact.tag_added": "contact", "contact.enriched": "contact",
		"contact.note_added": "activity", "deal.created": "deal", "deal.updated": "deal",
		"deal.won": "deal", "thing.made": "contact",
	} {
		body, documented := fake.Sample(event, provider.SampleOptions{Now: now, OrgID: "org", Seed: 3})
		if documented != (event != "deal.won" && event != "thing.made") {
			t.Errorf("%s: documented is %t", event, documented)
		}
		var got struct {
			ID          string
			EventType   string `json:"event_type"`
			OrgID       string `json:"org_id"`
			DeliveredAt string `json:"delivered_at"`
			Data        map[string]json.RawMessage
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if got.EventType != event || got.OrgID != "org" || got.DeliveredAt != "2026-05-17T14:30:01.000Z" || got.ID == "" ||
			string(got.Data["occurred_at"]) != `"2026-05-17T14:30:00.000Z"` || string(got.Data["event_type"]) != `"`+event+`"` {
			t.Errorf("%s: %s", event, body)
		}
		var row map[string]any
		if err := json.Unmarshal(got.Data[resource], &row); err != nil {
			t.Fatalf("%s: %v in %s", event, err, body)
		}
		want := strings.Fields(columns[resource])
		slices.Sort(want)
		if have := slices.Sorted(maps.Keys(row)); !slices.Equal(have, want) {
			t.Errorf("%s: columns %q, want %q", event, have, want)
		}
		if id := string(got.Data["id"]); id != `"`+row["id"].(string)+`"` || id == `"`+got.ID+`"` || len(got.Data) != 5 {
			t.Errorf("%s: data %s", event, body)
		}
		again, _ := fake.Sample(event, provider.SampleOptions{Now: now, OrgID: "org", Seed: 3})
		other, _ := fake.Sample(event, provider.SampleOptions{Now: now})
		fresh, _ := fake.Sample(event, provider.SampleOptions{Now: now})
		if !bytes.Equal(body, again) || bytes.Equal(other, fresh) || !json.Valid(other) {
			t.Errorf("%s: seeds", event)
		}
	}
}
