// Package raw holds the key to a provider without custody: its Create hands out
// a once-only secret that nobody has kept. Only packages below internal/provider
// can import it, so nobody else can open such a provider: the compiler sees to it.
package raw

// Key opens a provider.
type Key struct{}

func (Key) opens() {}

// Opener is what only a [Key] is. As the constraint of a type parameter it keeps
// even those out who would let the compiler infer a type that they cannot name.
type Opener interface{ opens() }
