package walk

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzCompact holds compact against the library.
func FuzzCompact(f *testing.F) {
	f.Add([]byte("{\"a\\\"\\\\\" : [ 1 ,\n\"\\u2028\u2028<\" ] }"))
	f.Fuzz(func(t *testing.T, v []byte) {
		if !json.Valid(v) {
			return
		}
		var want bytes.Buffer
		if err := json.Compact(&want, v); err != nil {
			t.Fatal(err)
		}
		if got := compact(bytes.Clone(v)); string(got) != want.String() {
			t.Errorf("%q, want %q", got, &want)
		}
	})
}
