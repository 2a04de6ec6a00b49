package wundertreosfake

import (
	"fmt"
	"time"

	"github.com/hookctl/hookctl/internal/provider/fakekit"
)

// random makes ids, secrets and rows.
type random struct{ fakekit.Random }

// uuid is a version 4 UUID.
func (r random) uuid() string {
	b := r.Bytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// Rows as deliveries carry them: the columns that the REST endpoints are known
// to have, in their order. The provider's own rows may hold more.

type contactRow struct {
	ID               string   `json:"id"`
	OrgID            string   `json:"org_id"`
	FirstName        string   `json:"first_name"`
	LastName         string   `json:"last_name"`
	Email            string   `json:"email"`
	Phone            *string  `json:"phone"`
	Company          *string  `json:"company"`
	CompanyID        *string  `json:"company_id"`
	JobTitle         *string  `json:"job_title"`
	Industry         *string  `json:"industry"`
	AddressLine1     *string  `json:"address_line1"`
	AddressLine2     *string  `json:"address_line2"`
	City             *string  `json:"city"`
	State            *string  `json:"state"`
	Zip              *string  `json:"zip"`
	Country          *string  `json:"country"`
	Tags             []string `json:"tags"`
	Status           string   `json:"status"`
	Stage            *string  `json:"stage"`
	Source           *string  `json:"source"`
	Score            int      `json:"score"`
	Notes            *string  `json:"notes"`
	LinkedinURL      *string  `json:"linkedin_url"`
	EnrichedAt       *string  `json:"enriched_at"`
	EnrichmentStatus *string  `json:"enrichment_status"`
	EmailSubscribed  bool     `json:"email_subscribed"`
	CreatedAt        string   `json:"created_at"`
	UpdatedAt        string   `json:"updated_at"`
	CreatedBy        *string  `json:"created_by"`
}

// exampleRow is the contact of the documented delivery.
type exampleRow struct {
	ID        string   `json:"id"`
	OrgID     string   `json:"org_id"`
	FirstName string   `json:"first_name"`
	LastName  string   `json:"last_name"`
	Email     string   `json:"email"`
	Tags      []string `json:"tags"`
	Status    string   `json:"status"`
	CreatedAt string   `json:"created_at"`
	UpdatedAt string   `json:"updated_at"`
}

type dealRow struct {
	ID                string  `json:"id"`
	OrgID             string  `json:"org_id"`
	ContactID         string  `json:"contact_id"`
	CompanyID         *string `json:"company_id"`
	PipelineID        string  `json:"pipeline_id"`
	StageID           string  `json:"stage_id"`
	Title             string  `json:"title"`
	Value             float64 `json:"value"`
	Currency          string  `json:"currency"`
	ExpectedCloseDate *string `json:"expected_close_date"`
	AssignedTo        *string `json:"assigned_to"`
	Notes             *string `json:"notes"`
	WonAt             *string `json:"won_at"`
	LostAt            *string `json:"lost_at"`
	LostReason        *string `json:"lost_reason"`
	CreatedAt         string  `json:"created_at"`
	UpdatedAt         string  `json:"updated_at"`
	CreatedBy         *string `json:"created_by"`
}

type activityRow struct {
	ID           string            `json:"id"`
	OrgID        string            `json:"org_id"`
	ContactID    string            `json:"contact_id"`
	ActivityType string            `json:"activity_type"`
	Description  string            `json:"description"`
	Metadata     map[string]string `json:"metadata"`
	PerformedBy  *string           `json:"performed_by"`
	CreatedAt    string            `json:"created_at"`
}

// people are who the sample contacts are. One name is not ASCII, since that is
// what re-encoding receivers stumble over.
var people = []struct{ first, last, email, company, title string }{
	{"Jane", "Doe", "jane@example.com", "Acme Inc", "Head of Operations"},
	{"Zoë", "Müller", "zoe.mueller@example.com", "Café Zürich ☕", "Founder"},
	{"Rahul", "O'Neil", "rahul@example.com", "R&D <Labs>", "Engineer"},
}

func (r random) contact(org string, now time.Time) contactRow {
	p := people[int(r.Bytes(1)[0])%len(people)]
	return contactRow{
		ID:              r.uuid(),
		OrgID:           org,
		FirstName:       p.first,
		LastName:        p.last,
		Email:           p.email,
		Phone:           nullable("+1 555 0100"),
		Company:         nullable(p.company),
		JobTitle:        nullable(p.title),
		City:            nullable("Springfield"),
		Country:         nullable("US"),
		Tags:            []string{"lead"},
		Status:          "active",
		Source:          nullable("api"),
		Score:           42,
		EmailSubscribed: true,
		CreatedAt:       timestamp(now.Add(-7 * 24 * time.Hour)),
		UpdatedAt:       timestamp(now),
	}
}

func (r random) deal(org string, now time.Time) dealRow {
	return dealRow{
		ID:         r.uuid(),
		OrgID:      org,
		ContactID:  r.uuid(),
		PipelineID: r.uuid(),
		StageID:    r.uuid(),
		Title:      "Annual plan",
		Value:      1200.5,
		Currency:   "USD",
		CreatedAt:  timestamp(now.Add(-24 * time.Hour)),
		UpdatedAt:  timestamp(now),
	}
}

func (r random) note(org string, now time.Time) activityRow {
	return activityRow{
		ID:           r.uuid(),
		OrgID:        org,
		ContactID:    r.uuid(),
		ActivityType: "note",
		Description:  "Called, asked for an offer.",
		Metadata:     map[string]string{},
		CreatedAt:    timestamp(now),
	}
}
