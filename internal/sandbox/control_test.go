package sandbox

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// The endpoint answers nobody but who has the token and asks for it under its
// own address.
func TestSandboxControl(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	token := "Bearer " + s.token.Reveal()
	for _, tt := range []struct {
		method, host, path, auth, body string
		status                         int
		want                           string
	}{
		{"GET", s.addr, "/log", token, "", 200, "[]"},
		{"GET", "rebound.example.com:1234", "/log", token, "", 403, "not the sandbox's address"},
		{"GET", "localhost:1234", "/log", token, "", 403, "not the sandbox's address"},
		{"GET", s.addr, "/log", "", "", 401, "token"},
		{"GET", s.addr, "/log", token + "x", "", 401, "token"},
		{"GET", s.addr, "/log", "Bearer ", "", 401, "token"},
		{"POST", s.addr, "/log", token, "", 404, "no such endpoint"},
		{"GET", s.addr, "/emit", token, "", 404, "no such endpoint"},
		{"POST", s.addr, "/emit", token, `{"provider":"zyntro","event":"new_note"}`, 200, "[]"},
		{"POST", s.addr, "/emit", token, `{"provider":"zyntro","event":"no_such"}`, 400, "no_such"},
		{"POST", s.addr, "/emit", token, `{"provider":"stripe","event":"new_note"}`, 400, "stripe"},
		{"POST", s.addr, "/emit", token, `{"provider":"zyntro","event":"new_note","set":["x"]}`, 400, "path=value"},
		{"POST", s.addr, "/stop", token, "", 404, "no such endpoint"}, // it is not in the background
		{"GET", s.addr, "/state", token, "", 200, s.ID},
		{"POST", s.addr, "/emit", token, `{`, 400, "not what"},
		{"POST", s.addr, "/emit", token, strings.Repeat(" ", maxControl+1), 400, "not what"},
	} {
		r := httptest.NewRequest(tt.method, "http://"+tt.host+tt.path, strings.NewReader(tt.body))
		if tt.auth != "" {
			r.Header.Set("Authorization", tt.auth)
		}
		rec := httptest.NewRecorder()
		s.control(rec, r)
		if rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.want) {
			t.Errorf("%s %s%s: %d %s", tt.method, tt.host, tt.path, rec.Code, rec.Body)
		}
		if strings.Contains(rec.Body.String(), s.token.Reveal()) {
			t.Error("the token is shown")
		}
	}
	if other := newService(options()); other.token.Equal(s.token) || len(s.token.Reveal()) != 32 || other.ID == s.ID {
		t.Error("the token is not fresh")
	}
}
