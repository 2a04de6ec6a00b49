package diagnosis_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/diagnosis"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/secret"
)

// What serialisers make of the providers' own bodies, and what is said of that. Each
// language that is installed writes the same bodies in many settings; the others are
// left out. HOOKCTL_UPDATE_LANGUAGES=1 takes every event of both catalogues, and writes
// the table of docs/diagnosis.md.

// The causes that are right for a setting: those of compact JSON, of JSON laid out, and
// of anything else.
const (
	written = "json-reserialised json-escaping"
	laidOut = "json-pretty-printed json-reserialised json-escaping"
	printed = "language-print"
)

// A language makes texts of bodies.
type language struct {
	name    string
	version []string
	command []string
	// settings are the causes that are right for each; a change of nothing is none.
	settings map[string]string
	run      func(t *testing.T, bodies [][]byte) map[string][][]byte // in place of command
}

var base64Lines = struct {
	lines func([]byte) string
	text  func(string) ([]byte, error)
}{base64.StdEncoding.EncodeToString, base64.StdEncoding.DecodeString}

const jars = "/usr/share/java/jackson-databind.jar:/usr/share/java/jackson-core.jar:/usr/share/java/jackson-annotations.jar:/usr/share/java/gson.jar"

func languages() []language {
	file := func(name string) string { return filepath.Join("testdata", "languages", name) }
	return []language{
		{name: "Node", version: []string{"node", "--version"}, command: []string{"node", file("node.mjs")}, settings: map[string]string{
			"JSON.stringify": written, "JSON.stringify, console.log": written + " trailing-newline", "JSON.stringify, 2": laidOut, "JSON.stringify, 4": laidOut, "JSON.stringify, tab": laidOut,
			"JSON.stringify, sorted": written, "JSON.stringify, Date": written, "JSON.stringify twice": "wrapped-body " + written, "JSON.stringify of the text": "wrapped-body",
			"JSON.stringify of a Buffer": "wrapped-body", "console.log": printed, "util.inspect, depth null": printed, "String": printed, "express.urlencoded": "form-encoded", "express without a parser": "empty-body",
		}},
		{name: "Python", version: []string{"python3", "--version"}, command: []string{"python3", file("python.py")}, settings: map[string]string{
			"json.dumps": written, "json.dumps, print": written + " trailing-newline", "json.dumps, ensure_ascii=False": written, "json.dumps, separators": written, "json.dumps, separators, ensure_ascii=False": written,
			"json.dumps, indent=2": laidOut, "json.dumps, indent=4, ensure_ascii=False": laidOut, "json.dumps, sort_keys": written, "json.dumps, sort_keys, indent=2": laidOut, "json.dumps twice": "wrapped-body " + written,
			"str": printed, "pprint": printed, "repr of the bytes": "wrapped-body escaped-body " + printed, "repr of the text": "wrapped-body escaped-body " + printed,
			"ujson.dumps": written, "ujson.dumps, escape_forward_slashes=False": written, "simplejson.dumps": written,
		}},
		{name: "Go", version: []string{"go", "version"}, run: goTexts, settings: map[string]string{
			"Marshal": written, "Marshal of UseNumber": written, "Encoder": written + " trailing-newline", "Encoder, SetEscapeHTML(false)": written + " trailing-newline", "MarshalIndent": laidOut, "MarshalIndent, tab": laidOut,
			"Compact": written, "Indent": laidOut, "Indent of Encoder": laidOut, "HTMLEscape": written, "%v": printed, "%#v": printed, "%q": "wrapped-body escaped-body",
		}},
		{name: "Java", version: []string{"java", "-version"}, command: []string{"java", "-cp", jars, file("Java.java")}, settings: map[string]string{
			"Jackson, Map": written, "Jackson, JsonNode": written, "Jackson, JsonNode, BigDecimal": written, "Jackson, pretty": laidOut, "Jackson, HashMap": written, "Jackson, sorted": written,
			"Jackson, ESCAPE_NON_ASCII": written, "Jackson, NON_NULL": written, "Gson, Map": written, "Gson, JsonElement": written, "Gson, serializeNulls": written, "Gson, pretty": laidOut, "Map.toString": printed,
		}},
		{name: "PHP", version: []string{"php", "--version"}, command: []string{"php", file("php.php")}, settings: map[string]string{
			"json_encode": written, "json_encode, UNESCAPED_SLASHES": written, "json_encode, UNESCAPED_UNICODE": written, "json_encode, both unescaped": written, "json_encode, PRETTY_PRINT": laidOut,
			"json_encode, PRETTY_PRINT, both unescaped": laidOut, "json_encode, PRESERVE_ZERO_FRACTION": written, "json_encode, HEX": written, "json_encode of objects": written, "print_r": printed, "var_dump": printed,
			"var_export": printed, "serialize": printed, "addslashes": "escaped-body", "htmlspecialchars": "escaped-body", "$_POST": "form-encoded",
		}},
		{name: "Ruby", version: []string{"ruby", "--version"}, command: []string{"ruby", file("ruby.rb")}, settings: map[string]string{
			"to_json": written, "JSON.pretty_generate": laidOut, "JSON.generate, ascii_only": written, "to_json as Rails has it": written, "puts of to_json": written + " trailing-newline", "to_json twice": "wrapped-body " + written,
			"inspect": printed, "dump": "wrapped-body escaped-body",
		}},
		{name: "Perl", version: []string{"perl", "-e", "print $^V"}, command: []string{"perl", file("perl.pl")}, settings: map[string]string{
			"JSON::PP": written, "JSON::PP, canonical": written, "JSON::PP, pretty": laidOut, "JSON::PP, ascii": written, "JSON::XS": written, "Data::Dumper": printed,
		}},
		{name: "jq", version: []string{"jq", "--version"}, run: jqTexts, settings: map[string]string{
			".": laidOut, "-c .": written + " trailing-newline", "-S .": laidOut, "-cS .": written, "-ca .": written + " trailing-newline", "--tab .": laidOut, "--indent 4 .": laidOut, "tojson": "wrapped-body " + written,
		}},
		{name: "Lua", version: []string{"lua5.4", "-v"}, command: []string{"lua5.4", file("lua.lua")}, settings: map[string]string{"cjson.encode": written}},
	}
}

