package dump

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/pattern"
)

// What tools write of a connection: the bytes of both directions in pieces, as
// text or in hexadecimal. The pieces are put together, and read as a dump.

// conversation is what went over a connection, as far as a tool has shown it.
type conversation struct {
	sent, received []piece
	inexact        string // why bytes may differ
	err            error  // why it cannot be put together
	others         []byte // what was passed over
}

// piece is a stretch of one direction; where it begins anew, the stream does.
type piece struct {
	text []byte
	anew bool
}

// traced reads what a tool has recorded at the start of b.
func (d *dump) traced(b []byte) (rest []byte, ok bool) {
	line := string(b[:min(len(message.FirstLine(b)), message.MaxLine)])
	line = strings.TrimSuffix(line, "\r")
	var v conversation
	var what string
	switch {
	case message.IsTraceLine(line):
		what, rest = "a trace of curl", v.trace(b)
	case socatLine().MatchString(line):
		what, rest = "socat -v", v.socat(b)
	case tcpdumpLine().MatchString(line):
		what, rest = "tcpdump", v.tcpdump(b)
	case strings.HasPrefix(line, "Follow: tcp,") || strings.HasPrefix(line, "Follow: http,"):
		what, rest = "tshark", v.tshark(b)
	case mitmLine().MatchString(line):
		return d.mitmdump(b), true
	case isHexRow(line):
		if d.noDump(b) {
			return b, false
		}
		if rest = v.hexdump(b); v.err == nil && len(v.sent)+len(v.received) == 0 {
			d.looked += len(b) - len(rest)
			d.noHex = ahead{len(b), len(rest)}
			return b, false
		}
		what = "a dump in hexadecimal"
	default:
		return b, false
	}
	if len(rest) >= len(b) {
		return b, false
	}
	if v.err != nil {
		d.Row(&recorded.Request{}, fmt.Errorf("%s: %w", what, v.err))
		return rest, true
	}
	d.Inexact = v.inexact != ""
	note := "joined from " + what
	if d.Inexact {
		note = "body may not be byte-exact: " + v.inexact
	}
	for _, direction := range [][]piece{v.sent, v.received} {
		for len(direction) > 0 {
			n := 1
			for n < len(direction) && !direction[n].anew {
				n++
			}
			var text []byte
			for _, p := range direction[:n] {
				text = append(text, p.text...)
			}
			if len(text) > 0 {
				d.part(note, text, false, message.IsTraceLine(line))
			}
			direction = direction[n:]
		}
	}
	d.Flush()
	d.Inexact = false
	d.Remember(v.others, d.size-len(b))
	return rest, true
}

// beginsTrace reports whether a line begins what [dump.traced] reads.
func beginsTrace(line string) bool {
	if strings.HasPrefix(line, "{") {
		return false // told before the patterns are compiled: most captures begin so
	}
	line = strings.TrimSuffix(line, "\r")
	return message.IsTraceLine(line) || socatLine().MatchString(line) || tcpdumpLine().MatchString(line) || strings.HasPrefix(line, "Follow: tcp,") || mitmLine().MatchString(line) || isHexRow(line)
}

// curl --trace and --trace-ascii.

func (v *conversation) trace(b []byte) (rest []byte) {
	var m []string // the block that is being read
	var rows []string
	end := func() {
		if m == nil || m[1] == "" || m[3] == "SSL data" {
			return
		}
		size, _ := strconv.Atoi(m[4])
		text, err := v.traceRows(rows, size)
		if err != nil && v.err == nil {
			v.err = err
		}
		p := piece{text: text, anew: m[3] == "header" && message.IsFirstLine(string(bytes.TrimSuffix(message.FirstLine(text), []byte("\r"))))}
		if m[1] == "=>" {
			v.sent = append(v.sent, p)
		} else {
			v.received = append(v.received, p)
		}
	}
	last := b
	for len(b) > 0 {
		line, after, _ := message.CutLine(b)
		switch next := message.TraceBlock().FindStringSubmatch(line[:min(len(line), message.MaxLine)]); {
		case next != nil:
			end()
			m, rows, last = next, nil, after
		case m != nil && m[1] != "" && traceOffset(line) >= 0 && (traceOffset(line) > 0) == (len(rows) > 0):
			rows, last = append(rows, line), after
		case line == "":
		case m != nil && m[1] == "<=" && m[3] == "data": // what curl has printed of the answer
			v.others, last = append(append(v.others, line...), '\n'), after
		default:
			end()
			return last
		}
		b = after
	}
	end()
	return nil
}

