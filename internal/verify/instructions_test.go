package verify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/norace"
)

const instructionsOf = "HOOKCTL_TEST_INSTRUCTIONS"

// What a delivery costs beside its HMAC is a few times what the standard library takes
// to decode its body. Instructions are the same on a busy machine, and their ratio nearly
// so on another one.
func TestInstructions(t *testing.T) {
	norace.Only(t)
	if os.Getenv(instructionsOf) != "" {
		measured(t)
		return
	}
	valgrind, err := exec.LookPath("valgrind")
	if err != nil {
		t.Skip("valgrind, which counts instructions, is not installed")
	}
	count := func(what string, times int) int {
		c := exec.CommandContext(t.Context(), valgrind, "--tool=callgrind", "--callgrind-out-file="+os.DevNull, os.Args[0], "-test.run=^TestInstructions$")
		// valgrind does not stand the signals by which goroutines are interrupted.
		c.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1", "GOGC=off", instructionsOf+"="+what+" "+strconv.Itoa(times))
		out, err := c.CombinedOutput()
		found := regexp.MustCompile(`Collected : (\d+)`).FindSubmatch(out)
		if found == nil {
			t.Skipf("valgrind does not run this program: %v\n%s", err, out)
		}
		n, notNumber := strconv.Atoi(string(found[1]))
		if err := errors.Join(err, notNumber); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return n
	}
	each := func(what string) int { return (count(what, 11) - count(what, 1)) / 10 / instructed }
	verified, hmac, decoded := each("verify"), each("hmac"), each("decode")
	ratio := float64(verified-hmac) / float64(decoded)
	t.Logf("instructions for each delivery: %d, its HMAC %d, to decode its body %d: %.2f", verified, hmac, decoded, ratio)
	const most = 2.2
	if ratio > most {
		t.Errorf("%.2f times what the library takes to decode the body, want %v at most", ratio, most)
	}
}

// instructed is how many deliveries there are, so many times over.
const instructed = 200

// measured is what the process does whose instructions are counted.
func measured(t *testing.T) {
	what, times, _ := strings.Cut(os.Getenv(instructionsOf), " ")
	n, err := strconv.Atoi(times)
	if err != nil {
		t.Fatal(err)
	}
	text, bodies := usual(t, instructed, 2*instructed)
	o := options()
	o.Lines = true
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if what == "verify" {
		batches, err := capture.Read(context.Background(), []string{"-"}, capture.Options{Stdin: strings.NewReader(strings.Repeat(text, n)), SignatureHeaders: e.SignatureHeaders()})
		if err != nil {
			t.Fatal(err)
		}
		if s, err := e.Run(context.Background(), batches, func(*Chunk) error { return nil }); err != nil || s.Valid != n*instructed {
			t.Fatalf("%d valid, %v", s.Valid, err)
		}
		return
	}
	mac, room := hmac.New(sha256.New, []byte(wunderKey)), make([]byte, 2048)
	for range n {
		for _, body := range bodies {
			if what == "hmac" {
				mac.Reset()
				mac.Write(body[:1024])
				room = mac.Sum(room[:0])
			} else if _, err := base64.StdEncoding.Decode(room, body); err != nil {
				t.Fatal(err)
			}
		}
	}
}
