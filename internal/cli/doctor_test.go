package cli

import (
	"strings"
	"testing"
)

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
