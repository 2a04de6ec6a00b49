package config

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// Set writes one setting to the file, into the current profile where the key
// is per profile, keeping the rest of it (comments included), durably and with
// mode 0600. The value is checked first. Flags and environment variables still
// win over what the file says.
func (c *Config) Set(key, value string) error {
	k, err := c.key(key)
	if err != nil {
		return err
	}
	if err := k.check(value); err != nil {
		return fault.Errorf(fault.Usage, "%s: %w", key, err)
	}
	return c.edit(k.path(c.Profile()), value)
}

// Unset removes one setting from the file, from the current profile where the
// key is per profile. Removing what is not there is no error.
func (c *Config) Unset(key string) error {
	k, err := c.key(key)
	if err != nil {
		return err
	}
	return c.remove(k.path(c.Profile()))
}

var errUnchanged = errors.New("unchanged")

// edit sets the value at path in the file and loads the result.
func (c *Config) edit(path []string, value string) error {
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return fault.Usagef("%s: the value is not one line of UTF-8 text", path[len(path)-1])
	}
	return c.change(func(_ *file, root *yaml.Node) bool { return put(root, path, text(value)) })
}

// remove takes what stands at path out of the file and loads the result.
func (c *Config) remove(path []string) error {
	if c.file.empty() {
		return nil
	}
	return c.change(func(_ *file, root *yaml.Node) bool { return put(root, path, nil) })
}

// change lets edit change the file's mapping, writes it if edit reports that it did,
// and loads the result. Comments stay; blank lines, indentation and the lines of a
// value may not.
func (c *Config) change(edit func(f *file, root *yaml.Node) bool) error {
	if c.in.Dir == "" {
		return durable.NoPlace()
	}
	if err := c.in.Disk.Or().MakeDir(c.in.Dir); err != nil {
		return fault.Errorf(fault.Other, "cannot write the settings: %w", err).WithHint("choose another directory with --config")
	}
	real, err := durable.TrustedFile(c.Path(), durable.ChooseConfig)
	if err != nil {
		return fault.Errorf(fault.KindOf(err), "cannot write the settings: %w", err).With(fault.HintOf(err))
	}
	err = c.in.Disk.Or().UpdateFile(context.Background(), real, func(old []byte) ([]byte, error) {
		// Read again: another process may have changed the file since.
		doc, f, err := parseFile(c.Path(), old, c.in.Keys)
		if err != nil {
			return nil, err
		}
		inline(doc)
		same, err := encode(doc)
		if err != nil {
			return nil, err
		}
		if !edit(f, doc.Content[0]) {
			return nil, errUnchanged
		}
		edited, err := encode(doc)
		// The parser has no place for some comments, and the writer not for all of them.
		for _, lost := range missing(append(missing(comments(old), same), noted(doc)...), edited) {
			edited = append(edited, lost+"\n"...)
		}
		if err == nil {
			// Nothing is written that could not be read again.
			_, _, err = parseFile(c.Path(), edited, c.in.Keys)
		}
		return edited, err
	})
	if err != nil && !errors.Is(err, errUnchanged) {
		return err
	}
	return c.load()
}

