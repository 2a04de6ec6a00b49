package config

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
)

// Set writes one setting to the file, into the current profile where the key
// is per profile, keeping the rest of the text (comments included), durably
// and with mode 0600. The value is checked first. Flags and environment
// variables still win over what the file says.
func (c *Config) Set(key, value string) error {
	k, err := c.key(key)
	if err != nil {
		return err
	}
	if err := k.check(value); err != nil {
		return fault.Errorf(fault.Usage, "%s: %w", key, err)
	}
	return c.edit(k.path(c.Profile()), &value)
}

// Unset removes one setting from the file, from the current profile where the
// key is per profile. Removing what is not there is no error.
func (c *Config) Unset(key string) error {
	k, err := c.key(key)
	if err != nil {
		return err
	}
	return c.edit(k.path(c.Profile()), nil)
}

var errUnchanged = errors.New("unchanged")

// edit changes or removes the value at path in the file and loads the result.
func (c *Config) edit(path []string, value *string) error {
	if value != nil && (!utf8.ValidString(*value) || strings.ContainsFunc(*value, unicode.IsControl)) {
		return fault.Usagef("%s: the value is not one line of UTF-8 text", path[len(path)-1])
	}
	if value == nil && c.file.empty() {
		return nil
	}
	return c.change(func(old []byte) ([]byte, error) { return editText(c.Path(), old, path, value) })
}

// change rewrites the file with what do makes of its text, and loads the
// result.
func (c *Config) change(do func(old []byte) ([]byte, error)) error {
	if c.in.Dir == "" {
		return secret.NoPlace()
	}
	if err := c.in.Disk.Or().MakeDir(c.in.Dir); err != nil {
		return fault.Errorf(fault.Other, "the settings cannot be written: %w", err).WithHint("choose another directory with --config")
	}
	err := secret.UpdateFile(context.Background(), c.in.Disk, c.Path(), func(old []byte) ([]byte, error) {
		// Read again: another process may have changed the file since.
		if _, err := parseFile(c.Path(), old, c.in.Keys); err != nil {
			return nil, err
		}
		edited, err := do(old)
		switch {
		case err != nil:
			return nil, err
		case bytes.Equal(old, edited):
			return nil, errUnchanged
		}
		// Nothing is written that could not be read again.
		_, err = parseFile(c.Path(), edited, c.in.Keys)
		return edited, err
	})
	if err != nil && !errors.Is(err, errUnchanged) {
		return err
	}
	return c.load()
}

func (f *file) empty() bool {
	return f.current.value == "" && len(f.top) == 0 && len(f.profiles) == 0
}

// editText sets the value at path, or removes what is there if value is nil. It works on
// the text, so that nothing else changes by a byte, and reads the result to
// see whether it says what it should. Where the text is laid out in a way that
// this does not know, the tree is edited and printed: comments stay, spacing
// may not.
func editText(name string, text []byte, path []string, value *string) ([]byte, error) {
	mark := ""
	if bytes.HasPrefix(text, []byte(byteOrderMark)) {
		mark = byteOrderMark
	}
	root, err := parseTree(name, text)
	if err != nil {
		return nil, err
	}
	old := string(text[len(mark):])
	want := leaves(root)
	if value == nil {
		at := join(path)
		maps.DeleteFunc(want, func(k, _ string) bool { return k == at || strings.HasPrefix(k, at+"\x00") })
	} else {
		want[join(path)] = *value
	}
	for _, edit := range []func(string, *yaml.Node, []string, *string) (string, bool){editLines, editTree} {
		edited, ok := edit(old, root, path, value)
		if !ok {
			continue
		}
		got, err := parseTree(name, []byte(edited))
		if err == nil && maps.Equal(want, leaves(got)) {
			return []byte(mark + edited), nil
		}
	}
	return nil, fault.Errorf(fault.Other, "%s is laid out in a way that cannot be edited safely", name).
		WithHint("change it by hand; it was left as it is")
}

func join(path []string) string { return strings.Join(path, "\x00") }

// leaves are the scalars under n, by path.
func leaves(n *yaml.Node) map[string]string {
	found := map[string]string{}
	var walk func(n *yaml.Node, path []string)
	walk = func(n *yaml.Node, path []string) {
		switch {
		case n == nil:
		case n.Kind == yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				walk(n.Content[i+1], append(slices.Clone(path), n.Content[i].Value))
			}
		case n.Kind == yaml.ScalarNode && n.Tag != "!!null":
			found[join(path)] = n.Value
		}
	}
	walk(n, nil)
	return found
}

