package httpx

import "testing"

func TestProxyFor(t *testing.T) {
	t.Parallel()
	env := map[string]string{"https_proxy": "http://user:canary@proxy.example:3128/x", "NO_PROXY": "direct.example"}
	getenv := func(name string) string { return env[name] }
	for target, want := range map[string]string{
		"https://api.example.com/v1": "http://proxy.example:3128",
		"https://direct.example/":    "",
		"http://127.0.0.1:1/":        "",
	} {
		if got, err := ProxyFor(getenv, target); err != nil || got != want {
			t.Errorf("%s: %q, %v", target, got, err)
		}
	}
	if _, err := ProxyFor(getenv, "nowhere"); err == nil {
		t.Error("a URL that is none")
	}
	if got, err := ProxyFor(nil, "https://api.example.com"); got != "" || err != nil {
		t.Errorf("without an environment: %q, %v", got, err)
	}
}
