package zyntro

import (
	"errors"
	"net/http"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/zyntro/zyntroapi"
)

// request is [provider.Driver.Request]. A path that begins with a slash is one
// of the origin; any other one is an action under the path prefix.
func request(a provider.Access, r provider.CallRequest) (httpx.Request, error) {
	method, err := provider.CallMethod(r.Method, http.MethodPost)
	if err != nil {
		return httpx.Request{}, err
	}
	root := strings.TrimRight(a.BaseURL, "/")
	if prefix := strings.Trim(a.PathPrefix, "/"); prefix != "" && !strings.HasPrefix(r.Path, "/") {
		root += "/" + prefix
	}
	u, err := provider.CallURL(root, r.Path)
	if err != nil {
		return httpx.Request{}, err
	}
	if strings.Contains(provider.Letters(u.EscapedPath()), "createwebhook") || strings.Contains(provider.Letters(u.RawQuery), "createwebhook") {
		return httpx.Request{}, provider.CreateRefused("zyntro")
	}
	if provider.SafeMethod(method) {
		return httpx.Request{}, fault.Usagef("%s has no body, and that is where Zyntro's credentials are sent", method).WithHint("Zyntro's actions are POST requests: leave --method out")
	}
	api := client(a)
	req, err := api.Raw(method, u.String(), r.Body)
	if errors.Is(err, zyntroapi.ErrRawBody) {
		return httpx.Request{}, fault.Usagef("%w, and Zyntro's credentials are sent as members of it", err).WithHint("for instance: -f wh_id=ID, or --input FILE with a JSON object")
	}
	return req, err
}

// judge is [provider.Driver.Judge].
func judge(a provider.Access, answer *httpx.Response, err error) error {
	if err == nil {
		api := client(a)
		err = api.Judge(answer)
	}
	return translate(err)
}
