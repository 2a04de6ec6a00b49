package deliver

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/provider"
)

// Samples makes deliveries of sample events, or of a body that is given.
type Samples struct {
	Signer
	URL    string
	Events []string // one, which may be "", where the body is given
	Given  []byte   // nil: a sample
	Edits  jsontext.Assignments
	Extra  []capture.Field // in place of the headers of the same names, or added

	UserAgent string
}

// Make makes a delivery of the event.
func (s *Samples) Make(event string) (Delivery, error) {
	d, _, _, err := s.make(event)
	return d, err
}

// Check makes every delivery once. It tells the events of which the provider
// documents no fields, and the members that the edits have added.
func (s *Samples) Check() (assumed, added []string, err error) {
	for _, event := range s.Events {
		_, documented, paths, err := s.make(event)
		if err != nil {
			return nil, nil, err
		}
		if !documented {
			assumed = append(assumed, event)
		}
		for _, path := range paths {
			if !slices.Contains(added, path) {
				added = append(added, path)
			}
		}
	}
	return assumed, added, nil
}

func (s *Samples) make(event string) (d Delivery, documented bool, added []string, err error) {
	d = Delivery{Provider: s.Driver.Name, Method: http.MethodPost, URL: s.URL, Body: s.Given}
	documented = true
	if s.Given == nil {
		d.Body, documented = s.Driver.Sample(event, provider.SampleOptions{Now: s.Now()})
	}
	for _, e := range s.Edits {
		body, isNew, err := e.Apply(d.Body)
		if err != nil {
			return d, false, nil, fault.Usagef("--set: %w", err)
		}
		if d.Body = body; isNew {
			added = append(added, e.Path())
		}
	}
	d.Event = s.Driver.Envelope.Event(d.Body)
	d.Event.Type = cmp.Or(d.Event.Type, event)
	signed, err := s.Sign(d.Body)
	if err != nil {
		return d, false, nil, err
	}
	d.Fields = append(EventHeaders(s.Driver.Envelope, d.Event), signed...)
	d.Fields = append(d.Fields, capture.Field{Name: "User-Agent", Value: s.UserAgent})
	d.Fields = replace(d.Fields, s.Extra)
	return d, documented, added, nil
}
