package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/pattern"
)

const (
	maxFile     = 1 << 20 // bytes
	maxProblems = 10      // reported at once
)

const (
	loginHint  = "remove it from the file and run: hookctl login <provider>"
	byHandHint = "edit the file to correct it; it was not changed"
	moveHint   = "move it away, or choose another directory with --config"
)

// file is what config.yaml says.
type file struct {
	current  value                       // "profile:"
	top      map[string]value            // settings of the whole program, by key
	profiles []string                    // in the file's order
	byName   map[string]map[string]value // settings of each profile, by key
	keys     map[string]Key
}

type value struct {
	value string
	line  int
}

// settings are the file's settings for one profile; one that the file does not
// know has none of its own.
func (f *file) settings(profile string) map[string]Setting {
	set := map[string]Setting{}
	for _, values := range []map[string]value{f.top, f.byName[profile]} {
		for key, v := range values {
			set[key] = Setting{key, v.value, source(f.keys[key], profile)}
		}
	}
	return set
}

// readText reads the file at path; one that does not exist, as without a path, is
// empty.
func readText(path string) (text []byte, err error) {
	fi, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !fi.Mode().IsRegular() { // a named pipe would wait for ever
		return nil, fault.Usagef("%s is not a regular file", path).WithHint("%s", moveHint)
	}
	var f *os.File
	if err == nil {
		err = durable.Retry(func() error {
			f, err = os.Open(path)
			return err
		})
	}
	if err != nil {
		return nil, fault.Errorf(fault.Other, "cannot read the settings: %w", err).
			WithHint("make your user the file's owner with mode 0600, or choose another directory with --config")
	}
	text, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fault.Errorf(fault.Other, "cannot read the settings: %w", err).WithHint("%s", moveHint)
	}
	return text, nil
}

// parseFile makes sense of text, and returns its document too, which holds one
// mapping. All that is wrong is reported at once.
func parseFile(path string, text []byte, keys []Key) (*yaml.Node, *file, error) {
	doc, err := parseTree(path, text)
	if err != nil {
		return nil, nil, err
	}
	f := &file{top: map[string]value{}, byName: map[string]map[string]value{}, keys: map[string]Key{}}
	for _, k := range keys {
		f.keys[k.Name] = k
	}
	r := &reader{file: f}
	r.root(doc.Content[0])
	return doc, f, r.report(path)
}

// parseTree is the file's document; an empty file is one of nothing. It refuses what
// no settings file needs, before anything expands it.
func parseTree(path string, text []byte) (*yaml.Node, error) {
	switch {
	case len(text) > maxFile:
		return nil, fault.Usagef("%s is larger than %d bytes", path, maxFile).WithHint("%s", moveHint)
	case !utf8.Valid(text):
		return nil, fault.Usagef("%s is not UTF-8 text", path).WithHint("%s", byHandHint)
	}
	// Editors on Windows begin the file with a byte order mark.
	text = bytes.ReplaceAll(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text[:len(text):len(text)], '\n') // without it the parser puts a last comment elsewhere
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) { // there are comments at most
		return &yaml.Node{Kind: yaml.DocumentNode, HeadComment: strings.Join(comments(text), "\n"), Content: []*yaml.Node{null()}}, nil
	}
	if err == nil {
		if err = d.Decode(&more); err == nil {
			return nil, fault.Usagef("%s:%d: a second document begins here, and settings must be one document", path, more.Line).WithHint("%s", byHandHint)
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err != nil {
		return nil, syntaxError(path, err)
	}
	return &doc, nil
}

var yamlLine = pattern.Of(`^yaml: (?:line (\d+): )?`)

// syntaxError gives the parser's message the form of the others.
func syntaxError(path string, err error) error {
	text := err.Error()
	place := path
	if m := yamlLine().FindStringSubmatch(text); m != nil {
		text = strings.TrimPrefix(text, m[0])
		if m[1] != "" {
			place += ":" + m[1]
		}
	}
	return fault.Usagef("%s: not valid YAML: %s", place, text).WithHint("%s", byHandHint)
}

// reader walks the tree and collects what is wrong with it.
type reader struct {
	file     *file
	problems []problem // the first maxProblems
	more     int       // how many there are beyond

	credential bool // one of them is a credential in the wrong place
}

type problem struct {
	line int
	text string
}

func (r *reader) problemf(line int, format string, args ...any) {
	if len(r.problems) == maxProblems {
		r.more++
		return
	}
	r.problems = append(r.problems, problem{line, fmt.Sprintf(format, args...)})
}

func (r *reader) report(path string) error {
	if len(r.problems) == 0 {
		return nil
	}
	var b strings.Builder
	for i, p := range r.problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s:%d: %s", path, p.line, p.text)
	}
	if r.more > 0 {
		fmt.Fprintf(&b, "\nand %d more", r.more)
	}
	hint := byHandHint
	if r.credential {
		hint = loginHint
	}
	return fault.Usagef("%s", b.String()).WithHint("%s", hint)
}

