package tunnel

import (
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
)

// TestUnknownHost: where ssh does not know the host, the command that makes it known is
// named.
func TestUnknownHost(t *testing.T) {
	t.Parallel()
	why := reason{"it ended: exit status 255", []string{"No ED25519 host key is known for x.", "Host key verification failed."}}
	const lead = "ssh does not know the host, or the host's key has changed; log in once yourself to see its key: "
	for kind, want := range map[string]string{
		"ssh:example.com":         lead + "ssh example.com",
		"ssh:me@example.com:2222": lead + "ssh -p 2222 me@example.com",
		"ssh:[2001:db8::1]:22":    lead + "ssh -p 22 2001:db8::1",
	} {
		k, err := Parse(kind)
		if err != nil {
			t.Fatal(err)
		}
		if got := fault.HintOf(why.fault(k)).String(); got != want {
			t.Errorf("%s: %s", kind, got)
		}
		if got := fault.HintOf((reason{"it ended", nil}).fault(k)).String(); got == want {
			t.Errorf("%s: %s", kind, got)
		}
	}
}
