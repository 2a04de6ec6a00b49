package all_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider/all"
)

func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	words, environment := map[string]bool{}, map[string]bool{}
	for _, d := range all.Drivers() {
		for _, word := range append([]string{d.Name}, d.Aliases...) {
			if word == "" || words[word] {
				t.Errorf("the name %q is empty or taken", word)
			}
			words[word] = true
		}
		for _, f := range d.Credentials {
			for _, name := range f.Env {
				if environment[name] {
					t.Errorf("the environment name %s is taken", name)
				}
				environment[name] = true
			}
		}
	}
}

// TestSignatureHeadersAreUnique: a delivery's headers tell its provider.
func TestSignatureHeadersAreUnique(t *testing.T) {
	t.Parallel()
	headers := map[string]string{}
	for _, d := range all.Drivers() {
		for _, h := range d.Scheme.Headers {
			if other, taken := headers[h]; taken {
				t.Errorf("%s and %s both sign in %s", other, d.Name, h)
			}
			headers[h] = d.Name
		}
	}
}

func TestCatalogues(t *testing.T) {
	t.Parallel()
	type size struct {
		Name               string
		Events, Categories int
	}
	var got []size
	for _, d := range all.Drivers() {
		slugs, categories := map[string]bool{}, map[string]bool{}
		for _, e := range d.Catalogue {
			slugs[e.Slug], categories[e.Category] = true, true
		}
		got = append(got, size{d.Name, len(slugs), len(categories)})
	}
	if diff := cmp.Diff([]size{{"zyntro", 77, 16}, {"wundertreos", 7, 2}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestEachCallReturnsNewValues(t *testing.T) {
	t.Parallel()
	first := all.Drivers()
	first[0].Name, first[1].Catalogue[0].Slug = "changed", "changed"
	if again := all.Drivers(); again[0].Name == "changed" || again[1].Catalogue[0].Slug == "changed" {
		t.Error("a caller can change the list for others")
	}
}
