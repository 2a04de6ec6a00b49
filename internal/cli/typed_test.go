package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// typedSecrets are secrets as they are typed by mistake, and the part of each
// that an output would show.
var typedSecrets = map[string]string{
	"4a0ab15ac2e65a8357d4f0c15ac2e65a8357d4a0ab15ac2e65a8357d4a0ab15f":     "4a0ab15ac2e65a",
	"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw":                               "MfKQ9r8GKYqr",
	"q7XbV2mYt9LwR4cKz81NfJpS0aHdGu3e":                                     "q7XbV2mYt9Lw",
	"correct horse\nbattery staple":                                        "battery",
	"sNqVf2kZC/0a9dOuL4RbQ1xW7/pT3mYh8KcE5vJg6Uo=":                         "sNqVf2kZC",
	"mZ4tQk8Lw0RvYb2NcX7aHg==":                                             "mZ4tQk8Lw0",
	"5CorrectHorseBatteryStapleAndMore0fIt9":                               "CorrectHorse",
	"sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc":                                "4eC39HqLyjW",
	"4a0ab15ac2e65a8357d4f0c15ac2e65a8357d4a0ab15ac2e65a8357d4a0ab15f\r\n": "4a0ab15ac2e65a",
}

// freeFlags is the closed list of the flags whose values are anybody's text: a
// command may get what looks like a secret there. "replay --to" is a flag of one
// command.
var freeFlags = map[string]bool{
	"--name": true, "--description": true, "--url": true, // of a webhook
	"--event": true, "--add-event": true, "--remove-event": true, "--emit": true, "--until": true,
	"--webhook": true, "--delete": true, "--rotate": true, "--forget": true, "--answer": true, // ids are opaque
	"--filter": true, "--ignore": true, "--match": true, "--category": true, "--jq": true,
	"--field": true, "--json-field": true, "--set": true,
	"--signature": true, "--signed-template": true, "--header": true,
	"--age-recipient": true, // a public key
	"--public-url":    true, "--forward-to": true, "--deliver-to": true, "replay --to": true,
	"--secret-to": true, "secrets push --to": true,
	"--tunnel": true, // a host, a command
}

// freeArgumentsOf are the commands whose arguments are: webhooks, whose ids are
// opaque, URLs, paths of an API.
var freeArgumentsOf = map[string]bool{
	"get": true, "update": true, "pause": true, "resume": true, "delete": true, "rotate": true,
	"secrets show": true, "secrets set": true, "secrets push": true, "secrets run": true, "secrets remove": true,
	"send": true, "api": true, "help": true, "sandbox": true, "sandbox emit": true, "listen": true,
}

// TestFreeText: the flags and arguments that commands mark as free text are those
// of the closed lists, and each list has no other.
func TestFreeText(t *testing.T) {
	t.Parallel()
	met := map[string]bool{"--jq": true} // of every command
	runnable(t, func(cmd *cobra.Command, path []string) {
		joined := strings.Join(path, " ")
		_, free := cmd.Annotations[annotationFree]
		if met[joined] = free; free != freeArgumentsOf[joined] {
			t.Errorf("%s: its arguments are free text: %v", joined, free)
		}
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			_, free := f.Annotations[annotationFree]
			if alone, ofOne := "--"+f.Name, joined+" --"+f.Name; free != (freeFlags[alone] || freeFlags[ofOne]) {
				t.Errorf("%s: its value is free text: %v", ofOne, free)
			} else {
				met[alone], met[ofOne] = met[alone] || free, free
			}
		})
	})
	for _, list := range []map[string]bool{freeFlags, freeArgumentsOf} {
		for name := range list {
			if !met[name] {
				t.Errorf("%s is on the list, and no command has it", name)
			}
		}
	}
}

// runnable calls do with every command that does something, and its path.
func runnable(t *testing.T, do func(cmd *cobra.Command, path []string)) {
	t.Helper()
	root := newRoot(&globals{env: newWorld(t).env})
	var walk func(*cobra.Command, []string)
	walk = func(c *cobra.Command, path []string) {
		if c != root && c.Runnable() {
			do(c, path)
		}
		for _, child := range c.Commands() {
			walk(child, append(slices.Clone(path), child.Name()))
		}
	}
	walk(root, nil)
}

