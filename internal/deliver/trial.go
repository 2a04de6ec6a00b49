package deliver

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/term"
)

// Trial is what a handler is put to, beyond taking a delivery once.
type Trial struct {
	Twice   bool // each delivery once more, the same bytes
	Shuffle bool // out of order, by Seed
	Tamper  bool // as somebody sends it who has no secret
	Seed    int
	// Like is how a provider delivers again; nil: nothing is.
	Like  *provider.Driver
	Speed float64 // how many times as fast; 0: so that all of it takes [retryTime]

	refused, forged, odd int      // of what was tampered with: 4xx, 2xx, others
	accepted             [][]bool // of each delivery: whether it was, each time
}

// Step is one delivery of a trial.
type Step struct {
	Case  string        // what is special about it
	After time.Duration // what passes before it
	Make  func() (Delivery, error)

	of int // which delivery it is, from 0
}

const (
	// retryTime is how long a provider's retries take where no speed is given.
	retryTime = 10 * time.Second
	// mostShuffled is how many deliveries are held to be put out of order.
	mostShuffled = 10_000
)

// Wanted reports whether there is a trial at all.
func (t *Trial) Wanted() bool { return t.Twice || t.Shuffle || t.Tamper || t.Like != nil }

// Plan is the deliveries of each event, repeat times, as the trial has them sent.
func (t *Trial) Plan(s *Samples, repeat int) ([]Step, error) {
	n := len(s.Events) * repeat
	switch {
	case n > mostShuffled:
		return nil, fault.Usagef("these flags make %d deliveries; the limit is %d", n, mostShuffled)
	case t.Like != nil && len(t.Like.Retries.Waits) == 0:
		return nil, fault.Usagef("--retry-like: the retries of %s are not known", t.Like.Title)
	case t.Shuffle && n < 2:
		return nil, fault.Usagef("--shuffle needs several deliveries").WithHint("give several events, for instance --event all, or --repeat")
	}
	base, made := s.Now(), make([]Delivery, n)
	for i := range made {
		one := *s
		one.Now = func() time.Time { return base.Add(time.Duration(i-n+1) * time.Second) } // so that there is an order
		var err error
		if made[i], err = one.Make(s.Events[i%len(s.Events)]); err != nil {
			return nil, err
		}
	}
	switch {
	case t.Tamper:
		return t.tampered(s, made), nil
	case t.Like != nil:
		return t.retried(s, made), nil
	}
	return t.ordered(made), nil
}

// ordered is each delivery once or twice, in order or not.
func (t *Trial) ordered(made []Delivery) []Step {
	var order []int
	for i := range made {
		order = append(order, i)
		if t.Twice {
			order = append(order, i)
		}
	}
	if t.Shuffle {
		random := rand.New(rand.NewPCG(uint64(t.Seed), 0))
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		if slices.IsSorted(order) {
			slices.Reverse(order)
		}
	}
	seen := map[int]bool{}
	var steps []Step
	for _, i := range order {
		text := fmt.Sprintf("%d of %d", i+1, len(made))
		switch {
		case seen[i]:
			text += ", again"
		case t.Twice:
			text += ", first"
		}
		seen[i] = true
		steps = append(steps, step(text, i, made[i]))
	}
	return steps
}

func step(text string, of int, d Delivery) Step {
	return Step{Case: text, Make: func() (Delivery, error) { return d, nil }, of: of}
}

// tampered is each delivery as somebody sends it who cannot sign it.
func (t *Trial) tampered(s *Samples, made []Delivery) []Step {
	var steps []Step
	for i, d := range made {
		changed := d
		changed.Body = change(d.Body, d.Event.ID)
		unsigned := d
		unsigned.Fields = slices.DeleteFunc(slices.Clone(d.Fields), func(f capture.Field) bool {
			return slices.ContainsFunc(s.Scheme.Headers, func(name string) bool { return recorded.SameName(name, f.Name) })
		})
		stranger := s.Signer
		stranger.Key = StrangersKey()
		steps = append(steps, step("body changed after signing", i, changed),
			Step{Case: "signed with another secret", of: i, Make: func() (Delivery, error) {
				fields, err := stranger.Sign(d.Body)
				return d.With(fields), err
			}},
			step("no signature", i, unsigned))
	}
	return steps
}

