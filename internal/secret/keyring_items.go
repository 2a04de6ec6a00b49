package secret

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// The items of a keyring. A keyring cannot list what it holds, so that a name
// follows from what is in the files:
//
//	NAMESPACE/FILE/FINGERPRINT         a secret, the present one or an older one
//	NAMESPACE/FILE/FIELD/FINGERPRINT   a credential's field
//	NAMESPACE/journal/ENTRY            the key that seals one entry of the journal
//	NAMESPACE/probe/...                the probe of Check
//
// NAMESPACE keeps configuration directories apart, FILE is the name of the record's
// file without its suffix, FINGERPRINT its 8 digits. With the fingerprint in
// the name no item is ever overwritten with another value: whatever is
// interrupted, and whichever file is then there, its items are there too.

// keyringNamespace is the NAMESPACE of new items of a configuration directory. Files
// carry theirs, so that a directory can be moved.
func keyringNamespace(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	sum := sha256.Sum256([]byte("hookctl\x00" + dir))
	return hex.EncodeToString(sum[:16])
}

// item is a value of a record or a credential, in the keyring or to be put there.
type item struct {
	name, fingerprint string
	field             string // of a credential
	value             Value  // zero where it is not known
}

// items are the secrets of a record that lies in the keyring, the present one
// first.
func (r *Record) items() []item {
	if r.Keyring == "" {
		return nil
	}
	all := []item{{fingerprint: r.Fingerprint, value: r.Secret}}
	for _, old := range r.Older {
		all = append(all, item{fingerprint: old.Fingerprint, value: old.Secret})
	}
	for i, it := range all {
		all[i].name = itemName(r.Keyring, r.fileName(), it.fingerprint)
	}
	return all
}

// items are the fields of a credential that lies in the keyring.
func (c *Credential) items() []item {
	var all []item
	for field, fingerprint := range c.Fingerprints {
		if c.Keyring != "" && fingerprint != "" {
			name := itemName(c.Keyring, c.fileName(), field+"/"+fingerprint)
			all = append(all, item{name, fingerprint, field, c.Fields[field]})
		}
	}
	return all
}

func itemName(namespace, file, rest string) string {
	return namespace + "/" + strings.TrimSuffix(file, fileSuffix) + "/" + strings.Replace(rest, fingerprintPrefix, "", 1)
}

// fill gets the secrets of a record that lies in the keyring. An older one
// that is lost stays without its value; the present one is [ErrLost].
func (r *Record) fill(ctx context.Context, d *FileStore) error {
	for i, it := range r.items() {
		value, err := d.value(ctx, it)
		switch {
		case i == 0 && errors.Is(err, ErrLost):
			ref := r.Ref().Word()
			return fault.Errorf(fault.Other, "the secret %s of %s/%s: %w", r.Fingerprint, r.Provider, r.ID, err).WithCode("lost").
				WithHint("if it is in a bundle: hookctl secrets import; if you have it: hookctl secrets set %s\nif not: hookctl rotate %s", ref, ref)
		case err != nil && !errors.Is(err, ErrLost):
			return err
		case i == 0:
			r.Secret = value
		default:
			r.Older[i-1].Secret = value
		}
	}
	return nil
}

// fill gets the fields of a credential that lies in the keyring.
func (c *Credential) fill(ctx context.Context, d *FileStore) error {
	for _, it := range c.items() {
		value, err := d.value(ctx, it)
		if errors.Is(err, ErrLost) {
			err = fault.Errorf(fault.Auth, "the %s of %s, profile %s, for %s: %w", it.field, c.Provider, c.Profile, c.Origin, err).WithCode("lost").
				WithHint("store it again: hookctl login %s --profile %s", c.Provider, term.ShellWord(c.Profile))
		}
		if err != nil {
			return err
		}
		c.Fields[it.field] = value
	}
	return nil
}

// value gets an item, which must have its fingerprint.
func (d *FileStore) value(ctx context.Context, it item) (Value, error) {
	value, err := d.keyring.get(ctx, it.name)
	switch {
	case errors.Is(err, ErrNotFound):
		return Value{}, ErrLost
	case err != nil:
		return Value{}, err
	case value.Fingerprint() != it.fingerprint:
		return Value{}, fault.Reword("the keyring has another value for it", ErrLost)
	}
	return value, nil
}

// keepItems puts items into the keyring. One without a value was lost before and
// stays so.
func (d *FileStore) keepItems(ctx context.Context, items []item) error {
	ctx = context.WithoutCancel(ctx)
	for _, it := range items {
		if it.value.IsZero() {
			continue
		}
		if err := d.keyring.keep(ctx, it.name, it.value); err != nil {
			return err
		}
	}
	return nil
}

// dropItems removes items from the keyring, but for those that are still needed.
func (d *FileStore) dropItems(ctx context.Context, items, needed []item) error {
	for _, it := range items {
		if slices.ContainsFunc(needed, func(n item) bool { return n.name == it.name }) {
			continue
		}
		if err := d.keyring.remove(ctx, it.name); err != nil {
			return err
		}
	}
	return nil
}

// CheckKeyring looks for every item that the files speak of, and returns a
// problem for each that is missing or differs. Where nothing lies in the
// keyring it is not touched. An error is about the keyring as a whole.
func (d *FileStore) CheckKeyring(ctx context.Context) ([]Problem, error) {
	records, _, err := d.List(ctx)
	if err != nil {
		return nil, err
	}
	var problems []Problem
	note := func(path string, err error) error {
		if errors.Is(err, ErrLost) {
			problems = append(problems, Problem{Path: path, Err: err})
			return nil
		}
		return err
	}
	for _, r := range records {
		if err := note(r.Path, r.fill(ctx, d)); err != nil {
			return problems, err
		}
		for _, old := range r.Older {
			if !r.Secret.IsZero() && old.Secret.IsZero() {
				problems = append(problems, Problem{Path: r.Path, Err: fault.Errorf(fault.Other, "the older secret %s of %s/%s: %w", old.Fingerprint, r.Provider, r.ID, ErrLost).
					WithHint("if it is in a bundle: hookctl secrets import; without it, late deliveries that it signed cannot be verified")})
			}
		}
	}
	creds, _, err := d.ListCredentials(ctx)
	if err != nil {
		return problems, err
	}
	for _, c := range creds {
		if err := note(d.path(&c), c.fill(ctx, d)); err != nil {
			return problems, err
		}
	}
	return problems, nil
}
