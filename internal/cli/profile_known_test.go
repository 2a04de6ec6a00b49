package cli

import (
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/hookctl/hookctl/internal/secret"
)

// TestUnknownProfile: a profile that there is not is refused by what changes
// something, before anything is sent or kept, and named to who only reads.
func TestUnknownProfile(t *testing.T) {
	t.Parallel()
	me, err := age.GenerateX25519Identity()
	check(t, err)
	for _, how := range []string{"flag --profile", "environment HOOKCTL_PROFILE"} {
		w := newWorld(t)
		w.env.Environ = append(w.env.Environ, "S=0123456789abcdef0123456789abcdef")
		ids := w.seed()
		w.run(0, "profile", "create", "prod")
		var more []string
		if how == "flag --profile" {
			more = []string{"--profile", "prdo"}
		} else {
			w.env.Environ = append(w.env.Environ, "HOOKCTL_PROFILE=prdo")
		}
		kept := tree(t, w.dir)
		manifest := w.dir + "/../hooks.yaml"
		write(t, manifest, "version: 1\nwebhooks:\n  - {provider: wundertreos, name: N, url: https://example.com/h, events: [contact.created]}\n")
		z, wu := ids["zyntro"], ids["wundertreos"]
		for _, args := range []string{
			"create zyntro --name N --url https://example.com/h --event new_contact", "create wundertreos --url https://example.com/h --event contact.created",
			"create wundertreos --url https://example.com/h --event contact.created --dry-run=false",
			"rotate " + wu + " --yes", "update " + z + " --timeout 60", "update " + wu + " --replace --url https://example.com/x --yes", "delete " + wu + " --yes", "delete --all --yes",
			"pause " + z, "resume " + z, "apply --yes -f " + manifest,
			"secrets set zyntro/1 --from-env S", "secrets push " + z + " --to stdout", "secrets remove " + z + " --yes", "secrets migrate --to file",
			"secrets import --identity " + manifest + " " + manifest,
			"recover --delete " + wu, "recover --rotate " + wu, "recover --forget " + wu,
			"listen --timeout 1ms --addr 127.0.0.1:0 --create wundertreos --public-url https://example.com",
			"config unset output", "config unset quiet",
			"api wundertreos create-webhook -X POST", "api zyntro createWebhook -f name=N", "api zyntro createWebhook --input " + manifest,
		} {
			w.run(2, append(strings.Fields(args), more...)...)
			w.said("there is no profile \"prdo\" ("+how+")", "did you mean: prod", "hookctl profile create prdo", "hookctl login zyntro --profile prdo")
		}
		if got := w.boxes["zyntro"].Webhooks() + w.boxes["wundertreos"].Webhooks(); got != 2 {
			t.Errorf("%s: %d webhooks", how, got)
		}
		for _, args := range []string{
			"list", "get " + z, "export", "plan -f " + manifest, "secrets list", "secrets check", "recover", "doctor --offline", "api wundertreos oauth-me", "config list", "config get output", "logout zyntro",
			"create wundertreos --url https://example.com/h --event contact.created --dry-run", "create zyntro --name N --url https://example.com/h --event new_contact --curl",
			"listen --timeout 1ms --addr 127.0.0.1:0 --secret-env S --provider zyntro",
		} {
			w.run(0, append(strings.Fields(args), more...)...)
			w.said("There is no profile prdo ("+how+")", "Did you mean: prod?")
			w.run(0, append(append(strings.Fields(args), "--quiet"), more...)...)
			if strings.Contains(w.errs.String(), "prdo (") {
				t.Errorf("%q --quiet: %s", args, &w.errs)
			}
		}
		w.run(1, append([]string{"secrets", "export", "--age-recipient", me.Recipient().String()}, more...)...)
		w.said("There is no profile prdo")
		w.run(2, append([]string{"secrets", "show", z}, more...)...)
		w.said("There is no profile prdo", "use --profile default")
		for _, args := range []string{"version", "help exit-codes", "list-events", "profile list", "config path", "completion bash", "demo"} {
			w.run(0, append(strings.Fields(args), more...)...)
			if strings.Contains(w.errs.String(), "prdo") {
				t.Errorf("%q: %s", args, &w.errs)
			}
		}
		if now := tree(t, w.dir); now != kept {
			t.Errorf("%s: there was %s, there is %s", how, kept, now)
		}
	}
}

// TestKnownProfile: each of what makes a profile makes it known.
func TestKnownProfile(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(w *world){
		"default":        func(*world) {},
		"profile create": func(w *world) { w.run(0, "profile", "create", "ci") },
		"config set":     func(w *world) { w.run(0, "config", "set", "output", "table", "--profile", "ci") },
		"login":          func(w *world) { w.run(0, "login", "zyntro", "--profile", "ci") },
		"a record": func(w *world) {
			st := secret.OpenFileStore(w.dir, secret.FileStoreOptions{Now: w.env.Now})
			check(w.t, st.Put(w.t.Context(), secret.Record{Provider: "zyntro", ID: "1", Profile: "ci", Secret: secret.New("s")}))
		},
		"an interrupted create": func(w *world) {
			w.run(0, "profile", "create", "ci")
			w.loseOneOf("ci")
			w.run(0, "profile", "create", "other", "--use")
			write(w.t, w.dir+"/config.yaml", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			profile := "ci"
			if name == "default" {
				profile = name
			}
			make(w)
			w.run(0, "create", "wundertreos", "--url", "https://example.com/h", "--event", "contact.created", "--profile", profile)
			if strings.Contains(w.errs.String(), "no profile") {
				t.Error(&w.errs)
			}
			w.run(0, "list", "--profile", profile)
			if strings.Contains(w.errs.String(), "no profile") {
				t.Error(&w.errs)
			}
		})
	}
}

// loseOneOf makes a webhook whose answer never arrives, in that profile.
func (w *world) loseOneOf(profile string) {
	w.t.Helper()
	w.lose.Store(true)
	w.run(7, "create", "zyntro", "--name", "Lost", "--url", "https://example.com/lost", "--event", "new_contact", "--profile", profile)
	w.lose.Store(false)
}
