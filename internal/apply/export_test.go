package apply

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

func exportAccounts() []Account {
	crm := provider.Webhook{
		ID: "wh_2", Name: ptr("CRM Sync"), URL: ptr("https://example.com/hook?a=${b}"), Events: []string{"new_contact", "brand_new"},
		Status: ptr(provider.Paused), TimeoutSeconds: ptr(30), AuthType: ptr("basic"), CreatedAt: ptr("2026-01-01"), UpdatedAt: ptr("2026-01-02"),
	}
	plain := provider.Webhook{ID: "wh_1", Name: ptr("Billing"), URL: ptr("https://example.com/b"), Events: []string{"invoice_paid"}, AuthType: ptr("none")}
	gone := row("wh_3", "gone", "https://example.com/gone")
	gone.Status = ptr(provider.Disabled)
	odd := row("wh_4", "Odd", "https://example.com/odd")
	odd.Events = []string{"invoice_*"}
	http := row("wh_5", "Plain text", "http://example.com/")
	a, b := row("s1", "Same", "https://example.com/1"), row("s2", "Same", "https://example.com/2")
	nameless := row("s3", "", "https://example.com/3")
	nameless.Name = nil
	silent := provider.Webhook{ID: "s4", Name: ptr("silent"), URL: ptr("https://example.com/4")}
	return []Account{
		{Driver: driver("zyntro"), Rows: []provider.Webhook{crm, gone, odd, plain, http}},
		{Driver: driver("wundertreos"), Rows: []provider.Webhook{b, nameless, a, silent, {ID: "s5", Unreadable: "no URL"}}},
	}
}

const exportedText = `# Webhooks as the providers listed them. Check with: hookctl plan -f FILE
# Left out: zyntro "Odd": its event "invoice_*" looks like a pattern
# Left out: zyntro "Plain text": url: must be an absolute URL that begins with https://
# Left out: wundertreos "": hookctl cannot read it
# Left out: wundertreos "silent": WundertreOS does not return its URL and events
version: 1
webhooks:
  - provider: zyntro
    name: Billing
    url: https://example.com/b
    events:
      - invoice_paid
    auth:
      type: none
  - provider: zyntro
    name: CRM Sync
    # Paused at the provider. A manifest cannot express that, and apply does not change it.
    url: "https://example.com/hook?a=$${b}"
    events:
      - new_contact
      - brand_new
    allow_unknown_events: true
    timeout: 30
    # The provider never returns these: set the variables before plan and apply.
    auth:
      type: basic
      password: "${CRM_SYNC_AUTH_PASSWORD}"
      username: "${CRM_SYNC_AUTH_USERNAME}"
  - provider: wundertreos
    url: https://example.com/3
    events:
      - deal.created
  - provider: wundertreos
    name: Same
    # Another webhook has the same name or URL. This id is valid in this account only.
    id: s1
    url: https://example.com/1
    events:
      - deal.created
  - provider: wundertreos
    name: Same
    # Another webhook has the same name or URL. This id is valid in this account only.
    id: s2
    url: https://example.com/2
    events:
      - deal.created
`

func TestExport(t *testing.T) {
	t.Parallel()
	accounts := exportAccounts()
	got := NewExport(accounts).YAML()
	if diff := cmp.Diff(exportedText, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	m, err := Parse([]Source{{"a.yaml", []byte(got)}}, environment(map[string]string{"CRM_SYNC_AUTH_USERNAME": "me", "CRM_SYNC_AUTH_PASSWORD": "p"}))
	if err != nil {
		t.Fatal(err)
	}
	crm := secret.Record{Provider: "zyntro", ID: "wh_2", Managed: true, Auth: secret.NewAuthMark("basic", secret.New(`{"password":"p","username":"me"}`))}
	p, err := Compare(m, State{Profile: "default", Accounts: accounts, Records: []secret.Record{crm}})
	if err != nil || len(p.Changes) != 0 {
		t.Errorf("%v: %v", steps(p), err)
	}
	// Lists come in any order.
	for _, acc := range accounts {
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(acc.Rows), func(i, j int) { acc.Rows[i], acc.Rows[j] = acc.Rows[j], acc.Rows[i] })
	}
	if again := NewExport(accounts); again.YAML() == "" || withoutComments(again.YAML()) != withoutComments(got) {
		t.Errorf("not stable:\n%s", again.YAML())
	}
	if empty := NewExport(nil).YAML(); !strings.HasSuffix(empty, "version: 1\nwebhooks: []\n") {
		t.Errorf("%s", empty)
	}
}

func withoutComments(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

func TestPlaceholder(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"CRM Sync": "CRM_SYNC", "  a--b ": "A_B", "": "WEBHOOK_7", "日本": "WEBHOOK_7", "1st": "WEBHOOK_7", "größe": "GR_E"} {
		if got := placeholder(name, 7); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

func FuzzScalar(f *testing.F) {
	for _, s := range append(oddNames, "", "##[error]x", "::a\n###vso[b]", "a\r\nb", "\U0001f469\u200d\U0001f4bb", "\U000e0041", "\ufffe", "\u2028") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		text := scalar(s)
		if strings.ContainsAny(text, "\n\r") || term.CleanBlock(text) != text || term.HasCommand(text) {
			t.Errorf("%q: %q is not one printable line", s, text)
		}
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte("key: "+text+"\n"), &doc); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if n := doc.Content[0].Content[1]; n.Kind != yaml.ScalarNode || n.Value != s || n.Tag != "!!str" {
			t.Errorf("%q reads back as %q (%s)", s, n.Value, n.Tag)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add(exportedText)
	f.Add(oneHook)
	f.Add("version: 1\nwebhooks: [*a, &a b, {<<: {}}, !!x y]\n---\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse([]Source{{"a.yaml", []byte(text)}}, environment(map[string]string{"T": "hunter2"}))
		if (m == nil) == (err == nil) {
			t.Errorf("%v, %v", m, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") && !strings.Contains(text, "hunter2") {
			t.Errorf("the error quotes the environment: %v", err)
		}
		if m != nil {
			if _, err := Compare(m, State{Accounts: exportAccounts()}); err != nil && err.Error() == "" {
				t.Error("an empty error")
			}
		}
	})
}