// traceOffset is the number before a row, -1 where there is none.
func traceOffset(line string) int {
	digits, _, ok := strings.Cut(line, ":")
	if !ok || len(digits) < 4 {
		return -1
	}
	n, err := strconv.ParseUint(digits, 16, 31)
	if err != nil {
		return -1
	}
	return int(n)
}

// traceRows is the bytes of a block.
func (v *conversation) traceRows(rows []string, size int) ([]byte, error) {
	var out []byte
	cut := fmt.Errorf("a block of %s is incomplete: a part of curl's output is missing", message.BytesOf(size))
	for i, row := range rows {
		at := traceOffset(row)
		next := size
		if i+1 < len(rows) {
			next = traceOffset(rows[i+1])
		}
		_, text, _ := strings.Cut(row, ": ")
		if at != len(out) || next < at {
			return out, cut
		}
		if data, ok := hexColumns(text, min(16, next-at)); ok && next-at <= 16 {
			out = append(out, data...)
			continue
		}
		// As text: where a line ends with CRLF, a row ends.
		switch next - at - len(text) {
		case 0:
			out = append(out, text...)
		case 2:
			out = append(append(out, text...), "\r\n"...)
		default:
			return out, cut
		}
		if strings.Contains(text, ".") {
			v.inexact = "curl --trace-ascii writes a dot for each byte that it cannot show, line ends included; --trace shows all bytes"
		}
	}
	if len(out) != size {
		return out, cut
	}
	return out, nil
}

// hexColumns reads n bytes "50 4f " from fixed columns, behind which other text may
// stand.
func hexColumns(text string, n int) ([]byte, bool) {
	if n <= 0 || len(text) < 3*n-1 {
		return nil, false
	}
	out := make([]byte, 0, n)
	for i := range n {
		c, err := hex.DecodeString(text[3*i : 3*i+2])
		if err != nil || 3*i+2 < len(text) && text[3*i+2] != ' ' {
			return nil, false
		}
		out = append(out, c[0])
	}
	return out, len(text) < 48 || strings.TrimSpace(text[3*n:min(len(text), 48)]) == ""
}

// socat -v and -x.

var socatLine = pattern.Of(`^([<>]) \d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)?  length=(\d+) from=(\d+) to=(\d+)$`)

func (v *conversation) socat(b []byte) (rest []byte) {
	for len(b) > 0 {
		line, after, _ := message.CutLine(b)
		m := socatLine().FindStringSubmatch(line[:min(len(line), message.MaxLine)])
		if m == nil {
			if strings.TrimSpace(line) == "" || line == "--" {
				b = after
				continue
			}
			return b
		}
		size, _ := strconv.Atoi(m[2])
		from, _ := strconv.Atoi(m[3])
		text, after, ok := socatHex(after, size)
		if !ok {
			if text, after, ok = v.socatText(after, size); !ok {
				v.err = fmt.Errorf("a piece of %s is incomplete: verify the unchanged output of socat, or use socat -x", message.BytesOf(size))
				return after
			}
		}
		p := piece{text, from == 0}
		if m[1] == ">" {
			v.sent = append(v.sent, p)
		} else {
			v.received = append(v.received, p)
		}
		b = after
	}
	return b
}

