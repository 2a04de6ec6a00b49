package diagnosis

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// What programs on the way put around a body, or take off it.

const (
	// maxUnpacked bounds what a compressed body may become.
	maxUnpacked = 4 << 20
	// maxParts bounds the parts of a body that are tried by themselves.
	maxParts = 48
	// maxWrapping is how deep they are looked for: {"Records": [{"body": ...}]}.
	maxWrapping = 6
)

// unwrapped yields what may have been signed of a body that something was put
// around, and last the body put into a JSON string.
func unwrapped(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, parts := range []func([]byte) [][]byte{jsonParts, afterHead, joinedChunks, multipartParts, inText} {
			for _, part := range parts(b) {
				if len(part) == 0 || bytes.Equal(part, b) {
					continue
				}
				if !yield(part) {
					return
				}
				if looksCompressed(part) {
					for form := range decompressed(part) {
						if !yield(form) {
							return
						}
					}
				}
				forms := jsonUnescaped
				if b[0] == '"' { // written again before it became a string
					forms = jsonCommon
				}
				for form := range forms(parse(part)) {
					if !bytes.Equal(form, part) && !yield(form) {
						return
					}
				}
			}
		}
		if len(b) > wholeBody {
			return
		}
		if quoted, err := json.Marshal(string(b)); err == nil && yield(quoted) {
			yield(escaper("", false, "0123456789abcdef")(quoted))
		}
	}
}

// jsonParts is the text of a JSON string, or the members and elements of a
// document down to some levels: texts unquoted, objects as they stand.
func jsonParts(b []byte) [][]byte {
	var parts [][]byte
	var look func(raw []byte, depth int)
	within := func(raw []byte, depth, most int) {
		jsontext.Each(raw, func(_ []byte, from, to int) bool {
			look(raw[from:to], depth)
			most--
			return most > 0
		})
	}
	look = func(raw []byte, depth int) {
		raw = bytes.TrimSpace(raw)
		if len(raw) == 0 || len(parts) >= maxParts || depth > maxWrapping {
			return
		}
		switch raw[0] {
		case '"':
			var s string
			if json.Unmarshal(raw, &s) == nil {
				parts = append(parts, []byte(s))
				if text := strings.TrimSpace(s); text != "" && strings.IndexByte(`{["`, text[0]) >= 0 && json.Valid([]byte(text)) {
					look([]byte(text), depth+1)
				}
				if out, ok := decodeText([]byte(s)); ok && (len(out) > 16 || jsonShaped(out)) {
					parts = append(parts, out)
				}
			}
		case '{':
			if depth > 0 {
				parts = append(parts, raw)
			}
			within(raw, depth+1, maxParts)
		case '[':
			if depth > 0 {
				parts = append(parts, raw)
			}
			if out, ok := octets(raw); ok {
				parts = append(parts, out)
			}
			within(raw, depth+1, 4)
		}
	}
	if len(b) <= maxJSON && json.Valid(b) {
		look(b, 0)
	}
	return parts
}

// octets takes a list of numbers for bytes, as JSON.stringify writes a Buffer.
func octets(list []byte) ([]byte, bool) {
	var numbers []uint8
	var wide []uint16 // encoding/json takes []uint8 for base64
	if json.Unmarshal(list, &wide) != nil || len(wide) < 2 {
		return nil, false
	}
	for _, n := range wide {
		if n > 0xff {
			return nil, false
		}
		numbers = append(numbers, uint8(n))
	}
	return numbers, true
}

