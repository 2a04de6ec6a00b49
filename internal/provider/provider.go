// Package provider says what a webhook provider is, in neutral words: the
// types, the interface, and the [Driver] that describes one as data.
//
// Nothing outside internal/provider gets a provider that is not in custody:
// [Raw] takes a key that no other package can make, and what package
// custody opens keeps a once-only secret before it returns.
package provider

import (
	"context"
	"net/http"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider/internal/raw"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// Status is a webhook's state in neutral words.
type Status string

// The states.
const (
	Active   Status = "active"
	Paused   Status = "paused"
	Disabled Status = "disabled"
)

// Webhook is what a provider says of one webhook. A nil pointer or slice means
// that the provider did not say.
type Webhook struct {
	ID             string
	Name           *string
	URL            *string
	Events         []string
	Status         *Status // nil too where the provider's word is none we know
	ProviderStatus *string // the provider's own word
	CreatedAt      *string // verbatim: Zyntro's have no time zone
	UpdatedAt      *string
	TimeoutSeconds *int
	AuthType       *string
	RetryCount     *int
	RetryDelay     *int
	Health         *Health // nil where the provider reports none
	Unreadable     string  // why this row of a list could not be read; ID may be empty then
}

// Is reports whether the provider says that this is the webhook's status.
func (w Webhook) Is(s Status) bool { return w.Status != nil && *w.Status == s }

// Text is a text that a provider may not have said: then it is empty.
func Text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// Health is what a provider says of a webhook's deliveries.
type Health struct {
	LastStatus    *string
	Failures      *int
	LastTriggered *string
}

// EventType is one entry of a provider's event catalogue.
type EventType struct {
	Slug        string
	Category    string
	Description string // "" where the provider documents none
}

// Spec is a webhook to be made.
type Spec struct {
	Name     string // Zyntro's wh_name, WundertreOS's description
	URL      string
	Events   []string
	Timeout  *int         // seconds; nil: not sent
	AuthType string       // ""; not sent
	AuthData secret.Value // a JSON object as text; zero: not sent
}

// Change is a partial update: only what is set is sent.
type Change struct {
	Name   *string
	URL    *string
	Events []string // replaces the whole list; nil: not sent
	// Edit makes Events anew where the webhook has others than it had, once no other
	// process of this store is at work on it. May be nil.
	Edit     func(now []string) ([]string, error)
	Timeout  *int
	AuthType *string
	AuthData secret.Value
	Status   *Status
}

// Empty reports whether the change changes nothing.
func (c Change) Empty() bool {
	return c.Name == nil && c.URL == nil && c.Events == nil && c.Timeout == nil && c.AuthType == nil && c.AuthData.IsZero() && c.Status == nil
}

// Identity is whose credentials these are, as far as the provider tells.
type Identity struct {
	Account string // an organisation's name or id, for people
	User    string // an email or user id; may be empty
}

// Provider is what a driver's open function makes. Every method is mandatory;
// one that the API cannot do returns an error that wraps
// errors.ErrUnsupported, with kind fault.Refused and a hint. Errors have
// kinds; see package custody for those of Create.
type Provider interface {
	// Create sends exactly one request through Access.HTTP and returns the new
	// webhook with its secret. It is called by custody only.
	Create(ctx context.Context, s Spec) (Webhook, secret.Value, error)
	List(ctx context.Context) ([]Webhook, error)
	// Get returns an error of code "not-found" where there is no such webhook.
	Get(ctx context.Context, id string) (Webhook, error)
	Update(ctx context.Context, id string, c Change) (Webhook, error)
	// Delete removes the webhook, or does the nearest thing the API can
	// ([Driver.Deletes] says which).
	Delete(ctx context.Context, id string) error
	// Help returns the provider's live documentation, as it came.
	Help(ctx context.Context) ([]byte, error)
	// LiveEvents returns the slugs that the live documentation seems to name.
	LiveEvents(ctx context.Context) ([]string, error)
	WhoAmI(ctx context.Context) (Identity, error)
}

// Access is how a provider reaches its API.
type Access struct {
	BaseURL     string
	PathPrefix  string                  // "" where the provider has none
	Credentials map[string]secret.Value // by Field.Name; those not set are absent
	HTTP        *httpx.Client
	Now         func() time.Time
}

// Field is one credential field of a provider.
type Field struct {
	Name     string   // "api_key"
	Env      []string // environment names, the preferred one first
	Label    string   // the question that login asks
	Secret   bool     // asked for without echo, never shown
	Required bool     // see Driver.CheckCredentials for "one of"
	Account  bool     // another value may be another account's
}

// Option is a create flag that this provider knows beyond --name, --url and --event.
type Option string

// The options.
const (
	OptTimeout     Option = "timeout"     // --timeout SECONDS
	OptAuth        Option = "auth"        // --auth-type, --auth-data
	OptDescription Option = "description" // --description, another word for --name
)

// Driver describes a provider as data. Make one with [NewDriver].
type Driver struct {
	Name       string // "zyntro"
	Title      string // "Zyntro"
	Aliases    []string
	BaseURL    string // default
	PathPrefix string // default; "" where the provider has none

	Credentials []Field
	// CheckCredentials says what is missing or contradictory among the given
	// fields: an error of kind Auth (missing) or Usage (both of two set).
	CheckCredentials func(map[string]secret.Value) error

	CreateOptions []Option
	NameRequired  bool
	// AuthTypes are the values of --auth-type.
	AuthTypes []string
	// AuthMembers are the members of --auth-data, by type; a type without data
	// is not there.
	AuthMembers map[string][]string
	// Validate finds everything wrong with s that can be known locally, all at
	// once. Unknown events are not its business.
	Validate func(s Spec) []Violation

	Scheme    signature.Scheme
	Envelope  capture.Envelope
	Catalogue []EventType

	OfflineHelp func() string // the built-in summary, Markdown
	LiveHelp    bool          // the API answers {"help": true}
	Deletes     bool          // false: Delete disables
	Updates     bool          // the API can change a webhook in place
	// SecretMember and IDMember are the JSON members that hold the secret and the
	// id in the answer to a create, for recovery from a raw answer.
	SecretMember string
	IDMember     string
	// SecretDigits is how many lower-case hexadecimal digits the secret in the
	// documentation's sample has. It is a hint for people: no secret is refused for it.
	SecretDigits int

	NewSandbox func(SandboxOptions) Sandbox
	// Sample makes the body of a delivery of the event, as the provider first
	// sends it. The second result says whether the provider documents what is
	// in it; the rest of any other body is made up. It never fails: an event
	// that the provider does not have gets a plausible body too.
	Sample func(event string, o SampleOptions) (body []byte, documented bool)
	// Shapes are bodies of the event with the members that the provider documents:
	// all of them, null where one may be null, and the fewest. None, where it does
	// not document the event's data; nil: of no event are they known.
	Shapes func(event string) [][]byte

	// Retries is how the provider delivers again what was not answered with a 2xx.
	Retries Retries

	// Request makes a raw request with the credentials in their place, or an
	// error of kind Usage: for a path of another origin, and for whatever would
	// create a webhook ([CreateRefused]).
	Request func(Access, CallRequest) (httpx.Request, error)
	// Judge gives what came of a raw request its error: that of the transport,
	// or the refusal that the answer is; nil for a success.
	Judge func(a Access, answer *httpx.Response, err error) error
	// Probe is a raw request that changes nothing and needs the credentials.
	Probe CallRequest
	// ProbeLeaves is what a Probe that succeeded does not tell of the
	// credentials, for people; "" where it tells all.
	ProbeLeaves string
	// Scoped says that WhoAmI accepts credentials that Probe may not: they have
	// scopes.
	Scoped bool

	open func(Access) Provider
}

// Retries is how a provider repeats a delivery.
type Retries struct {
	// Waits are what passes before each attempt, the first included.
	Waits []time.Duration
	// Renewed says that each attempt states its own time in the body, and so is
	// signed anew; else the bytes are the same.
	Renewed bool
	// Assumed is what of that the provider does not document, for people.
	Assumed string
}

// Duration is how long all attempts take.
func (r Retries) Duration() (all time.Duration) {
	for _, wait := range r.Waits {
		all += wait
	}
	return all
}

// Raw opens d's provider at a, out of custody. Only packages below
// internal/provider have a key. It is no method: from the value of one the
// compiler would infer the key's type, and anybody could make its zero value.
func Raw[K raw.Opener](_ K, d *Driver, a Access) Provider { return d.open(a) }

// NewDriver returns d with its open function set. Adapters call it once.
func NewDriver(d Driver, open func(Access) Provider) *Driver {
	d.open = open
	return &d
}

// Violation is one thing wrong with a Spec.
type Violation struct {
	Field   string // "name", "url", "events", "timeout", "auth-type", "auth-data": the flag without dashes
	Message string
}

// SampleOptions are what a sample body says.
type SampleOptions struct {
	Now   time.Time
	OrgID string // "": a made-up one
	Seed  int64  // of the ids in it; 0: random, so that no two samples are one event
}

// SandboxOptions configure a fake API.
type SandboxOptions struct {
	Now  func() time.Time
	Seed int64 // of ids and secrets that must differ between sandboxes; 0: random
	// Deliver sends signed events to the webhooks' URLs; nil: none are sent.
	Deliver Deliverer
}

// Deliverer makes an attempt, within so much time, and returns it with what came of
// it.
type Deliverer func(ctx context.Context, timeout time.Duration, a Attempt) Attempt

// Sandbox is a provider's API in memory.
type Sandbox interface {
	http.Handler
	// Credentials that the fake accepts, by Field.Name.
	Credentials() map[string]secret.Value
	// BasePath is what follows the origin in the base URL ("/functions/v1", or "").
	BasePath() string
	// Prepare makes one sample event of the type, and a delivery of it for
	// every active webhook that asked for it; an event may bring another one
	// with it. edit, if not nil, changes each body before it is signed. An
	// unknown event is an error of kind Usage; what edit says is returned as it
	// is.
	Prepare(event string, edit func(body []byte) ([]byte, error)) ([]Delivery, error)
	// Wanted are the events that active webhooks ask for, each once, sorted.
	Wanted() []string
	// Webhooks is how many webhooks the fake holds that are not deleted or disabled.
	Webhooks() int
}

// Delivery is one event of a sandbox on its way to one webhook. It is not for
// concurrent use.
type Delivery struct {
	// Waits are what passes before each attempt, the first included: as many as
	// there are attempts.
	Waits []time.Duration
	// Signed is what Try would send now.
	Signed func() Attempt
	// Try makes the next attempt. False says that nothing was sent, since the
	// webhook takes no deliveries any more.
	Try func(ctx context.Context) (Attempt, bool)
}

// Attempt is one attempt of a sandbox to deliver an event.
type Attempt struct {
	WebhookID string
	EventID   string // EventID and EventType are what the body states; empty where an edit took them away
	EventType string
	URL       string
	Header    http.Header
	Body      []byte
	Status    int    // the receiver's answer; 0 if there was none
	Err       string // why there was none
}
