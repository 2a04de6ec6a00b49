package capture

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
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

func lambdaEvent(o object, r *Request) (other Passed, err error) {
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
	if !o.has("headers") && !o.has("multiValueHeaders") {
		return Passed{}, errors.New(`the event has neither "headers" nor "multiValueHeaders": it is no request`)
	}
	if isObject(o["multiValueHeaders"]) {
		if r.Header, err = decodeHeaders(nil, o["multiValueHeaders"]); err != nil {
			return Passed{}, err
		}
	}
	if o.has("headers") {
		single, err := decodeHeaders(nil, o["headers"])
		if err != nil {
			return Passed{}, err
		}
		r.Header = appendMissing(r.Header, single)
	}
	return Passed{}, o.textBody("body", isTrue(o["isBase64Encoded"]), r)
}

// appendMissing adds the lines of more whose names h has not got, or has with
// nothing but blank values.
func appendMissing(h, more Header) Header {
	given := map[string]bool{} // by name: there may be a hostile number of them
	for _, f := range h {
		if strings.TrimSpace(f.Value) != "" {
			given[foldName(f.Name)] = true
		}
	}
	for _, f := range more {
		if !given[foldName(f.Name)] {
			h = append(h, f)
		}
	}
	return h
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

func isTrue(v []byte) bool { return string(v) == "true" || string(v) == `"true"` }
