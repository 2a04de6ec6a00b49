//go:build unix

// What is measured is the built program; the race detector would only slow down what
// makes its input.

package cli_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/cli"
	"github.com/hookctl/hookctl/internal/norace"
)

// mostMemory is what the program may take, whatever it is given, in MiB.
const mostMemory = 256

// measured is a run of the program and the most that it had in memory, in MiB.
type measured struct {
	Stdout, Stderr string
	Code, MiB      int
}

// memory runs the program for [TestMeasured] to measure.
func (p *program) memory(in io.Reader, args ...string) measured {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	file := filepath.Join(p.dir, "measured")
	c := exec.Command(self, append([]string{"-test.run=^TestMeasured$", "--", file, p.bin}, args...)...)
	c.Env, c.Dir, c.Stdin = p.environ, p.dir, in
	if out, err := c.CombinedOutput(); err != nil {
		p.t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	var m measured
	if err := json.Unmarshal(text, &m); err != nil {
		p.t.Fatal(err)
	}
	return m
}

// TestMeasured runs a program and tells what it took. The kernel counts what a
// process had before it became another program: a test that makes large
// deliveries cannot start what it measures.
func TestMeasured(t *testing.T) {
	norace.Only(t)
	args := flag.Args()
	if len(args) < 2 {
		t.Skip("is run by others")
	}
	var out, errs bytes.Buffer
	c := exec.Command(args[1], args[2:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, &out, &errs
	var ee *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &ee) {
		t.Fatal(err)
	}
	usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("no rusage")
	}
	most := int(usage.Maxrss)
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
		most <<= 10 // it is in KiB
	}
	text, err := json.Marshal(measured{out.String(), errs.String(), c.ProcessState.ExitCode(), most >> 20})
	if err == nil {
		err = os.WriteFile(args[0], text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// largeText is a JSON payload of about n bytes.
func largeText(n int) []byte {
	return fmt.Appendf(nil, `{"id":"big","event_type":"contact.created","data":{"x":"%s"}}`, strings.Repeat("0123456789abcdef", n/16))
}

// Deliveries of tens of MiB, valid and not, in every kind of capture: what is
// read ahead, what is decoded and what a diagnosis makes of it fit together.
func TestMemoryOfLargeDeliveries(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	const key = "6f1d3b5a79c8e0246813579bdf02468ace13579bdf02468ace13579bdf024681" // as those of the providers
	signed := func(body []byte) string {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		return "sha256=" + hex.EncodeToString(mac.Sum(nil))
	}
	b64 := base64.StdEncoding.EncodeToString
	record := func(w io.Writer, signature string, body []byte) {
		fmt.Fprintf(w, `{"headers":{"X-Wunder-Signature":"%s"},"body_base64":"%s"}`+"\n", signature, b64(body))
	}
	big, middle, small := largeText(40<<20), largeText(24<<20), largeText(10<<20)
	wrong := "sha256=" + strings.Repeat("ab", sha256.Size)
	// A quarter of an archive takes half of the memory.
	packed, packedMemory := big[:len(big)/4], mostMemory/2
	if cli.Full() {
		packed, packedMemory = big, mostMemory
	}
	for _, c := range []struct {
		name  string
		procs int
		write func(w io.Writer)
		want  string
	}{
		{"lines", 16, func(w io.Writer) {
			record(w, wrong, small)
			record(w, signed(middle), append(middle[:len(middle):len(middle)], '\n'))
			record(w, wrong, big)
			record(w, signed(big), big)
		}, "mismatch/unknown mismatch/trailing-newline mismatch/unknown ok"},
		{"strings", 2, func(w io.Writer) {
			text, err := json.Marshal(string(big))
			if err != nil {
				t.Error(err)
			}
			fmt.Fprintf(w, `{"answer":{"status":200},"headers":{"X-Wunder-Signature":"%s"},"body":%s}`+"\n", signed(append(big[:len(big):len(big)], '\n')), text)
		}, "mismatch/missing-newline"},
		{"base64 of base64", 8, func(w io.Writer) {
			record(w, signed(small), []byte(b64([]byte(b64(small)))))
			record(w, signed(middle), []byte(b64(middle)))
		}, "mismatch/base64-body mismatch/base64-body"},
		{"compressed", 8, func(w io.Writer) {
			var zipped bytes.Buffer
			z := gzip.NewWriter(&zipped)
			text := largeText(400 << 10)
			if _, err := z.Write(text); err != nil || z.Close() != nil {
				t.Error(err)
			}
			record(w, signed(text), zipped.Bytes())
			record(w, signed(text), []byte(b64(zipped.Bytes())))
		}, "mismatch/compressed-body mismatch/compressed-body"},
		{"events", 2, func(w io.Writer) {
			fmt.Fprintf(w, `{"headers":{"x-wunder-signature":"%s"},"isBase64Encoded":true,"body":"%s"}`+"\n", signed(append(middle[:len(middle):len(middle)], '\n')), b64(middle))
		}, "mismatch/missing-newline"},
		{"archive", 8, func(w io.Writer) {
			text := b64(packed)
			fmt.Fprint(w, `{"log":{"creator":{},"entries":[`)
			for i, signature := range []string{signed(append(packed[:len(packed):len(packed)], '\n')), signed(packed)} {
				fmt.Fprintf(w, `%s{"request":{"method":"POST","headers":[{"name":"X-Wunder-Signature","value":"%s"}],"postData":{"text":"%s","encoding":"base64"}}}`,
					strings.Repeat(",", i), signature, text)
			}
			fmt.Fprint(w, `]}}`)
		}, "mismatch/missing-newline ok"},
		{"JSON of many tokens", 16, func(w io.Writer) {
			for _, n := range []int{1 << 20, 200 << 10} {
				body := []byte("[" + strings.Repeat("1.0,", n/4-2) + "1]")
				for range 2 {
					record(w, wrong, body)
				}
			}
		}, strings.TrimSpace(strings.Repeat("mismatch/unknown ", 4))},
	} {
		if c.name != "lines" && c.name != "archive" && !cli.Full() {
			continue // each takes more than a second
		}
		t.Run(c.name, func(t *testing.T) {
			p := newProgram(t, "GOMAXPROCS="+strconv.Itoa(c.procs), "KEY="+key)
			pr, pw := io.Pipe()
			go func() {
				w := bufio.NewWriterSize(pw, 1<<20)
				c.write(w)
				pw.CloseWithError(w.Flush())
			}()
			m := p.memory(pr, "verify", "-", "--provider", "wundertreos", "--secret-env", "KEY", "-o", "ndjson", "--jq",
				`.reason + (if .diagnosis then "/" + .diagnosis[0].cause else "" end)`)
			if got := strings.Join(strings.Fields(m.Stdout), " "); got != c.want {
				t.Errorf("%q, want %q\n%s", got, c.want, m.Stderr)
			}
			most := mostMemory
			if c.name == "archive" {
				most = packedMemory
			}
			if t.Logf("%d MiB", m.MiB); m.MiB > most {
				t.Errorf("%d MiB", m.MiB)
			}
		})
	}
}

// What cannot be one delivery is not taken into memory to find that out.
func TestMemoryOfReplay(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	p := newProgram(t)
	large := filepath.Join(p.dir, "large")
	f, err := os.Create(large)
	if err != nil {
		t.Fatal(err)
	}
	// Of zeros that are nowhere on the disk.
	for _, err := range []error{f.Truncate(8 << 30), f.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	zeros := func() io.Reader { return io.LimitReader(zero{}, 1<<30) }
	for _, c := range []struct {
		in  io.Reader
		arg string
	}{{nil, large}, {nil, "/dev/zero"}, {zeros(), "-"}} {
		m := p.memory(c.in, "replay", c.arg, "--to", "http://127.0.0.1:1/hook", "-o", "ndjson")
		want := fmt.Sprintf("the body is larger than %d MiB", capture.MaxDelivery>>20)
		if m.Code != 2 || !strings.Contains(m.Stdout, want) {
			t.Errorf("%s: %+v", c.arg, m)
		}
		if m.MiB > mostMemory/2 {
			t.Errorf("%s: %d MiB", c.arg, m.MiB)
		}
	}
}

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }
