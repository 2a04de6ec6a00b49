package apply

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestSchemaIsCommitted compares docs/manifest.schema.json with the code.
func TestSchemaIsCommitted(t *testing.T) {
	t.Parallel()
	want, err := Schema(drivers)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "..", "docs", "manifest.schema.json")
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want) {
		t.Errorf("%s is stale (%v); run: go generate ./cmd/hookctl", file, err)
	}
}

// TestDocumentation looks for every key in docs/manifest.md.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "manifest.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range slices.Concat(documentKeys, defaultKeys, webhookKeys) {
		if !bytes.Contains(page, []byte("`"+k.Name+"`")) {
			t.Errorf("docs/manifest.md does not name %s", k.Name)
		}
	}
	// Its examples are manifests.
	_, rest, found := strings.Cut(string(page), "```yaml\n")
	for n := 0; found; n++ {
		var text string
		text, rest, _ = strings.Cut(rest, "```")
		if _, err := Parse([]Source{{fmt.Sprint("example ", n+1), []byte(text)}}, environment(map[string]string{"CRM_TOKEN": "t", "HOOKS_HOST": "h.test"})); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		_, rest, found = strings.Cut(rest, "```yaml\n")
	}
}

// TestSchemaAgrees has the schema and the parser judge the same manifests.
func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	text, err := Schema(drivers)
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	wunder := strings.Replace(oneHook, "provider: zyntro, events: [new_contact]", "events: [deal.created]", 1) + "  provider: wundertreos\n"
	for text, ok := range map[string]bool{
		oneHook:                          true,
		wunder:                           true,
		exportedText:                     true,
		"version: 1\nwebhooks: []":       true,
		"version: 1":                     false,
		"version: 2\nwebhooks: []":       false,
		"version: 1\nwebhooks: {}":       false,
		"webhooks: []":                   false,
		oneHook + "  evnts: []":          false,
		oneHook + "  timeout: 30":        true,
		oneHook + "  timeout: '30'":      false,
		oneHook + "  events: all":        false,
		oneHook + "  events: []":         false,
		oneHook + "  id: 7":              false,
		oneHook + "  provider: nobody":   false,
		oneHook + "  auth: {type: none}": true,
		oneHook + "  auth: {type: bearer, value: '${T}'}":                            true,
		oneHook + "  auth: {type: bearer, value: literal}":                           false,
		oneHook + "  auth: {type: bearer}":                                           false,
		oneHook + "  auth: {type: basic, username: me, password: '${T}'}":            true,
		oneHook + "  auth: {type: basic, username: me, password: '${T}', header: X}": false,
		oneHook + "  auth: {type: oauth}":                                            false,
		oneHook + "  secret_to: ['file:x']":                                          true,
		oneHook + "  secret_to: file:x":                                              false,
		oneHook + "  secret_to: [" + strings.Repeat("'exec:x',", maxSinks+1) + "]":   false,
		wunder + "  timeout: 30":                                                     false,
		wunder + "  auth: {type: none}":                                              false,
		strings.Replace(wunder, "- name: a\n  url", "- url", 1):                      true,
		strings.Replace(oneHook, "- name: a\n  url", "- provider: zyntro\n  url", 1): false,
	} {
		var doc any
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		if why := invalid(schema, doc); (why == "") != ok {
			t.Errorf("the schema says %q of\n%s", why, text)
		}
		_, err := Parse([]Source{{"a.yaml", []byte(text)}}, environment(map[string]string{"T": "t", "CRM_SYNC_AUTH_USERNAME": "u", "CRM_SYNC_AUTH_PASSWORD": "p"}))
		if (err == nil) != ok {
			t.Errorf("the parser says %v of\n%s", err, text)
		}
	}
}

// invalid judges v by the part of JSON Schema that the schema uses: why it is
// refused, or "". A keyword that is not known here is itself a refusal.
func invalid(schema any, v any) string {
	if allowed, ok := schema.(bool); ok {
		if allowed {
			return ""
		}
		return "not allowed"
	}
	s := schema.(map[string]any)
	object, isObject := v.(map[string]any)
	list, isList := v.([]any)
	word, isWord := v.(string)
	for keyword, arg := range s {
		switch keyword {
		case "$schema", "title", "description", "then":
		case "type":
			_, isInt := v.(int)
			_, isBool := v.(bool)
			if !map[string]bool{"object": isObject, "array": isList, "string": isWord, "integer": isInt, "boolean": isBool}[arg.(string)] {
				return fmt.Sprintf("%v is not of the type %v", v, arg)
			}
		case "const":
			if fmt.Sprint(arg) != fmt.Sprint(v) {
				return fmt.Sprintf("%v is not %v", v, arg)
			}
		case "enum":
			found := false
			for _, one := range arg.([]any) {
				found = found || reflect.DeepEqual(one, v)
			}
			if !found {
				return fmt.Sprintf("%v is not one of %v", v, arg)
			}
		case "pattern":
			if isWord && !regexp.MustCompile(arg.(string)).MatchString(word) {
				return "does not match " + arg.(string)
			}
		case "minLength":
			if isWord && len(word) < int(arg.(float64)) {
				return "too short"
			}
		case "minimum":
			if n, ok := v.(int); ok && n < int(arg.(float64)) {
				return "too small"
			}
		case "minItems":
			if isList && len(list) < int(arg.(float64)) {
				return "too few"
			}
		case "maxItems":
			if isList && len(list) > int(arg.(float64)) {
				return "too many"
			}
		case "items":
			for _, one := range list {
				if why := invalid(arg, one); why != "" {
					return why
				}
			}
		case "required":
			for _, name := range arg.([]any) {
				if _, ok := object[name.(string)]; isObject && !ok {
					return fmt.Sprintf("%v is missing", name)
				}
			}
		case "properties":
			for name, inner := range arg.(map[string]any) {
				if have, ok := object[name]; ok {
					if why := invalid(inner, have); why != "" {
						return name + ": " + why
					}
				}
			}
		case "additionalProperties":
			known, _ := s["properties"].(map[string]any)
			for name := range object {
				if known[name] == nil {
					return "unknown " + name
				}
			}
		case "oneOf":
			n := 0
			for _, one := range arg.([]any) {
				if invalid(one, v) == "" {
					n++
				}
			}
			if n != 1 {
				return fmt.Sprintf("%d alternatives fit", n)
			}
		case "allOf":
			for _, one := range arg.([]any) {
				if why := invalid(one, v); why != "" {
					return why
				}
			}
		case "if":
			if invalid(arg, v) == "" {
				if why := invalid(s["then"], v); why != "" {
					return why
				}
			}
		default:
			return "unknown keyword " + keyword
		}
	}
	return ""
}
