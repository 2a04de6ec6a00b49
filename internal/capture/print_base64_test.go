package capture

import (
	"encoding/base64"
	"fmt"
	"testing"
)

// TestPrintedMarkOfBase64: a body that the print of an event marks as base64 is
// decoded, in each language's spelling of the mark, and is exact.
func TestPrintedMarkOfBase64(t *testing.T) {
	body := "{\n  \"id\": \"\xff\"}"
	for name, form := range map[string]string{
		"Python":     `{'headers': {'X-Wunder-Signature': '%s'}, 'body': '%s', 'isBase64Encoded': True}`,
		"Node":       "{\n  headers: { 'x-wunder-signature': '%s' },\n  body: '%s',\n  isBase64Encoded: true\n}",
		"Ruby":       `{"headers"=>{"X-Wunder-Signature"=>"%s"}, "body"=>"%s", "isBase64Encoded"=>true}`,
		"Ruby's new": `{headers: {"X-Wunder-Signature" => "%s"}, body: "%s", is_base64_encoded: true}`,
	} {
		rows, errs := readPrinted(t, fmt.Sprintf("event: "+form+"\n", wunderSignature(body), base64.StdEncoding.EncodeToString([]byte(body))))
		if len(rows) != 1 || errs[0] != nil || string(rows[0].Body) != body || rows[0].Inexact {
			t.Errorf("%s: %v %v", name, rows, errs)
		}
	}
	text := base64.StdEncoding.EncodeToString([]byte(body))
	rows, errs := readPrinted(t, fmt.Sprintf("event: {'headers': {'X-Wunder-Signature': '%s'}, 'body': '%s', 'isBase64Encoded': False}\n", wunderSignature(text), text))
	if len(rows) != 1 || errs[0] != nil || string(rows[0].Body) != text {
		t.Errorf("marked as no base64: %v %v", rows, errs)
	}
}
