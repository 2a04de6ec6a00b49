package zyntroapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider/zyntro/zyntroapi"
	"github.com/hookctl/hookctl/internal/secret"
)

// answer is what the test server says.
type answer struct {
	status int
	header map[string]string
	body   string
}

// request is what it was asked.
type request struct {
	method, path, contentType, idempotency string
	body                                   []byte
}

// serve answers every request with a and returns a client of the server, which
// lies under a path of its own, and the requests so far.
func serve(t *testing.T, a answer) (*zyntroapi.Client, *[]request) {
	t.Helper()
	var got []request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = append(got, request{r.Method, r.URL.Path, r.Header.Get("Content-Type"), r.Header.Get("Idempotency-Key"), body})
		for name, value := range a.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(a.status)
		if _, err := io.WriteString(w, a.body); err != nil {
			t.Log(err) // the client may hang up on an answer that is too long
		}
	}))
	t.Cleanup(server.Close)
	return &zyntroapi.Client{
		BaseURL: server.URL + "/gateway/",
		Prefix:  "/public/account",
		APIKey:  secret.New("YOUR_API_KEY"),
		OrgID:   secret.New("YOUR_ORG_ID"),
		HTTP:    httpx.New(httpx.Options{Sleep: func(context.Context, time.Duration) error { return nil }}),
	}, &got
}

func ok(body string) answer { return answer{status: http.StatusOK, body: body} }

