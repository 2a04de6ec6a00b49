package apply

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/sink"
)

func environment(values map[string]string) Options {
	return Options{Drivers: drivers, Getenv: func(name string) string { return values[name] }}
}

// flat is a webhook in a form that can be compared.
type flat struct {
	At, Provider, ID, Name, URL string
	Events                      []string
	Timeout                     int
	Auth                        string
	Sinks                       []string
}

func flatten(m *Manifest) []flat {
	var out []flat
	for _, w := range m.Webhooks {
		f := flat{At: w.At.String(), Provider: w.Driver.Name, ID: w.ID, Name: w.Name, URL: w.URL, Events: w.Events}
		if w.Timeout != nil {
			f.Timeout = *w.Timeout
		}
		if w.Auth != nil {
			f.Auth = w.Auth.Type + " " + w.Auth.Data.Reveal()
		}
		for _, s := range w.Sinks {
			f.Sinks = append(f.Sinks, s.For(w.item()))
		}
		out = append(out, f)
	}
	return out
}

const sample = `version: 1
defaults: {provider: zyntro, timeout: 30, secret_to: ["dotenv:.env:HOOK_{{.Name}}"]}
webhooks:
  - name: CRM Sync
    url: https://${HOST}/hook
    events: [new_contact, "invoice_*", new_contact]
    auth: {type: bearer, value: "${CRM_TOKEN}"}     # from the environment
    secret_to: ["dotenv:.env:CRM_SYNC_SECRET", "exec:gh secret set {{.Name}}"]
  - provider: wundertreos
    name: Lead sync
    url: https://example.com/leads?a=$${b}
    events: [contact.created]
---
# another document, with its own defaults
version: 1
webhooks:
- provider: wundertre
  url: https://example.com/unnamed
  events: ["deal.updated,contact.created"]
- provider: zyntro
  id: "0123"
  name: "$${x} costs $5"
  url: https://example.com/
  events: [brand_new]
  allow_unknown_events: true
  auth: {type: basic, username: me, password: "${CRM_TOKEN}"}
...
`

