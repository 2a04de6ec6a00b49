package demo_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/cli"
	"github.com/hookctl/hookctl/internal/demo"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/term"
)

// newDemo is a demo in a temporary directory of the test's, its transcript in
// the buffer.
func newDemo(t *testing.T) (*demo.Demo, *bytes.Buffer) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	var out bytes.Buffer
	env := &cli.Env{
		Streams: term.Streams{OutTTY: true, Width: func() int { return 80 }},
		Now:     time.Now, Drivers: all.Drivers(), Version: "test",
		Sleep: func(context.Context, time.Duration) error { return nil },
		UserConfigDir: func() (string, error) {
			t.Error("the demo looked for the user's own directory")
			return "", errors.New("not to be used")
		},
	}
	run := func(ctx context.Context, environ []string, stdin io.Reader, args []string) (string, string, int) {
		var out, errs bytes.Buffer
		own := *env
		own.Environ = append(environ, "NO_COLOR=1")
		own.Streams.In, own.Streams.Out, own.Streams.Err = stdin, &out, &errs
		code := cli.Run(ctx, &own, args)
		return out.String(), errs.String(), code
	}
	return &demo.Demo{Drivers: env.Drivers, Now: env.Now, Sleep: env.Sleep, Out: &out, Width: env.Streams.Width, Run: run}, &out
}

// written are the files that the demo has written.
func written(pattern string) []string {
	files, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "hookctl-demo-*", filepath.FromSlash(pattern)))
	return files
}

func TestDemoTellsTheStoryAndLeavesNothing(t *testing.T) {
	d, out := newDemo(t)
	run, environ := d.Run, []string(nil)
	d.Run = func(ctx context.Context, env []string, stdin io.Reader, args []string) (string, string, int) {
		environ = env
		return run(ctx, env, stdin, args)
	}
	start := time.Now()
	if err := d.Show(context.Background()); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("the demo took %s", took)
	}
	for _, want := range []string{
		"$ hookctl create zyntro", "$ hookctl create wundertreos", "$ hookctl secrets list", "$ hookctl verify deliveries/1.http",
		"VALID", "INVALID", "json-reserialised", "exit code 3", "$ hookctl verify - < deliveries.ndjson", "hookctl demo --step", "sandbox start",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the transcript does not show %q", want)
		}
	}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if (strings.HasSuffix(name, "_KEY") || strings.HasSuffix(name, "_TOKEN")) && strings.Contains(out.String(), value) {
			t.Errorf("the transcript shows %s", name)
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) != 0 {
		t.Errorf("the demo left %v behind: %v", left, err)
	}
}

// crookedBox is a sandbox whose deliveries a test bends.
type crookedBox struct {
	provider.Sandbox
	prepare func(provider.Sandbox, string) ([]provider.Delivery, error)
}

func (b crookedBox) Prepare(event string, _ func([]byte) ([]byte, error)) ([]provider.Delivery, error) {
	return b.prepare(b.Sandbox, event)
}

// withBoxes replaces the sandboxes of every provider.
func withBoxes(d *demo.Demo, wrap func(provider.Sandbox, provider.SandboxOptions) provider.Sandbox) {
	for i, drv := range d.Drivers {
		bent := *drv
		bent.NewSandbox = func(o provider.SandboxOptions) provider.Sandbox { return wrap(drv.NewSandbox(o), o) }
		d.Drivers[i] = &bent
	}
}

