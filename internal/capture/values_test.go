package capture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/norace"
)

// decoderItems is what a json.Decoder finds in documents and one level of lists: the
// items, and how it ends.
func decoderItems(r io.Reader) (items []string, end error) {
	d := json.NewDecoder(r)
	for depth := 0; ; {
		if depth > 0 && !d.More() || depth == 0 && d.More() && beginsList(d) {
			t, err := d.Token()
			if err != nil {
				return items, endInside(err)
			}
			if depth--; t == json.Delim('[') {
				depth = 1
			}
			continue
		}
		err := d.Decode((*decodedItems)(&items))
		if err == io.EOF && depth == 0 {
			return items, err
		}
		if err != nil {
			return items, endInside(err)
		}
	}
}

// decodedItems takes values as they are written.
type decodedItems []string

func (d *decodedItems) UnmarshalJSON(text []byte) error {
	*d = append(*d, string(text))
	return nil
}

func beginsList(d *json.Decoder) bool {
	var c [1]byte
	n, _ := d.Buffered().Read(c[:])
	return n == 1 && c[0] == '['
}

func valuesItems(r io.Reader) (items []string, end error) {
	v := values{r: r, left: MaxDelivery}
	for {
		text, err := v.item()
		if err != nil {
			releaseBlock(v.buf)
			return items, err
		}
		items = append(items, string(text))
	}
}

// randomReads reads text in pieces of random sizes.
type randomReads struct {
	text string
	rng  *rand.Rand
	most int
	end  error
}

func (r *randomReads) Read(p []byte) (int, error) {
	if len(r.text) == 0 {
		return 0, r.end
	}
	n := copy(p[:min(len(p), 1+r.rng.IntN(r.most))], r.text)
	r.text = r.text[n:]
	if len(r.text) == 0 && r.rng.IntN(2) == 0 {
		return n, r.end
	}
	return n, nil
}

// sameItems compares what values finds with what a json.Decoder does.
func sameItems(t *testing.T, text string, rng *rand.Rand, end error) {
	t.Helper()
	if end != io.EOF {
		text += " " // else a json.Decoder takes no string or word at the end
	}
	want, wantEnd := decoderItems(io.MultiReader(strings.NewReader(text), iotest.ErrReader(end)))
	have, haveEnd := valuesItems(&randomReads{text, rng, 1 + rng.IntN(1+min(len(text), 300)), end})
	if strings.Join(have, "\x00") != strings.Join(want, "\x00") || len(have) != len(want) {
		t.Fatalf("%q: %q, want %q", text, have, want)
	}
	message := wantEnd.Error()
	if message == "expected comma after array element" && strings.HasSuffix(haveEnd.Error(), " after array element") {
		message = haveEnd.Error() // which says what is there
	}
	if haveEnd.Error() != message || errors.Is(haveEnd, io.EOF) != errors.Is(wantEnd, io.EOF) {
		t.Fatalf("%q: %v, want %v", text, haveEnd, wantEnd)
	}
}

var jsonSeeds = []string{
	``, ` `, `{}`, `[]`, `[[]]`, `{"a":1}{"b":2}`, `[{"a":[1,-0.5e+7,true,false,null,"\u00e9\n"],"b":{"c":{}}} , {} ]`, `1 2`, `12`, `-`, `"a""b"`, `truefalse`, `nulls`,
	`[1,]`, `[,1]`, `[1 2]`, `[1,2`, `[`, `[1,`, `]`, `}`, `[}`, `[1}`, `{"a"}`, `{,}`, `{"a":1,}`, `[01]`, `[1.]`, "[\"\x01\"]", `["\x22"]`, `["\u12g4"]`, `["\u12`, `[tru]`, `[-]`, `[1e]`, `[1e5,0]`,
	"[\"\xff\"]", `[{"a":1]`, `[[[[]]]]`, `[{}][{}] {} [1] "x"`, `{"a":"\"\\\/\b\f\n\r\t"}`, "\n[\n  {\n    \"a\": 1\n  }\n]\n", `[{} {}]`, `[1"a"]`, `{}}`, `{};{}`, `[12345678901234567890,0.1,1E-2]`, `[null]`, `null`, ` null 1`,
}

