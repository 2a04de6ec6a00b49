package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/term"
)

// endless gives some lines and then waits, until what it is part of ends.
type endless struct {
	text string
	then func()
	hold <-chan struct{}
}

func (e *endless) Read(p []byte) (int, error) {
	if e.text == "" {
		e.then()
		<-e.hold
		return 0, io.EOF
	}
	n := copy(p, e.text)
	e.text = e.text[n:]
	return n, nil
}

func verifyEnv(t *testing.T, in io.Reader, out, errs io.Writer, tty bool) *Env {
	t.Helper()
	dir := t.TempDir()
	return &Env{
		Streams: term.Streams{In: in, Out: out, Err: errs, ErrTTY: tty, Width: wide},
		Environ: []string{"HOOKCTL_CONFIG_DIR=" + dir, "SECRET=0123456789abcdef"},
		Now:     func() time.Time { return time.Date(2026, 5, 17, 14, 30, 0, 0, time.UTC) },
		Drivers: all.Drivers(),
	}
}

func unsignedRecord(body string) string {
	return fmt.Sprintf(`{"headers":{"X-Wunder-Signature":"sha256=%s"},"body_base64":%q}`+"\n", strings.Repeat("ab", 32), base64.StdEncoding.EncodeToString([]byte(body)))
}

// Who stops a run gets the summary of what was judged, and code 130.
func TestVerifyInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	in := &endless{text: unsignedRecord("{}") + unsignedRecord("{}"), hold: t.Context().Done(), then: func() {}}
	var errs bytes.Buffer
	out := stopsAt{lines: 2, stop: cancel}
	code := Run(ctx, verifyEnv(t, in, &out, &errs, false), []string{"verify", "-", "--secret-env", "SECRET", "-o", "ndjson"})
	if code != 130 || strings.Count(out.String(), "\n") != 2 ||
		!strings.Contains(errs.String(), "Interrupted. So far:") || !strings.Contains(errs.String(), "2 deliveries: 0 valid, 2 invalid: 2 mismatch (") {
		t.Errorf("%d\n%s\n%s", code, &out.Buffer, &errs)
	}
}

// Of no delivery there is no summary.
func TestVerifyInterruptedBeforeAnyDelivery(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs bytes.Buffer
	code := Run(ctx, verifyEnv(t, &endless{hold: t.Context().Done(), then: cancel}, &out, &errs, false), []string{"verify", "-", "--secret-env", "SECRET"})
	if code != 130 || errs.String() != "hookctl: interrupted\n" || out.Len() > 0 {
		t.Errorf("%d\n%s\n%s", code, &out, &errs)
	}
}

// Nor is a part taken for all where the reader of the output went away.
func TestVerifyOutputClosed(t *testing.T) {
	t.Parallel()
	var errs bytes.Buffer
	in := strings.NewReader(strings.Repeat(unsignedRecord("{}"), 5000))
	code := Run(t.Context(), verifyEnv(t, in, closedPipe{}, &errs, false), []string{"verify", "-", "--secret-env", "SECRET", "-o", "ndjson", "--diagnose", "0"})
	if first, rest, _ := strings.Cut(errs.String(), "\n"); code != 1 || first != "Standard output was closed. So far:" || !strings.Contains(rest, " deliveries: 0 valid") || strings.Contains(rest, "hookctl:") {
		t.Errorf("%d\n%s", code, &errs)
	}
}

// closedPipe is an output whose reader has gone.
type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// stopsAt calls stop once that many lines were written.
type stopsAt struct {
	bytes.Buffer
	lines int
	stop  func()
}

func (s *stopsAt) Write(p []byte) (int, error) {
	n, err := s.Buffer.Write(p)
	if bytes.Count(s.Bytes(), []byte("\n")) >= s.lines {
		s.stop()
	}
	return n, err
}

// A long run says on a terminal how far it is, and leaves nothing there.
func TestVerifyProgress(t *testing.T) {
	t.Parallel()
	read, write := io.Pipe()
	go func() {
		_, _ = io.WriteString(write, unsignedRecord("{}"))
		time.Sleep(progressAfter + 3*progressEvery)
		_ = write.Close()
	}()
	var out, errs bytes.Buffer
	code := Run(t.Context(), verifyEnv(t, read, &out, &errs, true), []string{"verify", "-", "--secret-env", "SECRET", "-o", "ndjson"})
	text := errs.String()
	line, after, shown := strings.Cut(text, "1 delivery verified, 1 invalid, 1s")
	if code != 3 || !shown || !strings.HasPrefix(line, "\r\x1b[K") || !strings.Contains(after, "\r\x1b[K{") && !strings.Contains(after, "\r\x1b[Khookctl") {
		t.Errorf("%d\n%q", code, text)
	}
	if last := text[strings.LastIndex(text, "\x1b[K"):]; strings.Contains(last, "judged") {
		t.Errorf("it is still there: %q", text)
	}
}

func TestByteSize(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 5 << 30: "5.0 GiB", 1 << 62: "4.0 EiB"} {
		if got := byteSize(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
