package cli

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestResultsNameTheOrigin: whatever is printed of a webhook names the base URL
// that it is at, unless that is the provider's own.
func TestResultsNameTheOrigin(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{false, true} {
		w := newWorld(t)
		w.env.Environ = append(w.env.Environ, "S=0123456789abcdef0123456789abcdef")
		if own {
			w.own()
		}
		w.run(0, "create", "zyntro", "--name", "First", "--url", "https://example.com/a", "--event", "new_contact")
		for _, step := range []struct {
			args     string
			code     int
			provider string
			always   bool // the member is there for the provider's own too
		}{
			{args: "create zyntro --name Crm --url https://example.com/h --event new_contact", provider: "zyntro"},
			{args: "create wundertreos --name Lead --url https://example.com/l --event contact.created", provider: "wundertreos"},
			{args: "create wundertreos --name Lead --url https://example.com/l --event contact.created --if-absent", provider: "wundertreos"},
			{args: "list zyntro", provider: "zyntro"},
			{args: "list wundertreos", provider: "wundertreos"},
			{args: "get Crm", provider: "zyntro"},
			{args: "get Lead", provider: "wundertreos"},
			{args: "update Crm --timeout 60", provider: "zyntro"},
			{args: "pause Crm", provider: "zyntro"},
			{args: "resume Crm", provider: "zyntro"},
			{args: "update Lead --replace --url https://example.com/m --yes", provider: "wundertreos"},
			{args: "rotate Crm --yes", provider: "zyntro"},
			{args: "secrets list", provider: "", always: true},
			{args: "secrets set Crm --from-env S --yes", provider: "zyntro", always: true},
			{args: "secrets push First --to file:" + w.dir + "/../pushed", provider: "zyntro", always: true},
			{args: "delete First --yes", provider: "zyntro"},
			{args: "delete Lead --yes", provider: "wundertreos"},
			{args: "secrets remove First --yes", provider: "zyntro", always: true},
		} {
			t.Run(map[bool]string{true: "own ", false: "foreign "}[own]+step.args, func(t *testing.T) {
				args := strings.Fields(step.args)
				// What changes something is run once, for its text or its JSON in turn.
				text := len(step.args)%2 == 0 && !strings.HasPrefix(step.args, "secrets")
				if args[0] == "list" || args[0] == "get" || step.args == "secrets list" {
					checkText(t, w.run(step.code, args...), own, w.hosts(step.provider))
					text = false
				}
				if text {
					checkText(t, w.run(step.code, args...), own, w.hosts(step.provider))
					return
				}
				var rows []map[string]any
				out := w.run(step.code, append(args, "--jq", "[., .[]?] | flatten | map(select(type == \"object\" and .provider)) | unique")...)
				if err := json.Unmarshal([]byte(out), &rows); err != nil || len(rows) == 0 {
					t.Fatalf("%v in %s", err, out)
				}
				for _, row := range rows {
					origin, there := row["origin"]
					want := w.origin(row["provider"].(string))
					if there != (!own || step.always) || there && origin != want {
						t.Errorf("origin %v, there: %v, want %s: %s", origin, there, want, out)
					}
				}
			})
		}
	}
}

// hosts are those of the provider's fake, or of all.
func (w *world) hosts(provider string) []string {
	var hosts []string
	for _, d := range w.env.Drivers {
		if provider == "" || d.Name == provider {
			hosts = append(hosts, strings.TrimPrefix(w.origin(d.Name), "http://"))
		}
	}
	return hosts
}

func checkText(t *testing.T, out string, own bool, hosts []string) {
	t.Helper()
	for _, host := range hosts {
		if strings.Contains(out, "("+host+")") == own {
			t.Errorf("own: %v, and the text is\n%s", own, out)
		}
	}
}
