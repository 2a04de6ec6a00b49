package internal_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
)

// edge is where the outside world comes in: these files may use what is
// forbidden elsewhere.
var edge = []string{"cmd/", "internal/cli/main.go", "internal/docgen/"}

// forbidden are the names, by package, through which code would reach around
// cli.Env, where a test cannot follow.
var forbidden = map[string]string{
	"os":       "Args Clearenv Environ Exit ExpandEnv Getenv LookupEnv Setenv Stderr Stdin Stdout Unsetenv UserCacheDir UserConfigDir UserHomeDir",
	"syscall":  "Clearenv Environ Exit Getenv Setenv Stderr Stdin Stdout Unsetenv",
	"fmt":      "Print Printf Println Scan Scanf Scanln",
	"time":     "Local Now Since Until",
	"log":      "*",
	"log/slog": "Debug DebugContext Default Error ErrorContext Info InfoContext Log LogAttrs New SetDefault Warn WarnContext With",
	"flag":     "*",
	"expvar":   "*",
}

// exceptions are uses that are right where they are, each with its reason. One
// that is no longer needed fails the test.
var exceptions = map[string]string{
	"internal/secret/keyring.go: recover()": "go-keyring asserts the types of what the session bus answers, and must not end a process that holds a secret",
	"internal/durable/write.go: time.Since": "how old a file is, which its file system has dated by the same clock",
	"internal/httpx/clock.go: time.Now":     "deadlines and HTTP dates; the package's only look at the clock",
	"internal/config/config.go: panic()":    "a setting that was never declared: a mistake in the program that any test of the command finds",
}

func TestPurity(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	problems, used := checkPurity(sources(t), exceptions)
	compare(t, problems, nil)
	for e := range exceptions {
		if !used[e] {
			t.Errorf("the exception %q is not needed any more: remove it", e)
		}
	}
}

func TestConstantTime(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	compare(t, checkConstantTime(sources(t)), nil)
}

// use is a name of another package.
type use struct {
	path string // the package's import path
	name string
	pos  token.Pos
}

// uses are the names of other packages that f refers to.
func uses(f source) []use {
	imports := f.imports()
	var all []use
	ast.Inspect(f.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && imports[x.Name] != "" {
			all = append(all, use{imports[x.Name], sel.Sel.Name, sel.Pos()})
		}
		return true
	})
	return all
}

// checkPurity finds what only the edge may do, and what nobody may: init
// functions, panics and recovers, assignments to variables of a package. The
// second result are the exceptions that were made.
func checkPurity(files []source, exceptions map[string]string) (problems []string, used map[string]bool) {
	used = map[string]bool{}
	globals := globalVariables(files)
	for _, f := range files {
		if f.isTest() {
			continue
		}
		complain := func(pos token.Pos, what, why string) {
			if _, ok := exceptions[f.path+": "+what]; ok {
				used[f.path+": "+what] = true
				return
			}
			problems = append(problems, fmt.Sprintf("%s: %s: %s", f.at(pos), what, why))
		}
		if !atEdge(f.path) {
			for _, u := range uses(f) {
				names := strings.Fields(forbidden[u.path])
				if slices.Contains(names, u.name) || slices.Contains(names, "*") {
					complain(u.pos, u.path+"."+u.name, "take it from cli.Env")
				}
			}
		}
		ast.Inspect(f.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				if n.Name != nil && n.Name.Name == "." {
					complain(n.Pos(), "a dot import", "nobody can say where its names come from")
				}
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					complain(n.Pos(), "func init", "importing a package must do nothing")
				}
				if n.Body != nil {
					for _, id := range assigned(n, globals[f.dir()]) {
						complain(id.Pos(), "assignment to "+id.Name, "a variable of the package is shared by all that runs")
					}
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && slices.Contains([]string{"panic", "recover", "print", "println"}, id.Name) {
					complain(n.Pos(), id.Name+"()", "return an error")
				}
			}
			return true
		})
	}
	return problems, used
}

func atEdge(path string) bool {
	return slices.ContainsFunc(edge, func(e string) bool {
		return path == e || strings.HasSuffix(e, "/") && strings.HasPrefix(path, e)
	})
}

