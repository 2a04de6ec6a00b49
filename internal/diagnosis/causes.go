package diagnosis

import (
	"cmp"
	"errors"
	"iter"

	"github.com/hookctl/hookctl/internal/capture"
)

// transformation is one way in which deliveries go wrong. Adding one is adding
// an entry to the list below, in which exactly one of bodies, json, keys and test
// is set, and a mutator to the test vectors that needs it; a new name also has a
// section in docs/diagnosis.md.
type transformation struct {
	cause       string
	explanation string
	fix         string
	// bodies yields what the body may have been when it was signed.
	bodies func(body []byte) iter.Seq[[]byte]
	// json is bodies of what the body's JSON may have been.
	json func(doc *document) iter.Seq[[]byte]
	// keys yields what the key may have been, given a candidate's secret.
	keys func(c Candidate) iter.Seq[[]byte]
	// test looks for anything else. It may put its own explanation in place.
	test func(d *diagnosis) (explanation string, found bool)
	// paired says that it is tried together with those of the other kind:
	// mistakes that are often made at the same time.
	paired bool
	// lean says that it makes bodies smaller, and hardly needs more memory than the
	// captured one has: it is tried of any body.
	lean bool
	// hint marks a sign rather than a proof: asked for only when nothing was
	// proven.
	hint bool
	// and is further causes that a match proves.
	and []Finding
	// pretty, where not empty, is the explanation for a capture with line breaks
	// between its tokens: then json-reserialised is json-pretty-printed.
	pretty string
	// share bounds a search that would not end: it may use one part in so many of
	// the budget. 0 is no bound but the budget.
	share int
}

// finding makes the public form.
func (t *transformation) finding(explanation string) Finding {
	if explanation == "" {
		explanation = t.explanation
	}
	return Finding{Cause: t.cause, Fix: t.fix, Explanation: explanation}
}

// proven is what a match of t proves of a body.
func (t *transformation) proven(explanation string, laidOut bool) []Finding {
	found := append([]Finding{t.finding(explanation)}, t.and...)
	for i := range found {
		if laidOut && t.pretty != "" && found[i].Cause == "json-reserialised" {
			found[i] = Finding{Cause: "json-pretty-printed", Explanation: t.pretty, Fix: keepRaw}
		}
	}
	return found
}

// ofBody reports whether t is a change of the body.
func (t *transformation) ofBody() bool { return t.bodies != nil || t.json != nil }

// causeUnknown is the public name for a failure that nothing explains.
const causeUnknown = "unknown"

// Unreadable explains a delivery that was not read: a signature was seen in its
// capture. Nothing, where err says something else.
func Unreadable(err error) []Finding {
	var layout *capture.UnknownLayout
	if !errors.As(err, &layout) {
		return nil
	}
	return []Finding{{
		Cause: causeUnknownLayout, Explanation: layout.Explanation(),
		Fix: cmp.Or(layout.Suggestion, "Compare it with what `hookctl help formats` lists; --format names the format, and --header or --signature goes with a file that holds the payload alone."),
	}}
}

// causeUnknownLayout is the public name for a signature that was seen in a capture
// whose layout is not known.
const causeUnknownLayout = "unknown-layout"

// What several rows say.
const (
	verifyRaw      = "Verify the raw bytes before any JSON parser sees them, e.g. express.raw() or request.get_data()."
	keepRaw        = "Keep the request's raw bytes; a viewer, a logger or jq laid the JSON out anew."
	equalIsNotSame = "Verify the raw bytes before any JSON parser sees them: equal JSON is not the same bytes."
	decompress     = "Decompress it before verifying; or verify where the application sees the body."
	useText        = "Copy the body from a file, or from a tool that keeps plain quotes; send it as an attachment or in a code block, not as text."
	storeWhole     = "Compare it with what the provider showed at creation, all of it; if that is lost, `hookctl rotate` makes a new one."
	afterParsing   = "Verify the raw bytes before any parser sees them; never print a parsed value and verify that."
	otherEscapes   = `The captured JSON has other escapes than the signed body: \/, \u00e9, \u003c or their plain forms.`
)

