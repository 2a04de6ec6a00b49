//go:build unix

package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestSeeingCommands runs the commands that docs/develop.md shows for seeing what comes,
// with three deliveries, of which the handler takes the last.
func TestSeeingCommands(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "develop.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## See what comes\n\n```sh\n")
	section, _, _ = strings.Cut(section, "```")
	shows := map[string]string{ // what is in a command, and what its output has
		"--print-body": "\nAnswer: 12 bytes, JSON\n{\n  \"ok\": true\n}\n", "--filter": " 503 ", "--save": " valid ", "show": "\nAnswer: 200, ", "jq": `"status": 503`,
	}
	w := newWorld(t)
	w.keep("w-1", "Lead sync", listenSecret)
	var asked atomic.Int64
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1)%3 != 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte(`{"ok": true}`))
	}))
	t.Cleanup(app.Close)
	port := app.URL[strings.LastIndexByte(app.URL, ':')+1:]
	dir := t.TempDir()
	ran := 0
	for n, line := range strings.Split(strings.TrimSpace(section), "\n") {
		if _, err := exec.LookPath("jq"); err != nil && strings.Contains(line, "jq") {
			t.Log("jq is not installed: ", line)
			continue
		}
		urlFile := filepath.Join(dir, fmt.Sprint("url", n))
		line = strings.Replace(line, "hookctl listen", "hookctl listen --addr 127.0.0.1:0 --once --timeout 1m --url-file "+urlFile, 1)
		cmd := exec.Command("sh", "-c", strings.ReplaceAll(line, "--forward-to 3000", "--forward-to "+port))
		var out, errs lockedBuffer
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, append(os.Environ(), "HOOKCTL_CONFIG_DIR="+w.dir), &out, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		if strings.Contains(line, urlFile) {
			url := ""
			for url == "" {
				text, _ := os.ReadFile(urlFile)
				url = strings.TrimSpace(string(text))
				select {
				case err := <-ended:
					t.Fatalf("%s: %v: %s", line, err, errs.String())
				case <-time.After(2 * time.Millisecond):
				}
			}
			l := &listening{t: t, url: url}
			for i := range 3 {
				header, body := signedDelivery(t, listenSecret, fmt.Sprintf("%d-%d", n, i), "contact.created")
				l.post(header, body)
			}
		}
		if err := <-ended; err != nil {
			t.Errorf("%s: %v: %s", line, err, errs.String())
		}
		for word, want := range shows {
			if strings.Contains(line, word) && !strings.Contains(out.String(), want) {
				t.Errorf("%s\n%s%s", line, out.String(), errs.String())
			}
		}
		ran++
	}
	if ran < 4 {
		t.Errorf("%d commands", ran)
	}
}
