package verify

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/secret"
)

var languageCases = flag.Int("language-cases", 400, "deliveries that other languages judge too")

// TestOtherLanguages has Python's and Node's standard libraries judge the same
// deliveries: header and body soup, of which about half is signed well.
func TestOtherLanguages(t *testing.T) {
	const key = "8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d"
	r := rand.New(rand.NewPCG(11, 12))
	file := filepath.Join(t.TempDir(), "soup.ndjson")
	var text strings.Builder
	for range *languageCases {
		text.WriteString(soup(t, r, key))
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{Providers: []Provider{wunder}, Candidates: []Candidate{{Secret: secret.New(key)}}, Diagnoses: -1}
	all, summary, err := run(t, o, text.String())
	if err != nil || summary.Valid < summary.Total/5 || summary.Valid > summary.Total*4/5 {
		t.Fatalf("%+v, %v: the soup is too thin", summary, err)
	}
	for name, command := range map[string][]string{
		"Python": {"python3", filepath.Join("testdata", "baseline", "verify.py"), key, file, "--each"},
		"Node":   {"node", filepath.Join("testdata", "baseline", "verify.mjs"), key, file, "--each"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(command[0]); err != nil {
				t.Skip(err)
			}
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
			var errs strings.Builder
			cmd.Stderr = &errs
			out, err := cmd.Output()
			if err != nil {
				t.Skipf("%s does not run here: %v\n%s", name, err, &errs)
			}
			words := strings.Fields(string(out))
			if len(words) != len(all) {
				t.Fatalf("%d verdicts, want %d", len(words), len(all))
			}
			lines := strings.Split(text.String(), "\n")
			for i, word := range words {
				if all[i].Valid != (word == "valid") {
					t.Errorf("%s says %s, we say %s: %s", name, word, all[i].Reason, lines[i])
				}
			}
		})
	}
}

// soup is a record with signatures in many forms, good and bad ones.
func soup(t *testing.T, r *rand.Rand, key string) string {
	t.Helper()
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	raw := make([]byte, r.IntN(200))
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	body := string(raw)
	m := map[string]any{"body_base64": base64.StdEncoding.EncodeToString(raw)}
	if r.IntN(3) == 0 {
		body = pick("", "{}", wunderBody, "Zoë \U0001f600\u2028\n", "a\x00b\\\"/")
		m = map[string]any{"body": body}
	}
	good := strings.TrimPrefix(sign(t, wunder, key, body), "sha256=")
	bad := pick(sign(t, wunder, "wrong", body), strings.Repeat("0", 64), good[1:]+good[:1], good+"0", good[:63], "", " ", "sha256=", "zz", strings.Repeat("é", 32), strings.Repeat("g", 64), "sha256=sha256="+good, "sha1="+good)
	member := func() string {
		if r.IntN(4) == 0 {
			return bad
		}
		return pick("sha256=", "", "SHA256=", "sHa256=") + pick(good, good, strings.ToUpper(good))
	}
	line := func() string {
		switch r.IntN(6) {
		case 0:
			return member() + pick(",", " ", ", ", "\t", ",,") + member()
		case 1:
			return pick(" ", ",", "\t") + member() + pick(" ", ",")
		}
		return member()
	}
	headers := map[string]any{"Content-Type": "application/json", "X-Other": good}
	names := []string{"X-Wunder-Signature", "x-wunder-signature", "X-WUNDER-SIGNATURE"}
	same := line()
	switch r.IntN(6) {
	case 0:
		headers[pick(names...)] = []string{same, same}
	case 1:
		headers[pick(names...)], headers["X-Hook-Signature"] = same, same
	case 2:
		headers[pick(names...)], headers["x-hook-signature"] = same, line()
	case 3:
		headers["X-Hook-Signature"] = same
	case 4:
		headers[pick(names...)] = []string{same}
	case 5:
		if r.IntN(3) > 0 {
			headers[pick(names...)] = same
		}
	}
	m["headers"] = headers
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}
