package cli

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// keyFlags are the flags of the commands that verify and of those that sign:
// whose deliveries these are, with which secret, and by which scheme.
type keyFlags struct {
	provider                       string
	webhook, secretFile, secretEnv string

	signatureHeaders                []string
	keyEncoding, digestEncoding     string
	signedTemplate, timestampHeader string
}

// keyUsage is what the help says of them that is not the same everywhere.
type keyUsage struct{ verb, provider, headers, timestamp string }

var (
	toVerify = keyUsage{
		verb: "verify", provider: "whose deliveries they are, where the headers do not tell",
		headers: "headers that carry the signature, the preferred one first", timestamp: "the header that {timestamp} comes from",
	}
	toSign = keyUsage{
		verb: "sign", provider: "whose signature to make, where nothing else tells",
		headers: "headers that carry the signature", timestamp: "the header that {timestamp} goes to",
	}
)

func (k *keyFlags) add(g *globals, c *cobra.Command, u keyUsage) {
	f := c.Flags()
	f.StringVar(&k.provider, "provider", "", u.provider)
	f.StringVar(&k.webhook, "webhook", "", u.verb+" with the secret that is kept for this webhook")
	f.StringVar(&k.secretFile, "secret-file", "", u.verb+" with the secret in a file; - is standard input")
	f.StringVar(&k.secretEnv, "secret-env", "", u.verb+" with the secret in the environment variable of this NAME")
	f.StringSliceVar(&k.signatureHeaders, "signature-header", nil, u.headers)
	f.StringVar(&k.keyEncoding, "key-encoding", "", "how the secret becomes the key: utf8, hex or base64")
	f.StringVar(&k.digestEncoding, "digest-encoding", "", "how the signature is written: hex or base64")
	f.StringVar(&k.signedTemplate, "signed-template", "", "what is signed, for instance '{timestamp}.{body}'")
	f.StringVar(&k.timestampHeader, "timestamp-header", "", u.timestamp)
	c.MarkFlagsMutuallyExclusive("webhook", "secret-file", "secret-env")
	for flag, complete := range map[string]cobra.CompletionFunc{
		"provider":         g.completeProviderFlag,
		"webhook":          g.completeKept,
		"secret-env":       cobra.NoFileCompletions,
		"signature-header": cobra.NoFileCompletions,
		"timestamp-header": cobra.NoFileCompletions,
		"key-encoding":     completeFixed(string(signature.UTF8), string(signature.Hex), string(signature.Base64)),
		"digest-encoding":  completeFixed(string(signature.Hex), string(signature.Base64)),
		"signed-template":  completeFixed("{body}", "{timestamp}.{body}"),
	} {
		_ = c.RegisterFlagCompletionFunc(flag, complete)
	}
}

// scheme is how d signs, under the settings and the flags. Where they say all of
// it, none of it is assumed.
func (k *keyFlags) scheme(a *app, d *provider.Driver) signature.Scheme {
	s := scheme(d, a.cfg)
	whole := true
	for _, part := range []struct {
		setting string
		given   bool
	}{
		{"signature-header", len(k.signatureHeaders) > 0}, {"key-encoding", k.keyEncoding != ""},
		{"digest-encoding", k.digestEncoding != ""}, {"signed-template", k.signedTemplate != ""},
	} {
		whole = whole && (part.given || a.cfg.Get(d.Name+"."+part.setting).Source != config.FromDefault)
	}
	s.Assumed = s.Assumed && !whole
	if len(k.signatureHeaders) > 0 {
		s.Headers = k.signatureHeaders
	}
	s.KeyEncoding = cmp.Or(signature.Encoding(k.keyEncoding), s.KeyEncoding)
	s.DigestEncoding = cmp.Or(signature.Encoding(k.digestEncoding), s.DigestEncoding)
	s.Template = cmp.Or(k.signedTemplate, s.Template)
	s.TimestampHeader = cmp.Or(k.timestampHeader, s.TimestampHeader)
	return s
}

// givenSecret reads --secret-file or --secret-env; zero where neither is given.
func (k *keyFlags) givenSecret(a *app) (secret.Value, error) {
	switch {
	case k.secretFile != "":
		from := k.secretFile
		if from == "-" {
			from = "standard input"
		}
		raw, err := a.readInput("--secret-file", k.secretFile, secretCap)
		if err != nil {
			return secret.Value{}, err
		}
		text, cut := cutNewline(string(raw))
		if cut {
			a.note("One newline at the end of %s was left out of the secret.", from)
		}
		return secret.New(text), checkSecret(text, from)
	case k.secretEnv != "":
		text, err := a.secretVariable("--secret-env", k.secretEnv)
		return secret.New(text), err
	}
	return secret.Value{}, nil
}
