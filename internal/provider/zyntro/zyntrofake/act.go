package zyntrofake

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// call is one request being checked.
type call struct {
	fake     *Fake
	fields   map[string]any
	injected Injection
	update   bool
	events   []string
}

// act does what the request asks for. The order of checks is that of the error
// table on the create page (assumed): key, required fields, URL, events,
// organisation, insert.
func (f *Fake) act(action string, v2 bool, fields map[string]any, injected Injection) object {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := call{fake: f, fields: fields, injected: injected, update: action == "updateWebhook"}

	account, message := c.authenticate(v2)
	if message != "" {
		return f.fail(message, "")
	}
	if action != "fetchWebhooks" {
		if message, hint := c.check(); message != "" {
			return f.fail(message, hint)
		}
	}
	org, _ := fields["org_id"].(string)
	switch {
	case org == "":
		return f.fail("Missing org ID", "")
	case !slices.Contains(account.Orgs, org):
		return f.fail("Invalid organization", "")
	}
	switch action {
	case "createWebhook":
		return c.create(org)
	case "updateWebhook":
		return c.change(org)
	default:
		return c.fetch(org)
	}
}

func (c call) authenticate(v2 bool) (Account, string) {
	key, _ := c.fields["api_key"].(string)
	if key == "" {
		if c.fake.o.ErrorShape == ErrorList {
			return Account{}, "Missing service instance" // the wording of the pages that have this shape
		}
		return Account{}, "Missing API Key"
	}
	i := slices.IndexFunc(c.fake.accounts, func(a Account) bool { return a.APIKey == key })
	switch {
	case i < 0:
		return Account{}, "Invalid API Key"
	case c.fake.accounts[i].Inactive:
		return Account{}, "User is not active"
	}
	account := c.fake.accounts[i]
	if v2 { // both wordings are assumed
		switch given, _ := c.fields["developer_secret"].(string); {
		case given == "":
			return Account{}, "Missing developer secret"
		case given != account.DeveloperSecret:
			return Account{}, "Invalid developer secret"
		}
	}
	return account, ""
}

// check looks at the fields of create and update. On update, an absent field
// is fine, apart from the id. Texts other than those of the error table are
// assumed.
func (c *call) check() (message, hint string) {
	if c.update && c.text("wh_id") == "" {
		return "wh_id is required", ""
	}
	for _, name := range []string{"wh_name", "wh_endpoint"} {
		if c.wants(name) && c.text(name) == "" {
			return name + " is required", ""
		}
	}
	if c.wants("wh_events") {
		list, _ := c.fields["wh_events"].([]any)
		for _, item := range list {
			slug, _ := item.(string)
			c.events = append(c.events, slug)
		}
		if len(c.events) == 0 {
			return "wh_events is required", ""
		}
	}
	if utf8.RuneCountInString(c.text("wh_name")) > 100 {
		return "wh_name must not exceed 100 characters", ""
	}
	if c.wants("wh_endpoint") && !validEndpoint(c.text("wh_endpoint")) {
		return "Invalid endpoint URL", ""
	}
	if bad := slices.DeleteFunc(slices.Clone(c.events), knows); len(bad) > 0 {
		return "Invalid event(s): " + strings.Join(bad, ", "), `Send {"help": true} to see the full list of supported events`
	}
	return c.checkOptions(), ""
}

func (c *call) checkOptions() string {
	if c.has("wh_auth_type") {
		if _, known := authMembers[c.text("wh_auth_type")]; !known {
			return "Invalid wh_auth_type"
		}
	}
	if c.has("wh_auth_data") {
		if _, ok := c.authData(); !ok {
			return "Invalid wh_auth_data"
		}
	}
	if c.has("wh_timeout") {
		if n, ok := c.number("wh_timeout"); !ok || n < 5 || n > 120 {
			return "wh_timeout must be between 5 and 120"
		}
	}
	if c.update && c.has("wh_status") && !slices.Contains([]string{"active", "paused", "disabled"}, c.text("wh_status")) {
		return "Invalid wh_status"
	}
	return ""
}

func validEndpoint(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Hostname() != ""
}

