package diagnosis

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/pattern"
	"github.com/hookctl/hookctl/internal/secret"
)

// sampled is forms of a document whose provider writes such a sample.
func sampled(f func(*document) iter.Seq[[]byte], sample string) func(string) iter.Seq[[]byte] {
	return func(s string) iter.Seq[[]byte] {
		doc := parse([]byte(s))
		doc.sample = newSample([]byte(sample))
		return f(doc)
	}
}

// escapeVectors has, for each way of escapes, a body that no other way makes the same
// of.
var escapeVectors = []formPair{
	{`{\"a\":\"\u00e9\\n\"}`, `{"a":"é\n"}`}, {`{\"a\":\"\/\"}`, `{"a":"/"}`}, // a JSON string, in which "\u00e9" was no escape
	{`{\"a\":\"it\'s \\u00e9\"}`, `{"a":"it's \u00e9"}`}, {`{\x22a\x22:\x22\x5C\x22\x22}`, `{"a":"\""}`}, {`{\"a\":\"\101\e\"}`, "{\"a\":\"A\x1b\"}"},
	{`{\"a\":\"\n\"}`, `{"a":"\n"}`}, // the quotes alone
	{`{\"a\":\"^\n\"}`, `{"a":"^\n"}`}, {`{&quot;a&quot;:&quot;&amp;lt;&quot;}`, `{"a":"&lt;"}`},
	{`{"a":"\\u00e9\\\""}`, `{"a":"\u00e9\\""}`},                 // the backslashes alone
	{`{\n "a": "b\\"\n}`, "{\n \"a\": \"b\\\\\"\n}"},             // line ends alone
	{`{\r\n\t"a": "\\"}`, "{\r\n\t\"a\": \"\\\\\"}"},             // and others
	{`"{""a"":""\n""}"`, `{"a":"\n"}`}, {`{""a"":1}`, `{"a":1}`}, // CSV
	{`'{"a":"it''s \n"}'`, `{"a":"it's \n"}`},                                  // SQL
	{`'{"a":"it'\''s \n"}'`, `{"a":"it's \n"}`},                                // a shell
	{`'{"a":"it'"'"'s \n"}'`, `{"a":"it's \n"}`},                               // in the other way
	{`$'{"a":"it\'s \\n"}'`, `{"a":"it's \n"}`},                                // bash
	{`'{"a":"it\'s \\n"}'`, `{"a":"it's \n"}`},                                 // JavaScript, Python
	{"{#012#011\"a\":\"\\n#1 #999 #\"#015}", "{\n\t\"a\":\"\\n#1 #999 #\"\r}"}, // syslog
	{`{&quot;a&quot;:&#34;&lt;\n&#x27;}`, `{"a":"<\n'}`}, {`{&amp;quot;a&amp;quot;:1}`, `{"a":1}`},
	{"{=22a=22:=22=C3=A9\\n=22,=\n=22b=22:1}", `{"a":"é\n","b":1}`}, // mail
	{`"{^\"a^\":^\"^&\n^\"}"`, `{"a":"&\n"}`},                       // cmd
	{"\"{`\"a`\":`\"\\n`\"}\"", `{"a":"\n"}`},                       // PowerShell
	{`{\\\"a\\\":\\\"\\\\n\\\"}`, `{"a":"\n"}`},                     // twice
	{`{\"a\": 1,\n\"b\": 2}`, `{"a":1,"b":2}`},                      // and laid out
	{`{"a":"\\n"}\n\r#012#015`, `{"a":"\\n"}`}, {`{\"a\":1}\n`, `{"a":1}`}, {`{\"a\":1}` + "\n", `{"a":1}`},
}