func fixture(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// sameJSON compares as JSON, numbers as they are written.
func sameJSON(t *testing.T, want, got string) {
	t.Helper()
	decode := func(text string) any {
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		return v
	}
	if diff := cmp.Diff(decode(want), decode(got)); diff != "" {
		t.Error(diff)
	}
}

func ptr[T any](v T) *T { return &v }

// sample is the documented create request.
func sample() zyntroapi.CreateRequest {
	return zyntroapi.CreateRequest{
		Name:     "CRM Sync Webhook",
		Endpoint: "https://example.com/zyntro-webhook",
		Events:   []string{"new_contact", "form_filled", "appointment_booked", "invoice_paid"},
		AuthType: "bearer",
		AuthData: secret.New(`{"value": "your-bearer-token"}`),
		Timeout:  ptr(30),
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	type call func(context.Context, *zyntroapi.Client) error
	create := func(r zyntroapi.CreateRequest) call {
		return func(ctx context.Context, c *zyntroapi.Client) error {
			_, err := c.CreateWebhook(ctx, r)
			return err
		}
	}
	update := func(r zyntroapi.UpdateRequest) call {
		return func(ctx context.Context, c *zyntroapi.Client) error { return c.UpdateWebhook(ctx, r) }
	}
	for _, tt := range []struct {
		name   string
		answer string
		call   call
		path   string
		body   string
	}{
		{"create, as documented", "create_success", create(sample()), "/gateway/public/account/createWebhook", fixture(t, "create_request")},
		{"create, the least", "create_success",
			create(zyntroapi.CreateRequest{Name: "n", Endpoint: "https://e.test/?a=1&b=<2>", Events: []string{"new_note"}}),
			"/gateway/public/account/createWebhook",
			`{"api_key":"YOUR_API_KEY","org_id":"YOUR_ORG_ID","wh_name":"n","wh_endpoint":"https://e.test/?a=1&b=<2>","wh_events":["new_note"]}`},
		{"create, unchecked", "create_success", create(zyntroapi.CreateRequest{}), "/gateway/public/account/createWebhook",
			`{"api_key":"YOUR_API_KEY","org_id":"YOUR_ORG_ID","wh_name":"","wh_endpoint":"","wh_events":[]}`},
		{"create, authentication data as given", "create_success",
			create(zyntroapi.CreateRequest{Name: "n", Endpoint: "u", Events: []string{"e"}, AuthType: "custom_header", AuthData: secret.New(`{"n":1.50,"value":"<&>"}`)}),
			"/gateway/public/account/createWebhook",
			`{"api_key":"YOUR_API_KEY","org_id":"YOUR_ORG_ID","wh_name":"n","wh_endpoint":"u","wh_events":["e"],"wh_auth_type":"custom_header","wh_auth_data":{"n":1.50,"value":"<&>"}}`},
		{"fetch", "fetch_success",
			func(ctx context.Context, c *zyntroapi.Client) error { _, err := c.FetchWebhooks(ctx); return err },
			"/gateway/public/account/fetchWebhooks", fixture(t, "fetch_request")},
		{"update, as documented", "update_success",
			update(zyntroapi.UpdateRequest{ID: "d4e5f6a7-b8c9-0123-defg-456789012345",
				Events: []string{"new_contact", "form_filled", "invoice_paid", "subscription.created"}, Status: ptr("active")}),
			"/gateway/public/account/updateWebhook", fixture(t, "update_request")},
		{"update, nothing", "update_success", update(zyntroapi.UpdateRequest{ID: "x"}), "/gateway/public/account/updateWebhook",
			`{"api_key":"YOUR_API_KEY","org_id":"YOUR_ORG_ID","wh_id":"x"}`},
		{"update, everything", "update_success",
			update(zyntroapi.UpdateRequest{ID: "x", Name: ptr(""), Endpoint: ptr("u"), Events: []string{}, AuthType: ptr("none"),
				AuthData: secret.New(`{}`), Timeout: ptr(0), Status: ptr("paused")}),
			"/gateway/public/account/updateWebhook",
			`{"api_key":"YOUR_API_KEY","org_id":"YOUR_ORG_ID","wh_id":"x","wh_name":"","wh_endpoint":"u","wh_events":[],"wh_auth_type":"none","wh_auth_data":{},"wh_timeout":0,"wh_status":"paused"}`},
		{"help", "help_success",
			func(ctx context.Context, c *zyntroapi.Client) error {
				_, err := c.Help(ctx, zyntroapi.UpdateWebhook)
				return err
			},
			"/gateway/public/account/updateWebhook", fixture(t, "help_request")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, got := serve(t, ok(fixture(t, tt.answer)))
			if err := tt.call(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			if len(*got) != 1 {
				t.Fatalf("%d requests", len(*got))
			}
			r := (*got)[0]
			if r.method != "POST" || r.path != tt.path || r.contentType != "application/json" || r.idempotency != "" {
				t.Errorf("unexpected request %+v", r)
			}
			sameJSON(t, tt.body, string(r.body))
		})
	}
}

func TestPathsAndDeveloperSecret(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ base, prefix, want string }{
		{"", "/public/account", "/public/account/fetchWebhooks"},
		{"/", "public/account/", "/public/account/fetchWebhooks"},
		{"/a/b", "/apis/v2/public/account", "/a/b/apis/v2/public/account/fetchWebhooks"},
		{"/a//", "", "/a/fetchWebhooks"},
		{"", "/", "/fetchWebhooks"},
	} {
		client, got := serve(t, ok(fixture(t, "fetch_empty")))
		client.BaseURL = strings.TrimSuffix(client.BaseURL, "/gateway/") + tt.base
		client.Prefix = tt.prefix
		client.DeveloperSecret = secret.New("zdk_1")
		if _, err := client.FetchWebhooks(t.Context()); err != nil {
			t.Fatal(err)
		}
		if path := (*got)[0].path; path != tt.want {
			t.Errorf("%q + %q: path %q, want %q", tt.base, tt.prefix, path, tt.want)
		}
		sameJSON(t, `{"api_key":"YOUR_API_KEY","org_id":"YOUR_ORG_ID","developer_secret":"zdk_1"}`, string((*got)[0].body))
	}
}

func TestCreateAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body, id, secret string
	}{
		{"documented", fixture(t, "create_success"), "d4e5f6a7-b8c9-0123-defg-456789012345", "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5b6c7d8e9f0a1b2"},
		{"exact name wins", `{"status":"success","data":{"wh_id":"i","secret_key":"a","SECRET_KEY":"b"}}`, "i", "a"},
		{"exact name wins, last", `{"status":"success","data":{"wh_id":"i","SECRET_KEY":"b","secret_key":"a"}}`, "i", "a"},
		{"exact data wins", `{"status":"success","data":{"wh_id":"i","secret_key":"a"},"Data":{"secret_key":"b"}}`, "i", "a"},
		{"kept verbatim", `{"status":"success","data":{"wh_id":" i ","secret_key":" \n\u001b\/é "}}`, " i ", " \n\x1b/é "},
		{"replacement character", `{"status":"success","data":{"wh_id":"i","secret_key":"\ufffda\uFFFD"}}`, "i", "\ufffda\ufffd"},
		{"number as id", `{"status":"success","data":{"wh_id":12345678901234567890,"secret_key":"a"}}`, "12345678901234567890", "a"},
		{"unknown members", `{"status":"success","extra":[{}],"data":{"wh_id":"i","secret_key":"a","new":{"x":null}}}`, "i", "a"},
		{"no action, no message", `{"status":"success","message":null,"data":{"wh_id":"i","secret_key":"a","action":null}}`, "i", "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{200, 201, 202} {
				client, _ := serve(t, answer{status: status, body: tt.body})
				got, err := client.CreateWebhook(t.Context(), sample())
				if err != nil {
					t.Fatal(err)
				}
				if got.ID != tt.id || got.Secret.Reveal() != tt.secret {
					t.Errorf("got %q and %q", got.ID, got.Secret.Reveal())
				}
			}
		})
	}
}

