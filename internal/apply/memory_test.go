package apply

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
)

// memory is a store without a disk, for tests that make thousands of records.
type memory struct {
	mu      sync.Mutex
	records map[secret.Ref]secret.Record
}

func (m *memory) Name() string                { return "memory" }
func (m *memory) Check(context.Context) error { return nil }

func (m *memory) Put(_ context.Context, r secret.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.Fingerprint = r.Secret.Fingerprint()
	m.records[r.Ref()] = r
	return nil
}

func (m *memory) Get(_ context.Context, ref secret.Ref) (secret.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.records[ref]
	if !ok {
		return r, secret.ErrNotFound
	}
	return r, nil
}

func (m *memory) Delete(_ context.Context, ref secret.Ref) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.records, ref)
	return nil
}

func (m *memory) List(context.Context) ([]secret.Record, []secret.Problem, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []secret.Record
	for _, r := range m.records {
		r.Secret = secret.Value{}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b secret.Record) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil, nil
}

// inMemory gives w an empty store without a disk.
func (w *world) inMemory() {
	w.t.Helper()
	w.store = &memory{records: map[secret.Ref]secret.Record{}}
	w.clients = map[string]*custody.Client{}
	for _, d := range drivers {
		c, err := custody.Open(d, w.access[d.Name], custody.Env{Store: w.store, Journal: w.journal, Profile: "default", Now: clock})
		if err != nil {
			w.t.Fatal(err)
		}
		w.clients[d.Name] = c
	}
}
