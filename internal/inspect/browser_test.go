//go:build !windows && !darwin

// The tests drive Chromium as Debian has it; to compile its protocol for systems on
// which they are only vetted takes longer than all else there.

package inspect

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/hookctl/hookctl/internal/listen"
)

var pictures = flag.Bool("pictures", false, "write the docs' pictures of the page")

// page is a tab of a Chromium of this test's own.
type page struct {
	t         *testing.T
	ctx       context.Context
	downloads string // where the browser saves
}

// browse opens the page in a browser, or skips the test.
func browse(t *testing.T, s *Server) *page {
	t.Helper()
	p := newPage(t)
	p.do(chromedp.Navigate(s.URL()))
	p.wait(`document.querySelector('#link.good')`)
	return p
}

func newPage(t *testing.T) *page {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium is installed, so the page is not driven (Debian: apt-get install chromium)")
	}
	o := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1200, 800))
	if os.Getuid() == 0 {
		o = append(o, chromedp.NoSandbox)
	}
	all, cancelAll := chromedp.NewExecAllocator(context.Background(), o...)
	ctx, cancel := chromedp.NewContext(all)
	t.Cleanup(func() {
		cancel()
		cancelAll()
	})
	p := &page{t, ctx, t.TempDir()}
	if err := chromedp.Do(ctx); err != nil { // starts the browser, which a time limit would end
		t.Fatal(err)
	}
	if _, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: p.downloads,
	}); err != nil {
		t.Fatal(err)
	}
	return p
}

func run[T any](p *page, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	run(p, chromedp.Steps(steps...))
}