// refused is what custody asks of an error.
type refused interface {
	error
	AnswerStatus() int
	CertainlyRefused() bool
}

const canary = "CANARY0123456789"

func TestCreateUnusableAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		answer answer
		is     error // nil: any
		sure   bool
	}{
		{"duplicate secret", ok(`{"status":"success","data":{"wh_id":"i","secret_key":"` + canary + `","secret_key":"b"}}`), zyntroapi.ErrAmbiguousSecret, false},
		{"duplicate behind an escape", ok(`{"status":"success","data":{"wh_id":"i","secret_key":"` + canary + `","secret\u005fkey":"b"}}`), zyntroapi.ErrAmbiguousSecret, false},
		{"duplicate data", ok(`{"status":"success","data":{"wh_id":"i","secret_key":"` + canary + `"},"data":{}}`), zyntroapi.ErrAmbiguousSecret, false},
		{"trailing garbage", ok(`{"status":"success","data":{"wh_id":"i","secret_key":"` + canary + `"}} x`), nil, false},
		{"two documents", ok(`{"status":"success","data":{"wh_id":"i","secret_key":"` + canary + `"}}{}`), nil, false},
		{"byte order mark", ok("\ufeff" + `{"status":"success","data":{"wh_id":"i","secret_key":"` + canary + `"}}`), nil, false},
		{"single quotes", ok(`{'status':'success','data':{'secret_key':'` + canary + `'}}`), nil, false},
		{"other case only", ok(`{"status":"success","data":{"wh_id":"i","Secret_Key":"` + canary + `"}}`), zyntroapi.ErrNoSecret, false},
		{"no secret", ok(`{"status":"success","data":{"wh_id":"` + canary + `"}}`), zyntroapi.ErrNoSecret, false},
		{"null secret", ok(`{"status":"success","data":{"wh_id":"i","secret_key":null}}`), zyntroapi.ErrNoSecret, false},
		{"empty secret", ok(`{"status":"success","data":{"wh_id":"i","secret_key":""}}`), zyntroapi.ErrNoSecret, false},
		{"number as secret", ok(`{"status":"success","data":{"wh_id":"i","secret_key":1234567890}}`), zyntroapi.ErrNoSecret, false},
		{"object as secret", ok(`{"status":"success","data":{"wh_id":"i","secret_key":{"v":"` + canary + `"}}}`), zyntroapi.ErrNoSecret, false},
		{"NUL in the secret", ok(`{"status":"success","data":{"wh_id":"i","secret_key":"` + canary + `\u0000"}}`), zyntroapi.ErrNoSecret, false},
		{"lone surrogate", ok(`{"status":"success","data":{"wh_id":"i","secret_key":"` + canary + `\ud800"}}`), zyntroapi.ErrNoSecret, false},
		{"bytes that are not UTF-8", ok(`{"status":"success","data":{"wh_id":"i","secret_key":"` + canary + "\xff" + `"}}`), nil, false},
		{"no id", ok(`{"status":"success","data":{"secret_key":"` + canary + `"}}`), zyntroapi.ErrNoID, false},
		{"empty id", ok(`{"status":"success","data":{"wh_id":"","secret_key":"` + canary + `"}}`), zyntroapi.ErrNoID, false},
		{"data is a list", ok(`{"status":"success","data":[{"secret_key":"` + canary + `"}]}`), zyntroapi.ErrNoSecret, false},
		{"no data", ok(`{"status":"success"}`), zyntroapi.ErrNoSecret, false},
		{"error with a secret", ok(`{"status":"error","message":"` + canary + `","data":{"secret_key":"` + canary + `"}}`), zyntroapi.ErrStraySecret, false},
		{"400 with a secret", answer{status: 400, body: `{"status":"error","data":{"secret_key":"` + canary + `"}}`}, zyntroapi.ErrStraySecret, false},
		{"307 with a secret", answer{status: 307, body: `{"status":"error","data":{"secret_key":"` + canary + `"}}`}, zyntroapi.ErrStraySecret, false},
		{"no status", ok(`{"data":{"wh_id":"i","secret_key":"` + canary + `"}}`), zyntroapi.ErrStraySecret, false},
		{"status in capitals", ok(`{"status":"SUCCESS","data":{"wh_id":"i","secret_key":"` + canary + `"}}`), zyntroapi.ErrStraySecret, false},
		{"status is true", ok(`{"status":true,"message":"` + canary + `"}`), nil, false},
		{"captive portal", ok(`<html>` + canary), nil, false},
		{"empty", ok(``), nil, false},
		{"204", answer{status: 204}, nil, false},
		{"success with 400", answer{status: 400, body: `{"status":"success"}`}, nil, true},
		{"502 page", answer{status: 502, body: `<html>bad gateway`}, nil, false},
		{"404 page", answer{status: 404, body: `<html>not here`}, nil, true},
		{"408 page", answer{status: 408, body: `<html>slow`}, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, got := serve(t, tt.answer)
			_, err := client.CreateWebhook(t.Context(), sample())
			var p *zyntroapi.ProtocolError
			if !errors.As(err, &p) {
				t.Fatalf("%T: %v, want a *ProtocolError", err, err)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v, want %v", err, tt.is)
			}
			var r refused = p
			if r.AnswerStatus() != tt.answer.status || r.CertainlyRefused() != tt.sure {
				t.Errorf("AnswerStatus %d, CertainlyRefused %v: %v", r.AnswerStatus(), r.CertainlyRefused(), err)
			}
			if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, canary) {
				t.Errorf("the error quotes the answer: %s", text)
			}
			if len(*got) != 1 {
				t.Errorf("%d requests", len(*got))
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	shapeA := func(message string) string { return `{"status":"error","message":"` + message + `"}` }
	shapeB := func(message string) string { return `{"data":["` + message + `"],"status":"error"}` }
	e := func(code zyntroapi.Code, message string) zyntroapi.Error {
		return zyntroapi.Error{HTTPStatus: 200, Code: code, Message: message}
	}
	for _, tt := range []struct {
		name   string
		answer answer
		want   zyntroapi.Error
		unsure bool
	}{
		{"missing key", ok(fixture(t, "create_missing_key")), e(zyntroapi.MissingAPIKey, "Missing API Key"), false},
		{"missing key, sibling's words", ok(shapeB("Missing service instance")), e(zyntroapi.MissingAPIKey, "Missing service instance"), false},
		{"invalid key", ok(fixture(t, "create_invalid_key")), e(zyntroapi.InvalidAPIKey, "Invalid API Key"), false},
		{"name", ok(fixture(t, "create_name_required")), e(zyntroapi.MissingFields, "wh_name is required"), false},
		{"all fields", ok(shapeA("wh_name / wh_endpoint / wh_events is required")), e(zyntroapi.MissingFields, "wh_name / wh_endpoint / wh_events is required"), false},
		{"URL", ok(fixture(t, "create_invalid_url")), e(zyntroapi.InvalidURL, "Invalid endpoint URL"), false},
		{"events", ok(fixture(t, "create_invalid_events")), zyntroapi.Error{HTTPStatus: 200, Code: zyntroapi.InvalidEvents,
			Message: "Invalid event(s): invalid_event_name", Hint: `Send {"help": true} to see the full list of supported events`}, false},
		{"events named like another error", ok(shapeA("Invalid event(s): missing api key, webhook not found")),
			e(zyntroapi.InvalidEvents, "Invalid event(s): missing api key, webhook not found"), false},
		{"organisation", ok(fixture(t, "create_invalid_organization")), e(zyntroapi.InvalidOrg, "Invalid organization"), false},
		{"organisation, sibling's words", ok(fixture(t, "list_error_organization")), e(zyntroapi.InvalidOrg, "Organization not found"), false},
		{"insert failed", ok(fixture(t, "create_insert_failed")), e(zyntroapi.InsertFailed, "Failed to create webhook"), true},
		{"inactive user", ok(shapeB("User is not active")), e(zyntroapi.InactiveUser, "User is not active"), false},
		{"missing organisation", ok(shapeB("Missing org ID")), e(zyntroapi.MissingOrg, "Missing org ID"), false},
		{"not found", ok(fixture(t, "update_not_found")), e(zyntroapi.NotFound, "Webhook not found"), false},
		{"developer secret", ok(shapeA("Missing developer secret")), e(zyntroapi.DeveloperSecret, "Missing developer secret"), false},
		{"other case, in the middle", ok(shapeA("ERROR: INVALID API KEY given")), e(zyntroapi.InvalidAPIKey, "ERROR: INVALID API KEY given"), false},
		{"unknown, shape B", ok(fixture(t, "list_error_wallet")), e(zyntroapi.Unknown, "No matching wallet found"), false},
		{"several in a list, odd ones between", ok(`{"status":"error","data":["one",2,null,"two"]}`), e(zyntroapi.Unknown, "one; two"), false},
		{"message goes before data", ok(`{"status":"error","message":"m","data":["d"],"error":"e"}`), e(zyntroapi.Unknown, "m"), false},
		{"message of another type", ok(`{"status":"error","message":["m"],"data":["d"],"error":"e"}`), e(zyntroapi.Unknown, "d"), false},
		{"error member", ok(`{"status":"error","message":{},"data":null,"error":"e"}`), e(zyntroapi.Unknown, "e"), false},
		{"nothing said, on create", ok(`{"status":"error","message":7,"hint":7}`), e(zyntroapi.Unknown, ""), false},
		{"credentials echoed", ok(shapeA("key YOUR_API_KEY, token your-bearer-token")), e(zyntroapi.Unknown, "key ***, token ***"), false},
		{"401", answer{status: 401, body: `{"error":"who are you"}`}, zyntroapi.Error{HTTPStatus: 401, Code: zyntroapi.Unknown, Message: "who are you"}, false},
		{"400 without words", answer{status: 400, body: `{"code":7}`}, zyntroapi.Error{HTTPStatus: 400, Code: zyntroapi.Unknown, Message: `{"code":7}`}, false},
		{"500", answer{status: 500, body: shapeA("Invalid API Key")}, zyntroapi.Error{HTTPStatus: 500, Code: zyntroapi.InvalidAPIKey, Message: "Invalid API Key"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, _ := serve(t, tt.answer)
			_, err := client.CreateWebhook(t.Context(), sample())
			var got *zyntroapi.Error
			if !errors.As(err, &got) {
				t.Fatalf("%T: %v, want an *Error", err, err)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Error(diff)
			}
			var r refused = got
			if r.AnswerStatus() != tt.answer.status || r.CertainlyRefused() == tt.unsure {
				t.Errorf("AnswerStatus %d, CertainlyRefused %v", r.AnswerStatus(), r.CertainlyRefused())
			}
			if got.Error() == "" {
				t.Error("an error without words")
			}
		})
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"status":"error","message":"Invalid API Key"}`, `<html>slow down`, ``} {
		client, _ := serve(t, answer{status: 429, header: map[string]string{"Retry-After": "3600"}, body: body})
		_, err := client.CreateWebhook(t.Context(), sample())
		var got *zyntroapi.Error
		if !errors.As(err, &got) {
			t.Fatalf("%T: %v, want an *Error", err, err)
		}
		if got.Code != zyntroapi.RateLimited || got.RetryAfter != time.Hour || !got.CertainlyRefused() {
			t.Errorf("%+v", got)
		}
	}
}

func TestExcerpts(t *testing.T) {
	t.Parallel()
	page := "<html>\r\n\x1b[31mYOUR_API_KEY " + strings.Repeat("x", 5000)
	client, _ := serve(t, ok(page))
	_, err := client.FetchWebhooks(t.Context())
	var p *zyntroapi.ProtocolError
	if !errors.As(err, &p) {
		t.Fatalf("%T: %v", err, err)
	}
	if !strings.HasPrefix(p.Excerpt, "<html> ") || strings.Contains(p.Error(), "YOUR_API_KEY") || strings.ContainsAny(p.Error(), "\x1b\r\n") || len(p.Error()) > 400 {
		t.Errorf("excerpt %q", p.Error())
	}
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ location, want string }{
		{"https://evil.example:8443/path?api_key=YOUR_API_KEY", `"evil.example:8443"`},
		{"//other.example", `"other.example"`},
		{"/elsewhere", "redirect, which"},
		{"", "redirect, which"},
		{"https://a b", "redirect, which"},
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			client, got := serve(t, answer{status: status, header: map[string]string{"Location": tt.location}, body: `{"status":"success","data":[]}`})
			_, err := client.FetchWebhooks(t.Context())
			var p *zyntroapi.ProtocolError
			if !errors.As(err, &p) || p.HTTPStatus != status || p.CertainlyRefused() {
				t.Fatalf("%T: %v", err, err)
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "YOUR_API_KEY") {
				t.Errorf("%q does not say %s", err, tt.want)
			}
			if len(*got) != 1 {
				t.Errorf("%d requests", len(*got))
			}
		}
	}
}

func TestTooLong(t *testing.T) {
	t.Parallel()
	long := `{"status":"success","data":{"wh_id":"i","secret_key":"` + strings.Repeat("a", httpx.CapCreate) + `"}}`
	client, _ := serve(t, ok(long))
	_, err := client.CreateWebhook(t.Context(), sample())
	var transport *httpx.Error
	if !errors.As(err, &transport) || transport.Stage != httpx.Answered {
		t.Fatalf("%T: %v, want an *httpx.Error after the answer", err, err)
	}
	if strings.Contains(err.Error(), "aaaa") {
		t.Error("the error quotes the answer")
	}
}

func TestAuthDataMustBeAnObject(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"token-123", `"token-123"`, `["token-123"]`, `{"value":"token-123"} x`} {
		client, got := serve(t, ok(fixture(t, "create_success")))
		r := sample()
		r.AuthData = secret.New(data)
		_, err := client.CreateWebhook(t.Context(), r)
		if !errors.Is(err, zyntroapi.ErrAuthData) || strings.Contains(err.Error(), "token") {
			t.Errorf("create: %v", err)
		}
		if err := client.UpdateWebhook(t.Context(), zyntroapi.UpdateRequest{ID: "i", AuthData: secret.New(data)}); !errors.Is(err, zyntroapi.ErrAuthData) {
			t.Errorf("update: %v", err)
		}
		if len(*got) != 0 {
			t.Errorf("%d requests were sent", len(*got))
		}
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	full := zyntroapi.Webhook{
		ID: "d4e5f6a7-b8c9-0123-defg-456789012345", Name: ptr("CRM Sync Webhook"), Events: []string{"new_contact", "form_filled", "invoice_paid"},
		Status: ptr("active"), Timeout: ptr(30), Endpoint: ptr("https://example.com/zyntro-webhook"), AuthType: ptr("bearer"),
		CreatedAt: ptr("2026-03-13 13:40:11"), UpdatedAt: ptr("2026-04-02 15:59:37"), LastStatus: ptr("success"),
		LastTriggered: ptr("2026-04-02 15:59:37"), RetryCount: ptr(3), RetryDelay: ptr(60), FailureCount: ptr(0),
	}
	type row struct {
		Webhook zyntroapi.Webhook
		Err     string
	}
	list := func(rows string) string { return `{"status":"success","data":[` + rows + `]}` }
	for _, tt := range []struct {
		name, body string
		want       []row
	}{
		{"documented", fixture(t, "fetch_success"), []row{{Webhook: full}}},
		{"empty", fixture(t, "fetch_empty"), []row{}},
		{"least", list(`{"wh_id":"i"}`), []row{{Webhook: zyntroapi.Webhook{ID: "i"}}}},
		{"nulls are absent", list(`{"wh_id":"i","wh_name":null,"wh_events":null,"wh_timeout":null,"wh_last_status":null,"new":1}`), []row{{Webhook: zyntroapi.Webhook{ID: "i"}}}},
		{"integers as texts", list(`{"wh_id":"i","wh_timeout":"30","wh_retry_count":"","wh_failure_count":"-1"}`),
			[]row{{Webhook: zyntroapi.Webhook{ID: "i", Timeout: ptr(30), FailureCount: ptr(-1)}}}},
		{"texts are kept", list(`{"wh_id":" I ","wh_status":"","wh_events":[]}`), []row{{Webhook: zyntroapi.Webhook{ID: " I ", Status: ptr(""), Events: []string{}}}}},
		{"names in another case are others", list(`{"wh_id":"i","WH_NAME":"x","Wh_Id":"j"}`), []row{{Webhook: zyntroapi.Webhook{ID: "i"}}}},
		{"a malformed row hides no other", list(`7,null,{"wh_name":"n"},{"wh_id":"i","wh_name":{},"wh_events":"e","wh_timeout":"soon","wh_retry_delay":1.5,"wh_failure_count":true},{"wh_id":"j","wh_events":["a",null]},{"wh_id":5},{"wh_id":"k","wh_status":1,"wh_endpoint":[],"wh_name":"n"},{"wh_id":"l","wh_timeout":{},"wh_retry_count":1.5,"wh_auth_type":7,"wh_last_status":false,"wh_created_at":1}`),
			[]row{
				{Err: "not a JSON object"},
				{Err: "not a JSON object"},
				{Webhook: zyntroapi.Webhook{Name: ptr("n")}, Err: "unreadable: wh_id"},
				{Webhook: zyntroapi.Webhook{ID: "i"}, Err: "unreadable: wh_name, wh_events"},
				{Webhook: zyntroapi.Webhook{ID: "j"}, Err: "unreadable: wh_events"},
				{Webhook: zyntroapi.Webhook{ID: "5"}},
				{Webhook: zyntroapi.Webhook{ID: "k", Name: ptr("n")}, Err: "unreadable: wh_status, wh_endpoint"},
				{Webhook: zyntroapi.Webhook{ID: "l"}},
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, _ := serve(t, ok(tt.body))
			rows, err := client.FetchWebhooks(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := []row{}
			for _, r := range rows {
				text := ""
				if r.Err != nil {
					text = r.Err.Error()
				}
				got = append(got, row{r.Webhook, text})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFetchWithoutList(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"status":"success"}`, `{"status":"success","data":null}`, `{"status":"success","data":{}}`, `{"status":"success","data":"none"}`, `[]`, `null`} {
		client, _ := serve(t, ok(body))
		rows, err := client.FetchWebhooks(t.Context())
		var p *zyntroapi.ProtocolError
		if !errors.As(err, &p) {
			t.Errorf("%s: rows %v, error %v", body, rows, err)
		}
	}
}

