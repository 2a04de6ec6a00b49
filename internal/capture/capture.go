// Package capture reads recorded webhook deliveries, byte for byte, from the
// formats that tools write them in.
//
// [Read] walks inputs and yields [Batch]es; a batch yields [Request]s. The two
// steps are apart because the second is the costly one: whoever has a core to
// spare can decode a batch while the next one is being read. Memory does not
// grow with the input: a delivery is held in memory up to [MaxDelivery], a
// larger raw body is streamed.
//
// Nothing is ever trimmed from a payload. Where a format cannot hold the exact
// bytes, the request says so.
//
// The readers have rooms of their own below, each of which knows the ones before
// it alone: recorded (what a delivery is), message (HTTP as text), walk (JSON
// that holds deliveries), printed (what programs print), dump (HTTP with what is
// around it), command (command lines), around (what stands around lines).
package capture

import (
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
)

// What the rooms share is seen from outside by these names.
type (
	Request = recorded.Request
	Field   = recorded.Field
	Header  = recorded.Header
	Batch   = recorded.Batch
	Passed  = recorded.Passed
	Tally   = recorded.Tally
	Format  = recorded.Format
	Input   = recorded.Input
	// UnknownLayout is where a signature stands in a layout that no format knows.
	UnknownLayout = walk.UnknownLayout
)

// MaxDelivery and Raw are those of recorded.
const (
	MaxDelivery = recorded.MaxDelivery
	Raw         = recorded.Raw
)
