package zyntro_test

import (
	"testing"

	"github.com/hookctl/hookctl/internal/provider/providertest"
	"github.com/hookctl/hookctl/internal/provider/zyntro"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{Driver: zyntro.Driver()})
}
