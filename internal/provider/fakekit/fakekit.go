// Package fakekit is what the fakes of all providers share: how a delivery is
// made, how an answer goes wrong, and where ids and secrets come from. No client
// imports it: a fake and a client that shared code would share its mistakes.
package fakekit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/provider"
)

// Post makes the attempt a by means of deliver, and returns it with what came of it.
// Without one nothing is sent.
func Post(ctx context.Context, deliver provider.Deliverer, timeout time.Duration, a provider.Attempt) provider.Attempt {
	switch {
	case a.Err != "":
	case deliver == nil:
		a.Err = "not sent: this sandbox makes no deliveries"
	default:
		return deliver(ctx, timeout, a)
	}
	return a
}

// Sign is the HMAC-SHA256 of body in lower-case hexadecimal digits, after
// "sha256=". The key is the secret's text.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Compact is v as JSON without white space, & < > as they are. v is of a type
// that has no values that JSON cannot say.
func Compact(v any) []byte {
	b, _ := jsontext.Marshal(v)
	return b
}

// Member is the text of a member of the JSON object body; "" where it has none
// of the name, or is no object.
func Member(body []byte, name string) string {
	var object map[string]any
	if json.Unmarshal(body, &object) != nil || object[name] == nil {
		return ""
	}
	return fmt.Sprint(object[name])
}
