package secret_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/secret"
)

func TestLooksLike(t *testing.T) {
	t.Parallel()
	yes := []string{
		"4a0ab15ac2e65a8357d4a0ab15ac2e65a8357d4a0ab15ac2e65a8357d4a0ab15",
		"4A0AB15AC2E65A8357D4A0AB15",
		"whsec_C2FVsBQIhrscChlQIMV",
		"prefix whsec_C2FVsBQIhrscChlQIMV=",
		"zdk_91bCz0pQ",
		"sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc",
		"ghp_16C7e42F292c6912E7",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x",
		"AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQ",
		"xage1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
		"age1QL3Z7HJY54PW3HYWW5AYYFG7ZQGVC7W3J2ELW8ZMRJ2KG5SFN9AQMCAC8P",
		"sNqVf2k/ZC+0a9dOuL4RbQ==",
		"-----BEGIN PRIVATE KEY-----\nMIIE",
		"two\nlines",
		"bell\a",
		"--secret=4a0ab15ac2e65a8357d4a0ab15ac2e65a8357d4a0ab15ac2e65a8357d4a0ab15",
		"dotenv:.env:9f3a08ef6e4a0ab15ac2e65a8357d4a0",
		strings.Repeat("1234567890", 4),
	}
	for _, text := range yes {
		if !secret.LooksLike(text) {
			t.Errorf("%q does not look like a secret", text)
		}
	}
	no := []string{
		"", "-", "HOOK_SECRET", "ZYNTRO_WEBHOOK_SIGNING_SECRET_2026", "MY_VERY_LONG_NAME_OF_A_VARIABLE_FOR_THE_CRM_HOOK",
		"whsec_", "whsec_production", "sk_test_notes", "secret.txt", "./secrets/crm-hook.txt", "/run/secrets/hook_secret",
		"/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T/TestRun1/001/out", "/tmp/TestSecretNames12345/001/config", "/tmp/TestDidYouMean2890349/001/config", "/home/Anna/src/MyShop2/captures/WebhookTests3/x",
		"/tmp/TestSinkFailureLeavesAManagedRecord526576690/002/gone/x",
		"captures/deliveries-2026-05-17T143001.ndjson", `C:\Users\Anna\Documents\Webhooks\secret.txt`,
		"54328383-1b2c-4d5e-8f90-a1b2c3d4e5f6", "54328383-1B2C-4D5E-8F90-A1B2C3D4E5F6", "wundertreos/54328383-1b2c-4d5e-8f90-a1b2c3d4e5f6",
		"https://hooks.example.com/zyntro/deliveries", "http://127.0.0.1:8787/functions/v1", "CRM Sync", "contact.created", "invoice_*",
		"sha256:1f2e3d4c", "exec:gh secret set HOOK_SECRET --repo Acme/WebShop2", "junit=report.xml", "--HOOK_SECRET_OF_THE_SHOP=",
		"CustomerRelationshipManagementSynchronisation", "CUSTOMERRELATIONSHIPMANAGEMENTSYNCHRONISATION",
		"30s", "X-Wunder-Signature", "{timestamp}.{body}", "age1", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "ContactCreatedDelivery2026",
	}
	for _, text := range no {
		if secret.LooksLike(text) {
			t.Errorf("%q looks like a secret: %q", text, secret.LooksLikeWords(text))
		}
	}
}

func TestNamesFile(t *testing.T) {
	t.Parallel()
	const hex = "4a0ab15ac2e65a8357d4a0ab15ac2e65a8357d4a"
	dir := t.TempDir()
	there, below := filepath.Join(dir, hex+"0"), filepath.Join(dir, hex+"d")
	if err := errors.Join(os.WriteFile(there, nil, 0o600), os.Mkdir(below, 0o700)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"secret.txt": true, filepath.Join(dir, "new.txt"): true, there: true,
		filepath.Join(below, "new", "hookctl"): true, filepath.Join(below, hex, "hookctl"): false, filepath.Join(there, "x"): false,
		"./" + hex: true, "../" + hex: true,
		hex: false, filepath.Join(dir, hex): false, "/" + hex: false, "captures/" + hex: false, "a\nb": false, "./a\nb": false,
	} {
		if got := secret.NamesFile(name); got != want {
			t.Errorf("NamesFile(%q) = %v", name, got)
		}
	}
}

// Random bytes of at least 128 bits look like a secret however they are
// written, alone and in a longer text, and the word that does is all of it.
func TestRandomTextLooksLike(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	missed := map[string]int{}
	const rounds = 5000
	for range rounds {
		raw := make([]byte, 16+r.IntN(48))
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		plain := make([]byte, 32+r.IntN(64))
		for i := range plain {
			plain[i] = alphabet[r.IntN(len(alphabet))]
		}
		for kind, text := range map[string]string{
			"hex": hex.EncodeToString(raw), "base64": base64.StdEncoding.EncodeToString(raw),
			"base64url": base64.URLEncoding.EncodeToString(raw), "raw base64url": base64.RawURLEncoding.EncodeToString(append(raw, raw[0], raw[1])),
			"alphanumeric": string(plain), "whsec": "whsec_" + base64.StdEncoding.EncodeToString(raw),
		} {
			found := secret.LooksLikeWords("--flag " + text + " more")
			if len(found) != 1 || strings.TrimLeft(found[0], "-") != strings.TrimLeft(text, "-") {
				missed[kind]++
			}
		}
	}
	for kind, n := range missed {
		if n > rounds/100 { // it is a guess
			t.Errorf("%s: %d of %d are not recognised", kind, n, rounds)
		}
	}
}
