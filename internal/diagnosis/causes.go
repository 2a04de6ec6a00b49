package diagnosis

import (
	"cmp"
	"errors"
	"iter"
	"slices"

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
		Fix: cmp.Or(layout.Suggestion, "Compare it with the formats in `hookctl help formats`. Name the format with --format, or give the payload alone as a file, with its signature in --header or --signature."),
	}}
}

// causeUnknownLayout is the public name for a signature that was seen in a capture
// whose layout is not known.
const causeUnknownLayout = "unknown-layout"

// What several rows say.
const (
	verifyRaw      = "Verify the raw bytes before any JSON parser sees them, e.g. express.raw() or request.get_data()."
	keepRaw        = "Keep the request's raw bytes: a viewer, a logger or jq reformatted the JSON."
	equalIsNotSame = "Verify the raw bytes before any JSON parser sees them: two equal JSON documents can have different bytes."
	decompress     = "Decompress the body before you verify it, or verify it where the application reads it."
	useText        = "Copy the body from a file, or from a tool that keeps plain quotes. Send it as an attachment or in a code block."
	storeWhole     = "Compare it with the whole secret that the provider showed at creation. If that is lost, make a new one with `hookctl rotate`."
	afterParsing   = "Verify the raw bytes before any parser sees them. If you log or keep a delivery, print the raw body, not the parsed object."
	otherEscapes   = `The captured JSON and the signed body escape characters differently: \/, \u00e9, \u003c or their plain forms.`
)

// digestEncoding is looked for whatever else is wrong: see [diagnosis.aim].
var digestEncoding = transformation{
	cause:       "digest-encoding",
	explanation: "The signature is right, but its encoding is not the scheme's.",
	fix:         "Set --digest-encoding, or make the sender use the scheme's encoding.",
}

// quotedSignature is said in place of it where only the header's value was changed.
var quotedSignature = transformation{
	cause:       "wrong-header",
	explanation: "The signature is right, but its header holds other characters too: quotes, brackets or invisible characters, as in a printed string.",
	fix:         "Remove the characters around the header's value.",
}

