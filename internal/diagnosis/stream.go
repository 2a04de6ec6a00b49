package diagnosis

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/hookctl/hookctl/internal/capture"
)

// A body that is not in memory, or too large to be copied, is read once more, and
// every key that may have been used is hashed along with it. What can be tried of
// the body itself is what a running hash allows: other ends, another beginning,
// and what can be told byte by byte (see streamChange).

const (
	// streamBudget is how many bytes are hashed for one streamed body: about half a
	// second. A larger body is hashed under streamProbes keys all the same.
	streamBudget = 512 << 20
	streamProbes = 4
	maxProbes    = 64
	// heldBack is how much of the end is kept out of the running hash: CR LF.
	heldBack = 2
)

// probe is one way in which the body may have been signed.
type probe struct {
	mac     hash.Hash
	finding []Finding // what is wrong if it matches
	skip    int       // bytes at the beginning that were not signed
	cut     []byte    // the digest of as many bytes as Content-Length says
	unkeyed bool      // no key, and nothing around the body
	plain   bool      // a candidate's own key
	change  streamChange
}

// streamChange rewrites a body on its way into a hash. It is a value, so that
// what was begun can go on in two ways.
type streamChange struct {
	how     changing
	quoted  bool // within a string
	escaped bool // after a backslash
	cr      bool // a CR is held back
	lines   bool // a line break was left out
}

type changing byte

const (
	changeNothing changing = iota
	changeToLF
	changeToCRLF
	changeToCompact // JSON without the white space between its tokens
)

var streamChanges = []changing{changeToLF, changeToCRLF, changeToCompact}

// write hashes text as it would have been.
func (c *streamChange) write(to hash.Hash, text []byte) {
	if c.how == changeNothing {
		to.Write(text)
		return
	}
	out := make([]byte, 0, len(text))
	for _, b := range text {
		switch {
		case c.how == changeToCompact:
			if !c.keeps(b) {
				continue
			}
		case b == '\r' && !c.cr:
			c.cr = true
			continue
		case c.cr:
			if b != '\n' {
				out = append(out, '\r')
			}
			if c.cr = b == '\r'; c.cr {
				continue
			}
		}
		if b == '\n' && c.how == changeToCRLF {
			out = append(out, '\r')
		}
		out = append(out, b)
	}
	to.Write(out)
}

// keeps reports whether a byte of JSON is more than layout.
func (c *streamChange) keeps(b byte) bool {
	switch {
	case c.escaped:
		c.escaped = false
	case c.quoted && b == '\\':
		c.escaped = true
	case b == '"':
		c.quoted = !c.quoted
	case !c.quoted && (b == ' ' || b == '\t' || b == '\r' || b == '\n'):
		c.lines = c.lines || b == '\n'
		return false
	}
	return true
}

// finding is what it means that the changed body matches.
func (c *streamChange) finding() Finding {
	switch {
	case c.how == changeToCompact && c.lines:
		return byCause("json-pretty-printed").finding("")
	case c.how == changeToCompact:
		return byCause("json-reserialised").finding("")
	}
	return byCause("crlf").finding("")
}

// proveStream is prove for a body that is read again. A body that has changed
// or fails meanwhile proves nothing.
func (d *diagnosis) proveStream(ctx context.Context) []Finding {
	again := d.request.Again
	if d.large() {
		again = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(d.request.Body)), nil }
	}
	if again == nil || len(d.digests) == 0 {
		return nil
	}
	body, err := again()
	if err != nil {
		return nil
	}
	s := streamSearch{d: d, probes: d.probes(), length: int64(d.contentLength())}
	for _, p := range s.probes {
		if !p.unkeyed {
			p.mac.Write(d.before)
		}
	}
	if errors.Join(capture.ReadAhead(ctx, body, s.write), body.Close()) != nil || d.request.Size > 0 && s.seen+int64(len(s.tail)) != d.request.Size {
		return nil
	}
	return s.end()
}

