package capture

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/norace"
)

// answers is a comparison of answers in short, see differences.
func answers(t *testing.T, left, right string, ignore ...string) string {
	t.Helper()
	paths, err := ParseIgnored(ignore)
	if err != nil {
		t.Fatal(err)
	}
	kind, list, ignored := CompareAnswers([]byte(left), []byte(right), paths)
	text := string(kind)
	for _, d := range list {
		text += fmt.Sprintf("; %s: %s | %s", d.Path, d.Left, d.Right)
	}
	if ignored > 0 {
		text += fmt.Sprintf("; ignored %d", ignored)
	}
	return text
}

func TestCompareAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ left, right, want string }{
		{"", "", "text"}, {"a", "b", "text; line 1: \"a\" | \"b\""}, {"{}", "", "text; line 1: \"{}\" | "}, {"\xff", "\xfe", `bytes; byte 1: "ff" | "fe"`},
		{"ok", "ok\n", `text; line 1: "ok" | "ok\n"`},
		{`{"a":1,"b":[1,{"c":null}]}`, " {\n\"b\" : [1.0, {\"c\":null}],\"a\":1e0}\n", "JSON"},
		{`{"a":"\u00e9/"}`, `{"a":"é\/"}`, "JSON"},
		{`[1,2]`, `[2,1]`, "JSON; .[0]: 1 | 2; .[1]: 2 | 1"},
		{`{"a":1}`, `{"a":"1"}`, `JSON; .a: 1 | "1"`},
		{`{"a":null}`, `{}`, `JSON; .a: null | `},
		{`{"a":1,"a":2}`, `{"a":2}`, "JSON"},
		{`-0`, `0.00`, "JSON"}, {`0e99999999999999999999`, `0`, "JSON"}, {`1e400`, `10e399`, "JSON"}, {`100`, `1E+2`, "JSON"}, {`0.05`, `5e-2`, "JSON"},
		{`9007199254740993`, `9007199254740992`, "JSON; .: 9007199254740993 | 9007199254740992"},
		{`0.1`, `0.10000000000000001`, "JSON; .: 0.1 | 0.10000000000000001"},
		{`1e99999999999999999999`, `1e99999999999999999998`, "JSON; .: 1e99999999999999999999 | 1e99999999999999999998"},
		{`1`, `-1`, "JSON; .: 1 | -1"}, {`1`, `10`, "JSON; .: 1 | 10"}, {`1e1`, `1e-1`, "JSON; .: 1e1 | 1e-1"},
		{`true`, `false`, "JSON; .: true | false"},
	} {
		if got := answers(t, tt.left, tt.right); got != tt.want {
			t.Errorf("%s, %s:\n got %s\nwant %s", tt.left, tt.right, got, tt.want)
		}
	}
}

