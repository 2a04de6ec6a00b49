package capture

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What an answer is written as, AnswerOf reads.
func TestAnswerRoundTrip(t *testing.T) {
	t.Parallel()
	for _, a := range []*Answer{
		{Status: 200, Body: []byte{}},
		{Status: 304},
		{Status: 500, Body: []byte("{\"a\":1}\n"), Header: Header{{Name: "X", Value: "1"}, {Name: "X", Value: "\"2"}, {Name: "x", Value: "3"}}, Milliseconds: "12"},
		{Status: 204, Body: []byte("\x00\xff"), Cut: true, Milliseconds: "0.25"},
	} {
		text := a.AppendJSON([]byte("x"))[1:]
		if !json.Valid(text) || bytes.IndexByte(text, '\n') >= 0 {
			t.Fatalf("%s", text)
		}
		got, err := AnswerOf(&Request{Answered: text})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(a, got); d != "" {
			t.Error(d)
		}
	}
	// A body that is not there is another thing than an empty one.
	for text, want := range map[string][]byte{`{"status":1}`: nil, `{"status":1,"body_base64":null}`: nil, `{"status":1,"body_base64":""}`: {}, `{"status":1,"body":""}`: {}, `{"status":1,"body":"a"}`: []byte("a")} {
		got, err := AnswerOf(&Request{Answered: []byte(text)})
		if err != nil || (got.Body == nil) != (want == nil) || !bytes.Equal(got.Body, want) {
			t.Errorf("%s: %q, %v", text, got.Body, err)
		}
	}
}
