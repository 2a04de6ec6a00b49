package internal_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
)

// oddEnglish are phrases that a reader whose first language is not English reads
// twice, with the usual ones.
var oddEnglish = map[*regexp.Regexp]string{
	regexp.MustCompile(`(?i)\bof no use\b`):                           "requires, or: has no effect",
	regexp.MustCompile(`(?i)\bto be had\b`):                           "available",
	regexp.MustCompile(`(?i)\bcom(es|e) to\b`):                        "is",
	regexp.MustCompile(`(?i)(\bnot in order\b|^in order: )`):          "OK, or: a fault",
	regexp.MustCompile(`(?i)\ball the same\b`):                        "still, or: anyway",
	regexp.MustCompile(`(?i)\bas \S+ has it\b`):                       "as in",
	regexp.MustCompile(`(?i)\b(never|provider|answer|once) tells?\b`): "returns, or: shows",
	regexp.MustCompile(`(?i)\bword for\b`):                            "name for",
	regexp.MustCompile(`(?i)\b(is|are) looked for\b`):                 "hookctl looks for",
	regexp.MustCompile(`(?i)\bgot back\b`):                            "restored",
	regexp.MustCompile(`(?i)\bwhat is missing\b`):                     "missing values",
	regexp.MustCompile(`(?i)\bin the place of\b`):                     "instead of, or: replace",
}

// TestEnglish: nothing that hookctl prints has an odd phrase.
func TestEnglish(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	for _, problem := range checkEnglish(sources(t)) {
		t.Error(problem)
	}
}

// checkEnglish finds odd phrases in the string literals of what is no test.
func checkEnglish(files []source) (problems []string) {
	for _, f := range files {
		if f.isTest() || strings.HasSuffix(f.dir(), "test") {
			continue
		}
		ast.Inspect(f.file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, _ := strconv.Unquote(lit.Value)
			text = strings.Join(strings.Fields(text), " ") // a phrase may be wrapped
			for odd, usual := range oddEnglish {
				if found := odd.FindString(text); found != "" {
					problems = append(problems, f.at(lit.Pos())+": "+strconv.Quote(found)+": rather say "+usual)
				}
			}
			return true
		})
	}
	slices.Sort(problems)
	return problems
}

func TestCheckEnglish(t *testing.T) {
	t.Parallel()
	file := parse(t, "internal/x/x.go", `package x
// It is of no use in a comment.
const a, b = "--a is of no use without --b", "an order, and the same for all"
const c = `+"`the provider\ntells it once`"+`
`)
	want := []string{`internal/x/x.go:3: "of no use": rather say requires, or: has no effect`, `internal/x/x.go:4: "provider tells": rather say returns, or: shows`}
	if got := checkEnglish([]source{file}); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
