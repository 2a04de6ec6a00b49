// Package secret keeps what must not be lost and must not be seen: the signing
// secrets that a provider tells exactly once, the credentials of the accounts,
// and the journal of operations that are under way.
//
// Everything lies under one directory (the configuration directory), in
// directories of mode 0700 and files of mode 0600:
//
//	webhooks/<hash>.json       one record per webhook          (FileStore)
//	webhooks.index             what List tells of them         (FileStore)
//	credentials/<hash>.json    one credential per account      (FileStore)
//	journal/<id>.op            one operation under way         (Journal)
//
// File names are hashes, since ids are opaque bytes and file systems fold case.
//
// With the keyring store the values are items of the operating system's keyring
// and the files hold the rest; the journal is sealed. Each file says where its
// values lie, whatever the setting for new ones is.
package secret

import (
	"context"
	"errors"
	"time"

	"github.com/hookctl/hookctl/internal/term"
)

// ErrNotFound reports that the store has no such record or credential.
var ErrNotFound = errors.New("not in the store")

// Ref names a webhook. Both parts are compared byte for byte.
type Ref struct {
	Provider string `json:"provider"`
	ID       string `json:"id"`
}

// Word is how messages and hints name the webhook: as it is typed in a shell.
func (r Ref) Word() string { return term.ShellWord(r.Provider + "/" + r.ID) }

// Record is what is kept of one webhook.
type Record struct {
	Provider    string
	ID          string
	Profile     string // the profile whose account the webhook belongs to
	Origin      string // scheme://host[:port] of the API that made it
	Name        string
	URL         string
	Events      []string
	Secret      Value     // zero in answers of List
	Older       []Older   // newest first
	CreatedAt   time.Time // when it was kept here, UTC
	Managed     bool      // made or adopted by apply
	Auth        *AuthMark // of the authentication data it was last given through hookctl; nil: not known
	Replaces    *Ref      // the webhook this one took over from: older secrets follow the chain
	Unfilled    []string  // sinks that were to have the secret and, as far as is known, do not: see sink.Sink.String
	DeletedAt   time.Time // when it was deleted or disabled through hookctl; zero while it lives
	Store       string    // "file" or "keyring": where the secret lies; set by the store
	Fingerprint string    // of Secret; set by the store, there in List too
	Path        string    // the file of the record; set by the store
	Keyring     string    // the part that its items in the keyring share; "" in the file store; set by the store
}

// Ref is the record's own name.
func (r Record) Ref() Ref { return Ref{r.Provider, r.ID} }

// Described names a record for a person who has to decide about it.
func (r Record) Described() string {
	text := r.Provider + "/" + r.ID
	if r.Name != "" {
		text += " (" + r.Name + ")"
	}
	return text
}

// Older is a secret that a webhook had before: a provider gave its id out again,
// or a person set another. It is tried after the present one.
type Older struct {
	Secret      Value // zero in answers of List, and where the keyring has lost it
	Fingerprint string
	KeptAt      time.Time // when it had been kept, UTC
}

// Supersede makes value the record's secret; a different one that it had
// becomes the first of Older, so that none is ever dropped.
func (r *Record) Supersede(value Value, now time.Time) {
	if !r.Secret.IsZero() && !r.Secret.Equal(value) {
		r.Older = append([]Older{{Secret: r.Secret, Fingerprint: r.Secret.Fingerprint(), KeptAt: r.CreatedAt}}, r.Older...)
	}
	r.Secret, r.CreatedAt = value, now.UTC()
}

// Problem is a file of the store that could not be used. It was left untouched.
type Problem struct {
	Path string
	Err  error
}

// Store keeps records. Implementations are safe for use by several processes.
type Store interface {
	// Name is the word for outputs: "file" or "keyring".
	Name() string
	// Check proves that a record could be kept now: it writes a probe durably,
	// reads it back and removes it. Call it before anything irreversible.
	Check(ctx context.Context) error
	// Put keeps r durably and reads it back before it returns nil. A record of
	// the same Ref is replaced, but the secrets that r has not got are kept among
	// its older ones. Where the file is unreadable, Put fails and the file stays.
	Put(ctx context.Context, r Record) error
	// Get returns the record with its secret, or ErrNotFound.
	Get(ctx context.Context, ref Ref) (Record, error)
	// Delete removes the record for good, or returns ErrNotFound.
	Delete(ctx context.Context, ref Ref) error
	// List returns all records, oldest first, without their secrets, and the
	// files that could not be read. An absent directory is an empty store.
	List(ctx context.Context) ([]Record, []Problem, error)
}

// Credential is what authenticates one profile at one provider. It is bound to
// the origin it was saved for and must not be sent to any other.
type Credential struct {
	Provider string
	Profile  string
	Origin   string           // scheme://host[:port], lower case
	Fields   map[string]Value // by the provider's credential field names, e.g. "api_key"
	SavedAt  time.Time

	Fingerprints map[string]string // of Fields; set by the store
	Keyring      string            // as in Record; set by the store
}
