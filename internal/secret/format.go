package secret

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The file of a record, members in this order ("_base64" members: object.go):
//
//	version      1
//	provider     who made the webhook
//	id           the provider's id; the file's name is a hash of both
//	profile, origin, name, url, events
//	secret       the signing secret, exactly
//	fingerprint  of the secret; a file in which they differ is not used
//	older        earlier secrets, newest first: secret, fingerprint, kept_at
//	created_at   RFC 3339, UTC
//	managed      made or adopted by apply
//	auth         key and mac: recognises the authentication data last sent;
//	             absent where none is known
//	replaces     provider and id of the webhook this one took over from
//	deleted_at   RFC 3339, UTC; absent while the webhook lives
//
// The file of a credential: version, provider, profile, origin, fields (an
// object of texts), fingerprints (one for each field), saved_at.

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
	return hex.EncodeToString(h.Sum(nil)) + ".json"
}

// encodeRecord is the file of r, which must have a secret without NUL: HMAC
// pads a key with zeros, so that such a secret would have a twin.
func encodeRecord(r Record) ([]byte, error) {
	text := r.Secret.Reveal()
	switch {
	case text == "":
		return nil, errors.New("the secret is empty")
	case strings.ContainsRune(text, 0):
		return nil, errors.New("the secret contains a NUL byte")
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
	w.text("secret", text)
	w.value("fingerprint", r.Secret.Fingerprint())
	if len(r.Older) > 0 {
		older, err := encodeOlder(r.Older)
		if err != nil {
			return nil, err
		}
		w.value("older", older)
	}
	w.time("created_at", r.CreatedAt)
	w.value("managed", r.Managed)
	r.Auth.encode(&w)
	w.ref("replaces", r.Replaces)
	w.time("deleted_at", r.DeletedAt)
	return sized(w.indented())
}

// decodeRecord reads what encodeRecord wrote. It checks the version and the
// fingerprint; that the id agrees with the file's name is for the caller.
func decodeRecord(data []byte) (Record, error) {
	o := parseVersioned(data)
	o.require("provider", "id", "secret", "fingerprint")
	r := Record{
		Provider:    o.text("provider"),
		ID:          o.text("id"),
		Profile:     o.text("profile"),
		Origin:      o.text("origin"),
		Name:        o.text("name"),
		URL:         o.text("url"),
		Events:      o.texts("events"),
		Secret:      New(o.text("secret")),
		Fingerprint: o.text("fingerprint"),
		Older:       decodeOlder(o),
		CreatedAt:   o.time("created_at"),
		Managed:     o.bool("managed"),
		Auth:        decodeAuthMark(o),
		Replaces:    o.ref("replaces"),
		DeletedAt:   o.time("deleted_at"),
	}
	if o.err != nil {
		return Record{}, o.err
	}
	if r.Secret.IsZero() || r.Secret.Fingerprint() != r.Fingerprint {
		return Record{}, errors.New("the secret does not agree with its fingerprint")
	}
	return r, nil
}

func encodeOlder(list []Older) ([]json.RawMessage, error) {
	out := make([]json.RawMessage, len(list))
	for i, old := range list {
		var w objectWriter
		w.text("secret", old.Secret.Reveal())
		w.value("fingerprint", old.Secret.Fingerprint())
		w.time("kept_at", old.KeptAt)
		data, err := w.bytes()
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

func decodeOlder(o *objectReader) []Older {
	var raw []json.RawMessage
	o.value("older", &raw, "a list")
	var list []Older
	for _, data := range raw {
		inner := parseObject(data)
		inner.require("secret", "fingerprint")
		old := Older{Secret: New(inner.text("secret")), Fingerprint: inner.text("fingerprint"), KeptAt: inner.time("kept_at")}
		if inner.err == nil && (old.Secret.IsZero() || old.Secret.Fingerprint() != old.Fingerprint) {
			inner.fail("an older secret does not agree with its fingerprint")
		}
		if inner.err != nil {
			o.fail("member %q: %w", "older", inner.err)
			return nil
		}
		list = append(list, old)
	}
	return list
}

// encodeCredential is the file of c. Fields are written in the order of their
// names, each beside its fingerprint.
func encodeCredential(c Credential) ([]byte, error) {
	var values, prints objectWriter
	for _, name := range slices.Sorted(maps.Keys(c.Fields)) {
		if strings.HasSuffix(name, base64Suffix) {
			return nil, fmt.Errorf("a credential field cannot be called %q", name)
		}
		values.text(name, c.Fields[name].Reveal())
		prints.value(name, c.Fields[name].Fingerprint())
	}
	fields, err := values.bytes()
	if err != nil {
		return nil, err
	}
	fingerprints, err := prints.bytes()
	if err != nil {
		return nil, err
	}
	var w objectWriter
	w.value("version", formatVersion)
	w.text("provider", c.Provider)
	w.text("profile", c.Profile)
	w.text("origin", c.Origin)
	w.value("fields", json.RawMessage(fields))
	w.value("fingerprints", json.RawMessage(fingerprints))
	w.time("saved_at", c.SavedAt)
	return sized(w.indented())
}

// decodeCredential reads what encodeCredential wrote.
func decodeCredential(data []byte) (Credential, error) {
	o := parseVersioned(data)
	o.require("provider", "profile", "origin", "fields", "fingerprints")
	c := Credential{
		Provider: o.text("provider"),
		Profile:  o.text("profile"),
		Origin:   o.text("origin"),
		Fields:   map[string]Value{},
		SavedAt:  o.time("saved_at"),
	}
	fields, prints := o.object("fields"), o.object("fingerprints")
	if fields == nil || prints == nil {
		o.fail("the fields are not objects")
	}
	if o.err != nil {
		return Credential{}, o.err
	}
	for name := range prints.members {
		fields.require(name)
		v := New(fields.text(name))
		if v.Fingerprint() != prints.text(name) {
			fields.fail("field %q does not agree with its fingerprint", name)
		}
		c.Fields[name] = v
	}
	for name := range fields.members {
		if _, ok := c.Fields[strings.TrimSuffix(name, base64Suffix)]; !ok {
			fields.fail("field %q has no fingerprint", name)
		}
	}
	if err := errors.Join(fields.err, prints.err); err != nil {
		return Credential{}, err
	}
	return c, nil
}

func parseVersioned(data []byte) *objectReader {
	o := parseObject(data)
	o.require("version")
	if v := o.int("version"); o.err == nil && v != formatVersion {
		o.fail("format version %d is not known here (a newer hookctl wrote it?)", v)
	}
	return o
}

// sized refuses a file that could not be read again.
func sized(data []byte, err error) ([]byte, error) {
	if err == nil && len(data) > maxFile {
		return nil, fmt.Errorf("too large to keep (%d bytes of at most %d)", len(data), maxFile)
	}
	return data, err
}
