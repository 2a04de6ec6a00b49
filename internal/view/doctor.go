package view

import (
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/render"
)

// The statuses of a Check; their texts are public.
const (
	CheckOK      = "ok"
	CheckInfo    = "info"    // worth knowing
	CheckWarning = "warning" // worth a look
	CheckFault   = "fault"   // something does not work, or is not safe
)

// Check is the JSON of one thing that doctor looked at.
type Check struct {
	Check    string  `json:"check"` // "version", "settings", "permissions", "store", "journal", "base-url", "proxy", "credentials", "connection", "clock", "completion"
	Provider *string `json:"provider"`
	Status   string  `json:"status"`
	Message  string  `json:"message"`
	Fix      *string `json:"fix"` // what to do; null where nothing is
	Path     *string `json:"path"`
}

// Checks shows what doctor found: for people a line each, with its fix below.
func Checks(list []Check) render.View {
	v := render.View{Data: list, Names: []string{}}
	var b strings.Builder
	for _, c := range list {
		subject := c.Check
		if c.Provider != nil {
			subject += " " + *c.Provider
		}
		fmt.Fprintf(&b, "%-8s %s: %s\n", c.Status, subject, line(c.Message))
		if c.Fix != nil {
			b.WriteString("         fix: " + strings.ReplaceAll(*c.Fix, "\n", "\n              ") + "\n")
		}
		if c.Status == CheckFault {
			v.Names = append(v.Names, strings.ReplaceAll(subject, " ", "/"))
		}
	}
	v.Text = b.String()
	return v
}