func FuzzValues(f *testing.F) {
	for i, s := range jsonSeeds {
		f.Add(s, uint64(i), i%3 == 0)
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64, fails bool) {
		end := io.EOF
		if fails {
			end = errors.New("no more")
		}
		sameItems(t, text, rand.New(rand.NewPCG(seed, 0)), end)
	})
}

// JSON that is right, cut off, and mutated.
func TestValues(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	const mutations = "{}[],:\"\\ 0-.eEtfnu\x01\xff9"
	for range 20_000 {
		var text strings.Builder
		for range 1 + rng.IntN(3) {
			text.WriteString(jsonText(rng, 0))
			text.WriteString([]string{"", " ", "\n", "\r\n\t"}[rng.IntN(4)])
		}
		doc := text.String()
		sameItems(t, doc, rng, io.EOF)
		if len(doc) == 0 {
			continue
		}
		sameItems(t, doc[:rng.IntN(len(doc))], rng, io.EOF)
		sameItems(t, doc[:rng.IntN(len(doc))], rng, errors.New("no more"))
		b := []byte(doc)
		for range 1 + rng.IntN(2) {
			b[rng.IntN(len(b))] = mutations[rng.IntN(len(mutations))]
		}
		sameItems(t, string(b), rng, io.EOF)
	}
}

func jsonText(rng *rand.Rand, depth int) string {
	space := func() string { return []string{"", "", "", " ", "\n  "}[rng.IntN(5)] }
	kind := rng.IntN(8)
	if depth == 0 && kind < 5 {
		kind = 6 + kind%2
	}
	if depth > 3 {
		kind %= 6
	}
	switch kind {
	case 0:
		return []string{"true", "false", "null"}[rng.IntN(3)]
	case 1, 2:
		return []string{"0", "-0", "1", "-12", "3.25", "1e9", "-0.1E-7", "123456789012345678901234567890", "2E+3"}[rng.IntN(9)]
	case 3, 4, 5:
		var s strings.Builder
		s.WriteByte('"')
		for range rng.IntN(20) {
			s.WriteString([]string{"a", "plain text of some length", `\"`, `\\`, `\n`, `\u00e9`, `\ud83d\ude00`, "é", "{", "]", ",", `\\\"`}[rng.IntN(12)])
		}
		return s.String() + `"`
	}
	var parts []string
	for range rng.IntN(5) {
		part := jsonText(rng, depth+1)
		if kind == 6 {
			part = `"` + []string{"a", "body", `\"`, ""}[rng.IntN(4)] + `"` + space() + ":" + space() + part
		}
		parts = append(parts, space()+part+space())
	}
	if kind == 6 {
		return "{" + strings.Join(parts, ",") + space() + "}"
	}
	return "[" + strings.Join(parts, ",") + space() + "]"
}

