package sink

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
)

// A secret is set as a secret, whole, and in one line; nowhere else.
func TestAzureVariable(t *testing.T) {
	t.Parallel()
	set := regexp.MustCompile(`^##vso\[task\.setvariable variable=([^;\]]*);issecret=true\]([^\r\n]*)\n$`)
	for _, v := range []string{canary, "100%", "%0A", "%AZP25", "a;b]c", "é'\"`$\\", "##vso[task.setvariable variable=x]y"} {
		w := newWorld()
		w.vars["TF_BUILD"] = "True"
		if err := w.put(t, "azure-variable:HOOK.secret", v); err != nil {
			t.Fatalf("%q: %v", v, err)
		}
		m := set.FindStringSubmatch(w.errOut.String())
		if m == nil || m[1] != "HOOK.secret" || strings.ReplaceAll(m[2], "%AZP25", "%") != v || strings.Contains(strings.ReplaceAll(m[2], "%AZP25", ""), "%") || w.out.Len() > 0 {
			t.Errorf("%q: %q %q", v, w.errOut.String(), w.out.String())
		}
	}
	for _, v := range []string{"two\nlines", "a\rb", "a\x00b", "\xff"} {
		w := newWorld()
		w.vars["TF_BUILD"] = "True"
		if err := w.put(t, "azure-variable:X", v); err == nil || w.errOut.Len() > 0 {
			t.Errorf("%q: %v, %q", v, err, w.errOut.String())
		}
	}
	for _, build := range []string{"", "False"} { // where no agent reads it, it is not printed
		w := newWorld()
		w.vars["TF_BUILD"] = build
		s := w.sink(t, "azure-variable:X")
		if err := s.Check(context.Background(), item(canary)); err == nil || !strings.Contains(err.Error(), "TF_BUILD") {
			t.Errorf("%q: %v", build, err)
		}
		if err := s.Put(context.Background(), item(canary)); err == nil || w.errOut.Len() > 0 {
			t.Errorf("%q: %v, %q", build, err, w.errOut.String())
		}
	}
	for _, name := range []string{"", "1a", "a-b", ".a", "a b", "a;x=y", "a]b", "Secret_x", "path", "INPUT.a", "endpointX", "secureFile"} {
		if _, err := Parse("azure-variable:"+name, newWorld().env); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: %v", name, err)
		}
	}
}
