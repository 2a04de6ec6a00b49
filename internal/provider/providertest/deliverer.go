package providertest

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
)

// Deliverer posts what a sandbox sends by means of c, which may lead anywhere.
// Redirects are not followed.
func Deliverer(c *http.Client) provider.Deliverer {
	once := *c
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return func(ctx context.Context, timeout time.Duration, a provider.Attempt) provider.Attempt {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL, bytes.NewReader(a.Body))
		if err == nil {
			r.Header = a.Header.Clone()
			var answer *http.Response
			if answer, err = once.Do(r); err == nil {
				a.Status = answer.StatusCode
				err = answer.Body.Close()
			}
		}
		if err != nil {
			a.Err = err.Error()
		}
		return a
	}
}