func TestFetchIsRepeatedCreateIsNot(t *testing.T) {
	t.Parallel()
	client, got := serve(t, answer{status: 503, body: "down"})
	if _, err := client.FetchWebhooks(t.Context()); err == nil {
		t.Error("no error")
	}
	if len(*got) < 2 {
		t.Errorf("a fetch was sent %d times", len(*got))
	}
	client, got = serve(t, answer{status: 503, body: "down"})
	if err := client.UpdateWebhook(t.Context(), zyntroapi.UpdateRequest{ID: "i"}); err == nil {
		t.Error("no error")
	}
	if len(*got) != 1 {
		t.Errorf("an update was sent %d times", len(*got))
	}
}

func TestUpdateNeedsNothingButStatus(t *testing.T) {
	t.Parallel()
	for _, body := range []string{fixture(t, "update_success"), `{"status":"success"}`, `{"status":"success","data":[]}`, `{"status":"success","data":"x","message":7}`} {
		client, _ := serve(t, ok(body))
		if err := client.UpdateWebhook(t.Context(), zyntroapi.UpdateRequest{ID: "i"}); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, body := range []string{fixture(t, "help_success"), `{"anything":[1]}`, "# Help\n\nplain text", `[]`, `null`} {
		client, _ := serve(t, ok(body))
		got, err := client.Help(t.Context(), zyntroapi.CreateWebhook)
		if err != nil || !bytes.Equal(got, []byte(body)) {
			t.Errorf("%s: got %s, %v", body, got, err)
		}
	}
	for _, a := range []answer{ok(`{"status":"error","message":"Missing API Key"}`), ok(""), {status: 302}, {status: 404, body: "<html>"}, {status: 401, body: `{}`}} {
		client, _ := serve(t, a)
		if got, err := client.Help(t.Context(), zyntroapi.CreateWebhook); err == nil {
			t.Errorf("%+v: got %s", a, got)
		}
	}
}
