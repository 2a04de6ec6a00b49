package httpx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// postDrain is how much of an answer's body is read, so that its connection can
// be used again. Nobody looks at it.
const postDrain = 64 << 10

// Post posts body as it is, once and by means of c, as a provider delivers: the
// status of the answer is all that counts, and redirects are not followed. The
// error, of what was not answered in time or at all, does not repeat the URL.
func Post(ctx context.Context, c *http.Client, timeout time.Duration, to string, header http.Header, body []byte) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = header.Clone()
	once := *c
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := once.Do(req)
	var ue *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return 0, fmt.Errorf("no answer within %s", timeout)
	case errors.As(err, &ue):
		return 0, ue.Err
	case err != nil:
		return 0, err
	}
	if res.StatusCode >= 200 { // the body of a 101 is the connection, which ctx does not end
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, postDrain))
	}
	_ = res.Body.Close()
	return res.StatusCode, nil
}
