package secret

import (
	"context"
	"os"
	"strings"
	"testing"
)

func TestAuthMark(t *testing.T) {
	t.Parallel()
	data := New(`{"value":"t0ken"}`)
	m := NewAuthMark("bearer", data)
	for name, tc := range map[string]struct {
		kind string
		data Value
		want bool
	}{
		"the same":          {"bearer", data, true},
		"written otherwise": {"bearer", New("{ \"value\" : \"t0\\u006ben\" }\n"), true},
		"other data":        {"bearer", New(`{"value":"t0ken "}`), false},
		"another type":      {"custom_header", data, false},
		"type and data":     {"bearer\x00" + data.Reveal(), Value{}, false},
		"nothing":           {"", Value{}, false},
	} {
		if got := m.Fits(tc.kind, tc.data); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if n := NewAuthMark("bearer", data); n.Key == m.Key || n.MAC == m.MAC {
		t.Error("two marks of the same data can be compared")
	}
	if (&AuthMark{Key: "no hex", MAC: "zz"}).Fits("bearer", data) {
		t.Error("a damaged mark fits")
	}
}

func TestAuthMarkIsKept(t *testing.T) {
	t.Parallel()
	d := testDir(t)
	r := fullRecord()
	r.Auth = NewAuthMark("bearer", New(`{"value":"t0ken"}`))
	if err := d.Put(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	got, err := d.Get(context.Background(), r.Ref())
	if err != nil || got.Auth == nil || *got.Auth != *r.Auth {
		t.Errorf("%+v, %v", got.Auth, err)
	}
	file, err := os.ReadFile(got.Path)
	if err != nil || strings.Contains(string(file), "t0ken") {
		t.Errorf("the file holds the data, or: %v", err)
	}
	listed, _, err := d.List(context.Background())
	if err != nil || len(listed) != 1 || listed[0].Auth == nil {
		t.Errorf("List: %+v, %v", listed, err)
	}
}

func TestAuthMarkFormat(t *testing.T) {
	t.Parallel()
	plain, err := encodeRecord(fullRecord())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(plain), `"auth"`) {
		t.Errorf("a record without a mark has the member: %s", plain)
	}
	for text, ok := range map[string]bool{
		`null`:                                   true,
		`{"key":"00","mac":"11"}`:                true,
		`{"key":"00","mac":"11","since":"2031"}`: true,
		`{"key":"00"}`:                           false,
		`"00"`:                                   false,
		`{"key":1,"mac":"11"}`:                   false,
	} {
		file := strings.Replace(string(plain), `"managed"`, `"auth":`+text+`,"managed"`, 1)
		if _, err := decodeRecord([]byte(file)); (err == nil) != ok {
			t.Errorf("auth %s: %v", text, err)
		}
	}
}
