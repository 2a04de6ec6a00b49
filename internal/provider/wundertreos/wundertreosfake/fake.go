// Package wundertreosfake is the WundertreOS webhook API in memory, for tests
// and for the sandbox. It writes and reads raw JSON by itself and shares no
// type with the client, so that a mistake in one is not repeated in the other.
//
// What the provider documents is done as documented. Where it is silent the
// fake assumes: duplicates and plain http targets are accepted, a malformed id
// is not found, a request with both kinds of credential is unauthorized.
package wundertreosfake

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/fakekit"
	"github.com/hookctl/hookctl/internal/secret"
)

// The scopes of the webhook endpoints. Read is checked first, for every
// request; write is needed in addition for create and delete.
const (
	ScopeRead  = "webhooks:read"
	ScopeWrite = "webhooks:write"
)

// Org is an organization. Everything but credentials belongs to exactly one.
type Org struct {
	ID   string
	Name string
	Slug string // "": null
}

// Credential is an API key or an access token: set one of Key and Token.
type Credential struct {
	Key     string
	Token   string
	Scopes  []string
	Org     Org
	UserID  string // for a key its creator; may be empty
	Email   string // "": null
	Expires time.Time
}

// DefaultOrg is whose webhooks the default credentials see.
var DefaultOrg = Org{ID: "5e0d2f8a-7c31-4b6e-9f40-1a2b3c4d5e6f", Name: "Sandbox Inc", Slug: "sandbox"}

// The credentials that a fake accepts unless it is given others. They all
// belong to [DefaultOrg].
const (
	Key      = "sandbox-wundertreos-key"
	ReadKey  = "sandbox-wundertreos-read-key"  // scope webhooks:read only
	WriteKey = "sandbox-wundertreos-write-key" // scope webhooks:write only
	Token    = "sandbox-wundertreos-token"     // an access token, both scopes
)

// DefaultCredentials are the entries for the constants above.
func DefaultCredentials() []Credential {
	both := []string{ScopeRead, ScopeWrite}
	user, email := "0b6f0c52-9d1e-4c47-8a3b-2f5d7e9a1c40", "sandbox@example.com"
	return []Credential{
		{Key: Key, Scopes: both, Org: DefaultOrg, UserID: user, Email: email},
		{Key: ReadKey, Scopes: both[:1], Org: DefaultOrg, UserID: user, Email: email},
		{Key: WriteKey, Scopes: both[1:], Org: DefaultOrg, UserID: user, Email: email},
		{Token: Token, Scopes: both, Org: DefaultOrg, UserID: user, Email: email},
	}
}

// Options configure a fake. The zero value is usable.
type Options struct {
	// Now is the clock; nil stands still at [Epoch].
	Now func() time.Time
	// Seed determines ids and secrets; 0: random.
	Seed int64
	// Deliver posts events; nil: none are sent.
	Deliver provider.Deliverer
	// DeliveryTimeout bounds one delivery; 0: 10 s.
	DeliveryTimeout time.Duration
	// BasePath stands before every path; "": /functions/v1.
	BasePath string
	// Credentials that are accepted; nil: [DefaultCredentials].
	Credentials []Credential
	// RateLimit is how many requests an organization may make in RateWindow;
	// 0: 60, below 0: any number, and no X-RateLimit headers.
	RateLimit  int
	RateWindow time.Duration // 0: 60 s
	// BareNotFound leaves the message out of 404 bodies: both forms exist.
	BareNotFound bool
	// ListLag is how long a new subscription stays out of lists.
	ListLag time.Duration
	// Inject is asked before each request; see [API.Inject].
	Inject func(*http.Request) Injection
}

// Epoch is where the clock of a fake without one stands.
var Epoch = time.Date(2026, 5, 17, 14, 30, 0, 0, time.UTC)

// DefaultBasePath is the path of the real base URL.
const DefaultBasePath = "/functions/v1"

// API is the fake. It is safe for concurrent use.
type API struct {
	o    Options
	auth []Credential

	mu            sync.Mutex
	random        random
	subscriptions []subscription // in order of creation
	requests      map[string][]time.Time
	inject        func(*http.Request) Injection
}

// New returns a fake without subscriptions.
func New(o Options) *API {
	if o.Now == nil {
		o.Now = func() time.Time { return Epoch }
	}
	if o.DeliveryTimeout == 0 {
		o.DeliveryTimeout = 10 * time.Second
	}
	if o.BasePath == "" {
		o.BasePath = DefaultBasePath
	}
	if o.RateLimit == 0 {
		o.RateLimit = 60
	}
	if o.RateWindow == 0 {
		o.RateWindow = time.Minute
	}
	if o.Credentials == nil {
		o.Credentials = DefaultCredentials()
	}
	o.BasePath = strings.TrimRight(o.BasePath, "/")
	return &API{
		o:        o,
		auth:     o.Credentials,
		random:   random{fakekit.NewRandom(o.Seed)},
		requests: map[string][]time.Time{},
		inject:   o.Inject,
	}
}

// Credentials is an API key with both scopes. It is the only field set, since
// two kinds of credential contradict each other.
func (a *API) Credentials() map[string]secret.Value {
	return map[string]secret.Value{"api_key": secret.New(Key)}
}

// BasePath is what follows the origin in the base URL.
func (a *API) BasePath() string { return a.o.BasePath }

// Webhooks is how many enabled subscriptions exist, of all organizations.
func (a *API) Webhooks() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, s := range a.subscriptions {
		if s.enabled {
			n++
		}
	}
	return n
}

// Disable does what the dashboard can and the API cannot: it switches a
// subscription off. It reports whether there is one.
func (a *API) Disable(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.subscriptions {
		if a.subscriptions[i].id == id {
			a.subscriptions[i].enabled = false
			return true
		}
	}
	return false
}
