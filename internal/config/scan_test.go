package config

import (
	"slices"
	"testing"
)

// TestComments: a comment begins at a # that begins a word, unless a value or name
// holds that, in whatever way it is written.
func TestComments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"a: b # x\n":                 {"# x"},
		"a: b# x\n":                  nil,
		"\ufeff# x\r\n  # y \r\n":    {"# x", "# y"},
		"a: b # x\r# y\r":            {"# x", "# y"},
		"a: 'it''s # no' # x":        {"# x"},
		`a: "\\" # x`:                {"# x"},
		`a: "\" # no" # x`:           {"# x"},
		"a: b 'c # x\nd: e\" # y\n":  {"# x", "# y"},
		"a: b\n  'c # x\n":           {"# x"},
		"a: b\n  # x\nd: 'e # no'\n": {"# x"},
		"{a: 'b # no', 'c # no': d'e, \"f\":\"g # no\", h: [i 'j, 'k # no']} # x\n": {"# x"},
		"{a: {\n# x\n  b: c'd # y\n  e }, g:'h # z\n}\n":                            {"# x", "# y", "# z"},
		"--- {a: 'b # no'} # x\n":                                                   {"# x"},
		"--- # x\n'a # no': b # y\n... # z\n":                                       {"# x", "# y", "# z"},
		"? 'a # no'\n: 'b # no' # x\n":                                              {"# x"},
		"a: | # x\n  # no\n\n  'b # no\n # no\n# y\nc: '# no'\n":                    {"# x", "# y"},
		"a:\n  b: >2-\n      # no\n    c # no\n  # x\n  d: -'e # y\n":               {"# x", "# y"},
		"a: b | # x\n  c\n  # y\n":                                                  {"# x", "# y"},
		"a: |\n\n  # no\n":                                                          nil,
		"- 'a # no' # x\n-b: 'c # no'\n":                                            {"# x"},
		"a: :b 'c # x\n":                                                            {"# x"},
		"a: http://h:80/'x # x\n":                                                   {"# x"},
		"'":                                                                         nil, "[": nil, "]}": nil, "\"\\": nil, ":": nil, "|": nil, "'a": nil, "#": {"#"}, " # ": {"#"},
	} {
		if got := comments([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
