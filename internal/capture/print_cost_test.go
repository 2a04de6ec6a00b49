package capture

import (
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture/printed"
)

// TestPrintCost reads what could make a reader of prints look at the same
// bytes again and again.
func TestPrintCost(t *testing.T) {
	size := hostileSize / 2
	sig := "sha256=" + strings.Repeat("ab", 32)
	header := "{'x-wunder-signature': '" + sig + "'}\n"
	for name, unit := range map[string]string{
		"braces": "{", "brackets": "[", "parentheses": "(", "closed": "[]", "quotes": "'", "double quotes": `"`, "open strings": " '", "angles": "<a", "Array": "Array\n(\n", "string(": `string(9) "`,
		"names": "X-Wunder-Signature ", "lines": "X-Wunder-Signature: " + sig + "\n", "same line": "X-Wunder-Signature: " + sig + " ", "headers": header, "open header": "{'x-wunder-signature': '" + sig + "'\n",
		"nested": "{'x-wunder-signature': {", "header and brace": header + "{\n", "names and values": "X-Wunder-Signature\n" + sig + "\n", "prefixes": "b", "buffers": "<Buffer ", "javas": "{a=b, ", "go": "map[A:[b] ",
		"JSON headers": `{"x-wunder-signature":"` + sig + `"}` + "\n", "header and body": header + `{"a":1}` + "\n", "texts in texts": `"{'headers': \"{'x-wunder-signature': '` + sig + `'}\"` + "\n", "print_r": "Array\n(\n    [x-wunder-signature] => " + sig + "\n", "escapes": `\`,
		"tabs": "a\tb\n", "equals": "a=b, ", "elements": "'a', ", "header names": "header-", "backticks": "`", "xml": "<", "buffer end": ">",
		"commas": ",", "list of strings": "['x-wunder-signature', '" + sig + "', ",
		"no headers": "X-Wunder-Signature is not " + sig[7:] + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, before := range []string{"", header, "{", header + "{"} {
				text := []byte(before + strings.Repeat(unit, size/len(unit)) + "\n" + header + "{}\n")
				rows := 0
				for range printsIn(text) {
					rows++
				}
				if rows == 0 {
					t.Errorf("%q: no row", before)
				}
			}
		})
	}
}

// FuzzPrint reads any text as a print: it never panics, each signature in it is of
// a row, and the beginning of it can be sniffed.
func FuzzPrint(f *testing.F) {
	for _, shape := range printShapes {
		f.Add(shape(headersOf(nastyBodies[1]), nastyBodies[1]))
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows := 0
		for r, err := range printsIn([]byte(text)) {
			if rows++; r == nil || r.Source == "" || err == nil && r.Body == nil {
				t.Errorf("row %d: %v, %v", rows, r, err)
			}
		}
		if rows == 0 {
			t.Error("no row")
		}
		printed.Format.Sniff([]byte(text), true, printNames)
		printed.AfterHead([]byte(text), printNames)
	})
}
