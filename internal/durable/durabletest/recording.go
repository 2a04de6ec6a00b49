// Package durabletest finds what a crash may leave on the disk. It records the
// calls of [durable.Calls] while an operation runs, and builds from them the
// directories that a power cut at each point may leave: all that was synced,
// and any of what was not. It is for tests.
package durabletest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/durable"
)

// Kind is what a call does.
type Kind string

// The calls that are recorded, and marks.
const (
	Mkdir    Kind = "mkdir"
	Create   Kind = "create"
	Write    Kind = "write"
	Truncate Kind = "truncate"
	Sync     Kind = "sync"
	SyncDir  Kind = "sync directory"
	Rename   Kind = "rename"
	Remove   Kind = "remove"
	Mark     Kind = "mark"
)

// Op is one call, or a mark.
type Op struct {
	Kind Kind
	Path string // from the root, with slashes
	To   string // of a rename
	Data []byte // of a write
	Off  int64  // of a write; the size after a truncate
	Site string // the functions that made the call, the innermost first
	Mark any

	inode int // of the file, or of the directory whose names are changed or synced
}

func (o Op) String() string {
	switch o.Kind {
	case Mark:
		return fmt.Sprintf("mark %v", o.Mark)
	case Write:
		return fmt.Sprintf("write %s: %d bytes at %d", o.Path, len(o.Data), o.Off)
	case Truncate:
		return fmt.Sprintf("truncate %s to %d", o.Path, o.Off)
	case Rename:
		return fmt.Sprintf("rename %s to %s", o.Path, o.To)
	}
	return string(o.Kind) + " " + o.Path
}

// node is a file or a directory.
type node struct {
	dir  bool
	mode fs.FileMode
	data []byte // when the recording began
	done []Op   // what was written to it since
	key  string // which calls that were
}

// tree is what lies below the root.
type tree struct {
	names map[string]int // by path; "." is the root
	nodes map[int]node
}

// handle is an open file.
type handle struct {
	path   string
	inode  int
	pos    int64
	append bool
}

// Recording is what was done to the disk below one directory. What is done
// elsewhere is done and not recorded. Safe for concurrent use.
type Recording struct {
	root string

	mu    sync.Mutex
	begin tree
	ops   []Op
	next  int
	now   map[string]int // the names as the operation sees them
	size  map[int]int64
	open  map[*os.File]*handle
	watch func(Op)
}

// Record begins with what lies below root, all of which counts as synced.
func Record(root string) (*Recording, error) {
	r := &Recording{
		root: root, begin: tree{map[string]int{}, map[int]node{}},
		now: map[string]int{}, size: map[int]int64{}, open: map[*os.File]*handle{},
	}
	return r, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		_, err = r.adopt(r.rel(path))
		return err
	})
}

// Watch lets do see each call once it is made; it may set marks.
func (r *Recording) Watch(do func(Op)) { r.watch = do }

// Mark notes what is true from here on, whatever crashes.
func (r *Recording) Mark(v any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, Op{Kind: Mark, Mark: v})
}

// Ops are the calls and marks so far.
func (r *Recording) Ops() []Op {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ops
}

// rel is a path from the root, or one that begins with "..".
func (r *Recording) rel(path string) string {
	rel, err := filepath.Rel(r.root, path)
	if err != nil {
		return ".." // another volume
	}
	return filepath.ToSlash(rel)
}

func inside(rel string) bool { return rel != ".." && !strings.HasPrefix(rel, "../") }

// adopt takes what lies at rel as synced: it was there before, or was made
// without the calls, as a lock file is.
func (r *Recording) adopt(rel string) (int, error) {
	if id, ok := r.now[rel]; ok {
		return id, nil
	}
	path := filepath.Join(r.root, filepath.FromSlash(rel))
	fi, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	n := node{dir: fi.IsDir(), mode: fi.Mode().Perm()}
	if !n.dir {
		if n.data, err = os.ReadFile(path); err != nil {
			return 0, err
		}
	}
	id := r.make(rel)
	r.begin.names[rel], r.begin.nodes[id] = id, n
	r.size[id] = int64(len(n.data))
	return id, nil
}

func (r *Recording) make(rel string) int {
	r.next++
	r.now[rel] = r.next
	return r.next
}

func parent(rel string) string { return filepath.ToSlash(filepath.Dir(filepath.FromSlash(rel))) }

// note adds a call that was made.
func (r *Recording) note(o Op) {
	o.Site = site()
	r.ops = append(r.ops, o)
}

// site names the functions of this module that led to a call.
func site() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	var names []string
	for len(names) < 10 {
		f, more := frames.Next()
		_, name, ours := strings.Cut(f.Function, "hookctl/internal/")
		if ours && !strings.HasPrefix(name, "durable/durabletest") {
			names = append(names, name[strings.LastIndexByte(name, '/')+1:])
		}
		if !more {
			break
		}
	}
	return strings.Join(names, " < ")
}