// change is body with another character in the id that it states, so that it stays
// what it is, or one byte more where it states none.
func change(body []byte, id string) []byte {
	at := bytes.LastIndex(body, []byte(id))
	if id == "" || at < 0 {
		return append(bytes.Clone(body), ' ')
	}
	changed, last := bytes.Clone(body), at+len(id)-1
	if changed[last] = '0'; body[last] == '0' {
		changed[last] = '1'
	}
	return changed
}

// retried is each delivery as often as the provider makes attempts that fail.
func (t *Trial) retried(s *Samples, made []Delivery) []Step {
	waits := t.Like.Retries.Waits
	var steps []Step
	for n, wait := range waits {
		for i, d := range made {
			one := step(fmt.Sprintf("attempt %d of %d", n+1, len(waits)), i, d)
			if i == 0 {
				one.After = time.Duration(float64(wait) / t.speed())
			}
			if n > 0 && t.Like.Retries.Renewed && s.Given == nil {
				one.Make = func() (Delivery, error) { return s.renewed(d) }
			}
			steps = append(steps, one)
		}
	}
	return steps
}

// speed is how many times as fast the retries come.
func (t *Trial) speed() float64 {
	if t.Speed > 0 {
		return t.Speed
	}
	return max(1, float64(t.Like.Retries.Duration())/float64(retryTime))
}

// renewed is d as it is sent at another attempt: with the time of that in its body.
func (s *Samples) renewed(d Delivery) (Delivery, error) {
	member := s.Driver.Envelope.Time
	if d.Event.Time == "" || member == "" {
		return d, nil
	}
	set, err := jsontext.ParseAssignment(member + "=" + string(jsontext.Quote(s.Now().UTC().Format("2006-01-02T15:04:05.000Z"))))
	if err != nil {
		return d, err
	}
	if d.Body, _, err = set.Apply(d.Body); err != nil {
		return d, err
	}
	fields, err := s.Sign(d.Body)
	d.Fields = replace(replace(d.Fields, fields), s.Extra)
	return d, err
}

// brief is a time as people say it.
func brief(d float64) string {
	if d < float64(time.Second) {
		return time.Duration(d).Round(time.Millisecond).String()
	}
	text := time.Duration(d).Round(time.Second).String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}

// About says before the first delivery what will be sent.
func (t *Trial) About() []string {
	var lines []string
	if t.Shuffle {
		lines = append(lines, fmt.Sprintf("Deliveries are sent out of order; --seed %d repeats this order.", t.Seed))
	}
	if t.Like != nil {
		r := t.Like.Retries
		lines = append(lines, fmt.Sprintf("The retries of %s: %d attempts in %s here, in %s at the provider. All attempts are made, whatever the handler answers.", t.Like.Title, len(r.Waits), brief(float64(r.Duration())/t.speed()), brief(float64(r.Duration()))))
		if r.Assumed != "" {
			lines = append(lines, "assumed: "+r.Assumed)
		}
	}
	return lines
}

// Add counts how a delivery was answered.
func (t *Trial) Add(step Step, s Sent) {
	switch {
	case !t.Tamper:
		for len(t.accepted) <= step.of {
			t.accepted = append(t.accepted, nil)
		}
		t.accepted[step.of] = append(t.accepted[step.of], s.Accepted())
	case s.Accepted():
		t.forged++
	case s.Status/100 == 4:
		t.refused++
	case s.Status != 0:
		t.odd++
	}
}

