package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/verify"
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
		verb: "verify", provider: "the provider, if the headers do not identify it",
		headers: "headers that carry the signature, in order of preference", timestamp: "header that {timestamp} comes from",
	}
	toSign = keyUsage{
		verb: "sign", provider: "the provider whose signature to make, if nothing else identifies it",
		headers: "headers that carry the signature", timestamp: "header that {timestamp} goes into",
	}
)

func (k *keyFlags) add(g *globals, c *cobra.Command, u keyUsage) {
	f := c.Flags()
	f.StringVar(&k.provider, "provider", "", u.provider)
	f.StringVar(&k.webhook, "webhook", "", u.verb+" with the kept secret of this webhook")
	f.StringVar(&k.secretFile, "secret-file", "", u.verb+" with the secret in a file, - for standard input, or dotenv:PATH:NAME for a variable in a dotenv file")
	f.StringVar(&k.secretEnv, "secret-env", "", u.verb+" with the secret in this environment variable")
	f.StringSliceVar(&k.signatureHeaders, "signature-header", nil, u.headers)
	f.StringVar(&k.keyEncoding, "key-encoding", "", "how the secret is decoded into the key: utf8, hex or base64")
	f.StringVar(&k.digestEncoding, "digest-encoding", "", "how the signature is encoded: hex or base64")
	f.StringVar(&k.signedTemplate, "signed-template", "", "what is signed, such as '{timestamp}.{body}'")
	f.StringVar(&k.timestampHeader, "timestamp-header", "", u.timestamp)
	exclusive(c, "webhook", "secret-file", "secret-env")
	for flag, complete := range map[string]cobra.CompletionFunc{
		"provider":         g.completeProviderFlag,
		"webhook":          g.completeKept,
		"secret-env":       cobra.NoFileCompletions,
		"secret-file":      completeSecretFile,
		"signature-header": cobra.NoFileCompletions,
		"timestamp-header": cobra.NoFileCompletions,
		"key-encoding":     completeFixed(string(signature.UTF8), string(signature.Hex), string(signature.Base64)),
		"digest-encoding":  completeFixed(string(signature.Hex), string(signature.Base64)),
		"signed-template":  completeFixed("{body}", "{timestamp}.{body}"),
	} {
		_ = c.RegisterFlagCompletionFunc(flag, complete)
	}
	freeText(c, "webhook", "signed-template")
	namesOnly(c, "secret-env", variableName, "HOOK_SECRET")
	namesOnly(c, "secret-file", fileOrDotenv, "secret.txt")
}

// scheme is how d signs, under the settings and the flags. What they say is not
// assumed.
func (k *keyFlags) scheme(a *app, d *provider.Driver) signature.Scheme {
	s := scheme(d, a.cfg)
	given := map[string]bool{
		"signature-header": len(k.signatureHeaders) > 0, "key-encoding": k.keyEncoding != "",
		"digest-encoding": k.digestEncoding != "", "signed-template": k.signedTemplate != "",
	}
	s.Assumed = slices.DeleteFunc(slices.Clone(s.Assumed), func(part string) bool {
		return given[part] || a.cfg.Get(d.Name+"."+part).Source != config.FromDefault
	})
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
	path, name, dotenv := cutDotenv(k.secretFile)
	switch {
	case dotenv:
		text, err := a.dotenvVariable("--secret-file", path, name)
		return secret.New(text), err
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
			a.note("One newline at the end of %s was removed from the secret.", from)
		}
		if sink.IsAssignment(text) {
			a.note("%s looks like a dotenv file, and all of it is the secret; for a variable in it: --secret-file dotenv:PATH:NAME", from)
		}
		return secret.New(text), checkTypedSecret(text, from)
	case k.secretEnv != "":
		text, err := a.secretVariable("--secret-env", k.secretEnv)
		return secret.New(text), err
	}
	return secret.Value{}, nil
}

// candidates are the secrets that deliveries are verified with.
type candidates struct {
	only   string                    // the provider that all deliveries belong to, or ""
	tried  []verify.Candidate        // in this order
	others func() []verify.Candidate // that only explain a failure
	chosen string                    // which those are that are tried; empty for all that are kept
}

// candidates are those that the flags name, or else every secret that is kept.
func (o *keyFlags) candidates(ctx context.Context, a *app) (c candidates, err error) {
	if o.provider != "" {
		if c.only, err = a.env.providerName(o.provider); err != nil {
			return c, err
		}
	}
	given, err := o.givenSecret(a)
	if err != nil {
		return c, err
	}
	if !given.IsZero() {
		o.given(ctx, a, given, &c)
		return c, nil
	}
	kept, err := o.kept(ctx, a)
	if err != nil {
		return c, err
	}
	if o.webhook != "" {
		r, ok, err := a.matchRecord(o.webhook, kept, true)
		if err == nil && !ok {
			err = a.notKept(ctx, o.webhook)
		}
		if err != nil {
			return c, err
		}
		chain := withOlder(r, kept)
		if c.only != "" && c.only != chain[0].Provider {
			return c, fault.Usagef("--webhook names a webhook of %s, but --provider says %s", chain[0].Provider, c.only)
		}
		rest := slices.DeleteFunc(slices.Clone(kept), func(r secret.Record) bool {
			return slices.ContainsFunc(chain, func(x secret.Record) bool { return x.Ref() == r.Ref() })
		})
		others := asCandidates(rest, kept)
		c.only, c.others, c.chosen = chain[0].Provider, func() []verify.Candidate { return others }, "the secret of the given webhook"
		c.tried, err = o.usable(a, asCandidates(chain, kept), true)
		return c, err
	}
	mine := slices.DeleteFunc(slices.Clone(kept), func(r secret.Record) bool { return c.only != "" && r.Provider != c.only })
	c.tried, err = o.usable(a, asCandidates(mine, kept), false)
	return c, err
}

