package wundertreos_test

import (
	"testing"

	"github.com/hookctl/hookctl/internal/provider/providertest"
	"github.com/hookctl/hookctl/internal/provider/wundertreos"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{Driver: wundertreos.Driver()})
}