func TestIgnored(t *testing.T) {
	t.Parallel()
	const left = `{"id":1,"at":"a","data":{"id":2,"items":[{"at":1,"n":1},{"at":2,"n":2}]},"a.b":1,"x y":[1,2],"k-1":{"id":{"id":3}}}`
	const right = `{"id":5,"at":"b","data":{"id":6,"items":[{"at":3,"n":1},{"at":4,"n":9},{"at":5}]},"a.b":2,"x y":[1,3],"k-1":{"id":{"id":4}}}`
	for _, tt := range []struct{ ignore, left string }{
		{"", ".id .at .data.id .data.items[0].at .data.items[1].at .data.items[1].n .data.items[2] .[\"a.b\"] .[\"x y\"][1] .[\"k-1\"].id.id"},
		{".", ""}, {".id .at .data .k-1", `.["a.b"] .["x y"][1]`},
		{"id .at", `.data.items[0].at .data.items[1].at .data.items[1].n .data.items[2] .["a.b"] .["x y"][1]`},
		{".data.id .data.items[].at", `.id .at .data.items[1].n .data.items[2] .["a.b"] .["x y"][1] .["k-1"].id.id`},
		{"data .id at", `.["a.b"] .["x y"][1] .["k-1"].id.id`},
		{"items[] id .at", `.["a.b"] .["x y"][1]`},
		{".data.items[1] .data.items[2] id at", `.["a.b"] .["x y"][1]`},
		{`.["a.b"] ."k-1"["id"]."id" .data id at .["x\u0020y"]`, ""},
		{`.[] .nothing`, ""}, {".data[] .id .at k-1", `.["a.b"] .["x y"][1]`}, {"[1] .data id .at", `.["a.b"]`}, {".Id .data.items[].id id.id .data .at", ".id .[\"a.b\"] .[\"x y\"][1]"},
	} {
		paths, err := ParseIgnored(strings.Fields(tt.ignore))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		_, list, _ := CompareAnswers([]byte(left), []byte(right), paths)
		for _, d := range list {
			got = append(got, strings.ReplaceAll(d.Path, "x y", "x_y"))
			if _, err := ParseIgnored([]string{d.Path}); err != nil {
				t.Errorf("a path that is reported cannot be ignored: %v", err)
			}
		}
		if got, want := strings.Join(got, " "), strings.ReplaceAll(tt.left, "x y", "x_y"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", tt.ignore, got, want)
		}
	}
	if got := answers(t, `{"a":1,"b":1}`, `{"a":2,"c":1}`, ".a", ".b", ".c", ".d"); got != "JSON; ignored 3" {
		t.Error(got)
	}
	for ignore, want := range map[string]string{".": "text; ignored 1", ".a": `text; line 1: "a" | "b"`, "[]": `text; line 1: "a" | "b"`} { // what is no JSON has no places
		if got := answers(t, "a", "b", ignore); got != want {
			t.Errorf("%s: %s", ignore, got)
		}
	}
	for _, bad := range []string{"", "..id", ".a.", ".a..b", "$.a", ".a[*]", ".a[-1]", ".a[1:2]", ".a[", ".a[1", `.["a`, `.["a"`, `."a`, `."\x"`, ".a b", ".a|.b", ".a?", "/a/b", ".a[99999999999]", ".a[]b", `."a"b`, "a,b", ".a[ 1]", ".[a]", ".'a'", "]"} {
		if _, err := ParseIgnored([]string{bad}); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestSameNumber holds numbers against exact fractions.
func TestSameNumber(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	digits := func() string { return strings.Repeat("0", random.IntN(2)) + fmt.Sprint(random.IntN(12)) }
	number := func() string {
		text := strings.TrimLeft(digits(), "0")
		if text == "" {
			text = "0"
		}
		if random.IntN(3) == 0 {
			text = "-" + text
		}
		if random.IntN(2) == 0 {
			text += "." + digits() + strings.Repeat("0", random.IntN(3))
		}
		if random.IntN(2) == 0 {
			text += []string{"e", "E"}[random.IntN(2)] + []string{"", "+", "-"}[random.IntN(3)] + digits()
		}
		return text
	}
	same := 0
	for range 100_000 {
		l, r := number(), number()
		if !json.Valid([]byte(l)) {
			t.Fatal(l)
		}
		x, _ := new(big.Rat).SetString(l)
		y, _ := new(big.Rat).SetString(r)
		want := x.Cmp(y) == 0
		if want {
			same++
		}
		if sameNumber([]byte(l), []byte(r)) != want {
			t.Fatalf("%s and %s: the same is %v", l, r, want)
		}
	}
	if same < 300 {
		t.Errorf("only %d were the same", same)
	}
}

func FuzzParseIgnored(f *testing.F) {
	f.Add(`.a["b"][0][].c`)
	f.Fuzz(func(t *testing.T, text string) {
		paths, err := ParseIgnored([]string{text})
		if err != nil {
			return
		}
		CompareAnswers([]byte(`{"a":{"b":[1]}}`), []byte(`{"a":{"b":[2]}}`), paths)
	})
}
