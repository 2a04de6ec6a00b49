package printed

import (
	"bytes"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// PHP's print_r has no quotes: a member goes on to the next line that has a name at
// its own indent.
//
//	Array
//	(
//	    [name] => value
//	)

// printREnd returns the end of what print_r prints at i; 0 where there is none.
func (t *printedText) printREnd(i int) int {
	open := t.printROpen(i)
	if open == 0 || t.left <= 0 {
		return 0
	}
	from, _ := lineAt(t.b, open)
	closing := append([]byte("\n"), t.b[from:open]...)
	closing = append(closing, ')')
	at := open
	for {
		n := bytes.Index(t.b[at:], closing)
		if n < 0 {
			t.left -= len(t.b) - i
			return 0
		}
		at += n + len(closing)
		if at == len(t.b) || t.b[at] == '\n' || t.b[at] == '\r' || t.b[at] == ' ' {
			t.left -= at - i
			return at
		}
	}
}

// printROpen returns where the bracket of "Array\n(" is; 0 where there is none.
func (t *printedText) printROpen(i int) int {
	if !bytes.HasPrefix(t.b[i:], []byte("Array")) {
		return 0
	}
	at := i + len("Array")
	for at < len(t.b) && isBlank(t.b[at]) || at < len(t.b) && t.b[at] == '\r' {
		at++
	}
	if at >= len(t.b) || t.b[at] != '\n' {
		return 0
	}
	for at < len(t.b) && isSpace(t.b[at]) {
		at++
	}
	if at >= len(t.b) || t.b[at] != '(' {
		return 0
	}
	return at
}

// printR finds headers in the print from..to.
func (p *prints) printR(t *printedText, from, to, depth int) []printedHead {
	type member struct {
		name     string
		from, to int
	}
	open := t.printROpen(from)
	if open == 0 || depth >= maxPrintDepth {
		return nil
	}
	var members []member
	indent := ""
	at := open + 1
	for at < to {
		first, last := lineAt(t.b, at)
		line := string(t.b[max(first, at):min(last, to)])
		text := strings.TrimLeft(line, " ")
		own := line[:len(line)-len(text)]
		name, value, ok := strings.Cut(text, "] =>")
		if ok && strings.HasPrefix(name, "[") && (len(members) == 0 || own == indent) {
			indent = own
			valueAt := min(last, to) - len(value)
			if len(value) > 0 && value[0] == ' ' {
				valueAt++
			}
			members = append(members, member{name[1:], valueAt, min(last, to)})
			if len(members) > maxPrintMembers {
				return nil
			}
		} else if n := len(members); n > 0 && last < to {
			members[n-1].to = last
		}
		at = last + 1
	}
	var found []printedHead
	var h printedHead
	var bodies []printedBody
	ok := false
	for _, m := range members {
		name, signature := p.signatureName(m.name)
		value := string(t.b[m.from:min(m.to, m.from+message.MaxLine)])
		switch nested := t.printREnd(m.from); {
		case nested > 0 && nested <= to && !signature && !bytes.Contains(t.b[m.from:nested], []byte("[0] => ")):
			inside := p.printR(t, m.from, nested, depth+1)
			if len(inside) == 0 && isBodyName(m.name) {
				bodies = append(bodies, printedBody{t: t, from: m.from, to: nested, rank: rankPrint})
			}
			found = append(found, inside...)
			continue
		case nested > 0 && nested <= to: // a list of values
			inside := p.printR(t, m.from, nested, depth+1)
			if found = append(found, inside...); len(inside) > 0 {
				continue
			}
			first := bytes.Index(t.b[m.from:nested], []byte("[0] => "))
			if first < 0 {
				continue
			}
			from, to := lineAt(t.b, m.from+first)
			_, value, _ = strings.Cut(string(t.b[from:to]), "=> ")
		case isBodyName(m.name):
			rank := rankLabelled
			if strings.Contains(strings.ToLower(m.name), "raw") {
				rank = rankRaw
			}
			if m.to > m.from && t.b[m.to-1] == '\r' && message.LineEnd(t.b[open+1:]) == 2 {
				m.to--
			}
			bodies = append(bodies, printedBody{t: t, from: m.from, to: m.to, rank: rank})
			continue
		}
		value = strings.TrimRight(value, "\r\n")
		if !signature {
			if name = headerName(m.name); name == "" {
				continue
			}
		}
		ok = ok || signature && likeSignature(value)
		h.header = append(h.header, recorded.Field{Name: name, Value: value})
	}
	if ok {
		h.bodies = bodies
		return []printedHead{h}
	}
	if len(found) == 1 && len(found[0].bodies) == 0 {
		found[0].bodies = bodies
	}
	return found
}
