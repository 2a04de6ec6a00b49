package diagnosis

import (
	"bytes"
	"encoding/json"
)

// fromPython makes JSON of what Python prints of an object.
func fromPython(b []byte) ([]byte, bool) {
	text := bytes.TrimSpace(b)
	if !bytes.HasPrefix(text, []byte("{'")) && !bytes.HasPrefix(text, []byte("[{'")) {
		return nil, false
	}
	out := make([]byte, 0, len(text))
	var within byte // the quotation mark of the string that is open
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case within == 0 && (c == '\'' || c == '"'):
			within = c
			out = append(out, '"')
		case within == 0:
			word := text[i:]
			switch {
			case bytes.HasPrefix(word, []byte("True")):
				out, i = append(out, "true"...), i+3
			case bytes.HasPrefix(word, []byte("False")):
				out, i = append(out, "false"...), i+4
			case bytes.HasPrefix(word, []byte("None")):
				out, i = append(out, "null"...), i+3
			default:
				out = append(out, c)
			}
		case c == within:
			within = 0
			out = append(out, '"')
		case c == '\\' && i+1 < len(text):
			if i++; text[i] != '\'' {
				out = append(out, c)
			}
			out = append(out, text[i])
		case c == '"':
			out = append(out, '\\', '"')
		default:
			out = append(out, c)
		}
	}
	return out, json.Valid(out)
}
