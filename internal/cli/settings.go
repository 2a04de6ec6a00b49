package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// settingKeys is every setting there is. Those of a provider carry its name.
func settingKeys(drivers []*provider.Driver) []config.Key {
	keys := []config.Key{
		{Name: "output", Default: string(render.Table), Profile: true, Usage: "output format", Check: config.OneOf(formats()...)},
		{Name: "request-timeout", Default: "30s", Profile: true, Usage: "bound of one request", Check: checkTimeout},
		{Name: "no-input", Default: "false", Usage: "never ask; a missing value is an error", Check: config.OneOf("true", "false")},
		{Name: "no-color", Default: "false", Usage: "print without colour", Check: config.OneOf("true", "false")},
		{Name: "quiet", Default: "false", Usage: "print no notes on standard error", Check: config.OneOf("true", "false")},
		{Name: "secret-store", Default: secret.InFile, Usage: "where new secrets and credentials are kept: in files, or in the system's keyring", Check: config.OneOf(secret.InFile, secret.InKeyring)},
	}
	for _, d := range drivers {
		keys = append(keys, providerKeys(d)...)
	}
	return keys
}

func providerKeys(d *provider.Driver) []config.Key {
	key := func(name, preset, usage string, check func(string) error) config.Key {
		return config.Key{Name: d.Name + "." + name, Default: preset, Usage: usage, Check: check, Profile: true}
	}
	keys := []config.Key{key("base-url", d.BaseURL, d.Title+"'s API; plain http only for loopback", httpx.CheckBaseURL)}
	if d.PathPrefix != "" {
		keys = append(keys, key("path-prefix", d.PathPrefix, "path before the action's name", checkPathPrefix))
	}
	return append(keys,
		key("signature-header", strings.Join(d.Scheme.Headers, ","), "headers that carry the signature, the preferred one first", nil),
		key("key-encoding", string(d.Scheme.KeyEncoding), "how the secret becomes the key", config.OneOf(string(signature.UTF8), string(signature.Hex), string(signature.Base64))),
		key("digest-encoding", string(d.Scheme.DigestEncoding), "how the signature is written", config.OneOf(string(signature.Hex), string(signature.Base64))),
		key("signed-template", d.Scheme.Template, "what is signed, from {body} and {timestamp}", checkTemplate),
		key("timestamp-header", d.Scheme.TimestampHeader, "the header that {timestamp} comes from", checkHeaderName),
	)
}

// scheme is a provider's signature scheme under the settings.
func scheme(d *provider.Driver, c *config.Config) signature.Scheme {
	s := d.Scheme
	s.Headers = nil
	for h := range strings.SplitSeq(c.String(d.Name+".signature-header"), ",") {
		if h = strings.TrimSpace(h); h != "" {
			s.Headers = append(s.Headers, h)
		}
	}
	s.KeyEncoding = signature.Encoding(c.String(d.Name + ".key-encoding"))
	s.DigestEncoding = signature.Encoding(c.String(d.Name + ".digest-encoding"))
	s.Template = c.String(d.Name + ".signed-template")
	s.TimestampHeader = c.String(d.Name + ".timestamp-header")
	return s
}

func formats() []string {
	return each(render.Formats, func(f render.Format) string { return string(f) })
}

func checkTimeout(v string) error {
	d, err := config.ParseDuration(v)
	if err == nil && (d < time.Millisecond || d > time.Hour) {
		err = fmt.Errorf("%q is not between 1ms and 1h", v)
	}
	return err
}

func checkPathPrefix(v string) error {
	if v != "" && (!strings.HasPrefix(v, "/") || strings.ContainsAny(v, "?#% \t\r\n")) {
		return fmt.Errorf("%q is not a path that begins with a slash", v)
	}
	return nil
}

func checkHeaderName(v string) error {
	if _, ok := recorded.ParseField(v + ":"); v != "" && !ok {
		return fmt.Errorf("%q is not the name of a header", v)
	}
	return nil
}

func checkTemplate(v string) error {
	if !strings.Contains(v, "{body}") {
		return fmt.Errorf("%q does not contain {body}", v)
	}
	return nil
}
