package provider

import (
	"errors"
	"net/url"
	"strings"
)

// WhyNotURL is ": " and the reason for which [url.Parse] failed with err, or
// "" where the reason could quote a password out of the URL.
func WhyNotURL(err error) string {
	var u *url.Error
	if !errors.As(err, &u) || strings.Contains(u.URL, "@") {
		return ""
	}
	if strings.HasPrefix(u.Err.Error(), "invalid port") { // a password that holds a # would be quoted
		return ": its port is not a number"
	}
	return ": " + strings.TrimPrefix(u.Err.Error(), "net/url: ")
}
