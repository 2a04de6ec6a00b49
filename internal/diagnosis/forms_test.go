package diagnosis

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/secret"
)

// formPair is what was captured, and what was signed: the search must come to it.
type formPair struct{ captured, signed string }

// bodyForm, jsonForm and keyForm are the three kinds of sequences alike.
func bodyForm(f func([]byte) iter.Seq[[]byte]) func(string) iter.Seq[[]byte] {
	return func(s string) iter.Seq[[]byte] { return f([]byte(s)) }
}

func jsonForm(f func(*document) iter.Seq[[]byte]) func(string) iter.Seq[[]byte] {
	return func(s string) iter.Seq[[]byte] { return f(parse([]byte(s))) }
}

func keyForm(f func(Candidate) iter.Seq[[]byte]) func(string) iter.Seq[[]byte] {
	return func(s string) iter.Seq[[]byte] {
		return f(Candidate{Provider: "zyntro", ID: "wh-1", Name: "CRM", Secret: secret.New(s)})
	}
}

// missing are the forms that are not come to.
func missing(forms func(string) iter.Seq[[]byte], want []formPair) []formPair {
	var all []formPair
	for _, f := range want {
		found := false
		for got := range forms(f.captured) {
			if found = string(got) == f.signed; found {
				break
			}
		}
		if !found {
			all = append(all, f)
		}
	}
	return all
}

const (
	bom       = "\ufeff"
	laidOddly = `{ "a" :1 , "b":["x/é"], "amount":2}` // laid out as nobody does
)