// TestDemoFailsWhereAStepIsCorrupted bends one step after the other: each time
// the demo must notice.
func TestDemoFailsWhereAStepIsCorrupted(t *testing.T) {
	// command bends the result of the commands that begin with the words given.
	command := func(bend func(out string, code int) (string, int), words ...string) func(*testing.T, *demo.Demo) {
		return func(_ *testing.T, d *demo.Demo) {
			run := d.Run
			d.Run = func(ctx context.Context, environ []string, stdin io.Reader, args []string) (string, string, int) {
				out, errs, code := run(ctx, environ, stdin, args)
				if bare := args[1:]; len(bare) >= len(words) && slices.Equal(bare[:len(words)], words) {
					out, code = bend(out, code)
				}
				return out, errs, code
			}
		}
	}
	fails := func(out string, _ int) (string, int) { return out, 1 }
	passes := func(out string, _ int) (string, int) { return out, 0 }
	silent := func(_ string, code int) (string, int) { return "", code }
	tests := map[string]func(*testing.T, *demo.Demo){
		"no temporary directory": func(t *testing.T, _ *demo.Demo) { t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "absent")) },
		"create is refused":      command(func(string, int) (string, int) { return "", 5 }, "create"),
		"create makes nothing": func(_ *testing.T, d *demo.Demo) {
			d.Run = func(context.Context, []string, io.Reader, []string) (string, string, int) { return "sha256:", "", 0 }
		},
		"create fails":             command(fails, "create", "wundertreos"),
		"create keeps no secret":   command(func(out string, code int) (string, int) { return strings.ReplaceAll(out, "sha256:", ""), code }, "create"),
		"the list of secrets":      command(fails, "secrets"),
		"one verdict is invalid":   command(func(out string, _ int) (string, int) { return out, 3 }, "verify"),
		"tampering goes unnoticed": command(passes, "verify"),
		"no diagnosis": command(func(out string, code int) (string, int) {
			return strings.ReplaceAll(out, "json-reserialised", "unknown"), code
		}, "verify"),
		"the batch is short": command(silent, "verify", "-"),
		"a verdict of the batch": command(func(out string, code int) (string, int) {
			return strings.Replace(out, "valid", "INVALID", 1), code
		}, "verify", "-"),
		"nothing is delivered": func(_ *testing.T, d *demo.Demo) {
			withBoxes(d, func(b provider.Sandbox, _ provider.SandboxOptions) provider.Sandbox {
				return crookedBox{b, func(provider.Sandbox, string) ([]provider.Delivery, error) { return nil, nil }}
			})
		},
		"the delivery fails": func(_ *testing.T, d *demo.Demo) {
			withBoxes(d, func(b provider.Sandbox, _ provider.SandboxOptions) provider.Sandbox {
				return crookedBox{b, func(provider.Sandbox, string) ([]provider.Delivery, error) {
					return nil, errors.New("no route")
				}}
			})
		},
		"the delivery goes elsewhere": func(_ *testing.T, d *demo.Demo) {
			withBoxes(d, func(b provider.Sandbox, o provider.SandboxOptions) provider.Sandbox {
				return crookedBox{b, func(provider.Sandbox, string) ([]provider.Delivery, error) {
					return []provider.Delivery{{
						Signed: func() provider.Attempt { return provider.Attempt{} },
						Try:    func(context.Context) (provider.Attempt, bool) { return provider.Attempt{Status: 200}, true },
					}}, nil
				}}
			})
		},
		"the delivery is signed with another secret": func(t *testing.T, d *demo.Demo) {
			withBoxes(d, func(b provider.Sandbox, o provider.SandboxOptions) provider.Sandbox {
				return crookedBox{b, func(b provider.Sandbox, event string) ([]provider.Delivery, error) {
					list, err := b.Prepare(event, nil)
					for i, genuine := range list {
						list[i].Try = func(ctx context.Context) (provider.Attempt, bool) {
							a, sent := genuine.Try(ctx)
							for _, f := range written("deliveries/*.http") {
								text, err := os.ReadFile(f)
								if err == nil {
									err = os.WriteFile(f, bytes.Replace(text, []byte("sha256="), []byte("sha256=00"), -1), 0o600)
								}
								if err != nil {
									t.Error(err)
								}
							}
							return a, sent
						}
					}
					return list, err
				}}
			})
		},
		"a secret file is readable by others": func(_ *testing.T, d *demo.Demo) {
			run := d.Run
			d.Run = func(ctx context.Context, environ []string, stdin io.Reader, args []string) (string, string, int) {
				out, errs, code := run(ctx, environ, stdin, args)
				if args[1] == "secrets" {
					for _, f := range written("config/webhooks/*.json") {
						_ = os.Chmod(f, 0o644)
					}
				}
				return out, errs, code
			}
		},
		"a secret file is gone": func(_ *testing.T, d *demo.Demo) {
			run := d.Run
			d.Run = func(ctx context.Context, environ []string, stdin io.Reader, args []string) (string, string, int) {
				if args[1] == "secrets" {
					_ = os.RemoveAll(written("config/webhooks")[0])
				}
				return run(ctx, environ, stdin, args)
			}
		},
		"the transcript cannot be written": func(_ *testing.T, d *demo.Demo) { d.Out = failingWriter{} },
	}
	for name, corrupt := range tests {
		t.Run(name, func(t *testing.T) {
			d, out := newDemo(t)
			corrupt(t, d)
			err := d.Show(context.Background())
			if fault.ExitCode(err) == 0 {
				t.Errorf("the demo did not notice:\n%s", out)
			}
			if strings.Contains(out.String(), "That is all") {
				t.Error("the demo says that all went well")
			}
		})
	}
}

func TestDemoIsInterrupted(t *testing.T) {
	d, _ := newDemo(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.Show(ctx); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("error %v", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// Ctrl-C within a step makes it fail, which is nothing to report.
func TestDemoIsInterruptedWithinAStep(t *testing.T) {
	d, _ := newDemo(t)
	ctx, cancel := context.WithCancel(context.Background())
	run := d.Run
	d.Run = func(ctx context.Context, environ []string, stdin io.Reader, args []string) (string, string, int) {
		cancel()
		return run(ctx, environ, stdin, args)
	}
	if err := d.Show(ctx); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("%v", err)
	}
}

// TestDemoPauses: each step fits a terminal of 80 columns and 24 lines, together with
// what waits for Enter.
func TestDemoPauses(t *testing.T) {
	d, out := newDemo(t)
	at, n := 0, 0
	step := func() {
		lines := 0
		for line := range strings.Lines(out.String()[at:]) {
			if strings.HasSuffix(line, "\\\n") && len(line) > 81 {
				t.Errorf("a command is wider than the terminal: %s", line)
			}
			lines += 1 + (len([]rune(strings.TrimSuffix(line, "\n")))-1)/80
		}
		if at, n = out.Len(), n+1; lines > 22 {
			t.Errorf("step %d takes %d lines", n, lines)
		}
	}
	d.Pause = func(context.Context) error { step(); return nil }
	if err := d.Show(context.Background()); err != nil {
		t.Fatal(err)
	}
	if step(); n != 6 {
		t.Errorf("%d steps", n)
	}
	if t.Failed() {
		t.Log(out)
	}
	enough := errors.New("enough")
	d, out = newDemo(t)
	d.Pause = func(context.Context) error { return enough }
	if err := d.Show(context.Background()); !errors.Is(err, enough) || strings.Contains(out.String(), "\n2. ") {
		t.Errorf("%v\n%s", err, out)
	}
}