var captureForms = map[string]struct {
	forms func(string) iter.Seq[[]byte]
	want  []formPair
}{
	"escapedBody": {bodyForm(escapedBody), escapeVectors},
	"wrappedLines": {bodyForm(wrappedLines), []formPair{
		{"01234567890123456789\nabc\n", "01234567890123456789abc"}, {"01234567890123456789\r\nabc", "01234567890123456789abc"},
		{"01234567890123456789   \n9876543210987654321098\nabc ", "012345678901234567899876543210987654321098abc"},            // padded
		{"0123456789012345678901234\n012345678901234567890123\nabc", "0123456789012345678901234012345678901234567890123 abc"}, // a space lost
		{"0123456789 0123456789\nabc", "0123456789 0123456789 abc"}, {"0123456789 0123456789 \n  abc", "0123456789 0123456789abc"},
		{"01234567890123456789\\\nabc", "01234567890123456789abc"}, {"01234567890123456789 \nabc", "01234567890123456789 abc"},
	}},
	"plainQuotes": {bodyForm(plainQuotes), []formPair{
		{"“a”: „b‟ ″c″ «d» «\u00a0e\u00a0»", `"a": "b" "c" "d" "e"`}, {"“a ‘b’ ‚c‛ ′d′”", `"a 'b' 'c' 'd'"`}, {"“it’s”", `"it’s"`}, {"“a…”", `"a..."`}, {"“a…”", `"a…"`},
		{"“a–b—c”", `"a-b--c"`}, {"“a–b—c”", `"a--b---c"`}, {"“a–b—c”", `"a-b-c"`}, {"“a–b”", `"a–b"`}, {"“a\u00a0b\u202fc”", `"a b c"`}, {"{\"a\u200b\":\"\ufeffb\u00ad\u2060\u200e\"}", `{"a":"b"}`}, {"“a ‘b’…\u00a0–”", `"a 'b'... -"`},
	}},
	"jsonValues": {sampled(jsonValues, `{"at":"2026-01-01T00:00:00.000000Z","amount":1.00,"n":null,"data":{"row":"2026-01-01T00:00:00+00:00","x":null,"z":null}}`), []formPair{
		{`{"a":{"b":{"t":"2026-05-17T14:30:01+02:00"}}}`, `{"a":{"b":{"t":"2026-05-17T14:30:01.000+02:00"}}}`}, {`{"t":"2026-05-17T14:30:01.120Z"}`, `{"t":"2026-05-17T14:30:01.120+00:00"}`}, {`{"t":"2026-05-17T14:30:01.1Z"}`, `{"t":"2026-05-17T14:30:01.100Z"}`},
		{`{"t":"2026-05-17T14:30:01+00:00"}`, `{"t":"2026-05-17T14:30:01.000Z"}`}, {`{"t":"2026-05-17T14:30:01.25+00:00"}`, `{"t":"2026-05-17T14:30:01.25Z"}`},
		{`{"t":"2026-05-17T14:30:01.25Z"}`, `{"t":"2026-05-17T14:30:01.25+00:00"}`}, {`{"t":"2026-05-17T14:30:01.120000Z"}`, `{"t":"2026-05-17T14:30:01.12Z"}`},
		{`{"t":"2026-05-17T14:30:01.120000Z"}`, `{"t":"2026-05-17T14:30:01.12+00:00"}`}, {`{"t":"2026-05-17 14:30:01"}`, `{"t":"2026-05-17T14:30:01.000Z"}`},
		{`{"t":"2026-05-17T14:30:01+02:00","u":"2026-05-17T14:30:01Z"}`, `{"t":"2026-05-17T14:30:01+02:00","u":"2026-05-17T14:30:01+00:00"}`},
		// As in the sample, in the envelope alone, and each for itself.
		{`{"at":"2026-05-17T14:30:01.5Z","data":{"row":"2026-05-17T14:30:01.000Z"}}`, `{"at":"2026-05-17T14:30:01.500000Z","data":{"row":"2026-05-17T14:30:01+00:00"}}`},
		{`{"t":"2026-05-17T14:30:01Z","data":{"u":"2026-05-17T14:30:01Z","row":{"v":"2026-05-17T14:30:01Z"}}}`, `{"t":"2026-05-17T14:30:01.000Z","data":{"u":"2026-05-17T14:30:01.000Z","row":{"v":"2026-05-17T14:30:01Z"}}}`},
		{`{"t":"2026-05-17T14:30:01Z","u":"2026-05-17T14:30:01Z","v":"2026-05-17T14:30:01Z"}`, `{"t":"2026-05-17T14:30:01Z","u":"2026-05-17T14:30:01.000Z","v":"2026-05-17T14:30:01Z"}`},
		{`{"t":"2026-05-17T14:30:01Z","u":"2026-05-17T14:30:01Z","v":"2026-05-17T14:30:01Z"}`, `{"t":"2026-05-17T14:30:01.000Z","u":"2026-05-17T14:30:01.000Z","v":"2026-05-17T14:30:01Z"}`},
		// With a layout, escapes and numbers.
		{"{\n \"t\": \"2026-05-17T14:30:01Z\", \"b\": \"\\/\", \"c\": 1.5}", `{"t":"2026-05-17T14:30:01.000Z","b":"/","c":1.50}`}, {`{"t":"2026-05-17T14:30:01Z","amount":3}`, `{"t":"2026-05-17T14:30:01.000Z","amount":3.00}`},
		{`{"t":"2026-05-17T14:30:01Z","b":1}`, `{"t": "2026-05-17T14:30:01.000Z", "b": 1}`},
		// Empty objects and lists.
		{`{"a":[],"b":{},"c":[]}`, `{"a":{},"b":{},"c":{}}`}, {`{"a":[],"b":{},"c":[]}`, `{"a":[],"b":[],"c":[]}`}, {`{"a":[],"b":[],"c":[]}`, `{"a":[],"b":{},"c":[]}`}, {`{"a":[],"b":[],"c":[]}`, `{"a":{},"b":[],"c":{}}`},
		{`{"a":{},"b":{},"c":{}}`, `{"a":{},"b":[],"c":{}}`}, {`{"a":[],"b":"\/","t":"2026-05-17T14:30:01Z"}`, `{"a":{},"b":"/","t":"2026-05-17T14:30:01.000Z"}`},
	}},
	"nullsLeftOut": {sampled(nullsLeftOut, `{"at":1,"amount":1.00,"n":null,"data":{"row":2,"x":null,"z":null}}`), []formPair{
		{`{"at":1,"data":{"row":2}}`, `{"at":1,"amount":null,"n":null,"data":{"row":2,"x":null,"z":null}}`}, {`{"at":1,"amount":2,"data":{"x":3,"y":4}}`, `{"at":1,"amount":2.00,"n":null,"data":{"row":null,"x":3,"y":4,"z":null}}`},
		{`{"data":{"row":2}, "at":1}`, `{"at":1,"amount":null,"n":null,"data":{"row":2,"x":null,"z":null}}`}, {`{"at":"2026-05-17T14:30:01Z","data":{"row":2}}`, `{"at":"2026-05-17T14:30:01.000Z","amount":null,"n":null,"data":{"row":2,"x":null,"z":null}}`},
	}},
	"nullsRemoved": {sampled(nullsRemoved, `{"a":1,"b":null,"c":null}`), []formPair{{`{"a": 1, "c": null}`, `{"a":1,"b":null,"c":null}`}, {`{"a":1,"c":null}`, `{"a": 1, "b": null, "c": null}`}}},
	"keyEnds":      {keyForm(keyEnds), []formPair{{word(1) + "x", word(1)}, {"x" + word(1), word(1)}, {word(1)[1:] + "ab", "f" + word(1)[1:] + "ab"}, {word(1) + "a", word(1) + "a0"}, {word(1) + "a", word(1)}}},
	"parsedForm": {bodyForm(formEncoded), []formPair{
		{`{"{\"a\":1}":""}`, `{"a":1}`}, {`{"{\"a\":\"b":"c&d=\"}"}`, `{"a":"b=c&d="}`}, {`{"{\"a\":\"b":"", "c\"}":"d"}`, `{"a":"b&c"}=d`}, {`{"{\"a\":\"b":"", "c\"}":"d"}`, `{"a":"b=&c"}=d`}, {`{"[1]":[]}`, `[1]`},
		{`{"{\"a\":\" 1 555\"}":""}`, `{"a":"+1 555"}`}, {`{"a":" 1 555","t":"2026-05-17T14:30:01 00:00"}`, `{"a":"+1 555","t":"2026-05-17T14:30:01+00:00"}`}, {`{"a":"b c"}`, `{"a":"b+c"}`},
	}},
	"codePages": {bodyForm(charsets), pageVectors},
	"databases": {bodyForm(base64Body), []formPair{{`\x7b7d`, "{}"}, {"0x7b7d", "{}"}}},
}

