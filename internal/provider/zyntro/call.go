package zyntro

import (
	"encoding/json"
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
	if strings.Contains(provider.Letters(u.EscapedPath()), creates) || strings.Contains(provider.Letters(u.RawQuery), creates) || asksToCreate(r.Body) {
		return httpx.Request{}, provider.CreateRefused("zyntro")
	}
	if provider.SafeMethod(method) {
		return httpx.Request{}, fault.Usagef("%s has no body, and Zyntro's credentials are sent in the body", method).WithHint("Zyntro's actions are POST requests: leave out --method")
	}
	api := client(a)
	req, err := api.Raw(method, u.String(), r.Body)
	if errors.Is(err, zyntroapi.ErrRawBody) {
		return httpx.Request{}, fault.Usagef("%w, and Zyntro's credentials are sent as members of it", err).WithHint("for instance: -f wh_id=ID, or --input FILE with a JSON object")
	}
	return req, err
}

// creates are the letters of the action that creates a webhook.
const creates = "createwebhook"

// asksToCreate reports whether a member of the body names that action, as a path
// does. The webhook's own members are texts of people.
func asksToCreate(body []byte) bool {
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		return false
	}
	for name, value := range members {
		text, _ := value.(string)
		if !strings.HasPrefix(name, "wh_") && provider.Letters(text[strings.LastIndexByte(text, '/')+1:]) == creates {
			return true
		}
	}
	return false
}

// judge is [provider.Driver.Judge].
func judge(a provider.Access, answer *httpx.Response, err error) error {
	if err == nil {
		api := client(a)
		err = api.Judge(answer)
	}
	return translate(err)
}
