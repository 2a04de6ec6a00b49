package fakekit_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/fakekit"
)

func TestPostToASlowReceiver(t *testing.T) {
	t.Parallel()
	block := make(chan struct{})
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-block }))
	t.Cleanup(receiver.Close)
	t.Cleanup(func() { close(block) })
	a := fakekit.Post(t.Context(), receiver.Client(), 20*time.Millisecond, provider.Attempt{URL: receiver.URL})
	if a.Status != 0 || a.Err != "no answer within 20ms" {
		t.Errorf("%+v", a)
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