func (r *reader) root(n *yaml.Node) {
	r.mapping(n, "the file", func(key string, k, v *yaml.Node) {
		switch key {
		case "profile":
			if name, ok := r.scalar(key, v); ok {
				if err := CheckProfile(name); err != nil {
					r.problemf(v.Line, "%v", err)
				}
				r.file.current = value{name, v.Line}
			}
		case "profiles":
			r.mapping(v, key, r.profile)
		default:
			r.setting(key, k, v, "")
		}
	})
}

func (r *reader) profile(name string, k, v *yaml.Node) {
	if err := CheckProfile(name); err != nil {
		r.problemf(k.Line, "%v", err)
		return
	}
	r.file.profiles = append(r.file.profiles, name)
	r.file.byName[name] = map[string]value{}
	r.mapping(v, "profile "+name, func(key string, k, v *yaml.Node) { r.setting(key, k, v, name) })
}

// setting reads the key, or the group of keys, that stands at k. Profile is ""
// at the top of the file.
func (r *reader) setting(key string, k, v *yaml.Node, profile string) {
	if declared, ok := r.file.keys[key]; ok {
		r.leaf(declared, k, v, profile)
		return
	}
	for name := range r.file.keys {
		if strings.HasPrefix(name, key+".") {
			r.mapping(v, key, func(member string, k, v *yaml.Node) { r.setting(key+"."+member, k, v, profile) })
			return
		}
	}
	switch near := meant(key, slices.Collect(maps.Values(r.file.keys))); {
	case looksLikeCredential(key, near):
		r.credential = true
		r.problemf(k.Line, "%q: hookctl never stores credentials and secrets in %s", key, fileName)
	case len(near) > 0:
		r.problemf(k.Line, "unknown setting %q: did you mean %s?", key, strings.Join(near, ", "))
	default:
		r.problemf(k.Line, "unknown setting %q", key)
	}
}

func (r *reader) leaf(key Key, k, v *yaml.Node, profile string) {
	switch {
	case key.Profile && profile == "":
		r.problemf(k.Line, "%q belongs to a profile: put it under profiles, in the profile's group", key.Name)
		return
	case !key.Profile && profile != "":
		r.problemf(k.Line, "%q is the same for all profiles: put it at the top of the file", key.Name)
		return
	}
	text, ok := r.scalar(key.Name, v)
	if !ok {
		return
	}
	if err := key.check(text); err != nil {
		r.problemf(v.Line, "%s: %v", key.Name, err)
		return
	}
	values := r.file.top
	if profile != "" {
		values = r.file.byName[profile]
	}
	values[key.Name] = value{text, v.Line}
}

// scalar is the text of one value, as it stands in the file: 0123 is not a
// number here.
func (r *reader) scalar(key string, n *yaml.Node) (string, bool) {
	switch {
	case !r.simple(n):
	case n.Kind != yaml.ScalarNode:
		r.problemf(n.Line, "%q takes one value, not a list or a group", key)
	case n.Tag == "!!null":
		r.problemf(n.Line, "%q has no value: give it one, or remove the line", key)
	default:
		return n.Value, true
	}
	return "", false
}

// mapping calls each for the members of n; nothing at all is an empty mapping.
func (r *reader) mapping(n *yaml.Node, what string, each func(key string, k, v *yaml.Node)) {
	if !r.simple(n) || n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.problemf(n.Line, "%s is not a group of \"name: value\" lines", what)
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if !r.simple(k) {
			continue
		}
		first, doubled := seen[k.Value]
		switch {
		case k.Kind != yaml.ScalarNode || k.Value == "":
			r.problemf(k.Line, "a name is missing here")
		case k.Tag == "!!merge":
			r.problemf(k.Line, "merging with << is not supported")
		case doubled:
			r.problemf(k.Line, "%q appears twice, first in line %d", k.Value, first)
		case strings.ToLower(k.Value) != k.Value && !looksLikeCredential(k.Value, nil):
			r.problemf(k.Line, "%q: write names in lower case", k.Value)
		case strings.Contains(k.Value, ".") && what != "profiles":
			r.problemf(k.Line, "%q: write nested groups, not a name with dots", k.Value)
		default:
			seen[k.Value] = k.Line
			each(k.Value, k, v)
		}
	}
}

// simple reports whether n is free of references and types of its own.
func (r *reader) simple(n *yaml.Node) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.problemf(n.Line, "references with & and * are not supported")
	case n.Style&yaml.TaggedStyle != 0:
		r.problemf(n.Line, "types with ! are not supported")
	default:
		return true
	}
	return false
}

// looksLikeCredential recognises the names under which people would look for a
// place to put a key or secret. One that may be a slip for settings, which are
// meant, is none unless it is just such a word.
func looksLikeCredential(key string, meant []string) bool {
	last := key[strings.LastIndexByte(key, '.')+1:]
	last = strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(last))
	for _, word := range []string{"apikey", "token", "secret", "password", "credential", "authorization", "authdata", "privatekey"} {
		if strings.Contains(last, word) && (len(meant) == 0 || strings.TrimSuffix(last, "s") == word) {
			return true
		}
	}
	return last == "key" || last == "bearer"
}
