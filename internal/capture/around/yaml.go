package around

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/pattern"
)

// largestYAML is how large a document may be: its tree takes many times as much.
const largestYAML = 4 << 20

// entry is where an entry of a list begins.
var entry = pattern.Of(`\n *- `)

// document finds YAML, as tools that record requests write it: blocks of names and
// values, a signature header among the names. Each document is a JSON text.
func document(head []byte, names []string) (l Layer, ok bool) {
	if _, seen := recorded.FirstSeen(head, names); !seen || !bytes.Contains(head, []byte("headers:")) {
		return l, false
	}
	if len(head) >= recorded.HeadStep { // of a longer one the last entry may be cut off
		first := entry().FindIndex(head)
		if first == nil {
			return l, false
		}
		head = head[:bytes.LastIndex(head, head[first[0]:first[1]])+1]
	}
	found := false
	signed := func(n *yaml.Node) bool {
		return slices.ContainsFunc(names, func(name string) bool { return recorded.SameName(strings.ReplaceAll(n.Value, "_", "-"), name) })
	}
	out := fromYAML(head, names, func(n *yaml.Node, depth int) bool {
		found = found || signed(n)
		if n.Kind != yaml.MappingNode || n.Style&yaml.FlowStyle == 0 || len(n.Content) == 0 {
			return true
		}
		// Else it is JSON, or a print of a program.
		return depth > 1 && !slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return c.Style&yaml.DoubleQuotedStyle != 0 || signed(c) })
	})
	if out == nil || !found {
		return l, false
	}
	return Layer{Sure: true, Note: "it is YAML, and was read as the same JSON", lines: func(bool) func([]byte) []byte {
		var text []byte
		size := 0
		return func(line []byte) (out []byte) {
			size += len(line)
			if text = append(text, line...); line != nil && size <= largestYAML {
				return nil
			}
			if size <= largestYAML {
				out = fromYAML(text, names, func(*yaml.Node, int) bool { return true })
			}
			if out == nil {
				out = text
			}
			text = nil
			return out
		}
	}}, true
}

// fromYAML is the documents of a text as JSON; nil where it is not YAML, a node is not
// as it should be, or a signature stands in a comment.
func fromYAML(text []byte, names []string, is func(n *yaml.Node, depth int) bool) (out []byte) {
	c := converter{is: is, left: 8*len(text) + recorded.HeadStep, ok: true}
	for d := yaml.NewDecoder(bytes.NewReader(text)); c.ok; {
		var doc yaml.Node
		if err := d.Decode(&doc); err != nil {
			c.ok = err == io.EOF
			break
		}
		if root := doc.Content; len(root) != 1 || root[0].Kind == yaml.ScalarNode {
			return nil
		}
		c.node(doc.Content[0], 0)
		c.add("\n")
	}
	if !c.ok || !keeps(text, c.out, names) {
		return nil
	}
	return c.out
}

// converter writes nodes as JSON.
type converter struct {
	is   func(n *yaml.Node, depth int) bool
	out  []byte
	left int // bytes: aliases may stand for any number
	ok   bool
}

// deepestYAML is how deep nodes may be: one can stand in itself by its alias.
const deepestYAML = 100

func (c *converter) add(text string) {
	if c.left -= len(text); c.left < 0 {
		c.ok = false
		return
	}
	c.out = append(c.out, text...)
}

func (c *converter) node(n *yaml.Node, depth int) {
	if c.ok = c.ok && depth < deepestYAML && c.is(n, depth); !c.ok {
		return
	}
	switch n.Kind {
	case yaml.AliasNode:
		c.node(n.Alias, depth+1)
	case yaml.ScalarNode:
		c.add(string(scalar(n)))
	case yaml.SequenceNode:
		c.add("[")
		for i, e := range n.Content {
			if i > 0 {
				c.add(",")
			}
			c.node(e, depth+1)
		}
		c.add("]")
	case yaml.MappingNode:
		c.add("{\n") // it is no line of a log
		first := true
		for key, value := range c.members(n, map[string]bool{}, depth) {
			if !first {
				c.add(",")
			}
			first = false
			if c.is(key, depth+1) {
				c.add(string(jsontext.Quote(key.Value)) + ":")
			}
			c.node(value, depth+1)
		}
		c.add("}")
	default:
		c.ok = false
	}
}

// members are those of a mapping, and behind them those of the ones merged into it
// ("<<") that have no name of had.
func (c *converter) members(n *yaml.Node, had map[string]bool, depth int) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		var merged []*yaml.Node
		own := map[string]bool{}
		for i := 0; c.ok && i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			c.left--
			c.ok = c.left >= 0
			switch {
			case key.Tag == "!!merge" && value.Kind == yaml.SequenceNode:
				merged = append(merged, value.Content...)
			case key.Tag == "!!merge":
				merged = append(merged, value)
			case !had[key.Value]:
				if own[key.Value] = true; !yield(key, value) {
					return
				}
			}
		}
		maps.Copy(had, own)
		for _, m := range merged {
			if m.Kind == yaml.AliasNode {
				m = m.Alias
			}
			if c.ok = c.ok && m.Kind == yaml.MappingNode && depth < deepestYAML; !c.ok {
				return
			}
			for key, value := range c.members(m, had, depth+1) {
				if !yield(key, value) {
					return
				}
			}
		}
	}
}

// scalar is a value as JSON: text, unless YAML takes it for something that JSON has.
func scalar(n *yaml.Node) []byte {
	switch n.Tag {
	case "!!null":
		return []byte("null")
	case "!!bool", "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return []byte(n.Value)
		}
	case "!!binary":
		if b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), "")); err == nil {
			return buffer(b)
		}
	}
	return jsontext.Quote(n.Value)
}
