package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"sync"
)

// receiver keeps deliveries byte for byte: each as a dump of its request
// (1.http, 2.http, ...), and all of them as lines of deliveries.ndjson beside
// its directory.
type receiver struct {
	dir string

	mu  sync.Mutex
	n   int
	err error
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}

func (r *receiver) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return broken("the receiver: %w", r.err)
	}
	return nil
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	req.Body = http.MaxBytesReader(w, req.Body, 1<<20)
	dump, err := httputil.DumpRequest(req, true)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		err = r.keep(req, dump)
	}
	if err != nil {
		r.err = err
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.n++
}

func (r *receiver) keep(req *http.Request, dump []byte) error {
	if err := os.WriteFile(filepath.Join(r.dir, fmt.Sprintf("%d.http", r.n+1)), dump, 0o600); err != nil {
		return err
	}
	_, body, _ := bytes.Cut(dump, []byte("\r\n\r\n"))
	line, err := json.Marshal(map[string]any{"method": req.Method, "url": req.RequestURI, "headers": req.Header, "body_base64": body})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(r.dir+".ndjson", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}
