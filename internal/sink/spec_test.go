package sink

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
)

func TestTemplateFill(t *testing.T) {
	t.Parallel()
	crm := Item{Provider: "zyntro", ID: "wh-1", Name: "CRM Sync (EU)"}
	for _, tc := range []struct {
		spec string
		it   Item
		want string // the sink; "!" and part of the error
	}{
		{"dotenv:.env:HOOK_{{.Name}}", crm, "dotenv:.env:HOOK_CRM_SYNC_EU"},
		{"dotenv:.env:HOOK_{{ .Name }}", crm, "dotenv:.env:HOOK_CRM_SYNC_EU"},
		{"dotenv:env/{{.Provider}}/{{.Name}}.env:{{.Name}}_{{.ID}}", crm, "dotenv:env/zyntro/CRM-Sync-EU.env:CRM_SYNC_EU_WH_1"},
		{"file:secrets/{{.Name}}", crm, "file:secrets/CRM-Sync-EU"},
		{"github-env:{{.Name}}", crm, "github-env:CRM_SYNC_EU"},
		{"exec:gh secret set HOOK_{{.Name}} --app actions", crm, "exec:gh secret set HOOK_CRM_SYNC_EU --app actions"},
		{"exec:kubectl create secret generic hook-{{.Name}} --from-file=s=/dev/stdin", crm, "exec:kubectl create secret generic hook-CRM-Sync-EU --from-file=s=/dev/stdin"},
		{"exec:put '{{.Name}} of {{ .Provider }}'", crm, "exec:put 'CRM-Sync-EU of zyntro'"},
		{"file:plain", crm, "file:plain"},
		{"dotenv:{{.ID}}:_{{.ID}}", Item{ID: "7-x"}, "dotenv:7-x:_7_X"},
		{"github-output:{{.Provider}}-{{.ID}}", Item{Provider: "zyntro", ID: "7"}, "github-output:ZYNTRO-7"},

		// What a name must not do.
		{"exec:put {{.Name}}", Item{Name: "$(touch x); `y` | z"}, "exec:put touch-x-y-z"},
		{"exec:put {{.Name}}", Item{Name: "--all"}, "exec:put all"},
		{"exec:put {{.Name}}", Item{Name: "a b' 'c"}, "exec:put a-b-c"},
		{"file:s/{{.Name}}", Item{Name: "../../etc/passwd"}, "file:s/etc-passwd"},
		{"file:s/{{.Name}}", Item{Name: ".."}, "!cannot make a safe"},
		{"file:s/{{.Name}}", Item{Name: ""}, "!cannot make a safe"},
		{"file:s/{{.Name}}", Item{Name: "a\x00b"}, "!control characters"},
		{"file:s/{{.Name}}", Item{Name: "größe"}, "!outside ASCII"},
		{"file:s/{{.Name}}.txt", Item{Name: "Con"}, "!device"},
		{"file:s/{{.Name}}", Item{Name: "{{.ID}}", ID: "x"}, "file:s/ID"},
		{"dotenv:.env:{{.Name}}", Item{Name: "1st"}, "!name"},
		{"dotenv:.env:{{.Name}}", Item{Name: "A=1\nB"}, "!control characters"},
		{"dotenv:.env:{{.Name}}", Item{Name: "a:b"}, "dotenv:.env:A_B"},
		{"dotenv:.env:{{.Name}}", Item{Name: "- -"}, "!cannot make a safe variable"},
		{"file:s/{{.Name}}", Item{Name: "a\x80b"}, "!outside ASCII"},
		{"file:s/{{.Name}}", Item{Name: "AZaz09._-x"}, "file:s/AZaz09._-x"},
	} {
		tpl, err := Parse(tc.spec, Env{})
		if err != nil {
			t.Errorf("%s: %v", tc.spec, err)
			continue
		}
		got, err := tpl.For(tc.it), tpl.Fits(tc.it)
		if part, bad := strings.CutPrefix(tc.want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), part) || fault.KindOf(err) != fault.Usage {
				t.Errorf("%s with %q: %v, %v", tc.spec, tc.it.Name, got, err)
			}
			continue
		}
		if err != nil || got != tc.want {
			t.Errorf("%s with %q: got %v, %v; want %s", tc.spec, tc.it.Name, got, err, tc.want)
		}
	}
}

func TestTemplateRefuses(t *testing.T) {
	t.Parallel()
	for spec, part := range map[string]string{
		"dotenv:.env:{{.Secret}}":    "the fields are",
		"file:{{range .}}x{{end}}":   "the fields are",
		"file:{{.name}}":             "the fields are",
		"exec:{{.Name}} x":           "must not come from",
		"exec:put 'x":                "split",
		"dotenv:{{.Name}}":           "missing",
		"nowhere:{{.Name}}":          "no such sink",
		"file:":                      "path",
		"github-env:1{{.Name}}":      "name",
		"exec:":                      "missing",
		"dotenv:.env:HOOK {{.Name}}": "name",
		"dotenv::{{.Name}}":          "the path is missing",
		"github-env:{{.ID}}":         "an id may begin with a digit",
		"github-output:{{.ID}}-x":    "an id may begin with a digit",
		"dotenv:.env:{{ .ID }}":      "an id may begin with a digit",
		"dotenv:{{.ID}}:{{.ID}}_X":   "an id may begin with a digit",
		"exec:put '{{.Name}}":        "split",
	} {
		if _, err := Parse(spec, Env{}); err == nil || !strings.Contains(err.Error(), part) || !strings.Contains(err.Error(), strconv.Quote(spec)) {
			t.Errorf("%s: %v, want %q", spec, err, part)
		}
	}
}