// globalVariables are the names of the variables of each package, by directory.
func globalVariables(files []source) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, f := range files {
		if f.isTest() {
			continue
		}
		if all[f.dir()] == nil {
			all[f.dir()] = map[string]bool{}
		}
		for _, d := range f.file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				for _, id := range spec.(*ast.ValueSpec).Names {
					all[f.dir()][id.Name] = true
				}
			}
		}
	}
	return all
}

// assigned are the package's variables that fn assigns to, to an element or to
// a field, or takes elements from. A name that fn declares anywhere is taken for its own.
func assigned(fn *ast.FuncDecl, globals map[string]bool) []*ast.Ident {
	own := map[string]bool{}
	declare := func(list *ast.FieldList) {
		if list == nil {
			return
		}
		for _, field := range list.List {
			for _, id := range field.Names {
				own[id.Name] = true
			}
		}
	}
	declare(fn.Recv)
	var targets []ast.Expr
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncType:
			declare(n.Params)
			declare(n.Results)
		case *ast.ValueSpec:
			for _, id := range n.Names {
				own[id.Name] = true
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				for _, e := range []ast.Expr{n.Key, n.Value} {
					if id, ok := e.(*ast.Ident); ok {
						own[id.Name] = true
					}
				}
			} else {
				targets = append(targets, n.Key, n.Value)
			}
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				if id, ok := e.(*ast.Ident); ok && n.Tok == token.DEFINE {
					own[id.Name] = true
				} else {
					targets = append(targets, e)
				}
			}
		case *ast.IncDecStmt:
			targets = append(targets, n.X)
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && slices.Contains([]string{"clear", "copy", "delete"}, id.Name) && len(n.Args) > 0 {
				targets = append(targets, n.Args[0])
			}
		}
		return true
	})
	var found []*ast.Ident
	for _, e := range targets {
		if id := rootOf(e); id != nil && id.Name != "_" && globals[id.Name] && !own[id.Name] {
			found = append(found, id)
		}
	}
	return found
}

// rootOf is the variable that an expression is, or is a part of.
func rootOf(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// secretBytes are names of what must be compared in constant time.
var secretBytes = regexp.MustCompile(`(?i)^(mac|macs|hmac|sum|digest|digests|signature|expected|wanted)$`)

// leaky are comparisons that stop at the first difference.
var leaky = map[string]string{
	"bytes":   "Compare Contains Equal EqualFold HasPrefix HasSuffix Index",
	"strings": "Compare EqualFold",
	"slices":  "Compare Equal",
	"reflect": "DeepEqual",
}

// checkConstantTime finds comparisons in package signature that an attacker
// could time.
func checkConstantTime(files []source) []string {
	var problems []string
	for _, f := range files {
		if f.dir() != "internal/signature" || f.isTest() {
			continue
		}
		for _, u := range uses(f) {
			if slices.Contains(strings.Fields(leaky[u.path]), u.name) {
				problems = append(problems, fmt.Sprintf("%s: %s.%s takes longer the more is right: use hmac.Equal", f.at(u.pos), u.path, u.name))
			}
		}
		ast.Inspect(f.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if (n.Op == token.EQL || n.Op == token.NEQ) && !isNil(n.X) && !isNil(n.Y) && (holdsMAC(n.X) || holdsMAC(n.Y)) {
					problems = append(problems, f.at(n.Pos())+": a MAC is compared with "+n.Op.String()+": use hmac.Equal")
				}
			case *ast.SwitchStmt:
				if n.Tag != nil && holdsMAC(n.Tag) {
					problems = append(problems, f.at(n.Pos())+": a MAC is compared by switch: use hmac.Equal")
				}
			}
			return true
		})
	}
	return problems
}

func isNil(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "nil"
}

// holdsMAC reports whether e is a MAC by its name, or made from one: converted,
// encoded, cut, or just summed.
func holdsMAC(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.Ident:
		return secretBytes.MatchString(x.Name)
	case *ast.SelectorExpr:
		return secretBytes.MatchString(x.Sel.Name)
	case *ast.ParenExpr:
		return holdsMAC(x.X)
	case *ast.SliceExpr:
		return holdsMAC(x.X)
	case *ast.IndexExpr:
		return holdsMAC(x.X)
	case *ast.CallExpr:
		if id, ok := x.Fun.(*ast.Ident); ok && (id.Name == "len" || id.Name == "cap") {
			return false
		}
		if sel, ok := x.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(sel.Sel.Name, "Sum") {
			return true
		}
		return slices.ContainsFunc(x.Args, holdsMAC)
	}
	return false
}