// pageVectors has, for each code page, text that was read in it.
var pageVectors = func() []formPair {
	const text = `{"a":"é ж ł"}`
	var all []formPair
	for _, page := range codePages[2:] {
		read := string(decoded(page, []byte(text)))
		all = append(all, formPair{read, text}, formPair{utf16le(read), text}, formPair{utf16le(read + "\r\n"), text}, formPair{bom + read + "\r\n", text}, formPair{bom + read + "\r\n", text + "\r\n"})
	}
	for _, page := range []*charmap.Charmap{charmap.CodePage437, charmap.CodePage850, charmap.Windows1250, charmap.Macintosh} {
		b, err := page.NewEncoder().String("é")
		if err != nil {
			panic(err)
		}
		all = append(all, formPair{"a" + b, "aé"})
	}
	return all
}()

// noCaptureForms are texts that must not be come to.
var noCaptureForms = map[string][]formPair{
	"escapedBody":  {{`"{\"a\":1}"`, `{"a":1}`}, {`{"a":"#12"}`, "{\"a\":\"\n\"}"}, {`abc`, `abc`}},
	"wrappedLines": {{"0123456789012345678\nabc", "0123456789012345678abc"}, {"01234567890123456789", "01234567890123456789"}, {"01234567890123456789\n" + strings.Repeat("\n", 20), "01234567890123456789"}},
	"plainQuotes":  {{"abc", "abc"}, {bom + "a\u200b", "a"}},
	"jsonValues":   {{`{"t":"2026-05-17"}`, `{"t":"2026-05-17.000"}`}, {`["2026-05-17T14:30:01Z"`, `["2026-05-17T14:30:01.000Z"`}, {`{"n":null,"at":1}`, `{"at":1,"n":null,"amount":null}`}},
	"nullsLeftOut": {{`{"at":1,"n":null}`, `{"at":1,"amount":null,"n":null}`}, {`{"at":1,"amount":1,"n":1,"data":{"row":2,"x":1,"z":1}}`, `{"at":1,"amount":1.00,"n":1,"data":{"row":2,"x":1,"z":1}}`}},
	"nullsRemoved": {{`{"a":1}`, `{"a":1,"b":null,"c":null}`}},
	"keyEnds":      {{"abc", "ab"}, {word(1) + "X", word(1) + "X0"}, {word(1), word(1)[1:]}},
	"parsedForm":   {{`{"a":"b"}`, "a"}, {`{"{\"a\":1}":""`, `{"a":1}`}},
}

func TestCaptureForms(t *testing.T) {
	for name, f := range captureForms {
		for _, m := range missing(f.forms, f.want) {
			t.Errorf("%s does not come from %q to %q", name, m.captured, m.signed)
		}
		if lacks := missing(f.forms, noCaptureForms[name]); len(lacks) != len(noCaptureForms[name]) {
			t.Errorf("%s comes to one of %q", name, noCaptureForms[name])
		}
	}
	lacks := func(name string) bool { return len(missing(captureForms[name].forms, captureForms[name].want)) > 0 }
	without(t, "unescapes", &unescapes, func(func(string) string) bool { return lacks("escapedBody") })
	without(t, "typographic", &typographic, func([]*strings.Replacer) bool { return lacks("plainQuotes") })
	without(t, "typographic[3]", &typographic[3], func(*strings.Replacer) bool { return lacks("plainQuotes") })
	without(t, "timeForms", &timeForms, func(func(a, b, c string) string) bool { return lacks("jsonValues") })
	without(t, "codePages", &codePages, func(*charmap.Charmap) bool {
		return lacks("codePages") || len(missing(bodyForm(charsets), windowsVectors)) > 0 || len(missing(bodyForm(charsets), formsOf["charsets"].want)) > 0
	})
	without(t, "western", &western, func(*charmap.Charmap) bool { return len(missing(bodyForm(charsets), formsOf["charsets"].want)) > 0 })
}