// authMembers are the members of wh_auth_data for each wh_auth_type. That of
// custom_header is assumed.
var authMembers = map[string][]string{
	"none":          {},
	"bearer":        {"value"},
	"basic":         {"username", "password"},
	"api_key":       {"header", "value"},
	"custom_header": {"header", "value"},
}

// authData is the authentication data as texts, if it fits its type.
func (c *call) authData() (map[string]string, bool) {
	given, ok := c.fields["wh_auth_data"].(map[string]any)
	if !ok {
		return nil, false
	}
	data := map[string]string{}
	for name, value := range given {
		text, ok := value.(string)
		if !ok {
			return nil, false
		}
		data[name] = text
	}
	for _, name := range authMembers[c.text("wh_auth_type")] {
		if data[name] == "" {
			return nil, false
		}
	}
	return data, true
}

// wants reports whether a field that create requires is to be looked at.
func (c *call) wants(name string) bool { return !c.update || c.has(name) }

func (c *call) has(name string) bool {
	value, there := c.fields[name]
	return there && value != nil
}

func (c *call) text(name string) string {
	text, _ := c.fields[name].(string)
	return text
}

func (c *call) number(name string) (int, bool) {
	number, ok := c.fields[name].(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(number.String())
	return n, err == nil
}

func (c *call) create(org string) object {
	if c.injected.InsertFails {
		return c.fake.fail("Failed to create webhook", "")
	}
	f := c.fake
	now := f.stamp()
	w := &webhook{
		id: f.random.id(), org: org, secret: f.random.hex(64), status: "active", timeout: 30, authType: "none", created: now, updated: now,
	}
	c.set(w)
	f.webhooks = append(f.webhooks, w)
	return object{
		"status":  "success",
		"message": "Webhook created successfully",
		"data":    object{"wh_id": w.id, "action": "created", "secret_key": w.secret},
	}
}

// set writes the fields that were given.
func (c *call) set(w *webhook) {
	if c.has("wh_name") {
		w.name = c.text("wh_name")
	}
	if c.has("wh_endpoint") {
		w.endpoint = c.text("wh_endpoint")
	}
	if c.events != nil {
		w.events = c.events
	}
	if c.has("wh_auth_type") {
		w.authType = c.text("wh_auth_type")
	}
	if data, ok := c.authData(); ok {
		w.authData = data
	}
	if n, ok := c.number("wh_timeout"); ok {
		w.timeout = n
	}
	if c.update && c.has("wh_status") {
		w.status = c.text("wh_status")
	}
}

// change updates a webhook of the organisation. The answer is assumed.
func (c *call) change(org string) object {
	for _, w := range c.fake.webhooks {
		if w.id == c.text("wh_id") && w.org == org {
			c.set(w)
			w.updated = c.fake.stamp()
			return object{
				"status":  "success",
				"message": "Webhook updated successfully",
				"data":    object{"wh_id": w.id, "action": "updated"},
			}
		}
	}
	return c.fake.fail("Webhook not found", "")
}

func (c *call) fetch(org string) object {
	rows := []any{}
	for _, row := range c.injected.ExtraRows {
		rows = append(rows, row)
	}
	for _, w := range c.fake.webhooks {
		if w.org == org {
			rows = append(rows, c.fake.row(w))
		}
	}
	return object{"status": "success", "data": rows}
}

// row is what fetchWebhooks says of a webhook: neither its secret nor its
// authentication data.
func (f *Fake) row(w *webhook) object {
	row := object{
		"wh_id":            w.id,
		"wh_name":          w.name,
		"wh_events":        w.events,
		"wh_status":        w.status,
		"wh_timeout":       f.number(w.timeout),
		"wh_endpoint":      w.endpoint,
		"wh_auth_type":     w.authType,
		"wh_created_at":    w.created,
		"wh_updated_at":    w.updated,
		"wh_retry_count":   f.number(retryCount),
		"wh_retry_delay":   f.number(retryDelay),
		"wh_failure_count": f.number(w.failures),
	}
	for name, text := range map[string]string{"wh_last_status": w.lastStatus, "wh_last_triggered": w.lastTriggered} {
		if value, there := f.last(text); there {
			row[name] = value
		}
	}
	return row
}