func socatHex(b []byte, size int) (text, rest []byte, ok bool) {
	for len(text) < size && len(b) > 0 {
		line, after, _ := message.CutLine(b)
		if !strings.HasPrefix(line, " ") {
			return nil, b, false
		}
		n := 0
		for len(line) >= 3 && line[0] == ' ' && len(text) < size {
			c, err := hex.DecodeString(line[1:3])
			if err != nil || len(line) > 3 && line[3] != ' ' {
				break
			}
			text, line, n = append(text, c[0]), line[3:], n+1
		}
		if n == 0 {
			return nil, b, false
		}
		b = after
	}
	return text, b, len(text) == size && size > 0
}

func (v *conversation) socatText(b []byte, size int) (text, rest []byte, ok bool) {
	text = []byte{}
	for i := 0; ; i++ {
		if len(text) == size {
			return text, b[i:], true
		}
		if i >= len(b) {
			return text, nil, false
		}
		c := b[i]
		if c == '\\' && i+1 < len(b) {
			if at := strings.IndexByte(`abtnvfr\"0`, b[i+1]); at >= 0 {
				c = "\a\b\t\n\v\f\r\\\"\x00"[at]
				i++
			}
		} else if c == '.' {
			v.inexact = "socat -v writes a dot for each byte that it cannot show; socat -x shows all bytes"
		}
		text = append(text, c)
	}
}

// tshark -z follow,tcp,ascii: each piece behind its length, with a tab before that
// of an answer.

func (v *conversation) tshark(b []byte) (rest []byte) {
	first := true
	for len(b) > 0 {
		line, after, _ := message.CutLine(b)
		text := strings.TrimPrefix(line, "\t")
		n, err := strconv.Atoi(text)
		switch {
		case strings.HasPrefix(line, "Follow: "), strings.HasPrefix(line, "Filter: "), strings.HasPrefix(line, "Node "), strings.TrimSpace(line) == "":
			b = after
		case message.IsRule(line):
			return after
		case err != nil || n < 0 || n > len(after):
			v.err = fmt.Errorf("%.40q is not the length of a piece", line)
			return nil
		default:
			p := piece{text: after[:n]}
			if text == line {
				p.anew = first
				v.sent, first = append(v.sent, p), false
			} else {
				v.received = append(v.received, p)
			}
			b = after[n:]
		}
	}
	return b
}

// mitmdump: the request, and each line of its head and body indented by four.

var mitmLine = pattern.Of(`^(?:\[\d\d:\d\d:\d\d(?:\.\d+)?\] ?)?\[?\S+:\d+\]?:? (GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\S+)(?: HTTP/[0-9.]+)?$`)

func (d *dump) mitmdump(b []byte) (rest []byte) {
	line, after, _ := message.CutLine(b)
	m := mitmLine().FindStringSubmatch(line)
	indent := []byte("    ")
	text, n := message.WithoutIndent(after, indent)
	if text = bytes.TrimRight(text, "\n"); !bytes.Contains(text, []byte("\n\n")) {
		text = append(text, "\n\n"...)
	}
	d.Inexact = true
	d.inside("body may not be byte-exact: mitmdump reformats bodies", append([]byte(m[1]+" "+m[2]+" HTTP/1.1\n"), text...))
	d.Flush()
	d.Inexact = false
	after = after[n:]
	if line, answer, _ := message.CutLine(after); strings.HasPrefix(strings.TrimLeft(line, " "), "<< ") {
		d.answers++
		text, n := message.WithoutIndent(answer, indent)
		d.Remember(text, d.size-len(answer))
		return answer[n:]
	}
	return after
}

// Rows of hexadecimal: xxd, hexdump, od, Wireshark.

// hexRow is one of them.
type hexRow struct {
	indent int
	offset string
	data   []byte
	words  bool // of 16 bits, the low byte first
}

var hexStart = pattern.Of(`^( *)(?:0x)?([0-9a-fA-F]{4,16})(:? +)([0-9a-fA-F]{2}.*)$`)

