package apply

import (
	"encoding/json"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hookctl/hookctl/internal/pattern"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// maxExpanded bounds a text whose ${NAME} are filled in, in bytes.
const maxExpanded = 8 << 10

// isCredential reports whether a member of auth must come from the environment:
// all but those that are known to be none.
func isCredential(member string) bool { return member != "header" && member != "username" }

// auth reads how the provider shall authenticate. No message quotes a value.
func (p *parser) auth(n *yaml.Node, d *provider.Driver) *Auth {
	members, ok := p.mapping(n, "auth", nil)
	if !ok {
		return nil
	}
	kindNode, ok := members["type"]
	if !ok {
		p.fail(n, "auth needs a type: one of %s", strings.Join(d.AuthTypes, ", "))
		return nil
	}
	kind, ok := p.text(kindNode, "type")
	if !ok {
		return nil
	}
	if !slices.Contains(d.AuthTypes, kind) {
		p.fail(kindNode, "unknown auth type; use one of %s", strings.Join(d.AuthTypes, ", "))
		return nil
	}
	delete(members, "type")
	data := map[string]string{}
	for _, name := range d.AuthMembers[kind] {
		v, ok := members[name]
		if !ok {
			p.fail(n, "auth of the type %s needs %s", kind, name)
			continue
		}
		delete(members, name)
		data[name] = p.authValue(v, kind, name)
	}
	for i := 0; i < len(n.Content); i += 2 {
		if name := n.Content[i].Value; members[name] != nil {
			p.fail(n.Content[i], "auth of the type %s does not take %q", kind, name)
		}
	}
	if len(data) == 0 {
		return &Auth{Type: kind}
	}
	// encoding/json sorts the members: the same data is the same text.
	text, err := json.Marshal(data)
	if err != nil {
		p.fail(n, "cannot write auth as JSON: %v", err)
		return nil
	}
	return &Auth{Type: kind, Data: secret.New(string(text))}
}

func (p *parser) authValue(n *yaml.Node, kind, member string) string {
	if n.Kind == yaml.ScalarNode && n.Tag != "!!str" && isCredential(member) {
		p.fail(n, "%s must be ${NAME}, an environment variable", member) // without the value
		return ""
	}
	text, ok := p.text(n, member)
	if !ok {
		return ""
	}
	if isCredential(member) && !wholeVariable().MatchString(text) {
		p.fail(n, "%s must be only ${NAME}: a manifest must not contain a credential", member)
		return ""
	}
	field := "auth " + kind
	if member != "value" {
		field += " " + member
	}
	return p.expand(n, field, text)
}

const variableName = `[A-Za-z_][A-Za-z0-9_]*`

var (
	wholeVariable = pattern.Of(`^\$\{` + variableName + `\}$`)
	reference     = pattern.Of(`\$?\$\{(?:` + variableName + `\})?`)
)

// expand fills in ${NAME}, for a field as [Reach] names it. What is not set is a
// fault, and so is what is empty. What is not allowed to leave is not read; in a
// review it stays as it is.
func (p *parser) expand(n *yaml.Node, field, text string) string {
	var b strings.Builder
	for at := reference().FindStringIndex(text); at != nil && b.Len() <= maxExpanded; at = reference().FindStringIndex(text) {
		b.WriteString(text[:at[0]])
		word := text[at[0]:at[1]]
		text = text[at[1]:]
		switch {
		case strings.HasPrefix(word, "$${"):
			b.WriteString(word[1:])
		case word == "${":
			p.fail(n, "write the name of an environment variable between ${ and }; for a literal ${ write $${")
		default:
			name := word[2 : len(word)-1]
			if p.own(name) {
				p.fail(n, "%s is one of hookctl's own credentials, which must not be sent to a webhook's endpoint", name)
				return ""
			}
			if !p.does(Reach{At: p.at(n), Does: Sends, Field: field, Variable: name}) {
				key, _, _ := strings.Cut(field, " ")
				p.unread[key] = true
				b.WriteString(word)
				break
			}
			value := p.o.Getenv(name)
			if value == "" {
				p.fail(n, "the environment variable %s is not set", name)
			}
			b.WriteString(value)
		}
		if b.Len() > maxExpanded {
			p.fail(n, "longer than %d bytes after the variables are replaced", maxExpanded)
		}
	}
	b.WriteString(text)
	return b.String()
}

// own reports whether an environment variable holds a secret of an account, for
// hookctl or, without its prefix, for an application: a manifest is somebody's
// text, and what it says is sent elsewhere. Windows folds the case of names.
func (p *parser) own(variable string) bool {
	return slices.ContainsFunc(p.o.Drivers, func(d *provider.Driver) bool {
		return slices.ContainsFunc(d.Credentials, func(f provider.Field) bool {
			return f.Secret && slices.ContainsFunc(f.Env, func(name string) bool {
				return strings.EqualFold(name, variable) || strings.EqualFold(name, "HOOKCTL_"+variable)
			})
		})
	})
}