// given are the candidates where a secret is given. What is kept is read only where a
// delivery fails, but for what has its fingerprint: no list of webhooks delays a verdict.
func (o *keyFlags) given(ctx context.Context, a *app, given secret.Value, c *candidates) {
	listed, err := a.newestFirst(ctx)
	if err != nil {
		listed = nil // nobody asked for them
	}
	c.others = sync.OnceValue(func() []verify.Candidate {
		kept, _, _ := a.withSecrets(ctx, listed, func(secret.Record, error) {})
		return asCandidates(kept, kept)
	})
	print := given.Fingerprint()
	same := slices.DeleteFunc(slices.Clone(listed), func(r secret.Record) bool {
		return r.Fingerprint != print && !slices.ContainsFunc(r.Older, func(o secret.Older) bool { return o.Fingerprint == print })
	})
	same, _, _ = a.withSecrets(ctx, same, func(secret.Record, error) {})
	for _, other := range asCandidates(same, listed) {
		if other.Secret.Equal(given) {
			c.tried = append(c.tried, other) // so that its webhook is named
		}
	}
	c.tried, c.chosen = append(c.tried, verify.Candidate{Secret: given}), "the given secret"
}

// usable leaves out the candidates that cannot be keys under the settings, with a
// warning; if first is set, the first one must be usable.
func (o *keyFlags) usable(a *app, all []verify.Candidate, first bool) ([]verify.Candidate, error) {
	var keep []verify.Candidate
	for i, c := range all {
		d, err := a.env.Drivers.Find(c.Provider)
		if err != nil {
			continue // of a provider that this version does not know
		}
		if err := o.scheme(a, d).CheckKey(c.Secret); err != nil {
			if first && i == 0 {
				return nil, fault.Usagef("the secret of %s cannot be used: %w", cmp.Or(c.Name, c.ID), err)
			}
			a.warn(fmt.Sprintf("warning: the secret of %s/%s is not tried: %v", c.Provider, c.ID, err))
			continue
		}
		keep = append(keep, c)
	}
	return keep, nil
}

// kept is every record of this profile with its secret, the newest first. One
// that cannot be read is warned of and left out. A keyring that cannot be used
// is an error only where it has them all.
func (o *keyFlags) kept(ctx context.Context, a *app) ([]secret.Record, error) {
	listed, err := a.newestFirst(ctx)
	if err != nil {
		return nil, err
	}
	all, locked, err := a.withSecrets(ctx, listed, func(r secret.Record, err error) {
		a.warn(fmt.Sprintf("warning: the secret of %s/%s is not tried: %v", r.Provider, r.ID, err))
	})
	if err != nil {
		return nil, err
	}
	if locked != nil && len(all) > 0 {
		a.warn("warning: some secrets in the keyring are not tried: " + locked.Error())
		locked = nil
	}
	return all, locked
}

// newestFirst is every record of this profile, without its secret.
func (a *app) newestFirst(ctx context.Context) ([]secret.Record, error) {
	listed, err := a.records(ctx, false)
	slices.Reverse(listed)
	slices.SortStableFunc(listed, func(x, y secret.Record) int { return y.CreatedAt.Compare(x.CreatedAt) })
	return listed, err
}

// withSecrets reads the secrets of records. Those in a keyring that cannot be used are
// left out, with locked as the reason, and those that cannot be read for another one.
func (a *app) withSecrets(ctx context.Context, listed []secret.Record, leftOut func(secret.Record, error)) (all []secret.Record, locked, err error) {
	for _, r := range listed {
		rec, err := a.store.Get(ctx, r.Ref())
		switch {
		case err == nil:
			all = append(all, rec)
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case fault.Code(err) == secret.CodeKeyring:
			locked = err
		default:
			leftOut(r, err)
		}
	}
	return all, locked, nil
}

// asCandidates is the secrets of the records, in their order: the present ones
// first, then those that the webhooks had before, the newest first.
func asCandidates(records, kept []secret.Record) []verify.Candidate {
	var present, older []verify.Candidate
	for _, r := range records {
		replaced := slices.ContainsFunc(kept, func(x secret.Record) bool { return x.Replaces != nil && *x.Replaces == r.Ref() })
		c := verify.Candidate{Provider: r.Provider, ID: r.ID, Name: r.Name, URL: r.URL, Events: r.Events, Secret: r.Secret, Retired: replaced || !r.DeletedAt.IsZero()}
		present = append(present, c)
		for _, old := range r.Older {
			if old.Secret.IsZero() {
				continue // the keyring has lost it
			}
			c.Secret, c.Older = old.Secret, true
			older = append(older, c)
		}
	}
	return append(present, older...)
}

// noteUndocumented says of which providers the scheme is a guess.
func (k *keyFlags) noteUndocumented(a *app, names []string) {
	for _, name := range names {
		if d, err := a.env.Drivers.Find(name); err == nil {
			a.note("%s", verify.AssumedHint(name, k.scheme(a, d).Assumed))
		}
	}
}

// verifyProvider is what verify must know of a provider.
func verifyProvider(d *provider.Driver, s signature.Scheme) verify.Provider {
	p := verify.Provider{Name: d.Name, Scheme: s, Envelope: d.Envelope, SecretDigits: d.SecretDigits, Shapes: d.Shapes, Sample: func(event string) []byte {
		body, _ := d.Sample(event, provider.SampleOptions{Seed: 1})
		return body
	}}
	for _, e := range d.Catalogue {
		p.Events = append(p.Events, e.Slug)
	}
	return p
}