// formsOf is each kind of mishap, with a vector for every form that is tried: one
// that no other form comes to, where there is such a thing.
var formsOf = map[string]struct {
	forms func(string) iter.Seq[[]byte]
	want  []formPair
}{
	"withoutNewline": {bodyForm(withoutNewline), []formPair{{"x\r\n", "x\r"}, {"x\r\n", "x"}, {"x\n\r\n", "x\n"}, {"x\n\n", "x"}}},
	"withNewline":    {bodyForm(withNewline), []formPair{{"x", "x\n"}, {"x", "x\r\n"}, {"x", "x\n\n"}}},
	"lineEnds": {bodyForm(lineEnds), []formPair{{"a\r\nb", "a\nb"}, {"a\nb", "a\r\nb"}, {"a\r\nb\r\n", "a\nb"}, {"a\nb", "a\r\nb\r\n"},
		{"a\rb", "a\nb"}, {"a\r\nb\r\n", "a\nb\n"}, {"a\r\r\nb\r\nc", "a\r\nb\r\nc"}}},
	"byteOrderMark": {bodyForm(byteOrderMark), []formPair{{bom + "x", "x"}, {"x", bom + "x"}, {bom + "x\n", "x\n"}, {bom + "x\n", "x"}}},
	"trimmed":       {bodyForm(trimmed), []formPair{{"\u200bx\u200e", "x"}, {" x ", "x"}, {"\vx\u00a0", "x"}, {" x ", "x "}, {" x ", " x"}, {" x\x00", "x"}, {"x", "x "}, {"x", "\nx"}, {"x", " x"}}},
	"base64Body": {bodyForm(base64Body), []formPair{{"68 69 0a", "hi\n"}, {"68\n69\n", "hi"}, {"<Buffer 68 69>", "hi"}, {"6869", "hi"}, {"aGk", "hi"}, {`"aGk="`, "hi"}, {"aGkK", "hi"}, {"aGkK", "hi\n"}, {"YUdrPQ==", "hi"},
		{"data:text/plain;base64,aGk=", "hi"}, {lines(b64(strings.Repeat("x", 100)), 20), strings.Repeat("x", 100)}, {"_-7-", "\xff\xee\xfe"}, {"hi!", "aGkh"}}},

	"jsonUnpretty": {jsonForm(jsonUnpretty), []formPair{
		{"{\n \"a\": 1,\n \"b\": 2\n}", `{"a":1,"b":2}`}, {"{\n \"a\": 1,\n \"b\": 2\n}", `{"a": 1, "b": 2}`},
		{"{\n\"a\":1.5}", `{"a":1.50}`}, {"{\n\"a\":\"\\/\"}", `{"a":"/"}`}}},
	"jsonReserialised": {jsonForm(jsonReserialised), slices.Concat([]formPair{
		{laidOddly, `{"a": 1, "b": ["x/é"], "amount": 2}`}, {laidOddly, `{"a":1,"b":["x/é"],"amount":2}`},
		{laidOddly, `{"a":1, "b":["x/é"], "amount":2}`}, {laidOddly, `{"a": 1,"b": ["x/é"],"amount": 2}`},
		{`{"a":[1]}`, "{\n  \"a\": [\n    1\n  ]\n}"}, {`{"a":[1]}`, "{\n    \"a\": [\n        1\n    ]\n}"}, {`{"a":[1]}`, "{\n\t\"a\": [\n\t\t1\n\t]\n}"},
		{`{"a":[]}`, "{\n  \"a\": []\n}"}, {`{"a":{}}`, "{\n  \"a\": {}\n}\n"},
		{`{ "a":1.5}`, `{ "a":1.50}`}, {`{ "a":1.5}`, `{"a":1.50}`}, {`{ "a":1.5, "b":1}`, `{"a": 1.50, "b": 1}`},
		{`{"b":1,"a":2}`, `{"a":2,"b":1}`}, {`{"\u00e9":1,"z":2}`, `{"z":2,"\u00e9":1}`}, {`{"\/b":1,"\/a":2}`, `{"\/a":2,"\/b":1}`}, {`{"b":1,"a":2}`, `{"a": 2, "b": 1}`},
	}, numberVectors)},
	"jsonEscaping": {jsonForm(jsonEscaping), stringVectors},
	"jsonEscapingSpaced": {jsonForm(jsonEscapingSpaced), []formPair{
		{`{ "a":"\/","b":1}`, `{"a":"/","b":1}`}, {`{ "a":"\/","b":1}`, `{"a": "/", "b": 1}`}}},
	"jsonUnescaped": {jsonForm(jsonUnescaped), []formPair{
		{`{ "a":"\/","b":1}`, `{"a":"\/","b":1}`}, {`{ "a":"\/","b":1}`, `{"a":"/","b":1}`}, {`{ "a":"\/","b":1}`, `{"a": "\/", "b": 1}`}}},
	"jsonRewritten": {jsonForm(jsonRewritten), []formPair{
		{"{\n \"a\": 1.5, \"b\": \"\\/\"}", `{"a":1.50,"b":"/"}`}, {`{"b":1.5,"a":"\/"}`, `{"a": "/", "b": 1.50}`},
		{`{"a":1.5,"b":"\/"}`, "{\n  \"a\": 1.50,\n  \"b\": \"/\"\n}\n"}, {`{"a":1.5,"b":"\/"}`, `{"a":1.50, "b":"/"}`},
	}},
	"jsonNumbers": {jsonForm(jsonNumbers), []formPair{
		{`{"a":1,"b":2.0,"c":3e2,"d":4.5}`, `{"a":1,"b":2,"c":300,"d":4.50}`}, // three of four
		{`{"a":1,"b":2.0,"c":3e2,"d":4.5}`, `{"a":1.0,"b":2,"c":300,"d":4.50}`},
		{"{\n\"a\":1,\n\"b\":2.0}", `{"a":1,"b":2}`}, {"{\n\"a\":1,\n\"b\":2.0}", `{"a": 1, "b": 2}`}, {`{"a":1 ,"b":2.0}`, `{"a":1 ,"b":2}`}}},

	"charsets": {bodyForm(charsets), slices.Concat([]formPair{
		{"\xff\xfeh\x00i\x00", "hi"}, {"\xfe\xff\x00h\x00i", "hi"}, {"h\x00i\x00", "hi"}, {"\x00h\x00i", "hi"}, {"h\x00i\x00", bom + "hi"}, {"h\x00i\x00\n\x00\n\x00", "hi"},
		{"hi", "h\x00i\x00"}, {"hi", "\x00h\x00i"},
		{"é", "\xe9"}, {"\u0080", "\x80"}, {"ÿ", "\xff"}, {"é€", "\xe9\x80"}, {"\xe9", "é"}, {"\xe9\x80", "é€"}, {"\x80\xa0", "€\u00a0"}, {"\xe9\x80", "é\u0080"},
		{"e\u0301x", "éx"}, {"éx", "e\u0301x"},
		{"e\u0302\u0301", "\u1ebf"}, {"\u1ebf", "e\u0302\u0301"}, {"\ud55c", "\u1112\u1161\u11ab"}, {"\u1112\u1161\u11ab", "\ud55c"}, {"\u304b\u3099", "\u304c"}, // Vietnamese, Korean, Japanese
		{mojibake(mojibake("é")), "é"}, {"Ã©", "é"}, {"Ãƒâ€°", "É"}, {mojibake("â‚¬"), "€"},
	}, accentVectors, windowsVectors)},

	"unwrapped": {bodyForm(unwrapped), []formPair{
		{`"{\"a\":1}"`, `{"a":1}`}, {`{"body":"{\"a\":1}"}`, `{"a":1}`}, {`{"d":{"a": 1}}`, `{"a": 1}`}, {`{"d":{"a": 1,"b":2}}`, `{"a":1,"b":2}`}, {`{"d":{"a":1,"b":"\/"}}`, `{"a":1,"b":"/"}`},
		{`{"d":{"a":1,"b":2}}`, `{"a": 1, "b": 2}`}, {`[{"a":1}]`, `{"a":1}`}, {`{"d":[1,{"a":1}]}`, `[1,{"a":1}]`}, {`{"d":[104,105]}`, "hi"},
		{`{"b":"` + b64(`{"a":"a long text"}`) + `"}`, `{"a":"a long text"}`},
		{"Host: x\r\n\r\nhi", "hi"}, {"Host: x\n\nhi", "hi"}, {"Host: x\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "hi"}, {"2\r\nhi\r\n0\r\n\r\n", "hi"}, {"2;x=y\nhi\n1\n!\n", "hi!"}, {"2\r\nhi", "hi"}, {"2\nhi\n0", "hi"},
		{"--b\r\nContent-Type: x\r\n\r\nhi\r\n--b--\r\n", "hi"}, {"--b\nContent-Type: x\n\nhi\n--b--\n", "hi"},
		{"INFO {\"a\":1} done", `{"a":1}`}, {"INFO [1] done", `[1]`}, {"12:00 [main] INFO {\"a\":1}\n", `{"a":1}`}, {"\x1b[32m{\"a\":1}\x1b[0m", `{"a":1}`}, {"<![CDATA[{\"a\":1}]]>", `{"a":1}`},
		{`{"x":1}{"a":1}`, `{"a":1}`}, {"{\"x\":1}\n[1,2]\n", `[1,2]`}, {`{"b":"e30="}`, "{}"}, {`{"b":"` + b64(squeezed(`{"a":1}`, false)) + `"}`, `{"a":1}`}, {"b'{\"a\":1}\\n'", "{\"a\":1}\n"},
		{`{"a":"<"}`, `"{\"a\":\"\u003c\"}"`}, {`{"a":"<"}`, `"{\"a\":\"<\"}"`},
		{`{"a":1} done`, `{"a":1}`}, {"{" + strings.Repeat(`"a":1,`, maxParts-1) + `"b":"x"}`, "x"}, {"A: " + strings.Repeat("x", 64<<10-4) + "\n\nhi", "hi"},
		{`{"d":[104,255]}`, "h\xff"}, {`{"d":["1","2","3","4","5"]}`, "4"}, {`{"b":"` + b64("0123456789abcdefg") + `"}`, "0123456789abcdefg"},
		{members(maxParts), fmt.Sprint(maxParts - 1)}, {listed(10), "9.1"}, {nested(`{"a":`, maxWrapping, "}"), "1234"}, {nested("[", maxWrapping, "]"), "1234"}, {quotedJSON(maxWrapping + 1), `{"a":1}`},
	}},
	"formEncoded": {bodyForm(formEncoded), []formPair{
		{"%257B%2522a%2522%257D", `{"a"}`}, {"p=%257B%2522a%2522%257D", `{"a"}`}, {"a=b+c&d=é", "a=b+c&d=%C3%A9"},
		{`{"a":"b c","d":"é"}`, "a=b+c&d=%C3%A9"}, {`{ "a": "b c" }`, "a=b%20c"},
		{"a+b%2F=", "a b/="}, {"a+b%2F", "a b/"}, {"a+b%2F", "a+b/"}, {"a%2Fb=\n", "a/b"}, {"p=a+b", "a b"}, {"x=1&p=a+b%2F", "a+b/"}, {"x=1&p=a%2Fb&y=", "a/b"},
		{"p=a b&q=é", "p=a+b&q=%C3%A9"}, {"p=a&b", "p=a%26b"}, {"a=b c", "a=b+c"}, {"a b=c d", "a+b=c+d"}, {"a=b+c", "a=b%20c"}, {"a=b%20c", "a=b+c"}, {"a=%2f", "a=%2F"}, {"a=%2f&b=%a", "a=%2F&b=%a"}, {strings.Repeat("a=1&", maxParts-1) + "b=%21", "!"}, {"a=%2F", "a=%2f"},
		{"a b", "a+b"}, {"a b", "payload=a+b"}, {"a b", "data=a+b"}, {"a b", "body=a+b"}, {"a b", "a%20b"}, {"a b", "payload=a%20b"},
	}},
	"decompressed": {bodyForm(decompressed), []formPair{
		{squeezed("hi", false), "hi"}, {squeezed("hi\n", false), "hi\n"}, {squeezed("hi\n", false), "hi"}, {squeezed("hi", true), "hi"}, {b64(squeezed("hi", false)), "hi"}, {squeezed(squeezed("hi", true), false), "hi"}, {hexed([]byte(squeezed("hi", false))) + "\n", "hi"}, {"2\r\n\x1f\x8b\r\n" + fmt.Sprintf("%x\r\n", len(squeezed("hi", false))-2) + squeezed("hi", false)[2:] + "\r\n0\r\n\r\n", "hi"}, {deflated("hi hi hi hi"), "hi hi hi hi"},
	}},

	"keyWhitespace": {keyForm(keyWhitespace), []formPair{{" \u00a0k ", "k"}, {" k k ", "k k"}, {" k\n", " k"}, {"k\u200bk", "kk"}, {"k\ufe00", "k"}, {"k\ufe0f", "k"}, {`k\n`, "k"}, {`k\r\n`, "k"}, {"k", "k\n"}, {"k", "k\r\n"}, {"k", "k "}, {"k", " k"}}},
	"keyQuoted": {keyForm(keyQuoted), []formPair{{`"k"`, "k"}, {"'k'", "k"}, {"`k`", "k"}, {`\"k\"`, "k"}, {"‘k’", "k"}, {"“k”", "k"}, {"«k»", "k"}, {"K=k", "k"}, {`K="k"`, "k"}, {`K="k"`, `"k"`}, {"k: v", "v"}, {"k", `"k"`}, {"k", "'k'"},
		{`{"id":"x","key":"0123456789abcdef"} # x`, "0123456789abcdef"}, {manyWords(maxWords + 1), word(maxWords)}, {"a+b=c", `"a+b=c"`}}},
	"keyEncoding": {keyForm(keyEncoding), []formPair{{"6869", "hi"}, {"aGk=", "hi"}, {"__79", "\xff\xfe\xfd"}, {"//79", "\xff\xfe\xfd"}, {"aGkK", "hi"}, {"aGkK", "hi\n"}, {"aGk", "6869"}, {"6869", "aGk="}, {" a-b! ", "a-b!"}, {"aB!", "ab!"}, {"aB!", "AB!"},
		{"!", "21"}, {"!", "IQ=="}, {"a-b:c!", "abc!"}, {"a%21", "a!"}, {"a!", "a%21"}}},
	"keyPrefix": {keyForm(keyPrefix), []formPair{{"SHA256=k", "k"}, {"bearer k", "k"}, {"hmac-sha256=k", "k"}, {"0xk", "k"}, {"a_b_k", "k"}, {"a_b_k", "b_k"}, {"a:b:k", "k"}, {"a:b:k", "b:k"}, {"whsec_aGk=", "hi"}, {"whsec_aGk=", "6869"}, {"sk-a-k", "k"}, {"sk-a-k", "a-k"}, {"k", "whsec_k"}, {"k", "sha256=k"}}},
	"keyID":     {keyForm(keyID), []formPair{{"k", "wh-1"}, {"k", "zyntro/wh-1"}, {"k", "CRM"}, {"k", secret.New("k").Fingerprint()}, {"k", strings.TrimPrefix(secret.New("k").Fingerprint(), "sha256:")}, {"k", plainSum("k")}}},
}

// numberVectors has, for each way of writing numbers, a document that no other
// way makes the same of.
var numberVectors = []formPair{
	{`{"a":1.5,"amount":2}`, `{"a":1.50,"amount":2}`},
	{`{"a":2.0,"b":2.50}`, `{"a":2,"b":2.50}`},
	{`{"amount":2,"a":1.5,"n":3}`, `{"amount":2.00,"a":1.50,"n":3}`},
	{`{"amount":2,"n":3}`, `{"amount":2.0,"n":3}`},
	{`{"a":2.50,"b":2.0}`, `{"a":2.5,"b":2}`},
	{`{"a":2.0,"b":1.5}`, `{"a":2.00,"b":1.5}`},
	{`{"amount":2,"a":1.5}`, `{"amount":2.00,"a":1.5}`},
	{`{"n":3,"amount":2}`, `{"n":3.0,"amount":2.0}`},
	{`{"a":1.5,"b":10}`, `{"a":1.50,"b":10.00}`},
	{`{"a":1e+06,"b":1.5E3}`, `{"a":1000000,"b":1500}`},
	{`{"a":1e21,"b":-1e21,"c":1e22,"d":-1e22}`, `{"a":1000000000000000000000,"b":-1000000000000000000000,"c":1e22,"d":-1e22}`},
	{`{"amount":-2,"n":3}`, `{"amount":-2.00,"n":3}`}, {`{"a":2.50e3,"b":2.0}`, `{"a":2.50e3,"b":2}`}, {`{"a":1.5e3,"b":1.5}`, `{"a":1.5e3,"b":1.50}`},
	// The names by which amounts are known.
	{`{"Total":2,"n":3}`, `{"Total":2.00,"n":3}`}, {`{"price":2,"n":3}`, `{"price":2.00,"n":3}`}, {`{"value":2,"n":3}`, `{"value":2.00,"n":3}`},
	{`{"cost":2,"n":3}`, `{"cost":2.00,"n":3}`}, {`{"balance":2,"n":3}`, `{"balance":2.00,"n":3}`}, {`{"fee":2,"n":3}`, `{"fee":2.00,"n":3}`}, {`{"tax":2,"n":3}`, `{"tax":2.00,"n":3}`},
}

// every is a text that each library writes in its own way.
const every = "\"\\u003c\\u003e\\u0026\\u0027+`\\u0022\\u003d\\u002f\\u00E9\\u001f\\u2028\\ud83d\\ude00\""

var stringVectors = []formPair{
	{every, "\"<>&'+`\\\"=/é\\u001f\u2028😀\""},                                                            // JavaScript
	{every, "\"<>&'+`\\\"=/\\u00e9\\u001f\\u2028\\ud83d\\ude00\""},                                        // Python
	{every, "\"<>&'+`\\\"=\\/\\u00e9\\u001f\\u2028\\ud83d\\ude00\""},                                      // PHP
	{every, "\"<>&'+`\\\"=\\/é\\u001f\u2028😀\""},                                                          // PHP with JSON_UNESCAPED_UNICODE
	{every, "\"\\u003c\\u003e\\u0026'+`\\\"=/é\\u001f\\u2028😀\""},                                         // Go
	{every, "\"<>&'+`\\\"=/\\u00E9\\u001F\\u2028\\uD83D\\uDE00\""},                                        // Java, C#
	{every, "\"\\u003C\\u003E\\u0026\\u0027\\u002B\\u0060\\u0022=/\\u00E9\\u001F\\u2028\\uD83D\\uDE00\""}, // System.Text.Json
	{every, "\"\\u003c\\u003e\\u0026\\u0027+`\\\"\\u003d/é\\u001f\\u2028😀\""},                             // Gson
	{every, "\"<>&'+`\\\"=/é\\u001F\u2028😀\""},                                                            // control characters in upper case
	{every, "\"<>&'+`\\\"=/é\\u001f\\u2028😀\""},
	{every, strings.ReplaceAll(every, "E9", "e9")}, // the digits alone
	{`"\u003cé\u001f"`, `"\u003Cé\u001F"`},
	{`"\/\u00e9a\\u00ea"`, `"\/\u00E9a\\u00ea"`}, {`"\/\u00E9A\n"`, `"\/\u00e9A\n"`}, // no other escape, and nothing behind one
	{"\"\u0080 \U00010000\uffff\"", `"\u0080 \ud800\udc00\uffff"`}, {`"\u2029\u0020"`, `"\u2029 "`}, {"\"\u2029 \u007f\"", "\"\\u2029 \u007f\""},
	{`"\u0008\u000c\u000a\u000d\u0009\u005c"`, `"\b\f\n\r\t\\"`},
}

// accentVectors has one letter of each accent, composed and not.
var accentVectors = func() []formPair {
	var all []formPair
	for i, letter := range []rune("àáâãāăėäåőčçą") {
		mark := []rune("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327\u0328")[i]
		plain := []rune("aaaaaaeaaocca")[i]
		all = append(all, formPair{string([]rune{plain, mark}), string(letter)}, formPair{string(letter), string([]rune{plain, mark})})
	}
	return all
}()

// windowsVectors has every character that Windows-1252 has and Latin-1 has not.
var windowsVectors = func() []formPair {
	const bytes = "\x80\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8e\x91\x92\x93\x94\x95\x96\x97\x98\x99\x9a\x9b\x9c\x9e\x9f"
	var all []formPair
	for i, r := range []rune("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ") {
		all = append(all, formPair{bytes[i : i+1], string(r)}, formPair{string(r), bytes[i : i+1]})
	}
	return all
}()

func deflated(text string) string {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return out.String()
}

// noForms are texts that must not be come to: a character or a digit that another
// one was made of.
var noForms = map[string][]formPair{
	"charsets":      {{"\u0100", "\x00"}, {"\u0101", "\x01"}, {"ab\x00", "ab"}},
	"base64Body":    {{`""`, ""}, {"=", ""}},
	"keyWhitespace": {{"k\ufe10", "k"}, {"\ufdffk", "k"}},
	"keyQuoted":     {{strings.Repeat("x", minWord-1) + " y", strings.Repeat("x", minWord-1)}, {manyWords(maxWords + 1), word(maxWords + 1)}},
	"formEncoded":   {{strings.Repeat("a=1&", maxParts) + "b=%21", "!"}},
	"unwrapped": {{` {"a":1}`, `{"a":1}`}, {" [1,2]", "[1,2]"}, {`{"d":[104,256]}`, "h\x00"}, {`{"d":[104]}`, "h"}, {`{"d":["1","2","3","4","5"]}`, "5"},
		{`{"b":"` + b64("0123456789abcdef") + `"}`, "0123456789abcdef"}, {members(maxParts + 1), fmt.Sprint(maxParts)}, {listed(10), "9.2"},
		{nested(`{"a":`, maxWrapping+1, "}"), "1234"}, {nested("[", maxWrapping+1, "]"), "1234"}, {quotedJSON(maxWrapping + 2), `{"a":1}`},
		{"{" + strings.Repeat(`"a":1,`, maxParts) + `"b":"x"}`, "x"}, {"A: " + strings.Repeat("x", 64<<10-3) + "\n\nhi", "hi"}, {"{A: b\n\nhi", "hi"}, {"[A: b\n\nhi", "hi"}, {"A b\n\nhi", "hi"},
		{"2\r\nhi\r\n", ""}, {"x}{", "}"}, {"0\r\n\r\n", "0"}, {"3\r\nhi", "hi"}, {"hi\n\n{}", "{}\n"},
	},
}

func members(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"a":"%d"`, i))
	}
	return "{" + strings.Join(all, ",") + "}"
}

// listed has five parts for each of its members: a list of texts, and these.
func listed(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"a":["%d.0","%d.1","%d.2","%d.3"]`, i, i, i, i))
	}
	return "{" + strings.Join(all, ",") + "}"
}

