package capture

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// TestLeftOverRequests: a request behind deliveries of another format is a row, one
// that cannot be read where it is not read, whatever stands before it; what is no
// delivery is passed over.
func TestLeftOverRequests(t *testing.T) {
	body := `{"id":"1","event_type":"contact.created"}`
	signature := wunderSignature(body)
	before := map[string]string{
		"ndjson":  fmt.Sprintf(`{"headers":{"X-Wunder-Signature":%q},"body":%q}`+"\n", signature, body),
		"log":     fmt.Sprintf(`app | {"headers":{"X-Wunder-Signature":%q},"body":%q}`+"\n", signature, body),
		"curl":    fmt.Sprintf("curl https://x.example/hook -H 'X-Wunder-Signature: %s' -d '%s'\n", signature, body),
		"fetch":   fmt.Sprintf("fetch(\"https://x.example/hook\", {method: \"POST\", headers: {\"X-Wunder-Signature\": %q}, body: '%s'})\n", signature, body),
		"console": fmt.Sprintf("{\n  host: 'x',\n  'x-wunder-signature': '%s'\n}\n%s\n", signature, body),
		"paste":   fmt.Sprintf("Host\tx\nX-Wunder-Signature\t%s\n\n%s\n", signature, body),
	}
	trace := "=> Send header, 23 bytes (0x17)\n0000: 50 4f 53 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d POST / HTTP/1.1.\n0010: 0a 48 6f 73 74 3a 20                            .Host: \n=> Send data, 2 bytes (0x2)\n0000: 7b 7d                                           {}\n"
	for _, c := range []struct {
		name, text string
		rows       int
	}{
		{"a dump", "POST /other HTTP/1.1\nHost: x\nContent-Length: 7\n\n{\"a\":1}\n", 1},
		{"a dump with CRLF", "POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n{\"a\":1}\r\n", 1},
		{"two dumps", "POST /a HTTP/1.1\nHost: x\n\n{}\nPUT /b HTTP/1.1\nHost: x\n\n{}\n", 2},
		{"a signed dump", "POST /other HTTP/1.1\nHost: x\nX-Wunder-Signature: " + wunderSignature("other") + "\n\nx\n", 1},
		{"a dump without a version", "POST /other\nHost: x\n\n{}\n", 1},
		{"a trace of curl", trace, 1},
		{"an access log", "INFO: 10.0.0.1:81 - \"POST /hook HTTP/1.1\" 200 OK\n10.0.0.1 - - [x] \"POST /hook HTTP/1.1\" 200 5\nPOST /hook 200 12 ms\n", 0},
		{"a probe", "GET /health HTTP/1.1\nHost: x\n\n", 0},
	} {
		for name, text := range before {
			t.Run(name+" then "+c.name, func(t *testing.T) {
				format := recorded.Log
				switch name {
				case "curl", "fetch":
					format = "curl"
				}
				rows := commandRows(t, format, text+"\n"+c.text)
				if name == "console" || name == "paste" {
					rows = nil
					found, errs := readPrinted(t, text+"\n"+c.text)
					for i := range found {
						rows = append(rows, commandRow{found[i], errs[i]})
					}
				}
				if len(rows) != 1+c.rows || rows[0].err != nil || c.rows > 0 && rows[1].err == nil && string(rows[1].Body) != "x" {
					t.Errorf("%d rows; want %d more than one:\n%v", len(rows), c.rows, describe(rows))
				}
			})
		}
	}
}

// TestRequestAboveItsPrint: the request line that a program prints above what it
// prints of the request begins no other one, nor does what a command prints.
func TestRequestAboveItsPrint(t *testing.T) {
	signature := wunderSignature("{}")
	rows, errs := readPrinted(t, "POST /hook HTTP/1.1\n{\n  host: 'x',\n  'x-wunder-signature': '"+signature+"'\n}\n{}\n")
	if len(rows) != 1 || errs[0] != nil {
		t.Errorf("a print: %d rows, %v", len(rows), errs)
	}
	text := "curl -v https://x.example/hook -H 'X-Wunder-Signature: " + signature + "' -d '{}'\n* Connected\n> POST /hook HTTP/1.1\n> Host: x.example\n>\n< HTTP/1.1 200 OK\n"
	if rows := commandRows(t, "curl", text); len(rows) != 1 {
		t.Errorf("a command and what it prints: %v", describe(rows))
	}
	text = "curl --trace - https://x.example/hook -H 'X-Wunder-Signature: " + signature + "' -d '{}'\n=> Send header, 3 bytes (0x3)\n0000: 50 4f 53 POS\n"
	if rows := commandRows(t, "curl", text); len(rows) != 1 {
		t.Errorf("a command and its trace: %v", describe(rows))
	}
}

// TestHostileLeftOvers: lines that look like requests cost what their bytes do.
func TestHostileLeftOvers(t *testing.T) {
	for _, line := range []string{"POST / HTTP/1.1\n", " POST / HTTP/1.1\n", "x-a: POST /\n", "POST /\nHost: x\n"} {
		text := strings.Repeat(line, hostileSize/20)
		for _, format := range []string{recorded.Log, "curl"} {
			commandRows(t, format, text)
		}
		readPrinted(t, text+strings.Repeat("\n", hostileSize/2)+"X-Wunder-Signature: "+wunderSignature("")+"\n")
	}
}
