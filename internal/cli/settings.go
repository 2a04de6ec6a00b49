package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
)

// settingKeys is every setting there is. Those of a provider carry its name.
func settingKeys(drivers []*provider.Driver) []config.Key {
	keys := []config.Key{
		{Name: "output", Default: string(render.Table), Profile: true, Usage: "output format", Check: oneOf(formats()...)},
		{Name: "request-timeout", Default: "30s", Profile: true, Usage: "bound of one request", Check: checkTimeout},
		{Name: "no-input", Default: "false", Usage: "never ask; a missing value is an error", Check: oneOf("true", "false")},
		{Name: "no-color", Default: "false", Usage: "print without colour", Check: oneOf("true", "false")},
		{Name: "quiet", Default: "false", Usage: "print no notes on standard error", Check: oneOf("true", "false")},
		{Name: "secret-store", Default: secret.InFile, Usage: "where new secrets and credentials are kept: in files, or in the system's keyring", Check: oneOf(secret.InFile, secret.InKeyring)},
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
		key("key-encoding", string(d.Scheme.KeyEncoding), "how the secret becomes the key", oneOf(string(signature.UTF8), string(signature.Hex), string(signature.Base64))),
		key("digest-encoding", string(d.Scheme.DigestEncoding), "how the signature is written", oneOf(string(signature.Hex), string(signature.Base64))),
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
	out := make([]string, len(render.Formats))
	for i, f := range render.Formats {
		out[i] = string(f)
	}
	return out
}

func oneOf(values ...string) func(string) error {
	return func(v string) error {
		if slices.Contains(values, v) {
			return nil
		}
		err := fmt.Errorf("%q is not one of %s", v, strings.Join(values, ", "))
		if meant := term.Nearest(v, values, mostSuggestions); len(meant) > 0 {
			err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(meant, " or "))
		}
		return err
	}
}

func checkTimeout(v string) error {
	d, err := time.ParseDuration(v)
	if err != nil {
		n, nerr := strconv.Atoi(v)
		if nerr != nil {
			return fmt.Errorf("%q is not a time such as 30s or 2m", v)
		}
		d = time.Duration(n) * time.Second
	}
	if d < time.Millisecond || d > time.Hour {
		return fmt.Errorf("%q is not between 1ms and 1h", v)
	}
	return nil
}

func checkPathPrefix(v string) error {
	if v != "" && (!strings.HasPrefix(v, "/") || strings.ContainsAny(v, "?#% \t\r\n")) {
		return fmt.Errorf("%q is not a path that begins with a slash", v)
	}
	return nil
}

func checkHeaderName(v string) error {
	if _, ok := capture.ParseField(v + ":"); v != "" && !ok {
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