func nested(open string, n int, end string) string {
	return strings.Repeat(open, n) + `"1234"` + strings.Repeat(end, n)
}

// quotedJSON is a document in a text in a text.
func quotedJSON(n int) string {
	text := `{"a":1}`
	for range n {
		b, err := json.Marshal(text)
		if err != nil {
			panic(err)
		}
		text = string(b)
	}
	return text
}

func lines(text string, width int) string {
	var all []string
	for line := range slices.Chunk([]byte(text), width) {
		all = append(all, string(line))
	}
	return strings.Join(all, "\n")
}

func word(n int) string { return fmt.Sprintf("%0*d", minWord, n) }

func manyWords(n int) string {
	var all []string
	for i := range n {
		all = append(all, word(i+1))
	}
	return strings.Join(all, " ")
}

func TestForms(t *testing.T) {
	t.Parallel()
	for name, f := range formsOf {
		for _, m := range missing(f.forms, f.want) {
			t.Errorf("%s does not come from %q to %q", name, m.captured, m.signed)
		}
		if lacks := missing(f.forms, noForms[name]); len(lacks) != len(noForms[name]) {
			t.Errorf("%s comes to one of %q", name, noForms[name])
		}
	}
}

// without runs do with each row of a list taken out in turn, and fails where do
// does not notice.
func without[T any](t *testing.T, name string, list *[]T, notices func(row T) bool) {
	t.Helper()
	whole := *list
	defer func() { *list = whole }()
	for i := range whole {
		*list = slices.Delete(slices.Clone(whole), i, i+1)
		if !notices(whole[i]) {
			t.Errorf("no vector needs row %d of %s", i+1, name)
		}
	}
}

