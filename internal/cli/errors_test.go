package cli

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
)

// An interruption is said in our words, also where something worse is the error.
func TestInterruptedPlainly(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		fault.Wrap(fault.Interrupted, context.Canceled),
		fault.Errorf(fault.Custody, "it may exist: %w", fault.Wrap(fault.Interrupted, context.Canceled)),
		errors.Join(fmt.Errorf("no answer: %w", context.Canceled), fault.Errorf(fault.Custody, "1 finding needs your decision")),
	} {
		const word = "interrupted"
		if got := plainly(err); got != word && got != "it may exist: "+word && got != "no answer: "+word+"\n1 finding needs your decision" {
			t.Errorf("%q", got)
		}
	}
}
