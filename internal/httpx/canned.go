package httpx

import (
	"bufio"
	"bytes"
	"errors"
	"io"
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
	resp, body, err := nextAnswer(in, r)
	if err != nil {
		// Not err itself: it may quote what could not be parsed.
		f := failing{host: "the provider", err: err, wrote: true, status: statusOf(raw)}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			f.end = io.ErrUnexpectedEOF
		}
		return nil, f.outcome().err
	}
	return &Response{
		Status: resp.StatusCode, Header: resp.Header, Body: body,
		RetryAfter: retryAfter(resp.StatusCode, resp.Header, body), Tries: 1,
	}, nil
}

// Arrived returns what can be read of the body in raw, the bytes of an HTTP/1.x
// answer that is cut or damaged, without its chunking and compression. It is
// nil where even the head cannot be read.
func Arrived(raw []byte) []byte {
	// The error says that the answer is not whole, which the caller knows.
	_, body, _ := nextAnswer(bufio.NewReader(bytes.NewReader(raw)), Request{Method: http.MethodPost, Cap: CapCreate})
	return body
}

// nextAnswer reads the first answer that is not 1xx. With an error the body is
// as much as could be read.
func nextAnswer(in *bufio.Reader, r Request) (*http.Response, []byte, error) {
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: r.Method})
		if err != nil {
			return nil, nil, err
		}
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return nil, nil, errors.Join(errNotHTTP, resp.Body.Close())
		}
		if resp.StatusCode/100 == 1 {
			continue // it has no body
		}
		limit := r.Cap
		if limit <= 0 {
			limit = CapGet
		}
		body, err := readBody(resp, limit)
		if err == nil {
			err = resp.Body.Close()
		}
		return resp, body, err
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
