package capture

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
)

// recorders write a request and its answer as tools do.
var recorders = []struct {
	name  string
	write func(head, body, answer string) string
	// text says that bytes that cannot be shown are lost.
	text bool
}{
	{"curl --trace", func(head, body, answer string) string {
		return "== Info:   Trying 127.0.0.1:80...\n=> Send header, " + traceOf(head, true) + "=> Send data, " + traceOf(body, true) + "== Info: upload completely sent off\n" +
			"<= Recv header, " + traceOf("HTTP/1.1 200 OK\r\n", true) + "<= Recv header, " + traceOf("\r\n", true) + "<= Recv data, " + traceOf(answer, true) + "== Info: Connection #0 left intact\n"
	}, false},
	{"curl --trace with times", func(head, body, answer string) string {
		const at = "12:00:00.123456 [0-0] "
		return at + "== Info: x\n" + at + "=> Send header, " + traceOf(head, true) + at + "=> Send data, " + traceOf(body, true) + at + "<= Recv header, " + traceOf("HTTP/1.1 200 OK\r\n\r\n", true) + at + "<= Recv data, " + traceOf(answer, true) + answer + "\n"
	}, false},
	{"curl --trace-ascii", func(head, body, answer string) string {
		return "== Info: x\n=> Send header, " + traceOf(head, false) + "=> Send data, " + traceOf(body, false) + "<= Recv header, " + traceOf("HTTP/1.1 200 OK\r\n\r\n", false) + "<= Recv data, " + traceOf(answer, false)
	}, true},
	{"xxd", func(head, body, _ string) string { return xxd(head+body, 2, ": ", "  ", "") }, false},
	{"xxd -g1", func(head, body, _ string) string { return xxd(head+body, 1, ": ", "  ", "") }, false},
	{"hexdump -C", func(head, body, _ string) string {
		return strings.TrimRight(hex.Dump([]byte(head+body)), "\n") + fmt.Sprintf("\n%08x\n", len(head+body))
	}, false},
	{"Wireshark", func(head, body, answer string) string {
		return xxd(head+body, -1, "  ", "   ", "") + xxd("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", -1, "  ", "   ", "    ")
	}, false},
	{"socat -v", func(head, body, answer string) string {
		return socatOf('>', head, 0) + socatText(head) + "\n" + socatOf('>', body, len(head)) + socatText(body) + socatOf('<', "HTTP/1.1 200 OK\r\n\r\n", 0) + socatText("HTTP/1.1 200 OK\r\n\r\n")
	}, true},
	{"socat -x", func(head, body, answer string) string {
		return socatOf('>', head+body, 0) + socatHexOf(head+body) + socatOf('<', "HTTP/1.1 200 OK\r\n\r\n", 0) + socatHexOf("HTTP/1.1 200 OK\r\n\r\n")
	}, false},
	{"tcpdump -X", func(head, body, _ string) string {
		all := head + body
		cut := len(all) * 2 / 3
		return packetText("", 0, 1, "", false) + packetText(all[cut:], 1, uint32(1000+cut), all[cut:], false) + packetText(all[:cut], 1, 1000, all[:cut], false) + strings.Replace(packetText(all[:cut], 1, 1000, all[:cut], false), ":00.1", ":01.1", 1) + packetText("HTTP/1.1 200 OK\r\n\r\n", 2, 1, "HTTP/1.1 200 OK\r\n\r\n", false)
	}, false},
	{"tcpdump -A", func(head, body, _ string) string {
		return packetText("", 0, 1, "", true) + packetText(head, 1, 1000, head, true) + packetText(body, 1, 2000, body, true) + packetText("HTTP/1.1 200 OK\r\n\r\n", 2, 1, "HTTP/1.1 200 OK\r\n\r\n", true)
	}, true},
	{"tshark", func(head, body, _ string) string {
		const rule = "===================================================================\n"
		return rule + "Follow: tcp,ascii\nFilter: tcp.stream eq 0\nNode 0: 127.0.0.1:5\nNode 1: 127.0.0.1:80\n" + fmt.Sprintf("%d\n%s\n%d\n%s\n", len(head), head, len(body), body) + "\t19\nHTTP/1.1 200 OK\r\n\r\n\n" + rule
	}, false},
	{"mitmdump", func(head, body, answer string) string {
		_, fields, _ := strings.Cut(strings.ReplaceAll(head, "\r\n", "\n"), "\n")
		return "127.0.0.1:54038: POST http://example.com/hook\n" + prefixLines(strings.TrimRight(fields, "\n"), "    ") + "\n\n" + prefixLines(body, "    ") + "\n\n << 200 OK 2b\n    Server: x\n\n    ok\n\n"
	}, true},
}

