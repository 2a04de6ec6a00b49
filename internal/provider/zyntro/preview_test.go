package zyntro

import (
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

func TestPreview(t *testing.T) {
	t.Parallel()
	d := Driver()
	s := spec()
	s.AuthType, s.AuthData = "bearer", secret.New(`{"value":"CANARY"}`)
	preview, err := d.Preview(provider.Access{BaseURL: d.BaseURL, PathPrefix: d.PathPrefix}, s, map[string]string{"api_key": "HOOKCTL_ZYNTRO_API_KEY", "org_id": "HOOKCTL_ZYNTRO_ORG_ID"})
	if err != nil {
		t.Fatal(err)
	}
	body := preview.Fill(preview.Body, func(variable string) string { return "$" + variable })
	const want = `{"api_key":"$HOOKCTL_ZYNTRO_API_KEY","org_id":"$HOOKCTL_ZYNTRO_ORG_ID","wh_name":"CRM","wh_endpoint":"https://example.com/h",` +
		`"wh_events":["new_contact","invoice_paid"],"wh_auth_type":"bearer","wh_auth_data":$HOOKCTL_AUTH_DATA}`
	if preview.Method != "POST" || preview.URL != "https://app.zyntrohq.com/public/account/createWebhook" || body != want || strings.Contains(preview.Body, "CANARY") {
		t.Errorf("%s %s\ngot  %s\nwant %s", preview.Method, preview.URL, body, want)
	}
}
