package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// TestSweep: what a killed process has left is removed, by whoever writes beside it
// next, and nothing that is younger or has another name.
func TestSweep(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("0123456789abcdef", 2)
	const old, young = 61 * time.Minute, 59 * time.Minute
	for what, sweep := range map[string]func(dir string) error{
		"Sweep":     func(dir string) error { durable.System().Sweep(dir); return nil },
		"WriteFile": func(dir string) error { return durable.System().WriteFile(filepath.Join(dir, "file"), nil) },
	} {
		for name, tt := range map[string]struct {
			age   time.Duration
			stays bool
		}{
			".hookctl-" + id + ".tmp":                      {old, false},
			".hookctl-" + strings.Repeat("7", 32) + ".tmp": {young, true},
			".hookctl-" + id[1:] + ".tmp":                  {old, true},
			".hookctl-" + id + "0.tmp":                     {old, true},
			".hookctl-" + strings.ToUpper(id) + ".tmp":     {old, true},
			".hookctl-" + id[1:] + "g.tmp":                 {old, true},
			".hookctl-" + id + ".tmp~":                     {old, true},
			".hookctl-" + id:                               {old, true},
			"hookctl-" + id + ".tmp":                       {old, true},
			"x.hookctl-" + id + ".tmp":                     {old, true},
			id + ".tmp":                                    {old, true},
			id:                                             {old, true},
			".hookctl-.tmp":                                {old, true},
			".hookctl-" + id + ".tmp/":                     {old, true}, // a directory
			".hookctl-" + id + ".hookctl-" + id + ".tmp":   {old, true},
		} {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			if strings.HasSuffix(name, "/") {
				check(t, os.Mkdir(path, 0o700))
			} else {
				check(t, os.WriteFile(path, []byte("half a secret"), 0o600))
			}
			then := time.Now().Add(-tt.age)
			check(t, errors.Join(os.Chtimes(path, then, then), sweep(dir)))
			if _, err := os.Lstat(path); (err == nil) != tt.stays || err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %s of %s: %v", what, name, tt.age, err)
			}
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// notDir is what Unix says where a file stands in the place of a directory, notThere
// what Windows says then, and where there is no such directory.
type notDir struct{}
type notThere struct{}

func (notDir) Error() string          { return "not a directory" }
func (notDir) Is(target error) bool   { return target == syscall.ENOTDIR }
func (notThere) Error() string        { return "the path was not found" }
func (notThere) Is(target error) bool { return target == syscall.ENOTDIR || target == fs.ErrNotExist }

// TestFaultWords: what an error of the system means, and what to do about it, with
// the path and without the name of the call.
func TestFaultWords(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a dir")
	check(t, os.Mkdir(dir, 0o700))
	for errno, want := range map[error][2]string{
		syscall.ENOSPC: {"the disk or the quota is full", "free some space there"},
		syscall.EROFS:  {"the file system is read-only", "choose a directory that you can write to"},
		notDir{}:       {"there is a file where a directory is needed", "move that file away"},
		notThere{}:     {"the path was not found", ""},
		syscall.EACCES: {"permission denied", "check its permissions: ls -ld '" + dir + "'"},
		syscall.EMFILE: {"too many open files", "raise the limit (ulimit -n) and try again"},
		syscall.EEXIST: {syscall.EEXIST.Error(), ""},
	} {
		for _, err := range []error{errno, &fs.PathError{Op: "open", Path: dir, Err: errno}, &fs.PathError{Op: "open", Path: filepath.Join(dir, "new"), Err: errno}} {
			got := durable.Fault(dir, err)
			if !errors.Is(got, errno) || got.Error() != dir+": "+want[0] || fault.HintOf(got).Text != want[1] || fault.ExitCode(got) != 1 {
				t.Errorf("%v: %v, %q", errno, got, fault.HintOf(got).Text)
			}
			if again := durable.Fault("/b", got); again != got {
				t.Errorf("%v has another fault: %v", errno, again)
			}
		}
	}
	for _, path := range []string{filepath.Join(dir, "absent"), filepath.Join(dir, ".hookctl-0123456789abcdef0123456789abcdef.tmp"), filepath.Join(dir, "no", "such", "place")} {
		for _, err := range []error{
			syscall.EACCES, &fs.PathError{Op: "open", Path: path, Err: syscall.EACCES}, &fs.PathError{Op: "remove", Path: filepath.Join(dir, "."), Err: syscall.EACCES},
			&os.LinkError{Op: "rename", Old: "x", New: path, Err: syscall.EACCES},
		} {
			got := durable.Fault(path, err)
			if _, serr := os.Stat(strings.Trim(strings.TrimPrefix(fault.HintOf(got).Text, "check its permissions: ls -ld "), "'")); serr != nil || strings.Contains(got.Error(), ".tmp") {
				t.Errorf("%v, hint %q", got, fault.HintOf(got).Text)
			}
		}
	}
}