// traceOf is after curl's tool_cb_dbg.c.
func traceOf(text string, asHex bool) string {
	out := fmt.Sprintf("%d bytes (0x%x)\n", len(text), len(text))
	width := 64
	if asHex {
		width = 16
	}
	for i := 0; i < len(text); i += width {
		out += fmt.Sprintf("%04x: ", i)
		if asHex {
			for c := range width {
				if i+c < len(text) {
					out += fmt.Sprintf("%02x ", text[i+c])
				} else {
					out += "   "
				}
			}
		}
		for c := 0; c < width && i+c < len(text); c++ {
			if !asHex && strings.HasPrefix(text[i+c:], "\r\n") {
				i += c + 2 - width
				break
			}
			if ch := text[i+c]; ch >= 0x20 && ch < 0x80 {
				out += string(ch)
			} else {
				out += "."
			}
			if !asHex && strings.HasPrefix(text[min(len(text), i+c+1):], "\r\n") {
				i += c + 3 - width
				break
			}
		}
		out += "\n"
	}
	return out
}

func shown(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '.'
		}
		return r
	}, string([]rune(strings.ToValidUTF8(text, "."))))
}

// xxd writes rows; groups of -1 are single bytes with a gap in the middle.
func xxd(text string, group int, colon, gap, indent string) string {
	var out strings.Builder
	for i := 0; i < len(text); i += 16 {
		row := text[i:min(len(text), i+16)]
		var h strings.Builder
		for c := range len(row) {
			if c > 0 && (group < 0 || c%group == 0) {
				h.WriteByte(' ')
			}
			if group < 0 && c == 8 {
				h.WriteByte(' ')
			}
			fmt.Fprintf(&h, "%02x", row[c])
		}
		width := 39
		if group != 2 {
			width = 47
		}
		if group < 0 {
			width++
		}
		var ascii strings.Builder
		for _, c := range []byte(row) {
			if c < 0x20 || c > 0x7e {
				c = '.'
			}
			ascii.WriteByte(c)
		}
		fmt.Fprintf(&out, "%s%08x%s%-*s%s%s\n", indent, i, colon, width, h.String(), gap, ascii.String())
	}
	return out.String()
}

func socatOf(direction byte, text string, from int) string {
	return fmt.Sprintf("%c 2026/11/28 12:00:00.123456  length=%d from=%d to=%d\n", direction, len(text), from, from+len(text)-1)
}

