package secret

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/durable"
)

// Where many records are kept, the file webhooks.index beside their directory
// holds what List tells of them, so that not every file has to be opened and
// parsed. It holds no secret and no mark of authentication data.
//
// It is never believed on its own. Of each record it has the [durable.Stamp] of
// the file that said so; where the file has another one now, or was changed too
// shortly before the index was written for stamps to differ, the file is read. So
// a copied or restored directory, a file edited by hand and an index that another
// process wrote are all right, and what is damaged, missing or of another version
// counts as absent. Nobody waits for it: who writes it replaces it whole, and
// where that fails all files are read, as without it.

const (
	indexHead = "hookctl index 3\n" // another number: another layout
	indexFrom = 32                  // with fewer records there is no index
	indexMax  = 64 << 20            // bytes

	// stampMargin is more than the grain of any file system's clock.
	stampMargin = 2 * time.Second

	// recordMin is less than the bytes of any record in the index.
	recordMin = 16
)

// index is webhooks.index as it was read, or is to be written.
type index struct {
	written time.Time     // by the file system's clock
	dir     durable.Stamp // of the directory, before its names were read
	all     bool          // each name in it is that of a record here
	records []Record      // as List gives them, in its order
	sources []source      // of each of them
}

// source is the file that told a record.
type source struct {
	stamp durable.Stamp // before it was read
	more  bool          // it has what List tells and the index does not hold
}

func (d *FileStore) indexPath() string { return d.webhooks + ".index" }

// readIndex is an empty one where there is none of use.
func (d *FileStore) readIndex() *index {
	x, c := d.openIndex()
	if !c.records(x) {
		return &index{}
	}
	x.place(d.webhooks + string(filepath.Separator))
	return x
}

// openIndex is the index without its records, which are still to be read.
func (d *FileStore) openIndex() (*index, *coder) {
	fi, err := os.Lstat(d.indexPath()) // before it is read: one that is newer is trusted less, not more
	if err != nil {
		return &index{}, &coder{bad: true}
	}
	data, err := durable.ReadPrivate(d.indexPath(), indexMax)
	x, c := &index{written: fi.ModTime()}, open(data)
	c.bad = c.bad || err != nil
	c.head(x)
	return x, c
}

// place makes the names of the records paths in dir, all in one piece of memory.
func (x *index) place(dir string) {
	size := 0
	for i := range x.records {
		size += len(dir) + len(x.records[i].Path)
	}
	var b strings.Builder
	b.Grow(size)
	for i := range x.records {
		r, from := &x.records[i], b.Len()
		b.WriteString(dir)
		b.WriteString(r.Path)
		r.place(b.String()[from:])
	}
}

// trusts reports whether what has the stamp s in the index and now on the disk is
// still what the index was made from.
func (d *FileStore) trusts(x *index, s, now durable.Stamp) bool {
	return s == now && s.Before(x.written, d.margin)
}

// Glance is List for what a Tab offers: it calls look with one record after the
// other, without its path, and perhaps again with all of them from the first. While
// no file was added, replaced or removed it looks at none of them, and may tell how
// one was before it was edited in place; the next List finds that.
func (d *FileStore) Glance(ctx context.Context, look func(*Record)) error {
	if ok, err := openStoreDir(d.webhooks); err != nil || !ok {
		return err
	}
	x, c := d.openIndex()
	if now, ok := durable.StampOf(d.webhooks); ok && d.trusts(x, x.dir, now) && c.each(look) {
		return nil
	}
	records, _, err := d.list(ctx, d.readIndex(), true)
	for i := range records {
		records[i].Path = ""
		look(&records[i])
	}
	return err
}

