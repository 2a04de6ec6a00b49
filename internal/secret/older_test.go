package secret

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestSupersedeDropsNoSecret(t *testing.T) {
	d := OpenFileStore(t.TempDir(), FileStoreOptions{})
	at := time.Date(2026, 5, 17, 14, 30, 0, 0, time.UTC)
	rec := Record{Provider: "p", ID: "i"}
	for i, text := range []string{"first", "second", "second", "third"} {
		rec.Supersede(New(text), at.Add(time.Duration(i)*time.Hour))
		if err := d.Put(context.Background(), rec); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.Get(context.Background(), rec.Ref())
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, old := range got.Older {
		texts = append(texts, old.Secret.Reveal())
		if old.Fingerprint != old.Secret.Fingerprint() || old.KeptAt.IsZero() {
			t.Errorf("older %+v", old)
		}
	}
	if got.Secret.Reveal() != "third" || strings.Join(texts, " ") != "second first" {
		t.Errorf("secret and older: %s, %v", got.Secret.Reveal(), texts)
	}
	listed, _, err := d.List(context.Background())
	if err != nil || len(listed) != 1 || len(listed[0].Older) != 2 || !listed[0].Older[0].Secret.IsZero() {
		t.Errorf("List reads values: %+v, %v", listed, err)
	}
}
