package custody

import (
	"errors"
	"fmt"

	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// place says where the bytes of the answer are, and how to read them where the
// file alone does not show them.
func (u *unsettled) place() string {
	if !u.Sealed {
		return u.Path
	}
	return fmt.Sprintf("%s (sealed; hookctl recover --answer %s prints it)", u.Path, u.Intent.ID)
}

// stillSealed is the finding of an entry whose answer cannot be opened. Lists
// are not asked: they would show a webhook as one whose secret nobody has,
// although it may well be in there.
func (u *unsettled) stillSealed() Finding {
	f := u.finding(StateUnreadable, "")
	f.Detail = fmt.Sprintf("what arrived of the answer is sealed in %s, and cannot be opened now: %v", u.Path, u.AnswerErr)
	f.Next = "mend what the message names, then run: hookctl recover"
	if errors.Is(u.AnswerErr, secret.ErrLost) {
		f.Next = "if that keyring is gone for good: remove " + term.ShellWord(u.Path) +
			"; hookctl secrets check --online then names the webhook if there is one"
	}
	return f
}
