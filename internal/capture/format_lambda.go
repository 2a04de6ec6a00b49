package capture

import (
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// lambdaFormat is the event that AWS hands a function for a request: of API
// Gateway's REST API and HTTP API (payload versions 1.0 and 2.0), of a function
// URL, or of an Application Load Balancer. With "isBase64Encoded" the body is
// exact; else it was made a string.
var lambdaFormat = Format{
	Name:  "lambda",
	About: "events of AWS Lambda: API Gateway (REST, HTTP), function URL, load balancer",
	Sniff: lambda.sniff,
	Read:  lambda.read,
}

var lambda = exported{item: lambdaEvent, is: isLambdaEvent}

// isLambdaEvent goes by members that no other record has; "body" and
// "isBase64Encoded" come last and may be cut off.
func isLambdaEvent(item []byte) bool {
	if !walk.IsObject(walk.ValueOf(item, "headers")) && !walk.IsObject(walk.ValueOf(item, "multiValueHeaders")) {
		return false
	}
	if walk.ValueOf(item, "isBase64Encoded") != nil {
		return true
	}
	return walk.IsObject(walk.ValueOf(item, "requestContext")) &&
		(walk.IsString(walk.ValueOf(item, "httpMethod")) || walk.IsString(walk.ValueOf(item, "routeKey")) || walk.IsString(walk.ValueOf(item, "rawPath")))
}

func lambdaEvent(v []byte, o walk.Object, r *Request) (other Passed, err error) {
	s := walk.ShapeOf(v)
	s.NullBody = true // what has no body has no member for one
	if err := s.Fill(r); err != nil {
		return Passed{}, err
	}
	context := o.Object("requestContext")
	r.Method, r.URL = o.Text("httpMethod"), joinURL(o.Text("path"), lambdaQuery(o))
	if http := context.Object("http"); http != nil {
		r.Method, r.URL = http.Text("method"), joinURL(o.Text("rawPath"), o.Text("rawQueryString"))
	}
	for _, name := range []string{"requestTimeEpoch", "timeEpoch"} {
		if ms, err := strconv.ParseInt(string(context[name]), 10, 64); err == nil && ms > 0 {
			r.ReceivedAt = time.UnixMilli(ms).UTC().Format(timeLayout)
		}
	}
	// The REST API gives both members; several lines of a header are whole in
	// the one with lists only. An event that was edited by hand may have a header
	// in the other one alone.
	if len(s.Headers) == 0 {
		return Passed{}, errors.New(`the event has neither "headers" nor "multiValueHeaders": it is not a request`)
	}
	r.Header, err = s.Header(nil)
	return Passed{}, err
}

// lambdaQuery is the query string of a REST API's event, for people.
func lambdaQuery(o walk.Object) string {
	values := url.Values{}
	jsontext.Members(o["queryStringParameters"], func(name, value []byte) bool {
		n, _ := jsontext.Unquote(nil, name)
		v, _ := jsontext.Unquote(nil, value)
		values.Set(string(n), string(v))
		return true
	})
	return values.Encode()
}
