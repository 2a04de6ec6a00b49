package capture

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/norace"
)

// selectable is a line of NDJSON with that body.
func selectable(body string) string {
	return fmt.Sprintf(`{"method":"POST","headers":{"X-Wunder-Signature":"sha256=%064d"},"body_base64":"%s"}`, 0, base64.StdEncoding.EncodeToString([]byte(body)))
}

func placed(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestParseSelection(t *testing.T) {
	files := map[string]string{"a.ndjson": "", "a#1": "", "dir/b.http": "", "a.json (.x)": ""}
	if runtime.GOOS != "windows" {
		files["a.ndjson:17"], files["C:x.http"] = "", ""
	}
	placed(t, files)
	for arg, want := range map[string]Selection{
		"-":                             {Path: "-"},
		"a.ndjson":                      {Path: "a.ndjson"},
		"a.ndjson#3":                    {Path: "a.ndjson", N: 3, Source: "a.ndjson#3"},
		"./a.ndjson#003":                {Path: "./a.ndjson", N: 3, Source: "./a.ndjson#003"},
		"a.ndjson:18":                   {Path: "a.ndjson", Source: "a.ndjson:18"},
		"a.ndjson#2 (.a[0].b)":          {Path: "a.ndjson", Source: "a.ndjson#2 (.a[0].b)"},
		"a.ndjson (.a#2)":               {Path: "a.ndjson", Source: "a.ndjson (.a#2)"},
		"a.ndjson:3#2 (.a)":             {Path: "a.ndjson", Source: "a.ndjson:3#2 (.a)"},
		"a.ndjson#x":                    {Path: "a.ndjson", Source: "a.ndjson#x"},
		"a.ndjson#99999999999999999":    {Path: "a.ndjson", N: 99999999999999999, Source: "a.ndjson#99999999999999999"},
		"a.ndjson#99999999999999999999": {Path: "a.ndjson", Source: "a.ndjson#99999999999999999999"},
		"a#1":                           {Path: "a#1"}, // a file of that whole name wins
		"a#1#2":                         {Path: "a#1", N: 2, Source: "a#1#2"},
		"a.json (.x)":                   {Path: "a.json (.x)"},
		"dir#2":                         {Path: "dir", N: 2, Source: "dir#2"},
		"dir/#2":                        {Path: "dir/", N: 2, Source: "dir/#2"},
		"dir/b.http#2":                  {Path: "dir/b.http", N: 2, Source: "dir/b.http#2"},
		"-#2":                           {Path: "-", N: 2, Source: "-#2"},
		"-:17":                          {Path: "-", Source: "-:17"},
		"none":                          {Path: "none"},
		"none#2":                        {Path: "none#2"},
		`C:\x\y.http:17`:                {Path: `C:\x\y.http:17`},
		"":                              {},
		"#2":                            {Path: "#2"},
		"x-#2":                          {Path: "x-#2"},
	} {
		if got, err := ParseSelection(arg); got != want || err != nil {
			t.Errorf("%q: %+v, %v", arg, got, err)
		}
	}
	if runtime.GOOS != "windows" {
		for arg, want := range map[string]Selection{
			"a.ndjson:17": {Path: "a.ndjson:17"}, "a.ndjson:17:2": {Path: "a.ndjson:17", Source: "a.ndjson:17:2"}, "C:x.http#1": {Path: "C:x.http", N: 1, Source: "C:x.http#1"},
		} {
			if got, err := ParseSelection(arg); got != want || err != nil {
				t.Errorf("%q: %+v, %v", arg, got, err)
			}
		}
	}
	for _, arg := range []string{"a.ndjson#0", "a.ndjson#-1", "-#0"} {
		if _, err := ParseSelection(arg); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: %v", arg, err)
		}
	}
}

const (
	probe = "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"
	post  = "POST /hook HTTP/1.1\r\nX-Wunder-Signature: sha256=%064d\r\nContent-Length: 1\r\n\r\n%s\n"
)

