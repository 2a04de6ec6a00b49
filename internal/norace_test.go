package internal_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestNoraceIsFirst: .ci/run finds the tests that say norace.Only by their first
// statement; another one would run nowhere.
func TestNoraceIsFirst(t *testing.T) {
	t.Parallel()
	first := 0
	for _, f := range sources(t) {
		known := map[ast.Node]bool{}
		for _, d := range f.file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(fn.Name.Name, "Test") && fn.Body != nil && len(fn.Body.List) > 0 {
				if s, ok := fn.Body.List[0].(*ast.ExprStmt); ok {
					known[s.X] = true
				}
			}
		}
		eachCallOf(f, "norace", "Only", func(call *ast.CallExpr) {
			if first++; !known[call] {
				t.Errorf("%s: norace.Only is not the first statement of a test", f.fset.Position(call.Pos()))
			}
		})
	}
	if first < 50 {
		t.Errorf("only %d calls were found", first)
	}
}

// TestPatternsCompile: a pattern is compiled when it is used, which may be on a
// user's machine only.
func TestPatternsCompile(t *testing.T) {
	t.Parallel()
	n := 0
	for _, f := range sources(t) {
		eachCallOf(f, "pattern", "Of", func(call *ast.CallExpr) {
			text, ok := call.Args[0].(*ast.BasicLit)
			if !ok || text.Kind != token.STRING {
				return // put together from others
			}
			n++
			s, err := strconv.Unquote(text.Value)
			if err == nil {
				_, err = regexp.Compile(s)
			}
			if err != nil {
				t.Errorf("%s: %v", f.fset.Position(call.Pos()), err)
			}
		})
	}
	if n < 30 {
		t.Errorf("only %d patterns were found", n)
	}
}

func eachCallOf(f source, pkg, name string, do func(*ast.CallExpr)) {
	ast.Inspect(f.file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == name {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == pkg {
					do(call)
				}
			}
		}
		return true
	})
}