func isHexRow(line string) bool {
	r, ok := parseHexRow(line)
	return ok && strings.Trim(r.offset, "0") == ""
}

func parseHexRow(line string) (r hexRow, ok bool) {
	if len(line) > 256 {
		return r, false
	}
	m := hexStart().FindStringSubmatch(strings.TrimRight(line, "\r"))
	if m == nil {
		return r, false
	}
	r.indent, r.offset = len(m[1]), m[2]
	colon := m[3][0] == ':'
	for text, gap := m[4], 0; ; {
		end := strings.IndexByte(text, ' ')
		group := text
		if end >= 0 {
			group = text[:end]
		}
		if gap > 2 || gap == 2 && (colon || len(r.data) != 8) {
			break
		}
		c, err := hex.DecodeString(group)
		if err != nil || len(group) > 16 || len(r.data) > 0 && gap == 0 {
			break
		}
		r.words = !colon && len(group) == 4
		if r.words {
			c[0], c[1] = c[1], c[0]
		}
		r.data = append(r.data, c...)
		if end < 0 {
			break
		}
		text = text[end:]
		gap = len(text) - len(strings.TrimLeft(text, " "))
		if text = text[gap:]; text == "" {
			break
		}
	}
	return r, len(r.data) > 0 && len(r.data) <= 64
}

// hexdump reads rows; those that are indented are the other direction's, as
// Wireshark has it.
func (v *conversation) hexdump(b []byte) (rest []byte) {
	var rows []hexRow
	var repeated []bool // a line "*" is before it
	star := false
	total := ""
	for len(b) > 0 {
		line, after, _ := message.CutLine(b)
		r, ok := parseHexRow(line)
		if ok {
			if total != "" {
				break
			}
			rows, repeated, star = append(rows, r), append(repeated, star), false
		} else if line == "*" {
			star = true
		} else if text := strings.TrimSpace(line); len(text) >= 6 && len(text) <= 16 && strings.Trim(text, "0123456789abcdefABCDEF") == "" && total == "" && len(rows) > 0 {
			total = text
		} else if text != "" || len(rows) == 0 {
			break
		}
		b = after
	}
	if len(rows) == 0 {
		return b
	}
	base := hexBase(rows, total)
	var out [2][]byte
	for i, r := range rows {
		side := min(r.indent, 1)
		at, err := strconv.ParseUint(r.offset, base, 31)
		if err == nil && at == 0 && len(out[side]) > 0 {
			v.put(side, out[side])
			out[side] = nil
		}
		if repeated[i] && err == nil && i > 0 && len(out[side]) >= 16 && int(at)-len(out[side]) < recorded.MaxDelivery {
			row := out[side][len(out[side])-len(rows[i-1].data):]
			row = slices.Clone(row)
			for len(out[side]) < int(at) && len(row) > 0 {
				out[side] = append(out[side], row...)
			}
		}
		if err != nil || int(at) > len(out[side]) || int(at) < len(out[side])-len(rows[max(0, i-1)].data) {
			v.err = errors.New("its rows are not in sequence")
			return b
		}
		out[side] = append(out[side][:at], r.data...) // what is beyond was text
	}
	if n, err := strconv.ParseUint(total, base, 31); err == nil && int(n) < len(out[0]) && int(n) >= len(out[0])-16 {
		out[0] = out[0][:n]
	}
	v.put(0, out[0])
	v.put(1, out[1])
	if first := append(v.sent, v.received...); !slices.ContainsFunc(first, func(p piece) bool {
		line, _, _ := message.CutLine(p.text[:min(len(p.text), message.MaxLine)])
		return message.IsFirstLine(line) || message.IsHead(p.text, 2, true)
	}) {
		v.sent, v.received = nil, nil // of something else
	}
	return b
}

func (v *conversation) put(side int, text []byte) {
	if len(text) == 0 {
		return
	}
	if side == 0 {
		v.sent = append(v.sent, piece{text, true})
	} else {
		v.received = append(v.received, piece{text, true})
	}
}

