package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

func topicNamed(t *testing.T, name string) view.Topic {
	t.Helper()
	for _, topic := range Topics() {
		if topic.Name == name {
			return topic
		}
	}
	t.Fatalf("there is no topic %s", name)
	return view.Topic{}
}

// meanings maps the words of a topic to what they mean.
func meanings(topic view.Topic) map[string]string {
	m := map[string]string{}
	for _, s := range topic.Sections {
		for _, e := range s.Entries {
			for word := range strings.SplitSeq(e.Word, ", ") {
				m[word] = e.Meaning
			}
		}
	}
	return m
}

func TestTopicsAreComplete(t *testing.T) {
	t.Parallel()
	for _, topic := range Topics() {
		for _, s := range topic.Sections {
			if len(s.Entries) == 0 || strings.Count(s.Columns, " | ") != 1 {
				t.Errorf("%s: the section %q is incomplete", topic.Name, s.Title)
			}
			for _, e := range s.Entries {
				if e.Word == "" || e.Meaning == "" {
					t.Errorf("%s: %q means %q", topic.Name, e.Word, e.Meaning)
				}
			}
		}
		for line := range strings.SplitSeq(render.Layout(topic.Lines(), 80, false), "\n") {
			if len(line) > 80 && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("%s: a line of %d: %s", topic.Name, len(line), line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("%s: blanks at the end of %q", topic.Name, line)
			}
		}
	}
	formats := meanings(topicNamed(t, "formats"))
	for _, f := range render.Formats {
		if formats[string(f)] == "" {
			t.Errorf("the output format %s is not explained", f)
		}
	}
	for _, f := range capture.Formats {
		if formats[f.Name] == "" {
			t.Errorf("the capture format %s is not explained", f.Name)
		}
	}
	codes := topicNamed(t, "exit-codes").Sections[0].Entries
	if len(codes) != len(fault.Table)+1 {
		t.Errorf("%d exit codes are explained, there are %d", len(codes), len(fault.Table)+1)
	}
}

// TestEnvironmentIsComplete looks for every variable that the program asks for
// by name, and for every setting and credential.
func TestEnvironmentIsComplete(t *testing.T) {
	t.Parallel()
	said := meanings(topicNamed(t, "environment"))
	asks := regexp.MustCompile(`Getenv\("([A-Z0-9_]+)"\)`)
	found := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range asks.FindAllStringSubmatch(string(text), -1) {
			found++
			if said[m[1]] == "" {
				t.Errorf("%s asks for %s, which help environment does not explain", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 5 {
		t.Errorf("only %d variables were found: is the pattern right?", found)
	}
	var want []string
	for _, k := range settingKeys(all.Drivers()) {
		want = append(want, k.Env())
	}
	for _, d := range all.Drivers() {
		for _, f := range d.Credentials {
			want = append(want, f.Env...)
		}
	}
	for _, name := range want {
		if said[name] == "" {
			t.Errorf("help environment does not explain %s", name)
		}
	}
}

// TestReasonsAreComplete compares the list with the constants of package signature.
func TestReasonsAreComplete(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "signature", "signature.go"))
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, r := range view.Reasons {
		got = append(got, string(r.Reason))
	}
	for _, m := range regexp.MustCompile(`Reason = "([a-z-]+)"`).FindAllStringSubmatch(string(text), -1) {
		want = append(want, m[1])
	}
	if !slices.Equal(got, want) {
		t.Errorf("help formats explains %v, there are %v", got, want)
	}
}
