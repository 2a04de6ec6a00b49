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
		return fmt.Sprintf("The value of %s in the captured JSON was hidden; the rest of it looks like what was signed.", term.Clip(name, mostQuoted)), true
	}
	if _, gson := testGson(d); gson {
		return "", false // which leaves nulls out
	}
	if text := d.missingMembers(doc); text != "" {
		return text, true
	}
	return "", false
}

// hiddenValue finds a string that stands in place of another one, and its name.
func hiddenValue(list []token) (name string, found bool) {
	for i, t := range list {
		if t.kind != '"' || i < 2 || list[i-1].kind != ':' || len(t.text) > 40 {
			continue
		}
		var s string
		if json.Unmarshal(t.text, &s) != nil {
			continue
		}
		low := joined(strings.ToLower(s))
		if len(s) > 2 && (masked(s) || strings.Trim(low, "x*\u2022\u2588") == "" && len(low) > 3 || slices.Contains(hiddenWords, low)) {
			return string(list[i-2].text), true
		}
	}
	return "", false
}

// hiddenWords are what people and loggers put in place of a value, joined.
var hiddenWords = []string{"redacted", "filtered", "masked", "removed", "hidden", "elided", "omitted", "truncated", "anonymized", "anonymised", "scrubbed", "object", "array"}

// missingMembers says what the body lacks of what the provider writes; "" where it
// lacks nothing, or does not look like one of the provider's.
func (d *diagnosis) missingMembers(doc *document) string {
	have := memberNames(doc.list)
	e := d.provider.Envelope
	if doc.sample != nil {
		// The whole body, then what is in its data alone.
		if missing, most := lacking(have["/"], memberNames(doc.sample.list)["/"]); most && !d.likelierOf(have["/"], len(missing)) {
			if len(missing) == 0 {
				return d.missingInside(doc.sample, have)
			}
			identity := []string{e.ID, e.Type, e.Time}
			partly := slices.ContainsFunc(identity, func(name string) bool { return slices.Contains(missing, name) })
			if partly || 3*len(missing) <= len(have["/"]) {
				return fmt.Sprintf("The captured JSON looks like a delivery of %s, and lacks %s.", d.provider.Name, enumerated(missing))
			}
			return "" // an envelope that somebody has made by hand
		}
	}
	for _, name := range []string{e.ID, e.Type, e.Time} {
		if slices.Contains(have["/"], name) {
			return ""
		}
	}
	types := d.provider.Events
	if e.HeaderType != "" {
		types = append(types[:len(types):len(types)], d.request.Header.Get(e.HeaderType))
	}
	for _, eventType := range types {
		if d.budget.spent() || d.provider.Sample == nil {
			break
		}
		body := d.provider.Sample(eventType)
		d.budget.left -= jsonCost * len(body)
		of := newSample(body)
		if of == nil {
			continue
		}
		for path, names := range memberNames(of.list) {
			if path == "/" || strings.Count(path, "/") > 2 {
				continue
			}
			if missing, most := lacking(have["/"], names); most && len(missing) < len(names)/3+1 {
				return fmt.Sprintf("The captured JSON looks like what is in %s of a delivery of %s, and lacks what is around it: %s.",
					strings.Trim(path, "/"), d.provider.Name, enumerated(memberNames(of.list)["/"]))
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
			if other, most := lacking(have, memberNames(s.list)["/"]); most && len(other) < missing {
				return true
			}
		}
	}
	return false
}

// missingInside looks into the members of the body.
func (d *diagnosis) missingInside(of *document, have map[string][]string) string {
	want := memberNames(of.list)
	for _, path := range slices.Sorted(func(yield func(string) bool) {
		for path := range want {
			if !yield(path) {
				return
			}
		}
	}) {
		names, ok := have[path]
		if !ok || path == "/" {
			continue
		}
		if missing, most := lacking(names, want[path]); most && len(missing) > 0 && len(want[path]) > 3 && len(missing) <= len(want[path])/2 {
			return fmt.Sprintf("The captured JSON looks like a delivery of %s, and lacks %s in %s.", d.provider.Name, enumerated(missing), strings.Trim(path, "/"))
		}
	}
	return ""
}

// lacking is which of the names are wanted and not there, and whether more than two of
// them, and half of them, are.
func lacking(have, want []string) (missing []string, most bool) {
	for _, name := range want {
		if !slices.Contains(have, name) {
			missing = append(missing, name)
		}
	}
	there := len(want) - len(missing)
	return missing, there > 1 && 2*there >= len(want)
}

// memberNames are the names of the objects' members by their path, the first
// object's of each path, down to members of members.
func memberNames(list []token) map[string][]string {
	all := map[string][]string{}
	if len(list) == 0 || len(list) > maxValues {
		return all
	}
	t := treeOf(list, paths{})
	top := map[int]string{}
	for m, n := range t.paths {
		if m.path == 0 {
			top[n] = m.name
		}
	}
	texts := maps.Clone(top)
	texts[0] = ""
	for m, n := range t.paths {
		if within, known := top[m.path]; known {
			texts[n] = within + "/" + m.name
		}
	}
	for _, o := range t.objects {
		if path, known := texts[o.path]; known && all["/"+path] == nil {
			all["/"+path] = o.names
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
			return fmt.Sprintf("The secret has %d digits, and those that %s shows have %d.", len(s), d.provider.Name, d.provider.SecretDigits), true
		}
	}
	return "", false
}

// testSecretAlphabet recognises a secret that looks like nothing that the provider
// makes.
func testSecretAlphabet(d *diagnosis) (string, bool) {
	for _, s := range d.unusualSecrets() {
		return fmt.Sprintf("The secret has %d characters; %s shows secrets of %d hexadecimal digits, and of nothing else.", len(s), d.provider.Name, d.provider.SecretDigits), true
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
