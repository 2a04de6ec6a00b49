package httpx

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReplay(t *testing.T) {
	tests := map[string]struct {
		raw    string
		status int
		body   string
		stage  Stage // with an error
		fails  bool
	}{
		"whole":               {raw: "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}", status: 201, body: "{}"},
		"after 100 Continue":  {raw: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", status: 200, body: "{}"},
		"chunked":             {raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", status: 200, body: "{}"},
		"body cut":            {raw: "HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{}", status: 201, stage: Answered, fails: true},
		"head cut":            {raw: "HTTP/1.1 201 Created\r\nContent-Le", status: 201, stage: Answered, fails: true},
		"status line cut":     {raw: "HTTP/1.1 2", stage: Sent, fails: true},
		"empty":               {stage: Sent, fails: true},
		"over the cap":        {raw: "HTTP/1.1 201 Created\r\nContent-Length: 11\r\n\r\n12345678901", status: 201, stage: Answered, fails: true},
		"not HTTP":            {raw: "whsec_canary\r\n\r\n", stage: Sent, fails: true},
		"bad header":          {raw: "HTTP/1.1 201 Created\r\nwhsec_canary\r\n\r\n", status: 201, stage: Answered, fails: true},
		"bad trailer":         {raw: "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nwhsec_canary\r\n\r\n", status: 201, stage: Answered, fails: true},
		"another protocol":    {raw: "HTTP/1.1 101 Switching Protocols\r\n\r\n", stage: Sent, fails: true},
		"closed by the other": {raw: "HTTP/1.1 201 Created\r\n\r\n{}", status: 201, body: "{}"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			resp, err := Replay([]byte(tc.raw)).Do(context.Background(), Request{Method: "POST", URL: "http://localhost/", Cap: 10})
			if !tc.fails {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]any{tc.status, tc.body}, []any{resp.Status, string(resp.Body)}); diff != "" {
					t.Error(diff)
				}
				return
			}
			var he *Error
			if !errors.As(err, &he) || he.Stage != tc.stage || he.Status != tc.status {
				t.Errorf("error %#v, want stage %d, status %d", err, tc.stage, tc.status)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error quotes the answer: %v", err)
			}
		})
	}
}

func TestArrived(t *testing.T) {
	gz := string(packed(t, "gzip", `{"secret":"x"}`))
	for raw, want := range map[string]string{
		"": "", "not HTTP": "", "HTTP/1.1 201 Created\r\nno colon\r\n\r\n{}": "", "HTTP/1.1 201 Created\r\nContent-Le": "",
		"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{}":                                            "{}",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\n{}":                                    "{}",
		"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n3\r\na\":\r\n9\r\n12":     `{"a":12`,
		"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 999\r\n\r\n" + gz[:len(gz)-6]: `{"secret":"x"}`,
		"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\n\r\nnot gzip":                                 "",
	} {
		if got := string(Arrived([]byte(raw))); got != want {
			t.Errorf("of %q arrived %q, want %q", raw, got, want)
		}
	}
}

func TestOneShotOfACannedClient(t *testing.T) {
	c := Replay([]byte("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"))
	resp, err := c.OneShot(brokenWriter{}).Do(context.Background(), Request{Method: "POST", URL: "http://192.0.2.1/"})
	if err != nil || resp.Status != 201 {
		t.Errorf("%+v, %v", resp, err)
	}
}

func TestRecorderSendsNothing(t *testing.T) {
	var got []Request
	want := Request{Method: "POST", URL: "http://192.0.2.1/", Body: []byte("x")}
	_, err := Recorder(func(r Request) { got = append(got, r) }).Do(context.Background(), want)
	var he *Error
	if !errors.As(err, &he) || he.Stage != NotSent {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]Request{want}, got); diff != "" {
		t.Error(diff)
	}
}
