package secret

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/durable"
)

// The file of a record, members in this order ("_base64" members: jsonfile.go):
//
//	version      1
//	provider     who made the webhook
//	id           the provider's id; the file's name is a hash of both
//	profile, origin, name, url, events
//	secret       the signing secret, exactly; absent where it is in the keyring
//	store        "keyring" where it is in the keyring, else absent
//	keyring      the part that the names of its items share; with store only
//	fingerprint  of the secret; a file in which they differ is not used
//	older        earlier secrets, newest first: secret (as above), fingerprint,
//	             kept_at
//	created_at   RFC 3339, UTC
//	managed      made or adopted by apply
//	auth         key and mac: recognises the authentication data last sent;
//	             absent where none is known
//	replaces     provider and id of the webhook this one took over from
//	unfilled     sinks that the secret was not handed to; absent where there are
//	             none
//	deleted_at   RFC 3339, UTC; absent while the webhook lives
//
// The file of a credential: version, provider, profile, origin, fields (an
// object of texts; absent where they are in the keyring), store and keyring (as
// above), fingerprints (one for each field), saved_at.

// formatVersion is the version of the files of records and credentials. A
// member may be added without raising it: readers skip what they do not know.
const formatVersion = 1

// fileName names the file of a record or credential: a hash, since the parts
// are opaque bytes ("..", "CON" and "a/b" are possible ids). Each part is
// preceded by its length, so that no two lists of parts give the same name.
func fileName(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)) + fileSuffix
}

const fileSuffix = ".json"

// encodeRecord is the file of r. The secret must be one, unless r lies in the
// keyring: then the fingerprints stand for the secrets.
func encodeRecord(r Record) ([]byte, error) {
	if r.Keyring == "" {
		if err := checkSecret(r.Secret); err != nil {
			return nil, err
		}
		r.Fingerprint = r.Secret.Fingerprint()
	}
	var w objectWriter
	w.value("version", formatVersion)
	w.text("provider", r.Provider)
	w.text("id", r.ID)
	w.text("profile", r.Profile)
	w.text("origin", r.Origin)
	w.text("name", r.Name)
	w.text("url", r.URL)
	w.texts("events", r.Events)
	if r.Keyring == "" {
		w.text("secret", r.Secret.Reveal())
	} else {
		w.inKeyring(r.Keyring)
	}
	w.value("fingerprint", r.Fingerprint)
	if len(r.Older) > 0 {
		older, err := encodeOlder(r)
		if err != nil {
			return nil, err
		}
		w.value("older", older)
	}
	w.time("created_at", r.CreatedAt)
	w.value("managed", r.Managed)
	if r.Auth != nil {
		w.value("auth", r.Auth)
	}
	w.ref("replaces", r.Replaces)
	if len(r.Unfilled) > 0 {
		w.texts("unfilled", r.Unfilled)
	}
	w.time("deleted_at", r.DeletedAt)
	return sized(w.indented())
}

// inKeyring writes where the values are.
func (w *objectWriter) inKeyring(namespace string) {
	w.value("store", InKeyring)
	w.value("keyring", namespace)
}

// keyring is what inKeyring wrote, or "" for values in the file.
func (r *objectReader) keyring() string {
	switch store := r.text("store"); store {
	case "", InFile:
		return ""
	case InKeyring:
		namespace := r.text("keyring")
		if !durable.IsID(namespace) {
			r.fail("member %q does not name items of a keyring", "keyring")
		}
		return namespace
	default:
		r.fail("store %q is unknown: a newer hookctl may have written it", store)
		return ""
	}
}

// decodeRecord reads what encodeRecord wrote. It checks the version and the
// fingerprint; that the id agrees with the file's name is for the caller.
func decodeRecord(data []byte) (Record, error) {
	o := parseVersioned(data)
	o.require("provider", "id", "fingerprint")
	r := Record{
		Provider:    o.text("provider"),
		ID:          o.text("id"),
		Profile:     o.text("profile"),
		Origin:      o.text("origin"),
		Name:        o.text("name"),
		URL:         o.text("url"),
		Events:      o.texts("events"),
		Keyring:     o.keyring(),
		Fingerprint: o.text("fingerprint"),
		CreatedAt:   o.time("created_at"),
		Managed:     o.bool("managed"),
		Auth:        decodeAuthMark(o),
		Replaces:    o.ref("replaces"),
		Unfilled:    o.texts("unfilled"),
		DeletedAt:   o.time("deleted_at"),
	}
	r.Secret = o.secret(r.Keyring, r.Fingerprint)
	r.Older = decodeOlder(o, r.Keyring)
	if o.err != nil {
		return Record{}, o.err
	}
	return r, nil
}

