package deliver

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// samples are those of a provider that is none.
func samples(events ...string) *Samples {
	n := 0
	d := provider.NewDriver(provider.Driver{
		Name: "toy", Title: "Toy", Envelope: capture.Envelope{ID: "id", Type: "type", Time: "at"},
		Sample: func(event string, o provider.SampleOptions) ([]byte, bool) {
			n++
			return fmt.Appendf(nil, `{"id":"e%d","type":%q,"at":%q}`, n, event, o.Now.UTC().Format(time.RFC3339Nano)), true
		},
		Scheme:  signature.Scheme{Provider: "toy", Headers: []string{"X-Toy"}, KeyEncoding: signature.UTF8, DigestEncoding: signature.Hex, Template: "{body}"},
		Retries: provider.Retries{Waits: []time.Duration{0, time.Second, time.Minute}, Renewed: true},
	}, nil)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return &Samples{
		Signer: Signer{Driver: d, Scheme: d.Scheme, Key: secret.New("a key of the toy"), Now: func() time.Time { now = now.Add(time.Hour); return now }},
		Events: events,
	}
}

func valid(t *testing.T, s *Samples, d Delivery) bool {
	t.Helper()
	keys, err := signature.NewKeySet(s.Scheme, []secret.Value{s.Key})
	if err != nil {
		t.Fatal(err)
	}
	return keys.Verifier().Verify(capture.Header(d.Fields), d.Body).Reason == signature.OK
}

func planned(t *testing.T, trial Trial, s *Samples, repeat int) (list []Delivery, steps []Step) {
	t.Helper()
	steps, err := trial.Plan(s, repeat)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		d, err := step.Make()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, d)
	}
	return list, steps
}

// Whatever the seed, all deliveries are there, as often as they should be, and not in
// the order of their times.
func TestPlanShuffled(t *testing.T) {
	t.Parallel()
	for seed := range 200 {
		for _, twice := range []bool{false, true} {
			s := samples("a", "b")
			list, _ := planned(t, Trial{Shuffle: true, Twice: twice, Seed: seed}, s, 1+seed%3)
			counts, times := map[string]int{}, []string{}
			for _, d := range list {
				counts[string(d.Body)]++
				times = append(times, d.Event.Time)
				if !valid(t, s, d) {
					t.Fatalf("%s is not signed", d.Body)
				}
			}
			want := 1
			if twice {
				want = 2
			}
			for body, n := range counts {
				if n != want {
					t.Errorf("seed %d: %s is there %d times", seed, body, n)
				}
			}
			if len(counts) != 2*(1+seed%3) || slices.IsSorted(times) {
				t.Errorf("seed %d: %q", seed, times)
			}
		}
	}
}

func TestPlanTampered(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"", "no JSON", "x", `{"id":"","type":"a"}`, `{"type":"0","id":"0"}`, "\x00"} {
		s := samples("a")
		if s.Given = []byte(given); given == "" {
			s.Given = nil
		}
		list, _ := planned(t, Trial{Tamper: true}, s, 1)
		if len(list) != 3 {
			t.Fatalf("%d deliveries", len(list))
		}
		for _, d := range list {
			if valid(t, s, d) {
				t.Errorf("%s: %s is valid", given, d.Body)
			}
		}
		if bytes.Equal(list[0].Body, list[1].Body) || !bytes.Equal(list[1].Body, list[2].Body) || capture.Header(list[2].Fields).Has("X-Toy") {
			t.Errorf("%s: %+v", given, list)
		}
		if given == "" && (len(list[0].Body) != len(list[1].Body) || !strings.HasPrefix(list[0].Event.ID, "e")) {
			t.Errorf("%s and %s", list[0].Body, list[1].Body)
		}
	}
}

