//go:build unix

package secret

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
)

func TestCheckSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	if err := CheckSettings(path); err != nil {
		t.Errorf("absent: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o644: true, 0o664: false, 0o602: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		err := CheckSettings(path)
		if (err == nil) != ok || !ok && fault.Hint(err) != "run: chmod go-w "+quote(path) {
			t.Errorf("mode %o: %v, hint %q", mode, err, fault.Hint(err))
		}
	}
	if err := CheckSettings(filepath.Join(path, "below")); err == nil {
		t.Error("a path through a file")
	}
}
