package cli

import (
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/view"
)

// topics is THE list of topics.
func topics(drivers []*provider.Driver) []view.Topic {
	return []view.Topic{exitCodes(), environment(drivers), formatTopic()}
}

func exitCodes() view.Topic {
	codes := view.Section{Columns: "Code | Meaning", Entries: view.Entries([][2]string{
		{"0", "done; every signature valid; nothing to change"},
	})}
	for _, row := range fault.Table {
		codes.Add(strconv.Itoa(row.Exit), row.Meaning)
	}
	words := view.Section{
		Title:   "Codes in JSON errors",
		Columns: "Code | Exit code",
		Intro:   `With -o json an error is {"error": {"code", "exit_code", "message", "hint", "provider_message"}} on standard error. Its code is one of these, or a more specific one; exit_code is the exit code of the process.`,
	}
	for _, row := range fault.Table {
		words.Add(row.Code, strconv.Itoa(row.Exit))
	}
	return view.Topic{
		Name: "exit-codes", Title: "Exit codes",
		Intro: "Every command exits with one of these codes. If several things failed, the code is that of the worst one.",
		Sections: []view.Section{codes, words, {
			Title: "Cases", Columns: "Code | Case", Entries: view.Entries([][2]string{
				{"1", "the store was not usable before anything was sent"},
				{"2", "both WundertreOS credentials are set"},
				{"2", "verify had no secret to try, or nothing to read"},
				{"4", "Zyntro says: Invalid organization"},
				{"6", "Zyntro says: Failed to create webhook"},
				{"7", "create was interrupted, or its outcome is unknown"},
				{"7", "a finding of recover needs a human"},
			}),
		}},
	}
}

