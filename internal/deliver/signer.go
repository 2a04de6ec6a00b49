package deliver

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// Signer makes the signatures of a provider's deliveries.
type Signer struct {
	Driver *provider.Driver
	Scheme signature.Scheme
	Key    secret.Value
	Now    func() time.Time
}

// Sign is the header lines that carry the signature of body.
func (s Signer) Sign(body []byte) ([]capture.Field, error) {
	timestamp := strconv.FormatInt(s.Now().Unix(), 10)
	value, err := s.Scheme.Sign(s.Key, timestamp, body)
	if err != nil {
		return nil, err
	}
	var fields []capture.Field
	for _, name := range s.Scheme.Headers {
		fields = append(fields, capture.Field{Name: name, Value: value})
	}
	if strings.Contains(s.Scheme.Template, "{timestamp}") {
		fields = append(fields, capture.Field{Name: s.Scheme.TimestampHeader, Value: timestamp})
	}
	return fields, nil
}

// EventHeaders are the unsigned headers of a delivery that repeat its body.
func EventHeaders(e capture.Envelope, ev capture.Event) []capture.Field {
	fields := []capture.Field{{Name: "Content-Type", Value: "application/json"}}
	for _, f := range []capture.Field{{Name: e.HeaderType, Value: ev.Type}, {Name: e.HeaderID, Value: ev.ID}} {
		if f.Name != "" && f.Value != "" {
			fields = append(fields, f)
		}
	}
	return fields
}

// StrangersKey is a key that nobody has. Its text is hexadecimal and base64
// too, for schemes that decode it.
func StrangersKey() secret.Value {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // documented never to fail
	return secret.New(hex.EncodeToString(raw[:]))
}

// replace puts fields in place of the lines of the same names.
func replace(h []capture.Field, fields []capture.Field) []capture.Field {
	out := slices.DeleteFunc(slices.Clone(h), func(f capture.Field) bool {
		return slices.ContainsFunc(fields, func(g capture.Field) bool { return recorded.SameName(f.Name, g.Name) })
	})
	return append(out, fields...)
}
