package cli

import (
	"context"
	"errors"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// printAnswer prints what arrived of an operation's answer, as it came but for
// what a CI runner could take for a command, for a person to look into. The entry
// stays as it is.
func (a *app) printAnswer(ctx context.Context, id string) (err error) {
	entry, pending, err := a.journal.Claim(ctx, id)
	if errors.Is(err, secret.ErrNotFound) {
		return fault.Usagef("the journal has no entry %q", id).WithHint("to see all entries: hookctl recover")
	}
	if err != nil {
		return err
	}
	defer func() {
		if lerr := entry.Release(); err == nil {
			err = lerr
		}
	}()
	switch {
	case pending.AnswerErr != nil:
		return pending.AnswerErr
	case len(pending.Answer) == 0:
		return fault.Errorf(fault.Other, "no part of the answer arrived")
	}
	text := string(term.BreakJSON(pending.Answer)) // its body is JSON, also where that is cut off
	if a.env.Streams.OutTTY {
		text = term.CleanBlock(text) + "\n"
	}
	return render.WriteAll(a.env.Streams.Out, []byte(text))
}
