package secret

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/hookctl/hookctl/internal/fault"
)

// A bundle is records with their secrets, encrypted to age recipients: for a
// backup, or for the other people of a team. Inside the encryption it is one
// JSON object:
//
//	hookctl_bundle  1
//	exported_at     RFC 3339, UTC
//	records         a list of objects as in the files of records, with secrets
//
// It is written in age's armor, lines of text, and read with or without it.

const (
	bundleVersion = 1
	// MaxBundle is the most that is read of a bundle, in bytes.
	MaxBundle = 64 << 20
)

// Recipients are the public keys that a bundle is encrypted to.
type Recipients struct{ list []age.Recipient }

// Add adds an age public key ("age1...").
func (r *Recipients) Add(key string) error {
	if strings.Contains(strings.ToUpper(key), "AGE-SECRET-KEY-") {
		return fault.Usagef("that is a secret key, not a recipient").WithHint("give the public key that age-keygen printed; make a new pair, because this secret key was on a command line")
	}
	parsed, err := age.ParseRecipients(strings.NewReader(key))
	if err != nil || len(parsed) != 1 {
		return fault.Usagef("%q is not an age recipient", key).WithHint("a recipient begins with age1; make one with: age-keygen -o key.txt")
	}
	r.list = append(r.list, parsed...)
	return nil
}

// Identities are the secret keys that open a bundle.
type Identities struct{ list []age.Identity }

// ParseIdentities reads an age identity file. The error does not quote it.
func ParseIdentities(data []byte) (Identities, error) {
	list, err := age.ParseIdentities(bytes.NewReader(data))
	if err == nil {
		return Identities{list}, nil
	}
	if bytes.HasPrefix(data, []byte("age-encryption.org/")) || bytes.HasPrefix(data, []byte(armor.Header)) {
		return Identities{}, fault.Usagef("the identity file is encrypted").WithHint("decrypt it first: age --decrypt FILE | hookctl secrets import --identity - BUNDLE")
	}
	return Identities{}, fault.Usagef("it contains no age identity").WithHint("it must have a line that begins with AGE-SECRET-KEY-1, as age-keygen writes it")
}

// WriteBundle encrypts the records, which must have their secrets, to every
// recipient.
func WriteBundle(w io.Writer, to Recipients, records []Record, now time.Time) error {
	plain, err := encodeBundle(records, now)
	if err != nil {
		return fault.Errorf(fault.Other, "make the bundle: %w", err)
	}
	armored := armor.NewWriter(w)
	sealed, err := age.Encrypt(armored, to.list...)
	if err != nil {
		return fault.Errorf(fault.Usage, "encrypt the bundle: %w", err)
	}
	_, err = sealed.Write(plain)
	// In this order: each hands its end on to the next.
	return errors.Join(err, sealed.Close(), armored.Close())
}

func encodeBundle(records []Record, now time.Time) ([]byte, error) {
	list := make([]json.RawMessage, len(records))
	for i, r := range records {
		r.Keyring = ""   // in a bundle every secret stands in the record
		r.Unfilled = nil // a matter of this machine
		r.Older = slices.DeleteFunc(slices.Clone(r.Older), func(old Older) bool { return old.Secret.IsZero() })
		data, err := encodeRecord(r)
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", r.Provider, r.ID, err)
		}
		list[i] = data
	}
	var w objectWriter
	w.value("hookctl_bundle", bundleVersion)
	w.time("exported_at", now)
	w.value("records", list)
	data, err := w.bytes()
	if err == nil && len(data) > MaxBundle/2 {
		err = fmt.Errorf("%d bytes are too large for one bundle", len(data))
	}
	return data, err
}

// ReadBundle decrypts a bundle and returns its records. No error quotes it.
func ReadBundle(r io.Reader, with Identities) ([]Record, error) {
	plain, err := decryptBundle(r, with)
	if err != nil {
		return nil, err
	}
	records, err := decodeBundle(plain)
	if err != nil {
		return nil, fault.Usagef("cannot use the content of the bundle: %w", err)
	}
	return records, nil
}

func decryptBundle(r io.Reader, with Identities) ([]byte, error) {
	in := bufio.NewReader(io.LimitReader(r, MaxBundle+1))
	var src io.Reader = in
	if head, _ := in.Peek(len(armor.Header)); string(head) == armor.Header {
		src = armor.NewReader(in)
	}
	opened, err := age.Decrypt(src, with.list...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, fault.Usagef("the bundle was not encrypted to this identity").WithHint("use the secret key of one of the recipients that it was exported to")
	case err != nil:
		return nil, fault.Usagef("cannot open the bundle: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(opened, MaxBundle+1))
	if err == nil && len(plain) > MaxBundle {
		err = fmt.Errorf("it is longer than %d bytes", MaxBundle)
	}
	if err != nil {
		return nil, fault.Usagef("the bundle is damaged: %w", err)
	}
	return plain, nil
}

func decodeBundle(plain []byte) ([]Record, error) {
	o := parseObject(plain)
	o.require("hookctl_bundle", "records")
	if v := o.int("hookctl_bundle"); o.err == nil && v != bundleVersion {
		o.fail("version %d is unknown: a newer hookctl may have written it", v)
	}
	var list []json.RawMessage
	o.value("records", &list, "a list")
	if o.err != nil {
		return nil, o.err
	}
	records := make([]Record, len(list))
	for i, data := range list {
		r, err := decodeRecord(data)
		if err == nil && r.Keyring != "" {
			err = errors.New("it has no secret")
		}
		if err == nil {
			err = checkSecret(r.Secret)
		}
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", i+1, err)
		}
		records[i] = r
	}
	return records, nil
}

// Merge adds the secrets of from, a record of the same webhook, and reports
// whether any is new. Of the two present ones that which was kept later is the
// present one afterwards; all others are among the older ones, so that none is
// dropped.
func (r *Record) Merge(from Record) (changed bool) {
	more := from.secretsNotOf(r)
	if len(more) == 0 {
		return false
	}
	all := append(r.known(), more...)
	sortOlder(all)
	if r.Secret.IsZero() || more[0].Secret.Equal(from.Secret) && from.CreatedAt.After(r.CreatedAt) {
		r.Secret, r.CreatedAt = from.Secret, from.CreatedAt
	}
	all = slices.DeleteFunc(all, func(old Older) bool { return old.Secret.Equal(r.Secret) })
	for _, old := range r.Older { // those that the keyring has lost, but for what is back
		if old.Secret.IsZero() && !slices.ContainsFunc(all, func(o Older) bool { return o.Fingerprint == old.Fingerprint }) {
			all = append(all, old)
		}
	}
	r.Older = all
	return true
}

// secretsNotOf are the known secrets of r that other has not got.
func (r *Record) secretsNotOf(other *Record) []Older {
	theirs := other.known()
	return slices.DeleteFunc(r.known(), func(mine Older) bool {
		return slices.ContainsFunc(theirs, func(o Older) bool { return o.Secret.Equal(mine.Secret) })
	})
}

// sortOlder puts the newest first.
func sortOlder(list []Older) {
	slices.SortStableFunc(list, func(a, b Older) int { return b.KeptAt.Compare(a.KeptAt) })
}

// known are the secrets of r that are there, the present one first.
func (r *Record) known() []Older {
	var list []Older
	if !r.Secret.IsZero() {
		list = append(list, Older{Secret: r.Secret, Fingerprint: r.Secret.Fingerprint(), KeptAt: r.CreatedAt})
	}
	for _, old := range r.Older {
		if !old.Secret.IsZero() {
			list = append(list, old)
		}
	}
	return list
}