// idle is a transformation that never explains anything.
func idle(t transformation) transformation {
	if t.bodies != nil {
		t.bodies = func([]byte) iter.Seq[[]byte] { return none }
	}
	if t.json != nil {
		t.json = func(*document) iter.Seq[[]byte] { return none }
	}
	if t.keys != nil {
		t.keys = func(Candidate) iter.Seq[[]byte] { return none }
	}
	if t.test != nil {
		t.test = func(*diagnosis) (string, bool) { return "", false }
	}
	return t
}

// pasted is what people put in place of a secret, and what that is.
var pasted = map[string]string{
	"secret": "a placeholder", "secret-key": "a placeholder", "webhook_secret": "a placeholder", "signing secret": "a placeholder", "hook-secret": "a placeholder",
	"example": "a placeholder", "exampleSecret": "a placeholder", "todo": "a placeholder", "TBD": "a placeholder", "none": "a placeholder", "null": "a placeholder",
	"nil": "a placeholder", "undefined": "a placeholder", "true": "a placeholder", "false": "a placeholder", "[object Object]": "a placeholder",
	"(elided)": "a placeholder", "hidden": "a placeholder", "[MASKED]": "a placeholder",
	"your-secret-here": "a placeholder", "changeme!": "a placeholder", "change_this": "a placeholder", "replaceMe1": "a placeholder", "replace-with-key": "a placeholder",
	"placeholder1": "a placeholder", "REDACTED by ops": "a placeholder", "insert key": "a placeholder", "xxxxx": "a placeholder", "paste-here-please": "a placeholder",
	"secret here!": "a placeholder", "secret_goes_here!": "a placeholder", "{{ x }}": "a placeholder",
	"${X}": "the name of a variable that was not expanded", "process.env.x": "the name of a variable that was not expanded", "os.environ['X']": "the name of a variable that was not expanded",
	"os.getenv('x')": "the name of a variable that was not expanded", "env.x": "the name of a variable that was not expanded", "ENV['x']": "the name of a variable that was not expanded",
	"http://x": "a URL", "https://x": "a URL",
	"op://v/i": "a reference to a secret, not the secret", "vault:x": "a reference to a secret, not the secret", "arn:aws:x": "a reference to a secret, not the secret",
	"/run/secrets/x": "the path of a file", "./x": "the path of a file", "../x": "the path of a file", "~/x": "the path of a file",
	"-----BEGIN X": "a key file", "eyJhbGciOi.x": "a token (JWT)", "zdk_1": "a developer secret, which authenticates requests and signs nothing",
	"sk_live_1": "an API key", "sk_test_1": "an API key", "pk_live_1": "an API key", "pk_test_1": "an API key", "wt_live_1": "an API key", "ghp_1": "an API key", "xoxb-1": "an API key",
}