// Means says what the answers tell of the handler, and what they do not.
func (t *Trial) Means(p *Poster) []string {
	var lines []string
	if t.Tamper {
		switch {
		case t.forged > 0:
			lines = append(lines, "Anybody who knows the handler's address can send the deliveries that it accepted.")
		case t.odd == 0 && t.refused > 0:
			lines = append(lines, "The handler refused every forged delivery. To test whether it accepts genuine ones, run hookctl send without --tamper.")
		}
	}
	again, notAgain := t.secondTimes()
	if again > 0 {
		all := ""
		if again > 1 {
			all = fmt.Sprintf(" for %d deliveries", again)
		}
		lines = append(lines, "The handler answered with a 2xx both times"+all+", which is right. hookctl cannot see whether it did the work twice: check that in your application.")
	}
	if notAgain > 0 {
		lines = append(lines, "The handler did not answer the second delivery with a 2xx. The provider treats that as a failure and sends it again: answer with a 2xx to an event that you already have.")
	}
	if t.Shuffle && p.Posted > 0 && p.Posted == p.Accepted {
		lines = append(lines, "The handler accepted all of them in this order. hookctl cannot see whether an older event overwrote a newer one: compare your data with the times in the bodies, which are one second apart.")
	}
	return append(lines, t.retries()...)
}

// secondTimes is how many deliveries were accepted both times, and how many the first
// time alone.
func (t *Trial) secondTimes() (again, notAgain int) {
	for _, a := range t.accepted {
		switch {
		case !t.Twice || len(a) < 2 || !a[0]:
		case a[1]:
			again++
		default:
			notAgain++
		}
	}
	return again, notAgain
}

// retries says what the attempts tell.
func (t *Trial) retries() []string {
	if t.Like == nil || len(t.accepted) == 0 {
		return nil
	}
	lost, slowest := 0, 0
	for _, a := range t.accepted {
		if first := slices.Index(a, true); first < 0 {
			lost++
		} else {
			slowest = max(slowest, first+1)
		}
	}
	switch {
	case lost == len(t.accepted):
		return []string{"The handler answered no attempt with a 2xx: the provider gives up after the last one, and the event is lost."}
	case lost > 0:
		return []string{term.OutOf(lost, len(t.accepted), "delivery", "deliveries", "was", "were") + " never answered with a 2xx: the provider gives up after the last attempt, and the event is lost."}
	case slowest == len(t.Like.Retries.Waits):
		return []string{"The handler answered only the last attempt with a 2xx: one more failure, and the event would be lost."}
	}
	return []string{fmt.Sprintf("The provider stops after attempt %d if it receives that answer in time. The later attempts show what happens if it does not. hookctl cannot see whether your handler did the work again.", slowest)}
}

// Err is what is wrong with the answers.
func (t *Trial) Err(p *Poster) error {
	switch {
	case t.forged > 0:
		return fault.Errorf(fault.Negative, "the handler accepted %s", term.Plural(t.forged, "forged delivery", "forged deliveries")).WithCode("forgery-accepted").
			WithHint("verify the signature of the raw body before anything else, and answer 401 if it is wrong or missing")
	case t.Tamper && t.odd > 0:
		return fault.Worst(p.Unanswered(), fault.Errorf(fault.Negative, "%s refused with a 4xx", term.OutOf(t.odd, t.odd+t.refused, "delivery", "deliveries", "was not", "were not")).WithCode("not-refused").
			WithHint("answer a bad signature with 401; a 5xx means that the handler failed"))
	case t.Tamper:
		return p.Unanswered()
	case t.Like != nil:
		return t.retriesErr(p)
	}
	return p.Err(false)
}

// retriesErr: a delivery may fail at first, as long as it is taken and stays so.
func (t *Trial) retriesErr(p *Poster) error {
	lost := false
	for _, a := range t.accepted {
		first := slices.Index(a, true)
		if lost = lost || first < 0; first >= 0 && slices.Contains(a[first:], false) {
			return fault.Errorf(fault.Negative, "the handler accepted the event, and refused it the second time").WithCode("not-accepted").
				WithHint("the provider treats that as a failure and sends it again: answer with a 2xx to an event that you already have")
		}
	}
	if lost {
		return p.Err(false)
	}
	return nil
}
