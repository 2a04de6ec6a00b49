package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

func TestScreen(t *testing.T) {
	t.Parallel()
	lines, err := screen("\x1b[1;32mVALID\x1b[0m  a b   <&>\n\nno \x1b[31mcolour\x1b[39m \x1b[2mat\x1b[22m end")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, line := range lines {
		for _, r := range line {
			got = append(got, fmt.Sprintf("%d:%d %q%s", i, r.at, r.text, r.classes()))
		}
	}
	want := []string{
		`0:0 "VALID" class="bold c32"`, `0:7 "a b"`, `0:13 "<&>"`,
		`2:0 "no"`, `2:3 "colour" class="c31"`, `2:10 "at" class="dim"`, `2:13 "end"`,
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
	lines, err = screen(strings.Repeat("x", 81) + "\n")
	if err != nil || len(lines) != 2 || lines[1][0].text != "x" || lines[1][0].at != 0 {
		t.Errorf("%v, %v", lines, err)
	}
	for _, wrong := range []string{"\x1b[5mblink", "\x1b[2Kline", "a\tb", "a\rb"} {
		if _, err := screen(wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

// TestPicture reads a picture as XML: text is text in it, whatever it holds.
func TestPicture(t *testing.T) {
	t.Parallel()
	lines, err := screen("$ echo '</text><script>alert(1)</script>' \"&amp;\"")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range palettes {
		text, elements := "", map[string]int{}
		d := xml.NewDecoder(strings.NewReader(string(p.picture(`a "title" <x>`, lines))))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			switch token := token.(type) {
			case xml.StartElement:
				elements[token.Name.Local]++
			case xml.CharData:
				text += string(token)
			}
		}
		if elements["script"] != 0 || elements["text"] != 1 || elements["title"] != 1 || elements["image"] != 0 {
			t.Errorf("%s: the elements are %v", p.name, elements)
		}
		for _, want := range []string{`a "title" <x>`, `$ echo '</text><script>alert(1)</script>' "&amp;"`} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in %q", p.name, want, text)
			}
		}
	}
}

// TestContrast counts, as WCAG does, how much text stands out from what is behind it.
func TestContrast(t *testing.T) {
	t.Parallel()
	for _, p := range palettes {
		colours := map[string]string{"text": p.text, "dim": p.dim}
		for code, colour := range p.colours {
			colours[code] = colour
		}
		for name, colour := range colours {
			a, b := luminance(t, colour), luminance(t, p.back)
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s of %s stands out %.2f to 1", p.name, colour, name, ratio)
			}
		}
	}
}

func luminance(t *testing.T, colour string) (sum float64) {
	t.Helper()
	var rgb [3]uint8
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2]); err != nil {
		t.Fatalf("%s: %v", colour, err)
	}
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := float64(rgb[i]) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
