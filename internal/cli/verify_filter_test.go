package cli

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// signedRecord is a line of NDJSON whose signature is that of the secret of verifyEnv.
func signedRecord(body string) string {
	mac := hmac.New(sha256.New, []byte("0123456789abcdef"))
	mac.Write([]byte(body))
	return fmt.Sprintf(`{"headers":{"X-Wunder-Signature":"sha256=%x"},"body_base64":%q}`+"\n", mac.Sum(nil), base64.StdEncoding.EncodeToString([]byte(body)))
}

// coprocess runs verify with a pipe for each of its streams.
type coprocess struct {
	t    *testing.T
	in   *io.PipeWriter
	out  *bufio.Reader
	errs bytes.Buffer
	code chan int
}

func startVerify(t *testing.T, args ...string) *coprocess {
	t.Helper()
	in, feed := io.Pipe()
	answers, out := io.Pipe()
	c := &coprocess{t: t, in: feed, out: bufio.NewReader(answers), code: make(chan int, 1)}
	env := verifyEnv(t, in, out, &c.errs, false)
	go func() {
		c.code <- Run(t.Context(), env, append([]string{"verify", "-", "--secret-env", "SECRET"}, args...))
		_ = out.Close()
	}()
	return c
}

func (c *coprocess) write(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, text); err != nil {
		c.t.Fatal(err)
	}
}

func (c *coprocess) line() string {
	c.t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatalf("%v: %s", err, &c.errs)
	}
	return line
}

// end closes the input, and returns what is still printed and the exit code.
func (c *coprocess) end() (string, int) {
	c.t.Helper()
	_ = c.in.Close()
	rest, err := io.ReadAll(c.out)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(rest), <-c.code
}

// A program that writes a line and waits for the verdict before it writes the
// next one never waits in vain, whatever the line is, and gets exactly one.
func TestVerifyCoprocess(t *testing.T) {
	t.Parallel()
	signed, unsigned := signedRecord("{}"), unsignedRecord("{}")
	for _, first := range []string{signed, "\n", "noise\n", "{\n", "\xff\n", unsigned} {
		c := startVerify(t, "--each-line", "-o", "ndjson")
		for _, line := range []string{first, signed, "\n", "  \r\n", "torn {\"headers\n", unsigned, signed} {
			c.write(line)
			if got := c.line(); strings.Contains(got, `"valid":true`) != (line == signed) || !strings.Contains(got, `"valid":`) {
				t.Errorf("%q: %s", line, got)
			}
		}
		c.write("the end")
		rest, code := c.end()
		if strings.Count(rest, "\n") != 1 || !strings.Contains(rest, `"reason":"unreadable"`) || code != 3 {
			t.Errorf("%d, %s", code, rest)
		}
	}
}

// In every form the first verdict of a stream comes before the second delivery.
func TestVerifyFirstAtOnce(t *testing.T) {
	t.Parallel()
	c := startVerify(t)
	c.write(signedRecord("{}"))
	if title, row := c.line(), c.line(); !strings.HasPrefix(title, "VERDICT") || !strings.HasPrefix(row, "valid     -:1 ") {
		t.Errorf("%s%s", title, row)
	}
	c.write(unsignedRecord("{}"))
	if row := c.line(); !strings.HasPrefix(row, "INVALID   -:2 ") {
		t.Error(row)
	}
	if rest, code := c.end(); rest != "" || code != 3 {
		t.Errorf("%d, %s", code, rest)
	}

	// What stays alone is a report as well.
	c = startVerify(t)
	c.write(unsignedRecord("{}"))
	if _, row := c.line(), c.line(); !strings.HasPrefix(row, "INVALID   -:1 ") {
		t.Error(row)
	}
	if rest, code := c.end(); !strings.HasPrefix(rest, "\nVerdict:    INVALID\n") || code != 3 {
		t.Errorf("%d, %s", code, rest)
	}

	// So is what is complete only at the end, and nothing but that.
	c = startVerify(t)
	record := signedRecord("{}")
	c.write(record[:len(record)-1])
	if rest, code := c.end(); !strings.HasPrefix(rest, "Verdict:    VALID\n") || code != 0 {
		t.Errorf("%d, %s", code, rest)
	}

	for _, flags := range [][]string{{"--failing"}, {"--pass", "invalid"}, {"-o", "name"}, {"-o", "json"}, {"-o", "yaml"}, {"--jq", ".reason"}} {
		c := startVerify(t, flags...)
		c.write(unsignedRecord("{}"))
		_ = c.line()
		c.write("\n")
		if _, code := c.end(); code != 3 {
			t.Errorf("%v: %d", flags, code)
		}
	}
}

