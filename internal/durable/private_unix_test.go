//go:build unix

package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

func TestCheckTrusted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	if err := durable.CheckTrusted(path, durable.ChooseConfig); err != nil {
		t.Errorf("absent: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o644: true, 0o664: false, 0o602: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		err := durable.CheckTrusted(path, durable.ChooseConfig)
		if (err == nil) != ok || !ok && fault.HintOf(err).String() != "run: chmod go-w "+term.ShellWord(path) {
			t.Errorf("mode %o: %v, hint %q", mode, err, fault.HintOf(err).String())
		}
	}
	if err := durable.CheckTrusted(filepath.Join(path, "below"), durable.ChooseConfig); err == nil {
		t.Error("a path through a file")
	}
}

// TestCheckTrustedPlaces: whatever part of the way to the settings somebody
// else could change, they are refused, and the hint never tells to take over a
// directory that is there for everybody.
func TestCheckTrustedPlaces(t *testing.T) {
	t.Parallel()
	const stranger = 12345
	for _, c := range []struct {
		name string
		make func(t *testing.T, root string) // lays out root/config/config.yaml
		ok   bool
		hint string // a part of it
		root bool   // needs root
	}{
		{name: "plain", make: func(*testing.T, string) {}, ok: true},
		{name: "file of root's", make: owned("config/config.yaml", 0), ok: true, root: true},
		{name: "directory readable by all", make: mode("config", 0o755), ok: true},
		{name: "file writable by all", make: mode("config/config.yaml", 0o646), hint: "chmod go-w "},
		{name: "file writable by the group", make: mode("config/config.yaml", 0o660), hint: "chmod go-w "},
		{name: "directory writable by all", make: mode("config", 0o757), hint: "chmod go-w "},
		{name: "directory writable by the group", make: mode("config", 0o770), hint: "chmod go-w "},
		{name: "directory like /tmp", make: mode("config", 0o777|fs.ModeSticky), hint: "another directory with " + durable.ChooseConfig},
		{name: "directory like /tmp, no file", make: func(t *testing.T, root string) {
			mode("config", 0o777|fs.ModeSticky)(t, root)
			check(t, os.Remove(filepath.Join(root, "config/config.yaml")))
		}, hint: "another directory with " + durable.ChooseConfig},
		{name: "file of a stranger", make: owned("config/config.yaml", stranger), hint: durable.ChooseConfig, root: true},
		{name: "directory of a stranger", make: owned("config", stranger), hint: "another directory with " + durable.ChooseConfig, root: true},
		{name: "sticky directory of a stranger", make: func(t *testing.T, root string) {
			mode("config", 0o777|fs.ModeSticky)(t, root)
			owned("config", stranger)(t, root)
		}, hint: "another directory with " + durable.ChooseConfig, root: true},
		{name: "link to a good file", make: link("../other/mine.yaml", 0o600, 0o755), ok: true},
		{name: "link to a loose file", make: link("../other/mine.yaml", 0o622, 0o755), hint: "chmod go-w "},
		{name: "link into a loose directory", make: link("../other/mine.yaml", 0o600, 0o777), hint: "chmod go-w "},
		{name: "link in a loose directory", make: func(t *testing.T, root string) {
			link("../other/mine.yaml", 0o600, 0o755)(t, root)
			mode("config", 0o777)(t, root)
		}, hint: "chmod go-w "},
		{name: "link to a stranger's file", make: func(t *testing.T, root string) {
			link("../other/mine.yaml", 0o600, 0o755)(t, root)
			owned("other/mine.yaml", stranger)(t, root)
		}, hint: durable.ChooseConfig, root: true},
		{name: "link to nothing", make: func(t *testing.T, root string) {
			link("../other/mine.yaml", 0o600, 0o755)(t, root)
			check(t, os.Remove(filepath.Join(root, "other/mine.yaml")))
		}, ok: true},
		{name: "link to itself", make: func(t *testing.T, root string) {
			check(t, os.Remove(filepath.Join(root, "config/config.yaml")))
			check(t, os.Symlink("config.yaml", filepath.Join(root, "config/config.yaml")))
		}},
		// The kernel takes ".." from where the directory really is.
		{name: "a loose file behind a linked directory and ..", make: func(t *testing.T, root string) {
			check(t, os.MkdirAll(filepath.Join(root, "deep/real"), 0o755))
			check(t, os.Rename(filepath.Join(root, "config/config.yaml"), filepath.Join(root, "deep/loose.yaml")))
			check(t, os.Chmod(filepath.Join(root, "deep/loose.yaml"), 0o666))
			check(t, os.WriteFile(filepath.Join(root, "loose.yaml"), nil, 0o600))
			check(t, os.Remove(filepath.Join(root, "config")))
			check(t, os.Symlink("deep/real", filepath.Join(root, "config")))
			check(t, os.Symlink("../loose.yaml", filepath.Join(root, "deep/real/config.yaml")))
		}, hint: "deep/loose.yaml"},
		{name: "a loose file behind a link within a link", make: func(t *testing.T, root string) {
			check(t, os.MkdirAll(filepath.Join(root, "deep/real"), 0o755))
			check(t, os.WriteFile(filepath.Join(root, "deep/loose.yaml"), nil, 0o600))
			check(t, os.Chmod(filepath.Join(root, "deep/loose.yaml"), 0o666))
			check(t, os.WriteFile(filepath.Join(root, "config/loose.yaml"), nil, 0o600))
			check(t, os.Symlink("../deep/real", filepath.Join(root, "config/way")))
			check(t, os.Remove(filepath.Join(root, "config/config.yaml")))
			check(t, os.Symlink("way/../loose.yaml", filepath.Join(root, "config/config.yaml")))
		}, hint: "deep/loose.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.root && os.Geteuid() != 0 {
				t.Skip("only root can give files away")
			}
			root := t.TempDir()
			check(t, os.Mkdir(filepath.Join(root, "config"), 0o700))
			check(t, os.WriteFile(filepath.Join(root, "config/config.yaml"), nil, 0o600))
			c.make(t, root)
			err := durable.CheckTrusted(filepath.Join(root, "config", "config.yaml"), durable.ChooseConfig)
			switch {
			case c.ok && err != nil:
				t.Errorf("refused: %v", err)
			case !c.ok && err == nil:
				t.Error("accepted")
			case !c.ok && (fault.KindOf(err) != fault.Other || !strings.Contains(fault.HintOf(err).String(), c.hint)):
				t.Errorf("%v, hint %q", err, fault.HintOf(err).String())
			case strings.Contains(c.name, "tmp") && strings.Contains(fault.HintOf(err).String(), "chmod"):
				t.Errorf("the hint takes over what is everybody's: %q", fault.HintOf(err).String())
			}
		})
	}
}