func TestPick(t *testing.T) {
	norace.Only(t)
	http := fmt.Sprintf(post, 1, "a") + probe + fmt.Sprintf(post, 2, "b") + "POST /torn HTTP/1.1\r\nX: y\r\n"
	har := `{"log":{"version":"1.2","creator":{},"entries":[` +
		`{"request":{"method":"GET","url":"/","headers":[]}},` +
		`{"request":{"method":"POST","url":"/","headers":[{"name":"X-Wunder-Signature","value":"sha256=1"}],"postData":{"text":"first"}}},` +
		`{"request":{"method":"GET","url":"/","headers":[]}},` +
		`{"request":{"method":"POST","url":"/","headers":[{"name":"X-Wunder-Signature","value":"sha256=1"}],"postData":{"text":"second"}}}]}}`
	large := strings.Repeat("x", rawInMemory+1)
	placed(t, map[string]string{
		"a.ndjson": selectable("one") + "\n\n" + `{"url":` + "\n" + selectable("three") + "\n" + selectable("four"),
		"one.http": fmt.Sprintf(post, 1, "a"), "all.http": http, "b.har": har, "empty": "", "probes.http": probe + probe,
		"dir/1.http": fmt.Sprintf(post, 1, "d"), "dir/2.ndjson": selectable("e") + "\n" + selectable("f"), "large": large,
		"big/large": large, "mixed/a.http": fmt.Sprintf(post, 1, "d"), "mixed/large": large,
	})
	names := []string{"X-Wunder-Signature"}
	pick := func(arg, stdin string) (string, error) {
		s, err := ParseSelection(arg)
		if err != nil {
			t.Fatal(err)
		}
		got, calls := "", 0
		err = s.Pick(context.Background(), Options{SignatureHeaders: names, Stdin: strings.NewReader(stdin)}, func(r *Request, format string, readErr error) error {
			calls++
			if readErr != nil {
				got = "unreadable"
				return nil
			}
			body, err := r.Whole()
			got = string(body[:min(len(body), 10)])
			if format == "" {
				t.Errorf("%s: no format", arg)
			}
			return err
		})
		if calls > 1 || err == nil && calls != 1 {
			t.Errorf("%s: %d calls", arg, calls)
		}
		return got, err
	}
	for arg, want := range map[string]string{
		"a.ndjson#1": "one", "a.ndjson#2": "unreadable", "a.ndjson#3": "three", "a.ndjson#4": "four", "a.ndjson:1": "one", "a.ndjson:4": "three", "./a.ndjson:5": "four",
		"one.http": "a", "one.http#1": "a", "all.http#1": "a", "all.http#2": "b", "all.http#3": "unreadable",
		"b.har#2": "first", "b.har#4": "second", "b.har#1": "first",
		"dir#1": "d", "dir#2": "e", "dir#3": "f", "dir/#3": "f", "dir/2.ndjson#2": "f", "dir/2.ndjson:2": "f", "empty": "unreadable",
		"large": "xxxxxxxxxx", "large#1": "xxxxxxxxxx", "big": "xxxxxxxxxx", "big#1": "xxxxxxxxxx", "mixed#2": "xxxxxxxxxx", "mixed#1": "d",
		"-#2": "b", "-#1": "a",
	} {
		if got, err := pick(arg, http); got != want || err != nil {
			t.Errorf("%s: %q, %v", arg, got, err)
		}
	}
	if got, err := pick("-", fmt.Sprintf(post, 1, "s")); got != "s" || err != nil {
		t.Errorf("-: %q, %v", got, err)
	}
	if got, err := pick("-", large); got != "xxxxxxxxxx" || err != nil {
		t.Errorf("a large body from standard input: %q, %v", got, err)
	}
	for arg, want := range map[string]string{
		"a.ndjson#5": "a.ndjson#5: there is no such delivery: a.ndjson contains 4 deliveries", "a.ndjson:2": "no such delivery", "a.ndjson#1 (.x)": "no such delivery", "b.har#3": "contains 2 deliveries",
		"one.http#2": "contains 1 delivery", "a.ndjson": "a.ndjson contains 4 deliveries: choose one", "dir": "dir contains 3 deliveries", "mixed": "mixed contains 2 deliveries", "-": "- contains several deliveries",
		"probes.http": "passed over 2 GET, HEAD or OPTIONS requests",
	} {
		_, err := pick(arg, http)
		if fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", arg, err)
		}
	}
	_, err := pick("a.ndjson", "")
	if hint := fault.HintOf(err).String(); !strings.Contains(hint, "a.ndjson#1") {
		t.Errorf("hint: %s", hint)
	}
}

