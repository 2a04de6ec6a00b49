package fakekit_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/fakekit"
)

func TestPost(t *testing.T) {
	t.Parallel()
	sent := func(_ context.Context, timeout time.Duration, a provider.Attempt) provider.Attempt {
		a.Status = int(timeout / time.Second)
		return a
	}
	for _, tt := range []struct {
		deliver provider.Deliverer
		a, want provider.Attempt
	}{
		{sent, provider.Attempt{}, provider.Attempt{Status: 7}},
		{nil, provider.Attempt{}, provider.Attempt{Err: "not sent: this sandbox makes no deliveries"}},
		{sent, provider.Attempt{Err: "bad"}, provider.Attempt{Err: "bad"}},
	} {
		if d := cmp.Diff(tt.want, fakekit.Post(t.Context(), tt.deliver, 7*time.Second, tt.a)); d != "" {
			t.Error(d)
		}
	}
}

func TestMember(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"id":"x"}`: "x", `{"id":7}`: "7", `{"id":null}`: "", `{}`: "", `[{"id":"x"}]`: "", `{"id":"x"`: "", "": "",
	} {
		if got := fakekit.Member([]byte(body), "id"); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestHex(t *testing.T) {
	t.Parallel()
	r := fakekit.NewRandom(1)
	for _, n := range []int{0, 1, 16, 63, 64} {
		if got := r.Hex(n); len(got) != n {
			t.Errorf("%d digits: %q", n, got)
		}
	}
}
