package internal_test

import (
	"fmt"
	"go/ast"
	"go/types"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
)

// cliHelpers are the files of cli that are no command, each above all that it
// uses. The first are above the commands, the others below.
var cliHelpers = struct{ above, below []string }{
	above: []string{"docs", "main", "root"},
	below: []string{
		"listen_tunnel", "listen_target", "listen_ui", "listen_create", "listen_left", "listen_handler", "application", "run_command",
		"help_topics", "help_layout", "manifest", "sent_writer", "selected", "judge", "signer", "sandbox_flags", "sandbox_environ", "keys", "flags", "targets", "listing",
		"args", "suggest", "events", "complete", "complete_script", "sinks", "connect", "frame", "profiles", "kept", "resolve", "origin",
		"input", "reveal", "typed", "app", "settings", "errors", "globals", "env", "words",
	},
}

// mostArrowsUp is how many arrows between the files of cli may run up.
const mostArrowsUp = 6

// TestFloors: a file of cli uses what files below it define. The commands are on
// one floor: none uses another, except that noun.go may use noun_verb.go. An
// arrow is a pair of files of which the first uses a function, method, type,
// variable or constant that the second declares. One that runs along the floor of
// the commands runs up.
func TestFloors(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	up, missing := arrowsUp(sources(t), "internal/cli", cliHelpers.above, cliHelpers.below)
	if len(up) > mostArrowsUp {
		t.Errorf("%d arrows of cli run up, at most %d may:\n%s", len(up), mostArrowsUp, strings.Join(up, "\n"))
	}
	if len(missing) > 0 {
		t.Errorf("there is no file of cli for %v", missing)
	}
}

// arrowsUp are the arrows of the package in dir that run up, sorted, and what of
// above and below is none of its files. Files for some systems count as one.
func arrowsUp(files []source, dir string, above, below []string) (up, missing []string) {
	name := func(f source) string {
		n := strings.TrimSuffix(path.Base(f.path), ".go")
		for _, system := range []string{"_linux", "_unix", "_windows", "_darwin", "_other"} {
			n = strings.TrimSuffix(n, system)
		}
		return n
	}
	files = slices.DeleteFunc(slices.Clone(files), func(f source) bool { return f.isTest() || f.dir() != dir })
	trees := make([]*ast.File, len(files))
	for i, f := range files {
		trees[i] = f.file
	}
	// Other packages stay empty, and what is of them untyped: names of this one
	// need none of them.
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: emptyImporter{}, Error: func(error) {}}
	pkg, _ := config.Check(dir, fileSet, trees, info)
	identifiers := func(f source, see func(*ast.Ident)) {
		ast.Inspect(f.file, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				see(id)
			}
			return true
		})
	}
	home := map[types.Object]string{} // the file of what the package declares
	for _, f := range files {
		identifiers(f, func(id *ast.Ident) {
			o := info.Defs[id]
			if _, isFunc := o.(*types.Func); o != nil && (isFunc || o.Parent() == pkg.Scope()) {
				home[o] = name(f)
			}
		})
	}
	const commands = 1 << 10
	floor := func(file string) int { // a higher one is a larger number
		if i := slices.Index(above, file); i >= 0 {
			return commands + len(above) - i
		}
		if i := slices.Index(below, file); i >= 0 {
			return commands - 1 - i
		}
		return commands
	}
	arrows := map[[2]string][]string{}
	for _, f := range files {
		identifiers(f, func(id *ast.Ident) {
			to, ours := home[info.Uses[id]]
			arrow := [2]string{name(f), to}
			if ours && to != name(f) && !slices.Contains(arrows[arrow], id.Name) {
				arrows[arrow] = append(arrows[arrow], id.Name)
			}
		})
	}
	for arrow, names := range arrows {
		from, to := arrow[0], arrow[1]
		if floor(from) > floor(to) || floor(from) == commands && strings.HasPrefix(to, from+"_") {
			continue
		}
		up = append(up, fmt.Sprintf("%s.go uses %s of %s.go", from, strings.Join(names, ", "), to))
	}
	slices.Sort(up)
	for _, helper := range slices.Concat(above, below) {
		if !slices.ContainsFunc(files, func(f source) bool { return name(f) == helper }) {
			missing = append(missing, helper)
		}
	}
	return up, missing
}

// emptyImporter makes packages without contents.
type emptyImporter struct{}

func (emptyImporter) Import(p string) (*types.Package, error) {
	pkg := types.NewPackage(p, path.Base(p))
	pkg.MarkComplete()
	return pkg, nil
}

// TestArrowsUp shows that the rule finds what it is for.
func TestArrowsUp(t *testing.T) {
	t.Parallel()
	up, missing := arrowsUp([]source{
		parse(t, "internal/cli/root.go", `package cli; func root() { newGet(); newGetAll(); low() }`),
		parse(t, "internal/cli/get.go", `package cli; func newGet() { newGetAll(); text(); var a app; a.open() }`),
		parse(t, "internal/cli/get_all.go", `package cli; import "os"; func newGetAll() { text(); os.newGet(); newGet := 1; _ = newGet }`),
		parse(t, "internal/cli/put.go", `package cli; func put() { newGet() }`),
		parse(t, "internal/cli/app.go", `package cli; type app struct{ put int }; func (*app) open() { low(); put() }`),
		parse(t, "internal/cli/words.go", `package cli; func text() { var a app; a.open() }; func low() {}`),
		parse(t, "internal/cli/words_test.go", `package cli; func more() { root() }`),
		parse(t, "internal/view/a.go", `package view; func root() { put() }`),
	}, "internal/cli", []string{"root"}, []string{"app", "words", "gone"})
	compare(t, up, []string{
		"app.go uses put of put.go",
		"put.go uses newGet of get.go",
		"words.go uses app, open of app.go",
	})
	compare(t, missing, []string{"gone"})
}
