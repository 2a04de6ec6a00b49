package jsontext

// deepest is up to which level Layout indents: beyond it the text would grow with
// the square of its nesting.
const deepest = 40

// Layout calls line with each line of a JSON document laid out for people, two
// spaces a level, without line ends, until it returns an error. Nothing but white
// space changes: numbers, strings and their escapes stay as they are written. The
// syntax must have been checked. What line gets is valid during the call.
func Layout(doc []byte, line func([]byte) error) error {
	var out []byte
	depth := 0
	end := func() error {
		err := line(out)
		out = out[:0]
		for range min(depth, deepest) {
			out = append(out, "  "...)
		}
		return err
	}
	for i := SkipSpace(doc, 0); i < len(doc); i = SkipSpace(doc, i) {
		var err error
		switch c := doc[i]; c {
		case '{', '[':
			if i++; i < len(doc) {
				if next := SkipSpace(doc, i); next < len(doc) && doc[next] == c+2 {
					out, i = append(out, c, c+2), next+1
					continue
				}
			}
			out = append(out, c)
			depth++
			err = end()
		case '}', ']':
			depth--
			err = end()
			out = append(out, c)
			i++
		case ',':
			out = append(out, c)
			i++
			err = end()
		case ':':
			out = append(out, ": "...)
			i++
		default:
			to := SkipValue(doc, i)
			if to < 0 {
				to = len(doc)
			}
			out = append(out, doc[i:to]...)
			i = to
		}
		if err != nil {
			return err
		}
	}
	return line(out)
}