// Values that are larger than the buffer, and numbers without end.
func TestLargeValues(t *testing.T) {
	norace.Only(t)
	rng := rand.New(rand.NewPCG(5, 6))
	long := strings.Repeat(`plain text \" and \u00e9 `, 60_000)
	for _, text := range []string{
		`[{"a":"` + long + `"},1,{"b":["` + long + `","` + long + `"]}]`, `[{},` + strings.Repeat("7", 3<<20) + `.5,-1]`, strings.Repeat("1", 2<<20), `["` + long, `[` + strings.Repeat(" ", 3<<20) + `x`,
		`{"a":` + strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999) + "}", `{"a":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}", strings.Repeat(`{"a":"b"}`, 300_000) + "[1,",
	} {
		want, wantEnd := decoderItems(strings.NewReader(text))
		have, haveEnd := valuesItems(&randomReads{text, rng, 100_000, io.EOF})
		if !slices.Equal(have, want) || haveEnd.Error() != wantEnd.Error() {
			t.Errorf("%.40s: %d items, %v; want %d, %v", text, len(have), haveEnd, len(want), wantEnd)
		}
	}
}

// What is read at once into one batch is what is read one item at a time.
func TestRunsOfRecords(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 8))
	for range 40 {
		text := mixedItems(rng)
		read := func(most int) ([]got, string) {
			var passed recorded.Tally
			batches, err := Read(t.Context(), []string{"-"}, Options{Format: "json", Stdin: &randomReads{text, rng, most, io.EOF}, SignatureHeaders: signedNames})
			if err != nil {
				t.Fatal(err)
			}
			var all []got
			var decoding sync.WaitGroup
			var inOrder []func()
			for b := range batches {
				var own []got
				decoding.Go(func() { // a large one has to be decoded before it goes on
					for r, err := range b.Each() {
						g := got{Source: r.Source, ReceivedAt: r.ReceivedAt, Method: r.Method, Header: slices.Clone(r.Header), Body: string(r.Body), Notes: slices.Clone(r.Notes)}
						if err != nil {
							g.Err = err.Error()
						}
						own = append(own, g)
					}
				})
				inOrder = append(inOrder, func() {
					all = append(all, own...)
					passed.Add(b.PassedOver()...)
				})
			}
			decoding.Wait()
			for _, add := range inOrder {
				add()
			}
			return all, passed.String()
		}
		want, wantPassed := read(1 + rng.IntN(700))
		have, havePassed := read(1 << 20)
		check(t, "requests", want, have)
		check(t, "passed over", wantPassed, havePassed)
		if t.Failed() {
			t.Fatalf("%.2000s", text)
		}
	}
}

// Who wants no more is given no more, wherever that is.
func TestNoMoreIsWanted(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(9, 9))
	entry := `{"request":{"method":"POST","url":"http://x/","headers":[],"postData":{"text":"A"}}},`
	event := `{"headers":{"A":"b"},"requestContext":{"http":{}},"isBase64Encoded":true,"body":"e30="},`
	for format, text := range map[string]string{
		"json": "[" + strings.Repeat(`{"headers":{},"body":"a"},`, 20) + "7]", "har": `{"log":{"entries":[` + strings.Repeat(entry, 20) + "{}]}}", "lambda": "[" + strings.Repeat(event, 20) + "x",
	} {
		for wanted := range 15 {
			batches, err := Read(t.Context(), []string{"-"}, Options{Format: format, Stdin: &randomReads{text, rng, 300, io.EOF}})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for range batches { // which panics if it goes on
				if n++; n > wanted {
					break
				}
			}
		}
	}
}

// mixedItems is documents and lists: records, some of which are large, what holds
// several, and what is none.
func mixedItems(rng *rand.Rand) string {
	item := func() string {
		n := rng.IntN(500)
		switch k := rng.IntN(40); {
		case k < 30:
			return fmt.Sprintf(`{"headers":{"X-Wunder-Signature":%q,"N":["%d"]},"method":"POST","body":%q}`, numbered(n), n, strings.Repeat("b", n))
		case k == 30:
			return fmt.Sprintf(`{"Headers":{"X-Wunder-Signature":%q},"x":[1],"body_base64":"YQ=="}`, numbered(n))
		case k == 31:
			return fmt.Sprintf(`{"a":{"headers":{"X-Wunder-Signature":%q},"body":"a"},"b":{"headers":{"X-Wunder-Signature":%q},"body":"b"}}`, numbered(n), numbered(n+1))
		case k == 32:
			return fmt.Sprintf(`{"headers":{},"body_base64":"%s"}`, strings.Repeat("YWJj", 1<<18+rng.IntN(9)))
		case k == 33:
			return `{"time":1}`
		case k == 34:
			return `7`
		case k == 35:
			return `{"headers":{},"body_base64":"?"}`
		}
		return `{"headers":{"A":"b"},"body_base64":"YWJj"}`
	}
	var text strings.Builder
	for range 1 + rng.IntN(3) {
		if rng.IntN(3) == 0 {
			text.WriteString(item() + "\n")
			continue
		}
		var list []string
		for range rng.IntN(60) {
			list = append(list, item())
		}
		text.WriteString("[\n" + strings.Join(list, ",\n") + "]")
	}
	if rng.IntN(4) == 0 {
		text.WriteString(`[{"headers":{`)
	}
	return text.String()
}