// printVectors is what languages print of the JSON beside it; "" where it cannot be
// made again.
var printVectors = []struct{ by, print, want string }{
	{"JavaScript", "[object Object]", ""},
	{"PHP's var_dump", "array(4) {\n  [\"id\"]=>\n  string(4) \"a\"b\"\"\n  [\"n\"]=>\n  int(-1)\n  [\"l\"]=>\n  array(2) {\n    [0]=>\n    float(1.5)\n    [1]=>\n    bool(true)\n  }\n  [\"e\"]=>\n  NULL\n}\n", `{"id":"a\"b\"","n":-1,"l":[1.5,true],"e":null}`},
	{"PHP's var_dump", "object(stdClass)#1 (1) {\n}", ""},
	{"PHP's var_export", "array (\n  'id' => 'it\\'s \\\\ \\n',\n  'l' => \n  array (\n    0 => 'x',\n    1 => false,\n  ),\n  'e' => NULL,\n  'd' => 1.0,\n)", `{"id":"it's \\ \\n","l":["x",false],"e":null,"d":1.0}`},
	{"PHP's var_export", "(object) array(\n  'a' => array(),\n)", `{"a":[]}`},
	{"PHP's var_export", "\\stdClass::__set_state(array(\n  'a' => 1,\n))", `{"a":1}`},
	{"PHP's print_r", "Array\n(\n    [id] => x\n)\n", ""}, {"PHP's print_r", "stdClass Object\n(\n", ""},
	{"PHP's serialize", `a:5:{s:2:"id";s:4:"é";!";s:1:"n";i:-1;s:1:"d";d:1.5;s:1:"l";a:2:{i:0;b:1;i:1;N;}s:1:"o";O:8:"stdClass":1:{s:1:"a";a:0:{}}}`, ""},
	{"PHP's serialize", `a:5:{s:2:"id";s:5:"é";!";s:1:"n";i:-1;s:1:"d";d:1.5;s:1:"l";a:2:{i:0;b:1;i:1;N;}s:1:"o";O:8:"stdClass":1:{s:1:"a";a:0:{}}}`, `{"id":"é\";!","n":-1,"d":1.5,"l":[true,null],"o":{"a":[]}}`},
	{"PHP's serialize", `a:1:{i:5;i:6;}`, ""}, {"PHP's serialize", `a:2:{i:0;i:6;s:1:"a";i:7;}`, ""}, {"PHP's serialize", `a:1:{s:1:"a";R:1;}`, ""}, {"PHP's serialize", `a:1:{s:9:"a";i:1;}`, ""}, {"PHP's serialize", `a:1:{s:1:"a";i:1;`, ""},
	{"Perl's Data::Dumper", "$VAR1 = {\n  'a' => 'it\\'s',\n 'b' => undef,\n 'c' => bless( do{\\(my $o = 1)}, 'JSON::PP::Boolean' ), 'd' => bless( do{\\(my $o = 0)}, 'JSON::PP::Boolean' ), 'e' => [ '1.5', 2 ], 'f' => \"\\x{20ac}\\n\"\n};\n", `{"a":"it's","b":null,"c":true,"d":false,"e":["1.5",2],"f":"€\n"}`},
	{"Python's print", `{'a': True, 'b': None, 'c': False, 'd': "it's \" x", 'e': 'it\'s\n\x41\U0001f600', 'f': [], 'g': {}, 'h': 1e-07}`, `{"a":true,"b":null,"c":false,"d":"it's \" x","e":"it's\nA😀","f":[],"g":{},"h":1e-07}`},
	{"Python's print", "[{'a': 1}]", `[{"a":1}]`}, {"Python's print", "{'a': Nothing}", ""}, {"Python's print", "{'a': datetime.datetime(2026, 1, 1)}", ""}, {"Python's print", "{'a", ""}, {"Python's print", "{'a': 1, 2}", ""}, {"Python's print", "{'a': 1} x", ""},
	{"Ruby's inspect", `{"id"=>"x\e\u00e9\u{1f600}", "n"=>nil, "l"=>[1, 2.0]}`, `{"id":"x\u001bé😀","n":null,"l":[1,2.0]}`}, {"Ruby's inspect", `{:id=>"x", :n=>{"a" => true}}`, `{"id":"x","n":{"a":true}}`},
	{"Elixir's inspect", `%{"id" => "x", "n" => nil, :s => 1}`, `{"id":"x","n":null,"s":1}`}, {"Elixir's inspect", `%{id: "x", data: %{}}`, `{"id":"x","data":{}}`},
	{"Rust's Debug", `Object {"id": String("x"), "n": Number(1.5), "b": Bool(true), "e": Null, "l": Array [String("a")], "o": Object {}}`, `{"id":"x","n":1.5,"b":true,"e":null,"l":["a"],"o":{}}`},
	{"Rust's Debug", `Event { id: "x", data: Some(Data { n: 1 }), none: None }`, `{"id":"x","data":{"n":1},"none":null}`},
	{"Go's fmt", "map[a:1 b:map[]]", ""}, {"Go's fmt", `map[string]interface {}{"a":[]interface {}{"x", 1}, "n":interface {}(nil), "t":true}`, `{"a":["x",1],"n":null,"t":true}`}, {"Go's fmt", `map[string]any{"a":[]any{}}`, `{"a":[]}`}, {"Go's fmt", "{ev1 contact.created 5}", ""}, {"Go's fmt", "[]interface {}{1}", `[1]`},
	{"Kotlin's toString", "Event(id=ev1, data=Data(n=1))", ""}, {"Java's toString", "{id=ev1, data={n=1}}", ""}, {"C#'s ToString", "{ id = ev1, n = 1 }", ""}, {"C#'s ToString", "System.Collections.Generic.Dictionary`2[System.String,System.Object]", ""},
	{"Swift's print", `["id": "x", "n": 1, "l": ["a"]]`, `{"id":"x","n":1,"l":["a"]}`},
	{"Node's console.log", "{\n  id: 'it\\'s',\n  'x-y': `a'\"`,\n  l: [ 'a', [ 1 ] ],\n  text: 'a\\n' +\n    'b',\n  u: undefined, e: {}\n}", `{"id":"it's","x-y":"a'\"","l":["a",[1]],"text":"a\nb","u":null,"e":{}}`}, {"Node's console.log", "{ id: 'x', data: [Object] }", ""}, {"Node's console.log", "{ id: 'x', l: [ 1, ... 3 more items ] }", ""},
	{"Node's console.log", "[Object: null prototype] { a: '1' }", `{"a":"1"}`}, {"Node's console.log", "<ref *1> { a: [Circular *1] }", ""},
	{"a program", "#<Event:0x1>", ""}, {"a program", "<Event object at 0x1>", ""},
	{"", `{"a":1}`, ""}, {"", `{"a": "x", "b": `, ""}, {"", "text", ""}, {"", "", ""}, {"", `{"id" "x"}`, ""}, {"", `{\"id\":1}`, ""}, {"", "12", ""}, {"", `"{'a': 1}"`, ""},
}