// find descends along path and returns the innermost mapping (or the null in
// the place of one) that exists, the key that led to it, and how far it came.
func find(root *yaml.Node, path []string) (parent, key *yaml.Node, index, depth int) {
	parent = root
	for depth = range path {
		index = -1
		for i := 0; i+1 < len(parent.Content) && parent.Kind == yaml.MappingNode; i += 2 {
			if parent.Content[i].Value == path[depth] {
				index = i
			}
		}
		if index < 0 || depth == len(path)-1 {
			return parent, key, index, depth
		}
		key, parent = parent.Content[index], parent.Content[index+1]
	}
	return parent, key, index, depth
}

// editLines edits the text itself. It reports false for a layout that it does
// not know.
func editLines(text string, root *yaml.Node, path []string, value *string) (string, bool) {
	t := newLayout(text)
	if root == nil {
		if value == nil {
			return text, true
		}
		return t.insertAfter(t.lineCount(), t.block(path, *value, 0)), true
	}
	parent, key, index, depth := find(root, path)
	switch {
	case index >= 0 && value == nil:
		return t.remove(parent, index)
	case index >= 0:
		begin, end, ok := t.span(parent.Content[index+1])
		if !ok {
			return "", false
		}
		return text[:begin] + scalar(*value) + text[end:], true
	case value == nil:
		return text, true
	case parent.Kind != yaml.MappingNode: // "name:" with nothing after it
		if parent.Value != "" {
			return "", false
		}
		return t.insertAfter(key.Line, t.block(path[depth:], *value, key.Column+1)), true
	case parent.Style&yaml.FlowStyle != 0:
		if len(parent.Content) == 0 {
			begin := t.offset(parent)
			if begin < 0 || !strings.HasPrefix(text[begin:], "{") {
				return "", false
			}
			return text[:begin+1] + flow(path[depth:], *value) + text[begin+1:], true
		}
		_, end, ok := t.span(parent.Content[len(parent.Content)-1])
		if !ok {
			return "", false
		}
		return text[:end] + ", " + flow(path[depth:], *value) + text[end:], true
	default:
		return t.insertAfter(lastLine(parent), t.block(path[depth:], *value, parent.Content[0].Column-1)), true
	}
}

// flow is the value at path in braces' style, without the outermost braces.
func flow(path []string, value string) string {
	if len(path) == 1 {
		return path[0] + ": " + scalar(value)
	}
	return path[0] + ": {" + flow(path[1:], value) + "}"
}

// lastLine is the line on which the last part of n begins.
func lastLine(n *yaml.Node) int {
	last := n.Line
	for _, child := range n.Content {
		last = max(last, lastLine(child))
	}
	return last
}

// safe matches text that YAML reads as itself without quotes, in braces too.
var safe = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9/][A-Za-z0-9_./@%+=-]*(:[A-Za-z0-9_./@%+=-]+)*$`)
})

// scalar is value as YAML.
func scalar(value string) string {
	switch {
	case strings.EqualFold(value, "null"):
	case safe().MatchString(value):
		return value
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil { // no string fails
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// editTree edits the parsed tree and prints it.
func editTree(text string, root *yaml.Node, path []string, value *string) (string, bool) {
	if root == nil || root.Kind != yaml.MappingNode {
		return "", false
	}
	parent, _, index, depth := find(root, path)
	switch {
	case index >= 0 && value == nil:
		parent.Content = slices.Delete(parent.Content, index, index+2)
	case index >= 0:
		v := parent.Content[index+1]
		*v = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: *value, LineComment: v.LineComment, HeadComment: v.HeadComment, FootComment: v.FootComment}
	case value == nil:
		return text, true
	default:
		if parent.Kind != yaml.MappingNode {
			*parent = yaml.Node{Kind: yaml.MappingNode}
		}
		child := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: *value}
		for _, name := range slices.Backward(path[depth+1:]) {
			child = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: name}, child}}
		}
		parent.Content = append(parent.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: path[depth]}, child)
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(root), e.Close()); err != nil {
		return "", false
	}
	return b.String(), true
}