// someArguments are arguments that a command takes, for it to get to its flags.
func someArguments(path string) []string {
	switch path {
	case "create": // its subcommands have the flags
		return []string{}
	case "login", "logout":
		return []string{"zyntro"}
	case "api":
		return []string{"zyntro", "fetchWebhooks"}
	case "config get", "config unset":
		return []string{"output"}
	case "config set":
		return []string{"output", "json"}
	case "profile create", "profile use", "profile remove":
		return []string{"work"}
	case "snippet":
		return []string{"go"}
	case "send":
		return []string{"http://127.0.0.1:9/"}
	case "sandbox emit":
		return []string{"contact.created"}
	case "verify", "replay", "sign", "secrets import":
		return []string{"-"}
	}
	if freeArgumentsOf[path] && path != "sandbox" && path != "help" {
		return []string{"zyntro/1"}
	}
	return nil
}

// silentOn checks that the last command said nothing of a secret.
func (w *world) silentOn(args []string, part string) {
	w.t.Helper()
	if all := w.out.String() + w.errs.String(); strings.Contains(all, part) {
		w.t.Errorf("%q shows the secret:\n%s", args, all)
	}
}

// code runs a command line and returns its exit code.
func (w *world) code(args ...string) int {
	w.out.Reset()
	w.errs.Reset()
	return Run(w.t.Context(), w.env, args)
}

// Short secrets and pass phrases look like names. The flags that take the NAME
// of what holds a secret repeat none that names nothing, all the same.
func TestTypedNamesOfNothing(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	w := newWorld(t)
	secrets := []string{
		"c8e1b3d6a9f04b7e22d1", "b3D9xQw7LmZ2pT5s", "QFTSPSGPVJ3WSTCG", "RDHRISOVEWEOWQBN", "k2bt57l031wzwg2oysemea7q",
		"vkJFQRDFSbcd2e_ArtcBHQ", "4698b64b-2d17-4874-a2c6-83175dc9122e", "my-webhook-secret-4cc4", "correct horse battery", "p@ssw0rd!", "hunter22",
	}
	tried := 0
	runnable(t, func(cmd *cobra.Command, path []string) {
		words := append(slices.Clone(path), someArguments(strings.Join(path, " "))...)
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			name := "--" + f.Name
			what, example := names(f)
			if what != variableName && what != fileName {
				return
			}
			for _, value := range secrets {
				for _, as := range []string{value, "@" + value} {
					if as == value && strings.Contains(example, "@") {
						continue // it is no name at all, which the command says
					}
					tried++
					args := append(slices.Clone(words), name, as, "--debug")
					code := w.code(args...)
					w.silentOn(args, value)
					if code != 2 {
						t.Errorf("%q exits %d:\n%s%s", args, code, &w.out, &w.errs)
					}
				}
			}
		})
	})
	if tried < 200 {
		t.Errorf("only %d flags and values were tried", tried)
	}
	for args, want := range map[string]string{
		"sign - --secret-env HOOK_SECRET":        "HOOK_SECRET is not set",
		"sign - --secret-env crm2_token":         "crm2_token is not set",
		"sign - --secret-env TOKEN":              "TOKEN is not set",
		"sign - --secret-file secret.txt":        "secret.txt",
		"sign - --secret-file run/secrets/hook1": "run/secrets/hook1",
		"sign - --secret-file ./hook-1":          "./hook-1",
		"sign - --secret-file absent":            "absent",
	} {
		if code := w.code(strings.Fields(args)...); code != 2 || !strings.Contains(filepath.ToSlash(w.errs.String()), want) {
			t.Errorf("%s exits %d and does not name what is missing:\n%s", args, code, &w.errs)
		}
	}
	if n := w.asked.Load(); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// Nor do arguments, words in the place of commands, flags that do not exist,
