package capture

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
)

// recordsOf reads a file as replay does.
func recordsOf(t *testing.T, path string) (list []Rerecorded, answers []string) {
	t.Helper()
	for b := range must(Read(context.Background(), []string{path}, Options{SignatureHeaders: []string{"X-S"}})) {
		for r, err := range b.Each() {
			if err != nil {
				t.Fatal(err)
			}
			place, ok := PlaceOf(r.Source)
			if !ok || place.Path != path {
				t.Fatalf("%s: %+v", r.Source, place)
			}
			body, err := r.Whole()
			if err != nil {
				t.Fatal(err)
			}
			n := len(list) + 1
			list = append(list, Rerecord(place, body, &Answer{Status: 200 + n, Body: []byte(fmt.Sprint("answer ", n))}))
			a, err := AnswerOf(r)
			if err != nil {
				t.Fatal(err)
			}
			if a == nil {
				answers = append(answers, "")
			} else {
				answers = append(answers, string(a.Body))
			}
		}
	}
	return list, answers
}

// TestApplyAnswers: whatever a file of records looks like, each record has its
// answer afterwards, and every other byte is as it was.
func TestApplyAnswers(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	const one = `{"headers":{"X-S":["1"]},"body_base64":"YQ==","more":[1.0,{"a":"\u00e9"}]}`
	const two = `{ "body" : "b\n", "answer" : {"status":1, "body":"old"} , "headers":{} , "n":1e3 }`
	const three = "{\n  \"headers\": {\"X-S\": \"3\"},\n  \"answer\": null,\n  \"body\": \"\"\n}"
	const get = `{"headers":{},"method":"GET","body":""}`
	large := `{"headers":{"X-S":"1"},"body":"` + strings.Repeat("large", 100_000) + `"}`
	answer := regexp.MustCompile(`,"answer":\{[^{}]*\{\}[^{}]*\}`)
	for name, text := range map[string]string{
		"lines": one + "\n" + two + "\n", "no last newline": one + "\n" + two, "CRLF and blanks": "\r\n " + one + " \r\n\n\t\n" + two + "\r\n",
		"BOM": "\xef\xbb\xbf" + one + "\n" + two + "\n", "one line": one, "one document": three, "BOM and a document": "\xef\xbb\xbf\n" + three + "\n",
		"documents": three + "\n" + three + one + "\n\n" + two, "a list": "[" + one + ",\n " + two + " , " + three + " ]\n", "lists": "[" + three + "]\n[" + one + "," + get + "," + two + "]",
		"no delivery between": one + "\n" + get + "\n" + two, "large": large + "\n" + one + "\n", "a large list": "[\n" + large + ",\n" + large + "\n]",
	} {
		path := filepath.Join(t.TempDir(), "a#1") // what a source of another file looks like
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		list, _ := recordsOf(t, path)
		if len(list) == 0 {
			t.Fatalf("%s: nothing was read", name)
		}
		if same, err := ApplyAnswers([]byte(text), []Rerecorded{{Place: list[0].Place, sum: list[0].sum}}); err != nil || string(same) != text {
			t.Errorf("%s: %v", name, err)
		}
		slices.Reverse(list)
		got, err := ApplyAnswers([]byte(text), append(list, list[0]))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		_, answers := recordsOf(t, path)
		for i, a := range answers {
			if want := fmt.Sprint("answer ", i+1); a != want {
				t.Errorf("%s: %q, want %q", name, a, want)
			}
		}
		if len(answers) != len(list) {
			t.Errorf("%s: %d records, %d before", name, len(answers), len(list))
		}
		// Those that had an answer have it in the old place.
		plain := answer.ReplaceAll(got, nil)
		plain = regexp.MustCompile(`"answer" : \{[^{}]*\{\}[^{}]*\}`).ReplaceAll(plain, []byte(`"answer" : {"status":1, "body":"old"}`))
		plain = regexp.MustCompile(`"answer": \{[^{}]*\{\}[^{}]*\}`).ReplaceAll(plain, []byte(`"answer": null`))
		if string(plain) != text {
			t.Errorf("%s: other bytes have changed:\n%.300s", name, plain)
		}
	}
}

func TestApplyAnswersRefuses(t *testing.T) {
	t.Parallel()
	const record = `{"headers":{},"body":"a"}`
	at := func(line bool, n int) Rerecorded {
		return Rerecord(Place{"f", line, n}, []byte("a"), &Answer{Status: 200})
	}
	for text, r := range map[string]Rerecorded{
		"":                                at(true, 1),
		record:                            at(true, 2),
		record + " ":                      at(false, 2),
		`{"headers":{},"body":"b"}`:       at(true, 1),
		`{"a":{"headers":{},"body":"a"}}`: at(false, 1),
		`{"headers":{},"body":"a"`:        at(true, 1),
		`{"headers":{},"body":"a",}`:      at(true, 1),
		`[1]`:                             at(false, 1),
		"\x1f\x8b" + record:               at(true, 1),
		"POST / HTTP/1.1\n\n" + record:    at(true, 1),
	} {
		if got, err := ApplyAnswers([]byte(text), []Rerecorded{r}); err == nil {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got, err := ApplyAnswers([]byte(record), []Rerecorded{at(true, 1)}); err != nil || !bytes.Contains(got, []byte(`"answer":{"status":200,`)) {
		t.Errorf("%s, %v", got, err)
	}
	for _, source := range []string{"f:x", "f#", "f:1 (.a)", "f (.a)", "-:1 (.a)"} {
		if p, ok := PlaceOf(source); ok && p.Path != source {
			t.Errorf("%s: %+v", source, p)
		}
	}
}

func FuzzApplyAnswers(f *testing.F) {
	f.Add([]byte("[{\"headers\":{},\"body\":\"a\"},{}]\n{"), true, 1)
	f.Fuzz(func(t *testing.T, file []byte, line bool, n int) {
		if n > 0 {
			_, _ = ApplyAnswers(file, []Rerecorded{Rerecord(Place{"f", line, n}, nil, &Answer{})})
		}
	})
}