// digestEncoding is looked for whatever else is wrong: see [diagnosis.aim].
var digestEncoding = transformation{
	cause:       "digest-encoding",
	explanation: "The signature is right, but written in another encoding than the scheme's.",
	fix:         "Set --digest-encoding, or send the digest as the scheme says.",
}

// quotedSignature is said in place of it where only the header's value was changed.
var quotedSignature = transformation{
	cause:       "wrong-header",
	explanation: "The signature is right, but its header holds more than it: quotes, brackets or invisible characters, as programs print a string.",
	fix:         "Take off what stands around the header's value.",
}

// transformations is THE list, the likeliest first: the first that matches is
// the answer.
var transformations = []transformation{
	{
		cause:       "trailing-newline",
		explanation: "The capture ends with a newline that was not signed.",
		fix:         "Store the body without it: printf instead of echo, curl --data-binary instead of --data, an editor that adds no final newline.",
		bodies:      withoutNewline, paired: true, lean: true,
	},
	{
		cause:       "missing-newline",
		explanation: "The signed body ended with a newline that the capture has lost.",
		fix:         "Store the body as raw bytes; $(...) in a shell, and functions named trim or strip, take newlines off.",
		bodies:      withNewline, paired: true,
	},
	{
		cause:       "secret-whitespace",
		explanation: "The secret has white space or invisible characters around it that do not belong to it.",
		fix:         "Store the secret again without them; a newline from echo is the usual one.",
		keys:        keyWhitespace, paired: true,
	},
	{
		cause:       "secret-prefix",
		explanation: "It matches with a prefix such as whsec_ or sha256= taken off the secret, or put before it.",
		fix:         "Store the secret exactly as the provider showed it.",
		keys:        keyPrefix, paired: true,
	},
	{
		cause:       "secret-quoted",
		explanation: "The secret is wrapped: in quotes, or as NAME=value.",
		fix:         "Store only what is inside; many tools take the quotes of a .env file literally.",
		keys:        keyQuoted, paired: true,
	},
	{
		cause:       "secret-encoding",
		explanation: "It matches with the secret in another encoding: decoded from hex or base64, or in the other case.",
		fix:         "Use the secret as the provider's scheme says (--key-encoding); both documented samples take the text itself.",
		keys:        keyEncoding, paired: true,
	},
	{
		cause:       "other-webhook",
		explanation: "It is signed with the secret of another webhook.",
		fix:         "Verify with that webhook (--webhook), or look at which URL it delivers to.",
		test:        func(d *diagnosis) (string, bool) { return d.others(false) },
	},
	{
		cause:       "older-secret",
		explanation: "It is signed with an older secret: of a webhook that was replaced or deleted.",
		fix:         "Retries of old deliveries come for up to 19 hours; leave out --webhook to accept every kept secret, or update the sender.",
		test:        func(d *diagnosis) (string, bool) { return d.others(true) },
	},
	{
		cause:       "wrapped-body",
		explanation: "What was signed stands in another member of the capture than the one that was judged, which is the most exact one.",
		fix:         "Take the member that holds what was signed for the body, and leave the other out of the capture.",
		test:        testOtherBody,
	},
	{
		cause:       "truncated",
		explanation: "The capture goes on after what was signed.",
		fix:         "Cut the capture where the body ends; Content-Length says where, and is worth keeping in a dump.",
		test:        testTooLong,
	},
	{
		cause:       "crlf",
		explanation: "The line ends were changed between CRLF and LF.",
		fix:         "Store captures as binary: `*.http -text` in .gitattributes, binary mode in FTP, no Windows editor.",
		bodies:      lineEnds, paired: true,
	},
	{
		cause:       "bom",
		explanation: "A byte order mark was put before the body, or taken off it.",
		fix:         "Save captures as plain UTF-8, without a BOM.",
		bodies:      byteOrderMark, paired: true, lean: true,
	},
	{
		cause:       "whitespace",
		explanation: "The body has other white space at its beginning or end than what was signed.",
		fix:         "Store the body exactly as it came.",
		bodies:      trimmed, paired: true, lean: true,
	},
	{
		cause:       "wrapped-lines",
		explanation: "Line breaks were put into the body where a terminal or an editor wraps lines; what was signed has none there.",
		fix:         "Redirect the output to a file instead of copying it from the screen, or turn wrapping off.",
		bodies:      wrappedLines,
	},
	{
		cause:       "json-pretty-printed",
		explanation: "The captured JSON is pretty-printed; the signed body was not.",
		fix:         keepRaw,
		json:        jsonUnpretty, paired: true,
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON was parsed and written again: its spacing, key order or numbers differ from what was signed.",
		fix:         verifyRaw,
		json:        jsonReserialised, paired: true,
	},
	{
		cause:       "json-escaping",
		explanation: otherEscapes,
		fix:         equalIsNotSame,
		json:        jsonEscaping, paired: true,
	},
	{
		cause:       "json-escaping",
		explanation: otherEscapes,
		fix:         equalIsNotSame,
		json:        jsonEscapingSpaced,
		and: []Finding{{
			Cause:       "json-reserialised",
			Explanation: "Its spacing is another one too: it was parsed and written again.",
			Fix:         verifyRaw,
		}},
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON was parsed and written again: its members do not stand in the order in which the provider writes them.",
		fix:         verifyRaw,
		json:        jsonInOrder,
	},
	{
		cause:       "base64-body",
		explanation: "The body is base64 of what was signed, or the other way round.",
		fix:         `Decode it first; in a record put base64 into "body_base64" and not into "body".`,
		bodies:      base64Body, paired: true, lean: true,
	},
	{
		cause:       "escaped-body",
		explanation: "The captured body still has the escapes of a string around it, such as \\\" for quotes; what was signed has not.",
		fix:         "Take one level of escapes off: decode the string, cell or entity that the body was stored in, or keep the raw bytes.",
		bodies:      escapedBody,
	},
	{
		cause:       "wrapped-body",
		explanation: "What was signed is only a part of the captured body, or the captured body is a part of it: it was wrapped in JSON, a multipart form, an HTTP head or chunks.",
		fix:         "Verify the request's body itself, before a queue, a gateway or an automation tool puts it into something of its own.",
		bodies:      unwrapped, lean: true,
	},
	{
		cause:       "form-encoded",
		explanation: "The captured body is URL-encoded differently from what was signed: a form field, or text that was decoded or encoded again.",
		fix:         "Verify the raw bytes of the request before a form parser sees them.",
		bodies:      formEncoded,
	},
	{
		cause:       "compressed-body",
		explanation: "The captured body is still compressed; what was signed is not.",
		fix:         decompress,
		bodies:      decompressed, lean: true,
	},
	{
		cause:       "charset",
		explanation: "The captured body has the same text in another character encoding than the signed one.",
		fix:         "Keep the body as bytes: no decoding and encoding as Latin-1, Windows-1252 or UTF-16, and no Unicode normalisation.",
		bodies:      charsets, paired: true,
	},
	{
		cause:       "typographic-quotes",
		explanation: "The captured body has typographic quotes, dashes or spaces in place of the plain ones that were signed.",
		fix:         useText,
		bodies:      plainQuotes,
	},
	{
		cause:       "wrong-header",
		explanation: "The signature is right, but in another header than the scheme's.",
		fix:         "Name it with --signature-header, and see which proxy or framework renames headers.",
		test:        testWrongHeader,
	},
	{
		cause:       "timestamp-prefixed",
		explanation: "What was signed is not the body alone: a timestamp is part of it.",
		fix:         "Set --signed-template, e.g. '{timestamp}.{body}'.",
		test:        testTimestamp,
	},
	{
		cause:       "algorithm",
		explanation: "It is signed with another algorithm than HMAC-SHA256.",
		fix:         "Make the sender use HMAC-SHA256; only that is verified.",
		test:        testAlgorithm,
	},
	{
		cause:       "digest-truncated",
		explanation: "The signature is the beginning of the right one: the rest is missing.",
		fix:         "Look for a log or a column that cuts values; a shortened digest is never accepted.",
		test:        testTruncatedDigest,
	},
	{
		cause:       "unkeyed-hash",
		explanation: "It is a plain hash of body, or of body and secret, and not an HMAC.",
		fix:         "Use an HMAC function: hmac.new(secret, body, sha256), not sha256(secret + body).",
		test:        testUnkeyed,
	},
	{
		cause:       "secret-is-not-a-secret",
		explanation: "It is signed with the webhook's id instead of its secret.",
		fix:         "Sign with the secret that the provider showed once, at creation.",
		keys:        keyID,
	},
	{
		cause:       "secret-truncated",
		explanation: "It matches with one character more or less at an end of the secret: a character was lost, or came along, when it was copied.",
		fix:         "Store the secret again, all of it, exactly as the provider showed it.",
		keys:        keyEnds, share: 8,
	},
	{
		cause:       "language-print",
		explanation: "The captured body is what a language prints of the parsed JSON.",
		fix:         afterParsing,
		test:        testPrintedJSON, share: 2,
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON was parsed and written again: times or empty objects in it are written in another way than in the signed body.",
		pretty:      "The captured JSON is pretty-printed, and times or empty objects in it were changed on the way; the signed body was not laid out.",
		fix:         verifyRaw,
		json:        jsonValues, share: 6,
	},
	{
		cause:       "edited-body",
		explanation: "Members that were null are missing in the captured JSON.",
		pretty:      "The captured JSON is pretty-printed too.",
		fix:         verifyRaw,
		json:        nullsLeftOut, share: 6,
		and: []Finding{{
			Cause: "json-reserialised", Explanation: "It was parsed and written again, by a program that leaves nulls out.", Fix: verifyRaw,
		}},
	},
	{
		cause:       "edited-body",
		explanation: "Members that were null were taken out of the captured JSON.",
		fix:         keepRaw,
		json:        nullsRemoved, share: 8,
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON was parsed and written again: its layout, numbers and escapes differ from what was signed.",
		pretty:      "The captured JSON is pretty-printed, and its numbers or escapes changed on the way; the signed body was not laid out.",
		fix:         verifyRaw,
		json:        jsonRewritten, share: 3,
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON was parsed and written again: its numbers are written in another way than in the signed body.",
		pretty:      "The captured JSON is pretty-printed, and its numbers are written in another way than in the signed body.",
		fix:         verifyRaw,
		json:        jsonNumbers, share: 4,
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON was parsed and written again: the order of its members is not the one that was signed.",
		fix:         verifyRaw,
		test:        testOrder, share: 2,
	},
	{
		cause:       "secret-is-not-a-secret",
		explanation: "What is used as the secret does not look like one.",
		fix:         "Use the secret that the provider showed once, at creation; if it is lost, `hookctl rotate` makes a new one.",
		test:        testNotASecret, hint: true,
	},
	{
		cause:       "empty-body",
		explanation: "The captured body is empty.",
		fix:         "Read the raw bytes before any body parser does, once, and keep them: a stream is empty the second time.",
		test:        testEmpty, hint: true,
	},
	{
		cause:       "secret-truncated",
		explanation: "The secret has another length than the provider's.",
		fix:         storeWhole,
		test:        testSecretLength, hint: true,
	},
	{
		cause:       "digest-truncated",
		explanation: "The signature is cut off: a shortened digest is never accepted.",
		fix:         "Look for a log, a dashboard or a column that cuts values, and take the whole header from where it is not.",
		test:        testDigestCut, hint: true,
	},
	{
		cause:       "truncated",
		explanation: "The captured body is cut off.",
		fix:         "Capture it again in full: log lines and single reads often end at 1024, 4096 or 8192 bytes.",
		test:        testCutOff, hint: true,
	},
	{
		cause:       "compressed-body",
		explanation: "Content-Encoding says that the body is compressed, in a way that is not undone here.",
		fix:         decompress,
		test:        testStillCompressed, hint: true,
	},
	{
		cause:       "decompressed-body",
		explanation: "Content-Encoding says that the body was sent compressed, and the capture is not: if the compressed bytes were signed, they are gone.",
		fix:         "Keep the body as it came over the wire: inflate: false in Express, no gunzip in a proxy.",
		test:        testDecompressed, hint: true,
	},
	{
		cause:       "charset",
		explanation: "The captured body holds U+FFFD, which programs put in place of bytes that they could not decode: the signed bytes are lost.",
		fix:         "Keep the body as bytes; do not make text of it before it is verified.",
		test:        testReplaced, hint: true,
	},
	{
		cause:       "language-print",
		explanation: "The captured body is what a language prints of a parsed value.",
		fix:         afterParsing,
		test:        testPrinted, hint: true,
	},
	{
		cause:       "typographic-quotes",
		explanation: "The captured body has typographic quotes, which no program writes in JSON: it went through a chat, a word processor or a note.",
		fix:         useText,
		test:        testTypographic, hint: true,
	},
	{
		cause:       "escaped-body",
		explanation: "The captured body begins as JSON does that has the escapes of a string around it.",
		fix:         "Decode the string, cell or entity that the body was stored in, or keep the raw bytes.",
		test:        testEscaped, hint: true,
	},
	{
		cause:       "wrapped-body",
		explanation: "The captured body is a JSON string with JSON in it: it was written as JSON twice, and changed before.",
		fix:         "Verify the raw bytes of the request; do not write a text as JSON that is JSON already.",
		test:        testStringified, hint: true,
	},
	{
		cause:       "form-encoded",
		explanation: "The captured body is an object whose only name is the beginning of a JSON text: a form parser has read the body, and the signed text is gone.",
		fix:         "Verify the raw bytes of the request before a form parser sees them; send application/json to a parser that knows it.",
		test:        testFormParsed, hint: true,
	},
	{
		cause:       "json-reserialised",
		explanation: "What was captured is YAML, which a program has made of the JSON.",
		fix:         verifyRaw,
		test:        testYAML, hint: true,
	},
	{
		cause:       "json-reserialised",
		explanation: "The names in the captured JSON are in alphabetical order, as programs write them that parsed it: if one did, the signed order is gone.",
		fix:         verifyRaw,
		test:        testSorted, hint: true,
	},
	{
		cause:       "json-pretty-printed",
		explanation: "The captured JSON is laid out for people too.",
		fix:         keepRaw,
		test:        testSortedLines, hint: true,
	},
	{
		cause:       "json-reserialised",
		explanation: "The members of the captured JSON do not stand in the order in which the provider writes them: a program has parsed it and written it again, and the signed text is gone.",
		fix:         verifyRaw,
		test:        testOtherOrder, hint: true,
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON is written as Gson does: it was parsed, and nulls, the order of members or numbers may have changed.",
		fix:         verifyRaw,
		test:        testGson, hint: true,
	},
	{
		cause:       "edited-body",
		explanation: "The captured JSON was edited.",
		fix:         "Keep the body as it came; redact a copy. What was signed cannot be made again.",
		test:        testEdited, hint: true,
	},
	{
		cause:       "secret-truncated",
		explanation: "The secret has other characters than the provider's.",
		fix:         storeWhole,
		test:        testSecretAlphabet, hint: true,
	},
}

// byCause is the first transformation of that public name.
func byCause(cause string) *transformation {
	for i := range transformations {
		if transformations[i].cause == cause {
			return &transformations[i]
		}
	}
	return &transformation{cause: cause}
}
