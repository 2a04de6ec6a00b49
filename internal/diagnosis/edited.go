package diagnosis

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
)

// testEdited recognises a body of which a part is missing, where the rest looks like
// one of the provider's, and values that somebody has hidden.
func testEdited(d *diagnosis) (string, bool) {
	doc := d.document(d.request.Body)
	if d.reason != signature.Mismatch || len(doc.list) == 0 || doc.list[0].kind != '{' || slices.ContainsFunc(doc.list, roundedNumber) {
		return "", false
	}
	if name, hidden := hiddenValue(doc.list); hidden {
		return fmt.Sprintf("The value of %s in the captured JSON is redacted. The rest looks like the signed body.", term.Clip(name, mostQuoted)), true
	}
	text := d.missingMembers(doc)
	return text, text != ""
}

// hiddenValue finds a string that stands in place of another value, and the name of the
// member that it is in.
func hiddenValue(list []token) (name string, found bool) {
	for i, t := range list {
		if t.kind != '"' {
			continue
		}
		if i+1 < len(list) && list[i+1].kind == ':' {
			name = string(t.text)
			continue
		}
		var s string
		if name != "" && len(t.text) <= 40 && json.Unmarshal(t.text, &s) == nil && hidden(s) {
			return name, true
		}
	}
	return "", false
}

// hidden reports whether s is what people and loggers put in place of a value, or of a
// part of it: stars, x and the like, or a word that says so. A word without brackets
// may be a value of its own, such as a status or a note.
func hidden(s string) bool {
	word := joined(strings.ToLower(s))
	switch {
	case len(s) > 2 && s[0] != '.' && masked(s), len(word) > 3 && strings.Trim(word, "x*#\u2022\u2588") == "",
		strings.Contains(s, "***") && !strings.Contains(s, " "),
		slices.ContainsFunc(hidingWords, func(hiding string) bool { return strings.Contains(word, hiding) }):
		return true
	}
	set := s != "" && strings.IndexByte("[<({*_%", s[0]) >= 0 || s == strings.ToUpper(s)
	return set && slices.Contains(hiddenWords, strings.Trim(word, "*%"))
}

// hidingWords say nothing else, and hiddenWords do so in brackets or capitals; both are
// joined.
var (
	hidingWords = []string{"redacted", "anonymized", "anonymised", "scrubbed", "elided"}
	hiddenWords = []string{"filtered", "masked", "removed", "hidden", "omitted", "truncated", "deleted", "secret", "sensitive", "private", "pii", "object", "array"}
)

// missingMembers says what the body lacks of what the provider writes; "" where it
// lacks nothing, or does not look like one of the provider's.
func (d *diagnosis) missingMembers(doc *document) string {
	have := memberNames(doc.list)
	root := have["/"]
	e := d.provider.Envelope
	if shapes, documented := d.shapes(e.Event(d.request.Body).Type); len(shapes) > 0 {
		missing, most := lacking(root.names, shapes[0]["/"].names)
		if most && !d.likelierOf(root.names, len(missing)) {
			partly := slices.ContainsFunc([]string{e.ID, e.Type, e.Time}, func(name string) bool { return slices.Contains(missing, name) })
			switch {
			case len(missing) == 0:
				return d.missingInside(shapes, documented, have)
			case partly || 3*len(missing) <= len(root.names):
				return d.lacks(missing, "")
			}
			return "" // an envelope that somebody has made by hand
		}
	}
	if slices.Contains(root.names, e.Type) || slices.Contains(root.names, e.ID) && slices.Contains(root.names, e.Time) {
		return ""
	}
	return d.missingAround(root)
}

func (d *diagnosis) lacks(missing []string, where string) string {
	return fmt.Sprintf("The captured JSON looks like a delivery of %s, but lacks %s%s.", d.provider.Name, enumerated(missing), where)
}

// missingAround recognises what is in the data of an event, without what is around it.
func (d *diagnosis) missingAround(root named) string {
	types := d.provider.Events
	if name := d.provider.Envelope.HeaderType; name != "" {
		types = append(types[:len(types):len(types)], d.request.Header.Get(name))
	}
	for _, eventType := range types {
		if d.budget.spent() {
			break
		}
		shapes, documented := d.shapes(eventType)
		for _, shape := range shapes {
			for _, path := range slices.Sorted(maps.Keys(shape)) {
				missing, extra := differing(root.names, shape[path].names)
				there := len(shape[path].names) - len(missing)
				if path != "/" && strings.Count(path, "/") <= 2 && there > 2 && 2*len(missing) <= there && (documented || extra == 0) {
					return fmt.Sprintf("The captured JSON looks like only the member %s of a delivery of %s. The members around it are missing: %s.",
						strings.Trim(path, "/"), d.provider.Name, enumerated(shape["/"].names))
				}
			}
		}
	}
	return ""
}

// likelierOf reports whether a body with these members lacks less of another
// provider's.
func (d *diagnosis) likelierOf(have []string, missing int) bool {
	for i := range d.known.Providers {
		p := &d.known.Providers[i]
		if p.Sample == nil || i == d.index {
			continue
		}
		if s := newSample(p.Sample(p.Envelope.Event(d.request.Body).Type)); s != nil {
			if other, most := lacking(have, memberNames(s.list)["/"].names); most && len(other) < missing {
				return true
			}
		}
	}
	return false
}