// key presses keys as a keyboard does: one that the page takes for itself writes
// nothing.
func (p *page) key(keys string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		for _, r := range keys {
			down, up := *kb.Encode(r)[0], *kb.Encode(r)[0]
			if events := kb.Encode(r); len(events) == 3 {
				down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
			}
			up.Type = kb.KeyUp
			for _, event := range []input.DispatchKeyEventParams{down, up} {
				if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, event); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// text is what an expression is, as text.
func (p *page) text(expression string) string {
	p.t.Helper()
	return run(p, chromedp.Evaluate[string](`String(`+expression+`)`))
}

// wait waits until an expression is true.
func (p *page) wait(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for {
		// While the page changes there is nothing to ask.
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`Boolean(`+expression+`)`)); err == nil && ok {
			return
		}
		select {
		case <-ctx.Done():
			p.t.Fatalf("never: %s; the page says %q", expression, p.text(`document.body.innerText.slice(0, 2000)`))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// TestPage walks through the page as a person does, with the keys alone.
func TestPage(t *testing.T) {
	s, x := start(t, nil)
	p := browse(t, s)
	if at := p.text(`location.href`); at != "http://"+s.l.Addr().String()+"/" {
		t.Errorf("the token stays in the address: %s", at)
	}

	p.wait(`(document.addEventListener('securitypolicyviolation', (e) => (window.broken = e.violatedDirective + ' ' + e.blockedURI)), true)`)

	// A row comes without a reload.
	begin := time.Now()
	s.Add(delivery("ev-1", "contact.created", `{"id":"ev-1","name":"Zoë"}`))
	p.wait(`document.querySelectorAll('#rows tr').length === 1`)
	t.Logf("a row is there after %v", time.Since(begin).Round(time.Millisecond))
	p.wait(`document.querySelector('#live').textContent.includes('contact.created')`)
	s.Add(delivery("ev-2", "deal.created", `{"id":"ev-2"}`))
	s.Add(invalid(delivery("ev-3", "contact.created", `{"id":"ev-3","name":"Zoë"}`)))
	p.wait(`document.querySelectorAll('#rows tr').length === 3`)
	if got := p.text(`[...document.querySelectorAll('#rows tr')].map((tr) => tr.className.replace(' fresh', '') + ' ' + tr.children[2].textContent + ' ' + tr.children[3].textContent).join('|')`); got != "invalid contact.created –|valid deal.created 200|valid contact.created 200" {
		t.Error(got)
	}

	// j and k choose, the newest first.
	chosen := func(n int) {
		t.Helper()
		p.wait(fmt.Sprintf(`document.querySelector('tr[aria-current]')?.dataset.n === '%d' && document.querySelector('#detail h2')?.textContent.endsWith('ev-%d') && document.querySelector('#detail .body').textContent`, n, n))
	}
	p.key("j")
	chosen(3)
	p.wait(`document.querySelector('.sentence').textContent === 'Judged: mismatch.'`)
	p.key("j")
	chosen(2)
	p.key("j")
	chosen(1)
	p.key("j")
	chosen(1)
	p.key("k")
	chosen(2)
	p.key("k")
	chosen(3)

	// Enter goes to the delivery.
	p.key("\r")
	p.wait(`document.activeElement.id === 'detail'`)

	// c compares with the previous one of its type.
	p.key("c")
	p.wait(`document.querySelector('.compared').innerText.includes('Compared with delivery 1') && document.querySelector('.compared pre').textContent.includes('- .id: "ev-1"\n+ .id: "ev-3"')`)

	// r sends it again.
	p.key("r")
	p.wait(`document.querySelector('.done').textContent.startsWith('Your handler answered 200')`)
	if got := x.last(t, 1); string(got.Body) != `{"id":"ev-3","name":"Zoë"}` {
		t.Errorf("sent %q", got.Body)
	}
	p.wait(`document.querySelector('.attempts').textContent.includes('replayed: answered 200')`)

	// e edits, and sends with a new signature.
	p.key("e")
	p.wait(`document.activeElement.id === 'edited'`)
	p.do(chromedp.SetValue(chromedp.CSS("#edited"), `{"id":"ev-3","name":"Zoé"}`))
	p.key("\t")
	p.wait(`document.activeElement.dataset.do === 'send'`)
	p.key("\r")
	p.wait(`document.querySelector('.done').textContent.includes('Signed again with the secret of Lead sync')`)
	edited := x.last(t, 2)
	if string(edited.Body) != `{"id":"ev-3","name":"Zoé"}` || edited.Header.Get("X-Wunder-Signature") != sign(edited.Body)[0].Value {
		t.Errorf("sent %q with %q", edited.Body, edited.Header.Get("X-Wunder-Signature"))
	}
	if all := p.text(`document.documentElement.outerHTML`); strings.Contains(all, sign(edited.Body)[0].Value[10:20]) {
		t.Error("the page has the signature of the edited body")
	}
	p.do(chromedp.Focus(chromedp.CSS("#edited")))
	p.key("\u001b")
	p.wait(`document.querySelector('.edit').hidden && document.activeElement.dataset.do === 'edit'`)

	// y copies.
	p.key("y")
	p.wait(`document.querySelector('.done').textContent.startsWith('Copied as a curl command') || document.querySelector('.done').textContent.includes("printf '{")`)

	// What is saved is a file.
	p.do(chromedp.Click(chromedp.CSS("[data-do=save]")))
	p.wait(`document.querySelector('.done').textContent === 'Saved as delivery-3.ndjson.'`)
	saved := filepath.Join(p.downloads, "delivery-3.ndjson")
	for end := time.Now().Add(patience); ; { // the browser writes it in its own time
		line, err := os.ReadFile(saved)
		if err == nil && len(line) > 0 {
			if r, err := readRecord(t.Context(), line); err != nil || string(r.Body) != `{"id":"ev-3","name":"Zoë"}` {
				t.Errorf("%v: %+v", err, r)
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}

	// / filters, Escape leaves, and what comes is filtered too.
	p.key("/")
	p.wait(`document.activeElement.id === 'filter'`)
	p.key("event:deal.*")
	if got := p.text(`document.querySelector('#filter').value`); got != "event:deal.*" {
		t.Errorf("typed %q", got)
	}
	p.wait(`document.querySelector('#filtered').textContent === '1 of 3 deliveries'`)
	s.Add(delivery("ev-4", "deal.created", `{}`))
	s.Add(delivery("ev-5", "contact.created", `{}`))
	p.wait(`document.querySelector('#filtered').textContent === '2 of 5 deliveries'`)
	p.key("\u001b")
	p.wait(`document.activeElement === document.body`)
	p.key("k")
	chosen(4)
	p.key("j")
	chosen(2)
	p.key("/")
	p.wait(`(document.activeElement.select(), true)`)
	p.key("status:nonsense")
	p.wait(`document.querySelector('#filtered.bad')?.textContent.includes('not a status')`)
	p.key("\u001b")

	if broken := p.text(`window.broken ?? ''`); broken != "" {
		t.Errorf("the page breaks its own policy: %s", broken)
	}

	// ? lists the keys.
	p.key("?")
	p.wait(`document.querySelector('#keys').open`)
	p.key("\u001b")
	p.wait(`!document.querySelector('#keys').open`)

	// All of it can be reached with Tab, and says what it is.
	p.wait(`(document.activeElement.blur(), true)`)
	reached := map[string]bool{}
	for range 60 {
		p.key("\t")
		reached[p.text(`document.activeElement.id || document.activeElement.dataset.do || document.activeElement.dataset.show || (document.activeElement.closest('tr') ? 'row' + document.activeElement.closest('tr').dataset.n : document.activeElement.className)`)] = true
	}
	for _, name := range strings.Fields("copy-address filter help row2 row4 replay edit copy line save compare pretty raw hex body") {
		if !reached[name] {
			t.Errorf("Tab does not reach %q: %v", name, reached)
		}
	}
	if nameless := p.text(`[...document.querySelectorAll('button, input, select, textarea, table, section, dialog, [tabindex="0"]')].filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() && e.tagName === 'BUTTON' || e.labels?.length || e.caption?.textContent || document.getElementById(e.getAttribute('aria-labelledby'))?.textContent)).map((e) => e.outerHTML).join()`); nameless != "" {
		t.Errorf("without a name: %s", nameless)
	}
	if same := p.text(`[...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i).join()`); same != "" {
		t.Errorf("ids that stand twice: %s", same)
	}
}

// TestCanaries: markup in a body, a header, an event or an id stays text.
func TestCanaries(t *testing.T) {
	const canary = `"><img src=x onerror="window.hit=1"><script>window.hit=1</script><b id=canary>`
	s, x := start(t, func(o *Options) {
		o.Sentence = func(*listen.Delivery) string { return canary }
	})
	x.answer = func(http.Header, []byte) (int, string) { return 200, canary }
	d := delivery(canary, canary, canary)
	d.Notes, d.URL, d.Webhook, d.Provider = []string{canary}, canary, canary, canary
	d.Request.Header["X-Canary"] = []string{canary}
	d.Forward = &listen.Forwarded{Err: errors.New(canary)}
	s.Add(d)
	two := delivery("ev-2", canary, `{"`+strings.ReplaceAll(canary, `"`, `\"`)+`":1}`)
	two.Provider, two.Request.Header[canary] = canary, []string{canary}
	s.Add(two)
	s.Tell(func(s *State) { s.Health, s.Notice, s.Address = canary, canary, canary })
	p := browse(t, s)
	p.wait(`document.querySelectorAll('#rows tr').length === 2`)
	p.key("jj")
	p.wait(`document.querySelector('tr[aria-current]')?.dataset.n === '1' && document.querySelector('#detail .body')?.textContent.includes('<img')`)
	for _, as := range []string{"raw", "hex", "pretty"} {
		p.wait(`(document.querySelector('[data-show=` + as + `]').click(), true)`)
	}
	p.key("r")
	p.wait(`document.querySelector('.attempts pre')?.textContent.includes('<img')`)
	p.key("k")
	p.wait(`document.querySelector('tr[aria-current]')?.dataset.n === '2' && document.querySelector('#detail .body')?.textContent.includes('img')`)
	p.key("c")
	p.wait(`document.querySelector('.compared').textContent.includes('<img')`)
	p.key("/")
	p.key(canary)
	p.wait(`document.querySelector('#filtered').textContent !== ''`)
	if found := p.text(`[window.hit, document.querySelectorAll('img, #canary').length, document.scripts.length].join()`); found != ",0,1" {
		t.Errorf("markup has become a part of the page: %s", found)
	}
}

// TestAway: the page comes back by itself when the server was away, and has all that
// came meanwhile, each once.
func TestAway(t *testing.T) {
	s, _ := start(t, nil)
	front := newFront(t, s)
	s.Add(delivery("ev-1", "contact.created", `{}`))
	p := newPage(t)
	p.do(chromedp.Navigate(front.url))
	p.wait(`document.querySelectorAll('#rows tr').length === 1`)
	front.close()
	p.wait(`document.querySelector('#link.bad')`)
	for i := range 3 {
		s.Add(delivery(fmt.Sprint("ev-", i+2), "contact.created", `{}`))
	}
	front.open()
	p.wait(`document.querySelectorAll('#rows tr').length === 4 && document.querySelector('#link.good')`)
	if got := p.text(`[...document.querySelectorAll('#rows tr')].map((tr) => tr.dataset.n).join()`); got != "4,3,2,1" {
		t.Error(got)
	}
}

// TestNarrow: at 400 px everything is in one column, and nothing is cut off.
func TestNarrow(t *testing.T) {
	s, _ := start(t, nil)
	d := delivery("an-id-that-is-as-long-as-they-are-0d9f2b1c-8f3c", "a.very.long.event.of.somebody.who.likes.names", `{"pad":"`+strings.Repeat("x", 300)+`"}`)
	d.Request.Header["X-Long"] = []string{strings.Repeat("y", 300)}
	s.Add(d)
	p := browse(t, s)
	p.do(chromedp.EmulateViewport(400, 800))
	p.wait(`document.querySelectorAll('#rows tr').length === 1`)
	p.key("j")
	p.wait(`document.querySelector('#detail .body')?.textContent`)
	if got := p.text(`[document.documentElement.scrollWidth <= 400, document.querySelector('#list').getBoundingClientRect().bottom <= document.querySelector('#detail').getBoundingClientRect().top, [...document.querySelectorAll('button, input, select')].filter((e) => e.getBoundingClientRect().right > 400).length].join()`); got != "true,true,0" {
		t.Error(got)
	}
}

// TestMany: 5,000 deliveries are shown, and the page still answers keys.
func TestMany(t *testing.T) {
	s, _ := start(t, nil)
	p := browse(t, s)
	begin := time.Now()
	for i := range 5000 {
		s.Add(delivery(fmt.Sprint("ev-", i), "contact.created", `{"id":"ev"}`))
	}
	p.wait(`document.querySelectorAll('#rows tr').length === 5000`)
	t.Logf("5,000 rows are there after %v", time.Since(begin).Round(time.Millisecond))
	begin = time.Now()
	p.key("j")
	p.wait(`document.querySelector('#detail h2')?.textContent.endsWith('ev-4999')`)
	t.Logf("a key is answered after %v", time.Since(begin).Round(time.Millisecond))
	begin = time.Now()
	s.Add(delivery("last", "deal.created", `{}`))
	p.wait(`document.querySelector('#rows tr .event').textContent === 'deal.created'`)
	t.Logf("one more row is there after %v", time.Since(begin).Round(time.Millisecond))
}

// TestOpened: a browser that is handed a file that leads to the page gets there: the
// request is then that of another site.
func TestOpened(t *testing.T) {
	s, _ := start(t, nil)
	s.Add(delivery("ev-1", "contact.created", `{}`))
	p := newPage(t)
	path := filepath.Join(t.TempDir(), "open.html")
	if err := os.WriteFile(path, []byte(`<!doctype html><meta http-equiv="refresh" content="0; url=`+s.URL()+`">`), 0o600); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.Navigate("file://" + path))
	p.wait(`document.querySelectorAll('#rows tr').length === 1 && document.querySelector('#link.good')`)
	p.key("j")
	p.wait(`document.querySelector('#detail .body')?.textContent`)
	p.do(chromedp.Reload())
	p.wait(`document.querySelectorAll('#rows tr').length === 1 && document.querySelector('#link.good')`)
	// A tab that has the cookie alone shows the list, and says what is missing.
	p.do(chromedp.Evaluate[chromedp.Void](`sessionStorage.clear()`), chromedp.Reload())
	p.wait(`document.querySelector('#link.bad')?.textContent.startsWith('Open the address')`)
}

// TestPictures sees the page in light and in dark: every text has enough contrast in
// both. With -pictures it writes the docs' pictures, and what the page says on them:
// browsers draw the same page in different pixels, so it is the text that says
// whether they are stale.
func TestPictures(t *testing.T) {
	t.Setenv("TZ", "UTC") // the browser's: the page shows local times
	s, _ := start(t, func(o *Options) {
		o.Target = "http://127.0.0.1:3000/hook"
		o.Sentence = func(d *listen.Delivery) string {
			if d.Taken() {
				return "Valid: signed with the secret of Lead sync wundertreos/w-1."
			}
			return "Invalid: the JSON was parsed and written again. Verify the raw bytes before any parser."
		}
	})
	s.Tell(func(s *State) {
		s.Address, s.Health, s.Healthy = "https://three-words.example.com/", s.Target+" accepts connections", true
	})
	for i, event := range []string{"contact.created", "contact.updated", "deal.created", "contact.updated", "deal.won", "contact.created"} {
		d := delivery(fmt.Sprintf("0d9f2b1c-%d", i+1), event, fmt.Sprintf(`{"id":"0d9f2b1c-%d","event_type":%q,"data":{"contact":{"name":"Zoë","tags":["lead"]},"score":%d.50}}`, i+1, event, i+1))
		d.ReceivedAt = d.ReceivedAt.Add(time.Duration(i*i) * 700 * time.Millisecond)
		switch i {
		case 2:
			d.Forward = &listen.Forwarded{Status: 500, Took: 87 * time.Millisecond, Header: map[string][]string{"Content-Type": {"text/plain"}}, Body: []byte("KeyError: 'score'")}
		case 5:
			d = invalid(d)
		}
		s.Add(d)
	}
	p := browse(t, s)
	p.do(chromedp.EmulateViewport(1200, 760))
	p.wait(`document.querySelectorAll('#rows tr').length === 6`)
	p.key("jc")
	p.wait(`document.querySelector('.compared pre')`)
	p.wait(`document.getAnimations().length === 0`)
	p.wait(`(document.querySelector('#detail').scrollTop = 0, true)`)
	says, words := p.text(`document.body.innerText`)+"\n", filepath.Join("..", "..", "docs", "pictures", "inspector.txt")
	if *pictures {
		if err := os.WriteFile(words, []byte(says), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if pictured, err := os.ReadFile(words); err != nil || string(pictured) != says {
		t.Errorf("the docs' pictures of the page are stale, which says now (%v):\n%s\nrun: go test ./internal/inspect -run TestPictures -pictures", err, says)
	}
	for _, look := range []string{"light", "dark"} {
		p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look}}})
			return err
		}))
		p.wait(fmt.Sprintf(`matchMedia('(prefers-color-scheme: %s)').matches`, look))
		if poor := p.text(contrast); poor != "" {
			t.Errorf("%s: too little contrast: %s", look, poor)
		}
		picture := run(p, chromedp.CaptureScreenshot())
		if len(picture) < 10<<10 || len(picture) > 150<<10 {
			t.Errorf("%s: a picture of %d bytes", look, len(picture))
		}
		if *pictures {
			if err := os.WriteFile(filepath.Join("..", "..", "docs", "pictures", "inspector-"+look+".png"), picture, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// contrast lists the texts that stand out less than 4.5 to 1 from what is behind them,
// as WCAG counts it.
const contrast = `(() => {
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c[3] !== 0) return c;
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [0, 0, 0] : [255, 255, 255];
  };
  const poor = [];
  for (const e of document.querySelectorAll('body *')) {
    if (!e.checkVisibility() || e.disabled || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(e.textContent.trim().slice(0, 30) + ' ' + ratio.toFixed(2));
  }
  return poor.join('; ');
})()`