func TestPrints(t *testing.T) {
	named := func() (wrong []string) {
		for _, v := range printVectors {
			if by := printedBy([]byte(v.print)); !strings.HasPrefix(by, v.by) || (by == "") != (v.by == "") {
				wrong = append(wrong, fmt.Sprintf("%q is printed by %q, not %q", v.print, by, v.by))
			}
		}
		return wrong
	}
	read := func() (wrong []string) {
		for _, v := range printVectors {
			if got, ok := fromPrint([]byte(v.print)); v.by != "" && (ok != (v.want != "") || ok && string(got) != v.want) {
				wrong = append(wrong, fmt.Sprintf("%q: %s, %v, want %s", v.print, got, ok, v.want))
			}
		}
		return wrong
	}
	for _, text := range slices.Concat(named(), read()) {
		t.Error(text)
	}
	all := prints()
	for i, p := range all {
		never := p
		never.begins = pattern.Of(`^$x`)
		if all[i] = never; len(named()) == 0 {
			t.Errorf("no vector needs the prints of %s", p.by)
		}
		all[i] = p
	}
	without(t, "typeNames", &typeNames, func(string) bool { return len(read()) > 0 })
	for depth, want := range map[int]bool{maxJSONDepth: true, maxJSONDepth + 2: false} {
		if _, ok := fromPrint([]byte(strings.Repeat("[", depth) + "True" + strings.Repeat("]", depth))); ok != want {
			t.Errorf("%d levels: read %v", depth, ok)
		}
		if _, ok := fromPrint([]byte(strings.Repeat(`a:1:{i:0;`, depth) + "b:1;" + strings.Repeat("}", depth))); ok != want {
			t.Errorf("%d levels of serialize: read %v", depth, ok)
		}
	}
}

// The words and beginnings by which signs are known.
func TestListsOfSigns(t *testing.T) {
	hidden := func() bool {
		for _, text := range []string{"[REDACTED]", "<Filtered>", "(masked)", "[removed]", "<hidden>", "elided", "REDACTED", "OMITTED", "{deleted}", "[secret]", "[sensitive]", "<private>", "[PII]", "j***@example.com", "[REDACTED-EMAIL]", "%REDACTED%", "__hidden__", "email_redacted", "####-####", "**removed**", "[truncated]", "anonymized", "anonymised", "scrubbed", "[Object]", "[Array]", "***", "****1234", "xxxx-xxxx", "████", "•••"} {
			list, _ := tokens([]byte(`{"a":"b","c":` + string(jsonText(text)) + `}`))
			if name, found := hiddenValue(list); !found || name != `"c"` {
				return false
			}
		}
		return true
	}
	if !hidden() {
		t.Fatal("a hidden value is not known")
	}
	without(t, "hiddenWords", &hiddenWords, func(string) bool { return !hidden() })
	without(t, "hidingWords", &hidingWords, func(string) bool { return !hidden() })
	if name, found := hiddenValue(parse([]byte(`{"a":"b","tags":["c","***"]}`)).list); !found || name != `"tags"` {
		t.Errorf("%s, %v", name, found)
	}
	for _, text := range []string{"xx", "x", "*", "**", "ab", "", "lead", "extra", "objects", "removed", "hidden", "private", "object", "array", "deleted", "Removed.", "Deleted", "...", "...and", "a *** b", "#12", "XL"} {
		list, _ := tokens([]byte(`{"a":` + string(jsonText(text)) + `}`))
		if name, found := hiddenValue(list); found {
			t.Errorf("%s in %s was hidden", text, name)
		}
	}
	if _, found := hiddenValue([]token{{kind: '"', text: []byte(`"***"`)}}); found {
		t.Error("a text alone was hidden")
	}

	e := explainer()
	escaped := func() bool {
		for _, text := range []string{`{\"a\":`, ` {\n "a"`, `[{""a"":1`, `{&quot;a`, `{&#34;a`, `{&#x22;a`, `{\x22a`, `{=22a`, `{#012"a"`, `{\u0022a`, `"{\"a\":`, `'{\"a`} {
			if _, found := testEscaped(e.newDiagnosis(&capture.Request{Body: []byte(text)}, 1)); !found {
				return false
			}
		}
		return true
	}
	if !escaped() {
		t.Fatal("escapes are not known")
	}
	without(t, "escapedStarts", &escapedStarts, func(string) bool { return !escaped() })
	for _, text := range []string{`{"a":1}`, `"{\"a\":1}"`, `{a`, ""} {
		if _, found := testEscaped(e.newDiagnosis(&capture.Request{Body: []byte(text)}, 1)); found {
			t.Errorf("%s has escapes left on", text)
		}
	}

	header := capture.Header{field("X-Wunder-Signature", strings.Repeat("ab", sha256.Size))}
	empty := func() bool {
		for _, text := range []string{"", "{}", "[]\n", "null", "undefined", "None", "nil", `""`} {
			if _, found := testEmpty(e.newDiagnosis(&capture.Request{Body: []byte(text), Header: header}, 1)); !found {
				return false
			}
		}
		return true
	}
	if !empty() {
		t.Fatal("what stands for nothing is not known")
	}
	without(t, "unread", &unread, func(string) bool { return !empty() })
	for text, h := range map[string]capture.Header{`{"a":1}`: header, "": nil, strings.Repeat(" ", mostQuoted): header} {
		if said, found := testEmpty(e.newDiagnosis(&capture.Request{Body: []byte(text), Header: h}, 1)); found {
			t.Errorf("%q: %s", text, said)
		}
	}
	if said, _ := testEmpty(e.newDiagnosis(&capture.Request{Header: append(header, field("Content-Length", "5"))}, 1)); !strings.Contains(said, "Content-Length says 5 bytes") {
		t.Error(said)
	}
}

