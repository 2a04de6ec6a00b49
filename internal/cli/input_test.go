package cli

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// TestInterruptedInput: an interrupt ends every command that waits for standard
// input, with the exit code for it, and nothing is made of half an input.
func TestInterruptedInput(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"sign - --provider zyntro --secret-env K",
		"sign /dev/null --provider zyntro --secret-file -",
		"send http://127.0.0.1:1/ --data @- --provider zyntro --secret-env K",
		"replay - --to http://127.0.0.1:1/",
		"replay - --to http://127.0.0.1:1/ --resign --secret-env K",
		"verify - --secret-env K",
		"listen --secret-file -",
		"create zyntro --name a --url https://example.com --event all --store-only --auth-type bearer --auth-data @-",
		"secrets set zyntro/x --from-file -",
		"plan -f -",
		"api zyntro /x --input -",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.env.Environ = append(w.env.Environ, "K=a secret")
			in, out := io.Pipe()
			t.Cleanup(func() { _ = out.Close() })
			var stdout, stderr bytes.Buffer
			w.env.Streams.In, w.env.Streams.Out, w.env.Streams.Err = in, &stdout, &stderr
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			code := make(chan int, 1)
			go func() { code <- Run(ctx, w.env, strings.Fields(line)) }()
			if _, err := io.WriteString(out, "{"); err != nil { // once it is read, the command waits for more
				t.Fatal(err)
			}
			cancel()
			select {
			case got := <-code:
				if got != 130 || !strings.Contains(stderr.String(), "interrupted") || stdout.Len() > 0 {
					t.Errorf("exit code %d: %s%s", got, &stdout, &stderr)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("it waits for its input all the same")
			}
		})
	}
}

// TestInterruptible hands on what is there, in pieces of any size.
func TestInterruptible(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0123456789", 1000)
	for _, from := range []io.Reader{
		strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text)),
	} {
		got, err := io.ReadAll(&interruptible{ctx: t.Context(), from: from})
		if err != nil || string(got) != text {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
}
