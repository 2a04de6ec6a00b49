package listen

import "testing"

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1": 1, "1000": 1000, "64KiB": 64 << 10, "2k": 2048, "1MiB": 1 << 20, "3M": 3 << 20, "32MiB": 32 << 20, "10B": 10,
		"": 0, "0": 0, "-1": 0, "33MiB": 0, "1.5M": 0, "MiB": 0, "9999999999999999999": 0, "1GiB": 0, "1 M": 0,
	} {
		got, err := ParseSize(text)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}