// TestSpelledNumbers pins the other ways in which a number is written.
func TestSpelledNumbers(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"200":              "200.0 200.00 200.000 2e2 2e+2 2e+02 2E2 2E+2 2.0e2 2.0e+2 2.0e+02 2.0E2 2.0E+2",
		"0.5":              "0.50 0.500 5e-1 5e-01 5E-1 5.0e-1 5.0e-01 5.0E-1",
		"1.5e3":            "1500 1500.0 1500.00 1500.000 1.5e+3 1.5e+03 1.5E3 1.5E+3",
		"0":                "0.0 0.00 0.000 -0 -0.0",
		"0.0":              "0 0.00 0.000 -0 -0.0",
		"3":                "3.0 3.00 3.000",
		"9007199254740993": "9007199254740993.0 9007199254740993.00 9007199254740993.000 9.007199254740992e15 9.007199254740992e+15 9.007199254740992E15 9.007199254740992E+15 9.0e15 9.0e+15 9.0E15 9.0E+15",
	} {
		var got []string
		for _, s := range spelled([]byte(number)) {
			got = append(got, string(s))
		}
		words := strings.Fields(want)
		slices.Sort(got)
		slices.Sort(words)
		if !slices.Equal(got, words) {
			t.Errorf("%s is spelled %q, want %q", number, got, words)
		}
	}
	if got := spelled(bytes.Repeat([]byte("1"), 33)); got != nil {
		t.Errorf("a long number is spelled %q", got)
	}
	if got := spelled(bytes.Repeat([]byte("1"), 32)); got == nil {
		t.Error("the longest number is not spelled")
	}
	// Of many numbers the first are tried, and what is none does not count.
	for body, want := range map[string]bool{
		"[" + strings.Repeat("1,", maxNumbers-1) + "2.0]": true, "[" + strings.Repeat("1,", maxNumbers) + "2.0]": false, "[" + strings.Repeat("null,", maxNumbers) + "2.0]": true,
	} {
		n, found := 0, false
		for form := range jsonNumbers(parse([]byte(body))) {
			found = found || string(form) == strings.TrimSuffix(body, ".0]")+"]"
			if n++; n == 40*maxNumbers {
				break
			}
		}
		if found != want {
			t.Errorf("%s: found %v", body, found)
		}
	}
	if n := len(slices.Collect(jsonNumbers(parse([]byte("[null]"))))); n > 0 {
		t.Errorf("%d forms of no number", n)
	}
}

