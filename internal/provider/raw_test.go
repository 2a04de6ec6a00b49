package provider_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestNobodyElseOpensAProvider: without the key's name no program gets a
// provider out of custody, neither by inference nor by a type of its own.
func TestNobodyElseOpensAProvider(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs the go command to find what packages export:", err)
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		file, err := exec.CommandContext(t.Context(), "go", "list", "-export", "-f", "{{.Export}}", path).Output()
		if err != nil {
			return nil, err
		}
		return os.Open(strings.TrimSpace(string(file)))
	})
	for body, want := range map[string]string{
		`var _ = provider.NewDriver`: "",
		`func zero[K any](f func(K, *provider.Driver, provider.Access) provider.Provider) (k K) { return }
		 var _ = zero(provider.Raw)`: "cannot infer",
		`var f = provider.Raw`: "instantiation",
		`type mine struct{}
		 func (mine) opens() {}
		 var _ = provider.Raw(mine{}, nil, provider.Access{})`: "does not satisfy",
		`var _ = provider.Raw(struct{}{}, nil, provider.Access{})`: "does not satisfy",
		`var _ = provider.Raw(nil, nil, provider.Access{})`:        "cannot infer",
		`var _ = (*provider.Driver).Raw`:                           "Raw undefined",
	} {
		file, err := parser.ParseFile(fset, "outside.go", `package outside; import "github.com/hookctl/hookctl/internal/provider"; `+body, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&types.Config{Importer: imports}).Check("outside", fset, []*ast.File{file}, nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s\ngives %v, want %q", body, err, want)
		}
	}
}