// A file that is standard input has an end, as one that is named.
func TestVerifyRedirectedFile(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/a"
	if err := os.WriteFile(path, []byte(signedRecord("{}")), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out, errs bytes.Buffer
	if code := Run(t.Context(), verifyEnv(t, f, &out, &errs, false), []string{"verify", "--secret-env", "SECRET"}); code != 0 || !strings.HasPrefix(out.String(), "Verdict:    VALID\n") {
		t.Errorf("%d %s %s", code, &out, &errs)
	}
}

// On a terminal what is valid is shown up to the hundredth row, and that the rest
// is left out is said once; elsewhere, and in other forms, all is printed.
func TestVerifyTerminalShowsFailures(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(signedRecord("{}"), 150) + unsignedRecord("{}") + strings.Repeat(signedRecord("{}"), 50) + unsignedRecord("{}")
	for _, c := range []struct {
		tty  bool
		args []string
		rows int
	}{
		{true, nil, 1 + 100 + 2}, {true, []string{"--failing=false"}, 1 + 202}, {true, []string{"--failing"}, 1 + 2},
		{true, []string{"-o", "ndjson"}, 202}, {true, []string{"--each-line"}, 1 + 202}, {false, nil, 1 + 202},
	} {
		for _, file := range []bool{false, true} {
			var in io.Reader = strings.NewReader(text)
			capture := "-"
			if file {
				capture = t.TempDir() + "/a.ndjson"
				if err := os.WriteFile(capture, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out, errs bytes.Buffer
			env := verifyEnv(t, in, &out, &errs, false)
			env.Streams.OutTTY = c.tty
			code := Run(t.Context(), env, append([]string{"verify", capture, "--secret-env", "SECRET"}, c.args...))
			said := strings.Count(errs.String(), "only deliveries that are not valid are shown")
			if code != 3 || strings.Count(out.String(), "\n") != c.rows || said != map[bool]int{true: 1}[c.rows == 103] ||
				!strings.Contains(errs.String(), "202 deliveries: 200 valid, 2 invalid: 2 mismatch") {
				t.Errorf("%v: %d, %d rows, said %d times\n%s", c, code, strings.Count(out.String(), "\n"), said, &errs)
			}
		}
	}
}

// What is passed on is the bytes of the input, past the guard of commands, and
// lines of one input never become part of those of the next.
func TestVerifyPassesBytes(t *testing.T) {
	t.Parallel()
	command := "::error::x ##[group]\n"
	signed := signedRecord("{}")
	torn := strings.TrimSuffix(signed, "\n")
	dir := t.TempDir()
	for name, text := range map[string]string{"a.ndjson": command + "\xef\xbb\xbf \x1b[31m\n" + torn, "b.ndjson": signed + "\n" + torn + "\r\n", "c.ndjson": torn} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for pass, want := range map[string]string{"valid": signed + signed + torn + "\r\n" + torn, "invalid": command + "\xef\xbb\xbf \x1b[31m\n"} {
		var out, errs bytes.Buffer
		env := verifyEnv(t, strings.NewReader(""), &out, &errs, false)
		code := Run(t.Context(), env, []string{"verify", dir, "--secret-env", "SECRET", "--format", "ndjson", "--pass", pass})
		if code != 3 || out.String() != want || !strings.Contains(errs.String(), "6 deliveries: 4 valid, 2 invalid: 2 unreadable") {
			t.Errorf("%s: %d %q, want %q\n%s", pass, code, out.String(), want, &errs)
		}
	}
}
