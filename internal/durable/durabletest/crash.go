package durabletest

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// exhaustive is how many calls may be open for every subset of them to be built;
// of more, so many subsets are drawn.
const (
	exhaustive = 10
	drawn      = 500
)

// Crashes says which crashes are looked at.
type Crashes struct {
	Seed uint64
	// Draw is how many subsets of the calls that were not synced are drawn at
	// each point; 0: all of them, and of more than ten calls 500.
	Draw int
	// Every leaves out all but one in so many of the crashes that differ; 0: none.
	Every int

	Backwards bool // the last point first

	// Lost are calls that count as if they had not been made: what is found then
	// is what a sync is for.
	Lost func(Op) bool
}

// Crash is one that was built below the root.
type Crash struct {
	r     *Recording
	point int   // so many of the calls were made
	open  []int // the calls that were not synced
	kept  []int // of those, what reached the disk
	torn  int   // the last write reached it up to here; -1: all of it
	lost  func(Op) bool
}

// Marks are those that were set before the crash.
func (c Crash) Marks() []any {
	var marks []any
	for _, o := range c.r.ops[:c.point] {
		if o.Kind == Mark {
			marks = append(marks, o.Mark)
		}
	}
	return marks
}

// String tells the story of the crash.
func (c Crash) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the power went after call %d of %d:\n", c.point, len(c.r.ops))
	for i, o := range c.r.ops[:c.point] {
		state := " "
		switch {
		case c.lost != nil && c.lost(o):
			state = "x"
		case slices.Contains(c.kept, i):
			state = "+"
		case slices.Contains(c.open, i):
			state = "-"
		}
		fmt.Fprintf(&b, "%s %d %s\n", state, i+1, o)
	}
	b.WriteString("(+ was not synced but reached the disk, - was not and did not, x counts as not made)")
	if c.torn >= 0 {
		fmt.Fprintf(&b, "\nof the last + write %d bytes are there", c.torn)
	}
	return b.String()
}

// Each builds below the root, one after the other, what crashes may leave, and
// has each of them looked at until look returns false. What is the same on the
// disk after the same marks is looked at once. It returns how many there were.
func (r *Recording) Each(o Crashes, look func(Crash) bool) (looked int, err error) {
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	seen, marks, differ := map[string]bool{}, 0, 0
	for i := range len(r.ops) + 1 {
		point := i
		if o.Backwards {
			point = len(r.ops) - i
		}
		if n := r.marks(point); n != marks {
			marks = n
			clear(seen)
		}
		for _, c := range r.crashes(point, o, rng) {
			key := r.build(c).key()
			if seen[key] {
				continue
			}
			seen[key] = true
			if differ++; differ%max(o.Every, 1) != 0 {
				continue
			}
			if err := r.place(r.build(c)); err != nil {
				return looked, err
			}
			if looked++; !look(c) {
				return looked, nil
			}
		}
	}
	return looked, nil
}

// marks is how many were set before point.
func (r *Recording) marks(point int) int {
	n := 0
	for _, o := range r.ops[:point] {
		if o.Kind == Mark {
			n++
		}
	}
	return n
}

// pending are the calls before point that no sync has made durable.
func (r *Recording) pending(point int, lost func(Op) bool) []int {
	var open []int
	for i := point - 1; i >= 0; i-- {
		o := r.ops[i]
		if lost != nil && lost(o) {
			continue
		}
		switch o.Kind {
		case Sync, SyncDir, Mark:
		default:
			if !r.durable(i, point, lost) {
				open = append(open, i)
			}
		}
	}
	slices.Reverse(open)
	return open
}

// durable reports whether a sync between the call i and point has made it so.
func (r *Recording) durable(i, point int, lost func(Op) bool) bool {
	o := r.ops[i]
	for _, s := range r.ops[i+1 : point] {
		if lost != nil && lost(s) {
			continue
		}
		switch o.Kind {
		case Write, Truncate:
			if s.Kind == Sync && s.inode == o.inode {
				return true
			}
		default:
			if s.Kind == SyncDir && s.Path == parent(o.Path) {
				return true
			}
		}
	}
	return false
}

