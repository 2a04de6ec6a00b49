package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
)

// as hides nothing.
func as(text string) string { return text }

// reported writes cases into a report of a kind, and reads it.
func reported(t *testing.T, kind, path string, cases []testCase) string {
	t.Helper()
	r, err := NewReport(kind+"="+path, "hookctl verify", "", as)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if err := r.add(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".hookctl-report-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	return string(text)
}

// What others wrote is text in a summary: no cell, link, HTML, mention or command.
func TestSummaryReport(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "summary.md")
	if err := os.WriteFile(path, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	evil := "a|b`c`<img src=x>[l](http://x)www.x.example @who\n::error::x ##[group]\x1b[2J"
	got := reported(t, "summary", path, []testCase{
		{name: "good"}, {name: evil, ended: failed, message: evil}, {name: "c", ended: skipped, message: "left"}, {name: "torn", ended: errored, message: "torn"},
	})
	if !strings.HasPrefix(got, "before\n| Delivery | Problem |\n| --- | --- |\n") || !strings.Contains(got, "**hookctl verify** ❌ failed: 4 deliveries, 1 failed, 1 unreadable, 1 skipped\n") {
		t.Errorf("%s", got)
	}
	for row := range strings.Lines(got) {
		if !strings.HasPrefix(row, "| a") {
			continue
		}
		plain := strings.NewReplacer(`\\`, "", `\|`, "", "\\`", "", `\[`, "", `\:`, "", `\#`, "").Replace(row)
		if strings.Count(plain, "|") != 3 || strings.ContainsAny(plain, "<>`[@\x1b") || strings.Contains(plain, "www.") || strings.Contains(plain, "::") {
			t.Errorf("%s", row)
		}
	}
	if got := reported(t, "summary", path, []testCase{{name: "good"}}); !strings.HasSuffix(got, "**hookctl verify** ✅ passed: 1 delivery\n\n") || !strings.HasPrefix(got, "before\n|") {
		t.Errorf("%s", got)
	}
	broken, err := NewReport("summary="+path, "hookctl replay", "", as)
	if err == nil {
		err = errors.Join(broken.add(testCase{name: "good"}), broken.Close(errors.New("the disk\nis *full*")))
	}
	if text, rerr := os.ReadFile(path); err != nil || rerr != nil || !strings.HasSuffix(string(text), "**hookctl replay** ❌ incomplete: 1 delivery. the disk\\; is \\*full\\*\n\n") {
		t.Errorf("%v %v: %s", err, rerr, text)
	}
	if got := reported(t, "summary", filepath.Join(t.TempDir(), "s"), nil); strings.Contains(got, "passed") || !strings.Contains(got, "❌") {
		t.Errorf("nothing was looked at: %s", got)
	}
	var many []testCase
	for i := range mostSummaryRows + 7 {
		many = append(many, testCase{name: fmt.Sprint("n", i) + strings.Repeat("*", 10000), ended: failed, message: strings.Repeat("<", 10000)}, testCase{name: "good"})
	}
	got = reported(t, "summary", filepath.Join(t.TempDir(), "s"), many)
	if strings.Count(got, "\n| n") != mostSummaryRows || !strings.Contains(got, "\n... and 7 more\n") || strings.Count(got, "Problem") != 1 || len(got) > 1<<20 {
		t.Errorf("%s", got)
	}
}

func TestGitLabReport(t *testing.T) {
	t.Parallel()
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	evil := "\"},{\n##[x]\u2028"
	cases := []testCase{
		{name: "good", source: "a.ndjson:1"},
		{class: "hookctl.verify", name: "a.ndjson:17 deal.won", source: "a.ndjson:17", ended: failed, kind: "mismatch", message: "mismatch (bom)" + evil},
		{class: "hookctl.verify", name: "b.har#2", source: "b.har#2", ended: errored, kind: "unreadable", message: "unreadable"},
		{name: "c", source: "c", ended: skipped, kind: "too-old"},
	}
	read := func(cases []testCase) (issues []codeIssue) {
		text := reported(t, "gitlab", filepath.Join(t.TempDir(), "q.json"), cases)
		if err := json.Unmarshal([]byte(text), &issues); err != nil || strings.Contains(text, "##[") {
			t.Fatalf("%v: %s", err, text)
		}
		return issues
	}
	got := read(cases)
	if len(got) != 2 || len(read(cases[:1])) != 0 || len(read(nil)) != 0 {
		t.Fatalf("%+v", got)
	}
	for source, want := range map[string]string{
		"./a.ndjson:17": "a.ndjson", ".//b/../c.http": "c.http", "../x.http": strings.TrimLeft(filepath.ToSlash(filepath.Dir(wd)), "/") + "/x.http",
		"/c/a.ndjson#2": "c/a.ndjson", wd + "/b/c.http": "b/c.http", "-": ".gitlab-ci.yml", "-:17": ".gitlab-ci.yml",
	} {
		if got := read([]testCase{{source: source, ended: failed}}); got[0].Location.Path != want {
			t.Errorf("%s: %+v", source, got)
		}
	}
	if got[0].Location.Path != "a.ndjson" || got[0].Location.Lines.Begin != 17 || got[0].Severity != "major" || got[0].Check != "hookctl.verify.mismatch" ||
		got[1].Location.Path != "b.har" || got[1].Location.Lines.Begin != 1 || got[1].Severity != "critical" {
		t.Errorf("%+v", got)
	}
	if got[0].Fingerprint == got[1].Fingerprint || read(cases)[0].Fingerprint != got[0].Fingerprint || len(got[0].Fingerprint) != 64 {
		t.Errorf("%+v", got)
	}
}

// A path is that of the repository, also where the job works below it, and where it is
// named whole or through a link; and the fingerprint is the same wherever the runner has
// put the repository.
func TestInProject(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	work := filepath.Join(root, "builds", "project")
	if err := os.MkdirAll(filepath.Join(work, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(work, "sub", "a.http"): "sub/a.http", filepath.Join(work, "..", "project", "b"): "b", work: ".",
		filepath.Join(root, "else", "a.http"): strings.TrimLeft(filepath.ToSlash(root[len(filepath.VolumeName(root)):]), "/") + "/else/a.http",
	} {
		if got := inProject(path, work); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	link := filepath.Join(root, "link")
	if err := os.Symlink(work, link); err != nil {
		t.Skip("no symbolic links: ", err)
	}
	if got := inProject(filepath.Join(work, "sub"), link); got != "sub" {
		t.Errorf("through a link: %s", got)
	}
	prints := map[string]bool{}
	for _, dir := range []string{work, link} {
		issue := gitlabIssue(&Report{project: dir}, testCase{source: filepath.Join(dir, "sub") + ":3", ended: failed})
		var read []codeIssue
		if err := json.Unmarshal(append(issue, ']'), &read); err != nil || len(read) != 1 || read[0].Location.Path != "sub" || read[0].Location.Lines.Begin != 3 {
			t.Fatalf("%v: %s", err, issue)
		}
		prints[read[0].Fingerprint] = true
	}
	if len(prints) != 1 {
		t.Errorf("%v", prints)
	}
}

// A run that was broken off looks like none that passed.
func TestReportBrokenOff(t *testing.T) {
	t.Parallel()
	hide := func(text string) string { return strings.ReplaceAll(text, "a secret", "***") }
	for kind, want := range map[string]string{
		"junit":  `errors="1"`,
		"gitlab": `"check_name":"hookctl.verify.broken-off"`,
	} {
		path := filepath.Join(t.TempDir(), "r")
		if err := os.WriteFile(path, []byte("of an earlier run"), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := NewReport(kind+"="+path, "hookctl verify", "", hide)
		if err == nil {
			err = r.Close(errors.New("one\ntwo: a secret"))
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), want) || !strings.Contains(string(text), "one; two: ***") || strings.Contains(string(text), "earlier") {
			t.Errorf("%s: %v %s", kind, err, text)
		}
		if kind == "gitlab" && !json.Valid(text) {
			t.Errorf("%s", text)
		}
	}
}

func TestReportThatCannotBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, spec := range []string{"html=x", "junit=", "junit", "", "summary"} {
		if _, err := NewReport(spec, "x", "", as); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: %v", spec, err)
		}
	}
	for _, k := range reportKinds {
		if _, err := NewReport(k.name+"="+filepath.Join(dir, "none", "x"), "x", "", as); fault.KindOf(err) != fault.Other || !strings.Contains(err.Error(), "none") {
			t.Errorf("%s: %v", k.name, err)
		}
	}
}
