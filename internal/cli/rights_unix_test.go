//go:build unix

package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// as runs the program as a user to whom the modes of files mean something.
func (p *program) as(args ...string) result {
	p.t.Helper()
	give(p.t, p.dir)
	c, out, errs := p.command(args...)
	c.Stdin = strings.NewReader("0123456789abcdef0123456789abcdef\n")
	p.another(c)
	return p.finish(c, c.Run(), out, errs)
}

// TestMissingRights: where a mode is all that stands in the way, every command says
// how to get it back, of a file or directory that there is, and advises nothing away.
func TestMissingRights(t *testing.T) {
	t.Parallel()
	const entry = "journal/0123456789abcdef0123456789abcdef.op"
	for _, c := range []struct {
		name string
		path string // in the configuration directory, "RECORD" the file of the one that is kept
		mode os.FileMode
		fix  string // "chmod 600 " without the path
		runs [][]string
	}{
		{"entry open to others", entry, 0o644, "chmod 600", [][]string{{"recover"}, {"recover", "-o", "json"}, {"doctor"}, {"secrets", "check"}}},
		{"entry without modes", entry, 0o000, "chmod 600", [][]string{{"recover"}, {"recover", "-o", "json"}, {"doctor"}, {"secrets", "check"}}},
		{"record without modes", "RECORD", 0o000, "chmod 600", [][]string{{"doctor"}, {"secrets", "check"}}},
		{"record for writing alone", "RECORD", 0o200, "chmod 600", [][]string{{"secrets", "check"}}},
		{"webhooks for reading alone", "webhooks", 0o500, "chmod 700", [][]string{{"create", "wundertreos", "--url", "https://example.com/h", "--event", "contact.created"}, {"doctor"}, {"secrets", "check"}}},
		{"webhooks not to be entered", "webhooks", 0o600, "chmod 700", [][]string{{"secrets", "check"}}},
		{"webhooks without modes", "webhooks", 0o000, "chmod 700", [][]string{{"secrets", "check"}, {"secrets", "list"}}},
		{"journal for reading alone", "journal", 0o500, "chmod 700", [][]string{{"create", "wundertreos", "--url", "https://example.com/h", "--event", "contact.created"}}},
		{"settings in a directory for reading alone", ".", 0o500, "chmod 700", [][]string{{"config", "set", "output", "yaml"}, {"config", "unset", "output"}, {"profile", "create", "work"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, "ZYNTRO_API_KEY=k", "WUNDERTREOS_API_KEY=wt_live_0123456789abcdef0123456789abcdef")
			if r := p.as("secrets", "set", "wundertreos/w1", "--name", "W", "--from-file", "-"); r.code != 0 {
				t.Fatal(r)
			}
			if err := os.MkdirAll(filepath.Join(p.config, "journal"), 0o700); err != nil {
				t.Fatal(err)
			}
			files := map[string]string{"config.yaml": "profiles: {default: {output: table}}\n"}
			if c.path == entry {
				files[entry] = "what is this"
			}
			for name, text := range files {
				if err := os.WriteFile(filepath.Join(p.config, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(p.config, c.path)
			if c.path == "RECORD" {
				all, err := filepath.Glob(filepath.Join(p.config, "webhooks", "*.json"))
				if err != nil || len(all) != 1 {
					t.Fatal(all, err)
				}
				path = all[0]
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(path, 0o700) })
			for _, args := range c.runs {
				r := p.as(args...)
				if said := r.stdout + r.stderr; !strings.Contains(said, c.fix+" "+path) || strings.Contains(said, ".tmp") || strings.Contains(said, "remove it") || strings.Contains(said, "move it away") {
					t.Errorf("%v: %s", args, r)
				}
			}
		})
	}
}

// TestUnreadableRecord: a secret that is not found may be in a file that cannot be
// read, and every command that looks for one says so.
func TestUnreadableRecord(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	if r := p.as("secrets", "set", "wundertreos/w1", "--name", "W", "--from-file", "-"); r.code != 0 {
		t.Fatal(r)
	}
	all, err := filepath.Glob(filepath.Join(p.config, "webhooks", "*.json"))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if err := os.Chmod(all[0], 0); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "body.json"), []byte(`{"id":"1"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"secrets", "list"}, 0},
		{[]string{"secrets", "list", "--all-profiles"}, 0},
		{[]string{"secrets", "list", "-o", "json"}, 0},
		{[]string{"secrets", "show", "W"}, 2},
		{[]string{"verify", "body.json"}, 2},
		{[]string{"listen", "--addr", "127.0.0.1:0"}, 2},
		{[]string{"sign", "body.json", "--provider", "wundertreos"}, 2},
	} {
		r := p.as(c.args...)
		if r.code != c.code || strings.Count(r.stderr, "1 file of the store cannot be read, and the secret may be there: hookctl secrets check") != 1 || strings.Contains(r.stderr, "No secret is kept") {
			t.Errorf("%v: %s", c.args, r)
		}
	}
}

// TestRelativeHome: wherever the directory of the settings comes from, its path is whole.
func TestRelativeHome(t *testing.T) {
	t.Parallel()
	for _, environ := range []string{"HOME=rel", "HOOKCTL_CONFIG_DIR=rel"} {
		p := newProgram(t)
		p.environ = []string{"PATH=" + os.Getenv("PATH"), environ}
		if r := p.as("config", "path"); r.code != 0 || !strings.HasPrefix(r.stdout, p.dir) {
			t.Errorf("%s: %s", environ, r)
		}
	}
}
