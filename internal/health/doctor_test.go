package cli

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/view"
)

func TestDoctorClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.now.Add(500 * time.Millisecond)
	for date, want := range map[string]string{
		"": view.CheckInfo, "yesterday": view.CheckInfo,
		w.now.Format(http.TimeFormat):                                             view.CheckOK, // cut to the second
		now.Add(-clockSlack + time.Second).Format(http.TimeFormat):                view.CheckOK,
		now.Add(-clockSlack - 2*time.Second).Format(http.TimeFormat):              view.CheckFault,
		now.Add(clockSlack + time.Minute).Format(http.TimeFormat):                 view.CheckOK, // it took that long
		now.Add(time.Minute + clockSlack + 9*time.Second).Format(http.TimeFormat): view.CheckFault,
		now.Add(time.Minute + 100*clockSlack).Format(http.TimeFormat):             view.CheckFault,
		now.Add(-time.Minute - 100*clockSlack).Format(http.TimeFormat):            view.CheckFault,
	} {
		d := &doctor{}
		d.clock(w.env.Drivers[0], http.Header{"Date": {date}}, now, now.Add(time.Minute))
		if len(d.checks) != 1 || d.checks[0].Status != want || (want == view.CheckFault) != (d.checks[0].Fix != nil) {
			t.Errorf("%q at %s: %+v", date, now, d.checks)
		}
	}
}

func TestDoctorCompletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	home := t.TempDir()
	w.env.Environ = append(w.env.Environ, "HOME="+home, "SHELL=/opt/odd/fish")
	d := &doctor{app: &app{env: w.env}}
	d.completion()
	file := filepath.Join(home, ".config", "fish", "completions", "hookctl.fish")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d.completion()
	w.env.Environ = append(w.env.Environ, "SHELL=/bin/tcsh")
	d.completion() // says nothing
	if len(d.checks) != 2 || d.checks[0].Status != view.CheckInfo || !strings.Contains(*d.checks[0].Fix, "completion fish") ||
		d.checks[1].Status != view.CheckOK || *d.checks[1].Path != file {
		t.Errorf("%+v", d.checks)
	}
}

// The proxy's password is nobody's business.
func TestDoctorProxy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env.Environ = append(w.env.Environ, "HTTPS_PROXY=http://user:canary@127.0.0.1:1", "HOOKCTL_WUNDERTREOS_BASE_URL=https://api.example.com/functions/v1")
	out := w.run(3, "doctor", "--request-timeout", "500ms")
	if !strings.Contains(out, "info     proxy wundertreos: requests go through http://127.0.0.1:1\n") || strings.Contains(out+w.errs.String(), "canary") {
		t.Errorf("%s%s", out, &w.errs)
	}
	w.env.Environ = append(w.env.Environ, "HTTPS_PROXY=http://user:canary\x7f@[")
	out = w.run(3, "doctor", "--request-timeout", "500ms")
	if strings.Contains(out+w.errs.String(), "canary") {
		t.Errorf("%s%s", out, &w.errs)
	}
}