// probes lists the keys to try, the likeliest first.
func (d *diagnosis) probes() []*probe {
	var all []*probe
	size := max(d.request.Size, int64(len(d.request.Body)), 1)
	room := int(min(maxProbes, max(streamProbes, streamBudget/size)))
	add := func(p *probe) {
		if len(all) < room {
			all = append(all, p)
		}
	}
	keyed := func(key []byte, findings ...Finding) *probe {
		return &probe{mac: hmac.New(sha256.New, key), finding: findings}
	}
	for _, key := range d.keys {
		p := keyed(key)
		p.plain = true
		add(p)
	}
	for c, key := range d.provider.fitting(d.known.others()) {
		add(keyed(key, c.finding()))
	}
	for i := range transformations {
		t := &transformations[i]
		if t.keys == nil {
			continue
		}
		for key := range d.changedKeys(t) {
			add(keyed(key, t.finding("")))
			if len(all) == room {
				break
			}
		}
	}
	add(&probe{mac: sha256.New(), unkeyed: true, finding: []Finding{byCause("unkeyed-hash").finding("")}})
	for _, key := range d.keys {
		p := keyed(key, byCause("bom").finding(""))
		p.skip = len(utf8BOM)
		add(p)
	}
	for _, how := range streamChanges {
		for _, key := range d.keys {
			p := keyed(key)
			p.change.how = how
			add(p)
		}
	}
	return all
}

// streamSearch feeds the probes.
type streamSearch struct {
	d      *diagnosis
	probes []*probe
	length int64 // that Content-Length says; 0 for none
	seen   int64 // bytes that were given to the probes
	head   []byte
	tail   []byte // the last bytes, not yet hashed
}

// write takes a piece of the body and keeps its last bytes back.
func (s *streamSearch) write(piece []byte) error {
	s.head = append(s.head, piece[:min(len(utf8BOM)-len(s.head), len(piece))]...)
	s.tail = append(s.tail, piece...)
	extra := max(len(s.tail)-heldBack, 0)
	s.feed(s.tail[:extra])
	s.tail = append(s.tail[:0], s.tail[extra:]...)
	return nil
}

// feed hashes text, and notes the digests where the body should have ended.
func (s *streamSearch) feed(text []byte) {
	if at := s.length - s.seen; at > 0 && at <= int64(len(text)) {
		s.advance(text[:at])
		for _, p := range s.probes {
			p.cut = s.sum(p, nil)
		}
		text = text[at:]
	}
	s.advance(text)
}

func (s *streamSearch) advance(text []byte) {
	for _, p := range s.probes {
		skip := max(int64(p.skip)-s.seen, 0)
		p.change.write(p.mac, text[min(skip, int64(len(text))):])
	}
	s.seen += int64(len(text))
}

// sum is the digest if the body went on with end and ended there.
func (s *streamSearch) sum(p *probe, end []byte) []byte {
	h := fork(p.mac)
	if h == nil {
		return nil
	}
	change := p.change
	change.write(h, end)
	if !p.unkeyed {
		h.Write(s.d.after)
	}
	return h.Sum(nil)
}

// end looks for a match in what was hashed.
func (s *streamSearch) end() []Finding {
	added, lost := byCause("trailing-newline"), byCause("missing-newline")
	ends := []struct {
		text []byte
		t    *transformation
	}{
		{s.tail, nil},
		{bytes.TrimSuffix(s.tail, []byte("\n")), added},
		{bytes.TrimRight(s.tail, "\r\n"), added},
		{append(bytes.Clone(s.tail), '\n'), lost},
		{append(bytes.Clone(s.tail), '\r', '\n'), lost},
	}
	// A body that is changed throughout is the less likely, and its ends with it.
	for _, changed := range []bool{false, true} {
		for _, end := range ends {
			if end.t != nil && bytes.Equal(end.text, s.tail) {
				continue
			}
			for _, p := range s.probes {
				if (p.change.how != changeNothing) != changed || p.skip > 0 && !bytes.Equal(s.head, utf8BOM) {
					continue
				}
				if found := s.match(p, end.text, end.t); found != nil {
					return found
				}
			}
		}
	}
	return nil
}

// match looks at one probe with one end, which t would explain if it is not the
// captured one.
func (s *streamSearch) match(p *probe, end []byte, t *transformation) []Finding {
	d := s.d
	sum := s.sum(p, end)
	found := append([]Finding{}, p.finding...) // not nil, which says that nothing matches
	if p.change.how != changeNothing {
		found = append(found, p.change.finding())
	}
	if t != nil {
		found = append(found, t.finding(""))
	}
	if d.hits(sum) {
		return found
	}
	if p.plain && t == nil {
		if text, ok := d.digestElsewhere(sum); ok {
			return []Finding{byCause("wrong-header").finding(text)}
		}
		if text, ok := d.truncatedFrom(sum); ok {
			return []Finding{byCause("digest-truncated").finding(text)}
		}
	}
	if t == nil && d.hits(p.cut) {
		return append(found, byCause("truncated").finding(
			fmt.Sprintf("Only the first %d of the capture's %d bytes were signed.", s.length, s.seen+int64(len(s.tail)))))
	}
	return nil
}