// hexBase is the base that the offsets are written in.
func hexBase(rows []hexRow, total string) int {
	second := total
	for _, r := range rows[1:] {
		if r.indent == rows[0].indent {
			second = r.offset
			break
		}
	}
	for _, base := range []int{16, 8, 10} {
		n, err := strconv.ParseUint(second, base, 31)
		if err == nil && (int(n) == len(rows[0].data) || len(rows) > 1 && int(n) > 0 && int(n) < len(rows[0].data) && base == 16) {
			return base
		}
	}
	return 16
}

// tcpdump -X, -x and -XX, whose packets are whole, and -A, which shows them as
// text.

var tcpdumpLine = pattern.Of(`^(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d+ (?:\S+ +(?:In|Out) +)?(?:[0-9a-f:]{17} .*)?IP6? .*$`)
var tcpdumpFlow = pattern.Of(`IP6? (?:\(.*\) ?)?(\S+) > (\S+): .*length (\d+)`)

// flow is one direction of a connection.
type flow struct {
	name  string
	parts []segment
}

type segment struct {
	seq  uint32
	text []byte
}

func (v *conversation) tcpdump(b []byte) (rest []byte) {
	var flows []*flow
	byName := map[string]*flow{}
	add := func(name string, seq uint32, text []byte) {
		f := byName[name]
		if f == nil {
			f = &flow{name: name}
			byName[name], flows = f, append(flows, f)
		}
		f.parts = append(f.parts, segment{seq, text})
	}
	first := string(message.FirstLine(b))
	for whole := b; len(b) > 0; {
		line, after, _ := message.CutLine(b)
		head := line[:min(len(line), message.MaxLine)]
		if len(b) < len(whole) && string(message.FirstLine(b)) == first {
			break // with its time: another capture of the same
		}
		if !tcpdumpLine().MatchString(head) {
			if text := strings.TrimSpace(line); text == "" || strings.Contains(text, " packets ") || strings.HasPrefix(text, "listening on ") || strings.HasPrefix(text, "tcpdump: ") {
				b = after
				continue
			}
			break
		}
		// -v goes on in the next line.
		if next, more, _ := message.CutLine(after); strings.HasPrefix(next, "    ") && strings.Contains(next, " > ") {
			head, after = "IP "+strings.TrimSpace(next), more
		}
		m := tcpdumpFlow().FindStringSubmatch(head)
		end := 0
		for end < len(after) {
			next := after[end : end+len(message.FirstLine(after[end:]))]
			if tcpdumpLine().Match(next[:min(len(next), message.MaxLine)]) {
				break
			}
			end = min(len(after), end+len(next)+1)
		}
		text := after[:end]
		b = after[end:]
		if packet, ok := packetOf(text); ok {
			name, seq, payload, err := tcpPayload(packet)
			if err != nil {
				v.err = err
			} else if len(payload) > 0 {
				add(name, seq, payload)
			}
			continue
		}
		if m == nil {
			v.others = append(v.others, text...)
			continue
		}
		v.inexact = "tcpdump -A writes a dot for each byte that it cannot show, and omits carriage returns; tcpdump -X shows all bytes"
		size, _ := strconv.Atoi(m[3])
		if size == 0 {
			v.others = append(v.others, text...)
			continue
		}
		payload := textPayload(bytes.TrimSuffix(text, []byte("\n")), size)
		if payload == nil {
			v.err = fmt.Errorf("cannot separate the header of a packet of %s from its data: use tcpdump -X, or -w and Wireshark", message.BytesOf(size))
			continue
		}
		f := byName[m[1]+" > "+m[2]]
		seq := uint32(0)
		if f != nil {
			seq = f.parts[len(f.parts)-1].seq + 1
		}
		add(m[1]+" > "+m[2], seq, payload)
	}
	for _, f := range flows {
		text, ok := f.joined(v.inexact != "")
		if !ok {
			v.err = errors.New("packets of the connection are missing, so its bytes cannot be joined")
		}
		line, _, _ := message.CutLine(text[:min(len(text), message.MaxLine)])
		_, answer := message.StatusLine(line)
		v.put(map[bool]int{true: 1}[answer], text)
	}
	return b
}