// crashes are those at one point: first the one that keeps nothing of what was
// not synced, and the one that keeps it all.
func (r *Recording) crashes(point int, o Crashes, rng *rand.Rand) []Crash {
	open := r.pending(point, o.Lost)
	var out []Crash
	add := func(in func(i int) bool) {
		var kept []int
		for i, op := range open {
			if in(i) {
				kept = append(kept, op)
			}
		}
		out = append(out, Crash{r, point, open, kept, -1, o.Lost})
		for i := len(kept) - 1; i >= 0; i-- {
			if o2 := r.ops[kept[i]]; o2.Kind == Write {
				if n := len(o2.Data); n > 1 {
					out = append(out, Crash{r, point, open, kept, 1 + rng.IntN(n-1), o.Lost}, Crash{r, point, open, kept, n / 2, o.Lost})
				}
				break
			}
		}
	}
	add(func(int) bool { return false })
	if len(open) == 0 {
		return out
	}
	add(func(int) bool { return true })
	all := 1<<min(len(open), exhaustive+1) - 2
	switch {
	case len(open) <= exhaustive && (o.Draw == 0 || all <= o.Draw):
		for mask := 1; mask <= all; mask++ {
			add(func(i int) bool { return mask&(1<<i) != 0 })
		}
	default:
		for range cmp.Or(o.Draw, drawn) {
			add(func(int) bool { return rng.IntN(2) == 0 })
		}
	}
	return out
}

// build is the tree that the crash leaves. The data of its nodes is not put
// together before it is asked for.
func (r *Recording) build(c Crash) tree {
	t := tree{maps.Clone(r.begin.names), maps.Clone(r.begin.nodes)}
	last := -1
	for _, i := range c.kept {
		if r.ops[i].Kind == Write {
			last = i
		}
	}
	for i, o := range r.ops[:c.point] {
		if c.lost != nil && c.lost(o) || slices.Contains(c.open, i) && !slices.Contains(c.kept, i) {
			continue
		}
		n, ok := t.nodes[o.inode]
		if !ok {
			n.mode = 0o600
		}
		switch o.Kind {
		case Mkdir:
			t.names[o.Path] = o.inode
			t.nodes[o.inode] = node{dir: true, mode: 0o700}
		case Create:
			t.names[o.Path] = o.inode
			t.nodes[o.inode] = n
		case Rename:
			if t.names[o.Path] == o.inode {
				delete(t.names, o.Path)
			}
			t.names[o.To] = o.inode
			t.nodes[o.inode] = n
		case Remove:
			if t.names[o.Path] == o.inode {
				delete(t.names, o.Path)
			}
		case Write, Truncate:
			if i == last && c.torn >= 0 {
				o.Data = o.Data[:c.torn]
			}
			n.done = append(slices.Clip(n.done), o)
			n.key += fmt.Sprintf(" %d:%d", i, len(o.Data))
			t.nodes[o.inode] = n
		}
	}
	return t
}

// content is the data of a file.
func (n node) content() []byte {
	data := bytes.Clone(n.data)
	for _, o := range n.done {
		if end := int(o.Off) + len(o.Data); len(data) < end {
			data = append(data, make([]byte, end-len(data))...)
		}
		if copy(data[o.Off:], o.Data); o.Kind == Truncate {
			data = data[:o.Off]
		}
	}
	return data
}

// paths are the names that can be reached from the root, parents first.
func (t tree) paths() []string {
	all := slices.Sorted(maps.Keys(t.names))
	slices.SortStableFunc(all, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	reached := map[string]bool{".": true}
	var out []string
	for _, p := range all {
		if p == "." || reached[parent(p)] {
			reached[p] = t.nodes[t.names[p]].dir
			out = append(out, p)
		}
	}
	return out
}

// key is the same for trees that are the same.
func (t tree) key() string {
	var b strings.Builder
	for _, p := range t.paths() {
		id := t.names[p]
		fmt.Fprintf(&b, "%s=%d%s;", p, id, t.nodes[id].key)
	}
	return b.String()
}

// place makes the tree what lies below the root.
func (r *Recording) place(t tree) error {
	there, err := os.ReadDir(r.root)
	if err != nil {
		return err
	}
	for _, e := range there {
		if err := os.RemoveAll(filepath.Join(r.root, e.Name())); err != nil {
			return err
		}
	}
	for _, p := range t.paths() {
		n, path := t.nodes[t.names[p]], filepath.Join(r.root, filepath.FromSlash(p))
		switch {
		case p == ".":
			continue
		case n.dir:
			err = os.Mkdir(path, n.mode)
		default:
			err = write(path, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// write leaves out the zeros at the end: entries of a journal are mostly that, and
// the race detector makes each byte that is looked at alone dear.
func write(path string, n node) error {
	data, zeros := n.content(), make([]byte, 4<<10)
	rest := data
	for bytes.HasSuffix(rest, zeros) {
		rest = rest[:len(rest)-len(zeros)]
	}
	if err := os.WriteFile(path, rest, n.mode); err != nil {
		return err
	}
	return os.Truncate(path, int64(len(data)))
}