// secret is the member "secret", which agrees with its fingerprint, or nothing
// where it is in the keyring.
func (r *objectReader) secret(keyring, fingerprint string) Value {
	if keyring != "" {
		if !isFingerprint(fingerprint) {
			r.fail("member %q is not a fingerprint", "fingerprint")
		}
		return Value{}
	}
	r.require("secret")
	v := New(r.text("secret"))
	if v.IsZero() || v.Fingerprint() != fingerprint {
		r.fail("the secret does not match its fingerprint")
	}
	return v
}

func encodeOlder(r Record) ([]json.RawMessage, error) {
	out := make([]json.RawMessage, len(r.Older))
	for i, old := range r.Older {
		var w objectWriter
		if r.Keyring == "" {
			w.text("secret", old.Secret.Reveal())
			old.Fingerprint = old.Secret.Fingerprint()
		}
		w.value("fingerprint", old.Fingerprint)
		w.time("kept_at", old.KeptAt)
		data, err := w.bytes()
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

func decodeOlder(o *objectReader, keyring string) []Older {
	var raw []json.RawMessage
	o.value("older", &raw, "a list")
	var list []Older
	for _, data := range raw {
		inner := o.inner("older", data)
		inner.require("fingerprint")
		old := Older{Fingerprint: inner.text("fingerprint"), KeptAt: inner.time("kept_at")}
		old.Secret = inner.secret(keyring, old.Fingerprint)
		list = append(list, old)
	}
	return list
}

// encodeCredential is the file of c, which has its fingerprints. Fields are
// written in the order of their names; those of one in the keyring are not.
func encodeCredential(c Credential) ([]byte, error) {
	var values objectWriter
	for _, name := range slices.Sorted(maps.Keys(c.Fields)) {
		if strings.HasSuffix(name, base64Suffix) || strings.Contains(name, "/") {
			return nil, fmt.Errorf("a credential field cannot be called %q", name)
		}
		values.text(name, c.Fields[name].Reveal())
	}
	fields, err := values.bytes()
	if err != nil {
		return nil, err
	}
	var w objectWriter
	w.value("version", formatVersion)
	w.text("provider", c.Provider)
	w.text("profile", c.Profile)
	w.text("origin", c.Origin)
	if c.Keyring == "" {
		w.value("fields", json.RawMessage(fields))
	} else {
		w.inKeyring(c.Keyring)
	}
	w.value("fingerprints", c.Fingerprints)
	w.time("saved_at", c.SavedAt)
	return sized(w.indented())
}

// decodeCredential reads what encodeCredential wrote. The fields of one in the
// keyring are there without their values.
func decodeCredential(data []byte) (Credential, error) {
	o := parseVersioned(data)
	o.require("provider", "profile", "origin", "fingerprints")
	c := Credential{
		Provider:     o.text("provider"),
		Profile:      o.text("profile"),
		Origin:       o.text("origin"),
		Fields:       map[string]Value{},
		SavedAt:      o.time("saved_at"),
		Fingerprints: map[string]string{},
		Keyring:      o.keyring(),
	}
	prints := o.object("fingerprints")
	if prints == nil {
		o.fail("the fingerprints are not an object")
	}
	if o.err != nil {
		return Credential{}, o.err
	}
	for name := range prints.members {
		c.Fingerprints[name] = prints.text(name)
		c.Fields[name] = Value{}
		if fp := c.Fingerprints[name]; c.Keyring != "" && fp != "" && !isFingerprint(fp) {
			prints.fail("field %q has no fingerprint", name)
		}
	}
	if c.Keyring == "" {
		decodeFields(o, &c)
	}
	if o.err != nil {
		return Credential{}, o.err
	}
	return c, nil
}

// decodeFields fills the fields of a credential from its file.
func decodeFields(o *objectReader, c *Credential) {
	fields := o.object("fields")
	if fields == nil {
		o.fail("the fields are not an object")
		return
	}
	for name, fingerprint := range c.Fingerprints {
		fields.require(name)
		v := New(fields.text(name))
		if v.Fingerprint() != fingerprint {
			fields.fail("field %q does not match its fingerprint", name)
		}
		c.Fields[name] = v
	}
	for name := range fields.members {
		if _, ok := c.Fields[strings.TrimSuffix(name, base64Suffix)]; !ok {
			fields.fail("field %q has no fingerprint", name)
		}
	}
}

func parseVersioned(data []byte) *objectReader {
	o := parseObject(data)
	o.require("version")
	if v := o.int("version"); o.err == nil && v != formatVersion {
		o.fail("format version %d is unknown: a newer hookctl may have written it", v)
	}
	return o
}

// sized refuses a file that could not be read again.
func sized(data []byte, err error) ([]byte, error) {
	if err == nil && len(data) > durable.MaxFile {
		return nil, fmt.Errorf("too large to keep (%d bytes of at most %d)", len(data), durable.MaxFile)
	}
	return data, err
}
