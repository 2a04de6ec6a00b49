package capture

import (
	"bytes"
	"slices"
	"testing"
)

// readCounted reads standard input and counts what is passed over.
func readCounted(t *testing.T, o Options) (all []got, passed int) {
	t.Helper()
	batches, err := Read(t.Context(), []string{"-"}, o)
	if err != nil {
		t.Fatal(err)
	}
	for b := range batches {
		if b.Err != nil {
			t.Fatal(b.Err)
		}
		for r, err := range b.Each() {
			g := got{Source: r.Source, Header: slices.Clone(r.Header), Body: string(bytes.Clone(r.Body)), Inexact: r.Inexact, Notes: slices.Clone(r.Notes)}
			if err != nil {
				g.Err = err.Error()
			}
			all = append(all, g)
		}
		passed += b.PassedOver().N
	}
	return all, passed
}
