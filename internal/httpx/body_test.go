package httpx

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func packed(t *testing.T, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch name {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zlib":
		w = zlib.NewWriter(&b)
	default:
		fw, err := flate.NewWriter(&b, 9)
		if err != nil {
			t.Fatal(err)
		}
		w = fw
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	const text = `{"a":"` + "some text some text some text" + `"}`
	gz := packed(t, "gzip", text)
	bomb := packed(t, "gzip", strings.Repeat("0", 10<<20))
	tests := []struct {
		name, encoding string
		body           []byte
		want           string // the body, or with err the error's text
		err            bool
	}{
		{"gzip", "gzip", gz, text, false},
		{"x-gzip in capitals", "X-GZIP", gz, text, false},
		{"zlib", "deflate", packed(t, "zlib", text), text, false},
		{"bare deflate", "deflate", packed(t, "flate", text), text, false},
		{"identity", "identity", []byte(text), text, false},
		{"twice", "deflate, gzip", packed(t, "gzip", string(packed(t, "zlib", text))), text, false},
		{"nothing", "gzip", nil, "", false},
		{"three times", "gzip, gzip, gzip", gz, "too many times", true},
		{"bomb", "gzip", bomb, "is larger than 64 KiB", true},
		{"bomb in a bomb", "gzip, gzip", packed(t, "gzip", string(bomb)), "is larger than 64 KiB", true},
		{"not gzip", "gzip", []byte(text), "cannot be decompressed", true},
		{"gzip cut inside", "gzip", gz[:len(gz)-5], "cannot be decompressed", true},
		{"unknown", "zstd", gz, "not requested", true},
		{"plain, over the cap", "", bytes.Repeat([]byte("x"), 64<<10+1), "is larger than 64 KiB", true},
		{"junk behind zlib, over the cap", "deflate", append(packed(t, "zlib", text), bytes.Repeat([]byte("x"), 128<<10)...), "is larger than 64 KiB", true},
	}
	for _, tt := range tests {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if v, ok := r.Header["Accept-Encoding"]; ok {
				t.Errorf("asked for %q", v)
			}
			if tt.encoding != "" {
				w.Header().Set("Content-Encoding", tt.encoding)
			}
			_, _ = w.Write(tt.body)
		}))
		r := get(srv.URL)
		r.Cap = 64 << 10
		resp, err := newTestClient(t, quick()).Do(t.Context(), r)
		switch {
		case !tt.err && (err != nil || string(resp.Body) != tt.want):
			t.Errorf("%s: %+v, %v", tt.name, resp, err)
		case tt.err:
			if e := failed(t, resp, err); e.Stage != Answered || e.Status != 200 {
				t.Errorf("%s: %+v", tt.name, e)
			}
			contains(t, err.Error(), tt.want)
		}
		srv.Close()
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{CapCreate: "256 KiB", CapGet: "1 MiB", CapList: "64 MiB", 1000: "1000 bytes", 0: "0 bytes"} {
		if got := size(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}

func TestStatusOf(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]int{
		"":                                 0,
		"HTTP/1.1 20":                      0,
		"HTTP/1.1 200":                     200,
		"HTTP/1.0 404\r\n":                 404,
		"HTTP/2 201 Created":               201,
		"HTTP/1.1 2000":                    0,
		"HTTP/1.1 2x0 ":                    0,
		"HTTP/1.1\r\n 200 ":                0,
		"http/1.1 200 OK":                  0,
		"HTTP/ 200 OK":                     0,
		"HTTP/1.1 100 Continue\r\n":        0,
		"HTTP/1.1 103 E\n\nHTTP/1.1 201 C": 201,
		"HTTP/1.1 103 E\r\nA: b\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1": 0,
	} {
		if got := statusOf([]byte(head)); got != want {
			t.Errorf("%q: %d, want %d", head, got, want)
		}
	}
}
