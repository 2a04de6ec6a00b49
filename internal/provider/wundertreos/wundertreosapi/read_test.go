package wundertreosapi_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosapi"
	"github.com/hookctl/hookctl/internal/secret"
)

func TestList(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		body string
		want []wundertreosapi.Subscription
	}{
		{"documented", fixture(t, "w3_list"), []wundertreosapi.Subscription{sample()}},
		{"empty", fixture(t, "w4_list_empty"), []wundertreosapi.Subscription{}},
		{"null is absent, unknown ignored, names exact",
			`{"meta":{},"data":[{"id":"i","target_url":null,"event_types":null,"enabled":null,"description":null,"ID":"other","x":[]}]}`,
			[]wundertreosapi.Subscription{{ID: "i"}}},
		{"no events", `{"data":[{"id":"i","event_types":[],"enabled":false,"description":""}]}`,
			[]wundertreosapi.Subscription{{ID: "i", EventTypes: []string{}, Enabled: ptr(false), Description: ptr("")}}},
		{"bad rows hide no others",
			`{"data":[null,{"id":"a"},"oops",7,[],{},{"id":"b","enabled":"yes","target_url":"https://h.test"},{"id":"c","event_types":["x",1]},{"id":{}},{"id":12}]}`,
			[]wundertreosapi.Subscription{
				{Unreadable: "not a JSON object"},
				{ID: "a"},
				{Unreadable: "not a JSON object"},
				{Unreadable: "not a JSON object"},
				{Unreadable: "not a JSON object"},
				{Unreadable: "missing or of an unexpected type: id"},
				{ID: "b", TargetURL: ptr("https://h.test"), Unreadable: "missing or of an unexpected type: enabled"},
				{ID: "c", Unreadable: "missing or of an unexpected type: event_types"},
				{Unreadable: "missing or of an unexpected type: id"},
				{ID: "12"},
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer{status: 200, body: tt.body})
			got, err := s.client(apiKey()).List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if r := s.requests()[0]; r.Method != "GET" || r.URI != "/functions/v1/api-webhook-subscriptions" || r.Body != "" {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestListOfManyIsFast(t *testing.T) {
	t.Parallel()
	row := compact(t, fixture(t, "w5_get"))
	row = strings.TrimSuffix(strings.TrimPrefix(row, `{"data":`), "}")
	const n = 20_000
	s := serve(t, answer{status: 200, body: `{"data":[` + strings.Repeat(row+",", n-1) + row + `]}`})
	got, err := s.client(apiKey()).List(t.Context())
	if err != nil || len(got) != n {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	if diff := cmp.Diff(sample(), got[n-1]); diff != "" {
		t.Error(diff)
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	wrapped := fixture(t, "w5_get")
	bare := strings.TrimSuffix(strings.TrimPrefix(compact(t, wrapped), `{"data":`), "}")
	for name, body := range map[string]string{"wrapped": wrapped, "bare": bare} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer{status: 200, body: body})
			got, err := s.client(apiKey()).Get(t.Context(), "x")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sample(), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestIDsInPaths(t *testing.T) {
	t.Parallel()
	for id, segment := range map[string]string{
		"a1b2c3d4-1111-2222-3333-444455556666": "a1b2c3d4-1111-2222-3333-444455556666",
		".":                                    "%2E",
		"..":                                   "%2E%2E",
		"...":                                  "...",
		"a/b":                                  "a%2Fb",
		"../../x":                              "..%2F..%2Fx",
		"%2f":                                  "%252f",
		"a b?c#d":                              "a%20b%3Fc%23d",
		"nul\x00":                              "nul%00",
		"Zoë ☕":                                "Zo%C3%AB%20%E2%98%95",
		"bad\xff":                              "bad%FF",
		"UPPERlow":                             "UPPERlow",
	} {
		t.Run(fmt.Sprintf("%q", id), func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer{status: 200, body: fixture(t, "w5_get")})
			c := s.client(apiKey())
			if _, err := c.Get(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if err := c.Delete(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			want := "/functions/v1/api-webhook-subscriptions/" + segment
			for i, method := range []string{"GET", "DELETE"} {
				if r := s.requests()[i]; r.Method != method || r.URI != want {
					t.Errorf("%s %s, want %s %s", r.Method, r.URI, method, want)
				}
			}
		})
	}
}

func TestEmptyIDIsNotSent(t *testing.T) {
	t.Parallel()
	s := serve(t, answer{status: 204})
	c := s.client(apiKey())
	if _, err := c.Get(t.Context(), ""); !errors.Is(err, wundertreosapi.ErrEmptyID) {
		t.Error(err)
	}
	if err := c.Delete(t.Context(), ""); !errors.Is(err, wundertreosapi.ErrEmptyID) {
		t.Error(err)
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	notFound := answer{status: 404, body: fixture(t, "w9_not_found")}
	for _, tt := range []struct {
		name    string
		answers []answer
		status  int // of the error; 0: none
	}{
		{"204", []answer{{status: 204}}, 0},
		{"200 with anything", []answer{{status: 200, body: "<html>"}}, 0},
		{"404", []answer{notFound}, 404},
		{"404 after a 500", []answer{{status: 500}, notFound}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tt.answers...)
			err := s.client(apiKey()).Delete(t.Context(), "i")
			var refused *wundertreosapi.Error
			switch {
			case tt.status == 0 && err != nil:
				t.Error(err)
			case tt.status != 0 && (!errors.As(err, &refused) || refused.HTTPStatus != tt.status || refused.Code != "not_found"):
				t.Errorf("%#v", err)
			}
			if n := len(s.requests()); n != len(tt.answers) {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestMe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		body string
		want wundertreosapi.Identity
	}{
		{"documented", fixture(t, "w12_identity"), wundertreosapi.Identity{
			ID: "u1b1f3a0-4d2e-4f9a-9b1c-2d4e5f6a7b8c", Email: ptr("jane@acme.com"),
			OrgID: "a1b2c3d4-1111-2222-3333-444455556666", OrgName: ptr("Acme Inc"), OrgSlug: ptr("acme"),
		}},
		{"key without a creator", `{"id":"","email":null,"org_id":"o","org_name":"N","org_slug":null}`,
			wundertreosapi.Identity{OrgID: "o", OrgName: ptr("N")}},
		{"wrapped", `{"data":{"id":"u","org_id":"o"}}`, wundertreosapi.Identity{ID: "u", OrgID: "o"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer{status: 200, body: tt.body})
			got, err := s.client(wundertreosapi.Token(secret.New("tok"))).Me(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			r := s.requests()[0]
			if r.URI != "/functions/v1/oauth-me" || r.Header.Get("Authorization") != "Bearer tok" || r.Header.Get("X-API-Key") != "" {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestReadsAreRepeated(t *testing.T) {
	t.Parallel()
	s := serve(t, answer{status: 503}, answer{status: 429}, answer{status: 200, body: fixture(t, "w4_list_empty")})
	if _, err := s.client(apiKey()).List(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(s.requests()); n != 3 {
		t.Errorf("%d requests", n)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	reset := time.Unix(1747500000, 0).UTC()
	documented := map[string]string{"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "47", "X-RateLimit-Reset": "1747500000"}
	s := serve(t,
		answer{status: 200, header: documented, body: fixture(t, "w4_list_empty")},
		answer{status: 404, header: map[string]string{"X-RateLimit-Limit": "sixty", "X-RateLimit-Remaining": " 0 ", "X-RateLimit-Reset": "-1"}},
		answer{status: 404})
	c := s.client(apiKey())
	for i, want := range []wundertreosapi.RateLimit{
		{},
		{Limit: ptr(60), Remaining: ptr(47), Reset: &reset},
		{Remaining: ptr(0)},
		{},
	} {
		if diff := cmp.Diff(want, c.RateLimit()); diff != "" {
			t.Errorf("after %d calls: %s", i, diff)
		}
		_, _ = c.List(t.Context())
	}
}

func TestZeroAuthSendsNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, answer{status: 401, body: "x"})
	var refused *wundertreosapi.Error
	if _, err := s.client(wundertreosapi.Auth{}).List(t.Context()); !errors.As(err, &refused) || refused.Message != "x" {
		t.Errorf("%#v", err)
	}
	if h := s.requests()[0].Header; h.Get("X-API-Key") != "" || h.Get("Authorization") != "" {
		t.Errorf("%v", h)
	}
}