func TestPlanRetried(t *testing.T) {
	t.Parallel()
	s := samples("a", "b")
	list, steps := planned(t, Trial{Like: s.Driver, Speed: 10}, s, 1)
	var waits []time.Duration
	bodies := map[string]bool{}
	for i, d := range list {
		if !valid(t, s, d) || d.Event.ID != list[i%2].Event.ID {
			t.Errorf("attempt %d: %s", i, d.Body)
		}
		waits = append(waits, steps[i].After)
		bodies[string(d.Body)] = true
	}
	if len(bodies) != 6 { // each states its own time
		t.Errorf("%d bodies", len(bodies))
	}
	if want := []time.Duration{0, 0, time.Second / 10, 0, 6 * time.Second, 0}; !slices.Equal(waits, want) {
		t.Errorf("waits %v", waits)
	}
	trial := Trial{Like: s.Driver}
	if _, steps = planned(t, trial, s, 1); steps[2].After+steps[4].After < retryTime-time.Second || steps[2].After+steps[4].After > retryTime+time.Second {
		t.Errorf("%v and %v", steps[2].After, steps[4].After)
	}
	none := provider.NewDriver(provider.Driver{Title: "None"}, nil)
	for _, bad := range []Trial{{Like: none}, {Shuffle: true}} {
		if _, err := bad.Plan(samples("a"), 1); fault.KindOf(err) != fault.Usage {
			t.Errorf("%v", err)
		}
	}
	if _, err := (&Trial{Twice: true}).Plan(samples("a"), mostShuffled+1); fault.KindOf(err) != fault.Usage {
		t.Errorf("%v", err)
	}
}

// Each delivery is judged by its own answers, also where several have one body or id.
func TestTrialOfSeveral(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		like    bool
		answers string // of the steps: + is a 2xx, - a 500, . none
		means   string
		err     string
	}{
		"twice":                   {answers: "++++++", means: "both times for 3 deliveries, which is right"},
		"twice, one":              {answers: "--++--", means: "both times, which is right", err: "4 of 6 deliveries were not answered with a 2xx"},
		"not again":               {answers: "+++-++", means: "did not answer the second delivery with a 2xx", err: "1 of 6 deliveries was not"},
		"first not":               {answers: "-+++++", means: "both times for 2 deliveries", err: "1 of 6 deliveries was not"},
		"retries":                 {like: true, answers: "+++++++++", means: "stops after attempt 1 "},
		"retries at last":         {like: true, answers: "---+++" + "+++", means: "stops after attempt 2 "},
		"retries, the slowest":    {like: true, answers: "+-+" + "+++" + "+++", means: "stops after attempt 2 "},
		"retries at the very end": {like: true, answers: "+-+" + "+.+" + "+++", means: "answered only the last attempt"},
		"retries, one lost":       {like: true, answers: "+-+" + "+-+" + "+-+", means: "1 of 3 deliveries was never answered with a 2xx", err: "3 of 9 deliveries were not"},
		"retries, all lost":       {like: true, answers: "---------", means: "answered no attempt", err: "9 of 9 deliveries were not"},
		"retries, refused again":  {like: true, answers: "+++" + "+-+" + "+++", err: "refused it the second time"},
	} {
		s := samples("a")
		s.Given = []byte(`{"n":1}`)
		trial := Trial{Twice: !tt.like, Speed: 1e6}
		if tt.like {
			trial.Like = s.Driver
		}
		steps, err := trial.Plan(s, 3)
		if err != nil || len(steps) != len(tt.answers) {
			t.Fatalf("%s: %d steps, %v", name, len(steps), err)
		}
		p := &Poster{statuses: map[int]int{}, lastLost: errors.New("refused")}
		for i, step := range steps {
			sent := Sent{}
			switch p.Posted++; tt.answers[i] {
			case '+':
				sent.Status = 200
				p.Accepted++
			case '-':
				sent.Status = 500
				p.statuses[500]++
			default:
				p.lost++
			}
			trial.Add(step, sent)
		}
		if means := strings.Join(trial.Means(p), "\n"); !strings.Contains(means, tt.means) {
			t.Errorf("%s means %q", name, means)
		}
		if err := trial.Err(p); (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBrief(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", 70 * time.Millisecond: "70ms", 10 * time.Second: "10s", 1500 * time.Millisecond: "2s", time.Minute: "1m", 10 * time.Minute: "10m", time.Hour: "1h", 19*time.Hour + 21*time.Minute: "19h21m", time.Hour + time.Second: "1h0m1s",
	} {
		if got := brief(float64(d)); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}
