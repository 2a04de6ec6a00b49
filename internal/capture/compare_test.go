package capture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/jsontext"
)

func TestCompareHeaders(t *testing.T) {
	t.Parallel()
	left := Header{{Name: "Host", Value: "a"}, {Name: "X-A", Value: "1"}, {Name: "x-a", Value: "2"}, {Name: "Gone", Value: ""}, {Name: "Same", Value: "s"}}
	right := Header{{Name: "SAME", Value: "s"}, {Name: "X-a", Value: "2"}, {Name: "X-A", Value: "1"}, {Name: "New", Value: "n"}, {Name: "host", Value: "b"}, {Name: "new", Value: "m"}}
	want := []HeaderDifference{
		{"Host", []string{"a"}, []string{"b"}},
		{"X-A", []string{"1", "2"}, []string{"2", "1"}},
		{"Gone", []string{""}, nil},
		{"New", nil, []string{"n", "m"}},
	}
	if d := cmp.Diff(want, CompareHeaders(left, right)); d != "" {
		t.Error(d)
	}
	if d := CompareHeaders(left, Header{{Name: "same", Value: "s"}, {Name: "gone", Value: ""}, {Name: "X-A", Value: "1"}, {Name: "host", Value: "a"}, {Name: "X-A", Value: "2"}}); d != nil {
		t.Error(d)
	}
}

// differences is a comparison in short: path, left, right.
func differences(left, right string) string {
	kind, list := CompareBodies([]byte(left), []byte(right))
	text := string(kind)
	for _, d := range list {
		side := func(v []byte) string {
			if v == nil {
				return "-"
			}
			return string(v)
		}
		text += fmt.Sprintf("; %s: %s | %s", d.Path, side(d.Left), side(d.Right))
	}
	return text
}

func TestCompareBodies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ left, right, want string }{
		{"", "", "text"}, {"a", "a", "text"}, {"{}", "{}", "JSON"}, {"\xff", "\xff", "bytes"},
		{`{"a":1,"b":{"c":[1,2]}}`, `{"a":2,"b":{"c":[1]}}`, `JSON; .a: 1 | 2; .b.c[1]: 2 | -`},
		{`{"a":1}`, `{"b":1}`, `JSON; .a: 1 | -; .b: - | 1`},
		{`{"a":null}`, `{}`, `JSON; .a: null | -`},
		{`{"a b":1,"":2,"é":3,"1":4}`, `{}`, `JSON; .["a b"]: 1 | -; .[""]: 2 | -; .["é"]: 3 | -; .["1"]: 4 | -`},
		{`{"a":{"x y":[{"b":1}]}}`, `{"a":{"x y":[{"b":2}]}}`, `JSON; .a["x y"][0].b: 1 | 2`},
		{`[1]`, `[1,2]`, `JSON; .[1]: - | 2`}, {`1`, `2`, `JSON; .: 1 | 2`}, {`{}`, `[]`, `JSON; .: {} | []`},
		{`1.0`, `1`, `JSON; .: 1.0 | 1`}, {`[1e2]`, `[100]`, `JSON; .[0]: 1e2 | 100`},
		{`{"n":12345678901234567890}`, `{"n":12345678901234567891}`, `JSON; .n: 12345678901234567890 | 12345678901234567891`},
		// The same values in other bytes.
		{`{"a":1,"b":2}`, `{"b":2,"a":1}`, `JSON; byte 3: "a\":1,\"b\":2}" | "b\":2,\"a\":1}"`},
		{`{"a":1}`, "{\n  \"a\": 1\n}", `JSON; byte 2: "\"a\":1}" | "\n  \"a\": 1\n}"`},
		{`{"a":1}`, "{\"a\":1}\n", `JSON; byte 8: - | "\n"`},
		{`["A/"]`, `["\u0041\/"]`, `JSON; byte 3: "A/\"]" | "\\u0041\\/\"]"`},
		{`{"a":1,"a":2}`, `{"a":2}`, `JSON; byte 6: "1,\"a\":2}" | "2}"`},
		// Half a pair says nothing.
		{`["\ud800"]`, `["\ufffd"]`, `JSON; .[0]: "\ud800" | "\ufffd"`},
		{`["\ud800"]`, `["\uD800"]`, `JSON; .[0]: "\ud800" | "\uD800"`},
		{"[\"\xff\"]", "[\"\ufffd\"]", "JSON; .[0]: \"\xff\" | \"\ufffd\""},
		// Lines.
		{"a\nb\nc\n", "a\nx\nc\n", `text; line 2: "b\n" | "x\n"`},
		{"a\nb\nc\n", "a\nc\n", `text; line 2: "b\n" | -`},
		{"a\nc", "a\nb\nc", `text; line 2: - | "b\n"`},
		{"a\n", "a", `text; line 1: "a\n" | "a"`},
		{"a", "a\n", `text; line 1: "a" | "a\n"`},
		{"", "a\nb", `text; line 1: - | "a\nb"`},
		{"a=1&b=2", "", `text; line 1: "a=1&b=2" | -`},
		{"a\r\nb\r\n", "a\nb\n", `text; line 1: "a\r\nb\r\n" | "a\nb\n"`},
		{"{}", "x", `text; line 1: "{}" | "x"`},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\nx\n", "0\n2\n3\n4\n5\n6\n7\n8\n9\ny\n", `text; line 1: "1\n" | "0\n"; line 10: "x\n" | "y\n"`},
		{"-a\n--- b\n", "+a\n+++ b\n@@ -9,1 +9,1 @@\n", `text; line 1: "-a\n--- b\n" | "+a\n+++ b\n@@ -9,1 +9,1 @@\n"`},
		{"\\ No newline at end of file\n", "\\ x\n", `text; line 1: "\\ No newline at end of file\n" | "\\ x\n"`},
		// Bytes.
		{"\x00\x01abc", "\x00\x01abd", `bytes; byte 5: "63" | "64"`},
		{"\x00", "", `bytes; byte 1: "00" | -`},
		{"\xff" + strings.Repeat("z", 99), "{}", `bytes; byte 1: "ff7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a" | "7b7d"`},
	} {
		if got := differences(tt.left, tt.right); got != tt.want {
			t.Errorf("%q and %q:\n got %s\nwant %s", tt.left, tt.right, got, tt.want)
		}
	}
	// A value with more differences than anybody reads is one.
	many := func(v string) string { return `{"id":1,"list":[` + strings.Repeat(v+",", 5000) + "0]}" }
	if _, list := CompareBodies([]byte(many("1")), []byte(many("2"))); len(list) != 1 || list[0].Path != ".list" {
		t.Errorf("%d differences", len(list))
	}
	if kind, list := CompareBodies([]byte(many("1")), append([]byte(many("1")), make([]byte, mostCompared)...)); kind != KindBytes || len(list) != 1 {
		t.Errorf("%s: %v", kind, list)
	}
	// A name of any length makes no path of any length.
	long := strings.Repeat("n", 1<<20)
	if _, list := CompareBodies([]byte(`{"`+long+`":1}`), []byte(`{"`+long+`":2}`)); len(list) != 1 || len(list[0].Path) > 300 {
		t.Errorf("%d differences", len(list))
	}
}

