package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// endpoint is what the command receiver of a script starts.
type endpoint struct {
	ts       *testscript.TestScript
	dir      string
	statuses []int
	json     bool // what it answers is nothing else

	mu sync.Mutex
	n  int
}

func cmdReceiver(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg)
	asJSON := len(args) > 0 && args[0] == "-json"
	if asJSON {
		args = args[1:]
	}
	if len(args) < 2 {
		ts.Fatalf("usage: receiver [-json] VAR DIR [STATUS...]")
	}
	e := &endpoint{ts: ts, dir: ts.MkAbs(args[1]), json: asJSON}
	for _, word := range args[2:] {
		status, err := strconv.Atoi(word)
		ts.Check(err)
		e.statuses = append(e.statuses, status)
	}
	ts.Check(os.MkdirAll(e.dir, 0o777))
	server := httptest.NewServer(e)
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.n++
	var dump bytes.Buffer
	fmt.Fprintf(&dump, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.RequestURI, r.Host)
	if err == nil {
		err = r.Header.Write(&dump)
	}
	dump.WriteString("\r\n")
	dump.Write(body)
	if err == nil {
		err = os.WriteFile(filepath.Join(e.dir, strconv.Itoa(e.n)+".http"), dump.Bytes(), 0o666)
	}
	status := http.StatusOK
	if len(e.statuses) > 0 {
		status = e.statuses[min(e.n, len(e.statuses))-1]
	}
	if err != nil {
		status = http.StatusInternalServerError
	}
	switch {
	case status == 0:
		panic(http.ErrAbortHandler)
	case status >= 300 && status <= 399:
		http.Redirect(w, r, "/elsewhere", status)
	case status == http.StatusNoContent:
		w.WriteHeader(status)
	default:
		w.WriteHeader(status)
		if fmt.Fprintf(w, "{\"got\": %d}", e.n); !e.json {
			fmt.Fprint(w, "\x1b[2J\n")
		}
	}
}