func jsonText(text string) []byte {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return b
}

// More signs, and what is none.
func TestSignsOfCaptures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		test func(*diagnosis) (string, bool)
		body string
		want string // of the explanation; "-" for the row's, "" for none
	}{
		{testCutOff, `{\"a\":1}`, ""}, {testCutOff, `{'a': `, ""}, {testCutOff, `{"a":tru`, "in the middle"}, {testCutOff, `{"a":"\`, "in the middle"}, {testCutOff, `{"a":1,`, "in the middle"}, {testCutOff, `{"a" "b`, ""}, {testCutOff, `{“a”:`, ""},
		{testTypographic, `{“a”:1}`, "-"}, {testTypographic, ` [{ „a“`, "-"}, {testTypographic, "{«a»", "-"}, {testTypographic, "{‘a’", "-"}, {testTypographic, `{"a":"“"}`, ""}, {testTypographic, "“", ""}, {testTypographic, "{", ""},
		{testStringified, `"{\"a\":1}"`, "-"}, {testStringified, `"[1]"` + "\n", "-"}, {testStringified, `"1"`, ""}, {testStringified, `"{"`, ""}, {testStringified, `{"a":"{}"}`, ""}, {testStringified, "", ""}, {testStringified, `"{}`, ""},
		{testOtherOrder, `{"event_type":"x","id":"1","data":{},"org_id":"o","delivered_at":"x"}`, "-"}, {testOtherOrder, `{"id":"1","x":2,"event_type":"x","org_id":"o","data":{},"delivered_at":"x"}`, ""}, {testOtherOrder, `{"event_type":"x","id":"1","data":{},"org_id":"o"}`, ""}, {testOtherOrder, `{"event_type":"x","id":"1"}`, ""}, {testOtherOrder, `{"a":1}`, ""}, {testOtherOrder, `{"id":"1","event_type":"x","org_id":"o","data":{},"delivered_at":"x","id":"2"}`, ""}, {testOtherOrder, "text", ""},
		{testFormParsed, `{"{\"id\":{"x":1}}`, "-"}, {testFormParsed, `{"[{\"id\"`, "-"}, {testFormParsed, `{'{"id"`, "-"}, {testFormParsed, `{"id":1}`, ""},
		{testGson, `{"a":"\u003d"}`, "-"}, {testGson, `{"a":"\u0027"}`, "-"}, {testGson, `{"event_type":"full","a":1.0,"b":2.5,"c":null}`, "end in .0"}, {testGson, `{"event_type":"full","a":1.0,"b":2}`, ""}, {testGson, `{"event_type":"full","amount":1.0}`, ""}, {testGson, `{"event_type":"other","a":1.0}`, ""}, {testGson, `{"a":2.5}`, ""}, {testGson, `{"a":"\u003e"}`, ""}, {testGson, `a \u003d`, ""},
		{testEdited, `{"id":"1","event_type":"x","org_id":"o","data":{}}`, "lacks delivered_at"}, {testEdited, `{"id":"1","event_type":"x","data":{},"delivered_at":"x"}`, "lacks org_id"}, {testEdited, `{"id":"1","event_type":"x","delivered_at":"x"}`, ""},
		{testEdited, `{"event_id":"1","event_type":"x","api_version":"","created_at":"","data":{}}`, ""}, // another provider's
		{testEdited, `{"id":"\u003d","event_type":"x","data":{},"delivered_at":"x"}`, "lacks org_id"}, {testEdited, `{"id":"1"}`, ""}, {testEdited, `{"a":"***"}`, `The value of "a"`}, {testEdited, `["***"]`, ""}, {testEdited, "text", ""}, {testEdited, `{"id":"1","event_type":"x","org_id":"o","data":{"n":123456789012345000}}`, ""},
		{testEdited, `{"row":{"a":1,"b":2,"c":3,"d":4},"kind":"x","at":"t"}`, "looks like only the member data"},
		{testEdited, `{"id":"1","event_type":"full","org_id":"o","data":{"row":{"a":1,"b":2,"c":3},"kind":"x","at":"t"},"delivered_at":"x"}`, "lacks d in data/row"},
		{testEdited, `{"id":"1","event_type":"full","org_id":"o","data":{"row":{"a":1,"b":2,"c":3,"d":4},"kind":"x","at":"t"},"delivered_at":"x"}`, ""},
		{testEdited, `{"id":"1","event_type":"full","org_id":"o","data":{"row":{"a":1,"x":3},"kind":"x","at":"t"},"delivered_at":"x"}`, ""},
	} {
		e := explainer()
		e.Providers[1].Events = []string{"other", "full"}
		e.Providers[1].Sample = func(eventType string) []byte {
			if eventType == "full" {
				return []byte(`{"id":"","event_type":"","org_id":"","data":{"row":{"a":1,"b":2,"c":3,"d":4},"kind":"","at":""},"delivered_at":""}`)
			}
			return []byte(`{"id":"","event_type":"","org_id":"","data":{},"delivered_at":""}`)
		}
		header := capture.Header{field("X-Wunder-Signature", strings.Repeat("ab", sha256.Size))}
		got, found := c.test(e.newDiagnosis(&capture.Request{Body: []byte(c.body), Header: header}, 1))
		if found != (c.want != "") || found && !strings.Contains(got, strings.Trim(c.want, "-")) || c.want == "-" && got != "" {
			t.Errorf("%q: %q, %v, want %q", c.body, got, found, c.want)
		}
	}
}

// A secret of another form than the provider's is a sign where all are.
func TestUnusualSecrets(t *testing.T) {
	t.Parallel()
	p := wunder
	p.SecretDigits = 64
	for name, c := range map[string]struct {
		secrets []string
		digits  int
		want    string
	}{
		"as usual": {[]string{wunderKey}, 64, ""}, "short": {[]string{wunderKey[:63]}, 64, "63 digits"}, "long": {[]string{wunderKey + "ab"}, 64, "66 digits"}, "one of two": {[]string{wunderKey[:63], wunderKey}, 64, ""},
		"another alphabet": {[]string{"a passphrase"}, 64, "nothing else"}, "both": {[]string{"a passphrase", wunderKey[:32]}, 64, "32 digits"}, "a placeholder": {[]string{"your-secret"}, 64, ""}, "not known": {[]string{"a passphrase"}, 0, ""}, "very short": {[]string{"abc"}, 64, "3 characters"},
	} {
		p := p
		p.SecretDigits = c.digits
		e := Explainer{Providers: []Provider{p}}
		for _, s := range c.secrets {
			e.Candidates = append(e.Candidates, Candidate{Secret: secret.New(s)})
		}
		d := e.newDiagnosis(&capture.Request{Body: []byte("x"), Header: capture.Header{field("X-Wunder-Signature", strings.Repeat("ab", 32))}}, 0)
		got, _ := testSecretLength(d)
		if got == "" {
			got, _ = testSecretAlphabet(d)
		}
		if !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A delivery of one provider under the header of another.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	const zyntroBody = `{"event_id":"e","event_type":"new_contact","created_at":"2026-03-30T10:22:00Z"}`
	for name, c := range map[string]struct {
		header, body string
		candidates   []Candidate
		others       []Candidate
		want         string
	}{
		"the other's header":   {"X-Zyntro-Signature", wunderBody, []Candidate{crm, lead}, nil, "wrong-header"},
		"and a newline":        {"X-Zyntro-Signature", wunderBody + "\n", []Candidate{crm, lead}, nil, "wrong-header+trailing-newline"},
		"and another webhook":  {"X-Zyntro-Signature", wunderBody, []Candidate{crm}, []Candidate{lead}, "wrong-header+other-webhook"},
		"a third one's secret": {"X-Zyntro-Signature", wunderBody, []Candidate{crm}, nil, "unknown"},
		"swapped secrets":      {"X-Zyntro-Signature", zyntroBody, []Candidate{crm, lead}, nil, "other-webhook"},
		"and a line":           {"X-Zyntro-Signature", zyntroBody + "\n", []Candidate{crm}, []Candidate{lead}, "other-webhook+trailing-newline"},
		"another body":         {"X-Zyntro-Signature", wunderBody + "x", []Candidate{crm, lead}, nil, "unknown"},
	} {
		e := Explainer{Providers: []Provider{zyntro, wunder}, Candidates: c.candidates, Others: also(c.others...)}
		good := sign(t, wunder, wunderKey, wunderBody)
		if strings.HasPrefix(c.body, zyntroBody) {
			good = sign(t, wunder, wunderKey, zyntroBody)
		}
		provider, found := e.Explain(t.Context(), &capture.Request{Body: []byte(c.body), Header: capture.Header{field(c.header, good)}}, []int{0})
		var causes []string
		for _, f := range found {
			causes = append(causes, f.Cause)
		}
		if got := strings.Join(causes, "+"); got != c.want && !strings.HasPrefix(c.want, "unknown") || (provider == 1) != strings.HasPrefix(c.want, "wrong-header") {
			t.Errorf("%s: %d, %s, want %s", name, provider, got, c.want)
		}
	}
}

// What is around a signature, and what is left of one.
func TestDigestsOfCaptures(t *testing.T) {
	t.Parallel()
	good := strings.TrimPrefix(sign(t, wunder, wunderKey, wunderBody), "sha256=")
	for value, want := range map[string]string{
		`"` + good + `"`: "wrong-header", `"sha256=` + good + `"`: "wrong-header", `b'sha256=` + good + `'`: "wrong-header", `['` + good + `']`: "wrong-header", "<" + good + ">": "wrong-header",
		`\"` + good + `\"`: "wrong-header", "&quot;" + good + "&quot;": "wrong-header", "“" + good + "”": "wrong-header", "‘" + good + "’": "wrong-header", "„" + good + "“": "wrong-header", "«" + good + "»": "wrong-header", `{"s":"` + good + `"}`: "wrong-header", "(" + good + ")": "wrong-header", "`" + good + "`": "wrong-header", "sha256=" + good + "\u00a0": "wrong-header", "\u200bsha256=" + good: "wrong-header", "v1=" + good: "digest-encoding", b64(unhex(good)): "digest-encoding", `"` + b64(unhex(good)) + `"`: "digest-encoding",
		good[:32] + " " + good[32:]: "wrong-header", "sha256=" + good[:8] + "\u00a0" + good[8:40] + " " + good[40:]: "wrong-header",
		good[:10] + "…": "digest-truncated", good[:4] + "...": "digest-truncated", good[:4] + "***": "digest-truncated", good[:8] + "…" + good[56:]: "digest-truncated", "sha256=" + strings.Repeat("5", 50): "digest-truncated", good[:3] + "…": "unknown", good[:10]: "unknown", good[:10] + ".": "unknown", good[:10] + "…z": "unknown",
		"sha256=****" + good[60:]: "digest-truncated", "sha256=***": "digest-truncated", "[REDACTED]": "digest-truncated", "[Filtered]": "digest-truncated", "<redacted>": "digest-truncated", "sha256=[REDACTED]": "digest-truncated", "sha256=" + strings.Repeat("x", 64): "digest-truncated", strings.Repeat("•", 8): "digest-truncated", good[:12] + " (truncated)": "digest-truncated", "none": "unknown", "a.b": "unknown", "undefined": "unknown",
	} {
		all := run(t, explainer(), record(t, wunderBody, "X-Wunder-Signature", value))
		if len(all) != 1 || all[0].Valid || len(all[0].Diagnosis) != 1 || all[0].Diagnosis[0].Cause != want {
			t.Errorf("%s: %+v, want %s", value, all, want)
		}
	}
	for text, want := range map[string]int{"9f3a08ef6e…": 10, "sha256=9f3a08ef6e...": 10, "9f3a…08ef": 8, "9f3a**": 4, "9f3": 0, strings.Repeat("a", 16): 16, strings.Repeat("a", 63): 63, strings.Repeat("a", 64): 0, strings.Repeat("a", 40): 0, strings.Repeat("a", 32): 0, "9f3a.": 0, "": 0, "…": 0} {
		if got := cutDigits(text); got != want {
			t.Errorf("%s: %d digits are left, want %d", text, got, want)
		}
	}
}

// Hostile bodies cost no more than others of their size.
func TestHostileBodies(t *testing.T) {
	norace.Only(t)
	e := explainer()
	for name, piece := range map[string]string{
		"quotes": "“", "escapes": `\"`, "lines": "01234567890123456789\n", "short lines": "x\n", "entities": "&amp;", "octal": "#012", "mail": "=22", "print": "{'a': ", "symbols": "{:a=>", "dumps": `string(1) "`, "serialized": `a:1:{s:1:"a";`, "words": "a", "calls": "a(", "go": "map[string]interface {}{",
		"times": `"2026-05-17T14:30:01Z",`, "empties": "[],", "names": `{"{\"a\":1}":"",`, "wide": "a\x00", "pluses": `" 1`, "joined": `'a' + `, "backslashes": `\`, "hashes": "#", "carets": "^", "keys": `["a"]=>`, "objects": `{"a":{},`,
	} {
		for _, prefix := range []string{"", "[", "{'", "01234567890123456789\n"} {
			t.Log(name, "after", prefix)
			body := prefix + strings.Repeat(piece, 32<<10/len(piece))
			e.Explain(t.Context(), &capture.Request{Body: []byte(body), Header: capture.Header{field("X-Wunder-Signature", strings.Repeat("ab", 32))}}, []int{1})
		}
	}
}

func utf16be(text string) string {
	out := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u>>8), byte(u))
	}
	return string(out)
}

func TestUTF16(t *testing.T) {
	t.Parallel()
	for _, text := range []string{utf16le("Zoë"), utf16be("Zoë")} {
		if len(missing(bodyForm(charsets), []formPair{{text, "Zoë"}})) > 0 {
			t.Errorf("%q", text)
		}
	}
}

// FuzzForms makes all forms of a text: none panics, and none is much longer than it.
func FuzzForms(f *testing.F) {
	for _, v := range printVectors {
		f.Add([]byte(v.print))
	}
	for _, form := range captureForms {
		for _, v := range form.want {
			f.Add([]byte(v.captured))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if out, ok := fromPrint(body); ok && (!json.Valid(out) || len(out) > 8*len(body)+16) {
			t.Fatalf("%s of a print", out)
		}
		printedBy(body)
		doc := parse(body)
		doc.sample = newSample([]byte(`{"at":"2026-01-01T00:00:00.000000Z","amount":1.00,"n":null,"data":{"row":"2026-01-01T00:00:00+00:00","x":null,"z":null}}`))
		for name, forms := range map[string]iter.Seq[[]byte]{
			"escapes": escapedBody(body), "lines": wrappedLines(body), "quotes": plainQuotes(body), "charsets": charsets(body), "form": formEncoded(body), "unwrapped": unwrapped(body),
			"values": jsonValues(doc), "nulls": nullsRemoved(doc), "order": jsonInOrder(doc), "numbers": jsonCommon(doc),
		} {
			n := 0
			for form := range forms {
				if len(form) > 64*len(body)+1024 {
					t.Fatalf("%s: %d bytes of %d", name, len(form), len(body))
				}
				if n++; n == 2000 {
					break
				}
			}
		}
	})
}