// versionOf is what a program says of itself; "" where it is not installed.
func versionOf(t *testing.T, l language) string {
	if _, err := exec.LookPath(l.version[0]); err != nil {
		t.Logf("%s is left out: %v", l.name, err)
		return ""
	}
	out, err := exec.CommandContext(t.Context(), l.version[0], l.version[1:]...).CombinedOutput()
	if err != nil {
		t.Logf("%s is left out: %v", l.name, err)
		return ""
	}
	for _, word := range strings.Fields(string(out)) {
		if word = strings.Trim(word, `"v`); strings.HasPrefix(word, "jq-") || word != "" && word[0] >= '0' && word[0] <= '9' {
			return strings.TrimPrefix(word, "jq-")
		}
		if rest, ok := strings.CutPrefix(word, "go1"); ok {
			return "1" + rest
		}
	}
	return "?"
}

// texts are what a language makes of the bodies, by setting; nil where it does not run.
func (l language) texts(t *testing.T, bodies [][]byte) map[string][][]byte {
	if l.run != nil {
		return l.run(t, bodies)
	}
	encode, decode := base64Lines.lines, base64Lines.text
	if l.name == "Lua" {
		encode, decode = hex.EncodeToString, hex.DecodeString
	}
	var in strings.Builder
	for _, body := range bodies {
		in.WriteString(encode(body) + "\n")
	}
	cmd := exec.CommandContext(t.Context(), l.command[0], l.command[1:]...)
	cmd.Stdin = strings.NewReader(in.String())
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Logf("%s is left out: %v\n%.300s", l.name, err, &errs)
		return nil
	}
	made := map[string][][]byte{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 3 {
			t.Fatalf("%s writes %q", l.name, lines.Text())
		}
		text, err := decode(fields[2])
		var n int
		if _, numberErr := fmt.Sscan(fields[1], &n); err != nil || numberErr != nil {
			t.Fatalf("%s writes %q", l.name, lines.Text())
		}
		if made[fields[0]] == nil {
			made[fields[0]] = make([][]byte, len(bodies))
		}
		made[fields[0]][n] = text
	}
	return made
}

