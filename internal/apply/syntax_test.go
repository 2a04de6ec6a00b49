package apply

import (
	"strings"
	"testing"
)

// TestSyntax: what is not YAML has at least a line, which may be that in which the
// list or mapping around it begins.
func TestSyntax(t *testing.T) {
	t.Parallel()
	const head = "version: 1\nwebhooks:\n"
	for text, want := range map[string]string{
		head + "\t- provider: zyntro\n":                      "3: not valid YAML: found character that cannot start any token",
		head + "- provider: zyntro\n\tname: x\n":             "3: not valid YAML: found a tab character that violates indentation",
		head + "- provider: zyntro\n  name: a: b\n":          "4: not valid YAML: mapping values are not allowed in this context",
		head + "- name: ü日本 \"\n  url: \"\\q\"\n":            "4: not valid YAML: found unknown escape character",
		head + "- name: x\n url: y\n- name: z\n":             "3: not valid YAML: did not find expected key",
		head + "- {value: ${TOKEN}}\n- {name: x}\n":          "2: not valid YAML: did not find expected ',' or '}'",
		head + "- provider: \"zyntro\n  name: x\n  url: y\n": "3: not valid YAML: found unexpected end of stream",
		"version: 1\r\nwebhooks: [\r\n":                      "2: not valid YAML: did not find expected node content",
		"version: 1\nwebhooks: []\nfoo\nbar: 1\n":            "3: not valid YAML: could not find expected ':'",
		"version: 1\nwebhooks: *list\n":                      "2: not valid YAML: unknown anchor 'list' referenced",
		"version: 1\nwebhooks: [] # \x01\n":                  "2: not valid YAML: control characters are not allowed",
		"version: 1\nwebhooks: []\n---\nversion: 1\n a: b\n": "5: not valid YAML: mapping values are not allowed in this context",
		"%FOO bar\n---\nversion: 1\n":                        "1: not valid YAML: found unknown directive name",
		"\"1":                                                "1: not valid YAML: found unexpected end of stream",
		"]":                                                  "1: not valid YAML: did not find expected node content",
	} {
		_, err := Parse([]Source{{"a.yaml", []byte(text)}}, environment(nil))
		if err == nil || !strings.Contains(err.Error(), "a.yaml:"+want) {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

// TestSyntaxOfMuchText finds a line in a large manifest, too.
func TestSyntaxOfMuchText(t *testing.T) {
	t.Parallel()
	text := "version: 1\n\"" + strings.Repeat("x\n", MaxSize/2-10)
	_, err := Parse([]Source{{"a.yaml", []byte(text)}}, environment(nil))
	if err == nil || err.Error() != "a.yaml:2: not valid YAML: found unexpected end of stream" {
		t.Errorf("%v", err)
	}
}

// TestJSON reads manifests that other programs have written as JSON.
func TestJSON(t *testing.T) {
	t.Parallel()
	const manifest = `{"version": 1, "webhooks": [{"provider": "zyntro", "name": NAME, "url": "https://example.com/", "events": ["new_contact"]}]}`
	for name, want := range map[string]string{
		`"\ud83e\uDE9d hook"`: "🪝 hook",
		`"\\ud83e\\ude9d"`:    `\ud83e\ude9d`,
		`"\\\ud83e\ude9d"`:    `\🪝`,
		`"\u00fc\n\"\/"`:      "", // no name: it has a line break
		`"\u00fc\"\/🪝"`:       `ü"/🪝`,
	} {
		m, err := Parse([]Source{{"a.json", []byte(strings.Replace(manifest, "NAME", name, 1))}}, environment(nil))
		switch {
		case want == "" && err == nil:
			t.Errorf("%s: taken", name)
		case want != "" && (err != nil || m.Webhooks[0].Name != want):
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	for _, half := range []string{`"\ud83e"`, `"\ude9d\ud83e"`} {
		if _, err := Parse([]Source{{"a.json", []byte(strings.Replace(manifest, "NAME", half, 1))}}, environment(nil)); err == nil {
			t.Errorf("%s: half a character is taken", half)
		}
	}
}
