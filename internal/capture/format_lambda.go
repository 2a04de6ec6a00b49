package capture

import (
	"errors"
	"net/url"
	"strconv"
	"time"

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
	if !isObject(valueOf(item, "headers")) && !isObject(valueOf(item, "multiValueHeaders")) {
		return false
	}
	if valueOf(item, "isBase64Encoded") != nil {
		return true
	}
	return isObject(valueOf(item, "requestContext")) &&
		(isString(valueOf(item, "httpMethod")) || isString(valueOf(item, "routeKey")) || isString(valueOf(item, "rawPath")))
}

func lambdaEvent(v []byte, o object, r *Request) (other Passed, err error) {
	s := shapeOf(v)
	s.nullBody = true // what has no body has no member for one
	if err := s.fill(r); err != nil {
		return Passed{}, err
	}
	context := o.object("requestContext")
	r.Method, r.URL = o.text("httpMethod"), joinURL(o.text("path"), lambdaQuery(o))
	if http := context.object("http"); http != nil {
		r.Method, r.URL = http.text("method"), joinURL(o.text("rawPath"), o.text("rawQueryString"))
	}
	for _, name := range []string{"requestTimeEpoch", "timeEpoch"} {
		if ms, err := strconv.ParseInt(string(context[name]), 10, 64); err == nil && ms > 0 {
			r.ReceivedAt = time.UnixMilli(ms).UTC().Format(timeLayout)
		}
	}
	// The REST API gives both members; several lines of a header are whole in
	// the one with lists only. An event that was edited by hand may have a header
	// in the other one alone.
	if len(s.headers) == 0 {
		return Passed{}, errors.New(`the event has neither "headers" nor "multiValueHeaders": it is no request`)
	}
	r.Header, err = s.header(nil)
	return Passed{}, err
}

// lambdaQuery is the query string of a REST API's event, for people.
func lambdaQuery(o object) string {
	values := url.Values{}
	jsontext.Members(o["queryStringParameters"], func(name, value []byte) bool {
		n, _ := jsontext.Unquote(nil, name)
		v, _ := jsontext.Unquote(nil, value)
		values.Set(string(n), string(v))
		return true
	})
	return values.Encode()
}
