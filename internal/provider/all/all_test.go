package all_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider"
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

// TestShapes: the shapes of an event are its sample with less in it, and no event has
// any whose data is not documented.
func TestShapes(t *testing.T) {
	t.Parallel()
	for _, d := range all.Drivers() {
		for _, event := range append(slices.Clone(d.Catalogue), provider.EventType{Slug: "no.such.event"}) {
			body, documented := d.Sample(event.Slug, provider.SampleOptions{Seed: 1})
			shapes := d.Shapes(event.Slug)
			if documented != (len(shapes) > 0) {
				t.Errorf("%s: %d shapes", event.Slug, len(shapes))
			}
			most := members(t, body)
			for i, shape := range shapes {
				has := members(t, shape)
				for name := range has {
					if !most[name] {
						t.Errorf("%s: the sample has no %s", event.Slug, name)
					}
				}
				if i == 0 && len(has) != len(most) || i > 0 && len(has) >= len(most) {
					t.Errorf("%s: %d of %d members in shape %d", event.Slug, len(has), len(most), i)
				}
			}
		}
	}
}

// members are the paths of the members of all objects.
func members(t *testing.T, body []byte) map[string]bool {
	t.Helper()
	var root any
	if err := json.Unmarshal(body, &root); err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		o, _ := v.(map[string]any)
		for name, of := range o {
			all[path+"/"+name] = true
			walk(path+"/"+name, of)
		}
	}
	walk("", root)
	return all
}

// A provider says how it delivers again, first at once.
func TestRetries(t *testing.T) {
	t.Parallel()
	for _, d := range all.Drivers() {
		if r := d.Retries; len(r.Waits) < 2 || r.Waits[0] != 0 || slices.Contains(r.Waits[1:], 0) || r.Assumed == "" {
			t.Errorf("%s: %+v", d.Name, r)
		}
	}
}