func goTexts(t *testing.T, bodies [][]byte) map[string][][]byte {
	made := map[string][][]byte{}
	for _, body := range bodies {
		var v, exact any
		if err := json.Unmarshal(body, &v); err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&exact); err != nil {
			t.Fatal(err)
		}
		add := func(name string, text []byte, err error) {
			if err != nil {
				t.Fatal(err)
			}
			made[name] = append(made[name], bytes.Clone(text))
		}
		encoded := func(html bool) ([]byte, error) {
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(html)
			err := e.Encode(v)
			return b.Bytes(), err
		}
		buffer := func(write func(*bytes.Buffer) error) ([]byte, error) {
			var b bytes.Buffer
			err := write(&b)
			return b.Bytes(), err
		}
		text, err := json.Marshal(v)
		add("Marshal", text, err)
		text, err = json.Marshal(exact)
		add("Marshal of UseNumber", text, err)
		text, err = encoded(true)
		add("Encoder", text, err)
		text, err = encoded(false)
		add("Encoder, SetEscapeHTML(false)", text, err)
		text, err = json.MarshalIndent(v, "", "  ")
		add("MarshalIndent", text, err)
		text, err = json.MarshalIndent(exact, "", "\t")
		add("MarshalIndent, tab", text, err)
		text, err = buffer(func(b *bytes.Buffer) error { return json.Compact(b, body) })
		add("Compact", text, err)
		text, err = buffer(func(b *bytes.Buffer) error { return json.Indent(b, body, "", "  ") })
		add("Indent", text, err)
		text, err = buffer(func(b *bytes.Buffer) error { json.HTMLEscape(b, body); return nil })
		add("HTMLEscape", text, err)
		add("%v", fmt.Append(nil, v), nil)
		add("%#v", fmt.Appendf(nil, "%#v", v), nil)
		add("%q", fmt.Appendf(nil, "%q", body), nil)
	}
	return made
}

func jqTexts(t *testing.T, bodies [][]byte) map[string][][]byte {
	made := map[string][][]byte{}
	for _, setting := range []string{".", "-c .", "-S .", "-cS .", "-ca .", "--tab .", "--indent 4 .", "tojson"} {
		for _, body := range bodies {
			cmd := exec.CommandContext(t.Context(), "jq", strings.Fields(setting)...)
			cmd.Stdin = bytes.NewReader(body)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(setting, err)
			}
			made[setting] = append(made[setting], out)
		}
	}
	return made
}

// own is a body that a provider has made, or one with a payload that it might make.
type own struct {
	provider int // of the registry
	body     []byte
	edge     bool
}

// edges are data that parsers and writers change; a provider may send such.
var edges = []string{
	`{"amount":1e3,"rate":52.5200,"whole":7}`,
	`{"name":"Zoë 😀 \u2028","city":"東京","path":"a/b","html":"<b>&'\"</b>=+"}`,
	`{"empty":{},"none":[],"null":null,"nested":{"a":[{}],"b":[[]]}}`,
	`{"big":12345678901234567890,"precise":0.1234567890123456789,"negative":-0.0}`,
	`{"from":"2026-05-17T14:30:01.000Z","until":"2026-05-17T14:30:01.120Z","local":"2026-05-17T14:30:01+00:00"}`,
	`{"text":"line\nbreak\ttab \\ backslash","plus":"+1 555 0100","percent":"100%"}`,
}

func ownBodies(t *testing.T, registry provider.Registry, every bool) []own {
	var found []own
	now := time.Date(2026, 5, 17, 14, 30, 1, 0, time.UTC)
	for i, d := range registry {
		step := max(len(d.Catalogue)/2, 1)
		if every {
			step = 1
		}
		for n := 0; n < len(d.Catalogue); n += step {
			body, _ := d.Sample(d.Catalogue[n].Slug, provider.SampleOptions{Now: now, OrgID: "org_7", Seed: int64(n + 2)})
			found = append(found, own{provider: i, body: body})
		}
		for n, data := range edges {
			made, _ := d.Sample("made.up", provider.SampleOptions{Now: now, OrgID: "org_7", Seed: int64(n + 2)})
			var envelope struct{ Data json.RawMessage }
			if err := json.Unmarshal(made, &envelope); err != nil {
				t.Fatal(err)
			}
			body := strings.Replace(string(made), string(envelope.Data), data, 1)
			if !json.Valid([]byte(body)) {
				t.Fatal(body)
			}
			if every || n%3 == i {
				found = append(found, own{provider: i, body: []byte(body), edge: true})
			}
		}
	}
	return found
}

// tally counts what was said of a language's texts.
type tally struct{ settings, same, right, sign, partly, wrong, unknown int }

func (n *tally) changed() int { return n.right + n.sign + n.partly + n.wrong + n.unknown }