func TestParse(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"plain": sample,
		"CRLF":  strings.ReplaceAll(sample, "\n", "\r\n"),
		"BOM":   "\ufeff" + sample,
	} {
		m, err := Parse([]Source{{"a.yaml", []byte(data)}}, environment(map[string]string{"HOST": "example.com", "CRM_TOKEN": `t"k`}))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := []flat{
			{
				At: "a.yaml:4:5", Provider: "zyntro", Name: "CRM Sync", URL: "https://example.com/hook",
				Events:  []string{"new_contact", "invoice_generated", "invoice_paid", "invoice_cancelled", "invoice_viewed"},
				Timeout: 30, Auth: `bearer {"value":"t\"k"}`,
				Sinks: []string{"dotenv:.env:CRM_SYNC_SECRET", "exec:gh secret set CRM-Sync"},
			},
			{
				At: "a.yaml:9:5", Provider: "wundertreos", Name: "Lead sync", URL: "https://example.com/leads?a=${b}",
				Events: []string{"contact.created"}, Sinks: []string{"dotenv:.env:HOOK_LEAD_SYNC"},
			},
			{At: "a.yaml:17:3", Provider: "wundertreos", URL: "https://example.com/unnamed", Events: []string{"deal.updated", "contact.created"}},
			{
				At: "a.yaml:20:3", Provider: "zyntro", ID: "0123", Name: "${x} costs $5", URL: "https://example.com/",
				Events: []string{"brand_new"}, Auth: `basic {"password":"t\"k","username":"me"}`,
			},
		}
		if diff := cmp.Diff(want, flatten(m)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

func TestParseSeveralFiles(t *testing.T) {
	t.Parallel()
	one := "version: 1\nwebhooks:\n- {provider: wundertreos, name: '%', url: https://example.com/%, events: [all]}\n"
	m, err := Parse([]Source{
		{"a.yaml", []byte(strings.ReplaceAll(one, "%", "a"))}, {"b.yaml", []byte(strings.ReplaceAll(one, "%", "b"))},
		{"none.yaml", []byte("version: 1\nwebhooks: []\n")},
	}, environment(nil))
	if err != nil || len(m.Webhooks) != 2 || len(m.Webhooks[0].Events) != len(driver("wundertreos").Catalogue) {
		t.Errorf("%+v, %v", m, err)
	}
	_, err = Parse([]Source{{"a.yaml", []byte(one)}, {"b.yaml", []byte(one)}}, environment(nil))
	if err == nil || !strings.Contains(err.Error(), `b.yaml:3:3: wundertreos "%" appears twice, first at a.yaml:3:3`) {
		t.Errorf("%v", err)
	}
}

const oneHook = "version: 1\ndefaults: {provider: zyntro, events: [new_contact]}\nwebhooks:\n- name: a\n  url: https://example.com/a\n"

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	w := "version: 1\ndefaults: {provider: wundertreos, events: [deal.updated]}\nwebhooks:\n- name: a\n  url: https://example.com/a\n"
	for _, tc := range []struct{ text, want string }{
		{"", "a.yaml: it contains no manifest"},
		{"---\n---\n", "a.yaml: it contains no manifest"},
		{"[]", "a.yaml:1:1: a manifest must be a mapping"},
		{"webhooks: []", "a.yaml:1:1: version is missing"},
		{"version: 2\nwebhooks: []", "a.yaml:1:10: version must be 1"},
		{"version: \"1\"\nwebhooks: []", "a.yaml:1:10: version must be 1"},
		{"version: 1", "a.yaml:1:1: webhooks is missing"},
		{"version: 1\nwebhooks: {}", "a.yaml:2:11: webhooks must be a list"},
		{"version: 1\nwebhooks: [x]", "a.yaml:2:12: a webhook must be a mapping"},
		{"version: 1\nwebhook: []\nwebhooks: []", `a.yaml:2:1: unknown key "webhook"; the keys of a manifest are version, defaults, webhooks`},
		{oneHook + "  evnts: [all]", `a.yaml:6:3: unknown key "evnts"; the keys of a webhook are provider, name`},
		{oneHook + "  NO: 1", `a.yaml:6:3: unknown key "NO"`},
		{oneHook + "  on: 1", `a.yaml:6:3: unknown key "on"`},
		{oneHook + "  url: https://example.com/b", `a.yaml:6:3: the key "url" appears twice, first in line 5`},
		{oneHook + "  ? [a]\n  : b", `a.yaml:6:5: a key must be a word`},
		{oneHook + "  <<: {timeout: 30}", "a.yaml:6:3: merge keys (<<) are not allowed"},
		{oneHook + "  timeout: &t 30", "a.yaml:6:12: anchors (&t) are not allowed"},
		{"version: 1\ndefaults: &d {provider: zyntro}\nwebhooks: [*d]", "a.yaml:3:12: aliases (*d) are not allowed"},
		{oneHook + "  timeout: !!int 30", "a.yaml:6:12: tags (!!int) are not allowed"},
		{oneHook + "  timeout: !!binary MzA=", "tags (!!binary) are not allowed"},
		{oneHook + "  timeout: !!python/object:os.system x", "tags ("},
		{oneHook + "  timeout: thirty", "a.yaml:6:12: timeout must be a whole number"},
		{oneHook + "  timeout: 030", "a.yaml:6:12: timeout must be a whole number"},
		{oneHook + "  timeout: 0x1e", "a.yaml:6:12: timeout must be a whole number"},
		{oneHook + "  timeout: 30.0", "a.yaml:6:12: timeout must be a whole number"},
		{oneHook + "  timeout: 3", "a.yaml:6:12: timeout: 3 is not between 5 and 120 seconds"},
		{oneHook + "  events: all", "a.yaml:6:11: events must be a list"},
		{oneHook + "  events: []", "a.yaml:6:11: events: at least one event is required"},
		{oneHook + "  events: [1]", "a.yaml:6:12: an event must be text: put 1 in quotes"},
		{oneHook + "  events: [new_contct]", `a.yaml:6:12: Zyntro: "new_contct" is not a known event: did you mean new_contact`},
		{oneHook + "  events: ['x_*']", `a.yaml:6:12: Zyntro: no known event matches "x_*"`},
		{oneHook + "  events: ['[']", "a.yaml:6:12: Zyntro: \"[\" is not a valid pattern"},
		{oneHook + "  events: ['a,']", "a.yaml:6:12: Zyntro: an empty event"},
		{oneHook + "  events: ['${X}']", "a.yaml:6:12: ${...} works only in url"},
		{oneHook + "  allow_unknown_events: maybe", "a.yaml:6:25: allow_unknown_events must be true or false"},
		{oneHook + "  id: 7", "a.yaml:6:7: id must be text: put 7 in quotes"},
		{oneHook + "  id:", "a.yaml:6:6: id has no value"},
		{oneHook + "  id: ''", "a.yaml:6:7: id is empty"},
		{oneHook + "  provider: stripe", `a.yaml:6:13: unknown provider "stripe": one of zyntro, wundertreos`},
		{oneHook + "  auth: bearer", "a.yaml:6:9: auth must be a mapping"},
		{oneHook + "  auth: {value: '${T}'}", "a.yaml:6:9: auth needs a type"},
		{oneHook + "  auth: {type: oauth}", "a.yaml:6:16: unknown auth type; use one of none, bearer"},
		{oneHook + "  auth: {type: none, value: '${T}'}", `a.yaml:6:22: auth of the type none does not take "value"`},
		{oneHook + "  auth: {type: bearer}", "a.yaml:6:9: auth of the type bearer needs value"},
		{oneHook + "  auth: {type: bearer, value: hunter2}", "a.yaml:6:31: value must be only ${NAME}"},
		{oneHook + "  auth: {type: bearer, value: 'hunter2${T}'}", "a.yaml:6:31: value must be only ${NAME}"},
		{oneHook + "  auth: {type: bearer, value: 12345678}", "a.yaml:6:31: value must be ${NAME}"},
		{oneHook + "  auth: {type: bearer, value: '${UNSET}'}", "a.yaml:6:31: the environment variable UNSET is not set"},
		{oneHook + "  auth: {type: basic, username: '${', password: '${T}'}", "a.yaml:6:33: write the name of an environment variable"},
		{oneHook + "  secret_to: file:x", "a.yaml:6:14: secret_to must be a list"},
		{oneHook + "  secret_to: ['nowhere:x']", `a.yaml:6:15: sink "nowhere:x"`},
		{oneHook + "  secret_to: ['file:{{.Secret}}']", "the fields are"},
		{oneHook + "- name: b\n  url: https://example.com/b\n  secret_to: ['file:x']\n- name: c\n  url: https://example.com/c\n  secret_to: ['file:./x']",
			`a.yaml:11:15: the secrets of zyntro "b" and zyntro "c" would go to the same place`},
		{strings.Replace(oneHook, "name: a", "url: https://example.com/a\n  timeout: 30", 1), `the key "url" appears twice`},
		{strings.Replace(oneHook, "- name: a\n  url", "- url", 1), "a.yaml:4:3: name: a name is required"},
		{strings.Replace(oneHook, "https:", "http:", 1), "a.yaml:5:8: url: must be an absolute URL that begins with https://"},
		{strings.Replace(oneHook, "https://example.com/a", "'https://${UNSET}/'", 1), "a.yaml:5:8: the environment variable UNSET is not set"},
		{strings.Replace(oneHook, "https://example.com/a", "'https://${no good}/'", 1), "a.yaml:5:8: write the name of an environment variable"},
		{strings.Replace(oneHook, "https://example.com/a", "'https://x.test/${HOOKCTL_ZYNTRO_API_KEY}'", 1), "a.yaml:5:8: HOOKCTL_ZYNTRO_API_KEY is one of hookctl's own credentials"},
		{oneHook + "  auth: {type: bearer, value: '${WUNDERTREOS_TOKEN}'}", "a.yaml:6:31: WUNDERTREOS_TOKEN is one of hookctl's own credentials"},
		{strings.Replace(oneHook, "https://example.com/a", "[x]", 1), "a.yaml:5:8: url must be text"},
		{strings.Replace(oneHook, "name: a", "name: ${T}", 1), "a.yaml:4:9: ${...} works only in url"},
		{strings.Replace(oneHook, "provider: zyntro, ", "", 1), "a.yaml:4:3: provider is missing"},
		{strings.Replace(oneHook, "provider: zyntro", "name: zyntro", 1), `a.yaml:2:12: unknown key "name"; the keys of defaults are provider`},
		{w + "  timeout: 30", "a.yaml:6:12: WundertreOS has no timeout setting"},
		{w + "  auth: {type: none}", "a.yaml:6:9: WundertreOS has no auth setting"},
		{"\xff\xfev\x00", "a.yaml:1:1: not UTF-8"},
		{"version: 1\n# caf\xe9\n", "a.yaml:2:6: not UTF-8"},
		{"version: 1\ndefaults: {timeout: x}\nwebhooks: []", "a.yaml:2:21: timeout must be a whole number"},
		{"version: 1\ndefaults: {events: all}\nwebhooks: []", "a.yaml:2:20: events must be a list"},
		{"version: 1\ndefaults: {events: [1]}\nwebhooks: []", "a.yaml:2:21: an event must be text"},
		{"version: 1\ndefaults: {secret_to: [1]}\nwebhooks: []", "a.yaml:2:24: a sink must be text"},
		{"version: 1\ndefaults: {provider: x}\nwebhooks: []", `a.yaml:2:22: unknown provider "x"`},
		{"version: 1\ndefaults: {allow_unknown_events: 1}\nwebhooks: []", "a.yaml:2:34: allow_unknown_events must be true or false"},
		{"version: 1\ndefaults: {auth: {type: bearer, value: hunter2}}\nwebhooks: []", "a.yaml:2:40: value must be only ${NAME}"},
		{oneHook + "  secret_to: [" + strings.Repeat("'file:x',", maxSinks) + "'file:x']", "a.yaml:6:14: 51 sinks: the limit is 50"},
		{strings.Repeat("#", MaxSize+1), "a.yaml: more than 1048576 bytes"},
		{oneHook + "  url: '" + strings.Repeat("x", 10) + "'\n", "appears twice"},
	} {
		_, err := Parse([]Source{{"a.yaml", []byte(tc.text)}}, environment(map[string]string{"T": "t0ken"}))
		if err == nil || !strings.Contains(err.Error(), tc.want) || fault.KindOf(err) != fault.Usage {
			t.Errorf("%.200q:\n got %v\nwant %s", tc.text, err, tc.want)
			continue
		}
		for _, leak := range []string{"hunter2", "t0ken", "12345678"} {
			if strings.Contains(err.Error(), leak) {
				t.Errorf("the error quotes a value: %v", err)
			}
		}
	}
}

func TestParseReportsAllFaults(t *testing.T) {
	t.Parallel()
	text := oneHook + "  evnts: []\n  timeout: x\n" + strings.Repeat("- nothing\n", 30)
	_, err := Parse([]Source{{"a.yaml", []byte(text)}}, environment(nil))
	if err == nil {
		t.Fatal("taken")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != maxFaults+1 || !strings.HasPrefix(lines[0], "a.yaml:6:3: ") || !strings.HasPrefix(lines[1], "a.yaml:7:12: ") ||
		lines[maxFaults] != "(only the first 20 faults are shown)" {
		t.Errorf("%v", err)
	}
}

// TestParseReportsAFaultOfDefaultsOnce although every webhook has it.
func TestParseReportsAFaultOfDefaultsOnce(t *testing.T) {
	t.Parallel()
	text := "version: 1\ndefaults: {provider: zyntro, timeout: 3, events: [nothing]}\nwebhooks:\n"
	for i := range 30 {
		text += fmt.Sprintf("- {name: n%d, url: https://example.com/}\n", i)
	}
	_, err := Parse([]Source{{"a.yaml", []byte(text)}}, environment(nil))
	if want := `a.yaml:2:51: Zyntro: no known event matches "nothing"`; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	_, err = Parse([]Source{{"a.yaml", []byte(strings.Replace(text, "nothing", "new_note", 1))}}, environment(nil))
	if want := "a.yaml:2:39: timeout: 3 is not between 5 and 120 seconds"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestSecretToFlag(t *testing.T) {
	t.Parallel()
	o := environment(nil)
	o.SecretTo = []string{"file:x"}
	text := oneHook + "- name: b\n  url: https://example.com/b\n"
	_, err := Parse([]Source{{"a.yaml", []byte(text)}}, o)
	if err == nil || !strings.Contains(err.Error(), "--secret-to: the secrets of") {
		t.Errorf("%v", err)
	}
	o.SecretTo = []string{"file:{{.Name}}", "exec:put"}
	o.Sinks = sink.Env{}
	m, err := Parse([]Source{{"a.yaml", []byte(text)}}, o)
	if err != nil || len(m.Webhooks[1].Sinks) != 2 {
		t.Errorf("%v", err)
	}
}

// TestBombs feeds what makes lax readers of YAML slow or large.
func TestBombs(t *testing.T) {
	norace.Only(t)
	billion := "version: 1\nwebhooks:\n- &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		ref := "*" + string(c-1)
		billion += "- &" + string(c) + " [" + strings.Repeat(ref+",", 8) + ref + "]\n"
	}
	many := func(line string) string {
		return "version: 1\ndefaults: {provider: wundertreos}\nwebhooks:\n" + strings.Repeat(line, (MaxSize-100)/len(line))
	}
	// The aim is 200 ms on a machine with nothing else to do; one that is busy takes
	// twice as long for the same. A bomb that works takes seconds.
	const most, mostMemory = 5 * time.Second, 256 << 20 // of the processor; a busy machine triples its time
	huge := environment(map[string]string{"BIG": strings.Repeat("x", 4000)})
	for name, text := range map[string]string{
		"billion laughs":   billion,
		"flow nesting":     strings.Repeat("[", MaxSize),
		"map nesting":      strings.Repeat("{a: ", MaxSize/4),
		"block nesting":    strings.Repeat("- ", MaxSize/2),
		"key nesting":      strings.Repeat("? ", MaxSize/2),
		"unknown keys":     "version: 1\nwebhooks:\n- " + strings.Repeat("{a: b}\n- ", MaxSize/10),
		"comments":         many("#\n"),
		"documents":        strings.Repeat("---\n", MaxSize/4),
		"empty webhooks":   many("- {}\n"),
		"all, many times":  many("- {url: 'https://a/b', events: [all]}\n"),
		"all in one":       "version: 1\nwebhooks: [{provider: zyntro, events: [" + strings.Repeat("all,", MaxSize/5) + "]}]",
		"unknown events":   "version: 1\nwebhooks: [{provider: zyntro, events: [" + strings.Repeat("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,", MaxSize/60) + "]}]",
		"patterns":         "version: 1\nwebhooks: [{provider: zyntro, events: ['" + strings.Repeat("*a", MaxSize/3) + "']}]",
		"big environment":  "version: 1\nwebhooks: [{provider: zyntro, url: '" + strings.Repeat("${BIG}", MaxSize/8) + "'}]",
		"long scalar":      "version: 1\nwebhooks: [{provider: zyntro, url: '" + strings.Repeat("x", MaxSize-100) + "'}]",
		"escapes":          "version: \"" + strings.Repeat(`\x41`, MaxSize/5) + "\"",
		"quotes":           strings.Repeat(`"`, MaxSize-1),
		"anchors":          strings.Repeat("&a ", MaxSize/4),
		"percent":          strings.Repeat("%", MaxSize-1),
		"duplicate keys":   "version: 1\nwebhooks: [{" + strings.Repeat("a: 1, ", MaxSize/8) + "}]",
		"folded":           "version: >\n" + strings.Repeat("\n", MaxSize-20),
		"colons":           strings.Repeat(": ", MaxSize/2),
		"merge keys":       "version: 1\nwebhooks:\n" + strings.Repeat("- {<<: {a: b}}\n", MaxSize/16),
		"keys in flow":     "[" + strings.Repeat("a:b ", MaxSize/5) + "]",
		"commas":           "[" + strings.Repeat("a,", MaxSize/3) + "]",
		"distinct unknown": "{" + distinct() + "}",
		"default sinks":    many("- {name: a, url: 'https://a/b', events: [all]}\n")[:MaxSize/2] + "\ndefaults: {secret_to: [" + strings.Repeat("'file:x',", MaxSize/20) + "]}",
		"default patterns": "version: 1\ndefaults: {events: [" + patterns() + "]}\nwebhooks:\n" + strings.Repeat("- {provider: zyntro, name: a, url: 'https://a/b'}\n", MaxSize/128),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			best := time.Hour
			for range 3 {
				var from, to runtime.MemStats
				runtime.ReadMemStats(&from)
				start := cpu()
				_, err := Parse([]Source{{"a.yaml", []byte(text)}}, huge)
				best = min(best, cpu()-start)
				if runtime.ReadMemStats(&to); to.TotalAlloc-from.TotalAlloc > mostMemory {
					t.Errorf("%d MiB allocated", (to.TotalAlloc-from.TotalAlloc)>>20)
				}
				if err == nil && name != "comments" && name != "all, many times" {
					t.Fatal("taken")
				}
				if err != nil && len(err.Error()) > 32<<10 {
					t.Errorf("the error has %d bytes", len(err.Error()))
				}
				if best <= most {
					break
				}
			}
			runtime.ReadMemStats(&after)
			t.Logf("%v, %d MiB allocated", best, (after.TotalAlloc-before.TotalAlloc)>>20)
			if best > most {
				t.Errorf("takes %v", best)
			}
		})
	}
}

// patterns are many that match.
func patterns() string {
	var b strings.Builder
	for i := range MaxSize / 128 {
		b.WriteByte('\'')
		for bit := range 13 {
			b.WriteString([]string{"*?", "?*"}[i>>bit&1])
		}
		b.WriteString("', ")
	}
	return b.String()
}

func distinct() string {
	var b bytes.Buffer
	for i := 0; b.Len() < MaxSize-100; i++ {
		b.WriteString("k")
		b.WriteString(strings.Repeat("x", i%7))
		b.WriteString(string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26)) + string(rune('a'+i/17576%26)) + ": 1, ")
	}
	return b.String()
}
