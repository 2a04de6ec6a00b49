// Package raw holds the key to a provider without custody: its Create hands out
// a once-only secret that nobody has kept. Only packages below internal/provider
// can import it, so nobody else can open such a provider: the compiler sees to it.
package raw

// Key opens a provider. Its field keeps a struct{}{} from being one.
type Key struct{ _ key }

type key struct{}
