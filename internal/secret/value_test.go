package secret

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const canary = "c4n4ry-s3cr3t"

type nested struct {
	Exported   Value
	unexported Value
	Ptr        *Value
	ptr        *Value
	Map        map[string]Value
	list       []Value
	Any        any
	array      [2]Value
	inner      struct{ deep struct{ v Value } }
}

// shapes are all the places where a value may sit.
func shapes() map[string]any {
	v := New(canary)
	n := nested{
		Exported: v, unexported: v, Ptr: &v, ptr: &v, Any: v,
		Map: map[string]Value{"k": v}, list: []Value{v}, array: [2]Value{v, v},
	}
	n.inner.deep.v = v
	return map[string]any{
		"value": v, "pointer": &v, "slice": []Value{v}, "pointers": []*Value{&v},
		"map": map[string]Value{"k": v}, "struct": n, "struct pointer": &n, "structs": []nested{n},
		"record": Record{Secret: v}, "credential": Credential{Fields: map[string]Value{"api_key": v}},
		"error": fmt.Errorf("with %w and %v", errors.New("x"), v),
	}
}

func leaks(t *testing.T, how, out string) {
	t.Helper()
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary), fmt.Sprint([]byte(canary))} {
		if strings.Contains(out, form) {
			t.Errorf("%s shows the text: %s", how, out)
		}
	}
}

func TestValueIsNeverPrinted(t *testing.T) {
	t.Parallel()
	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c", "%U", "%e", "%t", "%10.3s", "%-20v", "%#q", "%+q", "%p", "%w", "%z"}
	for name, shape := range shapes() {
		for _, verb := range verbs {
			leaks(t, name+" "+verb, fmt.Sprintf(verb, shape))
		}
		leaks(t, name+" Sprint", fmt.Sprint(shape))
		leaks(t, name+" Errorf", fmt.Errorf("x: %v", shape).Error())

		if data, err := json.Marshal(shape); err == nil {
			leaks(t, name+" json", string(data))
		}
		if data, err := yaml.Marshal(shape); err == nil {
			leaks(t, name+" yaml", string(data))
		}
		if data, err := xml.Marshal(shape); err == nil {
			leaks(t, name+" xml", string(data))
		}
		for _, text := range []bool{true, false} {
			var b bytes.Buffer
			var h slog.Handler = slog.NewJSONHandler(&b, nil)
			if text {
				h = slog.NewTextHandler(&b, nil)
			}
			slog.New(h).Info("x", "shape", shape, slog.Group("g", "shape", shape))
			leaks(t, name+" slog", b.String())
		}
	}
}

func TestValueMasks(t *testing.T) {
	t.Parallel()
	v := New(canary)
	js, err := json.Marshal(map[string]Value{"k": v})
	if err != nil || string(js) != `{"k":"***"}` {
		t.Errorf("json: %s, %v", js, err)
	}
	ym, err := yaml.Marshal(map[string]Value{"k": v})
	if err != nil || string(ym) != "k: '***'\n" {
		t.Errorf("yaml: %s, %v", ym, err)
	}
	text, err := v.MarshalText()
	if err != nil || string(text) != mask {
		t.Errorf("text: %s, %v", text, err)
	}
	for _, got := range []string{v.String(), v.GoString(), fmt.Sprintf("%d", v), v.LogValue().String(), fmt.Sprint(Value{})} {
		if got != mask {
			t.Errorf("got %q, want %q", got, mask)
		}
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	var zero Value
	v := New(" text\n")
	switch {
	case !zero.IsZero() || zero.Reveal() != "" || zero.Fingerprint() != "" || !New("").IsZero():
		t.Error("the zero value is not empty")
	case v.IsZero() || v.Reveal() != " text\n":
		t.Error("the text was changed")
	case !v.Equal(New(" text\n")) || v.Equal(New("text")) || v.Equal(zero) || !zero.Equal(New("")):
		t.Error("Equal is wrong")
	}
	// The SHA-256 of "abc" begins with ba7816bf (FIPS 180-2, appendix B.1).
	if got := New("abc").Fingerprint(); got != "sha256:ba7816bf" {
		t.Errorf("fingerprint %s", got)
	}
}

// A secret is kept as it was said, or not at all.
func TestFromJSON(t *testing.T) {
	t.Parallel()
	for member, want := range map[string]string{
		`"s-canary"`: "s-canary", `" \n"`: " \n", `"\ud83d\ude00"`: "😀", `"\ufffds-canary"`: "\ufffds-canary", "\"\ufffd\"": "\ufffd", `"\\u0000"`: `\u0000`,
	} {
		if v, err := FromJSON([]byte(member)); err != nil || v.Reveal() != want {
			t.Errorf("%s: %v", member, err)
		}
	}
	for _, member := range []string{``, `null`, `""`, `7`, `{}`, `["s-canary"]`, `"s-canary\ud800"`, `"\udc00s-canary"`, `"s-canary\u0000"`, "\"s-canary\xff\"", `"s-canary`} {
		if v, err := FromJSON([]byte(member)); err == nil || !v.IsZero() || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", member, err)
		}
	}
}
