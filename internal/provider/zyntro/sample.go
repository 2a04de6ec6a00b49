package zyntro

import (
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/zyntro/zyntrofake"
)

// sample is the fake's sample of a delivery: typed for the eight events whose data
// Zyntro documents, made up for all others.
func sample(event string, o provider.SampleOptions) ([]byte, bool) {
	return zyntrofake.Sample(event, zyntrofake.SampleOptions(o))
}