// list reads the records, as far as old does not tell them, and renews the index
// where that saves the next one more than it costs: many files were to be read, or
// it is for a glance, which needs the index to be of the directory as it is. What
// old holds is used up.
func (d *FileStore) list(ctx context.Context, old *index, glance bool) ([]Record, []Problem, error) {
	if ok, err := openStoreDir(d.webhooks); err != nil || !ok {
		return nil, nil, err
	}
	var began time.Time // without a clock nothing is old enough for the index
	if d.now != nil {
		began = d.now()
	}
	dir, ok := durable.StampOf(d.webhooks)
	whole := ok && dir.Before(began, d.margin)
	glanced := ok && d.trusts(old, old.dir, dir)
	paths, all, err := d.files(old, glanced)
	if err != nil {
		return nil, nil, err
	}
	var problems []Problem
	was, told, known := len(old.records), 0, 0
	x := index{records: old.records[:0], sources: old.sources[:0]} // never ahead of what is still to be looked at
	if was == 0 {
		x.records, x.sources = make([]Record, 0, len(paths)), make([]source, 0, len(paths))
	}
	for i, path := range paths {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if path == "" {
			continue
		}
		stamp, ok := durable.StampOf(path)
		trusted := ok && i < was && d.trusts(old, old.sources[i].stamp, stamp)
		if trusted && !old.sources[i].more {
			told, known = told+1, known+1
			x.records, x.sources = append(x.records, old.records[i]), append(x.sources, old.sources[i])
			continue
		}
		r, err := readRecord(path)
		r.forget()
		from := source{}
		if ok = ok && stamp.Before(began, d.margin); ok {
			from = source{stamp, r.Auth != nil}
		}
		whole = whole && ok
		switch {
		case err == nil:
			x.records, x.sources = append(x.records, r), append(x.sources, from)
			if ok {
				known++
			}
			if trusted {
				told++
			}
		case !errors.Is(err, fs.ErrNotExist): // else another process has removed it
			problems = append(problems, Problem{Path: path, Err: err})
		}
	}
	x.sort()
	slices.SortFunc(problems, func(a, b Problem) int { return strings.Compare(a.Path, b.Path) })
	stale := known - told + was - told // what the index could tell, and what it should not
	worth := known >= d.indexFrom && (stale > len(x.records)/64 || glance && whole && !glanced)
	if worth || glanced && stale > 0 { // what a Glance would tell is not so any more
		out := x
		if whole {
			out.dir, out.all = dir, all && len(problems) == 0
		}
		if known < len(x.records) {
			out.records, out.sources = nil, nil
			for i, from := range x.sources {
				if from != (source{}) {
					out.records, out.sources = append(out.records, x.records[i]), append(out.sources, from)
				}
			}
		}
		d.writeIndex(&out)
	}
	return x.records, problems, nil
}

// files are the paths of the records of x, "" where there is no such file now, and
// then those of all other files that may be records; all says that there is nothing
// else. Temporary files that killed processes left behind are removed.
func (d *FileStore) files(x *index, glanced bool) (paths []string, all bool, err error) {
	paths = make([]string, len(x.records))
	if glanced && x.all { // the names are what they were
		for i := range x.records {
			paths[i] = x.records[i].Path
		}
		return paths, true, nil
	}
	f, err := os.Open(d.webhooks)
	if err != nil {
		return nil, false, durable.Fault(d.webhooks, err)
	}
	names, err := f.Readdirnames(-1)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, false, durable.Fault(d.webhooks, err)
	}
	dir := d.webhooks + string(filepath.Separator)
	at := make(map[string]int, len(x.records))
	for i := range x.records {
		at[x.records[i].Path[len(dir):]] = i
	}
	all = true
	for _, name := range names {
		if i, there := at[name]; there {
			paths[i] = x.records[i].Path
		} else if strings.HasSuffix(name, fileSuffix) {
			paths = append(paths, dir+name)
		} else {
			all = false
		}
	}
	if !all {
		d.disk.Sweep(d.webhooks)
	}
	return paths, all, nil
}

// sort puts the oldest first: most of them are in order already.
func (x *index) sort() {
	older := func(i, j int) int {
		a, b := &x.records[i], &x.records[j]
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID), strings.Compare(a.Provider, b.Provider))
	}
	order := make([]int, len(x.records)) // records are large to move about
	for i := range order {
		order[i] = i
	}
	if slices.IsSortedFunc(order, older) {
		return
	}
	slices.SortFunc(order, older)
	records, sources := make([]Record, len(order)), make([]source, len(order))
	for to, from := range order {
		records[to], sources[to] = x.records[from], x.sources[from]
	}
	x.records, x.sources = records, sources
}

// writeIndex does what it can: an index that is not there costs time only.
func (d *FileStore) writeIndex(x *index) {
	data := x.encode()
	if len(data) > indexMax {
		return
	}
	d.disk.Sweep(filepath.Dir(d.indexPath()))
	_ = d.disk.WritePrivate(d.indexPath(), data)
}

// indexSum makes the table where it is needed: that is not done at every start.
func indexSum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

func (x *index) encode() []byte {
	c := coder{writes: true, data: append(make([]byte, 0, 512*len(x.records)), indexHead+"\x00\x00\x00\x00"...)}
	c.left = len(x.records)
	c.head(x)
	for i := range x.records {
		c.source(&x.sources[i])
		c.record(&x.records[i])
	}
	const body = len(indexHead) + 4
	binary.LittleEndian.PutUint32(c.data[len(indexHead):], indexSum(c.data[body:]))
	return c.data
}

// coder writes or reads the index: each member has one method for both, so that
// what is written is what is read.
type coder struct {
	writes bool
	data   []byte   // written so far, or still to be read
	texts  string   // all that was to be read: the texts are parts of it
	lists  []string // room for the texts of lists
	left   int      // records
	bad    bool
}

// open is to read data.
func open(data []byte) *coder {
	rest, ok := bytes.CutPrefix(data, []byte(indexHead))
	if !ok || len(rest) < 4 || binary.LittleEndian.Uint32(rest) != indexSum(rest[4:]) {
		return &coder{bad: true}
	}
	return &coder{data: rest[4:], texts: string(rest[4:])}
}

