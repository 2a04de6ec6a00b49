package prompt_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/prompt"
)

// files makes a Prompter that reads text and never sees a terminal.
func files(t *testing.T, text string) (prompt.Prompter, func() string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "in"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(filepath.Join(dir, "in"))
	if err != nil {
		t.Fatal(err)
	}
	errs, err := os.Create(filepath.Join(dir, "err"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = in.Close(), errs.Close() })
	return prompt.New(prompt.Options{In: in, Err: errs, Plain: true}), func() string {
		said, err := os.ReadFile(filepath.Join(dir, "err"))
		if err != nil {
			t.Fatal(err)
		}
		return string(said)
	}
}

func TestWithoutTerminal(t *testing.T) {
	t.Parallel()
	p, said := files(t, "one\r\nkey\ny\n2\nlast")
	if got, err := p.Input(t.Context(), "A", "", nil); got != "one" || err != nil {
		t.Errorf("Input = %q, %v", got, err)
	}
	if got, err := p.Secret(t.Context(), "B"); got.Reveal() != "key" || err != nil {
		t.Errorf("Secret = %q, %v", got.Reveal(), err)
	}
	if got, err := p.Confirm(t.Context(), "C", false); !got || err != nil {
		t.Errorf("Confirm = %v, %v", got, err)
	}
	if got, err := p.Select(t.Context(), "D", []prompt.Choice{{Value: "x"}, {Value: "y", Group: "g"}}); got != "y" || err != nil {
		t.Errorf("Select = %v, %v", got, err)
	}
	if got, err := p.Input(t.Context(), "E", "", nil); got != "last" || err != nil {
		t.Errorf("Input without a newline = %q, %v", got, err)
	}
	if got, err := p.Input(t.Context(), "F", "preset", nil); got != "" || fault.KindOf(err) != fault.Usage || fault.HintOf(err).String() == "" {
		t.Errorf("Input at the end = %q, %v", got, err)
	}
	if want := "A: B: \nC [y/N] D\n   1) x\n   2) g: y\nA number, or words to search for: E: F [preset]: \n"; said() != want {
		t.Errorf("said %q\nwant %q", said(), want)
	}
}

// What is asked may hold a webhook's name: no CI runner finds a command in it.
func TestNothingCommandsARunner(t *testing.T) {
	t.Parallel()
	p, said := files(t, "a\nb\n1\n")
	const name = "::error::x ##[error]y"
	check := func(line string) error {
		if line == "a" {
			return errors.New(name + "\n ::debug::x")
		}
		return nil
	}
	if _, err := p.Input(t.Context(), name, name, check); err != nil {
		t.Error(err)
	}
	if _, err := p.Select(t.Context(), name, []prompt.Choice{{Value: name}}); err != nil {
		t.Error(err)
	}
	question := ":\ufffderror::x #\ufffd[error]y [::error::x #\ufffd[error]y]: "
	if want := question + ":\ufffderror::x #\ufffd[error]y\n :\ufffddebug::x\n" + question + ":\ufffderror::x #\ufffd[error]y\n   1) ::error::x #\ufffd[error]y\nA number, or words to search for: "; said() != want {
		t.Errorf("said %q\nwant %q", said(), want)
	}
}

func TestAnswersThatCannotBeTaken(t *testing.T) {
	t.Parallel()
	p, said := files(t, "\xff\na\x1b[A\ngood\n"+strings.Repeat("x", 5000)+"\n")
	if got, err := p.Secret(t.Context(), "A"); got.Reveal() != "good" || err != nil {
		t.Errorf("Secret = %q, %v", got.Reveal(), err)
	}
	if want := "A: \nthe answer is not UTF-8 text\nA: \nthe answer contains control characters; arrow keys do not work here\nA: \n"; said() != want {
		t.Errorf("said %q\nwant %q", said(), want)
	}
	if got, err := p.Input(t.Context(), "B", "", nil); got != "" || fault.KindOf(err) != fault.Usage {
		t.Errorf("a line that is too long: %d bytes, %v", len(got), err)
	}
}

func TestNothingToChooseFrom(t *testing.T) {
	t.Parallel()
	p, _ := files(t, "1\n")
	if _, err := p.Select(t.Context(), "Q", nil); err == nil {
		t.Error("Select from nothing succeeds")
	}
	if _, err := p.MultiSelect(t.Context(), "Q", nil); err == nil {
		t.Error("MultiSelect from nothing succeeds")
	}
}
