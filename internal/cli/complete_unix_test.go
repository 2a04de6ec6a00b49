//go:build unix

package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/secret"
)

// TestCompleteDotenvReadsFiles: a Tab reads no pipe, device or large file, which have no
// end or not soon.
func TestCompleteDotenvReadsFiles(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := syscall.Mkfifo(in("pipe"), 0o600); err != nil {
		t.Skip("a pipe with a name cannot be made here: ", err)
	}
	var many strings.Builder
	offered := 0
	for n := 0; many.Len() < dotenvCap-100; n++ {
		name := fmt.Sprint("N", n)
		many.WriteString(name + "=\n")
		if secret.IsConventionalVariable(name) {
			offered++
		}
	}
	for name, text := range map[string]string{"small": "HOOK_SECRET=x\nOTHER=y\nHOOK_SECRET=z\n", "many": many.String(), "large": strings.Repeat("A=1\n", dotenvCap/4+1)} {
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{in("pipe"), in("large"), "/dev/zero"} {
		if got := completeDotenv("dotenv:" + name + ":"); len(got) != 0 {
			t.Errorf("%s: %q", name, got)
		}
		completeDotenv("dotenv:" + name)
	}
	if got, want := completeDotenv("dotenv:"+in("small")+":H"), []string{"dotenv:" + in("small") + ":HOOK_SECRET"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := completeDotenv("dotenv:" + in("many") + ":"); len(got) != offered || offered == 0 {
		t.Errorf("%d names of %d", len(got), offered)
	}
}
