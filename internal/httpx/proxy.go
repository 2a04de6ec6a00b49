package httpx

import "net/url"

// ProxyFor is the proxy that the environment names for requests to rawURL,
// without the user name and password it may hold; "" for none.
func ProxyFor(getenv func(string) string, rawURL string) (string, error) {
	u, err := parseAbsolute(rawURL)
	if err != nil {
		return "", err
	}
	proxy, err := proxies(getenv)(u)
	if err != nil || proxy == nil {
		return "", err
	}
	return (&url.URL{Scheme: proxy.Scheme, Host: proxy.Host}).String(), nil
}
