package diagnosis

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/signature"
)

// signs are the causes of which there is a sign, and no proof.
func signs(all []*diagnosis) []Finding {
	var found []Finding
	for i := range transformations {
		t := &transformations[i]
		if !t.hint || slices.ContainsFunc(found, func(f Finding) bool { return f.Cause == t.cause }) {
			continue
		}
		for _, d := range all {
			if text, ok := t.test(d); ok {
				found = append(found, t.finding(text))
				break
			}
		}
	}
	return found
}

// unknown is the last word on a failure that nothing explains; all are the
// searches under the schemes that it may be of. A mismatch says most.
func unknown(all []*diagnosis) []Finding {
	var of *diagnosis
	var assumed, flags []string
	for _, d := range all {
		if of == nil || d.reason == signature.Mismatch && of.reason != signature.Mismatch {
			of = d
		}
		if len(d.provider.Scheme.Assumed) > 0 {
			assumed = append(assumed, d.provider.Name)
			flags = append(flags, d.provider.Scheme.Assumed...)
		}
	}
	if of == nil {
		return nil
	}
	if text := of.timestampFault(); text != "" {
		return []Finding{{Cause: causeUnknown, Explanation: text, Fix: timestampFix}}
	}
	switch of.reason {
	case signature.NoSignature:
		return nil
	case signature.Malformed:
		return []Finding{{Cause: causeUnknown,
			Explanation: fmt.Sprintf("The signature is not %s, and no other reading of it matches.", wellFormed(of.provider.Scheme)),
			Fix:         "Compare it with the header that the provider sent: a proxy or a log may have cut or changed it."}}
	case signature.Conflicting:
		return []Finding{{Cause: causeUnknown,
			Explanation: "The delivery has several signatures. They differ, and none of them matches.",
			Fix:         "Do not trust this delivery: a provider sends the same signature in all its headers."}}
	}
	explanation := "No known change of body, secret or signature explains the mismatch." + of.guess()
	switch {
	case of.large():
		explanation = fmt.Sprintf("No known change of secret or signature explains the mismatch. The body is larger than %d MiB, so only changes of its ends, its layout and its wrapping were tried.", wholeBody>>20)
	case of.request.Stream != nil:
		explanation = "No known change of secret or signature explains the mismatch. The body is too large for memory, so only changes of its ends and its layout were tried."
		if of.request.Again == nil {
			explanation = "The body is too large for memory and cannot be read twice, so no change of it was tried."
		}
	}
	fix := "Check that the secret belongs to this webhook, and that the capture holds the body byte for byte. If both are right, the delivery was changed on its way or did not come from the provider."
	if len(assumed) > 0 {
		fix += fmt.Sprintf(" The signature scheme of %s is not documented. You can set it with --%s.", strings.Join(assumed, " or "), strings.Join(flags, ", --"))
	}
	return []Finding{{Cause: causeUnknown, Fix: fix, Explanation: explanation}}
}

func wellFormed(s signature.Scheme) string {
	if s.DigestEncoding == signature.Base64 {
		return "base64 of 32 bytes"
	}
	return "64 hexadecimal digits"
}

// guess says what the body looks like where nothing was proven. It is no cause:
// a body that is laid out may have been sent so.
func (d *diagnosis) guess() string {
	list := d.document(d.request.Body).list
	switch {
	case hasLines(list):
		return " The captured JSON is pretty-printed. If a viewer, a logger or jq did that, the signed bytes are lost."
	case slices.ContainsFunc(list, roundedNumber):
		return " The captured JSON has a number that looks rounded to a float64. If a program parsed it, the signed digits are lost."
	}
	return ""
}

// roundedNumber recognises whole numbers with more digits than a float64 keeps.
func roundedNumber(t token) bool {
	const exact = 17
	text := strings.TrimLeft(string(t.text), "-")
	return t.kind == 0 && len(text) > exact && (whole(t.text) && strings.HasSuffix(text, "000") || strings.Contains(text, "e+"))
}