// The rules must find what they are for.

func TestCheckPurity(t *testing.T) {
	t.Parallel()
	got, used := checkPurity([]source{
		parse(t, "internal/sink/a.go", `package sink
import ("fmt"; "os"; "log"; clock "time")
var table = map[string]int{}
var n int
func init() {}
func f(w int) {
	fmt.Println(os.Getenv("HOME"))
	log.Print(clock.Now())
	defer func() { recover() }()
	panic("no")
	table["x"] = 1
	n++
	fmt.Fprintln(os.Stderr, os.ErrNotExist)
	clock.Since(clock.Time{})
	delete(table, "x")
	clear(table)
	clear(f)
}
func g() { n := 1; n++; table := map[string]int{}; table["x"] = n }
type clockT struct{}
func (clockT) init() {}
`),
		parse(t, "internal/sink/b.go", `package sink
import "time"
func now() time.Time { return time.Now() }
`),
		parse(t, "internal/sink/a_test.go", `package sink
import "os"
func init() { os.Exit(1) }
`),
		parse(t, "internal/cli/main.go", `package cli
import "os"
func Main() { _ = os.Args; panic(1) }
`),
	}, map[string]string{"internal/sink/b.go: time.Now": "a reason"})
	compare(t, got, []string{
		"internal/sink/a.go:7: fmt.Println: take it from cli.Env",
		"internal/sink/a.go:7: os.Getenv: take it from cli.Env",
		"internal/sink/a.go:8: log.Print: take it from cli.Env",
		"internal/sink/a.go:8: time.Now: take it from cli.Env",
		"internal/sink/a.go:13: os.Stderr: take it from cli.Env",
		"internal/sink/a.go:14: time.Since: take it from cli.Env",
		"internal/sink/a.go:5: func init: importing a package must do nothing",
		"internal/sink/a.go:11: assignment to table: a variable of the package is shared by all that runs",
		"internal/sink/a.go:12: assignment to n: a variable of the package is shared by all that runs",
		"internal/sink/a.go:15: assignment to table: a variable of the package is shared by all that runs",
		"internal/sink/a.go:16: assignment to table: a variable of the package is shared by all that runs",
		"internal/sink/a.go:9: recover(): return an error",
		"internal/sink/a.go:10: panic(): return an error",
		"internal/cli/main.go:3: panic(): return an error",
	})
	if !used["internal/sink/b.go: time.Now"] {
		t.Error("an exception was made and not noted")
	}
}

func TestCheckConstantTime(t *testing.T) {
	t.Parallel()
	compare(t, checkConstantTime([]source{
		parse(t, "internal/signature/a.go", `package signature
import ("bytes"; "strings"; "crypto/hmac"; "encoding/hex")
func f(mac, got []byte, text string, h hash.Hash) bool {
	if bytes.Equal(mac, got) || strings.EqualFold(text, hex.EncodeToString(mac)) { return true }
	if string(mac) == string(got) || hex.EncodeToString(mac[:]) != text { return true }
	if string(h.Sum(nil)) == text || text == "" || len(mac) == 32 || mac == nil { return true }
	switch string(mac) { case text: return true }
	return hmac.Equal(mac, got)
}
`),
		parse(t, "internal/render/a.go", `package render
import "bytes"
func f(mac, got []byte) bool { return bytes.Equal(mac, got) }
`),
	}), []string{
		"internal/signature/a.go:4: bytes.Equal takes longer the more is right: use hmac.Equal",
		"internal/signature/a.go:4: strings.EqualFold takes longer the more is right: use hmac.Equal",
		"internal/signature/a.go:5: a MAC is compared with ==: use hmac.Equal",
		"internal/signature/a.go:5: a MAC is compared with !=: use hmac.Equal",
		"internal/signature/a.go:6: a MAC is compared with ==: use hmac.Equal",
		"internal/signature/a.go:7: a MAC is compared by switch: use hmac.Equal",
	})
}