// randomJSON is a value with the paths of all its scalars.
func randomJSON(r *rand.Rand, depth int, path string, leaves *[]string) string {
	if depth > 0 && r.IntN(3) > 0 {
		var parts []string
		for i := range r.IntN(4) {
			if r.IntN(2) == 0 && i == 0 {
				break
			}
			parts = append(parts, "")
		}
		if r.IntN(2) == 0 {
			for i := range parts {
				parts[i] = randomJSON(r, depth-1, fmt.Sprintf("%s[%d]", path, i), leaves)
			}
			return "[" + strings.Join(parts, ",") + "]"
		}
		for i := range parts {
			name := []string{"a", "b c", "_x", "é"}[i%4]
			at := path + "[" + string(jsontext.Quote(name)) + "]"
			if name == "a" || name == "_x" {
				at = strings.TrimSuffix(path, ".") + "." + name
			}
			parts[i] = string(jsontext.Quote(name)) + ":" + randomJSON(r, depth-1, at, leaves)
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	*leaves = append(*leaves, path)
	// Each scalar is another one, so that it can be found and changed.
	return fmt.Sprintf("%d", 1000+len(*leaves))
}

// An edit of a value is found at its path, and there alone; the other way round it
// is the same with the sides changed.
func TestCompareFindsEdits(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var leaves []string
		doc := randomJSON(r, 5, ".", &leaves)
		if got := differences(doc, doc); got != "JSON" {
			t.Fatalf("%s and itself: %s", doc, got)
		}
		if len(leaves) == 0 {
			continue
		}
		i := r.IntN(len(leaves))
		was, is := fmt.Sprint(1001+i), []string{"0", `"x"`, "null", "{}", "[1]"}[r.IntN(5)]
		edited := strings.Replace(doc, was, is, 1)
		var laidOut bytes.Buffer
		if err := json.Indent(&laidOut, []byte(edited), "", " "); err != nil {
			t.Fatal(err)
		}
		for _, other := range []string{edited, laidOut.String()} {
			_, found := CompareBodies([]byte(doc), []byte(other))
			if len(found) != 1 || found[0].Path != leaves[i] || string(found[0].Left) != was {
				t.Fatalf("%s and %s: %s, want %s", doc, other, differences(doc, other), leaves[i])
			}
			_, back := CompareBodies([]byte(other), []byte(doc))
			if len(back) != 1 || back[0].Path != found[0].Path || !bytes.Equal(back[0].Left, found[0].Right) || !bytes.Equal(back[0].Right, found[0].Left) {
				t.Fatalf("%s and %s: not the same the other way round: %s", doc, other, differences(other, doc))
			}
		}
	}
}

func FuzzCompareBodies(f *testing.F) {
	for _, pair := range [][2]string{
		{`{"a":[1,{"b":"\u0041"}]}`, `{"a":[1,{"b":"A"}],"c":null}`}, {"a\nb", "a\r\nb\n"}, {"", "\x00"}, {"[[[", "]]]"}, {"\xff", "a"}, {"--- a\n@@ -1 +1 @@\n", "+++ b\n"}, {"\\ No newline at end of file", "x"},
	} {
		f.Add([]byte(pair[0]), []byte(pair[1]))
	}
	f.Fuzz(func(t *testing.T, left, right []byte) {
		kind, found := CompareBodies(left, right)
		if bytes.Equal(left, right) != (len(found) == 0) {
			t.Fatalf("%q and %q: %s", left, right, differences(string(left), string(right)))
		}
		back, mirrored := CompareBodies(right, left)
		if kind != back || len(mirrored) == 0 != (len(found) == 0) {
			t.Fatalf("%q and %q: %s, %s", left, right, kind, back)
		}
		for _, d := range found {
			if d.Left == nil && d.Right == nil || d.Path == "" || bytes.Equal(d.Left, d.Right) {
				t.Fatalf("%q and %q: %+v", left, right, d)
			}
			for _, v := range [][]byte{d.Left, d.Right} {
				if v != nil && !json.Valid(v) {
					t.Fatalf("%q and %q: %q is no JSON", left, right, v)
				}
			}
		}
		switch kind {
		case KindText: // what the lines say leads from the one to the other
			rest, out, line := left, []byte(nil), 1
			for _, d := range found {
				var at int
				if _, err := fmt.Sscanf(d.Path, "line %d", &at); err != nil {
					t.Fatal(err)
				}
				for ; line < at; line++ {
					i := bytes.IndexByte(rest, '\n') + 1
					if i == 0 {
						i = len(rest)
					}
					out, rest = append(out, rest[:i]...), rest[i:]
				}
				var l, r string
				if d.Left != nil {
					l, _ = jsontext.Text(d.Left)
				}
				if d.Right != nil {
					r, _ = jsontext.Text(d.Right)
				}
				if !bytes.HasPrefix(rest, []byte(l)) {
					t.Fatalf("%q and %q: %s", left, right, differences(string(left), string(right)))
				}
				line += strings.Count(l, "\n")
				rest, out = rest[len(l):], append(out, r...)
			}
			if out = append(out, rest...); !bytes.Equal(out, right) {
				t.Fatalf("%q and %q: %q by %s", left, right, out, differences(string(left), string(right)))
			}
		case KindJSON:
			if strings.HasPrefix(found0(found), ".") {
				paths := func(list []BodyDifference) (all []string) {
					for _, d := range list {
						all = append(all, d.Path)
					}
					slices.Sort(all)
					return all
				}
				if len(found) < mostDifferences && !slices.Equal(paths(found), paths(mirrored)) {
					t.Fatalf("%q and %q: %s | %s", left, right, differences(string(left), string(right)), differences(string(right), string(left)))
				}
			}
		}
	})
}

func found0(list []BodyDifference) string {
	if len(list) == 0 {
		return ""
	}
	return list[0].Path
}

// TestCompareHostile: time grows with the bodies, whatever they are.
func TestCompareHostile(t *testing.T) {
	t.Parallel()
	size := hostileSize
	fill := func(unit string) string { return strings.Repeat(unit, size/len(unit)) }
	nested := func(open, inside, closing string, depth int) string {
		return strings.Repeat(open, depth) + inside + strings.Repeat(closing, depth)
	}
	longName := `{"` + strings.Repeat("n", 200) + `":`
	for name, pair := range map[string][2]string{
		"lists":          {"[" + fill("1,") + "1]", "[" + fill("2,") + "1]"},
		"shifted":        {"[" + fill("1,2,") + "1]", "[" + fill("2,1,") + "1]"},
		"escaped":        {"[" + fill(`"a",`) + "1]", "[" + strings.ReplaceAll(fill(`"a",`), "a", `\u0061`)[:size] + `",1]`},
		"deep":           {nested("[", fill("1,")+"1", "]", 9000), nested("[", fill("1,")+"2", "]", 9000)},
		"deep below":     {nested("[", fill("1,")+"1", "]", deepestCompared-1), nested("[", fill("1,")+"2", "]", deepestCompared-1)},
		"long names":     {nested(longName, "["+fill(`"a",`)+"1]", "}", 60), nested(longName, "["+fill(`"\u0061",`)+"1]", "}", 60)},
		"members":        {"{" + fill(`"a":1,`) + `"b":1}`, "{" + fill(`"a":2,`) + `"b":2}`},
		"lines":          {fill("a\n"), fill("b\n")},
		"blank lines":    {fill("\n"), fill("\n\n")[1:]},
		"unlike lines":   {fill("a\nb\n"), fill("b\na\n")},
		"one long line":  {fill("a"), fill("a") + "b"},
		"many objects":   {"[" + fill("{},") + "1]", "[" + fill("[],") + "1]"},
		"spaces":         {"[" + fill(" ") + "1]", "[1" + fill(" ") + "]"},
		"commas, quotes": {fill(`"`), fill(`,`)},
	} {
		t.Log(name)
		_, _ = CompareBodies([]byte(pair[0]), []byte(pair[1]))
	}
}
