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
		Title:   "Words in JSON errors",
		Columns: "Word | Exit code",
		Intro:   `With -o json an error is {"error": {"code", "exit_code", "message", "hint", "provider_message"}} on standard error. Its code is one of these or a finer word; its exit_code is the process's.`,
	}
	for _, row := range fault.Table {
		words.Add(row.Code, strconv.Itoa(row.Exit))
	}
	return view.Topic{
		Name: "exit-codes", Title: "Exit codes",
		Intro: "Every command exits with one of these. Where several things failed it is the code of the worst.",
		Sections: []view.Section{codes, words, {
			Title: "Cases", Columns: "Code | Case", Entries: view.Entries([][2]string{
				{"1", "the store was not usable before anything was sent"},
				{"2", "both WundertreOS credentials are set"},
				{"2", "verify had no secret to try, or nothing to read"},
				{"4", "Zyntro says: Invalid organization"},
				{"6", "Zyntro says: Failed to create webhook"},
				{"7", "create was interrupted, or its outcome could not be looked up"},
				{"7", "recover left something for a human"},
			}),
		}},
	}
}

func environment(drivers []*provider.Driver) view.Topic {
	settings := view.Section{
		Title: "Settings", Columns: "Variable | Meaning",
		Intro: `A base URL that config.yaml names is not used with credentials from the environment: set it in the environment too. Every result names a base URL that is not the provider's own, as in "Provider: wundertreos (127.0.0.1:42083)" or "origin" in JSON.`,
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
		Intro: "They go before those that login keeps. A program that hookctl starts does not see them.",
	}
	for _, d := range drivers {
		for _, f := range d.Credentials {
			for i, name := range f.Env {
				what, _, _ := strings.Cut(f.Label, " (") // the rest is for who is asked
				meaning := d.Title + ": " + what
				if i > 0 {
					meaning = "as " + f.Env[0] + ", which goes before it"
				}
				credentials.Add(name, meaning)
			}
		}
	}
	agents := view.Section{Title: "Coding agents", Columns: "Variable | Set by", Intro: `Where one of these is set, printing a secret (secrets show, --show-secret, the
sink stdout) needs --reveal, since a transcript keeps what is printed. That stops
accidents and protects from nobody.`}
	for _, v := range agentVariables {
		agents.Add(v.name, v.agent)
	}
	return view.Topic{
		Name: "environment", Title: "Environment and files",
		Intro: "A flag goes before the environment, the environment before the profile in config.yaml, that before the default. An empty variable counts as not set.",
		Sections: []view.Section{
			{Title: "Where", Columns: "Variable | Meaning", Entries: view.Entries([][2]string{
				{"HOOKCTL_CONFIG_DIR", "the directory of settings, secrets and journal, as --config (default: the directory hookctl in the user's configuration directory, such as ~/.config)"},
				{"GOMEMLIMIT", "how much memory is used before it is cleared more often, as of any Go program (default: 128MiB)"},
				{"XDG_CONFIG_HOME", "the user's configuration directory on Linux and the BSDs, as an absolute path (default: ~/.config)"},
				{config.EnvProfile, "the profile, as --profile; without one it is the profile " + config.DefaultProfile + ". What changes something needs one that exists: hookctl profile create NAME"},
			})},
			credentials,
			settings,
			{Title: "Others", Columns: "Variable | Meaning", Entries: view.Entries([][2]string{
				{provider.AuthDataVariable, "create zyntro: the JSON for --auth-type, where --auth-data is not given"},
				{sandbox.EnvInside, "set where a sandbox is in force: base URLs that are not on the loopback are refused, and create in CI needs no --secret-to"},
				{sandbox.EnvURL + ", " + sandbox.EnvToken, "as hookctl sandbox prints them: where sandbox emit and sandbox log find it"},
				{"XDG_RUNTIME_DIR, XDG_CACHE_HOME", "where the state of sandbox start lies: in the first, or else in the user's directory for caches"},
				{"SHELL, PSModulePath, _", "what sandbox start takes for the shell that reads its lines, without --shell"},
				{"CI", "if set (and not 0 or false) nothing is asked, and create wants a --secret-to or --store-only"},
				{"COLUMNS", "how wide text and help are where the output is no terminal (default: 80)"},
				{"NO_COLOR", "if set, no colour"},
				{"CLICOLOR_FORCE", "if set (and not 0), colour even where the output is no terminal"},
				{"TERM", "if dumb, no colour, choices by number, and a list --watch that does not clear the screen"},
				{"SHELL, PSModulePath", "whose completion script doctor looks for, and completion install writes without an argument"},
				{"HOME, ZDOTDIR, XDG_CONFIG_HOME, XDG_DATA_HOME, BASH_COMPLETION_USER_DIR", "where that script is; see: hookctl completion install --help"},
				{"HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "the proxy for requests, as for other programs"},
				{"CI_PROJECT_DIR, GITHUB_WORKSPACE", "set by GitLab and GitHub: the repository, from which reports name files"},
				{"TF_BUILD", "set by Azure Pipelines, for the sink azure-variable"},
				{"GITHUB_ACTIONS, GITHUB_ENV, GITHUB_OUTPUT", "set by GitHub Actions, for the sinks github-env and github-output and to mask secrets in logs"},
			})},
			agents,
			{Title: "Files in the configuration directory", Columns: "File | Holds", Entries: view.Entries([][2]string{
				{"config.yaml", "settings, never a secret or a credential. It and its directory are refused if another user owns them or can write to them; root may own them. Windows: not checked"},
				{"webhooks/", "one file for each webhook, with its secret"},
				{"credentials/", "one file for each account"},
				{"journal/", "one file for each operation that is under way or was interrupted; see: hookctl recover"},
			})},
		},
	}
}

// outputMeanings are the meanings of the output formats.
var outputMeanings = map[render.Format]string{
	render.Table:  "for people; in a pipe nothing is cut",
	render.JSON:   "one document; a list is an array. Members are only ever added",
	render.YAML:   "the same as YAML",
	render.NDJSON: "the same, each element of a list on a line of its own",
	render.Name:   "names only, one a line, for other commands",
}

func formatTopic() view.Topic {
	output := view.Section{Title: "Output (--output)", Columns: "Format | Meaning"}
	for _, f := range render.Formats {
		output.Add(string(f), outputMeanings[f])
	}
	captures := view.Section{
		Title: "Captured deliveries (verify --format)", Columns: "Format | Meaning",
		Intro: "The format is detected by content unless --format names it. A directory is walked.",
	}
	for _, f := range capture.Formats {
		if !f.Variant {
			captures.Add(f.Name, f.About)
		}
	}
	reasons := view.Section{Title: "Reasons of a verdict", Columns: "Reason | Meaning", Intro: "All but ok make exit code 3."}
	for _, r := range view.Reasons {
		reasons.Add(string(r.Reason), r.Meaning)
	}
	sinks := view.Section{
		Title: "Where else a secret may go (--secret-to)", Columns: "Sink | Meaning",
		Intro: "A sink gets the secret exactly: it is exempt from what is said above of commands for CI runners, as is what a command that you name prints.",
	}
	for _, f := range sink.Forms() {
		sinks.Add(f.Syntax, f.Meaning)
	}
	return view.Topic{
		Name: "formats", Title: "Formats",
		Intro: "What hookctl writes, and what it reads. " +
			"Text from providers, deliveries, manifests, file names and arguments never drives a terminal, and never gives a command to a CI runner: " +
			"what begins with ## and ends with [, and :: at the beginning of a line, is broken, in JSON and YAML by an escape, elsewhere by U+FFFD.",
		Sections: []view.Section{output, captures, {
			Title: "The delivery record", Columns: "Member | Meaning",
			Intro: "One JSON object: a line of ndjson, or a .json file. Only headers and one of the bodies are required.",
			Entries: view.Entries([][2]string{
				{"received_at", "when it was received, RFC 3339"},
				{"method, url", "of the request"},
				{"headers", "an object; a value is a string or a list of strings"},
				{"body_base64", "the exact body, in base64"},
				{"body", "the body as a string, where it is text"},
				{"answer", "what the handler answered: an object of status, headers, body_base64, cut (there was more) and ms"},
			}),
		}, reasons, sinks},
	}
}
