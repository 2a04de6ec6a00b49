package all_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/provider/internal/raw"
	"github.com/hookctl/hookctl/internal/provider/providertest"
	"github.com/hookctl/hookctl/internal/secret"
)

// breakage names a mistake, for a copy of this test binary that makes it.
const breakage = "HOOKCTL_TEST_BREAKAGE"

// broken is a provider with one mistake in it.
type broken struct {
	provider.Provider
	create func(context.Context, provider.Spec) (provider.Webhook, secret.Value, error)
	get    func(context.Context, string) (provider.Webhook, error)
	delete func(context.Context, string) error
}

func (b broken) Create(ctx context.Context, s provider.Spec) (provider.Webhook, secret.Value, error) {
	return b.create(ctx, s)
}
func (b broken) Get(ctx context.Context, id string) (provider.Webhook, error) { return b.get(ctx, id) }
func (b broken) Delete(ctx context.Context, id string) error                  { return b.delete(ctx, id) }

// mistakes are what the conformance suite must notice, and in which test.
var mistakes = map[string]struct {
	test  string
	spoil func(*broken, provider.Provider)
}{
	"secret changed": {"answer_paths", func(b *broken, p provider.Provider) {
		b.create = func(ctx context.Context, s provider.Spec) (provider.Webhook, secret.Value, error) {
			w, v, err := p.Create(ctx, s)
			if err == nil {
				v = secret.New(v.Reveal() + "\n")
			}
			return w, v, err
		}
	}},
	"secret that does not sign": {"emit", func(b *broken, p provider.Provider) {
		b.create = func(ctx context.Context, s provider.Spec) (provider.Webhook, secret.Value, error) {
			w, v, err := p.Create(ctx, s)
			if err == nil {
				v = secret.New(strings.ToUpper(v.Reveal()))
			}
			return w, v, err
		}
	}},
	"events sorted": {"order_of_events", func(b *broken, p provider.Provider) {
		b.create = func(ctx context.Context, s provider.Spec) (provider.Webhook, secret.Value, error) {
			s.Events = slices.Sorted(slices.Values(s.Events))
			return p.Create(ctx, s)
		}
	}},
	"names trimmed": {"hostile_strings", func(b *broken, p provider.Provider) {
		b.create = func(ctx context.Context, s provider.Spec) (provider.Webhook, secret.Value, error) {
			s.Name = strings.TrimSpace(s.Name)
			return p.Create(ctx, s)
		}
	}},
	"create sent again": {"create,_then_a_lost", func(b *broken, p provider.Provider) {
		b.create = func(ctx context.Context, s provider.Spec) (provider.Webhook, secret.Value, error) {
			if w, v, err := p.Create(ctx, s); err == nil {
				return w, v, nil
			}
			return p.Create(ctx, s)
		}
	}},
	"error without its cause": {"create,_then_500", func(b *broken, p provider.Provider) {
		b.create = func(ctx context.Context, s provider.Spec) (provider.Webhook, secret.Value, error) {
			w, v, err := p.Create(ctx, s)
			if err != nil {
				err = fault.Errorf(fault.KindOf(err), "%s", err.Error())
			}
			return w, v, err
		}
	}},
	"every error a refusal": {"odd_answers", func(b *broken, p provider.Provider) {
		b.get = func(ctx context.Context, id string) (provider.Webhook, error) {
			w, err := p.Get(ctx, id)
			if err != nil {
				err = &fault.Error{Kind: fault.Refused, Code: "not-found", Err: err}
			}
			return w, err
		}
	}},
	"not found without a code": {"unknown_ids", func(b *broken, p provider.Provider) {
		b.get = func(ctx context.Context, id string) (provider.Webhook, error) {
			w, err := p.Get(ctx, id)
			if err != nil {
				err = errors.New("no")
			}
			return w, err
		}
	}},
	"ids folded": {"unknown_ids", func(b *broken, p provider.Provider) {
		b.get = func(ctx context.Context, id string) (provider.Webhook, error) { return p.Get(ctx, strings.ToLower(id)) }
	}},
	"ids trimmed": {"unknown_ids", func(b *broken, p provider.Provider) {
		b.delete = func(ctx context.Context, id string) error { return p.Delete(ctx, strings.TrimSpace(id)) }
	}},
	"nothing deleted": {"delete", func(b *broken, _ provider.Provider) {
		b.delete = func(context.Context, string) error { return nil }
	}},
	"cancelled is unavailable": {"interrupted", func(b *broken, p provider.Provider) {
		b.delete = func(ctx context.Context, id string) error {
			return &fault.Error{Kind: fault.Unavailable, Err: p.Delete(ctx, id)}
		}
	}},
}

// TestSuiteNoticesMistakes runs this binary again, once for each mistake and
// provider: the suite must fail there, in the test that is meant for it.
func TestSuiteNoticesMistakes(t *testing.T) {
	t.Parallel()
	if os.Getenv(breakage) != "" {
		t.Skip("this is the copy")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, mistake := range mistakes {
		for _, d := range all.Drivers() {
			t.Run(d.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				pattern := "^TestBroken$/^" + d.Name + "$/^" + mistake.test + "$"
				run := exec.CommandContext(t.Context(), self, "-test.run="+pattern, "-test.v")
				run.Env = append(os.Environ(), breakage+"="+name)
				out, err := run.CombinedOutput()
				var failed *exec.ExitError
				if !errors.As(err, &failed) || !strings.Contains(string(out), "--- FAIL: TestBroken/"+d.Name+"/"+mistake.test) {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}

// TestBroken runs the suite on providers with the mistake that the environment
// names; without one it has nothing to do.
func TestBroken(t *testing.T) {
	t.Parallel()
	mistake, ok := mistakes[os.Getenv(breakage)]
	if !ok {
		t.Skip("run by TestSuiteNoticesMistakes")
	}
	for _, d := range all.Drivers() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.Harness{Driver: provider.NewDriver(*d, func(a provider.Access) provider.Provider {
				p := provider.Raw(raw.Key{}, d, a)
				b := broken{Provider: p, create: p.Create, get: p.Get, delete: p.Delete}
				mistake.spoil(&b, p)
				return b
			})})
		})
	}
}
