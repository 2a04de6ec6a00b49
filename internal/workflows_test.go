package internal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestWorkflows: what runs on the forge runs at a commit that was looked at, with few
// rights, and takes foreign text as data.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	root := filepath.Dir(mustAbs(t, "."))
	pins := map[string]string{} // by action
	found := 0
	err := filepath.WalkDir(filepath.Join(root, ".github"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !slices.Contains([]string{".yml", ".yaml"}, filepath.Ext(path)) {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, uses := range regexp.MustCompile(`(?m)^[ -]*uses: (.*)$`).FindAllStringSubmatch(string(text), -1) {
			found++
			pin := regexp.MustCompile(`^([\w-]+/[\w-]+)[\w/-]*@([0-9a-f]{40} # v\d+\.\d+\.\d+)$`).FindStringSubmatch(uses[1])
			if pin == nil {
				t.Errorf("%s: %s: name the commit, and its version in a comment", d.Name(), uses[1])
				continue
			}
			if other := pins[pin[1]]; other != "" && other != pin[2] {
				t.Errorf("%s: %s is at %s elsewhere", d.Name(), uses[1], other)
			}
			pins[pin[1]] = pin[2]
		}

		type step struct {
			Uses, Run string
			With      map[string]string
		}
		var file struct {
			Permissions map[string]string
			Jobs        map[string]struct {
				Timeout int `yaml:"timeout-minutes"`
				Steps   []step
			}
			Runs struct{ Steps []step }
		}
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Errorf("%s: %v", d.Name(), err)
			return nil
		}
		steps := file.Runs.Steps
		for name, job := range file.Jobs {
			steps = append(steps, job.Steps...)
			if job.Timeout == 0 {
				t.Errorf("%s: the job %s has no timeout", d.Name(), name)
			}
		}
		if len(file.Jobs) > 0 && (len(file.Permissions) != 1 || file.Permissions["contents"] != "read") {
			t.Errorf("%s: give rights to a job, not to all of them: %v", d.Name(), file.Permissions)
		}
		for _, s := range steps {
			if strings.Contains(s.Run, "${{") {
				t.Errorf("%s: a script takes values from env, not from an expression: %s", d.Name(), s.Run)
			}
			if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != "false" {
				t.Errorf("%s: a checkout leaves the token behind", d.Name())
			}
		}
		return nil
	})
	if err != nil || found < 10 {
		t.Errorf("%d uses: %v", found, err)
	}
	// The installers ask for this name in the signature.
	for _, name := range []string{".github/workflows/release.yml", "docs/install.sh", "docs/install.ps1"} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil || name != ".github/workflows/release.yml" && !strings.Contains(string(text), "hookctl/hookctl/.github/workflows/release.yml@refs/tags/v$version") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
