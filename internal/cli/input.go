package cli

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

// readInput reads a file that a flag names, or standard input for "-", up to
// limit bytes. An interrupt ends the wait for it.
func (a *app) readInput(flag, name string, limit int64) (data []byte, err error) {
	in := a.env.Streams.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fault.Usagef("%s: %w", flag, err).WithHint("%s", notAFile(name))
		}
		defer f.Close()
		in = f
	}
	data, err = io.ReadAll(io.LimitReader(&interruptible{ctx: a.ctx, from: in}, limit+1))
	switch {
	case err != nil && a.ctx.Err() != nil:
		return nil, fault.Interruption()
	case err != nil:
		return nil, fault.Usagef("%s: %w", flag, err)
	case int64(len(data)) > limit:
		return nil, fault.Usagef("%s: %[3]s is larger than %[2]d bytes", flag, limit, name)
	}
	return data, nil
}

// notAFile is the hint on a name of no file that is the text itself, or its URL; ""
// for another one.
func notAFile(name string) string {
	switch {
	case strings.HasPrefix(name, "{") || strings.HasPrefix(name, "["):
		return "name a file, or give the text on standard input, as the file -: printf '%s' '{\"id\":1}' | hookctl ... -"
	case strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://"):
		return "fetch it first: curl -s URL | hookctl ... -"
	}
	return ""
}

// interruptible reads from a pipe or a terminal that may never say anything
// more: the wait ends with ctx, in an error of kind Interrupted. What is read
// after that is nobody's.
type interruptible struct {
	ctx  context.Context
	from io.Reader
	buf  []byte // of the read under way
}

// Read implements io.Reader.
func (r *interruptible) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, fault.Interruption()
	}
	if len(r.buf) < len(p) {
		r.buf = make([]byte, len(p))
	}
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := r.from.Read(r.buf[:len(p)])
		done <- result{n, err}
	}()
	select {
	case got := <-done:
		return copy(p, r.buf[:got.n]), got.err
	case <-r.ctx.Done():
		return 0, fault.Interruption()
	}
}

// secretCap bounds what `secrets set` reads: providers' secrets are far shorter.
const secretCap = 64 << 10

// secretVariable is the value of a variable that flag names. One that is not
// set is not taken for an empty one: it is often set, and not exported.
func (a *app) secretVariable(flag, name string) (string, error) {
	text, set := a.env.lookup(name)
	if !set {
		return "", fault.Usagef("%s: the variable %s is not set, or not exported", flag, name).
			WithHint("if it is a variable of your shell: export %s", name)
	}
	return text, checkTypedSecret(text, "the variable "+name)
}

// dotenvCap bounds the files that dotenvVariable reads.
const dotenvCap = 1 << 20

// dotenvVariable is the secret in a variable of a dotenv file. Errors repeat no
// value, nor a name that may be one.
func (a *app) dotenvVariable(flag, path, name string) (string, error) {
	if path == "" || path == "-" || !sink.IsVariable(name) {
		return "", fault.Usagef("%s: write it as dotenv:PATH:NAME, with the path of a file and the name of a variable in it", flag).
			WithHint("for instance: %s dotenv:.env:HOOK_SECRET", flag)
	}
	file, err := a.readInput(flag, path, dotenvCap)
	if err != nil {
		return "", err
	}
	text, err := sink.ReadDotenv(file, name)
	from := "the variable " + name + " in " + path
	if !secret.IsConventionalVariable(name) {
		from = "that variable in " + path
	}
	if err != nil {
		return "", fault.Usagef("%s: %s: %w", flag, from, err)
	}
	return text, checkTypedSecret(text, from)
}

// cutNewline removes one line end, LF or CRLF, and reports whether there was one.
func cutNewline(text string) (string, bool) {
	cut, ok := strings.CutSuffix(text, "\n")
	if ok {
		cut = strings.TrimSuffix(cut, "\r")
	}
	return cut, ok
}

// checkTypedSecret refuses what nobody means as a secret, blank text among it. The
// error does not show it. What a provider gives is judged by secret.FromJSON.
func checkTypedSecret(text, from string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fault.Usagef("%s has no secret: it is empty or blank", from)
	case strings.ContainsRune(text, 0):
		return fault.Usagef("%s contains a NUL byte, which a secret cannot have", from)
	}
	return nil
}