// testCutOff looks for signs that the end of the body is missing.
func testCutOff(d *diagnosis) (string, bool) {
	body := d.request.Body
	if len(body) == 0 || d.printer() != "" || json.Valid(body) {
		return "", false // all that was captured is there
	}
	if n := d.contentLength(); n > len(body) {
		return fmt.Sprintf("Content-Length says %d bytes, the capture has %d.", n, len(body)), true
	}
	if r, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
		r.Multistream(false)
		_, err = io.Copy(io.Discard, io.LimitReader(r, maxUnpacked))
		return "The captured body is gzip, and its end is missing.", errors.Is(err, io.ErrUnexpectedEOF)
	}
	if unfinishedJSON(body) {
		return fmt.Sprintf("The captured body ends after %d bytes, in the middle of its JSON.", len(body)), true
	}
	if n := len(body); n >= 1024 && n%1024 == 0 && !jsonShaped(body) {
		return fmt.Sprintf("The captured body has exactly %d bytes, a size at which buffers and logs often end.", n), true
	}
	return "", false
}

// testDecompressed looks at what the sender said of the body.
func testDecompressed(d *diagnosis) (string, bool) {
	v := d.encodedAs("gzip", "x-gzip", "deflate", "br", "zstd", "compress")
	return "Content-Encoding says that the body was sent as " + v + ", and the capture is plain. If the compressed bytes were signed, they are lost.", v != "" && !looksCompressed(d.request.Body)
}

// encodedAs is the first of these methods that a Content-Encoding names; "" for none.
func (d *diagnosis) encodedAs(methods ...string) string {
	for _, v := range d.request.Header.Values("Content-Encoding") {
		if v = strings.ToLower(strings.TrimSpace(v)); slices.Contains(methods, v) {
			return v
		}
	}
	return ""
}

// testStillCompressed recognises what cannot be decompressed here.
func testStillCompressed(d *diagnosis) (string, bool) {
	v := d.encodedAs("br", "zstd", "compress")
	return "Content-Encoding says that the body is compressed as " + v + ", and it is not text. The signed body may be its content.", v != "" && !utf8.Valid(d.request.Body)
}

func testReplaced(d *diagnosis) (string, bool) {
	return "", bytes.Contains(d.request.Body, []byte("\ufffd"))
}

// contentLength is what the header says; 0 where it says nothing.
func (d *diagnosis) contentLength() int {
	n, err := strconv.Atoi(strings.TrimSpace(d.request.Header.Get("Content-Length")))
	if err != nil {
		return 0
	}
	return n
}

// unread is what programs write of a body that no parser has read.
var unread = []string{"", "{}", "[]", "null", "undefined", "None", "nil", `""`}

// testEmpty recognises a body that was read before it was captured: of what was
// signed nothing is left.
func testEmpty(d *diagnosis) (string, bool) {
	text := string(bytes.TrimSpace(d.request.Body[:min(len(d.request.Body), mostQuoted)]))
	switch n := d.contentLength(); {
	case len(d.request.Body) >= mostQuoted || d.reason == signature.NoSignature || !slices.Contains(unread, text):
		return "", false
	case text != "":
		return fmt.Sprintf("The captured body is %s. Programs write that when they have not read the body, or when it was read before.", text), true
	case n > 0:
		return fmt.Sprintf("The captured body is empty, but Content-Length says %d bytes. Another reader, usually a body parser, has already read the stream.", n), true
	}
	return "The captured body is empty, but the signed body was not. Another reader, usually a body parser, has already read the stream.", true
}

// testYAML recognises the event's type as YAML writes it.
func testYAML(d *diagnosis) (string, bool) {
	text := bytes.TrimSpace(d.request.Body)
	return "", !jsonShaped(text) && bytes.Contains(text, []byte("\n"+d.provider.Envelope.Type+": "))
}

// parsedStarts is how a print of a form begins whose only name is a JSON text.
var parsedStarts = []string{`{"{\"`, `{"[{\"`, `{'{"`, "{ '{\""}

// testFormParsed recognises a JSON text that became the name of a form's field.
func testFormParsed(d *diagnosis) (string, bool) {
	text := bytes.TrimSpace(d.request.Body)
	return "", slices.ContainsFunc(parsedStarts, func(start string) bool { return bytes.HasPrefix(text, []byte(start)) })
}

