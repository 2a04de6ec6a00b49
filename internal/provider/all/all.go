// Package all is the list of providers.
package all

import (
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/wundertreos"
	"github.com/hookctl/hookctl/internal/provider/zyntro"
)

// Drivers returns every provider that hookctl knows, in the order in which
// help and lists show them. Each call returns new values.
func Drivers() provider.Registry {
	return provider.Registry{
		zyntro.Driver(),
		wundertreos.Driver(),
	}
}