// shapes are the members of bodies of an event, by path. What is in the data of one that
// is not documented is a guess.
func (d *diagnosis) shapes(eventType string) (all []map[string]named, documented bool) {
	var bodies [][]byte
	if d.provider.Shapes != nil {
		bodies = d.provider.Shapes(eventType)
	}
	documented = len(bodies) > 0 || d.provider.Shapes == nil
	if len(bodies) == 0 && d.provider.Sample != nil {
		bodies = [][]byte{d.provider.Sample(eventType)}
	}
	for _, body := range bodies {
		d.budget.left -= jsonCost * len(body)
		if s := newSample(body); s != nil {
			all = append(all, memberNames(s.list))
		}
	}
	return all, documented
}

// missingInside looks into the members of the body. Of each object the shape counts that
// it differs from least. A guess must be met but for what is missing.
func (d *diagnosis) missingInside(shapes []map[string]named, documented bool, have map[string]named) string {
	for _, path := range slices.Sorted(maps.Keys(have)) {
		within := strings.Trim(path, "/")
		where := " in " + within
		if within == "" {
			where = ""
		}
		var missing []string
		wanted, least := 0, -1
		for _, shape := range shapes {
			if want := shape[path].names; len(want) > 0 {
				lost, extra := differing(have[path].names, want)
				if n := len(lost) + extra; (least < 0 || n < least) && (documented || extra == 0) {
					missing, wanted, least = lost, len(want), n
				}
			}
		}
		there := wanted - len(missing)
		if len(missing) > 0 && there > 0 && (2*len(missing) <= there || documented && len(missing) == 1) {
			return d.lacks(missing, where)
		}
		for _, name := range have[path].nulls {
			if (documented || within == "") && neverNull(shapes, path, name) {
				return fmt.Sprintf("The captured JSON looks like a delivery of %s, but %s%s is null, which it never is in a delivery.", d.provider.Name, term.Clip(name, mostQuoted), where)
			}
		}
	}
	return ""
}

// neverNull reports whether a member is one of the shapes', and null in none.
func neverNull(shapes []map[string]named, path, name string) bool {
	known := false
	for _, shape := range shapes {
		known = known || slices.Contains(shape[path].names, name)
		if slices.Contains(shape[path].nulls, name) {
			return false
		}
	}
	return known
}

// differing is which of the names are wanted and not there, and how many are there and
// not wanted.
func differing(have, want []string) (missing []string, extra int) {
	for _, name := range want {
		if !slices.Contains(have, name) {
			missing = append(missing, name)
		}
	}
	return missing, len(have) - (len(want) - len(missing))
}

// lacking is which of the names are wanted and not there, and whether more than two of
// them, and half of them, are.
func lacking(have, want []string) (missing []string, most bool) {
	missing, _ = differing(have, want)
	there := len(want) - len(missing)
	return missing, there > 1 && 2*there >= len(want)
}

// named are the names of an object's members, and of those that are null.
type named struct{ names, nulls []string }

// memberNames are the members of objects by their path, the first object's of each
// path, down to members of members.
func memberNames(list []token) map[string]named {
	all := map[string]named{}
	if len(list) == 0 || len(list) > maxValues {
		return all
	}
	t := treeOf(list, paths{})
	texts := t.paths.texts()
	for _, o := range t.objects {
		path, known := texts[o.path]
		if known && len(all["/"+path].names) == 0 {
			all["/"+path] = named{o.names, o.nulls}
		}
	}
	return all
}

// enumerated joins a few names.
func enumerated(names []string) string {
	const most = 4
	if len(names) > most {
		return term.Clip(strings.Join(names[:most], ", "), mostQuoted) + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return term.Clip(strings.Join(names, ", "), mostQuoted)
}

// testSecretLength recognises a secret of the provider's characters, and of another
// number of them.
func testSecretLength(d *diagnosis) (string, bool) {
	for _, s := range d.unusualSecrets() {
		if len(s) >= minDigest && strings.Trim(s, hexDigits) == "" {
			return fmt.Sprintf("The secret has %d digits; the secrets of %s have %d.", len(s), d.provider.Name, d.provider.SecretDigits), true
		}
	}
	return "", false
}

// testSecretAlphabet recognises a secret that looks like nothing that the provider
// makes.
func testSecretAlphabet(d *diagnosis) (string, bool) {
	for _, s := range d.unusualSecrets() {
		return fmt.Sprintf("The secret has %d characters; the secrets of %s have %d hexadecimal digits and nothing else.", len(s), d.provider.Name, d.provider.SecretDigits), true
	}
	return "", false
}

const hexDigits = "0123456789abcdef"

// unusualSecrets are the secrets where none of them has the form of the provider's:
// where one has, it may be the right one.
func (d *diagnosis) unusualSecrets() []string {
	var all []string
	for _, c := range d.candidates {
		s := c.Secret.Reveal()
		if len(s) == d.provider.SecretDigits && strings.Trim(s, hexDigits) == "" || notASecret(c) != "" {
			return nil
		}
		all = append(all, s)
	}
	if d.provider.SecretDigits == 0 || d.reason != signature.Mismatch {
		return nil
	}
	return all
}