func TestTemplatePlace(t *testing.T) {
	t.Parallel()
	place := func(spec, name string) string {
		tpl, err := Parse(spec, Env{})
		if err != nil {
			t.Fatal(err)
		}
		return tpl.Place(Item{Provider: "p", Name: name})
	}
	for _, same := range [][4]string{
		{"file:s/{{.Name}}", "A b", "file:./s/{{.Name}}", "a-B"},
		{"dotenv:.env:H_{{.Name}}", "A b", "dotenv:./.env:H_A_B", "x"},
		{"github-env:{{.Name}}", "a", "github-env:A", ""},
	} {
		if a, b := place(same[0], same[1]), place(same[2], same[3]); a != b || a == "" {
			t.Errorf("%v: %q and %q", same, a, b)
		}
	}
	for _, none := range []string{"exec:put {{.Name}}", "stdout", "file:{{.ID}}", "file:{{.Name}}"} {
		if got := place(none, "é"); got != "" {
			t.Errorf("%s: %q", none, got)
		}
	}
	tpl, err := Parse("file:s/{{.ID}}", Env{})
	if err != nil {
		t.Fatal(err)
	}
	if got := tpl.Place(Item{ID: "A"}); got != filepath.Join("s", "a") {
		t.Errorf("of a known id: %q", got)
	}
	if place("dotenv:.env:A", "x") == place("dotenv:.env:B", "x") {
		t.Error("two variables are one place")
	}
}

func TestTemplateWithLateID(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tpl, err := Parse("file:"+filepath.ToSlash(dir)+"/{{.Name}}-{{.ID}}", Env{Stderr: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	early := Item{Provider: "p", Name: "n"}
	if err := tpl.Check(context.Background(), early); err != nil {
		t.Fatal(err)
	}
	if got := tpl.For(early); got != tpl.spec {
		t.Errorf("without an id: %s", got)
	}
	if err := tpl.Put(context.Background(), Item{Provider: "p", Name: "n", ID: "wh_1", Secret: secret.New("s")}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "n-wh_1"))
	if err != nil || string(got) != "s" {
		t.Errorf("%q, %v", got, err)
	}
	if err := tpl.Put(context.Background(), Item{Name: "n", ID: "é", Secret: secret.New("s")}); err == nil {
		t.Error("an id that is no file's name is taken")
	}
	if err := tpl.Fits(Item{Name: "é"}); err == nil {
		t.Error("a name that is no file's name is taken")
	}
	if err := tpl.Check(context.Background(), Item{Name: "é"}); fault.KindOf(err) != fault.Usage {
		t.Errorf("a check of a name that is no file's name: %v", err)
	}
	if tpl.String() != tpl.spec {
		t.Errorf("%s", tpl)
	}
	it := Item{Name: "n", ID: "wh_1"}
	whole := "file:" + filepath.ToSlash(dir) + "/n-wh_1"
	if got := tpl.For(it); got != whole {
		t.Errorf("for one webhook: %s", got)
	}
	if got := SpecFor(tpl.String(), it); got != whole {
		t.Errorf("the spec for one webhook: %s", got)
	}
	if got := tpl.For(Item{ID: "é"}); got != tpl.spec {
		t.Errorf("an id that is no file's name: %s", got)
	}
	for _, spec := range []string{"file:plain", "exec:docker inspect -f '{{json .}}'", "file:{{.ID", "exec:{{.Name}} x"} {
		if got := SpecFor(spec, it); got != spec {
			t.Errorf("%s for one webhook: %s", spec, got)
		}
	}
	if got := SpecFor(tpl.spec, Item{Name: "é", ID: "x"}); got != tpl.spec {
		t.Errorf("a name that is no file's name: %s", got)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{"Check": tpl.Check(context.Background(), early), "Put": tpl.Put(context.Background(), it)} {
		if err == nil || !strings.Contains(err.Error(), filepath.Base(dir)) {
			t.Errorf("%s where the directory is gone: %v", what, err)
		}
	}
}

// TestEveryFormIsATemplate: what a form takes is filled in, whatever sinks there are.
func TestEveryFormIsATemplate(t *testing.T) {
	t.Parallel()
	for _, f := range Forms() {
		spec := strings.NewReplacer("PATH", "d/{{.Name}}", "NAME", "{{.Name}}", "COMMAND", "put {{.Name}}").Replace(f.Syntax)
		tpl, err := Parse(spec, Env{})
		if err != nil {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		want := strings.NewReplacer("PATH", "d/a-b", "NAME", "A_B", "COMMAND", "put a-b").Replace(f.Syntax)
		if got := tpl.For(Item{Name: "a b"}); got != want {
			t.Errorf("%s: %s, want %s", spec, got, want)
		}
	}
}
