package cli

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
)

// TestClocks: whatever the clock of this machine says, secrets are kept, and
// deliveries are judged by it only where --max-age asks for that.
func TestClocks(t *testing.T) {
	t.Parallel()
	for _, now := range []time.Time{
		time.Unix(0, 0).UTC(),
		time.Unix(1<<31-1, 0).UTC(),
		time.Unix(1<<31, 0).UTC(), // 2038-01-19, where 32 bits end
		time.Unix(1<<32, 0).UTC(),
		time.Date(9999, 12, 31, 12, 0, 0, 0, time.UTC),
	} {
		t.Run(now.Format(time.RFC3339), func(t *testing.T) {
			c := newCrashed(t)
			c.now = now
			for _, p := range []string{"zyntro", "wundertreos"} {
				c.must("create", p, "--name", p, "--url", "https://example.com/hook", "--event", oneEach[p][7])
				c.must("rotate", p, "--yes")
			}
			if found, err := c.recovered(); err != nil || c.exit != 0 || len(found) != 0 {
				t.Errorf("recover exits %d: %v %s", c.exit, err, describe(found))
			}
			kept, err := c.kept()
			if err != nil || c.torn() != nil {
				t.Fatal(err, c.torn())
			}
			for _, k := range c.told {
				if !slices.Contains(kept[k.ref], k.secret) {
					t.Errorf("the secret of %v is not kept", k.ref)
				}
			}
			c.must("secrets", "list")
			c.must("secrets", "check", "--online")

			last := c.told[len(c.told)-1]
			d := c.env.Drivers[slices.IndexFunc(c.env.Drivers, func(d *provider.Driver) bool { return d.Name == last.ref.Provider })]
			for _, v := range []struct {
				age    time.Duration // negative: from the future
				maxAge string
				exit   int
			}{
				{0, "", 0}, {24 * time.Hour, "", 0}, {-24 * time.Hour, "", 0},
				{24 * time.Hour, "24h", 0}, {-24 * time.Hour, "24h", 0}, {24*time.Hour + time.Second, "24h", 3}, {-24*time.Hour - time.Second, "24h", 3},
			} {
				stated := now.Add(-v.age)
				if stated.Year() > 9999 {
					continue
				}
				body := fmt.Sprintf(`{"id":"e","event_type":"contact.created","delivered_at":%q}`, stated.Format(time.RFC3339))
				signed, err := d.Scheme.Sign(secret.New(last.secret), "", []byte(body))
				if err != nil {
					t.Fatal(err)
				}
				file := c.write("project/delivery.http", "POST / HTTP/1.1\nX-Wunder-Signature: "+signed+"\n\n"+body)
				args := []string{"verify", "--webhook", last.ref.Provider + "/" + last.ref.ID, file}
				if v.maxAge != "" {
					args = append(args, "--max-age", v.maxAge)
				}
				if out := c.run(args...); c.exit != v.exit {
					t.Errorf("stated %v ago, --max-age %q: exit %d, want %d: %s%s", v.age, v.maxAge, c.exit, v.exit, out, &c.errs)
				}
			}
		})
	}
}

// TestProviderClocks: a webhook whose answer got lost is found, although the
// provider's clock is a day off, or its times are of another zone.
func TestProviderClocks(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"zyntro", "wundertreos"} {
		for _, off := range []time.Duration{-26 * time.Hour, -time.Hour, 0, 14 * time.Hour, 26 * time.Hour} {
			t.Run(fmt.Sprint(p, off), func(t *testing.T) {
				c := newCrashed(t)
				for i, d := range c.env.Drivers {
					c.boxes[d.Name] = d.NewSandbox(provider.SandboxOptions{Now: func() time.Time { return c.now.Add(off) }, Seed: int64(i + 1)})
				}
				c.drop = true
				if c.run(oneEach[p]...); c.exit != 7 {
					t.Fatalf("create exits %d: %s", c.exit, &c.errs)
				}
				c.now = c.now.Add(time.Minute)
				found, err := c.recovered()
				if err != nil || len(found) != 1 || found[0].State != string(custody.StateOrphan) || found[0].ID == nil || *found[0].ID != c.told[0].ref.ID {
					t.Errorf("%v: %s", err, describe(found))
				}
			})
		}
	}
}