// joined puts the segments together, each byte once.
func (f *flow) joined(inOrder bool) ([]byte, bool) {
	first := f.parts[0].seq
	if !inOrder {
		slices.SortStableFunc(f.parts, func(a, b segment) int { return int(int32(a.seq - b.seq)) })
		first = f.parts[0].seq
	}
	var out []byte
	for _, p := range f.parts {
		if inOrder {
			out = append(out, p.text...)
			continue
		}
		at := int(int32(p.seq - first))
		switch {
		case at > len(out):
			return out, false
		case at+len(p.text) > len(out):
			out = append(out, p.text[len(out)-at:]...)
		}
	}
	return out, true
}

// textPayload is what a packet holds behind its header, as tcpdump -A shows it.
func textPayload(text []byte, size int) []byte {
	line := text
	for at := 0; at < len(text); {
		line = message.FirstLine(text[at:])
		if i := message.MessageIn(strings.TrimSuffix(string(line[:min(len(line), message.MaxLine)]), "\r")); i >= 0 && at < 128 {
			return text[at+i:]
		}
		at += len(line) + 1
	}
	if head := len(text) - size; head >= 40 && head <= 120 {
		return text[head:]
	}
	return nil
}

// packetOf is the packet that rows "0x0000:  4500 ..." show.
func packetOf(text []byte) (packet []byte, ok bool) {
	for line := range bytes.Lines(text) {
		row := strings.TrimSpace(string(line[:min(len(line), 256)]))
		if row == "" {
			continue
		}
		if !strings.HasPrefix(row, "0x") {
			return packet, len(packet) > 0
		}
		r, valid := parseHexRow(row)
		at, err := strconv.ParseUint(r.offset, 16, 31)
		if !valid || err != nil || int(at) != len(packet) {
			return nil, false
		}
		packet = append(packet, r.data...)
	}
	return packet, len(packet) > 0
}

// tcpPayload takes a packet apart. What is not TCP has no payload.
func tcpPayload(p []byte) (name string, seq uint32, payload []byte, err error) {
	if len(p) > 14 && p[0]>>4 != 4 && p[0]>>4 != 6 || len(p) > 34 && (p[12] == 8 && p[13] == 0 && p[14]>>4 == 4 || p[12] == 0x86 && p[13] == 0xdd) {
		p = p[14:] // of Ethernet
	}
	short := errors.New("a packet is cut off: capture whole packets with tcpdump -s 0")
	var addresses []byte
	switch {
	case len(p) >= 20 && p[0]>>4 == 4:
		head, total := int(p[0]&15)*4, int(binary.BigEndian.Uint16(p[2:]))
		if p[9] != 6 || head < 20 {
			return "", 0, nil, nil
		}
		if total == 0 {
			total = len(p) // left to the network card
		}
		if total > len(p) || head > total {
			return "", 0, nil, short
		}
		addresses, p = p[12:20], p[head:total]
	case len(p) >= 40 && p[0]>>4 == 6:
		total := int(binary.BigEndian.Uint16(p[4:])) + 40
		if p[6] != 6 {
			return "", 0, nil, nil
		}
		if total > len(p) {
			return "", 0, nil, short
		}
		addresses, p = p[8:40], p[40:total]
	default:
		return "", 0, nil, nil
	}
	if len(p) < 20 || len(p) < int(p[12]>>4)*4 {
		return "", 0, nil, short
	}
	return fmt.Sprintf("%x %x", addresses, p[:4]), binary.BigEndian.Uint32(p[4:]), p[int(p[12]>>4)*4:], nil
}
