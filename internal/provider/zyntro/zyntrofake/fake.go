// Package zyntrofake is Zyntro's webhook API in memory, for tests and for the
// sandbox. It is written from the reference, in raw JSON, and shares nothing
// with the client: a wrong member name on either side fails a test.
//
// What Zyntro does not document is assumed, and marked so where it is decided:
// the order of checks, the wording of some errors, the answer to an update, the
// help document, how a delivery is signed and authenticated.
package zyntrofake

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// ErrorShape is how an error is written. Both are documented, for different
// endpoints.
type ErrorShape int

// The shapes.
const (
	ErrorMessage ErrorShape = iota // {"status":"error","message":"..."}, with a hint where there is one
	ErrorList                      // {"status":"error","data":["..."]}
)

// Never is how the members wh_last_* of a webhook say that nothing was
// delivered yet.
type Never int

// The ways.
const (
	NeverNull Never = iota
	NeverEmpty
	NeverAbsent
)

// Options configure a Fake.
type Options struct {
	// Now is the clock of created, updated and delivered webhooks; nil stands still.
	Now func() time.Time
	// Seed makes ids and secrets repeatable; 0 makes them random.
	Seed int64
	// Deliver sends events; nil sends none. Its redirects are not followed.
	Deliver provider.Deliverer

	ErrorShape     ErrorShape
	Never          Never
	NumbersAsTexts bool // answers say "30" for 30
}

// Account is a user of the API.
type Account struct {
	APIKey          string
	DeveloperSecret string   // what the v2 paths demand
	Orgs            []string // whose webhooks the key may manage
	Inactive        bool
}

// Fake is the API. Safe for concurrent use.
type Fake struct {
	o       Options
	account Account // the one that always exists

	mu         sync.Mutex
	random     random
	accounts   []Account
	webhooks   []*webhook // of all organisations, oldest first
	injections []Injection
	requests   []Request
}

// webhook is one row of the API's table.
type webhook struct {
	id, org, secret           string
	name, endpoint, status    string
	events                    []string
	timeout                   int
	authType                  string
	authData                  map[string]string
	created, updated          string
	lastStatus, lastTriggered string // "" before the first delivery
	failures                  int
}

// Request is a request that the fake received, credentials included.
type Request struct {
	Action string
	Path   string
	Body   []byte
	Status int // as answered; 0 where the connection was reset
}

// New makes a fake with one account of one organisation.
func New(o Options) *Fake {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	}
	f := &Fake{o: o, random: newRandom(o.Seed)}
	f.account = Account{
		APIKey:          "zyk_sandbox_" + f.random.hex(32),
		DeveloperSecret: "zdk_sandbox_" + f.random.hex(32),
		Orgs:            []string{f.random.id()},
	}
	f.accounts = []Account{f.account}
	return f
}

// Credentials are those of the first account.
func (f *Fake) Credentials() map[string]secret.Value {
	return map[string]secret.Value{"api_key": secret.New(f.APIKey()), "org_id": secret.New(f.OrgID())}
}

// BasePath is empty: the path prefix is a setting of its own.
func (f *Fake) BasePath() string { return "" }

// APIKey is the key of the first account.
func (f *Fake) APIKey() string { return f.account.APIKey }

// OrgID is the organisation of the first account.
func (f *Fake) OrgID() string { return f.account.Orgs[0] }

// DeveloperSecret is what the v2 paths demand of the first account.
func (f *Fake) DeveloperSecret() string { return f.account.DeveloperSecret }

// AddAccount adds another account, or replaces the one of the same key.
func (f *Fake) AddAccount(a Account) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accounts = slices.DeleteFunc(f.accounts, func(b Account) bool { return b.APIKey == a.APIKey })
	f.accounts = append(f.accounts, a)
}

// Webhooks is how many webhooks there are that are not disabled.
func (f *Fake) Webhooks() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, w := range f.webhooks {
		if w.status != "disabled" {
			n++
		}
	}
	return n
}

// Secret is the signing secret of a webhook, which the API says only once;
// "" where there is no such webhook.
func (f *Fake) Secret(id string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.webhooks {
		if w.id == id {
			return w.secret
		}
	}
	return ""
}

// Requests are the requests so far, in the order of their answers.
func (f *Fake) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

func (f *Fake) log(r Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r)
}

// stamp is the API's form of a time, which names no zone.
func (f *Fake) stamp() string { return f.o.Now().UTC().Format(time.DateTime) }

// number is how n is written in answers.
func (f *Fake) number(n int) any {
	if f.o.NumbersAsTexts {
		return fmt.Sprint(n)
	}
	return n
}

// last is how a wh_last_* member is written; its absence is the second result.
func (f *Fake) last(text string) (any, bool) {
	switch {
	case text != "":
		return text, true
	case f.o.Never == NeverAbsent:
		return nil, false
	case f.o.Never == NeverEmpty:
		return "", true
	default:
		return nil, true
	}
}

// object is a JSON object on its way out.
type object map[string]any
