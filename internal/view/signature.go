package view

import (
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
)

// SignatureHeaders shows header lines as arguments of curl; as JSON they are an object. The name-only output is the
// bare signature.
func SignatureHeaders(fields []capture.Field, signature string) render.View {
	data := map[string]string{}
	var b strings.Builder
	for _, f := range fields {
		data[f.Name] = f.Value
		b.WriteString("-H " + term.ShellWord(f.Name+": "+f.Value) + "\n")
	}
	return render.View{Data: data, Text: b.String(), Names: []string{signature}}
}