func (c *coder) head(x *index) {
	c.stamp(&x.dir)
	c.flag(&x.all)
	n := int64(c.left)
	c.number(&n)
	if !c.writes && c.count(n, recordMin) {
		c.left = int(n)
	}
}

// records reads those of x, and reports whether all of it is right.
func (c *coder) records(x *index) bool {
	more := c.left + c.left/64 + 8 // room for new ones
	x.records, x.sources = make([]Record, 0, more), make([]source, 0, more)
	var from source
	for c.next(&from) {
		var r Record // the memory of many is written once, and not read before
		c.record(&r)
		x.records, x.sources = append(x.records, r), append(x.sources, from)
	}
	return c.whole()
}

// each is records for who keeps none of them.
func (c *coder) each(look func(*Record)) bool {
	var from source
	var r Record
	for c.next(&from) {
		r = Record{}
		if c.record(&r); c.bad {
			return false
		}
		r.place("")
		look(&r)
	}
	return c.whole()
}

// next reads the source of the next record, if there is one.
func (c *coder) next(from *source) bool {
	if c.bad || c.left == 0 {
		return false
	}
	c.left--
	c.source(from)
	return !c.bad
}

func (c *coder) whole() bool { return !c.bad && len(c.data) == 0 }

func (c *coder) source(s *source) {
	c.stamp(&s.stamp)
	c.flag(&s.more)
}

// record leaves out the secrets and the mark; the path is the file's name.
func (c *coder) record(r *Record) {
	name := filepath.Base(r.Path)
	c.text(&name)
	if !c.writes {
		r.Path = name
	}
	for _, s := range []*string{&r.Provider, &r.ID, &r.Profile, &r.Origin, &r.Name, &r.URL, &r.Fingerprint, &r.Keyring} {
		c.text(s)
	}
	c.list(&r.Events)
	c.list(&r.Unfilled)
	n := int64(len(r.Older))
	c.number(&n)
	if !c.writes && n > 0 && c.count(n, 1) {
		r.Older = make([]Older, n)
	}
	for i := range r.Older {
		c.text(&r.Older[i].Fingerprint)
		c.time(&r.Older[i].KeptAt)
	}
	c.time(&r.CreatedAt)
	c.time(&r.DeletedAt)
	c.flag(&r.Managed)
	replaces := r.Replaces != nil
	c.flag(&replaces)
	if replaces {
		if !c.writes {
			r.Replaces = &Ref{}
		}
		c.text(&r.Replaces.Provider)
		c.text(&r.Replaces.ID)
	}
}

func (c *coder) number(n *int64) {
	if c.writes {
		c.data = binary.AppendVarint(c.data, *n)
		return
	}
	if len(c.data) > 0 && c.data[0] < 0x80 { // as most are
		*n, c.data = int64(c.data[0]>>1)^-int64(c.data[0]&1), c.data[1:]
		return
	}
	v, size := binary.Varint(c.data)
	if size <= 0 {
		c.bad, c.data, v, size = true, nil, 0, 0
	}
	*n, c.data = v, c.data[size:]
}

// count reports whether n things of at least so many bytes can be there.
func (c *coder) count(n, each int64) bool {
	if n < 0 || n > int64(len(c.data))/each {
		c.bad, c.data = true, nil
	}
	return !c.bad
}

func (c *coder) text(s *string) {
	n := int64(len(*s))
	c.number(&n)
	if c.writes {
		c.data = append(c.data, *s...)
	} else if c.count(n, 1) {
		from := len(c.texts) - len(c.data)
		*s, c.data = c.texts[from:from+int(n)], c.data[n:]
	}
}

func (c *coder) list(list *[]string) {
	n := int64(len(*list))
	c.number(&n)
	if !c.writes && n > 0 && c.count(n, 1) {
		if int(n) > len(c.lists) {
			c.lists = make([]string, max(n, 1024))
		}
		*list, c.lists = c.lists[:n:n], c.lists[n:]
	}
	for i := range *list {
		c.text(&(*list)[i])
	}
}

func (c *coder) flag(b *bool) {
	var n int64
	if *b {
		n = 1
	}
	c.number(&n)
	*b = n != 0
}

func (c *coder) time(t *time.Time) {
	s, ns := t.Unix(), int64(t.Nanosecond())
	c.number(&s)
	c.number(&ns)
	if !c.writes {
		*t = time.Unix(s, ns).UTC()
	}
}

func (c *coder) stamp(s *durable.Stamp) {
	for _, n := range []*int64{&s.Inode, &s.Size, &s.Modified, &s.Changed} { // large numbers: always 8 bytes
		if c.writes {
			c.data = binary.LittleEndian.AppendUint64(c.data, uint64(*n))
		} else if c.count(8, 1) {
			*n, c.data = int64(binary.LittleEndian.Uint64(c.data)), c.data[8:]
		}
	}
}
