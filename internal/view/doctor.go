package view

import (
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/health"
	"github.com/hookctl/hookctl/internal/render"
)

// Checks shows what doctor found: for people a line each, with its fix below.
func Checks(list []health.Check) render.View {
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
		if c.Status == health.Fault {
			v.Names = append(v.Names, strings.ReplaceAll(subject, " ", "/"))
		}
	}
	v.Text = b.String()
	return v
}
