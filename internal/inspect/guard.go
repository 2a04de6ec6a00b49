package inspect

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strconv"
)

// guard stands around the whole mux, and so looks at a path only after it was
// decoded. Three random texts open the page:
//
//   - the URL that is printed holds the first; it is taken for a cookie and the page,
//     and is not in the address of either;
//   - the cookie is the second. A browser sends it to every server of this machine,
//     whatever its port: on its own it reads the page and the list, and no more;
//   - the third is handed over in the fragment of the page's address, which no server
//     gets, and the page sends it in a header. It opens everything else.
type guard struct {
	url, cookie, header string
	cookieName          string
	cross               *http.CrossOriginProtection
	next                http.Handler
}

// headerName is the header that carries the third text.
const headerName = "X-Hookctl-Page"

func newGuard(port int, next http.Handler) *guard {
	return &guard{
		url: rand.Text(), cookie: rand.Text(), header: rand.Text(),
		cookieName: "hookctl-" + strconv.Itoa(port), cross: http.NewCrossOriginProtection(), next: next,
	}
}

// policy are the headers of every answer.
var policy = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
		"frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
	"X-Content-Type-Options":       "nosniff",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Referrer-Policy":              "no-referrer",
	"Cache-Control":                "no-store",
}

// cookieOpens are the paths for which the cookie is enough, with GET.
var cookieOpens = map[string]bool{"/": true, "/page.css": true, "/page.js": true, "/events": true}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, value := range policy {
		w.Header().Set(name, value)
	}
	if !loopback(r.Host) {
		http.Error(w, "this page works only on this machine: open it at http://127.0.0.1", http.StatusMisdirectedRequest)
		return
	}
	if err := g.cross.Check(r); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	get := r.Method == http.MethodGet || r.Method == http.MethodHead
	if token := r.URL.Query().Get("token"); get && r.URL.Path == "/" && same(token, g.url) {
		g.enter(w)
		return
	}
	if c, err := r.Cookie(g.cookieName); err != nil || !same(c.Value, g.cookie) {
		http.Error(w, "open the address that hookctl printed, with its token", http.StatusForbidden)
		return
	}
	if !(get && cookieOpens[r.URL.Path]) && !same(r.Header.Get(headerName), g.header) {
		http.Error(w, "only the page itself may request this: open the address that hookctl printed", http.StatusForbidden)
		return
	}
	g.next.ServeHTTP(w, r)
}

// enter sets the cookie and leads to the page. A page of its own does that: after a
// redirect the request would still be that of whatever led here, another site
// perhaps, and a strict cookie would be left out.
func (g *guard) enter(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: g.cookieName, Value: g.cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<!doctype html><meta http-equiv="refresh" content="0; url=/#` + g.header + `"><title>hookctl</title>`))
}

// same compares in constant time.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// loopback reports whether a Host header names this machine: a name that a foreign
// server has pointed here does not.
func loopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	if name == "localhost" {
		return true
	}
	if len(name) > 1 && name[0] == '[' && name[len(name)-1] == ']' {
		name = name[1 : len(name)-1]
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}