// inText is the JSON in a text around it: a log line, whose time may be in brackets, a
// code block, a call, another document before it.
func inText(b []byte) [][]byte {
	var parts [][]byte
	for _, brackets := range []struct{ open, close string }{{"{[", "}]"}, {"{", "}"}} {
		start, end := bytes.IndexAny(b, brackets.open), bytes.LastIndexAny(b, brackets.close)
		if start >= 0 && end >= start && (parts == nil || len(parts[0]) != end+1-start) && len(bytes.TrimFunc(b[:start], invisible))+len(bytes.TrimFunc(b[end+1:], invisible)) > 0 {
			parts = append(parts, b[start:end+1])
		}
	}
	if first := firstJSON(b); first > 0 {
		parts = append(parts, bytes.TrimSpace(b[first:]))
	}
	if text, ok := bytes.CutPrefix(b, []byte("b'")); ok && len(b) <= wholeBody {
		if plain, err := strconv.Unquote(`"` + strings.NewReplacer(`"`, `\"`, `\'`, `'`).Replace(string(bytes.TrimRight(text, "'\r\n"))) + `"`); err == nil {
			parts = append(parts, []byte(plain)) // as Python prints bytes
		}
	}
	return parts
}

// firstJSON is where the first document in b ends, if more than white space
// follows; else 0.
func firstJSON(b []byte) int {
	if len(b) > maxJSON || !jsonShaped(b) {
		return 0
	}
	end := jsontext.SkipValue(b, jsontext.SkipSpace(b, 0))
	if end < 0 || !json.Valid(b[:end]) || withoutEscapedEnd(string(bytes.TrimFunc(b[end:min(len(b), end+mostQuoted)], invisible))) == "" {
		return 0
	}
	return end
}

// decodeText takes padded or unpadded base64 of either alphabet.
func decodeText(s []byte) ([]byte, bool) {
	const telling = 64 // characters: most texts are none by then, and need no memory
	s = bytes.TrimRight(bytes.TrimSpace(s), "=")
	head := s[:min(len(s), telling)]
	if _, err := jsontext.DecodeBase64(bytes.Clone(head)); err != nil && !bytes.ContainsAny(head, "\r\n") {
		return nil, false
	}
	out, err := jsontext.DecodeBase64(bytes.Clone(s))
	return out, err == nil && len(out) > 0
}

// afterHead is what follows a blank line, where the text before it looks like
// the head of a request.
func afterHead(b []byte) [][]byte {
	for _, blank := range []string{"\r\n\r\n", "\n\n"} {
		head, body, ok := bytes.Cut(b, []byte(blank))
		if ok && len(head) < 64<<10 && bytes.Contains(head, []byte(": ")) && head[0] != '{' && head[0] != '[' {
			return append([][]byte{body}, joinedChunks(body)...)
		}
	}
	return nil
}

// joinedChunks undoes chunked transfer coding.
func joinedChunks(b []byte) [][]byte {
	var body []byte
	for rest := b; ; {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		size, _, _ := strings.Cut(strings.TrimRight(string(line), "\r"), ";")
		n, err := strconv.ParseUint(strings.TrimSpace(size), 16, 31)
		if err != nil && len(rest) == 0 {
			return [][]byte{body} // the last chunk is missing
		}
		if err != nil || n > uint64(len(after)) {
			return nil
		}
		if n == 0 {
			return [][]byte{body}
		}
		if body == nil {
			body = make([]byte, 0, len(rest))
		}
		body = append(body, after[:n]...)
		rest = bytes.TrimPrefix(bytes.TrimPrefix(after[n:], []byte("\r")), []byte("\n"))
	}
}

// multipartParts is the contents of a multipart body, told by its first line.
func multipartParts(b []byte) [][]byte {
	line, _, ok := bytes.Cut(b, []byte("\n"))
	boundary := bytes.TrimRight(line, "\r")
	if !ok || len(boundary) < 3 || !bytes.HasPrefix(boundary, []byte("--")) {
		return nil
	}
	var parts [][]byte
	for part := range bytes.SplitSeq(b, boundary) {
		if len(parts) >= maxParts {
			break
		}
		for _, blank := range []string{"\r\n\r\n", "\n\n"} {
			if _, content, ok := bytes.Cut(part, []byte(blank)); ok {
				parts = append(parts, bytes.TrimSuffix(bytes.TrimSuffix(content, []byte("\n")), []byte("\r")))
				break
			}
		}
	}
	return parts
}