// TestCheckTrustedModes: of all modes, those are refused that let others write.
func TestCheckTrustedModes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "config", "config.yaml")
	check(t, os.Mkdir(filepath.Dir(path), 0o700))
	check(t, os.WriteFile(path, nil, 0o600))
	for mode := fs.FileMode(0); mode <= 0o777; mode++ {
		check(t, os.Chmod(path, mode))
		if err := durable.CheckTrusted(path, durable.ChooseConfig); (err == nil) != (mode&0o022 == 0) {
			t.Errorf("file %s: %v", strconv.FormatInt(int64(mode), 8), err)
		}
	}
	check(t, os.Chmod(path, 0o600))
	for mode := fs.FileMode(0o700); mode <= 0o777; mode++ { // less, and not even its owner looks into it
		check(t, os.Chmod(filepath.Dir(path), mode))
		if err := durable.CheckTrusted(path, durable.ChooseConfig); (err == nil) != (mode&0o022 == 0) {
			t.Errorf("directory %s: %v", strconv.FormatInt(int64(mode), 8), err)
		}
	}
	check(t, os.Chmod(filepath.Dir(path), 0o700))
}

func mode(name string, m fs.FileMode) func(*testing.T, string) {
	return func(t *testing.T, root string) {
		t.Helper()
		check(t, os.Chmod(filepath.Join(root, name), m))
	}
}