// TestSignedBeginning: the capture goes on after what was signed, where buffers
// and documents end.
func TestSignedBeginning(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	noise := strings.Repeat("not JSON ", 8000)
	two := wunderBody + `{"id":"another"}`
	for name, tc := range map[string]struct {
		captured string
		signed   int
		extra    []string
	}{
		"1024": {noise, 1024, nil}, "2048": {noise, 2048, nil}, "4096": {noise, 4096, nil}, "8192": {noise, 8192, nil},
		"16384": {noise, 16384, nil}, "32768": {noise, 32768, nil}, "65535": {noise, 65535, nil}, "65536": {noise, 65536, nil},
		"Content-Length": {noise, 777, []string{"Content-Length", "777"}},
		"two documents":  {two, len(wunderBody), nil},
	} {
		fields := append([]string{"X-Wunder-Signature", sign(t, wunder, wunderKey, tc.captured[:tc.signed])}, tc.extra...)
		all := run(t, explainer(), record(t, tc.captured, fields...))
		want := fmt.Sprintf("Only the first %d of the capture's %d bytes were signed.", tc.signed, len(tc.captured))
		if all[0].Valid || len(all[0].Diagnosis) != 1 || all[0].Diagnosis[0].Cause != "truncated" || !strings.Contains(all[0].Diagnosis[0].Explanation, want) {
			t.Errorf("%s: %+v", name, all)
		}
	}
}

