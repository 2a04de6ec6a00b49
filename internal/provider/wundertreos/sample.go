package wundertreos

import (
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosfake"
)

// sample is the fake's sample of a delivery, with every column of the row.
func sample(event string, o provider.SampleOptions) ([]byte, bool) {
	return wundertreosfake.Sample(event, wundertreosfake.SampleOptions(o))
}
