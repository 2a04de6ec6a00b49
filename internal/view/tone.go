package view

import (
	"strings"

	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
)

// toneOf is what a word of a table means to people: green is valid, kept and added,
// red what is not, and yellow what changes or is to be noted. What stands behind a
// colon does not count.
func toneOf(cell string) render.Tone {
	word, _, _ := strings.Cut(cell, ":")
	switch word {
	case "valid", "kept", "added", "as recorded", "ok", "done", "installed", "up-to-date":
		return render.Good
	case "INVALID", "not kept", "not-kept", "failed", "failing", "unreadable", "deleted", "removed", "missing", "gone", "orphan", "fault":
		return render.Bad
	case "NOT VERIFIED", "warning", "changed", "updated", "newer", "unknown", "disabled", "would be deleted", "would be disabled":
		return render.Change
	}
	return render.Plain
}

// statusTone is the tone of an HTTP status: no other than a 2xx is as it should be.
func statusTone(cell string) render.Tone {
	switch {
	case cell == "failed", cell == "not answered":
		return render.Bad
	case len(cell) < 3 || cell[0] < '1' || cell[0] > '5' || strings.Trim(cell[:3], "0123456789") != "":
		return render.Plain
	case cell[0] == '2':
		return render.Good
	}
	return render.Bad
}

// healthTone is the tone of how a webhook's deliveries go.
func healthTone(cell string) render.Tone {
	if strings.Contains(cell, "failure") || strings.HasPrefix(cell, "fail") || strings.HasPrefix(cell, "error") {
		return render.Bad
	}
	return render.Plain
}

// dated is a time for people.
func dated(p *string) *string {
	if p == nil {
		return nil
	}
	return new(term.Dated(*p))
}
