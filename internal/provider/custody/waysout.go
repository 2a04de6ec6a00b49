package custody

import (
	"github.com/hookctl/hookctl/internal/fault"
)

// WaysOut is what to do about a webhook whose secret is not kept: it is the same
// wherever that shows. The ref is as it is typed; with several, they are to be done
// for each.
func WaysOut(ref ...string) fault.Hint {
	which := "PROVIDER/ID"
	if len(ref) == 1 {
		which = ref[0]
	}
	return fault.Hint{Text: "if you have the secret: hookctl secrets set " + which + "\nfor a new one: hookctl rotate " + which + " (a new webhook takes its place)"}
}
