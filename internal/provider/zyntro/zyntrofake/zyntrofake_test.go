package zyntrofake_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider/providertest"
	"github.com/hookctl/hookctl/internal/provider/zyntro/zyntrofake"
)

func noon() time.Time { return time.Date(2026, 3, 13, 13, 40, 11, 0, time.UTC) }

// start serves a fake with a fixed clock and seed.
func start(t *testing.T, o zyntrofake.Options) (*zyntrofake.Fake, *httptest.Server) {
	t.Helper()
	o.Now, o.Seed = noon, 1
	fake := zyntrofake.New(o)
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	return fake, server
}

type fields map[string]any

// post sends raw text or fields and returns the status and body.
func post(t *testing.T, url string, body any) (int, string) {
	t.Helper()
	text, isText := body.(string)
	if !isText {
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(raw)
	}
	r, err := http.Post(url, "application/json", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(raw)
}

// with returns a valid create request of the fake's account, changed. A nil
// value removes a field.
func with(f *zyntrofake.Fake, change fields) fields {
	r := fields{"api_key": f.APIKey(), "org_id": f.OrgID(), "wh_name": "CRM", "wh_endpoint": "https://example.com/h", "wh_events": []string{"new_contact"}}
	for name, value := range change {
		r[name] = value
		if value == nil {
			delete(r, name)
		}
	}
	return r
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func same(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(decode(t, want), decode(t, got)); diff != "" {
		t.Error(diff)
	}
}

const (
	create = "/public/account/createWebhook"
	fetch  = "/public/account/fetchWebhooks"
	update = "/public/account/updateWebhook"
)

// created makes a webhook and returns its id and secret.
func created(t *testing.T, url string, f *zyntrofake.Fake, change fields) (id, secret string) {
	t.Helper()
	_, body := post(t, url+create, with(f, change))
	var answer struct {
		Data struct {
			ID     string `json:"wh_id"`
			Secret string `json:"secret_key"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Data.ID == "" {
		t.Fatalf("create: %s", body)
	}
	return answer.Data.ID, answer.Data.Secret
}

func TestCreateFetchUpdate(t *testing.T) {
	t.Parallel()
	fake, server := start(t, zyntrofake.Options{})
	id, secret := created(t, server.URL, fake, fields{"wh_auth_type": "bearer", "wh_auth_data": fields{"value": "CANARY"}, "wh_timeout": 45})
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-defg-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("id %q does not look like the documented one", id)
	}
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(secret) || fake.Secret(id) != secret {
		t.Errorf("secret %q, kept %q", secret, fake.Secret(id))
	}
	if fake.Webhooks() != 1 || fake.Secret("other") != "" {
		t.Errorf("%d webhooks", fake.Webhooks())
	}

	_, list := post(t, server.URL+fetch, fields{"api_key": fake.APIKey(), "org_id": fake.OrgID()})
	same(t, list, `{"status":"success","data":[{"wh_id":"`+id+`","wh_name":"CRM","wh_events":["new_contact"],"wh_status":"active","wh_timeout":45,
		"wh_endpoint":"https://example.com/h","wh_auth_type":"bearer","wh_created_at":"2026-03-13 13:40:11","wh_updated_at":"2026-03-13 13:40:11",
		"wh_last_status":null,"wh_last_triggered":null,"wh_retry_count":3,"wh_retry_delay":60,"wh_failure_count":0}]}`)
	if strings.Contains(list, secret) || strings.Contains(list, "CANARY") {
		t.Error("the list tells a secret")
	}

	_, answer := post(t, server.URL+update, fields{"api_key": fake.APIKey(), "org_id": fake.OrgID(), "wh_id": id, "wh_status": "disabled", "wh_events": []string{"new_note", "form_filled"}})
	same(t, answer, `{"status":"success","message":"Webhook updated successfully","data":{"wh_id":"`+id+`","action":"updated"}}`)
	_, list = post(t, server.URL+fetch, fields{"api_key": fake.APIKey(), "org_id": fake.OrgID()})
	same(t, list, `{"status":"success","data":[{"wh_id":"`+id+`","wh_name":"CRM","wh_events":["new_note","form_filled"],"wh_status":"disabled","wh_timeout":45,
		"wh_endpoint":"https://example.com/h","wh_auth_type":"bearer","wh_created_at":"2026-03-13 13:40:11","wh_updated_at":"2026-03-13 13:40:11",
		"wh_last_status":null,"wh_last_triggered":null,"wh_retry_count":3,"wh_retry_delay":60,"wh_failure_count":0}]}`)
	if fake.Webhooks() != 0 {
		t.Errorf("%d webhooks that are not disabled", fake.Webhooks())
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	fake, server := start(t, zyntrofake.Options{})
	fake.AddAccount(zyntrofake.Account{APIKey: "asleep", Inactive: true})
	a := func(message string) string { return `{"status":"error","message":"` + message + `"}` }
	events := func(slugs string) string {
		return `{"status":"error","message":"Invalid event(s): ` + slugs + `","hint":"Send {\"help\": true} to see the full list of supported events"}`
	}
	for _, tt := range []struct {
		name, path string
		body       any
		want       string
	}{
		{"missing key goes before all", create, fields{"wh_name": ""}, a("Missing API Key")},
		{"bad key", create, with(fake, fields{"api_key": "x", "wh_name": nil}), a("Invalid API Key")},
		{"inactive user", create, with(fake, fields{"api_key": "asleep"}), a("User is not active")},
		{"name", create, with(fake, fields{"wh_name": nil, "wh_endpoint": nil}), a("wh_name is required")},
		{"endpoint", create, with(fake, fields{"wh_endpoint": "", "wh_events": nil}), a("wh_endpoint is required")},
		{"events", create, with(fake, fields{"wh_events": []string{}, "wh_endpoint": "x"}), a("wh_events is required")},
		{"long name", create, with(fake, fields{"wh_name": strings.Repeat("é", 101)}), a("wh_name must not exceed 100 characters")},
		{"URL goes before events", create, with(fake, fields{"wh_endpoint": "http://example.com", "wh_events": []string{"x"}}), a("Invalid endpoint URL")},
		{"no host", create, with(fake, fields{"wh_endpoint": "https:///path"}), a("Invalid endpoint URL")},
		{"events go before organisation", create, with(fake, fields{"wh_events": []string{"new_note", "x", "y.z"}, "org_id": "x"}), events("x, y.z")},
		{"auth type", create, with(fake, fields{"wh_auth_type": "digest"}), a("Invalid wh_auth_type")},
		{"auth data", create, with(fake, fields{"wh_auth_type": "basic", "wh_auth_data": fields{"username": "u"}}), a("Invalid wh_auth_data")},
		{"auth data of another type", create, with(fake, fields{"wh_auth_type": "bearer", "wh_auth_data": fields{"value": 7}}), a("Invalid wh_auth_data")},
		{"timeout", create, with(fake, fields{"wh_timeout": 121}), a("wh_timeout must be between 5 and 120")},
		{"timeout as text", create, with(fake, fields{"wh_timeout": "30"}), a("wh_timeout must be between 5 and 120")},
		{"organisation", create, with(fake, fields{"org_id": "x"}), a("Invalid organization")},
		{"no organisation", fetch, fields{"api_key": fake.APIKey()}, a("Missing org ID")},
		{"fetch without a key", fetch, fields{}, a("Missing API Key")},
		{"update without an id", update, fields{"api_key": fake.APIKey(), "org_id": fake.OrgID()}, a("wh_id is required")},
		{"update of nothing", update, fields{"api_key": fake.APIKey(), "org_id": fake.OrgID(), "wh_id": "x"}, a("Webhook not found")},
		{"update status", update, fields{"api_key": fake.APIKey(), "org_id": fake.OrgID(), "wh_id": "x", "wh_status": "on"}, a("Invalid wh_status")},
		{"update events", update, fields{"api_key": fake.APIKey(), "org_id": fake.OrgID(), "wh_id": "x", "wh_events": []string{}}, a("wh_events is required")},
		{"no JSON", create, "{", a("Invalid JSON body")},
		{"null", create, "null", a("Invalid JSON body")},
		{"help must be true", create, fields{"help": "true"}, a("Missing API Key")},
		{"v2 without a developer secret", "/apis/v2" + fetch, fields{"api_key": fake.APIKey(), "org_id": fake.OrgID()}, a("Missing developer secret")},
		{"v2 with another", "/apis/v2" + fetch, fields{"api_key": fake.APIKey(), "org_id": fake.OrgID(), "developer_secret": "x"}, a("Invalid developer secret")},
		{"v2", "/apis/v2" + fetch, fields{"api_key": fake.APIKey(), "org_id": fake.OrgID(), "developer_secret": fake.DeveloperSecret()}, `{"status":"success","data":[]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, got := post(t, server.URL+tt.path, tt.body)
			if status != 200 {
				t.Errorf("status %d", status)
			}
			same(t, got, tt.want)
		})
	}
	t.Cleanup(func() {
		if fake.Webhooks() != 0 {
			t.Error("something was created")
		}
	})
}

func TestNotTheAPI(t *testing.T) {
	t.Parallel()
	_, server := start(t, zyntrofake.Options{})
	for path, want := range map[string]int{"/": 404, "/public/account/deleteWebhook": 404, "/x/public/account/createWebhook": 404} {
		if status, _ := post(t, server.URL+path, "{}"); status != want {
			t.Errorf("%s: %d", path, status)
		}
	}
	r, err := http.Get(server.URL + fetch)
	if err != nil || r.StatusCode != 405 || r.Body.Close() != nil {
		t.Errorf("GET: %v, %v", r, err)
	}
	if status, _ := post(t, server.URL+create, strings.Repeat(" ", 2<<20)); status != 413 {
		t.Errorf("a long request: %d", status)
	}
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	fake, server := start(t, zyntrofake.Options{ErrorShape: zyntrofake.ErrorList, Never: zyntrofake.NeverAbsent, NumbersAsTexts: true})
	_, body := post(t, server.URL+create, fields{})
	same(t, body, `{"status":"error","data":["Missing service instance"]}`)
	_, body = post(t, server.URL+create, with(fake, fields{"wh_events": []string{"x"}}))
	same(t, body, `{"status":"error","data":["Invalid event(s): x"]}`)
	created(t, server.URL, fake, nil)
	_, body = post(t, server.URL+fetch, with(fake, nil))
	if !strings.Contains(body, `"wh_timeout":"30"`) || strings.Contains(body, "wh_last_") {
		t.Error(body)
	}

	fake, server = start(t, zyntrofake.Options{Never: zyntrofake.NeverEmpty})
	created(t, server.URL, fake, nil)
	_, body = post(t, server.URL+fetch, with(fake, nil))
	if !strings.Contains(body, `"wh_last_status":""`) || !strings.Contains(body, `"wh_timeout":30`) {
		t.Error(body)
	}
}

func TestOrganisationsAreApart(t *testing.T) {
	t.Parallel()
	fake, server := start(t, zyntrofake.Options{})
	fake.AddAccount(zyntrofake.Account{APIKey: "k2", Orgs: []string{"o2"}})
	id, _ := created(t, server.URL, fake, nil)
	_, body := post(t, server.URL+fetch, fields{"api_key": "k2", "org_id": "o2"})
	same(t, body, `{"status":"success","data":[]}`)
	_, body = post(t, server.URL+update, fields{"api_key": "k2", "org_id": "o2", "wh_id": id, "wh_name": "mine"})
	same(t, body, `{"status":"error","message":"Webhook not found"}`)
	_, body = post(t, server.URL+fetch, fields{"api_key": "k2", "org_id": fake.OrgID()})
	same(t, body, `{"status":"error","message":"Invalid organization"}`)
}

func TestHelp(t *testing.T) {
	t.Parallel()
	fake, server := start(t, zyntrofake.Options{})
	for _, path := range []string{create, fetch, update} {
		_, body := post(t, server.URL+path, with(fake, fields{"help": true, "api_key": nil}))
		var answer struct {
			Status string
			Data   struct {
				Note          string
				Endpoint      string
				Events        map[string][]string `json:"supported_events"`
				BestPractices []string            `json:"best_practices"`
			}
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		n := 0
		seen := map[string]bool{}
		for _, slugs := range answer.Data.Events {
			for _, slug := range slugs {
				n++
				seen[slug] = true
			}
		}
		if n != 77 || len(seen) != 77 || len(answer.Data.Events) != 16 || len(answer.Data.BestPractices) == 0 ||
			!strings.Contains(answer.Data.Note, "stand-in") || !strings.HasSuffix(path, answer.Data.Endpoint) {
			t.Errorf("%s: %d events, %d different", path, n, len(seen))
		}
	}
	if fake.Webhooks() != 0 {
		t.Error("help created something")
	}
}

func TestSeeds(t *testing.T) {
	t.Parallel()
	a, b, c, d := zyntrofake.New(zyntrofake.Options{Seed: 1}), zyntrofake.New(zyntrofake.Options{Seed: 1}), zyntrofake.New(zyntrofake.Options{}), zyntrofake.New(zyntrofake.Options{})
	if a.APIKey() != b.APIKey() || a.OrgID() != b.OrgID() {
		t.Error("one seed, two results")
	}
	if c.APIKey() == d.APIKey() || c.OrgID() == d.OrgID() || a.APIKey() == c.APIKey() {
		t.Error("not random")
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	fake, server := start(t, zyntrofake.Options{Deliver: providertest.Deliverer(http.DefaultClient)})
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			created(t, server.URL, fake, fields{"wh_events": []string{"new_note"}, "wh_endpoint": "https://127.0.0.1:1/"})
			post(t, server.URL+fetch, with(fake, nil))
			if _, err := providertest.Emit(t.Context(), fake, "new_note"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if fake.Webhooks() != 20 || len(fake.Requests()) != 40 {
		t.Errorf("%d webhooks, %d requests", fake.Webhooks(), len(fake.Requests()))
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	at := func(n int) *int { return &n }
	for _, tt := range []struct {
		name    string
		fault   zyntrofake.Injection
		status  int // 0: no answer
		body    string
		cut     bool
		created int
	}{
		{"none for this action", zyntrofake.Injection{Action: "fetchWebhooks", Status: 500}, 200, "success", false, 1},
		{"later", zyntrofake.Injection{Skip: 1, Status: 500}, 200, "success", false, 1},
		{"reset before", zyntrofake.Injection{ResetBefore: true}, 0, "", false, 0},
		{"reset after", zyntrofake.Injection{ResetAfter: true}, 0, "", false, 1},
		{"truncated", zyntrofake.Injection{TruncateAt: at(30)}, 200, `{"data":{"action":"created","s`, true, 1},
		{"truncated to nothing", zyntrofake.Injection{TruncateAt: at(0)}, 200, "", true, 1},
		{"no JSON", zyntrofake.Injection{Body: text("<html>")}, 200, "<html>", false, 1},
		{"503 after the work", zyntrofake.Injection{Status: 503, Body: text("down")}, 503, "down", false, 1},
		{"503 before", zyntrofake.Injection{Unprocessed: true, Status: 503}, 503, "", false, 0},
		{"429", zyntrofake.Injection{Unprocessed: true, Status: 429, Header: http.Header{"Retry-After": {"7"}}}, 429, "", false, 0},
		{"insert failed", zyntrofake.Injection{InsertFails: true}, 200, "Failed to create webhook", false, 0},
		{"slow", zyntrofake.Injection{DelayBefore: time.Millisecond, DelayAfter: time.Millisecond}, 200, "success", false, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake, server := start(t, zyntrofake.Options{})
			fake.Inject(tt.fault)
			raw, err := json.Marshal(with(fake, nil))
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.Post(server.URL+create, "application/json", bytes.NewReader(raw))
			if (err != nil) != (tt.status == 0) {
				t.Fatalf("error %v", err)
			}
			if err == nil {
				body, err := io.ReadAll(r.Body)
				if (err != nil) != tt.cut || r.StatusCode != tt.status || !strings.Contains(string(body), tt.body) {
					t.Errorf("%d %s %v", r.StatusCode, body, err)
				}
				for name := range tt.fault.Header {
					if r.Header.Get(name) != tt.fault.Header.Get(name) {
						t.Errorf("%s: %q", name, r.Header.Get(name))
					}
				}
				if err := r.Body.Close(); err != nil {
					t.Error(err)
				}
			}
			if got := fake.Webhooks(); got != tt.created {
				t.Errorf("%d webhooks, want %d", got, tt.created)
			}
			if log := fake.Requests(); len(log) == 0 || log[0].Action != "createWebhook" || log[0].Status != tt.status || !bytes.Equal(log[0].Body, raw) {
				t.Errorf("log %+v", log)
			}
			fake.Heal()
			if _, body := post(t, server.URL+create, with(fake, nil)); !strings.Contains(body, "success") {
				t.Errorf("not healed: %s", body)
			}
		})
	}
}

func TestFaultsAreCounted(t *testing.T) {
	t.Parallel()
	fake, server := start(t, zyntrofake.Options{})
	fake.Inject(zyntrofake.Injection{Action: "fetchWebhooks", Skip: 1, Times: 2, Status: 500})
	fake.Inject(zyntrofake.Injection{Action: "fetchWebhooks", Times: -1, Status: 502})
	var got []int
	for range 5 {
		status, _ := post(t, server.URL+fetch, with(fake, nil))
		got = append(got, status)
	}
	if diff := cmp.Diff([]int{502, 500, 500, 502, 502}, got); diff != "" {
		t.Error(diff)
	}
}

func TestExtraRows(t *testing.T) {
	t.Parallel()
	fake, server := start(t, zyntrofake.Options{})
	fake.Inject(zyntrofake.Injection{ExtraRows: []json.RawMessage{json.RawMessage(`7`), json.RawMessage(`{"wh_id":{}}`)}})
	_, body := post(t, server.URL+fetch, with(fake, nil))
	same(t, body, `{"status":"success","data":[7,{"wh_id":{}}]}`)
}

func TestResetWithoutConnection(t *testing.T) {
	t.Parallel()
	fake := zyntrofake.New(zyntrofake.Options{})
	fake.Inject(zyntrofake.Injection{ResetBefore: true})
	w := httptest.NewRecorder()
	fake.ServeHTTP(w, httptest.NewRequest("POST", fetch, strings.NewReader("{}")))
	if w.Code != 502 {
		t.Errorf("status %d", w.Code)
	}
}