// TestTwoMistakesWithEverySecret: of several secrets the last that is tried in
// pairs explains two mistakes too.
func TestTwoMistakesWithEverySecret(t *testing.T) {
	t.Parallel()
	o := explainer()
	o.Candidates = nil
	for i := range pairCandidates - 1 {
		o.Candidates = append(o.Candidates, Candidate{Provider: "wundertreos", ID: fmt.Sprint(i), Secret: secret.New(fmt.Sprintf("another secret %d", i))})
	}
	o.Candidates = append(o.Candidates, Candidate{Provider: "wundertreos", ID: "it", Secret: secret.New(wunderKey + "\n")})
	if len(o.Candidates) < 3 {
		t.Fatalf("pairs are tried with %d secrets only", len(o.Candidates))
	}
	all := run(t, o, record(t, wunderBody+"\n", "X-Wunder-Signature", sign(t, wunder, wunderKey, wunderBody)))
	if len(all[0].Diagnosis) != 2 || all[0].Diagnosis[0].Cause != "secret-whitespace" || all[0].Diagnosis[1].Cause != "trailing-newline" {
		t.Errorf("%+v", all)
	}
}

// TestLooksCompressed: zlib's first bytes may be text.
func TestLooksCompressed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		strings.Repeat("a", 63) + "\xc3\xff": false, strings.Repeat("a", 60) + "\xc3\xff\xff\xff": true, "a b c": false, "a\tbc": false, "a\nbc": false, "a\rbc": false, "a\x01bc": true,
		"\x1f\x8b": false, "x^ab": true, "x_ab": false, "\x1f\x8bab": true, "text": false, "Zo\xc3\xab": false, "x^": false,
	} {
		if looksCompressed([]byte(text)) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}
