package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/hookctl/hookctl/internal/secret"
)

func TestSecretsSetAsks(t *testing.T) {
	t.Parallel()
	p := &person{secrets: map[string]string{"zyntro/42": "typed"}}
	w := newWorld(t).at(p)
	if out := w.run(0, "secrets", "set", "zyntro/42"); strings.Contains(out+w.errs.String(), "typed") {
		t.Errorf("the secret is shown:\n%s%s", out, &w.errs)
	}
	if got := w.run(0, "secrets", "show", "zyntro/42"); got != "typed\n" {
		t.Errorf("kept %q", got)
	}

	p.secrets["zyntro/44"] = "'0123456789abcdef' "
	w.run(0, "secrets", "set", "zyntro/44")
	w.said("begins or ends with white space", "looks like a text in quotes, and is kept as it is")

	// Another secret is confirmed first, and a blank one is refused.
	p.secrets["zyntro/42"] = "other"
	p.confirms = map[string]bool{"The older secret is still kept": false}
	w.run(130, "secrets", "set", "zyntro/42")
	w.said("not confirmed: nothing was done")
	if got := w.run(0, "secrets", "show", "zyntro/42"); got != "typed\n" {
		t.Errorf("kept %q", got)
	}
	p.confirms["The older secret is still kept"] = true
	w.run(0, "secrets", "set", "zyntro/42")
	if got := w.run(0, "secrets", "show", "zyntro/42"); got != "other\n" {
		t.Errorf("kept %q", got)
	}
	p.secrets["zyntro/42"] = "\t "
	w.run(2, "secrets", "set", "zyntro/42")
	w.said("the answer has no secret: it is empty or blank")
	w.run(130, "secrets", "set", "zyntro/43") // nobody answers
}

func TestSecretsRemoveAsks(t *testing.T) {
	t.Parallel()
	p := &person{secrets: map[string]string{"": "typed"}, confirms: map[string]bool{"cannot be restored": false}}
	w := newWorld(t).at(p)
	w.run(0, "secrets", "set", "zyntro/42")
	w.run(130, "secrets", "remove", "zyntro/42")
	w.run(0, "secrets", "show", "zyntro/42")
	p.confirms["cannot be restored"] = true
	w.run(0, "secrets", "remove", "zyntro/42")
	w.run(2, "secrets", "show", "zyntro/42")
}

// A bundle that was made by hand may name no profile, or one that nobody could
// choose: its secrets must not lie where no command finds them.
func TestSecretsImportWithoutProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var to secret.Recipients
	if err := to.Add(id.Recipient().String()); err != nil {
		t.Fatal(err)
	}
	var bundle bytes.Buffer
	err = secret.WriteBundle(&bundle, to, []secret.Record{
		{Provider: "zyntro", ID: "1", Secret: secret.New("one")},
		{Provider: "zyntro", ID: "2", Secret: secret.New("two"), Profile: "a b; $(x)"},
		{Provider: "zyntro", ID: "3", Secret: secret.New("three"), Profile: "home"},
	}, w.now)
	key, file := filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "bundle")
	if err := errors.Join(err, os.WriteFile(key, []byte(id.String()), 0o600), os.WriteFile(file, bundle.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	w.run(0, "profile", "create", "work")
	w.run(0, "secrets", "import", "--identity", key, file, "--profile", "work")
	if got := w.run(0, "secrets", "list", "--all-profiles", "--jq", ".[].profile"); got != "work\nwork\nhome\n" {
		t.Errorf("kept in %q", got)
	}
	if got := w.run(0, "secrets", "show", "zyntro/2", "--profile", "work"); got != "two\n" {
		t.Errorf("kept %q", got)
	}
}

// A terminal must not be driven by a secret; a pipe gets it exactly.
func TestSecretsShowOnTerminal(t *testing.T) {
	t.Parallel()
	const nasty = "a\x1b[2Jb"
	w := newWorld(t)
	w.env.Environ = append(w.env.Environ, "S="+nasty)
	w.run(0, "secrets", "set", "zyntro/42", "--from-env", "S")
	if got := w.run(0, "secrets", "show", "42"); got != nasty+"\n" {
		t.Errorf("a pipe gets %q", got)
	}
	w.env.Streams.OutTTY = true
	if got := w.run(0, "secrets", "show", "42"); strings.Contains(got, "\x1b") {
		t.Errorf("a terminal gets %q", got)
	}
	w.said("replaced here")
}

// failing is a standard output that takes nothing.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestFailedWrites(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"secrets", "list"}, {"secrets", "show", "42"}, {"secrets", "push", "42", "--to", "exec:true"}, {"secrets", "list", "-o", "json"},
		{"config", "list"}, {"config", "path"}, {"config", "get", "output"}, {"recover", "-o", "json"}, {"sandbox"}, {"login", "zyntro"}, {"logout", "zyntro"},
	} {
		w := newWorld(t)
		w.env.Environ = append(w.env.Environ, "S=secret")
		w.run(0, "secrets", "set", "zyntro/42", "--from-env", "S")
		w.run(0, "login", "zyntro")
		w.env.Streams.Out = failing{}
		w.run(1, args...)
		w.said("no space left on device")
	}
}

// What only the current profile's webhooks and no others are compared with.
func TestSecretsCheckOnlineLeavesOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env.Environ = append(w.env.Environ, "S=secret")
	w.run(0, "profile", "create", "work")
	w.run(0, "create", "wundertreos", "--url", "https://example.com/a", "--event", "all", "--profile", "work")
	w.run(0, "secrets", "set", "zyntro/elsewhere", "--from-env", "S", "--profile", "work")
	w.run(0, "secrets", "check", "--online")
	w.said("OK: 2 secrets are kept")
	w.run(3, "secrets", "check", "--online", "--profile", "work")
	if out := w.out.String(); !strings.Contains(out, "zyntro/elsewhere") || strings.Count(out, "\n") != 2 {
		t.Errorf("found:\n%s", out)
	}
}
