package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/pattern"
)

// testNotASecret recognises what people paste in place of a secret.
func testNotASecret(d *diagnosis) (string, bool) {
	for _, c := range d.candidates {
		what := notASecret(c)
		others := d.known.others()
		for i := range others {
			if what == "" {
				what = standsFor(c, &others[i])
			}
		}
		if what != "" {
			return fmt.Sprintf("The value that is used as the secret looks like %s.", what), true
		}
	}
	return "", false
}

// standsFor reports whether c is what another webhook is named or recognised
// by.
func standsFor(c Candidate, other *Candidate) string {
	s := strings.TrimFunc(c.Secret.Reveal(), invisible)
	fingerprint := other.Secret.Fingerprint()
	switch s {
	case "":
		return ""
	case other.ID, other.Provider + "/" + other.ID:
		return "the id of a webhook"
	case other.Name:
		return "the name of a webhook"
	case fingerprint, strings.TrimPrefix(fingerprint, "sha256:"):
		return "the fingerprint of a webhook's secret"
	}
	return ""
}

// Words that stand for a secret: by themselves, or with whatever follows. They
// are joined, since people write your-secret, YOUR_SECRET and yourSecret.
var (
	placeholders      = []string{"secret", "secretkey", "webhooksecret", "signingsecret", "hooksecret", "example", "examplesecret", "todo", "tbd", "none", "null", "nil", "undefined", "true", "false", "objectobject", "elided", "hidden", "masked"}
	placeholderStarts = []string{"your", "changeme", "changethis", "replaceme", "replacewith", "placeholder", "redacted", "insert", "xxxx", "pastehere", "secrethere", "secretgoeshere"}
)

// notSecrets is how what is not a webhook's secret begins, and what that is.
var notSecrets = []struct{ start, what string }{
	{"$", "the name of a variable that was not expanded"},
	{"process.env", "the name of a variable that was not expanded"},
	{"os.environ", "the name of a variable that was not expanded"},
	{"os.getenv", "the name of a variable that was not expanded"},
	{"env.", "the name of a variable that was not expanded"},
	{"env[", "the name of a variable that was not expanded"},
	{"{{", "a placeholder"},
	{"http://", "a URL"},
	{"https://", "a URL"},
	{"op://", "a reference to a secret, not the secret"},
	{"vault:", "a reference to a secret, not the secret"},
	{"arn:", "a reference to a secret, not the secret"},
	{"/run/secrets/", "the path of a file"},
	{"./", "the path of a file"},
	{"../", "the path of a file"},
	{"~/", "the path of a file"},
	{"-----begin", "a key file"},
	{"eyj", "a token (JWT)"},
	{"zdk_", "a developer secret, which authenticates requests and signs nothing"},
	{"sk_live_", "an API key"},
	{"sk_test_", "an API key"},
	{"pk_live_", "an API key"},
	{"pk_test_", "an API key"},
	{"wt_live_", "an API key"},
	{"ghp_", "an API key"},
	{"xoxb-", "an API key"},
}

// Doubt is what the secret of c looks like, if secrets seldom do; else "".
func Doubt(c Candidate) string {
	s := strings.TrimFunc(c.Secret.Reveal(), invisible)
	what, bare := notASecret(c), strings.TrimFunc(s, quote)
	switch {
	case what != "":
	case !strings.HasPrefix(s, bare) && !strings.HasSuffix(s, bare):
		what = "a text in quotes"
	case anAssignment().MatchString(s):
		what = "a whole line NAME=value"
	}
	return what
}

func notASecret(c Candidate) string {
	s := strings.TrimFunc(c.Secret.Reveal(), invisible)
	bare := strings.Trim(s, `"'`)
	low := strings.ToLower(bare)
	switch {
	case c.ID != "" && (s == c.ID || s == c.Provider+"/"+c.ID):
		return "the webhook's id"
	case aFingerprint().MatchString(low):
		return "a secret's fingerprint, not the secret"
	case strings.HasPrefix(s, "%") && strings.HasSuffix(s, "%") && len(s) > 2, aVariable().MatchString(bare):
		return "the name of a variable that was not expanded"
	case strings.HasPrefix(s, "<") && strings.HasSuffix(s, ">"):
		return "a placeholder"
	case masked(s):
		return "a masked value, not the secret"
	case aUUID().MatchString(low[strings.LastIndex(low, "/")+1:]):
		return "an id"
	}
	for _, n := range notSecrets {
		if strings.HasPrefix(low, n.start) {
			return n.what
		}
	}
	const longest = 40 // of a placeholder
	if text := joined(low); len(low) <= longest && (slices.Contains(placeholders, text) ||
		slices.ContainsFunc(placeholderStarts, func(start string) bool { return strings.HasPrefix(text, start) })) {
		return "a placeholder"
	}
	return ""
}

// joined drops what people put between words, and brackets.
func joined(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_ .[](){}<>", r) {
			return -1
		}
		return r
	}, s)
}

// masked reports whether all of s, or all but its last characters, is hidden.
func masked(s string) bool {
	const shown = 4
	hidden := len(s) - len(strings.TrimLeft(s, "*\u2022\u25cf."))
	return hidden == len(s) || hidden >= 3 && len(s)-hidden <= shown
}

// What names, fingerprints and ids look like. The ids of providers are not always
// hexadecimal.
var (
	aVariable    = pattern.Of(`^[A-Z][A-Z_]*_[A-Z_]*[A-Z]$`)
	anAssignment = pattern.Of(`^(?:export )?[A-Z][A-Z0-9]*_[A-Z0-9_]*=[^=]`)
	aFingerprint = pattern.Of(`^sha256:(?:[0-9a-f]{8}|[0-9a-f]{64})$`)
	aUUID        = pattern.Of(`^[0-9a-z]{8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12}$`)
)
