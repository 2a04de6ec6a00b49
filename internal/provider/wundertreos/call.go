package wundertreos

import (
	"net/http"
	"strings"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosapi"
)

// subscriptions are the letters of the collection that creates are made in.
const subscriptions = "apiwebhooksubscriptions"

// request is [provider.Driver.Request]. Paths are those of the documentation,
// which follow /functions/v1.
func request(a provider.Access, r provider.CallRequest) (httpx.Request, error) {
	if err := checkCredentials(a.Credentials); err != nil {
		return httpx.Request{}, err
	}
	usual := http.MethodGet
	if r.Body != nil {
		usual = http.MethodPost
	}
	method, err := provider.CallMethod(r.Method, usual)
	if err != nil {
		return httpx.Request{}, err
	}
	u, err := provider.CallURL(a.BaseURL, r.Path)
	if err != nil {
		return httpx.Request{}, err
	}
	if creates(method, u.EscapedPath()) {
		return httpx.Request{}, provider.CreateRefused(name)
	}
	return api(a).Raw(method, u.String(), r.Body), nil
}

// creates reports whether a request may create a subscription: a POST to the
// collection or anything under it (a function behind one name may look at the
// method alone), and whatever else writes to the collection itself.
func creates(method, escapedPath string) bool {
	if provider.SafeMethod(method) || method == http.MethodDelete {
		return false
	}
	if method == http.MethodPost {
		return strings.Contains(provider.Letters(escapedPath), subscriptions)
	}
	last := ""
	for segment := range strings.SplitSeq(provider.Unescaped(escapedPath), "/") {
		if strings.ContainsFunc(segment, func(r rune) bool { return r > ' ' }) {
			last = segment
		}
	}
	return strings.HasPrefix(provider.Letters(last), subscriptions)
}

// judge is [provider.Driver.Judge].
func judge(a provider.Access, answer *httpx.Response, err error) error {
	if err == nil {
		err = api(a).Judge(answer)
	}
	if err == nil {
		return nil
	}
	return translate(err, "the request failed")
}

func api(a provider.Access) *wundertreosapi.Client {
	return wundertreosapi.New(a.BaseURL, auth(a.Credentials), a.HTTP)
}
