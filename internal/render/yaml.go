package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/pattern"
	"github.com/hookctl/hookctl/internal/term"
)

// appendYAML adds doc, one JSON document, as YAML. The elements of a list go
// one by one, since the library needs a thousand times the memory of what it
// writes.
func appendYAML(b *bytes.Buffer, doc []byte) error {
	if ok, err := appendOwnYAML(b, doc); ok || err != nil {
		return err
	}
	list, err := elements(doc)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(doc, []byte("[")) || len(list) == 0 {
		return appendYAMLDocument(b, doc)
	}
	for _, item := range list {
		if err := appendYAMLDocument(b, slices.Concat([]byte("["), item, []byte("]"))); err != nil {
			return err
		}
	}
	return nil
}

// appendYAMLDocument goes by tokens rather than through maps and floats: keys
// keep their order and numbers their text.
func appendYAMLDocument(b *bytes.Buffer, doc []byte) error {
	if ok, err := appendOwnYAML(b, doc); ok || err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	node, err := yamlNode(d)
	if err != nil {
		return fault.Errorf(fault.Other, "cannot write the output as YAML: %w", err)
	}
	return appendYAMLNode(b, node)
}

func appendYAMLNode(b *bytes.Buffer, node *yaml.Node) error {
	text, err := encodeYAML(node)
	appendSafeYAML(b, text)
	return err
}

func encodeYAML(node *yaml.Node) ([]byte, error) {
	var raw bytes.Buffer
	e := yaml.NewEncoder(&raw)
	e.SetIndent(2)
	err := e.Encode(node)
	if err == nil {
		err = e.Close()
	}
	if err != nil {
		return nil, fault.Errorf(fault.Other, "cannot write the output as YAML: %w", err)
	}
	return raw.Bytes(), nil
}

// yamlOfText is a JSON string as an element of a list, without the hyphen.
func yamlOfText(quoted []byte) ([]byte, error) {
	node, err := yamlNode(json.NewDecoder(bytes.NewReader(quoted)))
	if err != nil {
		return nil, err
	}
	text, err := encodeYAML(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{node}})
	return bytes.TrimPrefix(text, []byte("- ")), err
}

// appendSafeYAML adds whole lines. The library prints most invisible characters as
// they are, and commands for CI runners. Strings that have one are double-quoted (see
// yamlString), where JSON's escapes mean the same.
func appendSafeYAML(b *bytes.Buffer, lines []byte) {
	for line := range bytes.Lines(lines) {
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		b.Write(term.BreakJSON(escapeYAML(text)))
		if ended {
			b.WriteByte('\n')
		}
	}
}

// escapeYAML is escape with YAML's form of the characters beyond U+FFFF: it
// does not know surrogate pairs.
func escapeYAML(text []byte) []byte {
	if !bytes.ContainsFunc(text, term.Hidden) {
		return text
	}
	var out []byte
	for _, r := range string(text) {
		switch {
		case !term.Hidden(r):
			out = append(out, string(r)...)
		case r > 0xffff:
			out = fmt.Appendf(out, `\U%08X`, r)
		default:
			out = fmt.Appendf(out, `\u%04X`, r)
		}
	}
	return out
}

func yamlNode(d *json.Decoder) (*yaml.Node, error) {
	tok, err := d.Token()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	switch tok := tok.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		if tok == '{' {
			n.Kind = yaml.MappingNode
		}
		for d.More() {
			child, err := yamlNode(d)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, child)
		}
		if len(n.Content) == 0 {
			n.Style = yaml.FlowStyle // [] and {}: block style has no empty form
		}
		_, err := d.Token() // the closing one
		return n, err
	case string:
		return yamlString(tok), nil
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: tok.String()}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(tok)}, nil
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: "null"}, nil
	}
}

// old matches plain scalars that YAML 1.1 readers take for a boolean or a
// number to the base of 60, and the library does not quote by itself.
var old = pattern.Of(`^(?i:y|n|yes|no|on|off|=|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)$`)

func yamlString(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	lines := strings.Split(s, "\n")
	switch {
	case strings.ContainsFunc(strings.ReplaceAll(s, "\n", ""), term.Hidden), old().MatchString(s), term.HasCommand(s):
		n.Style = yaml.DoubleQuotedStyle
	case len(lines) > 1:
		// A literal block is kept for text that reads well as one; leading white
		// space and blank ends need indicators that readers disagree on.
		n.Style = yaml.LiteralStyle
		if strings.TrimSpace(lines[0]) == "" || strings.HasPrefix(s, " ") || strings.HasSuffix(s, "\n\n") || strings.HasSuffix(s, " ") {
			n.Style = yaml.DoubleQuotedStyle
		}
	}
	return n
}