// TestPickReadsNoMore: what comes after the delivery is not read.
func TestPickReadsNoMore(t *testing.T) {
	t.Parallel()
	line := selectable("x") + "\n"
	r, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, line+line+line) // and no end
	}()
	s, err := ParseSelection("-#2")
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	err = s.Pick(context.Background(), Options{Stdin: r}, func(r *Request, _ string, _ error) error {
		if r.Source != "-:2" {
			t.Errorf("%s", r.Source)
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Error(err)
	}
}

func TestWhole(t *testing.T) {
	t.Parallel()
	if body, err := (&Request{Body: []byte("x")}).Whole(); err != nil || string(body) != "x" {
		t.Errorf("%q, %v", body, err)
	}
	if body, err := (&Request{Stream: strings.NewReader("streamed")}).Whole(); err != nil || string(body) != "streamed" {
		t.Errorf("%q, %v", body, err)
	}
	reason := errors.New("torn")
	if _, err := (&Request{Stream: io.MultiReader(strings.NewReader("a"), brokenReader{reason})}).Whole(); !errors.Is(err, reason) {
		t.Errorf("%v", err)
	}
}

type brokenReader struct{ err error }

func (f brokenReader) Read([]byte) (int, error) { return 0, f.err }

func TestAnswer(t *testing.T) {
	t.Parallel()
	read := func(answer, more string) *Request {
		var got *Request
		text := `{"headers":{},"answer":` + answer + `,"body_base64":"aGk="` + more + `}`
		for _, format := range []string{"ndjson", "json"} {
			batches, err := Read(context.Background(), []string{"-"}, Options{Stdin: strings.NewReader(text), Format: format})
			if err != nil {
				t.Fatal(err)
			}
			for b := range batches {
				for r, err := range b.Each() {
					if err != nil || string(r.Body) != "hi" {
						t.Fatalf("%s: %v", text, err)
					}
					if p := r.Clone(); got == nil || string(got.Answered) == string(p.Answered) {
						got = p
					} else {
						t.Errorf("%s: %s and %s", text, got.Answered, p.Answered)
					}
				}
			}
		}
		return got
	}
	for _, more := range []string{"", `,"\u0061":1`} { // the second is for the strict path
		a, err := AnswerOf(read(`{"status":201,"headers":{"A":"b","C":["d","e"]},"body_base64":"b2s=","ms":1.50,"cut":true}`, more))
		if err != nil || a.Status != 201 || len(a.Header) != 3 || string(a.Body) != "ok" || a.Milliseconds != "1.50" || !a.Cut {
			t.Errorf("%+v, %v", a, err)
		}
		for _, none := range []string{"null"} {
			if a, err := AnswerOf(read(none, more)); a != nil || err != nil {
				t.Errorf("%s: %+v, %v", none, a, err)
			}
		}
		for _, bad := range []string{`"200"`, `{}`, `{"status":"x"}`, `{"status":200,"headers":1}`, `{"status":200,"body_base64":"*"}`, `[]`} {
			if a, err := AnswerOf(read(bad, more)); err == nil {
				t.Errorf("%s: %+v", bad, a)
			}
		}
	}
	if a, err := AnswerOf(&Request{}); a != nil || err != nil {
		t.Errorf("%+v, %v", a, err)
	}
	// What is no JSON makes the line unreadable, as anywhere in it.
	for b := range must(Read(context.Background(), []string{"-"}, Options{Format: "ndjson", Stdin: strings.NewReader(`{"headers":{},"answer":{x},"body":"a"}`)})) {
		for _, err := range b.Each() {
			if err == nil {
				t.Error("a broken answer was taken")
			}
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestPickAsListed: each delivery of a capture is found by its number and by its
// source; a number that is a source as well is that.
func TestPickAsListed(t *testing.T) {
	sig := `"headers":{"X-Wunder-Signature":"sha256=` + strings.Repeat("0", 64) + `"}`
	rec := func(body string) string { return `{` + sig + `,"body":"` + body + `"}` }
	har := func(body string) string {
		return `{"request":{"method":"POST","url":"/","headers":[{"name":"X-Wunder-Signature","value":"sha256=1"}],"postData":{"text":"` + body + `"}}}`
	}
	get := `{"request":{"method":"GET","url":"/","headers":[]}}`
	placed(t, map[string]string{
		"list.json":   "[" + rec("1") + "," + rec("2") + `,{"method":"GET",` + `"headers":{}},` + rec("3") + "]",
		"docs.json":   rec("1") + "\n\n" + rec("2") + "{\"x\":\n1}" + rec("3"),
		"deep.json":   `{"a":{"request":` + rec("1") + `},"b":[{"request":` + rec("2") + `},{"event":` + rec("3") + `}]}`,
		"one.json":    `{"a":{"request":` + rec("1") + `}}`,
		"mixed.log":   "starting\nweb | " + rec("1") + "\n" + rec("2") + "\n2026 " + `{"req":` + rec("3") + `,"other":{"event":` + rec("4") + "}}\nend\n",
		"b.har":       `{"log":{"version":"1.2","creator":{},"entries":[` + strings.Join([]string{get, har("1"), get, get, har("2"), har("3")}, ",") + `]}}`,
		"c.http":      fmt.Sprintf(post, 1, "1") + probe + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + fmt.Sprintf(post, 2, "2") + "###\n" + fmt.Sprintf(post, 3, "3"),
		"lambda.json": `[{"httpMethod":"POST","requestContext":{},` + sig + `,"body":"1","isBase64Encoded":false},{"httpMethod":"POST","requestContext":{},` + sig + `,"body":"2","isBase64Encoded":false}]`,
		"d/x.ndjson":  rec("1") + "\n" + rec("2"), "d/y.json": "[" + rec("3") + "," + rec("4") + "]", "d/z/c.http": fmt.Sprintf(post, 1, "5"),
	})
	names := []string{"X-Wunder-Signature"}
	o := Options{SignatureHeaders: names}
	for _, path := range []string{"list.json", "docs.json", "deep.json", "one.json", "mixed.log", "b.har", "c.http", "lambda.json", "d", "d/", "./c.http"} {
		type row struct{ source, body string }
		var rows []row
		what := func(r *Request, err error) row {
			if err != nil {
				return row{r.Source, "unreadable"}
			}
			return row{r.Source, string(r.Body)}
		}
		for b := range must(Read(context.Background(), []string{path}, o)) {
			for r, err := range b.Each() {
				if err != nil || !r.Probe(names) {
					rows = append(rows, what(r, err))
				}
			}
		}
		index := map[string]int{}
		for i, r := range rows {
			if _, twice := index[r.source]; twice {
				t.Errorf("%s: two deliveries are %s", path, r.source)
			}
			index[r.source] = i
		}
		pick := func(arg string) (got row) {
			s, err := ParseSelection(arg)
			if err == nil {
				err = s.Pick(context.Background(), o, func(r *Request, _ string, err error) error {
					got = what(r, err)
					return nil
				})
			}
			if err != nil {
				t.Errorf("%s: %v", arg, err)
			}
			return got
		}
		for i, r := range rows {
			if r.source != path { // the first of a dump has the name of the whole
				if got := pick(r.source); got != r {
					t.Errorf("%s of %q: %q", r.source, rows, got)
				}
			}
			number := fmt.Sprintf("%s#%d", path, i+1)
			want := r
			if j, ok := index[number]; ok {
				want = rows[j]
			}
			if got := pick(number); got != want {
				t.Errorf("%s of %q: %q", number, rows, got)
			}
		}
	}
	// A line stands for the delivery in it, where that is one.
	for arg, want := range map[string]string{"one.json:1": "1", "mixed.log:3": "2", "mixed.log:4": "mixed.log:4 contains 2 deliveries: choose one", "mixed.log:5": "no such delivery"} {
		s, err := ParseSelection(arg)
		got := ""
		if err == nil {
			err = s.Pick(context.Background(), o, func(r *Request, _ string, _ error) error {
				got = string(r.Body)
				return nil
			})
		}
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s", arg, got)
		}
	}
}
