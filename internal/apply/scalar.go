package apply

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/hookctl/hookctl/internal/pattern"
	"github.com/hookctl/hookctl/internal/term"
)

// bare matches text that means itself in YAML without quotes.
var bare = pattern.Of(`^(?:https?://)?[A-Za-z][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*$`)

// words are what some readers of YAML take for something else than text.
var words = pattern.Of(`^(?i:y|n|yes|no|on|off|true|false|null)$`)

// scalar writes s as one YAML scalar on one line, quoted where it must be.
// Nothing in it can drive a terminal or a CI runner.
func scalar(s string) string {
	if bare().MatchString(s) && !words().MatchString(s) {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case !term.Hidden(r) && unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return string(term.BreakJSON([]byte(b.String())))
}
