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
	for _, c := range list {
		subject := c.Check
		if c.Provider != nil {
			subject += " " + *c.Provider
		}
		v.Lines = append(v.Lines, render.Line{Lead: fmt.Sprintf("%-8s ", c.Status), LeadTone: toneOf(c.Status), Text: subject + ": " + line(c.Message)})
		if c.Fix != nil {
			v.Lines = append(v.Lines, render.Line{Lead: "         fix: ", Text: *c.Fix})
		}
		if c.Status == health.Fault {
			v.Names = append(v.Names, strings.ReplaceAll(subject, " ", "/"))
		}
	}
	return v
}
