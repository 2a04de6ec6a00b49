package listen

import (
	"strings"

	"github.com/hookctl/hookctl/internal/filter"
	"github.com/hookctl/hookctl/internal/signature"
)

// Matches reports whether f lets the delivery through. Its status is that of the
// target's answer, else of ours. Texts are looked for in the headers and the body too,
// as long as they are at hand.
func (d *Delivery) Matches(f *filter.Filter) bool {
	status := d.Status
	if d.Forward != nil && d.Forward.Err == nil {
		status = d.Forward.Status
	}
	var body []byte
	if d.Request != nil {
		body = d.Request.Body
	}
	return f.Match(filter.Delivery{
		Provider: d.Provider, EventType: d.EventType, EventID: d.EventID, Status: status,
		Valid: d.Reason == signature.OK, Invalid: !d.Taken(), Texts: d.texts, Body: body,
	})
}

func (d *Delivery) texts() []string {
	all := []string{d.URL}
	if d.Request != nil {
		for name, values := range d.Request.Header {
			all = append(all, name+"\n"+strings.Join(values, "\n"))
		}
	}
	return all
}