// missing is those of the comments that text has not got, each once.
func missing(all []string, text []byte) (out []string) {
	there := comments(text)
	for _, c := range all {
		if !slices.Contains(there, c) && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// noted are the comments of n and what is below it.
func noted(n *yaml.Node) []string {
	all := comments([]byte(n.HeadComment + "\n" + n.LineComment + "\n" + n.FootComment))
	for _, below := range n.Content {
		all = append(all, noted(below)...)
	}
	return all
}

// comments are the comments of a document, without the spaces around them: from
// each # on that begins a word, outside quotes and blocks of text.
func comments(text []byte) (all []string) {
	var (
		quote  byte // that is open
		depth  int  // of braces and brackets
		plain  bool // in a name or value without quotes
		block  bool // in the lines of a value that | or > begins
		indent int  // of the line that name and value begin in; theirs go on in deeper ones
	)
	text = append(bytes.ReplaceAll(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\r"), []byte("\n")), '\n')
	for line := range bytes.Lines(text) {
		in := len(line) - len(bytes.TrimLeft(line, " "))
		if line[in] == '\n' || block && in > indent {
			continue
		}
		if block = false; quote == 0 && depth == 0 && !(plain && in > indent) {
			plain, indent = false, in
		}
		for i := 0; i < len(line)-1; i++ {
			switch c, next := line[i], line[i+1]; {
			case quote == '"' && c == '\\', quote == '\'' && c == quote && next == quote:
				i++
			case c == quote:
				quote = 0
			case quote != 0, isSpace(c):
			case c == '#' && (i == 0 || isSpace(line[i-1])):
				all = append(all, string(bytes.TrimSpace(line[i:])))
				plain, i = false, len(line)
			case c == ':' && (!plain || isSpace(next) || depth > 0 && strings.IndexByte(",[]{}", next) >= 0), c == ',' && depth > 0:
				plain = false
			case depth > 0 && (c == ']' || c == '}'):
				plain, depth = false, depth-1
			case !plain && (c == '[' || c == '{'):
				depth++
			case !plain && (c == '"' || c == '\''):
				quote = c
			case !plain && (c == '|' || c == '>'):
				block = true
			default:
				plain = plain || c != '-' && c != '?' || !isSpace(next) && next != '-'
			}
		}
	}
	return all
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

func (f *file) empty() bool {
	return f.current.value == "" && len(f.top) == 0 && len(f.profiles) == 0
}

// put sets what stands at path below the mapping n, or removes it where value is
// nil, and reports whether that changes anything.
func put(n *yaml.Node, path []string, value *yaml.Node) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, old := n.Content[i], n.Content[i+1]
		switch {
		case key.Value != path[0]:
			continue
		case len(path) > 1:
			return put(old, path[1:], value)
		case value == nil:
			n.Content = slices.Delete(n.Content, i, i+2)
			heir := n // of the comments before and behind it
			if len(n.Content) > 0 {
				heir = n.Content[min(i, len(n.Content)-2)]
			} else if n.Style&yaml.FlowStyle == 0 {
				n.Kind, n.Tag = yaml.ScalarNode, "!!null" // "name:" with nothing after it
			}
			own := ""
			if old.HeadComment+old.FootComment != "" {
				own = old.HeadComment + "\n" + old.FootComment + "\n"
			}
			heir.HeadComment = strings.Trim(key.HeadComment+"\n"+own+key.FootComment+"\n"+heir.HeadComment, "\n")
			return true
		case old.Kind == value.Kind && old.Value == value.Value:
			return false
		}
		value.HeadComment, value.LineComment, value.FootComment = old.HeadComment, old.LineComment, old.FootComment
		n.Content[i+1] = value
		return true
	}
	if value == nil {
		return false
	}
	if len(path) > 1 {
		group := &yaml.Node{Kind: yaml.MappingNode}
		put(group, path[1:], value)
		value = group
	}
	if len(n.Content) == 0 { // as above, or {}
		n.Kind, n.Tag, n.Value, n.Style = yaml.MappingNode, "", "", 0
	}
	if n.Style&yaml.FlowStyle != 0 && value.Kind == yaml.ScalarNode && value.Tag == "!!null" {
		value = &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle} // in braces, "name:" is an empty text
	}
	n.Content = append(n.Content, text(path[0]), value)
	return true
}

// text is a node for a name or a value.
func text(s string) *yaml.Node {
	n := null()
	n.Value, n.Tag = s, ""
	if n.ShortTag() == "!!null" {
		n.Tag = "!!str" // in quotes
	}
	return n
}

func null() *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"} }

// inline puts blocks of text into quotes: written as they are, some would get more
// line ends.
func inline(n *yaml.Node) {
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, below := range n.Content {
		inline(below)
	}
}

func encode(doc *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	err := errors.Join(e.Encode(doc), e.Close())
	text := b.Bytes()
	if doc.Content[0].Kind == yaml.ScalarNode { // nothing but comments, if any
		text = bytes.TrimLeft(append(bytes.TrimRight(text, "\n"), '\n'), "\n")
	}
	return text, err
}