func socatText(text string) string {
	return strings.NewReplacer("\r", `\r`, `\`, `\\`, "\t", `\t`).Replace(text)
}

func socatHexOf(text string) string {
	var out strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&out, " %02x", c)
	}
	return out.String() + "\n--\n"
}

// packetText is a packet as tcpdump -X or -A shows it.
func packetText(payload string, direction int, seq uint32, _ string, text bool) string {
	ip := []byte{0x45, 0, 0, 0, 1, 2, 0x40, 0, 64, 6, 9, 9}
	a, b := net.IPv4(127, 0, 0, 1).To4(), net.IPv4(10, 0, 0, 2).To4()
	from, to := uint16(40000), uint16(8080)
	if direction == 2 {
		a, b, from, to = b, a, to, from
	}
	ip = append(append(ip, a...), b...)
	tcp := binary.BigEndian.AppendUint16(nil, from)
	tcp = binary.BigEndian.AppendUint16(tcp, to)
	tcp = binary.BigEndian.AppendUint32(tcp, seq)
	tcp = append(tcp, 0, 0, 0, 1, 0x80, 0x18, 2, 0, 10, 10, 0, 0, 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8)
	packet := append(append(ip, tcp...), payload...)
	binary.BigEndian.PutUint16(packet[2:], uint16(len(packet)))
	out := fmt.Sprintf("12:00:00.123456 IP %v.%d > %v.%d: Flags [P.], seq %d:%d, ack 1, win 512, length %d: HTTP\n", net.IP(a), from, net.IP(b), to, seq, int(seq)+len(payload), len(payload))
	if !text {
		for i := 0; i < len(packet); i += 16 {
			row := packet[i:min(len(packet), i+16)]
			var h strings.Builder
			for c, v := range row {
				if c > 0 && c%2 == 0 {
					h.WriteByte(' ')
				}
				fmt.Fprintf(&h, "%02x", v)
			}
			out += fmt.Sprintf("\t0x%04x:  %-39s  %s\n", i, h.String(), "................"[:len(row)])
		}
		return out
	}
	for i, c := range packet {
		switch {
		case c == '\r' && i+1 < len(packet) && packet[i+1] == '\n':
		case c == '\n', c == '\t', c >= 0x20 && c < 0x7f:
			out += string(rune(c))
		default:
			out += "."
		}
	}
	return out + "\n"
}

func TestRecorders(t *testing.T) {
	norace.Only(t)
	for _, rec := range recorders {
		t.Run(rec.name, func(t *testing.T) {
			for _, body := range append(nasty(), strings.Repeat(`{"a":"0123456789"},`, 100)) {
				if rec.text && (shown(body) != body || rec.name == "socat -v" && false) {
					continue
				}
				for _, length := range []bool{true, false} {
					said := ""
					if length {
						said = fmt.Sprintf("Content-Length: %d\r\n", len(body))
					}
					head := "POST /hook HTTP/1.1\r\nHost: example.com\r\nX-Wunder-Signature: sha256=" + testDigest + "\r\n" + said + "\r\n"
					one := rec.write(head, body, "{\"ok\":true}")
					for n, text := range []string{one, one + one} {
						if n == 1 && !length && !strings.HasPrefix(rec.name, "curl") {
							continue
						}
						rows := commandRows(t, "", text)
						if len(rows) != n+1 {
							t.Fatalf("length %v: %d rows of\n%s\n%s", length, len(rows), text, describe(rows))
						}
						for _, r := range rows {
							if r.err != nil || string(r.Body) != body {
								t.Fatalf("length %v:\n%s\n%s\nwant %q", length, text, describe(rows), body)
							}
						}
					}
				}
			}
		})
	}
}

// The tools themselves, where they are installed.
func TestRealDumps(t *testing.T) {
	body := "{\"a\":\"ünï\"}\n\x00\xff" + strings.Repeat("A", 200)
	text := fmt.Sprintf("POST /hook HTTP/1.1\r\nX-Wunder-Signature: sha256=%s\r\nContent-Length: %d\r\n\r\n%s", testDigest, len(body), body)
	for _, command := range []string{"xxd", "xxd -g1", "xxd -c 8", "xxd -u", "xxd -e -g 4", "hexdump -C", "hexdump", "od -A x -t x1z", "od -t x1", "od -A d -t x1", "od -x", "od -A x -t x1"} {
		words := strings.Fields(command)
		path, err := exec.LookPath(words[0])
		if err != nil {
			continue
		}
		c := exec.Command(path, words[1:]...)
		c.Stdin = strings.NewReader(text)
		out, err := c.Output()
		if err != nil {
			t.Logf("%s: %v", command, err)
			continue
		}
		rows := commandRows(t, "", string(out))
		if command == "xxd -e -g 4" && (len(rows) != 1 || string(rows[0].Body) != body) {
			t.Log("xxd -e is not read")
			continue
		}
		if len(rows) != 1 || rows[0].err != nil || string(rows[0].Body) != body {
			t.Errorf("%s:\n%s\n%s", command, out, describe(rows))
		}
	}
	if curl, err := exec.LookPath("curl"); err == nil {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Skip(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				buf := make([]byte, 64<<10)
				var got []byte
				for !bytes.HasSuffix(got, []byte(body)) {
					n, err := c.Read(buf)
					if err != nil {
						break
					}
					got = append(got, buf[:n]...)
				}
				_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{\"ok\":true}"))
				_ = c.Close()
			}
		}()
		dir := t.TempDir()
		file := filepath.Join(dir, "b")
		if err := writeTest(file, body); err != nil {
			t.Fatal(err)
		}
		for _, option := range []string{"--trace -", "--trace-time --trace -"} {
			out, err := exec.Command(curl, append(strings.Fields("-s "+option), "-H", "X-Wunder-Signature: sha256="+testDigest, "--data-binary", "@"+file, "http://"+l.Addr().String()+"/hook")...).Output()
			if err != nil {
				t.Fatal(err)
			}
			rows := commandRows(t, "", string(out))
			if len(rows) != 1 || rows[0].err != nil || string(rows[0].Body) != body {
				t.Errorf("%s:\n%s\n%s", option, out, describe(rows))
			}
		}
	}
}

func writeTest(name, text string) error { return os.WriteFile(name, []byte(text), 0o600) }