func TestLanguages(t *testing.T) {
	norace.Only(t)
	update := os.Getenv("HOOKCTL_UPDATE_LANGUAGES") != ""
	registry := all.Drivers()
	const key = "8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7c8d9e0f1a2b"
	var e diagnosis.Explainer
	for _, d := range registry {
		e.Providers = append(e.Providers, diagnosis.Provider{Name: d.Name, Scheme: d.Scheme, Envelope: d.Envelope, SecretDigits: d.SecretDigits, Sample: func(event string) []byte {
			body, _ := d.Sample(event, provider.SampleOptions{Seed: 1})
			return body
		}})
	}
	e.Candidates = []diagnosis.Candidate{{Secret: secret.New(key)}}
	bodies := ownBodies(t, registry, update)
	raw := make([][]byte, len(bodies))
	for i, b := range bodies {
		raw[i] = b.body
	}

	var rows, odd []string
	for _, l := range languages() {
		version := versionOf(t, l)
		if version == "" {
			continue
		}
		made := l.texts(t, raw)
		if made == nil {
			continue
		}
		var ownBodies, edgeBodies tally
		ownBodies.settings = len(made)
		for _, setting := range slices.Sorted(maps.Keys(made)) {
			right := strings.Fields(l.settings[setting])
			if len(right) == 0 {
				t.Errorf("%s: what is right for %s?", l.name, setting)
			}
			for i, text := range made[setting] {
				b := bodies[i]
				n := &ownBodies
				if b.edge {
					n = &edgeBodies
				}
				if bytes.Equal(text, b.body) {
					n.same++
					continue
				}
				d := registry[b.provider]
				value, err := d.Scheme.Sign(secret.New(key), "", b.body)
				if err != nil {
					t.Fatal(err)
				}
				if again, err := d.Scheme.Sign(secret.New(key), "", text); err != nil || again == value {
					t.Fatalf("%s, %s: falsely valid", l.name, setting)
				}
				proof, findings := e.Explain(t.Context(), &capture.Request{Header: capture.Header{{Name: d.Scheme.Headers[0], Value: value}}, Body: text}, []int{b.provider})
				said := n.count(findings, proof >= 0, right)
				if said == "wrong" || !bytes.Contains(b.body, []byte(`"big"`)) && (said == "unknown" || said == "partly") {
					odd = append(odd, fmt.Sprintf("%s, %s: %s: %v of\n\t%.300s\n\tsigned\n\t%.300s", l.name, setting, said, findings, text, b.body))
				}
				if said == "wrong" {
					t.Errorf("%s, %s: %+v", l.name, setting, findings)
				}
			}
		}
		if good := ownBodies.right + ownBodies.sign; good*100 < 95*ownBodies.changed() {
			t.Errorf("%s: of %d changed bodies %d are explained: %+v", l.name, ownBodies.changed(), good, ownBodies)
		}
		rows = append(rows, fmt.Sprintf("| %s %s | %d | %d | %d | %d | %d | %d | %d |", l.name, version, ownBodies.settings, ownBodies.same, ownBodies.right, ownBodies.sign, ownBodies.partly, ownBodies.wrong, ownBodies.unknown))
		t.Logf("%s %s: own %+v, edges %+v", l.name, version, ownBodies, edgeBodies)
	}
	for _, text := range odd[:min(len(odd), 40)] {
		t.Log(text)
	}
	if update {
		writeTable(t, rows)
	}
}

// count adds one diagnosis, and returns what it was.
func (n *tally) count(findings []diagnosis.Finding, proof bool, right []string) string {
	good := 0
	for _, f := range findings {
		if slices.Contains(right, f.Cause) {
			good++
		}
	}
	switch {
	case len(findings) == 0 || findings[0].Cause == "unknown":
		n.unknown++
		return "unknown"
	case good == 0:
		n.wrong++
		return "wrong"
	case good < len(findings):
		n.partly++
		return "partly"
	case proof:
		n.right++
		return "right"
	}
	n.sign++
	return "sign"
}

// writeTable puts the rows into the guide, in place of those that stand there.
func writeTable(t *testing.T, rows []string) {
	const begin, end = "<!-- the table of internal/diagnosis/languages_test.go -->\n", "<!-- its end -->\n"
	page := filepath.Join("..", "..", "docs", "diagnosis.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("the guide has no place for the table")
	}
	table := "\n| Language | Settings | Same bytes | Proven | A sign | Partly | Wrong | Unknown |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n" + strings.Join(rows, "\n") + "\n\n"
	if err := os.WriteFile(page, []byte(before+begin+table+end+after), 0o600); err != nil {
		t.Fatal(err)
	}
}
