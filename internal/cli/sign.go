package cli

import (
	"bytes"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

type signOptions struct {
	keyFlags

	allHeaders bool
}

func newSignCmd(g *globals) *cobra.Command {
	o := &signOptions{}
	c := &cobra.Command{
		Use:   "sign [payload]",
		Short: "Print the signature headers for a payload",
		Example: `  hookctl sign body.json --webhook "Lead sync"
  hookctl sign body.json --webhook "Lead sync" | xargs curl --data-binary @body.json http://127.0.0.1:3000/hook
  hookctl sign body.json --provider zyntro --secret-env HOOK_SECRET -o name
  printf '{"id":1}' | hookctl sign - --provider wundertreos --secret-file secret.txt -o json`,
		Long: `Print the headers with the signature of a payload, as arguments for curl. The
payload is a file, or - for standard input; it is signed byte for byte, including a
newline at its end. The same bytes must be sent: use curl --data-binary, because
--data removes newlines.

-o json prints an object of names and values, -o name only the signature.`,
		Args: atMostOne("[payload]"),
		RunE: g.run(reads, o.run),
	}
	c.Flags().BoolVar(&o.allHeaders, "all-headers", false, "also print the other headers of a delivery: type, event, id")
	o.keyFlags.add(g, c, toSign)
	return c
}

func (o *signOptions) run(ctx context.Context, a *app, args []string) error {
	payload := "-"
	if len(args) > 0 {
		payload = args[0]
	} else if a.env.Streams.InTTY {
		return fault.Usagef("no payload is named").WithHint("name a file, or - for standard input")
	}
	if payload == "-" && o.secretFile == "-" {
		return errSecretAndInput("the payload")
	}
	body, err := a.readInput("the payload", payload, capture.MaxDelivery)
	if err != nil {
		return err
	}
	key, d, err := o.chosenKey(ctx, a)
	if err != nil {
		return err
	}
	if d == nil {
		if d, err = o.ownerOf(a, body, "the payload"); err != nil {
			return err
		}
	}
	if key.IsZero() {
		if key, err = a.onlyKey(ctx, d, ""); err != nil {
			return err
		}
	}
	s := o.signer(a, d, key)
	fields, err := s.Sign(body)
	if err != nil {
		return err
	}
	name, bare := fields[0].Name, fields[0].Value
	if o.allHeaders {
		fields = append(deliver.EventHeaders(d.Envelope, d.Envelope.Event(body)), fields...)
	}
	if len(body) == 0 {
		a.note("The payload is empty: this is the signature of no bytes.")
	} else if bytes.HasSuffix(body, []byte("\n")) {
		a.note("The payload ends with a newline, and the signature includes it.")
	}
	if _, seen := recorded.FirstSeen(body[:min(len(body), recorded.HeadMax)], []string{name}); seen {
		a.note("The payload holds a signature: if it is a captured delivery, this is the signature of all of it. Of its body alone: hookctl show %s --raw | hookctl sign -%s", term.ShellWord(payload), o.again())
	}
	a.noteAssumed(s)
	return a.out.Print(view.SignatureHeaders(fields, bare))
}

// again are the flags that say whose signature is made, as they were given.
func (o *keyFlags) again() (words string) {
	for _, f := range [][2]string{
		{"provider", o.provider}, {"webhook", o.webhook}, {"secret-file", o.secretFile}, {"secret-env", o.secretEnv},
		{"signature-header", strings.Join(o.signatureHeaders, ",")}, {"timestamp-header", o.timestampHeader},
		{"key-encoding", o.keyEncoding}, {"digest-encoding", o.digestEncoding}, {"signed-template", o.signedTemplate},
	} {
		if f[1] != "" && f[1] != "-" { // standard input has the body then
			words += " --" + f[0] + " " + term.ShellWord(f[1])
		}
	}
	return words
}
