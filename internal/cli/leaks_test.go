package cli_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/cli"
	"github.com/hookctl/hookctl/internal/norace"
)

// canaries are the texts that no output may hold. They have characters that
// every encoding writes differently.
const (
	canaryKey      = "Ky/7f3a+canary&key=Zq9~0123"
	canaryDev      = "zdk_canary/dev+Xw=42&7788"
	canaryOrg      = "org/canary+Bv=31&5566"
	canaryToken    = "tk+canary/oauth&Ht=88~9900"
	canarySecret   = "sc/canary+\"<hook>&secret\"=Lm5\u00e97766"
	canaryOther    = "so/canary+other&secret=Pq64455"
	canaryPassword = "pw/canary+\"<auth>&data=Rt7\u00fc3344"
	canaryUserinfo = "ui+canary&userinfo=Yx2211"
)

// disguises lists the forms in which a canary could stand in an output.
func disguises(s string) map[string]string {
	reversed := []rune(s)
	slices.Reverse(reversed)
	plainJSON := quote(s)
	htmlJSON, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	forms := map[string]string{
		"plain": s, "hex": hex.EncodeToString([]byte(s)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(s))),
		"query": url.QueryEscape(s), "path": url.PathEscape(s), "reversed": string(reversed),
		"JSON": plainJSON[1 : len(plainJSON)-1], "HTML-safe JSON": string(htmlJSON[1 : len(htmlJSON)-1]),
		"shell": strings.ReplaceAll(s, "'", `'\''`), "quoted": strings.Trim(fmt.Sprintf("%q", s), `"`),
		"half": s[:len(s)/2],
	}
	for shift := range 3 {
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), s...))
		core := text[(8*shift+5)/6 : (8*shift+8*len(s))/6]
		forms[fmt.Sprint("base64/", shift)] = core
		forms[fmt.Sprint("base64url/", shift)] = strings.NewReplacer("+", "-", "/", "_").Replace(core)
	}
	return forms
}

// leaks reports the canaries in text, under where.
func leaks(t *testing.T, where, text string, canaries ...string) {
	t.Helper()
	for _, c := range canaries {
		for how, form := range disguises(c) {
			if strings.Contains(text, form) {
				t.Errorf("%s shows %q (%s): %.3000s", where, c, how, text)
				break
			}
		}
	}
}

var allCanaries = []string{canaryKey, canaryDev, canaryOrg, canaryToken, canarySecret, canaryOther, canaryPassword, canaryUserinfo}

// secretCanaries are those that no output holds at all. The organization's id
// is no secret: login names it.
var secretCanaries = slices.DeleteFunc(slices.Clone(allCanaries), func(c string) bool { return c == canaryOrg })

// babbler is both providers, and repeats what it is told: every answer has the
// credentials of the request, and what else is private in it, in every place
// where an answer has room.
func babbler(t *testing.T, mode string) *peer {
	t.Helper()
	return newPeer(t, func(c *net.TCPConn, r request) {
		d := wundertreosDialect
		if strings.HasPrefix(r.target, "/public/") {
			d = zyntroDialect
		}
		var told []string
		for _, canary := range allCanaries {
			if strings.Contains(fmt.Sprint(r.header), canary) || strings.Contains(r.body, strings.Trim(quote(canary), `"`)) {
				told = append(told, canary, base64.StdEncoding.EncodeToString([]byte(canary)), url.QueryEscape(canary), hex.EncodeToString([]byte(canary)))
			}
		}
		if len(told) == 0 {
			told = []string{"nothing"}
		}
		echo := quote(strings.Join(told, " "))
		head := []string{"Set-Cookie: s=" + canarySecret}
		for _, name := range []string{"X-Echo", "X-Request-Id", "Server", "Via", "Retry-After"} {
			head = append(head, name+": "+strings.Join(slices.DeleteFunc(slices.Clone(told), notASCII), " "))
		}
		switch {
		case r.body == `{"help":true}` && mode != "nonsense":
			send(c, answer(200, `{"status":"success","data":{"supported_events":["new_contact","brand_new"]}}`, head...))
		case mode == "refuse" && d == zyntroDialect:
			send(c, answer(200, `{"status":"error","message":"Invalid API Key: `+strings.Trim(echo, `"`)+`","hint":`+echo+`,"debug":{"api_key":`+echo+`}}`, head...))
		case mode == "refuse":
			send(c, answer(401, `{"error":`+echo+`,"message":`+echo+`}`, head...))
		case mode == "page" && d.isCreate(r):
			send(c, answer(502, `<html>`+strings.Join(told, " ")+" "+d.made(quote(someID), quote(canarySecret))+`</html>`, head...))
		case mode == "page":
			send(c, answer(502, `<html>`+strings.Join(told, " ")+`</html>`, head...))
		case mode == "redirect":
			send(c, answer(307, ``, append(head, "Location: https://user:"+url.QueryEscape(told[0])+"@example.com/"+url.PathEscape(told[0])+"?k="+url.QueryEscape(told[0])+"#"+told[0])...))
		case mode == "nonsense":
			send(c, []byte("HTTP/1.1 "+told[0]+"\r\n"+told[0]+"\r\n\r\n"+canarySecret))
		case mode == "cut":
			whole := answer(d.status, d.made(quote(someID), quote(canarySecret)), head...)
			send(c, whole[:len(whole)-20])
		case mode == "odd":
			send(c, answer(d.status, d.made(quote(someID), `[`+quote(canarySecret)+`]`), head...))
		case r.target == "/functions/v1/oauth-me":
			send(c, answer(200, `{"id":"u1","email":"jane@example.com","org_id":"o1","org_name":"Acme","org_slug":null,"access_token":`+echo+`}`, head...))
		case d.isCreate(r):
			send(c, answer(d.status, d.made(quote(someID), quote(canarySecret)), head...))
		default:
			list := strings.Replace(d.listed(someID, "other"), `"data":[{`, `"data":[{"secret":`+quote(canarySecret)+`,"secret_key":`+quote(canarySecret)+`,"wh_auth_data":{"value":`+quote(canaryPassword)+`},`, 1)
			send(c, answer(200, list, head...))
		}
	})
}