// testDigestCut recognises a signature that a log or a dashboard has shortened.
func testDigestCut(d *diagnosis) (string, bool) {
	if d.reason != signature.Malformed {
		return "", false
	}
	for _, c := range d.digests {
		if c.cut > 0 {
			return fmt.Sprintf("The signature should have %d digits, and the capture has only %d of them. The rest was cut off.", 2*sha256.Size, c.cut), true
		}
	}
	for _, f := range d.request.Header {
		if isOfficial(d.provider.Scheme, f.Name) && redacted(f.Value) {
			return "The signature is not in the capture: the program that wrote it redacted the header.", true
		}
	}
	return "", false
}

// redacted reports whether a value was taken out, in whole or but for a few digits:
// it says so, or has marks in place of what it had.
func redacted(value string) bool {
	text := strings.Trim(strings.ToLower(afterLabel(strings.TrimSpace(value))), around+" ")
	for _, word := range []string{"redact", "filter", "mask", "hidden", "remov", "truncat", "sanitiz", "secret", "omitted", "scrub"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	const least = 3
	marks := strings.Trim(text, "0123456789abcdef")
	return strings.Trim(marks, "*\u2022\u25cf\u2026x#.-_") == "" && utf8.RuneCountInString(marks) >= least
}

// testStringified recognises JSON in a JSON string.
func testStringified(d *diagnosis) (string, bool) {
	text := bytes.TrimSpace(d.request.Body)
	if len(text) == 0 || text[0] != '"' || len(text) > maxJSON {
		return "", false
	}
	inner, ok := jsontext.Unquote(nil, text)
	return "", ok && jsonShaped(inner) && json.Valid(inner)
}

// testOtherOrder compares the order of the members around the data, which is
// documented, with the provider's.
func testOtherOrder(d *diagnosis) (string, bool) {
	doc := d.document(d.request.Body)
	if d.reason != signature.Mismatch || doc.sample == nil || len(doc.list) > maxValues {
		return "", false
	}
	order := memberNames(doc.sample.list)["/"].names
	have := memberNames(doc.list)["/"].names
	if missing, _ := lacking(have, order); len(missing) > 0 {
		return "", false // it is a part of a body, or none
	}
	var places []int
	for _, name := range have {
		if place := slices.Index(order, name); place >= 0 && !slices.Contains(places, place) { // again: somebody has added it
			places = append(places, place)
		}
	}
	return "", !slices.IsSorted(places)
}

// testGson recognises what Gson alone writes: = and ' as escapes, or all whole
// numbers with .0, of which the provider writes one without.
func testGson(d *diagnosis) (string, bool) {
	body := d.request.Body
	doc := d.document(body)
	if d.reason != signature.Mismatch || doc.list == nil {
		return "", false
	}
	if bytes.Contains(body, []byte(`\u003d`)) || bytes.Contains(body, []byte(`\u0027`)) {
		return "", true
	}
	floats := false
	for _, t := range doc.list {
		switch {
		case t.kind != 0:
		case whole(t.text):
			return "", false
		case bytes.HasSuffix(t.text, []byte(".0")):
			floats = floats || doc.sample != nil && slices.ContainsFunc(doc.sample.list, func(s token) bool {
				return s.kind == 0 && whole(s.text) && bytes.Equal(s.name, t.name)
			})
		}
	}
	return "The whole numbers in the captured JSON end in .0, as programs write floats. If one converted them, the signed digits are lost.", floats
}

// testSorted: what the order of the members was can seldom be found out, and
// hardly any program sends them sorted.
func testSorted(d *diagnosis) (string, bool) {
	return "", d.reason == signature.Mismatch && d.document(d.request.Body).tree().namesSorted()
}

// testSortedLines is for jq -S and the like. A layout alone is no sign: which
// one it was can be found out.
func testSortedLines(d *diagnosis) (string, bool) {
	_, sorted := testSorted(d)
	return "", sorted && hasLines(d.document(d.request.Body).list)
}