// transformations is THE list, the likeliest first, and what costs a few hashes before
// what costs hundreds: the first that matches is the answer.
var transformations = []transformation{
	{
		cause:       "trailing-newline",
		explanation: "The capture ends with a newline that was not signed.",
		fix:         "Store the body without the newline: use printf instead of echo, curl --data-binary instead of --data, an editor that adds no final newline.",
		bodies:      withoutNewline, paired: true, lean: true,
	},
	{
		cause:       "missing-newline",
		explanation: "The signed body ended with a newline, and the capture does not.",
		fix:         "Store the body as raw bytes: $(...) in a shell, and functions such as trim and strip, remove newlines.",
		bodies:      withNewline, paired: true,
	},
	{
		cause:       "secret-whitespace",
		explanation: "The secret has extra white space or invisible characters around it.",
		fix:         "Store the secret again without them. Most often it is a newline from echo.",
		keys:        keyWhitespace, paired: true,
	},
	{
		cause:       "secret-prefix",
		explanation: "The signature matches if a prefix such as whsec_ or sha256= is removed from the secret, or added to it.",
		fix:         "Store the secret exactly as the provider showed it.",
		keys:        keyPrefix, paired: true,
	},
	{
		cause:       "secret-quoted",
		explanation: "The secret is in quotes, or is a whole line NAME=value.",
		fix:         "Store only the value: many tools read the quotes in a .env file as part of it.",
		keys:        keyQuoted, paired: true,
	},
	{
		cause:       "secret-encoding",
		explanation: "The signature matches if the secret is decoded from hex or base64, or written in the other case.",
		fix:         "Use the secret as the provider's scheme says (--key-encoding). Both documented samples use the text itself.",
		keys:        keyEncoding, paired: true,
	},
	{
		cause:       "other-webhook",
		explanation: "The delivery is signed with the secret of another webhook.",
		fix:         "Verify with that webhook (--webhook), or check which URL it delivers to.",
		test:        func(d *diagnosis) (string, bool) { return d.others(false) },
	},
	{
		cause:       "older-secret",
		explanation: "The delivery is signed with an older secret, of a webhook that was replaced or deleted.",
		fix:         "Retries of old deliveries come for up to 19 hours. Leave out --webhook to accept every kept secret, or update the sender.",
		test:        func(d *diagnosis) (string, bool) { return d.others(true) },
	},
	{
		cause:       "wrapped-body",
		explanation: "The signed bytes are in another member of the capture than the one that was verified, which is the most exact one.",
		fix:         "Use the member that holds the signed bytes as the body, and remove the other from the capture.",
		test:        testOtherBody,
	},
	{
		cause:       "truncated",
		explanation: "The capture holds more bytes after the signed ones.",
		fix:         "Cut the capture where the body ends. Content-Length gives the place: keep it in dumps.",
		test:        testTooLong,
	},
	{
		cause:       "crlf",
		explanation: "The line ends were changed between CRLF and LF.",
		fix:         "Store captures as binary: use `*.http -text` in .gitattributes, binary mode in FTP, and no Windows editor.",
		bodies:      lineEnds, paired: true,
	},
	{
		cause:       "bom",
		explanation: "A byte order mark (BOM) was added before the body, or removed.",
		fix:         "Save captures as plain UTF-8, without a BOM.",
		bodies:      byteOrderMark, paired: true, lean: true,
	},
	{
		cause:       "whitespace",
		explanation: "The white space at the beginning or end of the body differs from the signed body.",
		fix:         "Store the body exactly as it was received.",
		bodies:      trimmed, paired: true, lean: true,
	},
	{
		cause:       "wrong-header",
		explanation: "The signature is right, but it is not in the scheme's header.",
		fix:         "Name the header with --signature-header, and check which proxy or framework renames headers.",
		test:        testWrongHeader,
	},
	{
		cause:       "timestamp-prefixed",
		explanation: "The signed text is not the body alone: it includes a timestamp.",
		fix:         "Set --signed-template, e.g. '{timestamp}.{body}'.",
		test:        testTimestamp,
	},
	{
		cause:       "algorithm",
		explanation: "The delivery is signed with an algorithm other than HMAC-SHA256.",
		fix:         "Make the sender use HMAC-SHA256: hookctl accepts no other.",
		test:        testAlgorithm,
	},
	{
		cause:       "digest-truncated",
		explanation: "The signature is only the beginning of the right one.",
		fix:         "Look for a log or a column that cuts values. hookctl never accepts a shortened digest.",
		test:        testTruncatedDigest,
	},
	{
		cause:       "unkeyed-hash",
		explanation: "The signature is a plain hash of the body, or of body and secret, not an HMAC.",
		fix:         "Use an HMAC function: hmac.new(secret, body, sha256), not sha256(secret + body).",
		test:        testUnkeyed,
	},
	{
		cause:       "secret-is-not-a-secret",
		explanation: "The delivery is signed with the webhook's id or name, or with the fingerprint or hash of its secret, instead of the secret.",
		fix:         "Sign with the secret that the provider showed once, at creation.",
		keys:        keyID,
	},
	{
		cause:       "wrapped-lines",
		explanation: "The captured body has line breaks where a terminal or an editor wraps lines; the signed body has none there.",
		fix:         "Redirect the output to a file instead of copying it from the screen, or turn off wrapping.",
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
		explanation: "The captured JSON was parsed and written again: its spacing, key order or numbers differ from the signed body.",
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
			Explanation: "Its spacing differs too: it was parsed and written again.",
			Fix:         verifyRaw,
		}},
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON was parsed and written again: its members are not in the provider's order.",
		fix:         verifyRaw,
		json:        jsonInOrder,
	},
	{
		cause:       "base64-body",
		explanation: "The captured body is the base64 of the signed body, or the other way round.",
		fix:         `Decode it first. In a delivery record, base64 belongs in "body_base64", not in "body".`,
		bodies:      base64Body, paired: true, lean: true,
	},
	{
		cause:       "escaped-body",
		explanation: "The captured body still has the escapes of a string, such as \\\" for quotes; the signed body has none.",
		fix:         "Remove one level of escapes: decode the string, cell or entity that the body was stored in, or keep the raw bytes.",
		bodies:      escapedBody,
	},
	{
		cause:       "wrapped-body",
		explanation: "The signed body is only a part of the captured body, or the reverse: it was wrapped in JSON, a multipart form, an HTTP head or chunks.",
		fix:         "Verify the request's body itself, before a queue, a gateway or an automation tool wraps it.",
		bodies:      unwrapped, lean: true,
	},
	{
		cause:       "form-encoded",
		explanation: "The captured body is URL-encoded differently from the signed body: it is a form field, or it was decoded or encoded again.",
		fix:         "Verify the raw bytes of the request before a form parser sees them.",
		bodies:      formEncoded,
	},
	{
		cause:       "compressed-body",
		explanation: "The captured body is still compressed; the signed body is not.",
		fix:         decompress,
		bodies:      decompressed, lean: true,
	},
	{
		cause:       "charset",
		explanation: "The captured body has the same text as the signed body, in another character encoding.",
		fix:         "Keep the body as bytes: do not convert it to or from Latin-1, Windows-1252 or UTF-16, and do not normalise its Unicode.",
		bodies:      charsets, paired: true,
	},
	{
		cause:       "typographic-quotes",
		explanation: "The captured body has typographic quotes, dashes or spaces where the signed body has plain ones, or invisible characters that it has not.",
		fix:         useText,
		bodies:      plainQuotes,
	},
	{
		cause:       "secret-truncated",
		explanation: "The signature matches if the secret has one character more or less at one end: a character was lost or added when it was copied.",
		fix:         "Store the whole secret again, exactly as the provider showed it.",
		keys:        keyEnds, share: 8,
	},
	{
		cause:       "language-print",
		explanation: "The captured body is a programming language's print of the parsed JSON.",
		fix:         afterParsing,
		test:        testPrintedJSON, share: 2,
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON was parsed and written again: it writes times or empty objects differently from the signed body.",
		pretty:      "The captured JSON is pretty-printed, and its times or empty objects changed; the signed body was compact.",
		fix:         verifyRaw,
		json:        jsonValues, share: 6,
	},
	{
		cause:       "edited-body",
		explanation: "The captured JSON lacks members that were null in the signed body.",
		pretty:      "The captured JSON is pretty-printed too.",
		fix:         verifyRaw,
		json:        nullsLeftOut, share: 6,
		and: []Finding{{
			Cause: "json-reserialised", Explanation: "It was parsed and written again by a program that omits nulls.", Fix: verifyRaw,
		}},
	},
	{
		cause:       "edited-body",
		explanation: "Members that were null were removed from the captured JSON.",
		fix:         keepRaw,
		json:        nullsRemoved, share: 8,
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON was parsed and written again: its layout, numbers and escapes differ from the signed body.",
		pretty:      "The captured JSON is pretty-printed, and its numbers or escapes changed; the signed body was compact.",
		fix:         verifyRaw,
		json:        jsonRewritten, share: 3,
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON was parsed and written again: it writes numbers differently from the signed body.",
		pretty:      "The captured JSON is pretty-printed, and it writes numbers differently from the signed body.",
		fix:         verifyRaw,
		json:        jsonNumbers, share: 4,
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON was parsed and written again: its members are in another order than in the signed body.",
		fix:         verifyRaw,
		test:        testOrder, share: 2,
	},
	{
		cause:       "secret-is-not-a-secret",
		explanation: "The value that is used as the secret does not look like one.",
		fix:         "Use the secret that the provider showed once, at creation. If it is lost, make a new one with `hookctl rotate`.",
		test:        testNotASecret, hint: true,
	},
	{
		cause:       "empty-body",
		explanation: "The captured body is empty.",
		fix:         "Read the raw bytes once, before any body parser does, and keep them: a stream is empty the second time.",
		test:        testEmpty, hint: true,
	},
	{
		cause:       "secret-truncated",
		explanation: "The secret's length is not that of the provider's secrets.",
		fix:         storeWhole,
		test:        testSecretLength, hint: true,
	},
	{
		cause:       "digest-truncated",
		explanation: "The signature is cut off. hookctl never accepts a shortened digest.",
		fix:         "Look for a log, a dashboard or a column that cuts values, and take the whole header from another place.",
		test:        testDigestCut, hint: true,
	},
	{
		cause:       "truncated",
		explanation: "The captured body is cut off.",
		fix:         "Capture the whole delivery again: log lines and single reads often end at 1024, 4096 or 8192 bytes.",
		test:        testCutOff, hint: true,
	},
	{
		cause:       "compressed-body",
		explanation: "Content-Encoding says that the body is compressed, with a method that hookctl cannot decompress.",
		fix:         decompress,
		test:        testStillCompressed, hint: true,
	},
	{
		cause:       "decompressed-body",
		explanation: "Content-Encoding says that the body was sent compressed, and the capture is not. If the compressed bytes were signed, they are lost.",
		fix:         "Keep the body as it was sent: use inflate: false in Express, and no gunzip in a proxy.",
		test:        testDecompressed, hint: true,
	},
	{
		cause:       "charset",
		explanation: "The captured body contains U+FFFD, which programs write for bytes that they cannot decode. The signed bytes are lost.",
		fix:         "Keep the body as bytes. Do not convert it to text before you verify it.",
		test:        testReplaced, hint: true,
	},
	{
		cause:       "language-print",
		explanation: "The captured body is a programming language's print of a parsed value.",
		fix:         afterParsing,
		test:        testPrinted, hint: true,
	},
	{
		cause:       "typographic-quotes",
		explanation: "The captured body has typographic quotes, which no program writes in JSON. It was copied through a chat, a word processor or a note.",
		fix:         useText,
		test:        testTypographic, hint: true,
	},
	{
		cause:       "escaped-body",
		explanation: "The captured body looks like JSON that still has the escapes of a string.",
		fix:         "Decode the string, cell or entity that the body was stored in, or keep the raw bytes.",
		test:        testEscaped, hint: true,
	},
	{
		cause:       "wrapped-body",
		explanation: "The captured body is a JSON string that contains JSON. It was encoded as JSON twice, and changed before that.",
		fix:         "Verify the raw bytes of the request. Do not encode text as JSON that is already JSON.",
		test:        testStringified, hint: true,
	},
	{
		cause:       "form-encoded",
		explanation: "The captured body is an object with one key, which is the beginning of a JSON text. A form parser read the body, and the signed text is lost.",
		fix:         "Verify the raw bytes of the request before a form parser sees them, and send JSON as application/json.",
		test:        testFormParsed, hint: true,
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured body is YAML. A program converted the JSON.",
		fix:         verifyRaw,
		test:        testYAML, hint: true,
	},
	{
		cause:       "json-reserialised",
		explanation: "The keys of the captured JSON are in alphabetical order, as many programs write them. If one parsed and wrote it, the signed order is lost.",
		fix:         verifyRaw,
		test:        testSorted, hint: true,
	},
	{
		cause:       "json-pretty-printed",
		explanation: "The captured JSON is pretty-printed as well.",
		fix:         keepRaw,
		test:        testSortedLines, hint: true,
	},
	{
		cause:       "json-reserialised",
		explanation: "The members of the captured JSON are not in the provider's order. A program parsed it and wrote it again, and the signed text is lost.",
		fix:         verifyRaw,
		test:        testOtherOrder, hint: true,
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON is written in Gson's style: it was parsed, and nulls, the order of members or numbers may have changed.",
		fix:         verifyRaw,
		test:        testGson, hint: true,
	},
	{
		cause:       "edited-body",
		explanation: "The captured JSON was edited.",
		fix:         "Keep the body as it was received, and redact a copy. The signed body cannot be restored.",
		test:        testEdited, hint: true,
	},
	{
		cause:       "secret-truncated",
		explanation: "The secret has characters that the provider's secrets do not have.",
		fix:         storeWhole,
		test:        testSecretAlphabet, hint: true,
	},
}

// byCause is the first transformation of that public name.
func byCause(cause string) *transformation {
	return &transformations[slices.IndexFunc(transformations, func(t transformation) bool { return t.cause == cause })]
}
