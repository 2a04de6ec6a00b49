package secret

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
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
	indexHead = "hookctl index 1\n" // another number: another layout
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
	fi, err := os.Lstat(d.indexPath()) // before it is read: one that is newer is trusted less, not more
	if err != nil {
		return &index{}
	}
	data, err := durable.ReadPrivate(d.indexPath(), indexMax)
	x := &index{written: fi.ModTime()}
	if err != nil || !x.decode(data) {
		return &index{}
	}
	for i := range x.records {
		x.records[i].place(d.webhooks + string(filepath.Separator) + x.records[i].Path)
	}
	return x
}

// trusts reports whether what has the stamp s in the index and now on the disk is
// still what the index was made from.
func (d *FileStore) trusts(x *index, s, now durable.Stamp) bool {
	return s == now && s.Before(x.written, d.margin)
}

// Glance is List for what a Tab offers. While no file was added, replaced or
// removed it looks at none of them, and may tell how one was before it was edited
// in place; the next List finds that.
func (d *FileStore) Glance(ctx context.Context) ([]Record, error) {
	if ok, err := openStoreDir(d.webhooks); err != nil || !ok {
		return nil, err
	}
	x := d.readIndex()
	if now, ok := stampOf(d.webhooks); ok && d.trusts(x, x.dir, now) {
		return x.records, nil
	}
	records, _, err := d.list(ctx, x, true)
	return records, err
}

func stampOf(path string) (durable.Stamp, bool) {
	fi, err := os.Lstat(path)
	if err != nil {
		return durable.Stamp{}, false
	}
	return durable.StampOf(fi)
}

// list reads the records, as far as old does not tell them, and renews the index
// where that saves the next one more than it costs: many files were to be read, or
// it is for a glance, which needs the index to be of the directory as it is.
func (d *FileStore) list(ctx context.Context, old *index, glance bool) ([]Record, []Problem, error) {
	var began time.Time // without a clock nothing is old enough for the index
	if d.now != nil {
		began = d.now()
	}
	was := make(map[string]int, len(old.records))
	for i := range old.records {
		was[old.records[i].Path] = i
	}
	dir, ok := stampOf(d.webhooks)
	whole := ok && dir.Before(began, d.margin)
	now := make(map[string]source, len(was)) // of what can be in the index
	told := 0
	records, problems, err := readAll(ctx, d.webhooks, fileSuffix, func(path string) (Record, error) {
		stamp, ok := stampOf(path)
		i, there := was[path]
		if there = there && ok && d.trusts(old, old.sources[i].stamp, stamp); there {
			told++
			if now[path] = old.sources[i]; !now[path].more {
				return old.records[i], nil
			}
		}
		r, err := readRecord(path)
		r.forget()
		if ok = ok && stamp.Before(began, d.margin); ok && err == nil {
			now[path] = source{stamp, r.Auth != nil}
		}
		whole = whole && ok
		return r, err
	})
	if err != nil {
		return nil, nil, err
	}
	records = sortRecords(records)
	stale := len(now) - told + len(was) - told // what the index could tell, and what it should not
	glanced := d.trusts(old, old.dir, dir)
	worth := len(now) >= d.indexFrom && (stale > len(records)/64 || glance && whole && !glanced)
	if worth || glanced && stale > 0 { // what a Glance would tell is not so any more
		var x index
		if whole {
			x.dir = dir
		}
		for _, r := range records {
			if from, ok := now[r.Path]; ok {
				x.records, x.sources = append(x.records, r), append(x.sources, from)
			}
		}
		d.writeIndex(&x)
	}
	return records, problems, nil
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
	c.index(x)
	const body = len(indexHead) + 4
	binary.LittleEndian.PutUint32(c.data[len(indexHead):], indexSum(c.data[body:]))
	return c.data
}

func (x *index) decode(data []byte) bool {
	rest, ok := bytes.CutPrefix(data, []byte(indexHead))
	if !ok || len(rest) < 4 || binary.LittleEndian.Uint32(rest) != indexSum(rest[4:]) {
		return false
	}
	c := coder{data: rest[4:], texts: string(rest[4:])}
	c.index(x)
	return !c.bad && len(c.data) == 0
}

// coder writes or reads the index: each member has one method for both, so that
// what is written is what is read.
type coder struct {
	writes bool
	data   []byte // written so far, or still to be read
	texts  string // all that was to be read: the texts are parts of it
	bad    bool
}

func (c *coder) index(x *index) {
	c.stamp(&x.dir)
	n := int64(len(x.records))
	c.number(&n)
	if !c.writes && c.count(n, recordMin) {
		x.records, x.sources = make([]Record, n), make([]source, n)
	}
	for i := range x.records {
		c.stamp(&x.sources[i].stamp)
		c.flag(&x.sources[i].more)
		c.record(&x.records[i])
	}
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
		*list = make([]string, n)
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
	for _, n := range []*int64{&s.Inode, &s.Size, &s.Modified, &s.Changed} {
		c.number(n)
	}
}
