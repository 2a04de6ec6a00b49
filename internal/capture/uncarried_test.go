package capture

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/norace"
)

// A signature that no delivery carries is never passed over without a word, wherever in
// a capture it stands; one that a delivery carries is no news.
func TestUncarriedSignaturesAreTold(t *testing.T) {
	t.Parallel()
	curl := "curl -X POST http://x/h -H 'X-Wunder-Signature: " + aSignature + "' -d 'A'"
	dump := "POST /h HTTP/1.1\nHost: x\nX-Wunder-Signature: " + aSignature + "\nContent-Length: 1\n\nA\n"
	verbose := "> POST /h HTTP/1.1\n> Host: x\n> X-Wunder-Signature: " + aSignature + "\n> Content-Length: 1\n> \n* SIG\nA\n< HTTP/1.1 200 OK\n< \n"
	for name, text := range map[string]string{
		"a comment":             curl + " # before: SIG {}\n",
		"a line of comment":     "# SIG\n" + curl + "\n",
		"a pipe":                curl + "\necho 'SIG' | tee h.txt\n",
		"a tool's line":         verbose,
		"behind a dump":         dump + "\n--- SIG ---\n",
		"a key beside":          "headers:\n  X-Wunder-Signature: " + aSignature + "\nbody: A\nother:\n  sig: SIG\n  payload: B\n",
		"an answer in a record": `{"request":{"headers":{"X-Wunder-Signature":"` + aSignature + `"},"body":"A"},"response":{"status":200,"body":"SIG"}}`,
		"far behind":            dump + "\n" + strings.Repeat("# noise and nothing else, again and again\n", 9000) + "# SIG\n",
	} {
		for sig, want := range map[string]bool{"sha256=" + strings.Repeat("ab", 32): true, "sha256=" + strings.ToUpper(aSignature[7:]): false, "nothing": false} {
			batches, err := Read(t.Context(), []string{"-"}, Options{Stdin: strings.NewReader(strings.Replace(text, "SIG", sig, 1)), SignatureHeaders: signedNames})
			if err != nil {
				t.Fatal(err)
			}
			var passed recorded.Tally
			rows, told := 0, false
			for b := range batches {
				for r, err := range b.Each() {
					if rows++; err != nil {
						told = true
					} else if strings.Contains(string(r.Body), strings.Repeat("ab", 32)) {
						told = true // the body goes on to it, and is judged so
					}
				}
				told = told || strings.Contains(b.Note, "a signature")
				passed.Add(b.PassedOver()...)
			}
			if told = told || strings.Contains(passed.String(), "1 signature that belongs to no delivery"); told != want || rows == 0 {
				t.Errorf("%s, %.12s: told: %v; %d rows, passed over %s", name, sig, told, rows, passed)
			}
		}
	}
}

// numbered is a signature like no other.
func numbered(n int) string { return fmt.Sprintf("sha256=%016x%048x", n+1, n) }

// Batches are decoded side by side while the input is read on; what was told of each
// is counted once.
func TestUncarriedSideBySide(t *testing.T) {
	t.Parallel()
	var entries []string
	for i := range 60 {
		own, other := numbered(i), numbered(1000+i)
		if i%5 == 0 { // it is two rows that cannot be read
			entries = append(entries, fmt.Sprintf(`{"request":{"method":"POST","url":"http://x/","bodySize":9,"headers":[{"name":"X-Wunder-Signature","value":%q}]},"response":{"content":{"text":%q}}}`, own, other))
			continue
		}
		entries = append(entries, fmt.Sprintf(`{"request":{"method":"POST","url":"http://x/","headers":[{"name":"X-Wunder-Signature","value":%q}],"postData":{"text":"A"}},"response":{"content":{"text":%q}}}`, own, other))
	}
	// One more stands where no reader looks.
	text := `{"log":{"version":"1.2","creator":{"name":"sha256=` + strings.Repeat("c", 64) + `"},"entries":[` + strings.Join(entries, ",") + `]}}`
	batches, err := Read(t.Context(), []string{"-"}, Options{Stdin: &odd{strings.NewReader(text), 700}, SignatureHeaders: signedNames})
	if err != nil {
		t.Fatal(err)
	}
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		rows   int
		passed recorded.Tally
	)
	for b := range batches {
		all.Go(func() {
			n := 0
			for range b.Each() {
				n++
			}
			mu.Lock()
			defer mu.Unlock()
			rows += n
			passed.Add(b.PassedOver()...)
		})
	}
	all.Wait()
	if rows != 72 || !strings.Contains(passed.String(), "1 signature that belongs to no delivery, at line 1") {
		t.Errorf("%d rows, passed over %s", rows, passed)
	}
}

// However the input is cut by reading it, a signature is found on its first line.
func TestUncarriedLines(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		var text strings.Builder
		want := map[uint64]int{}
		for line := 1; line < 3000; line++ {
			if n := rng.IntN(200); rng.IntN(10) == 0 {
				text.WriteString(numbered(n) + " ")
				if _, seen := want[uint64(n+1)]; !seen {
					want[uint64(n+1)] = line
				}
			}
			text.WriteString(strings.Repeat("x y ", rng.IntN(30)) + "\n")
		}
		u := newUncarried(&randomReads{text: text.String(), rng: rng, most: 1 << rng.IntN(20), end: io.EOF}, signedNames)
		if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, u, make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		check(t, "lines", want, u.found)
	}
}

// However many signatures an input has, so many are remembered.
func TestUncarriedIsBounded(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range mostCarried + 1000 {
		fmt.Fprintln(&text, numbered(i))
	}
	u := newUncarried(strings.NewReader(text.String()), signedNames)
	if _, err := io.Copy(io.Discard, u); err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		u.note(&Request{Header: Header{{Name: "X-Wunder-Signature", Value: numbered(1_000_000 + i)}}}, nil)
	}
	if len(u.found) != mostCarried {
		t.Errorf("%d are remembered", len(u.found))
	}
}
