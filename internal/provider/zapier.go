package provider

import (
	"net/url"
	"strings"
)

// OfZapier reports whether a webhook with this URL was made by a Zap, which stops
// working without it.
func OfZapier(rawURL string) bool {
	u, err := url.Parse(rawURL)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return host == "zapier.com" || strings.HasSuffix(host, ".zapier.com")
}