// notASCII reports a text that no header has.
func notASCII(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// TestNoLeaks puts a canary into every credential and secret and through every
// command, with --debug on, and looks for it in all that the program says and in
// every file outside the store.
func TestNoLeaks(t *testing.T) {
	norace.Only(t)
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	for turn, mode := range []string{"well", "refuse", "page", "redirect", "nonsense", "cut", "odd", "gone"} {
		for _, auth := range []string{"HOOKCTL_WUNDERTREOS_API_KEY=" + canaryKey, "HOOKCTL_WUNDERTREOS_TOKEN=" + canaryToken} {
			if mode != "well" && mode != "refuse" && strings.Contains(auth, "TOKEN") {
				continue
			}
			name, _, _ := strings.Cut(auth, "=")
			t.Run(mode+"/"+name, func(t *testing.T) {
				t.Parallel()
				addr := "127.0.0.1:9" // nobody listens to discard
				if mode != "gone" {
					addr = babbler(t, mode).addr
				}
				p := newProgram(t,
					zyntroDialect.variable+"=http://"+addr, wundertreosDialect.variable+"=http://"+addr+"/functions/v1",
					"HOOKCTL_ZYNTRO_API_KEY="+canaryKey, "HOOKCTL_ZYNTRO_ORG_ID="+canaryOrg, "HOOKCTL_ZYNTRO_DEVELOPER_SECRET="+canaryDev, auth)
				timeout := "10s"
				if mode == "page" || mode == "nonsense" || mode == "cut" || mode == "gone" {
					timeout = "240ms" // too short for repeats, which take time and say nothing new
				}
				every := 3
				if mode == "well" && !strings.Contains(auth, "TOKEN") {
					every = 1
				}
				noLeaks(t, p, timeout, func(n int) bool { return cli.Turn(turn+n, every) })
			})
		}
	}
}

// noLeaks runs the first commands with p, and of the others those whose turn it is.
func noLeaks(t *testing.T, p *program, timeout string, turn func(n int) bool) {
	file := func(name, text string) string {
		path := filepath.Join(p.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	given := []string{
		file("auth.json", `{"value":`+quote(canaryPassword)+`}`), file("bad-auth.json", canaryPassword), file("secret.txt", canaryOther+"\n"),
		file("creds.json", `{"api_key":`+quote(canaryKey)+`,"org_id":`+quote(canaryOrg)+`}`), file("bad-creds.json", `{"api_key":"`+canaryKey),
		file("odd-creds.json", `{"api_key":`+quote(canaryKey)+`,"password":`+quote(canaryPassword)+`}`),
	}
	given = append(given, file("bad-manifest.yaml", "version: 1\nwebhooks:\n  - {provider: zyntro, name: A, url: 'https://example.com/', events: [new_contact], auth: {type: bearer, value: '"+canaryPassword+"'}}\n"))
	file("manifest.yaml", "version: 1\nwebhooks:\n  - {provider: zyntro, name: A, url: 'https://example.com/', events: [new_contact], auth: {type: bearer, value: '${CRM_TOKEN}'}}\n  - {provider: wundertreos, name: B, url: 'https://example.com/', events: [contact.created]}\n")
	body := `{"id":"e1","event_type":"contact.created","data":{}}`
	file("payload.json", body)
	signed := signature(canarySecret, body)
	file("good.http", "POST /hook HTTP/1.1\nContent-Type: application/json\nX-Wunder-Signature: sha256="+signed+"\n\n"+body)
	file("bad.http", "POST /hook HTTP/1.1\nContent-Type: application/json\nX-Wunder-Signature: sha256="+signed+"\n\n"+body+"\n")
	file("other.http", "POST /hook HTTP/1.1\nContent-Type: application/json\nX-Wunder-Signature: sha256="+signature(canaryOther, body)+"\n\n"+body)
	z := zyntroDialect.create
	w := wundertreosDialect.create
	with := func(args []string, more ...string) []string { return append(slices.Clone(args), more...) }
	type run struct {
		args  []string
		stdin string
		more  []string // environment
	}
	runs := []run{
		{args: w}, {args: z}, {args: with(w, "-o", "json")}, {args: with(z, "-o", "yaml")},
		{args: with(z, "--auth-type", "bearer", "--auth-data", "@auth.json")}, {args: with(z, "--auth-type", "bearer", "--auth-data", "@auth.json", "--dry-run")},
		{args: with(z, "--auth-type", "bearer", "--auth-data", "@auth.json", "--curl")}, {args: with(z, "--auth-type", "bearer", "--auth-data", "@bad-auth.json")},
		{args: with(z, "--auth-type", "bearer", "--auth-data", "@-"), stdin: `{"value":` + quote(canaryPassword) + `}`},
		{args: with(z, "--auth-type", "nonsense", "--auth-data", "@auth.json", "-o", "json")},
		{args: with(z, "--auth-type", "basic"), more: []string{"HOOKCTL_AUTH_DATA=" + canaryPassword}},
		{args: with(z, "--dry-run", "-o", "json")}, {args: with(w, "--dry-run")}, {args: with(w, "--curl")}, {args: with(z, "--curl", "-o", "json")},
		{args: with(w, "--if-absent")}, {args: with(w, "--secret-to", "file:sink.secret")}, {args: with(w, "--secret-to", "dotenv:sink.env:HOOK_SECRET")},
		{args: with(w, "--secret-to", "exec:env"), stdin: "", more: nil}, {args: with(w, "--secret-to", "exec:false")}, {args: with(w, "--secret-to", "file:/nonexistent/x")},
		{args: with(w, "--secret-to", "github-env:HOOK"), more: []string{"GITHUB_ENV=" + filepath.Join(p.dir, "sink.github")}},
		{args: []string{"list"}}, {args: []string{"list", "-o", "json"}}, {args: []string{"list", "-o", "ndjson"}}, {args: []string{"list", "--jq", ".[]"}}, {args: []string{"get", "zyntro/" + someID}},
		{args: []string{"get", "wundertreos/" + someID, "-o", "yaml"}}, {args: []string{"get", "nothing"}},
		{args: []string{"list-events", "zyntro", "--live"}}, {args: []string{"help", "zyntro"}}, {args: []string{"help", "wundertreos"}}, {args: []string{"help", "environment"}},
		{args: []string{"verify", "good.http"}}, {args: []string{"verify", "bad.http"}}, {args: []string{"verify", "other.http", "-o", "json"}}, {args: []string{"verify", "bad.http", "-o", "ndjson"}},
		{args: []string{"verify", "other.http", "--secret-file", "secret.txt"}}, {args: []string{"verify", "good.http", "--secret-file", "secret.txt"}},
		{args: []string{"verify", "good.http", "--secret-file", "-"}, stdin: canaryOther + "\n"}, {args: []string{"verify", "bad.http", "--secret-env", "S"}, more: []string{"S=" + canaryOther}},
		{args: []string{"show", "bad.http"}}, {args: []string{"show", "other.http", "--secret-file", "secret.txt", "-o", "json"}}, {args: []string{"diff", "good.http", "bad.http"}},
		{args: []string{"secrets", "list"}}, {args: []string{"secrets", "list", "-o", "json"}}, {args: []string{"secrets", "check"}}, {args: []string{"secrets", "check", "--online"}},
		{args: []string{"secrets", "set", "wundertreos/x1", "--from-file", "secret.txt"}}, {args: []string{"secrets", "set", "zyntro/x2", "--from-env", "S", "-o", "json"}, more: []string{"S=" + canaryOther}},
		{args: []string{"secrets", "set", "zyntro/x3", "--from-file", "-"}, stdin: canaryOther + "\x00"}, {args: []string{"secrets", "set", "zyntro/x2", "--from-file", "-", "--yes"}, stdin: canarySecret},
		{args: []string{"secrets", "push", "wundertreos/x1", "--to", "file:sink2.secret"}}, {args: []string{"secrets", "push", "wundertreos/x1", "--to", "exec:false"}},
		{args: []string{"secrets", "remove", "wundertreos/x1"}}, {args: []string{"secrets", "remove", "wundertreos/x1", "--yes"}},
		{args: []string{"recover"}}, {args: []string{"recover", "-o", "json"}}, {args: []string{"recover", "--delete", "wundertreos/" + someID, "--yes"}},
		{args: []string{"login", "wundertreos"}}, {args: []string{"login", "zyntro", "--credentials", "@creds.json"}}, {args: []string{"login", "zyntro", "--credentials", "@creds.json", "--no-check", "-o", "json"}},
		{args: []string{"login", "zyntro", "--credentials", "@bad-creds.json"}}, {args: []string{"login", "zyntro", "--credentials", "@odd-creds.json"}},
		{args: []string{"login", "zyntro", "--credentials", "@-"}, stdin: `{"api_key":` + quote(canaryKey+"\n") + `,"org_id":"o"}`},
		{args: []string{"logout", "zyntro"}}, {args: []string{"logout", "wundertreos", "--all"}},
		{args: []string{"config", "list"}}, {args: []string{"config", "list", "-o", "json"}}, {args: []string{"config", "get", "zyntro.base-url"}}, {args: []string{"config", "path"}},
		{args: []string{"sandbox", "--", "env"}}, {args: []string{"sandbox", "--", p.bin, "list", "--debug"}}, {args: []string{"demo"}}, {args: []string{"version"}},
		{args: []string{"__complete", "get", ""}}, {args: []string{"__complete", "secrets", "show", "w"}}, {args: []string{"__complete", "create", "zyntro", "--event", ""}}, {args: []string{"__complete", "--profile", ""}},
		{args: []string{"update", "zyntro/" + someID, "--name", "New", "--auth-type", "bearer", "--auth-data", "@auth.json"}}, {args: []string{"update", "wundertreos/" + someID, "--name", "New", "--replace", "--yes"}},
		{args: []string{"pause", "zyntro/" + someID}}, {args: []string{"rotate", "wundertreos/" + someID, "--yes"}}, {args: []string{"rotate", "zyntro/" + someID, "--yes", "--auth-data", "@auth.json", "-o", "json"}},
		{args: []string{"delete", "wundertreos/" + someID, "--yes"}}, {args: []string{"delete", "zyntro/" + someID, "--yes", "-o", "json"}},
		{args: []string{"export"}}, {args: []string{"plan", "-f", "manifest.yaml"}, more: []string{"CRM_TOKEN=" + canaryPassword}}, {args: []string{"plan", "-f", "bad-manifest.yaml"}},
		{args: []string{"apply", "-f", "manifest.yaml", "--yes", "-o", "json"}, more: []string{"CRM_TOKEN=" + canaryPassword}}, {args: []string{"apply", "-f", "manifest.yaml", "--yes"}},
		{args: []string{"sign", "payload.json", "--secret-file", "secret.txt", "--provider", "wundertreos"}}, {args: []string{"sign", "payload.json", "--webhook", "wundertreos/" + someID, "--all-headers", "-o", "json"}},
		{args: []string{"send", "http://127.0.0.1:9/", "--event", "contact.created", "--secret-file", "secret.txt"}}, {args: []string{"send", "http://127.0.0.1:9/", "--event", "contact.created", "--secret-file", "secret.txt", "--dry-run"}},
		{args: []string{"replay", "other.http", "--to", "http://127.0.0.1:9/", "--resign", "--secret-file", "secret.txt", "--provider", "wundertreos"}},
		{args: []string{"doctor"}}, {args: []string{"doctor", "-o", "json"}}, {args: []string{"profile", "list"}}, {args: []string{"listen", "--timeout", "10ms", "--secret-file", "secret.txt", "--provider", "wundertreos"}},
		{args: []string{"api", "wundertreos", "/oauth-me"}}, {args: []string{"api", "zyntro", "fetchWebhooks", "-i"}}, {args: []string{"api", "wundertreos", "/api-webhook-subscriptions", "-X", "POST"}},
		{args: []string{"list"}, more: []string{"WUNDERTREOS_API_KEY=" + canaryKey, "WUNDERTREOS_TOKEN=" + canaryToken}},
		{args: []string{"list"}, more: []string{"HOOKCTL_ZYNTRO_API_KEY=" + canaryKey + "\n"}}, {args: []string{"list"}, more: []string{"HOOKCTL_ZYNTRO_API_KEY= " + canaryKey}},
		{args: []string{"list"}, more: []string{"HOOKCTL_ZYNTRO_BASE_URL=https://u:" + url.QueryEscape(canaryUserinfo) + "@example.test/"}},
		{args: []string{"config", "list"}, more: []string{"HOOKCTL_ZYNTRO_BASE_URL=https://u:" + url.QueryEscape(canaryUserinfo) + "@example.test/"}},
		{args: []string{"list", "wundertreos"}, more: []string{"HOOKCTL_WUNDERTREOS_BASE_URL=https://example.test/?key=" + url.QueryEscape(canaryUserinfo)}},
		{args: []string{"list", "wundertreos", "--request-timeout", "1s"}, more: []string{"HOOKCTL_WUNDERTREOS_BASE_URL=https://example.test/", "HTTPS_PROXY=http://u:" + url.QueryEscape(canaryUserinfo) + "@127.0.0.1:9"}},
	}
	for i, r := range runs {
		args := r.args
		local := slices.Contains([]string{"verify", "show", "diff", "secrets", "config", "sign", "sandbox", "version", "__complete"}, args[0])
		waits := timeout != "10s" && !local // before it tries again
		if i > 3 && (waits && i%6 != 0 || !waits && !turn(i)) {
			continue
		}
		switch {
		case args[0] == "__complete":
		case args[0] == "sandbox":
			args = slices.Insert(slices.Clone(args), 1, "--debug")
		default:
			args = append(slices.Clone(args), "--debug")
		}
		if !slices.Contains(args, "--request-timeout") && args[0] != "sandbox" && args[0] != "__complete" {
			args = append(args, "--request-timeout", timeout)
		}
		ended := p.with(r.more...).runWith(r.stdin, args...)
		if strings.Contains(ended.stderr, "unknown flag") || strings.Contains(ended.stderr, "unknown command") || strings.Contains(ended.stderr, "unknown shorthand") {
			t.Errorf("%v is no command: %s", args, ended)
		}
		shown := ended.stdout + ended.stderr
		if args[0] == "api" {
			shown = ended.stderr // its result is what the provider says
		}
		// The exception, see docs/security.md: Actions is told what to mask.
		lines := slices.DeleteFunc(strings.Split(shown, "\n"), func(l string) bool { return strings.HasPrefix(l, "::add-mask::") })
		leaks(t, strings.Join(args, " "), strings.Join(lines, "\n"), secretCanaries...)
		// The MAC of a body under a secret of which it is not known.
		if args[0] == "verify" && slices.Contains(args, "bad.http") {
			leaks(t, strings.Join(args, " "), shown, signature(canarySecret, body+"\n"), signature(canaryOther, body+"\n"))
		}
	}
	// What was left on disk.
	err := filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(p.dir, path)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel == "config/webhooks" || rel == "config/credentials" {
				return fs.SkipDir
			}
			return nil
		}
		leaks(t, "the name of a file", rel, allCanaries...)
		if slices.Contains(given, path) || strings.HasPrefix(rel, "sink") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasPrefix(rel, "config/journal/") {
			// The intent; what the provider said is kept as it came.
			offset := 0
			if _, err := fmt.Sscanf(string(text), `{"hookctl_journal":1,"answer_offset":%d,`, &offset); err != nil && strings.HasSuffix(rel, ".op") {
				t.Errorf("%s: %v", rel, err)
			}
			leaks(t, rel, string(text[:offset]), allCanaries...)
			return nil
		}
		leaks(t, rel, string(text), allCanaries...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p.files() // private, all of them
	if runtime.GOOS != "windows" {
		sinks, err := filepath.Glob(filepath.Join(p.dir, "sink*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range sinks {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v %v", path, info.Mode(), err)
			}
		}
	}
}

// signature is that of body under a secret, as WundertreOS signs.
func signature(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}
