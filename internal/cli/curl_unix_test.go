//go:build unix

package cli_test

import (
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/cli"
)

// TestCurl runs what --curl prints: it must send the very request that create
// sends, whatever the texts in it.
func TestCurl(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err == nil {
		_, err = exec.LookPath("curl")
	}
	if err != nil {
		t.Skip(err)
	}
	t.Parallel()
	for i, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			a := newPeer(t, func(c *net.TCPConn, _ request) { send(c, d.refused) })
			p := newProgram(t, d.environ(a.addr)...)
			for n, nasty := range []string{
				"plain", "it's", `a"b`, `\`, `\n`, "$HOME", "${x}", "$(id)", "`id`", "!!", "%s", "-o /tmp/x", "@/etc/passwd", "{a,b}", "[1-3]", "*", "~", "#", "a;b", "a&b", "a|b>c<d",
				"Büro ☕", "'", "''", `'"'`, "a  b ", "\u00a0", "<script>", "&amp;", "\u2028", "HOOKCTL_ZYNTRO_API_KEY", "$HOOKCTL_ZYNTRO_API_KEY", "hookctl-placeholder-", `{"hookctl-placeholder":"auth-data"}`,
			} {
				if !cli.Turn(n+i, len(dialects)) {
					continue
				}
				args := []string{"create", d.name, "--name", nasty, "--url", "https://example.com/?q=" + strings.Map(inQuery, nasty), "--event", "new_contact", "--no-validate"}
				if d == zyntroDialect {
					args = append(args, "--auth-type", "bearer", "--auth-data", "@-")
				}
				data := `{"value":` + quote(nasty) + `}`
				p.runWith(data, args...)
				drawn := p.runWith(data, append(args, "--curl")...)
				if drawn.code != 0 || strings.Contains(drawn.stdout, "the-api-key") {
					t.Fatalf("%q: %s", nasty, drawn)
				}
				c := exec.Command(sh, "-c", drawn.stdout)
				c.Env, c.Dir = p.with("HOOKCTL_AUTH_DATA="+data).environ, p.dir
				out, err := c.CombinedOutput()
				if err != nil {
					t.Errorf("%q: %v: %s\n%s", nasty, err, out, drawn.stdout)
					continue
				}
				seen := a.requests(nil)
				ours, curls := seen[len(seen)-2], seen[len(seen)-1]
				if ours.method != curls.method || ours.target != curls.target || ours.body != curls.body || ours.get("X-API-Key") != curls.get("X-API-Key") ||
					ours.get("Content-Type") != curls.get("Content-Type") || ours.get("Accept") != curls.get("Accept") {
					t.Errorf("%q: create sends\n%v\ncurl sends\n%v\nfor\n%s", nasty, ours, curls, drawn.stdout)
				}
			}
		})
	}
}

// inQuery keeps what a query can have.
func inQuery(r rune) rune {
	if r <= ' ' || r > '~' || strings.ContainsRune("%#\\\"<>[]{}|^`", r) {
		return '+'
	}
	return r
}
