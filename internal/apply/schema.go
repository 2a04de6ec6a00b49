package apply

import (
	"encoding/json"
	"strings"

	"github.com/hookctl/hookctl/internal/provider"
)

// Key is one key of a mapping in a manifest. These lists are what the parser
// allows, what the schema says, and what the documentation is checked against.
type Key struct {
	Name     string
	Meaning  string
	Required bool
	schema   func(drivers []*provider.Driver) object
}

// object is a JSON Schema; encoding/json writes its members in the order of
// their names.
type object map[string]any

var documentKeys = []Key{
	{"version", "the version of this format, 1", true, func([]*provider.Driver) object { return object{"const": formatVersion} }},
	{"defaults", "defaults for all webhooks of this document; a provider ignores those that it does not have", false, nil},
	{"webhooks", "the list of webhooks, which may be empty", true, nil},
}

var defaultKeys = []Key{providerKey, eventsKey, timeoutKey, authKey, secretToKey, unknownKey}

var webhookKeys = []Key{
	providerKey,
	{"name", "Zyntro's wh_name (required there), WundertreOS's description; the webhook is found by it", false, nonEmpty},
	{"id", "the provider's id, if several webhooks have the same name and URL", false, nonEmpty},
	{"url", "where the provider sends its events; ${NAME} is replaced from the environment", true, nonEmpty},
	eventsKey, timeoutKey, authKey, secretToKey, unknownKey,
}

// Required is not set in keys that defaults may give.
var (
	providerKey = Key{"provider", "the provider of the webhook", false, func(drivers []*provider.Driver) object {
		var names []string
		for _, d := range drivers {
			names = append(names, d.Name)
			names = append(names, d.Aliases...)
		}
		return object{"enum": names}
	}}
	eventsKey = Key{"events", "slugs of events, globs such as \"invoice_*\", or all", false, func([]*provider.Driver) object {
		return object{"type": "array", "minItems": 1, "items": object{"type": "string", "minLength": 1}}
	}}
	timeoutKey = Key{"timeout", "how long the provider waits for the endpoint, in seconds (Zyntro)", false, func([]*provider.Driver) object {
		return object{"type": "integer", "minimum": 1}
	}}
	authKey     = Key{"auth", "how the provider authenticates to the endpoint (Zyntro); credentials only as ${NAME}", false, authSchema}
	secretToKey = Key{"secret_to", "where a new secret goes in addition to the store: sinks; {{.Name}}, {{.Provider}} and {{.ID}} are replaced", false, func([]*provider.Driver) object {
		return object{"type": "array", "maxItems": maxSinks, "items": object{"type": "string", "minLength": 1}}
	}}
	unknownKey = Key{"allow_unknown_events", "send events that are not in the catalogue", false, func([]*provider.Driver) object {
		return object{"type": "boolean"}
	}}
)

func nonEmpty([]*provider.Driver) object { return object{"type": "string", "minLength": 1} }

// authSchema is one alternative for each type.
func authSchema(drivers []*provider.Driver) object {
	var kinds []any
	for _, d := range drivers {
		for _, kind := range d.AuthTypes {
			members := object{"type": object{"const": kind}}
			required := append([]string{"type"}, d.AuthMembers[kind]...)
			for _, name := range d.AuthMembers[kind] {
				members[name] = object{"type": "string", "minLength": 1}
				if isCredential(name) {
					members[name] = object{"type": "string", "pattern": wholeVariable().String()}
				}
			}
			kinds = append(kinds, object{"type": "object", "properties": members, "required": required, "additionalProperties": false})
		}
	}
	return object{"oneOf": kinds}
}

// Schema is the JSON Schema of a manifest's document, for editors. It is laxer
// than hookctl, which also knows the events and the providers' own rules.
func Schema(drivers []*provider.Driver) ([]byte, error) {
	webhook := mappingSchema(webhookKeys, drivers)
	var lacks []any
	for _, d := range drivers {
		not := object{}
		for _, key := range []string{"timeout", "auth"} {
			if !takes(d, key) {
				not[key] = false
			}
		}
		rule := object{"properties": not}
		if d.NameRequired {
			rule["required"] = []string{"name"}
		}
		names := append([]string{d.Name}, d.Aliases...)
		lacks = append(lacks, object{
			"if":   object{"properties": object{"provider": object{"enum": names}}, "required": []string{"provider"}},
			"then": rule,
		})
	}
	webhook["allOf"] = lacks
	document := mappingSchema(documentKeys, drivers)
	properties := document["properties"].(object)
	set := func(key string, to object) {
		to["description"] = properties[key].(object)["description"]
		properties[key] = to
	}
	set("defaults", mappingSchema(defaultKeys, drivers))
	set("webhooks", object{"type": "array", "items": webhook})
	document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	document["title"] = "hookctl manifest"
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return nil, err
	}
	plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&")
	return []byte(plain.Replace(string(text)) + "\n"), nil
}

func mappingSchema(keys []Key, drivers []*provider.Driver) object {
	properties := object{}
	required := []string{}
	for _, k := range keys {
		member := object{}
		if k.schema != nil {
			member = k.schema(drivers)
		}
		member["description"] = k.Meaning
		properties[k.Name] = member
		if k.Required {
			required = append(required, k.Name)
		}
	}
	return object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}
