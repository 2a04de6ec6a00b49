package verify

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// entry is a request among others in a capture.
type entry struct {
	method, signature, body string
}

func (e entry) headers() map[string]string {
	h := map[string]string{"Accept": "*/*"}
	if e.signature != "-" {
		h["X-Wunder-Signature"] = e.signature
	}
	return h
}

// captures writes entries in each format that can hold several.
var captures = map[string]func(t *testing.T, all []entry) string{
	"ndjson": func(t *testing.T, all []entry) string {
		return listed(t, all, "\n", func(e entry) any {
			return map[string]any{"method": e.method, "headers": e.headers(), "body_base64": base64.StdEncoding.EncodeToString([]byte(e.body))}
		})
	},
	"json": func(t *testing.T, all []entry) string {
		return "[\n" + listed(t, all, ",\n", func(e entry) any {
			return map[string]any{"method": e.method, "headers": e.headers(), "body": e.body}
		}) + "]"
	},
	"har": func(t *testing.T, all []entry) string {
		return `{"log":{"creator":{},"entries":[` + listed(t, all, ",", func(e entry) any {
			var lines []map[string]string
			for name, value := range e.headers() {
				lines = append(lines, map[string]string{"name": name, "value": value})
			}
			return map[string]any{"request": map[string]any{"method": e.method, "headers": lines, "postData": map[string]any{"mimeType": "", "params": []any{}, "text": e.body}}}
		}) + "]}}"
	},
	"lambda": func(t *testing.T, all []entry) string {
		return listed(t, all, "\n", func(e entry) any {
			return map[string]any{"version": "2.0", "routeKey": "$default", "headers": e.headers(), "body": e.body, "isBase64Encoded": false,
				"requestContext": map[string]any{"http": map[string]any{"method": e.method}}}
		})
	},
	"ngrok": func(t *testing.T, all []entry) string {
		return `{"uri":"/api/requests/http","requests":[` + listed(t, all, ",", func(e entry) any {
			head := e.method + " /hook HTTP/1.1\r\n"
			for name, value := range e.headers() {
				head += name + ": " + value + "\r\n"
			}
			return map[string]any{"request": map[string]any{"raw": base64.StdEncoding.EncodeToString([]byte(head + "\r\n" + e.body))}}
		}) + "]}"
	},
	"webhook.site": func(t *testing.T, all []entry) string {
		return `{"data":[` + listed(t, all, ",", func(e entry) any {
			return map[string]any{"uuid": "u", "token_id": "t", "type": "web", "method": e.method, "headers": e.headers(), "content": e.body}
		}) + `],"total":1,"per_page":50,"is_last_page":true}`
	},
}

// listed is each entry as JSON, with something between.
func listed(t *testing.T, all []entry, between string, of func(entry) any) string {
	t.Helper()
	var texts []string
	for _, e := range all {
		text, err := json.Marshal(of(e))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return strings.Join(texts, between) + "\n"
}

// runNamed is run with the names of the headers that are signatures.
func runNamed(t *testing.T, text string) (all []Result, summary Summary, err error) {
	t.Helper()
	e, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	batches, err := capture.Read(t.Context(), []string{"-"}, capture.Options{Stdin: strings.NewReader(text), SignatureHeaders: e.SignatureHeaders()})
	if err != nil {
		t.Fatal(err)
	}
	summary, err = e.Run(t.Context(), batches, func(c *Chunk) error {
		all = append(all, c.Results...)
		return nil
	})
	return all, summary, err
}

// leftOut takes bodies that are empty out of what captures writes.
var leftOut = strings.NewReplacer(`"body":"",`, "", `"body_base64":"",`, "", `"content":"",`, "", `,"text":""`, "")

// Whatever the format: a request that asks for nothing to be verified is passed
// over and counted, every other one is a row.
func TestProbesInEveryFormat(t *testing.T) {
	good := sign(t, wunder, wunderKey, wunderBody)
	methods := []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE"}
	r := rand.New(rand.NewPCG(1, 1))
	for n := range 60 {
		all := []entry{{"POST", good, wunderBody}} // the format is told by it
		rows, probes := 1, 0
		for range r.IntN(6) {
			e := entry{methods[r.IntN(len(methods))], []string{"-", "", "  ", good, "garbage"}[r.IntN(5)], []string{"", "", wunderBody, " "}[r.IntN(4)]}
			if all = append(all, e); e.body == "" && strings.TrimSpace(strings.Trim(e.signature, "-")) == "" && strings.Contains("GET HEAD OPTIONS", e.method) {
				probes++
			} else {
				rows++
			}
		}
		for format, write := range captures {
			text := write(t, all)
			if n%2 == 1 { // what is empty is left out
				text = leftOut.Replace(text)
			}
			results, s, err := runNamed(t, text)
			passed := 0
			for _, p := range s.Passed {
				passed += p.N
			}
			if err != nil || s.Total != rows || passed != probes || len(results) != rows || results[0].Format != format {
				t.Fatalf("%d, %s: %d rows of %d, %d passed over of %d, as %q; %v\n%s", n, format, s.Total, rows, passed, probes, results[0].Format, err, text)
			}
		}
	}
	_, s, err := runNamed(t, captures["har"](t, []entry{{"GET", "-", ""}, {"OPTIONS", "", ""}}))
	if want := recorded.Probes(2).String(); err == nil || s.Total != 0 || !strings.Contains(err.Error(), want) {
		t.Errorf("nothing else: %d rows, %v", s.Total, fmt.Sprint(err))
	}
}
