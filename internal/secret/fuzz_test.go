package secret

import (
	"bytes"
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzRecord: no bytes make the decoder panic, and what it accepts is written
// and read again unchanged.
func FuzzRecord(f *testing.F) {
	for _, r := range []Record{fullRecord(), {Provider: "p", ID: "\xff", Secret: New("\xfe'\n")}} {
		data, err := encodeRecord(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"version":1,"provider":"p","id":"i","secret":null,"fingerprint":""}`))
	f.Add([]byte(`{"version":1e0,"events":[null],"events_base64":[""],"replaces":{},"created_at":"0000-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = decodeCredential(data)
		r, err := decodeRecord(data)
		if err != nil {
			return
		}
		if r.Secret.IsZero() || r.Secret.Fingerprint() != r.Fingerprint {
			t.Fatalf("accepted a secret that does not agree with its fingerprint")
		}
		again, err := encodeRecord(r)
		if err != nil {
			return // a NUL in the secret, or a year past 9999 in another zone
		}
		back, err := decodeRecord(again)
		if diff := cmp.Diff(r, back); diff != "" || err != nil {
			t.Fatal(diff, err)
		}
	})
}

// FuzzPut: any texts come back from a real file.
func FuzzPut(f *testing.F) {
	f.Add("p", "i", "n", "s")
	f.Add("\xff", "../..", "a\x00", "'\"\n")
	f.Fuzz(func(t *testing.T, provider, id, name, text string) {
		d := testDir(t)
		r := Record{Provider: provider, ID: id, Name: name, Events: []string{name}, Secret: New(text), CreatedAt: at}
		if err := d.Put(context.Background(), r); err != nil {
			if text != "" && !bytes.Contains([]byte(text), []byte{0}) {
				t.Fatal(err)
			}
			return
		}
		got, err := d.Get(context.Background(), r.Ref())
		if diff := cmp.Diff(kept(d, r), got); diff != "" || err != nil {
			t.Fatal(diff, err)
		}
	})
}

// FuzzEntry: no bytes make the decoder panic or read outside the file. The
// head is given alone, since the layout must agree with the file's length.
func FuzzEntry(f *testing.F) {
	head, err := encodeHead(fullIntent(), 10, "")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bytes.TrimRight(head.text, " \n"), []byte("answer"))
	phase, err := encodePhase(Phase{Name: "sent", ID: "\xff", Status: 201})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(bytes.TrimRight(head.text, " \n"), append([]byte("\n"), phase...)...), []byte{})
	f.Add([]byte(`{"hookctl_journal":1,"answer_offset":4096,"answer_room":0}`+"\n{}\n{}\n"), []byte{})
	f.Fuzz(func(t *testing.T, text, answer []byte) {
		for _, size := range []int{4096, 20480} {
			data := append([]byte{}, text...)
			if len(data) < size {
				data = append(data, bytes.Repeat([]byte(" "), size-len(data))...)
				data[size-1] = '\n'
			}
			p, head, err := decodeEntry(append(data, answer...))
			if err != nil {
				continue
			}
			if head.used > head.offset || int64(len(p.Answer)) > head.room {
				t.Fatalf("%+v", head)
			}
			if _, err := encodeIntent(p.Intent); err != nil {
				t.Fatal(err)
			}
		}
	})
}