func environment(drivers []*provider.Driver) view.Topic {
	settings := view.Section{
		Title: "Settings", Columns: "Variable | Meaning",
		Intro: `hookctl does not send credentials from the environment to a base URL from config.yaml: set both in the environment. Every result shows a base URL that is not the provider's own, as in "Provider: wundertreos (127.0.0.1:42083)" or "origin" in JSON.`,
	}
	for _, key := range settingKeys(drivers) {
		meaning := key.Usage
		if key.Default != "" {
			meaning += " (default " + key.Default + ")"
		}
		settings.Add(key.Env(), meaning)
	}
	credentials := view.Section{
		Title: "Credentials", Columns: "Variable | Meaning",
		Intro: "They override the credentials that login stored. Programs that hookctl starts do not get them.",
	}
	for _, d := range drivers {
		for _, f := range d.Credentials {
			for i, name := range f.Env {
				what, _, _ := strings.Cut(f.Label, " (") // the rest is for who is asked
				meaning := d.Title + ": " + what
				if i > 0 {
					meaning = "the same as " + f.Env[0] + ", which overrides it"
				}
				credentials.Add(name, meaning)
			}
		}
	}
	agents := view.Section{Title: "Coding agents", Columns: "Variable | Set by", Intro: `If one of these is set, printing a secret (secrets show, --show-secret, the
sink stdout) needs --reveal, because a transcript keeps what is printed. This stops
accidents; it does not protect against attackers.`}
	for _, v := range agentVariables {
		agents.Add(v.name, v.agent)
	}
	return view.Topic{
		Name: "environment", Title: "Environment and files",
		Intro: "A flag overrides the environment, the environment overrides the profile in config.yaml, and the profile overrides the default. An empty variable counts as not set.",
		Sections: []view.Section{
			{Title: "Where", Columns: "Variable | Meaning", Entries: view.Entries([][2]string{
				{"HOOKCTL_CONFIG_DIR", "the directory of settings, secrets and journal, as --config (default: the directory hookctl in the user's configuration directory, such as ~/.config)"},
				{"GOMEMLIMIT", "the memory use above which hookctl frees memory more often, as in every Go program (default: 128MiB)"},
				{"XDG_CONFIG_HOME", "the user's configuration directory on Linux and the BSDs, as an absolute path (default: ~/.config)"},
				{config.EnvProfile, "the profile, as --profile (default: " + config.DefaultProfile + "). Commands that change something require an existing profile: hookctl profile create NAME"},
			})},
			credentials,
			settings,
			{Title: "Others", Columns: "Variable | Meaning", Entries: view.Entries([][2]string{
				{provider.AuthDataVariable, "create zyntro: the JSON for --auth-type, if --auth-data is not given"},
				{sandbox.EnvInside, "set in a sandbox: hookctl refuses base URLs that are not on the loopback, and create in CI needs no --secret-to"},
				{sandbox.EnvURL + ", " + sandbox.EnvToken, "the address and token of the sandbox, for sandbox emit and sandbox log; hookctl sandbox prints them"},
				{"XDG_RUNTIME_DIR, XDG_CACHE_HOME", "the directory for the state of sandbox start: the first one, or else the user's cache directory"},
				{"SHELL, PSModulePath, _", "how sandbox start detects the shell, without --shell"},
				{"CI", "if set (and not 0 or false), hookctl never asks, and create needs --secret-to or --store-only"},
				{"COLUMNS", "how wide text and help are where the output is no terminal (default: 80)"},
				{"NO_COLOR", "if set, no colour"},
				{"CLICOLOR_FORCE", "if set (and not 0), colour even if the output is not a terminal"},
				{"TERM", "if dumb: no colour, choices by number, and list --watch does not clear the screen"},
				{"SHELL, PSModulePath", "how doctor and completion install detect the shell"},
				{"HOME, ZDOTDIR, XDG_CONFIG_HOME, XDG_DATA_HOME, BASH_COMPLETION_USER_DIR", "where the completion script is; see: hookctl completion install --help"},
				{"HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "the proxy for requests, as for other programs"},
				{"CI_PROJECT_DIR, GITHUB_WORKSPACE", "set by GitLab and GitHub: the repository, from which reports name files"},
				{"TF_BUILD", "set by Azure Pipelines, for the sink azure-variable"},
				{"GITHUB_ACTIONS, GITHUB_ENV, GITHUB_OUTPUT", "set by GitHub Actions, for the sinks github-env and github-output and to mask secrets in logs"},
			})},
			agents,
			{Title: "Files in the configuration directory", Columns: "File | Holds", Entries: view.Entries([][2]string{
				{"config.yaml", "settings, never a secret or a credential. hookctl refuses the file and its directory if another user (except root) owns them or can write to them. Windows: not checked"},
				{"webhooks/", "one file for each webhook, with its secret"},
				{"webhooks.index", "what is in them but no secret, for speed; can be removed"},
				{"credentials/", "one file for each account"},
				{"journal/", "one file for each operation that is running or was interrupted; see: hookctl recover"},
			})},
		},
	}
}

// outputMeanings are the meanings of the output formats.
var outputMeanings = map[render.Format]string{
	render.Table:  "for people; in a pipe, nothing is shortened",
	render.JSON:   "one document; a list is an array. Later versions only add members",
	render.YAML:   "the same, as YAML",
	render.NDJSON: "the same, with each element of a list on its own line",
	render.Name:   "names only, one per line, for other commands",
}

func formatTopic() view.Topic {
	output := view.Section{Title: "Output (--output)", Columns: "Format | Meaning"}
	for _, f := range render.Formats {
		output.Add(string(f), outputMeanings[f])
	}
	captures := view.Section{
		Title: "Captured deliveries (verify --format)", Columns: "Format | Meaning",
		Intro: "Without --format, hookctl detects the format from the content. A directory is read with all its files.",
	}
	for _, f := range capture.Formats {
		if !f.Variant {
			captures.Add(f.Name, f.About)
		}
	}
	reasons := view.Section{Title: "Reasons of a verdict", Columns: "Reason | Meaning", Intro: "With verify, each reason but ok makes exit code 3; it is 2 if nothing could be read at all, or there is no secret to try."}
	for _, r := range view.Reasons {
		reasons.Add(string(r.Reason), r.Meaning)
	}
	sinks := view.Section{
		Title: "Sinks: other places for a secret (--secret-to)", Columns: "Sink | Meaning",
		Intro: "A sink gets the exact secret: the rule above for CI runners does not apply to it, nor to the output of a command that you name.",
	}
	for _, f := range sink.Forms() {
		sinks.Add(f.Syntax, f.Meaning)
	}
	return view.Topic{
		Name: "formats", Title: "Formats",
		Intro: "What hookctl writes and what it reads. " +
			"Text from providers, deliveries, manifests, file names and arguments cannot control a terminal or give a command to a CI runner: " +
			"hookctl breaks text that begins with ## and ends with [, and :: at the beginning of a line, in JSON and YAML by an escape, elsewhere by U+FFFD.",
		Sections: []view.Section{output, captures, {
			Title: "The delivery record", Columns: "Member | Meaning",
			Intro: "One JSON object: a line of ndjson, or a .json file. Required are only headers and one of the bodies.",
			Entries: view.Entries([][2]string{
				{"received_at", "when it was received, RFC 3339"},
				{"method, url", "the method and URL of the request"},
				{"headers", "an object; a value is a string or a list of strings"},
				{"body_base64", "the exact body, in base64"},
				{"body", "the body as a string, if it is text"},
				{"answer", "the handler's answer: an object of status, headers, body_base64, cut (true if the body was longer) and ms"},
			}),
		}, reasons, sinks},
	}
}
