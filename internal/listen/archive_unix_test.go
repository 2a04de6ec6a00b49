//go:build unix

package listen

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
)

// TestArchiveOfOthers: deliveries hold personal data, so they go where nobody
// else can put or change anything. What is refused is as it was.
func TestArchiveOfOthers(t *testing.T) {
	t.Parallel()
	const name = "deliveries.ndjson"
	for _, c := range []struct {
		what      string
		dir, file fs.FileMode // 0: not there
		stranger  string      // owns "dir", "file" or "link"
		says      string      // "": it is taken
		hint      string
	}{
		{what: "nothing there"},
		{what: "private", dir: 0o700, file: 0o600},
		{what: "readable", dir: 0o755, file: 0o644},
		{what: "sticky but private", dir: 0o700 | fs.ModeSticky},
		{what: "writable for the group", dir: 0o770, says: "can be written by other users", hint: "run: chmod go-w "},
		{what: "writable for all", dir: 0o777, file: 0o600, says: "can be written by other users", hint: "run: chmod go-w "},
		{what: "write-only for others", dir: 0o702, says: "can be written by other users", hint: "run: chmod go-w "},
		{what: "like /tmp", dir: 0o777 | fs.ModeSticky, says: "shared with other users", hint: "choose another directory with --save DIR"},
		{what: "file for the group", dir: 0o700, file: 0o660, says: "can be written by other users", hint: "run: chmod go-w "},
		{what: "file for all", dir: 0o755, file: 0o606, says: "can be written by other users", hint: "run: chmod go-w "},
		{what: "a stranger's directory", dir: 0o755, stranger: "dir", says: "belongs to another user", hint: "choose another directory with --save DIR"},
		{what: "a stranger's file", dir: 0o700, file: 0o600, stranger: "file", says: "belongs to another user", hint: "choose another directory with --save DIR"},
		{what: "through a link", dir: 0o700, stranger: "no"},
		{what: "through a stranger's link", dir: 0o700, stranger: "link", says: "symbolic link of another user"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			if os.Geteuid() != 0 && c.stranger != "" && c.stranger != "no" {
				t.Skip("only root can give files away")
			}
			dir := filepath.Join(t.TempDir(), "captures")
			path := filepath.Join(dir, name)
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			if c.dir != 0 {
				must(os.Mkdir(dir, 0o700))
			}
			if c.file != 0 {
				must(os.WriteFile(path, []byte("{}\n"), 0o600))
				must(os.Chmod(path, c.file))
			}
			if c.dir != 0 {
				must(os.Chmod(dir, c.dir))
			}
			switch c.stranger {
			case "dir":
				must(os.Chown(dir, 12345, 12345))
			case "file":
				must(os.Chown(path, 12345, 12345))
			case "link", "no":
				link := filepath.Join(t.TempDir(), "link")
				must(os.Symlink(dir, link))
				if c.stranger == "link" {
					must(os.Lchown(link, 12345, 12345))
				}
				dir = link
			}
			before, _ := os.Stat(dir)
			err := CheckArchive(dir, name)
			_, made := os.Stat(dir)
			if c.dir == 0 && !errors.Is(made, fs.ErrNotExist) {
				t.Error("the check made the directory")
			}
			a, oerr := OpenArchive(nil, dir, name, 0, nil)
			if a != nil {
				must(a.Close())
			}
			if c.says == "" {
				if err != nil || oerr != nil {
					t.Errorf("refused: %v; %v", err, oerr)
				}
				return
			}
			for _, err := range []error{err, oerr} {
				if err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(fault.HintOf(err).String(), c.hint) || fault.HintOf(err).String() == "" {
					t.Errorf("%v, hint %q", err, fault.HintOf(err).String())
				}
			}
			if after, err := os.Stat(dir); err != nil || after.Mode() != before.Mode() {
				t.Errorf("the directory was changed: %v, %v", after, err)
			}
			if data, err := os.ReadFile(path); c.file != 0 && (err != nil || string(data) != "{}\n") {
				t.Errorf("the file was changed: %q, %v", data, err)
			} else if c.file == 0 && err == nil {
				t.Error("a file was made")
			}
		})
	}
}
