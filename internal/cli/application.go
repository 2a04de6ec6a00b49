package cli

import (
	"os"

	"github.com/hookctl/hookctl/internal/term"
)

// applicationSinks are where an application gets its variables from, by a file of
// its directory. Each of the commands takes the value on standard input, so that it
// is in no argument list; a service whose program does not is not here (Heroku,
// Netlify, Render).
var applicationSinks = []struct {
	service, file string
	sink          string
}{
	// cli.github.com/manual/gh_secret_set: without --body, standard input.
	{"GitHub Actions", ".github", "exec:gh secret set " + envSecret},
	// glab-variable-set(1): "You can pass the variable value from standard input."
	{"GitLab CI", ".gitlab-ci.yml", "exec:glab variable set " + envSecret + " --masked"},
	// vercel.com/docs/cli/env: vercel env add NAME ENVIRONMENT < FILE.
	{"Vercel", "vercel.json", "exec:vercel env add " + envSecret + " production"},
	{"Vercel", ".vercel", "exec:vercel env add " + envSecret + " production"},
	// github.com/superfly/flyctl, internal/command/secrets/set.go: the value "-" is
	// read from standard input. (fly secrets import wants NAME=VALUE there.)
	{"Fly.io", "fly.toml", "exec:fly secrets set " + envSecret + "=-"},
	// github.com/cloudflare/workers-sdk, pull request 559: a piped value is taken.
	{"Cloudflare Workers", "wrangler.toml", "exec:wrangler secret put " + envSecret},
	{"Cloudflare Workers", "wrangler.jsonc", "exec:wrangler secret put " + envSecret},
	{"Cloudflare Workers", "wrangler.json", "exec:wrangler secret put " + envSecret},
}

// noteApplication says how the application gets the secret of the webhook ref: by a
// dotenv file, and by what the directory suggests.
func (a *app) noteApplication(ref string) {
	push := func(to string) string {
		return "hookctl secrets push " + ref + " --to " + term.ShellWord(to)
	}
	a.note("Your application gets it with: %s", push("dotenv:.env:"+envSecret))
	said := ""
	for _, s := range applicationSinks {
		if _, err := os.Lstat(s.file); err == nil && s.service != said {
			said = s.service
			a.note("%s (%s is here): %s", s.service, s.file, push(s.sink))
		}
	}
}
