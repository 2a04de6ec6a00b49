package capture

import "fmt"

// UnknownLayout is the error of a delivery that cannot be read: a signature stands
// in the input, in a layout that no format knows.
type UnknownLayout struct {
	// Where is the place of the signature, such as "line 7" or a JSON path.
	Where string
	// Assumed is the name of the format that the input was read in.
	Assumed string
	// Suggestion says what to do, in whole sentences; empty where that is not known.
	Suggestion string
}

// Error is the place alone.
func (u *UnknownLayout) Error() string { return "a signature stands at " + u.Where }

// Explanation says in one sentence what was found.
func (u *UnknownLayout) Explanation() string {
	return fmt.Sprintf("A signature stands at %s, but the layout around it is not known: the input was read as %s.", u.Where, u.Assumed)
}

// unknownLayout looks for a signature in the beginning of an input that would be
// taken for a bare payload; nil where there is none. Name is that of the input.
func unknownLayout(head []byte, names []string, name string, utf16 bool) error {
	return nil
}

func suggestForLine(text []byte) string { return "" }
