package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/secret"
)

func TestLoginAsks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, provider string
		person         person
		args           []string
		want           map[string]string
		asked          []string
	}{
		{
			"zyntro", "zyntro",
			person{secrets: map[string]string{"API key": "key-typed", "Developer": ""}, inputs: map[string]string{"Organization": "org-typed"}},
			nil,
			map[string]string{"api_key": "key-typed", "org_id": "org-typed"},
			[]string{"API key (dashboard: Me or Account > API & Webhooks)", "Organization id (a UUID; Zyntro's documentation does not say where it is shown)", "Developer secret (zdk_..., only for the /apis/v2 paths; may be empty)"},
		},
		{
			"zyntro with a developer secret", "zyntro",
			person{secrets: map[string]string{"API key": "key-typed", "Developer": "zdk_typed"}, inputs: map[string]string{"Organization": "org-typed"}},
			[]string{"--profile", "work"},
			map[string]string{"api_key": "key-typed", "org_id": "org-typed", "developer_secret": "zdk_typed"},
			[]string{"API key (dashboard: Me or Account > API & Webhooks)", "Organization id (a UUID; Zyntro's documentation does not say where it is shown)", "Developer secret (zdk_..., only for the /apis/v2 paths; may be empty)"},
		},
		{
			"zyntro with the environment's key", "zyntro",
			person{secrets: map[string]string{"API key": "", "Developer": ""}, inputs: map[string]string{"Organization": "org-typed"}},
			nil,
			map[string]string{"api_key": "(the environment's)", "org_id": "org-typed"},
			[]string{"API key (Enter keeps the value of HOOKCTL_ZYNTRO_API_KEY)", "Organization id (Enter keeps the value of HOOKCTL_ZYNTRO_ORG_ID)", "Developer secret (zdk_..., only for the /apis/v2 paths; may be empty)"},
		},
		{
			"wundertreos with a key", "wundertreos",
			person{secrets: map[string]string{"API key": "key-typed"}},
			nil,
			map[string]string{"api_key": "key-typed"},
			[]string{"API key (leave empty to use an access token)"},
		},
		{
			"wundertreos with a token", "wundertre",
			person{secrets: map[string]string{"API key": "", "OAuth": "token-typed"}},
			nil,
			map[string]string{"token": "token-typed"},
			[]string{"API key (leave empty to use an access token)", "OAuth access token"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t).at(&tt.person)
			if !strings.Contains(tt.name, "environment") {
				w.unset("HOOKCTL_ZYNTRO_API_KEY", "HOOKCTL_ZYNTRO_ORG_ID", "HOOKCTL_ZYNTRO_DEVELOPER_SECRET", "HOOKCTL_WUNDERTREOS_API_KEY")
			}
			out := w.run(0, append([]string{"login", tt.provider, "--no-check"}, tt.args...)...)
			if strings.Contains(out+w.errs.String(), "typed") {
				t.Errorf("an answer is shown:\n%s%s", out, &w.errs)
			}
			if diff := cmp.Diff(tt.asked, tt.person.asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			list, _, err := secret.OpenFileStore(w.dir, secret.FileStoreOptions{}).ListCredentials(t.Context())
			if err != nil || len(list) != 1 {
				t.Fatalf("kept %v, %v", list, err)
			}
			got := map[string]string{}
			for name, v := range list[0].Fields {
				if got[name] = v.Reveal(); v.Equal(w.boxes["zyntro"].Credentials()[name]) {
					got[name] = "(the environment's)"
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
			if !list[0].SavedAt.Equal(w.now) {
				t.Errorf("saved at %v", list[0].SavedAt)
			}
		})
	}
}

func TestLoginRefusesOddAnswers(t *testing.T) {
	t.Parallel()
	for _, odd := range []string{" key", "key\n", "a\tb", "\u00a0"} {
		w := newWorld(t).at(&person{secrets: map[string]string{"API key": odd}})
		w.run(2, "login", "zyntro")
		w.said("api_key of the answer has white space around it")
	}
	w := newWorld(t).at(&person{secrets: map[string]string{"API key": "key-typed"}, inputs: map[string]string{"Organization": ""}})
	w.unset("HOOKCTL_ZYNTRO_ORG_ID")
	w.run(1, "login", "zyntro") // the prompter asks again in this case
}

func TestWhichProviders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(2, "login")
	w.said("hookctl login needs one provider: zyntro or wundertreos", "for instance: hookctl login zyntro")
	w.run(2, "create", "foo")
	w.said(`unknown provider "foo"`, "providers: zyntro, wundertreos")
}

// The person's answer is what the provider judges, not the environment's.
func TestLoginChecksTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t).at(&person{secrets: map[string]string{"API key": "wrong-answer"}})
	w.run(4, "login", "wundertreos")
	w.said("nothing was stored", "check the credentials")
	if strings.Contains(w.errs.String(), "wrong-answer") {
		t.Error("the answer is shown")
	}
	list, _, err := secret.OpenFileStore(w.dir, secret.FileStoreOptions{}).ListCredentials(t.Context())
	if err != nil || len(list) != 0 {
		t.Errorf("kept %v, %v", list, err)
	}
}

// A script cannot type a control character.
func TestCreateRefusesControlCharacters(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"zyntro", "wundertreos"} {
		w := newWorld(t)
		w.run(2, "create", provider, "--name", "two\nlines", "--url", "https://example.com", "--event", "all")
		w.said("contains control characters")
	}
}