// and headers.
func TestTypedSecretsAreNotRepeated(t *testing.T) {
	norace.Only(t)
	w := newWorld(t)
	runnable(t, func(_ *cobra.Command, path []string) {
		joined := strings.Join(path, " ")
		for value, part := range typedSecrets {
			for _, args := range [][]string{{value}, {value, value}, {"zyntro", value}} {
				if joined == "api" && len(args) == 2 || joined == "sandbox" {
					continue // a path, which the provider answers
				}
				args = append(slices.Clone(path), args...)
				code := w.code(args...)
				w.silentOn(args, part)
				if code == 0 || code != 2 && !freeArgumentsOf[joined] {
					t.Errorf("%q exits %d:\n%s%s", args, code, &w.out, &w.errs)
				}
			}
		}
	})
	t.Chdir(t.TempDir())
	if err := os.WriteFile("go.mod", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for value, part := range typedSecrets {
		for _, args := range [][]string{
			{value}, {"secrets", value}, {"help", value}, {"help", "create", value}, {"create", value}, {"sandbox", value}, {"sandbox", value, "--", "true"},
			{"--secret=" + value}, {"verify", "--secret=" + value}, {"verify", "--secret", value}, {"login", "zyntro", "--api-key", value},
			{"verify", "-" + value}, {"verify", "-x" + value}, {"list", "-o" + value}, {"verify", "--" + value}, {"verify", "--=" + value},
			{"verify", "-", "--max-age", "7" + value}, {"send", "http://127.0.0.1:9", "--repeat", value}, {"send", "http://127.0.0.1:9", "--rate=" + value}, {"list", "--no-input=" + value},
			{"verify", "-H", value}, {"verify", "--header=" + value, "-o", "json"}, {"replay", "-", "--to", value}, {"send", value, "--event", value},
			{"show", value}, {"show", value + "#2"}, {"show", "-#" + value}, {"show", ".#" + value}, {"diff", "go.mod", value + ":17"}, {"diff", "go.mod:1 (" + value + ")", "go.mod"},
			{"verify", value + "#2"}, {"verify", value + ":x"}, {"verify", "x:" + value}, {"verify", "." + ":" + value}, {"verify", "@" + value}, {"verify", "--report", "junit=" + value}, {"verify", "--report", value + "=x.xml"}, {"sign", value + "=."},
			{"secrets", "push", "x", "--to", "dotenv:go.mod:" + value}, {"create", "zyntro", "--name", "x", "--url", "https://example.com/h", "--event", "all", "--secret-to", "dotenv:.:" + value},
			{"verify", "captures/" + value}, {"verify", "/" + value}, {"sign", "./" + value}, {"verify", "--report", "junit=/nowhere/" + value},
			{"create", "zyntro", "--name", "x", "--url", "https://example.com/h", "--event", value},
			{"create", "zyntro", "--name", "x", "--url", "https://example.com/h", "--event", "all", "--secret-to", "file:/nowhere/" + value},
			{"create", "zyntro", "--name", "x", "--url", value, "--event", "all"},
			{"secrets", "push", "x", "--to", "dotenv:.env:" + value}, {"secrets", "push", "x", "--to", "dotenv:" + value + ":NAME"},
			{"secrets", "push", "x", "--to", "github-env:" + value}, {"secrets", "push", "x", "--to", "exec:" + value}, {"secrets", "push", "x", "--to", "exec:'" + value + "'"},
			{"secrets", "push", "x", "--to", value + ":NAME"}, {"secrets", "push", "x", "--to", "stdout:" + value},
			{"secrets", "export", "--age-recipient", value}, {"config", "set", "output", value}, {"config", "set", "zyntro." + value, "x"}, {"config", "get", value},
			{"verify", "-", "--webhook", value}, {"recover", "--answer", value}, {"recover", "--delete", value}, {"list-events", "--match", "[" + value},
			{"api", "zyntro", "x", "-F", value}, {"listen", "--create", value}, {"list", value},
		} {
			for _, more := range [][]string{nil, {"-o", "json", "--debug"}} {
				if args[0] == "list" && more != nil {
					continue // the later -o counts
				}
				args := append(slices.Clone(args), more...)
				if code := w.code(args...); code == 0 {
					t.Errorf("%q exits 0", args)
				}
				w.silentOn(args, part)
			}
		}
	}
}

// Variables that set what flags set do not repeat a secret either.
func TestSecretsInVariablesOfNames(t *testing.T) {
	for value, part := range typedSecrets {
		w := newWorld(t)
		t.Chdir(t.TempDir())
		usual := w.env.Environ
		for _, k := range settingKeys(w.env.Drivers) {
			w.env.Environ = append(slices.Clone(usual), k.Env()+"="+value)
			args := []string{k.Env(), "list"}
			if code := w.code(args[1:]...); code != 2 {
				t.Errorf("%q exits %d:\n%s%s", args, code, &w.out, &w.errs)
			}
			w.silentOn(args, part)
		}
		for _, name := range []string{"HOOKCTL_CONFIG_DIR", "HOOKCTL_PROFILE"} {
			w.env.Environ = append(slices.Clone(usual), name+"="+value)
			for _, args := range [][]string{{"list"}, {"config", "path"}, {"doctor"}, {"secrets", "list"}} {
				if code := w.code(args...); code != 2 {
					t.Errorf("%s: %q exits %d:\n%s%s", name, args, code, &w.out, &w.errs)
				}
				w.silentOn(args, part)
			}
			if code := w.code("version"); code != 0 {
				t.Errorf("%s: version exits %d", name, code)
			}
			w.silentOn([]string{"version"}, part)
		}
		if made, err := os.ReadDir("."); err != nil || len(made) > 0 {
			t.Errorf("files were made: %v %v", made, err)
		}
	}
}

// What looks like a secret and is a file or a variable works.
func TestNamesThatLookLikeSecrets(t *testing.T) {
	w := newWorld(t)
	t.Chdir(t.TempDir())
	name := "q7XbV2mYt9LwR4cKz81NfJpS0aHdGu3e"
	if err := os.WriteFile(name, []byte("0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("sub", 0o700); err != nil {
		t.Fatal(err)
	}
	w.env.Environ = append(w.env.Environ, name+"=0123456789abcdef", "EMPTY=", "BLANK= \n", "odd.name=0123456789abcdef")
	key := []string{"sign", "-", "--provider", "zyntro"}
	for _, args := range [][]string{
		{"--secret-file", name}, {"--secret-file", "./" + name}, {"--secret-file", filepath.Join("..", filepath.Base(mustWd(t)), name)}, {"--secret-env", name}, {"--secret-env", "odd.name"},
	} {
		w.run(0, append(slices.Clone(key), args...)...)
	}
	w.run(0, "sign", name, "--provider", "zyntro", "--secret-file", name)
	w.run(0, "secrets", "set", "zyntro/1", "--from-env", name)
	w.run(0, "secrets", "push", "zyntro/1", "--to", "file:"+name)
	w.run(0, "secrets", "push", "zyntro/1", "--to", "dotenv:"+name+":HOOK")
	w.run(0, "secrets", "push", "zyntro/1", "--to", "file:./"+name+"2")
	w.run(0, "secrets", "push", "zyntro/1", "--to", "file:sub/secret.txt")
	w.run(0, "verify", name, "--signature", strings.Repeat("ab", 32), "--provider", "zyntro", "--fail-on", "none")

	w.run(2, append(key, "--secret-env", "NOT_SET")...)
	w.said("the variable NOT_SET is not set, or not exported")
	for _, empty := range []string{"EMPTY", "BLANK"} {
		w.run(2, append(key, "--secret-env", empty)...)
		w.said(empty, "is empty or blank")
		w.run(2, "secrets", "set", "zyntro/1", "--from-env", empty)
		w.said(empty, "is empty or blank")
	}
	w.run(2, "secrets", "set", "zyntro/1", "--from-env", "NOT_SET")
	w.said("the variable NOT_SET is not set, or not exported")
	w.run(2, append(key, "--secret-env", "hunter-2!")...)
	w.said("NAME of an environment variable", "--secret-env HOOK_SECRET")
	w.silentOn(nil, "hunter")
	w.run(2, append(key, "--secret-file", "no-such-file.txt")...)
	w.said("no-such-file.txt")
}

func mustWd(t *testing.T) string {
	t.Helper()
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return wd
}
