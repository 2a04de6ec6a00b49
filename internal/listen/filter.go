package listen

import (
	"bytes"
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
	return f.Match(filter.Delivery{
		Provider: d.Provider, EventType: d.EventType, EventID: d.EventID, Status: status,
		Valid: d.Reason == signature.OK, Invalid: !d.Taken(), Holds: d.holds,
	})
}

func (d *Delivery) holds(text string) bool {
	if strings.Contains(strings.ToLower(d.EventType+"\n"+d.EventID+"\n"+d.URL), text) {
		return true
	}
	if d.Request == nil {
		return false
	}
	for name, values := range d.Request.Header {
		if strings.Contains(strings.ToLower(name+"\n"+strings.Join(values, "\n")), text) {
			return true
		}
	}
	return bytes.Contains(bytes.ToLower(d.Request.Body), []byte(text))
}
