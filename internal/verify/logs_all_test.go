package verify

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/signature"
)

// A genuine delivery in a log is valid, whatever is around it and in whichever
// encoding; one with a changed body never is.
func TestLogs(t *testing.T) {
	norace.Only(t)
	e := logEngine(t)
	every, n := 5, 0
	if os.Getenv("HOOKCTL_TEST_FULL") == "1" {
		every = 1
	}
	noise := "Starting on :8080\n[1] 4711\n{\"level\":30,\"msg\":\"up\"}\n"
	encodings := map[string]func(string) []byte{
		"UTF-8":      func(s string) []byte { return []byte(s) },
		"with BOM":   func(s string) []byte { return []byte("\xef\xbb\xbf" + s) },
		"UTF-16":     func(s string) []byte { return utf16Text(binary.LittleEndian, s) },
		"big endian": func(s string) []byte { return utf16Text(binary.BigEndian, s) },
	}
	for shape, put := range logShapes {
		for _, body := range logBodies {
			if shape == "laid out, kubectl" && strings.Contains(body, "headers") {
				continue // it is taken for what a program prints of the request inside
			}
			for kind, record := range logRecords(sign(t, wunder, wunderKey, body), body) {
				for encoding, encode := range encodings {
					for _, before := range []string{"", noise} {
						for _, format := range []string{"", "log"} {
							if n++; n%every != 0 {
								continue
							}
							text := before + put(record) + "\n"
							all, _ := runLog(t, e, bytes.NewReader(encode(text)), format)
							if len(all) != 1 || !all[0].Valid {
								t.Errorf("%s, %s, %q, %s, noise %v, %q: %+v", shape, kind, body, encoding, before != "", format, all)
								return
							}
						}
					}
				}
			}
			for kind, record := range logRecords(sign(t, wunder, wunderKey, body+"x"), body) {
				all, _ := runLog(t, e, strings.NewReader(noise+put(record)+"\n"), "")
				if len(all) != 1 || all[0].Valid || all[0].Reason != signature.Mismatch {
					t.Errorf("%s, %s, %q, changed: %+v", shape, kind, body, all)
				}
			}
		}
	}
}
