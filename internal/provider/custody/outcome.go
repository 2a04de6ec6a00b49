package custody

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/secret"
)

// listTimeout bounds the list call that settles a create of unknown outcome.
const listTimeout = 30 * time.Second

// notKept is the last resort: the answer came, the store failed.
func (c *Client) notKept(entry *secret.Entry, rec secret.Record, cause, synced error) error {
	where := entry.Path()
	if synced == nil && strings.Contains(string(entry.Answer()), rec.Secret.Reveal()) {
		return fault.Errorf(fault.Custody, "webhook %s was created at %s, but the store could not keep its secret: %w; the provider's answer with the secret is in %s",
			rec.ID, c.driver.Title, cause, where).
			WithCode("secret-not-stored").With(fault.Run("hookctl recover").After("fix the problem that the message names, then run: "))
	}
	shown := c.custody.LastResort != nil && c.custody.LastResort(rec.Ref(), rec.Secret)
	say := "its secret could not be kept; it is lost, unless a part of it is in " + where
	if shown {
		say = "its secret could not be kept: it is shown above, once; copy it now"
	}
	return fault.Errorf(fault.Custody, "webhook %s was created at %s, but %s: %w", rec.ID, c.driver.Title, say, cause).
		WithCode("secret-not-kept").With(fault.Run("hookctl secrets set %s/%s", c.driver.Name, rec.ID).After("store it with: "))
}

// statusReporter is what custody asks of a typed client's error.
type statusReporter interface {
	AnswerStatus() int      // the HTTP status that was seen
	CertainlyRefused() bool // the provider said no: nothing was made
}

// settleFailed finds out what became of a create that returned err, and says so.
func (c *Client) settleFailed(ctx context.Context, interrupted bool, entry *secret.Entry, in secret.Intent, err error) error {
	status, certain := outcome(err)
	if certain {
		if derr := entry.Remove(); derr != nil {
			c.custody.notify("the journal entry %s could not be removed: %v", entry.Path(), derr)
		}
		return fmt.Errorf("%w; nothing was created", err)
	}
	uncertain := func(p secret.Phase, code, first, format string, args ...any) error {
		p.Status = status
		c.phase(entry, p)
		return fault.Errorf(fault.Custody, format, args...).WithCode(code).
			With(fault.Run("hookctl recover").After(first + "run: ")).WithProviderMessage(fault.ProviderMessage(err))
	}
	if status >= 200 && status < 300 && !reportsFailure(err) {
		return uncertain(secret.Phase{Name: "unusable"}, "answer-unusable", "",
			"%s answered HTTP %d, so the webhook probably exists, but the answer is not usable (%w); everything that arrived, perhaps with the secret, is in %s",
			c.driver.Title, status, cause(err), entry.Path())
	}
	if interrupted {
		return uncertain(secret.Phase{Name: "unknown"}, "outcome-unknown", "",
			"interrupted before %s answered: the webhook may or may not exist: %w", c.driver.Title, cause(err))
	}
	c.custody.notify("the outcome is unknown (%v); reading the list of %s", cause(err), c.driver.Title)
	look, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	rows, lerr := c.raw.List(look)
	kept, _, serr := c.custody.Store.List(ctx) // after the list: another process may have made one and kept its secret
	if serr != nil {
		c.custody.notify("the store could not be listed: %v", serr)
	}
	found := candidates(in, rows, keptIDs(c.driver.Name, kept))
	if lerr == nil && len(found) == 0 {
		lerr = unreadableRow(rows, keptIDs(c.driver.Name, kept))
	}
	if lerr != nil {
		return uncertain(secret.Phase{Name: "unknown"}, "outcome-unknown", "when the provider can be reached again, ",
			"the webhook may or may not exist: %w; the list of webhooks could not be read: %w", cause(err), lerr)
	}
	if len(found) == 0 {
		c.phase(entry, secret.Phase{Name: "not-listed", Status: status})
		return fault.Errorf(fault.Unavailable, "%w; according to the provider's list, nothing was created", err).
			WithCode(fault.Code(err)).With(fault.Run("hookctl recover").After("the list may be out of date: before you try again, run: "))
	}
	ids := make([]string, len(found))
	for i, w := range found {
		ids[i] = c.driver.Name + "/" + w.ID
	}
	return uncertain(secret.Phase{Name: "orphan", ID: found[0].ID}, "orphan", "",
		"the webhook was created, but no usable answer with its secret arrived (%w); the secret of %s is lost", cause(err), strings.Join(ids, ", "))
}

// reportsFailure reports whether the provider's answer was read and says itself that
// the create failed, whatever its HTTP status: no secret is in it.
func reportsFailure(err error) bool {
	var a interface{ ReportsFailure() bool }
	return errors.As(err, &a) && a.ReportsFailure()
}

// cause is the failure of the connection within err, if that is what it was:
// what an adapter says around it speaks of a webhook that was not created.
func cause(err error) error {
	var h *httpx.Error
	if errors.As(err, &h) {
		return h
	}
	return err
}

// outcome reads from a create's error which HTTP status was seen (0: none) and
// whether it is certain that nothing was made.
func outcome(err error) (status int, certain bool) {
	var a statusReporter
	if errors.As(err, &a) {
		return a.AnswerStatus(), a.CertainlyRefused()
	}
	var h *httpx.Error
	if errors.As(err, &h) {
		if h.Stage == httpx.Answered {
			return h.Status, false
		}
		return 0, h.Stage == httpx.NotSent
	}
	return 0, false
}