// Calls are the calls that are recorded. Nothing is really synced: only the
// recording says what a crash leaves.
func (r *Recording) Calls() *durable.Calls {
	sys := Quick()
	return &durable.Calls{
		Mkdir: func(path string) error {
			return r.named(path, func(rel string) (Op, error) {
				if err := sys.Mkdir(path); err != nil {
					return Op{}, err
				}
				return Op{Kind: Mkdir, Path: rel, inode: r.make(rel)}, nil
			})
		},
		Create: func(path string) (*os.File, error) { return r.file(path, sys.Create, false) },
		Open:   func(path string) (*os.File, error) { return r.file(path, sys.Open, false) },
		Append: func(path string) (*os.File, error) { return r.file(path, sys.Append, true) },
		Write: func(f *os.File, p []byte) (int, error) {
			return r.write(f, p, -1, func() (int, error) { return sys.Write(f, p) })
		},
		WriteAt: func(f *os.File, p []byte, off int64) (int, error) {
			return r.write(f, p, off, func() (int, error) { return sys.WriteAt(f, p, off) })
		},
		Truncate: func(f *os.File, size int64) error {
			return r.handled(f, func(h *handle) (Op, error) {
				if err := sys.Truncate(f, size); err != nil {
					return Op{}, err
				}
				r.size[h.inode] = size
				return Op{Kind: Truncate, Path: h.path, Off: size, inode: h.inode}, nil
			}, func() error { return sys.Truncate(f, size) })
		},
		Sync:     func(f *os.File) error { return r.synced(f, sys.Sync) },
		SyncData: func(f *os.File) error { return r.synced(f, sys.SyncData) },
		Close: func(f *os.File) error {
			r.mu.Lock()
			delete(r.open, f)
			r.mu.Unlock()
			return sys.Close(f)
		},
		Rename: func(from, to string) error {
			return r.named(from, func(rel string) (Op, error) {
				there := r.rel(to)
				if parent(there) != parent(rel) {
					return Op{}, fmt.Errorf("a rename from one directory to another: %s, %s", from, to)
				}
				if err := sys.Rename(from, to); err != nil {
					return Op{}, err
				}
				id := r.now[rel]
				delete(r.now, rel)
				r.now[there] = id
				return Op{Kind: Rename, Path: rel, To: there, inode: id}, nil
			})
		},
		SyncDir: func(dir string) error {
			return r.named(dir, func(rel string) (Op, error) {
				return Op{Kind: SyncDir, Path: rel}, sys.SyncDir(dir)
			})
		},
		Remove: func(path string) error {
			return r.named(path, func(rel string) (Op, error) {
				if err := sys.Remove(path); err != nil {
					return Op{}, err
				}
				id := r.now[rel]
				delete(r.now, rel)
				return Op{Kind: Remove, Path: rel, inode: id}, nil
			})
		},
	}
}

// Quick are the system's calls, but that nothing is synced: in a test no power
// goes.
func Quick() *durable.Calls {
	c := durable.System()
	c.Sync = func(*os.File) error { return nil }
	c.SyncData = c.Sync
	c.SyncDir = func(string) error { return nil }
	return c
}

// named makes and notes a call by path.
func (r *Recording) named(path string, do func(rel string) (Op, error)) error {
	r.mu.Lock()
	o, err := do(r.rel(path))
	noted := err == nil && o.Kind != "" && inside(r.rel(path))
	if noted {
		r.note(o)
	}
	r.mu.Unlock()
	if noted && r.watch != nil {
		r.watch(o)
	}
	return err
}

// file opens or makes a file.
func (r *Recording) file(path string, open func(string) (*os.File, error), append bool) (*os.File, error) {
	var f *os.File
	err := r.named(path, func(rel string) (o Op, err error) {
		_, serr := os.Lstat(path)
		if f, err = open(path); err != nil || !inside(rel) {
			return o, err
		}
		h := &handle{path: rel, append: append}
		if serr != nil {
			h.inode = r.make(rel)
			o = Op{Kind: Create, Path: rel, inode: h.inode}
		} else if h.inode, err = r.adopt(rel); err != nil {
			return o, errors.Join(err, f.Close())
		}
		r.open[f] = h
		return o, nil
	})
	return f, err
}

// handled makes and notes a call on an open file; else makes it where the file is
// not below the root.
func (r *Recording) handled(f *os.File, do func(h *handle) (Op, error), otherwise func() error) error {
	r.mu.Lock()
	h := r.open[f]
	if h == nil {
		r.mu.Unlock()
		return otherwise()
	}
	o, err := do(h)
	if o.Kind != "" {
		r.note(o)
	}
	r.mu.Unlock()
	if o.Kind != "" && r.watch != nil {
		r.watch(o)
	}
	return err
}

func (r *Recording) write(f *os.File, p []byte, off int64, do func() (int, error)) (n int, err error) {
	err = r.handled(f, func(h *handle) (Op, error) {
		if n, err = do(); n == 0 {
			return Op{}, err
		}
		at := off
		switch {
		case off >= 0:
		case h.append:
			at = r.size[h.inode]
		default:
			at = h.pos
			h.pos += int64(n)
		}
		r.size[h.inode] = max(r.size[h.inode], at+int64(n))
		return Op{Kind: Write, Path: h.path, Data: append([]byte(nil), p[:n]...), Off: at, inode: h.inode}, err
	}, func() error {
		n, err = do()
		return err
	})
	return n, err
}

func (r *Recording) synced(f *os.File, sync func(*os.File) error) error {
	return r.handled(f, func(h *handle) (Op, error) {
		return Op{Kind: Sync, Path: h.path, inode: h.inode}, sync(f)
	}, func() error { return sync(f) })
}
