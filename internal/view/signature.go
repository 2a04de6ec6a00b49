package view

import (
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/render"
)

// SignatureHeaders shows header lines as arguments of curl, which quote makes
// safe for a shell; as JSON they are an object. The name-only output is the
// bare signature.
func SignatureHeaders(fields []capture.Field, signature string, quote func(string) string) render.View {
	data := map[string]string{}
	var b strings.Builder
	for _, f := range fields {
		data[f.Name] = f.Value
		b.WriteString("-H " + quote(f.Name+": "+f.Value) + "\n")
	}
	return render.View{Data: data, Text: b.String(), Names: []string{signature}}
}