func owned(name string, uid int) func(*testing.T, string) {
	return func(t *testing.T, root string) {
		t.Helper()
		check(t, os.Lchown(filepath.Join(root, name), uid, uid))
	}
}

// link puts a link to root/other/mine.yaml, of these modes, in the place of the
// settings.
func link(target string, file, dir fs.FileMode) func(*testing.T, string) {
	return func(t *testing.T, root string) {
		t.Helper()
		check(t, os.Mkdir(filepath.Join(root, "other"), 0o700))
		check(t, os.Rename(filepath.Join(root, "config/config.yaml"), filepath.Join(root, "other/mine.yaml")))
		check(t, os.Symlink(target, filepath.Join(root, "config/config.yaml")))
		check(t, os.Chmod(filepath.Join(root, "other/mine.yaml"), file))
		check(t, os.Chmod(filepath.Join(root, "other"), dir))
	}
}

// A link that another user can turn elsewhere is no way to a directory.
func TestLinkOfAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "real"), 0o700), os.Symlink("real", link)); err != nil {
		t.Fatal(err)
	}
	if err := durable.CheckDir(link, "--save DIR"); err != nil {
		t.Error(err)
	}
	if err := os.Lchown(link, 1234, 2345); err != nil {
		t.Fatal(err)
	}
	if err := durable.CheckDir(link, "--save DIR"); err == nil || !strings.Contains(err.Error(), "symbolic link of another user (id 1234)") {
		t.Error(err)
	}
}

// TestOwnerIsKept: root in a container must not take a user's file away.
func TestOwnerIsKept(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	path := filepath.Join(t.TempDir(), ".env")
	if err := errors.Join(os.WriteFile(path, []byte("old"), 0o600), os.Chown(path, 1234, 2345)); err != nil {
		t.Fatal(err)
	}
	if err := durable.System().WriteFile(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(path)
	if err != nil || fi.Sys().(*syscall.Stat_t).Uid != 1234 {
		t.Errorf("%v, %v", fi, err)
	}
	mine := filepath.Join(filepath.Dir(path), "mine")
	if err := errors.Join(durable.System().WriteFile(mine, []byte("old")), durable.System().WriteFile(mine, []byte("new"))); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(mine); err != nil || fi.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Errorf("%v, %v", fi, err)
	}
}

// TestPrivate: what is another's or open to others is refused, with what to type.
func TestPrivate(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir, file := filepath.Join(root, "dir"), filepath.Join(root, "file")
	check(t, os.Mkdir(dir, 0o700))
	check(t, os.WriteFile(file, []byte("text"), 0o600))
	for mode := fs.FileMode(0); mode <= 0o777; mode++ {
		check(t, os.Chmod(dir, mode))
		err := durable.CheckPrivateDir(dir, "--dir")
		if (err == nil) != (mode&0o077 == 0) || err != nil && fault.HintOf(err).Command != "chmod 700 "+dir {
			t.Errorf("directory %o: %v", mode, err)
		}
		if err := durable.CheckDir(dir, "--dir"); (err == nil) != (mode&0o022 == 0) {
			t.Errorf("directory %o: %v", mode, err)
		}
		if mode&0o400 == 0 {
			continue // nobody but root reads it
		}
		check(t, os.Chmod(file, mode))
		_, err = durable.ReadPrivate(file, 4)
		if (err == nil) != (mode&0o077 == 0) || err != nil && fault.HintOf(err).Command != "chmod 600 "+file {
			t.Errorf("file %o: %v", mode, err)
		}
	}
	check(t, os.Chmod(dir, 0o700))
	check(t, os.Chmod(file, 0o600))
	if _, err := durable.ReadPrivate(file, 3); err == nil {
		t.Error("more was read than may be")
	}
}
