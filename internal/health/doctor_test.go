package health

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
)

func TestDoctorClock(t *testing.T) {
	t.Parallel()
	second := time.Date(2026, 5, 17, 14, 30, 0, 0, time.UTC)
	now := second.Add(500 * time.Millisecond)
	for date, want := range map[string]string{
		"": Info, "yesterday": Info,
		second.Format(http.TimeFormat):                                            OK, // cut to the second
		now.Add(-clockSlack + time.Second).Format(http.TimeFormat):                OK,
		now.Add(-clockSlack - 2*time.Second).Format(http.TimeFormat):              Fault,
		now.Add(clockSlack + time.Minute).Format(http.TimeFormat):                 OK, // it took that long
		now.Add(time.Minute + clockSlack + 9*time.Second).Format(http.TimeFormat): Fault,
		now.Add(time.Minute + 100*clockSlack).Format(http.TimeFormat):             Fault,
		now.Add(-time.Minute - 100*clockSlack).Format(http.TimeFormat):            Fault,
	} {
		d := &Doctor{}
		d.clock(&provider.Driver{}, http.Header{"Date": {date}}, now, now.Add(time.Minute))
		if len(d.checks) != 1 || d.checks[0].Status != want || (want == Fault) != (d.checks[0].Fix != nil) {
			t.Errorf("%q at %s: %+v", date, now, d.checks)
		}
	}
}

func TestDoctorCompletion(t *testing.T) {
	t.Parallel()
	environ := map[string]string{"HOME": t.TempDir(), "SHELL": "/opt/odd/fish"}
	d := &Doctor{Getenv: func(name string) string { return environ[name] }}
	d.completion()
	file := filepath.Join(environ["HOME"], ".config", "fish", "completions", "hookctl.fish")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d.completion()
	environ["SHELL"] = "/bin/tcsh"
	d.completion() // says nothing
	if len(d.checks) != 2 || d.checks[0].Status != Info || !strings.Contains(*d.checks[0].Fix, "completion install fish") ||
		d.checks[1].Status != OK || *d.checks[1].Path != file {
		t.Errorf("%+v", d.checks)
	}
}
