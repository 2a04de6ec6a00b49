package diagnosis

import (
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/secret"
)

// TestEveryRowIsNeeded takes rows out of the lists of the search. Others must not
// run beside it.
func TestEveryRowIsNeeded(t *testing.T) {
	norace.Only(t)
	lacks := func(name string) bool { return len(missing(formsOf[name].forms, formsOf[name].want)) > 0 }
	without(t, "stringForms", &stringForms, func(func([]byte) []byte) bool { return lacks("jsonEscaping") })
	without(t, "numberForms", &numberForms, func(func(token) []byte) bool { return lacks("jsonReserialised") })
	without(t, "indented", &indented, func(layout) bool { return lacks("jsonReserialised") })
	named := func() bool {
		for text, what := range pasted {
			if notASecret(Candidate{Secret: secret.New(text)}) != what {
				return false
			}
		}
		return true
	}
	if !named() {
		t.Fatal("not all of what is pasted in place of secrets is known")
	}
	without(t, "placeholders", &placeholders, func(string) bool { return !named() })
	without(t, "placeholderStarts", &placeholderStarts, func(string) bool { return !named() })
	without(t, "notSecrets", &notSecrets, func(struct{ start, what string }) bool { return !named() })

	mishaps := map[string][]mutator{}
	for _, mu := range mutators() {
		for _, cause := range strings.FieldsFunc(mu.causes, func(r rune) bool { return r == '|' || r == '+' }) {
			mishaps[cause] = append(mishaps[cause], mu)
		}
	}
	for i, row := range transformations {
		transformations[i] = idle(row)
		needed := slices.ContainsFunc(mishaps[row.cause], func(mu mutator) bool {
			return slices.ContainsFunc(vectorBodies, func(b vectorBody) bool {
				got, ok := b.judge(t, mu)
				return ok && !slices.Contains(strings.Split(mu.causes, "|"), got) && notNamed[mu.name] == ""
			})
		})
		transformations[i] = row
		if !needed {
			t.Errorf("no mishap needs row %d of transformations: %s, %s", i+1, row.cause, row.explanation)
		}
	}
}
