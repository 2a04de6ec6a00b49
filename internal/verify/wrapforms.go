package verify

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"io"
	"iter"
	"net/url"
	"strconv"
	"strings"
)

// What programs on the way put around a body, or take off it.

const (
	// maxUnpacked bounds what a compressed body may become.
	maxUnpacked = 4 << 20
	// maxParts bounds the parts of a body that are tried by themselves.
	maxParts = 48
	// maxWrapping is how deep they are looked for: {"Records": [{"body": ...}]}.
	maxWrapping = 3
)

// unwrapped yields what may have been signed of a body that something was put
// around, and last the body put into a JSON string.
func unwrapped(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, parts := range []func([]byte) [][]byte{jsonParts, afterHead, joinedChunks, multipartParts} {
			for _, part := range parts(b) {
				if len(part) == 0 || bytes.Equal(part, b) {
					continue
				}
				if !yield(part) {
					return
				}
				if list, tail := tokens(part); list != nil {
					if form := write(list, tail, compact, nil, nil); !bytes.Equal(form, part) && !yield(form) {
						return
					}
				}
			}
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
	var look func(raw json.RawMessage, depth int)
	look = func(raw json.RawMessage, depth int) {
		raw = bytes.TrimSpace(raw)
		if len(raw) == 0 || len(parts) >= maxParts {
			return
		}
		switch raw[0] {
		case '"':
			var s string
			if json.Unmarshal(raw, &s) == nil {
				parts = append(parts, []byte(s))
				if text := strings.TrimSpace(s); depth < maxWrapping && text != "" && strings.IndexByte(`{["`, text[0]) >= 0 && json.Valid([]byte(text)) {
					look(json.RawMessage(text), depth+1)
				}
				if out, ok := decodeText(s); ok && len(out) > 16 {
					parts = append(parts, out)
				}
			}
		case '{':
			if depth > 0 {
				parts = append(parts, raw)
			}
			for _, value := range memberValues(raw) {
				if depth < maxWrapping {
					look(value, depth+1)
				}
			}
		case '[':
			if depth > 0 {
				parts = append(parts, raw)
			}
			var list []json.RawMessage
			if depth < maxWrapping && json.Unmarshal(raw, &list) == nil {
				for _, value := range list[:min(len(list), 4)] {
					look(value, depth+1)
				}
			}
		}
	}
	if len(b) <= maxJSON && json.Valid(b) {
		look(b, 0)
	}
	return parts
}

// memberValues is the values of an object's members, in their order.
func memberValues(object []byte) []json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return nil
	}
	var values []json.RawMessage
	for d.More() && len(values) < maxParts {
		if _, err := d.Token(); err != nil {
			return values
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return values
		}
		values = append(values, value)
	}
	return values
}

// decodeText takes padded or unpadded base64 of either alphabet.
func decodeText(s string) ([]byte, bool) {
	bare := strings.TrimRight(strings.TrimSpace(s), "=")
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if out, err := enc.DecodeString(bare); err == nil && len(out) > 0 {
			return out, true
		}
	}
	return nil, false
}

// afterHead is what follows a blank line, where the text before it looks like
// the head of a request.
func afterHead(b []byte) [][]byte {
	for _, blank := range []string{"\r\n\r\n", "\n\n"} {
		head, body, ok := bytes.Cut(b, []byte(blank))
		if ok && len(head) < 64<<10 && bytes.Contains(head, []byte(": ")) && len(head) > 0 && head[0] != '{' && head[0] != '[' {
			return append([][]byte{body}, joinedChunks(body)...)
		}
	}
	return nil
}

// joinedChunks undoes chunked transfer coding.
func joinedChunks(b []byte) [][]byte {
	var body []byte
	for rest := b; ; {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		size, _, _ := strings.Cut(strings.TrimRight(string(line), "\r"), ";")
		n, err := strconv.ParseUint(strings.TrimSpace(size), 16, 31)
		if err != nil || !ok && n > 0 || n > uint64(len(after)) {
			return nil
		}
		if n == 0 {
			return [][]byte{body}
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

// formEncoded undoes and redoes URL encoding: of the whole body, and of the
// fields of a form.
func formEncoded(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		text := string(b)
		try := func(form string) bool { return form == text || form == "" || yield([]byte(form)) }
		if strings.ContainsAny(text, "%+=") {
			if plain, err := url.QueryUnescape(text); err == nil && !try(plain) {
				return
			}
			if plain, err := url.PathUnescape(text); err == nil && !try(plain) {
				return
			}
			n := 0
			for field := range strings.SplitSeq(strings.TrimRight(text, "\r\n"), "&") {
				_, value, _ := strings.Cut(field, "=")
				for _, unescape := range []func(string) (string, error){url.QueryUnescape, url.PathUnescape} {
					if plain, err := unescape(value); err == nil && !try(plain) {
						return
					}
				}
				if n++; n == maxParts {
					break
				}
			}
			for _, form := range []string{strings.ReplaceAll(text, "+", "%20"), strings.ReplaceAll(text, "%20", "+"),
				percentCase(text, strings.ToUpper), percentCase(text, strings.ToLower)} {
				if !try(form) {
					return
				}
			}
		}
		escaped := url.QueryEscape(text)
		for _, form := range []string{escaped, "payload=" + escaped, "data=" + escaped, "body=" + escaped,
			strings.ReplaceAll(escaped, "+", "%20"), "payload=" + strings.ReplaceAll(escaped, "+", "%20")} {
			if !try(form) {
				return
			}
		}
	}
}

// percentCase sets the case of the digits after each per cent sign.
func percentCase(s string, change func(string) string) string {
	out := []byte(s)
	for i := 0; i+2 < len(out); i++ {
		if out[i] == '%' {
			copy(out[i+1:], change(string(out[i+1:i+3])))
			i += 2
		}
	}
	return string(out)
}

// decompressed is what a compressed body holds, also if it is base64 of one.
func decompressed(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		forms := [][]byte{b}
		if out, ok := decodeText(string(b)); ok {
			forms = append(forms, out)
		}
		for _, form := range forms {
			if !looksCompressed(form) {
				continue
			}
			for _, open := range []func(io.Reader) (io.Reader, error){
				func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
				func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
				func(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil },
			} {
				r, err := open(bytes.NewReader(form))
				if err != nil {
					continue
				}
				out, err := io.ReadAll(io.LimitReader(r, maxUnpacked))
				if err == nil && len(out) > 0 && !yield(out) {
					return
				}
			}
		}
	}
}

// looksCompressed reports whether b begins as gzip or zlib does, or not as text.
func looksCompressed(b []byte) bool {
	switch {
	case len(b) < 4:
		return false
	case b[0] == 0x1f && b[1] == 0x8b, b[0]&0x0f == 8 && (int(b[0])<<8|int(b[1]))%31 == 0:
		return true
	}
	for _, c := range b[:4] {
		if c < 0x09 || c >= 0x0e && c < 0x20 || c >= 0xf8 {
			return true
		}
	}
	// What is no text in its first characters, such as raw deflate.
	return b[0] >= 0x80 && (b[0] < 0xc2 || b[1]&0xc0 != 0x80)
}
