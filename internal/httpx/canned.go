package httpx

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
)

// Replay returns a client that sends nothing: every request is answered by raw,
// the bytes of an HTTP/1.x answer as they once came from a connection. Answers
// that are not whole fail as they would have then, with Stage Answered.
func Replay(raw []byte) *Client {
	return &Client{canned: func(r Request) (*Response, error) { return replay(raw, r) }}
}

func replay(raw []byte, r Request) (*Response, error) {
	in := bufio.NewReader(bytes.NewReader(raw))
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: r.Method})
		if err != nil {
			stage := Answered
			if statusOf(raw) == 0 {
				stage = Sent
			}
			return nil, &Error{Stage: stage, Status: statusOf(raw), Err: fmt.Errorf("the answer is not whole: %w", err)}
		}
		if resp.StatusCode >= 100 && resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		defer resp.Body.Close()
		limit := r.Cap
		if limit == 0 {
			limit = CapGet
		}
		body, err := readBody(resp, limit)
		if err != nil {
			return nil, &Error{Stage: Answered, Status: resp.StatusCode, Err: fmt.Errorf("the answer is not whole: %w", err)}
		}
		return &Response{Status: resp.StatusCode, Header: resp.Header, Body: body, Tries: 1}, nil
	}
}

// errRecorded ends a request that a Recorder has taken down.
var errRecorded = errors.New("the request is recorded, not sent")

// Recorder returns a client that sends nothing: every request is handed to
// note, and fails.
func Recorder(note func(Request)) *Client {
	return &Client{canned: func(r Request) (*Response, error) {
		note(r)
		return nil, &Error{Stage: NotSent, Err: errRecorded}
	}}
}
