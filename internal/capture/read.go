package capture

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/hookctl/hookctl/internal/capture/around"
	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/term"
)

// Options configure [Read].
type Options struct {
	// Format is the name of a format, or "" to detect it for each input.
	Format string
	// Stdin is what "-" reads.
	Stdin io.Reader
	// EmptyBody says that an input of no bytes is an empty payload, since its
	// signature is given beside it. Else there is no delivery in such an input,
	// unless the format is given.
	EmptyBody bool
	// Payload, where set, reports whether the signature that is given beside an
	// input is that of body. Such an input is a raw payload, whatever it looks
	// like; others are read as ever. It is asked where no format is given, of
	// inputs that are not too large to be held in memory.
	Payload func(body []byte) bool
	// SignatureHeaders are the names of headers that are signatures: they tell a
	// delivery from other requests, and where one stands that was not read.
	SignatureHeaders []string
	// Read, where set, counts the bytes that were read so far, compressed ones as
	// they are.
	Read *atomic.Int64
	// KeepLines asks for [ErrEndOfLine] after the deliveries of each line, or of the
	// lines that a delivery goes on over. An input in a format that is not lines
	// ends the run.
	KeepLines bool
	// EachLine, with KeepLines, takes each line for itself and waits for nothing
	// behind it. What comes slowly and is in no other format is lines.
	EachLine bool

	guessing bool // what the signature's name may be
}

// Read yields the deliveries of all inputs, in the order given. A path is a
// file, a directory (walked in the order of names, entries beginning with a
// dot left out) or "-". Symbolic links are followed, loops and special files
// in directories are passed over with a note; a pipe or a device that is named
// itself is read. Inputs compressed with gzip are read through, unless the
// format is given as raw: then the bytes are taken as they are.
//
// An input that cannot be opened or read is one unreadable delivery. An
// unknown format is an error of kind Usage. Cancelling ctx ends the sequence,
// at the latest when a blocked read returns.
func Read(ctx context.Context, paths []string, o Options) (iter.Seq[Batch], error) {
	var forced *Format
	if o.Format != "" {
		f, err := FormatNamed(o.Format)
		if err != nil {
			return nil, err
		}
		if o.KeepLines && !f.Lines {
			return nil, notLines("captures in the format "+f.Name, "only formats of lines give one verdict per line: --format "+strings.Join(lineFormats(), ", or "))
		}
		forced = &f
	}
	return func(yield func(Batch) bool) {
		w := walker{Options: o, ctx: ctx, forced: forced, yield: yield}
		for _, path := range paths {
			ok := true
			if path == "-" {
				ok = o.Stdin == nil || w.input(Input{Name: "-", R: o.Stdin})
			} else {
				ok = w.path(path, nil)
			}
			if !ok {
				return
			}
		}
	}, nil
}

// walker yields; each of its methods returns false when the consumer is done.
type walker struct {
	Options
	ctx    context.Context
	forced *Format
	yield  func(Batch) bool
}

// path reads a file or a directory; above are the directories that lead to it, none
// where it was named itself.
func (w *walker) path(path string, above []fs.FileInfo) bool {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		if link, lerr := os.Lstat(path); above != nil && lerr == nil && link.Mode()&fs.ModeSymlink != 0 {
			return w.yield(Batch{Note: fmt.Sprintf("%s: skipped: a broken symbolic link", path)})
		}
		return w.yield(recorded.Unreadable(path, durable.WithoutPath(err)))
	case info.IsDir():
		return w.dir(path, info, above)
	case above != nil && !info.Mode().IsRegular():
		return w.yield(Batch{Note: fmt.Sprintf("%s: skipped: not a regular file", path)})
	}
	return w.file(path)
}

// dir walks a directory.
func (w *walker) dir(path string, info fs.FileInfo, above []fs.FileInfo) bool {
	for _, a := range above {
		if os.SameFile(a, info) {
			return w.yield(Batch{Note: fmt.Sprintf("%s: skipped: a symbolic link back to a directory above it", path)})
		}
	}
	entries, err := os.ReadDir(path)
	if err != nil && !w.yield(recorded.Unreadable(path, durable.WithoutPath(err))) {
		return false
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") })
	if err == nil && len(entries) == 0 && len(above) == 0 {
		return w.yield(Batch{Note: fmt.Sprintf("%s: skipped: the directory holds no file (names that begin with a dot are left out)", path)})
	}
	above = append(above, info)
	for _, entry := range entries {
		if w.ctx.Err() != nil {
			return false
		}
		if !w.path(filepath.Join(path, entry.Name()), above) {
			return false
		}
	}
	return true
}

func (w *walker) file(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return w.yield(recorded.Unreadable(path, durable.WithoutPath(err)))
	}
	in := Input{Name: path, R: f}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		in.Size, in.Again = info.Size(), func() (io.ReadCloser, error) { return os.Open(path) }
		if in.Size > 0 { // what is read may be sent to who appends it here: that must end
			in.R = io.LimitReader(f, in.Size)
		}
	}
	ok := w.input(in)
	if err := f.Close(); err != nil && ok {
		return w.yield(Batch{Note: fmt.Sprintf("%s: closing: %v", path, durable.WithoutPath(err))})
	}
	return ok
}

// input reads one open input.
func (w *walker) input(in Input) bool {
	end := &watched{r: in.R, n: w.Read}
	var r io.Reader = end
	if w.Payload != nil && w.forced == nil && !w.KeepLines {
		whole, err := io.ReadAll(io.LimitReader(r, rawInMemory+1))
		if err != nil {
			return w.yield(recorded.Unreadable(in.Name, durable.WithoutPath(err)))
		}
		if len(whole) <= rawInMemory && w.Payload(whole) {
			batch := recorded.Single(&Request{Source: in.Name, Body: whole}, nil)
			batch.Format = Raw
			return w.yield(batch)
		}
		r = &prefixed{head: whole, r: r}
	}
	var original *recorder // of an input that is UTF-16
	if w.forced == nil || w.forced.Name != Raw {
		b := bufio.NewReaderSize(r, 4<<10)
		if beginsWith(b, "\x1f\x8b") {
			z, err := gzip.NewReader(b)
			if err != nil {
				return w.yield(recorded.Unreadable(in.Name, fmt.Errorf("decompressing: %w", err)))
			}
			b, in.Size, in.Again, in.Unzipped = bufio.NewReaderSize(z, 4<<10), 0, unzipped(in.Again), true
		}
		r = b
		if beginsWith(b, "\xff\xfe") || beginsWith(b, "\xfe\xff") {
			original = &recorder{r: b, on: true}
			r = fromUTF16(original)
		}
	}
	format, r, notes, no := w.format(in, r, original)
	if no != nil {
		return w.yield(*no)
	}
	in.Decoded, in.Around = decodedBy(in.Unzipped, original != nil), len(notes) > 0
	in.R, in.SignatureHeaders, in.KeepLines, in.EachLine, in.Detected = r, w.SignatureHeaders, w.KeepLines, w.EachLine, w.forced == nil
	var net *uncarried
	if !format.Lines && format.Name != Raw {
		net = newUncarried(in.R, in.SignatureHeaders)
		in.R = net
	}
	for batch := range format.Read(w.ctx, in) {
		if net != nil {
			batch = net.watch(batch)
		}
		batch.Ended = end.seen.Load() || format.Name == Raw
		if batch.Format == "" {
			batch.Format = format.Name
		}
		if original != nil && format.Name != Raw {
			batch = marked(batch, true, noteUTF16)
		}
		batch = marked(batch, false, notes...)
		if w.ctx.Err() != nil || !w.yield(batch) {
			return false
		}
	}
	if net != nil && w.ctx.Err() == nil && !w.yield(net.rest(w.ctx)) {
		return false
	}
	return w.ctx.Err() == nil
}

// format is that of an input, whose beginning it has looked at: r is the whole of
// it again, without what is around its lines, which the notes tell. Where there is
// nothing to read, no says why.
func (w *walker) format(in Input, r io.Reader, original *recorder) (_ Format, _ io.Reader, notes []string, no *Batch) {
	if w.KeepLines && original != nil {
		return Format{}, nil, nil, &Batch{Err: notLines(in.Name, "it is UTF-16: convert it first, with iconv -f UTF-16 -t UTF-8")}
	}
	if w.forced != nil {
		original.stop()
		format, r, no := w.variant(in, r)
		return format, r, nil, no
	}
	p := &prefixed{r: r}
	// Who writes to a pipe may wait for the verdict on its first line.
	more, slow := true, w.EachLine && in.Again == nil
	told, by := rawFormat, 0 // by how much of the beginning
	if slow {
		p.line(recorded.HeadMax)
	} else {
		var err error // that of the next read as well: what comes before it is read
		if p.head, more, err = peek(r, in.Size, func(head []byte) bool {
			told, by = detect(head, true, w.SignatureHeaders...), len(head)
			return told.Name != rawFormat.Name
		}); err != nil && (len(p.head) == 0 || detect(p.head, true, w.SignatureHeaders...).Name == Raw) {
			b := recorded.Unreadable(in.Name, durable.WithoutPath(err))
			return Format{}, nil, nil, &b
		}
	}
	if len(p.head) == 0 && !w.EmptyBody {
		b := recorded.Unreadable(in.Name, errors.New("it is empty"))
		if w.KeepLines { // no line, no verdict
			b = Batch{Note: in.Name + ": it is empty"}
		}
		return Format{}, nil, nil, &b
	}
	if !more || by != len(p.head) {
		told = detect(p.head, more, w.SignatureHeaders...)
	}
	format := told
	if !w.KeepLines && !w.EmptyBody {
		format, p, notes = w.inside(format, p, more)
	}
	if w.EmptyBody && inPassing(format, p.head) {
		format = rawFormat
	}
	if w.KeepLines && format.Variant {
		format = logFormat
	}
	if w.KeepLines && !format.Lines {
		if !mayBeLines(p.head, format, slow) {
			return Format{}, nil, nil, &Batch{Err: notLines(in.Name, "it was read as "+format.Name+"; if it consists of lines, use --format "+strings.Join(lineFormats(), ", or "))}
		}
		format = ndjsonFormat
	}
	if format.Name == Raw && !w.EmptyBody {
		p.fill(recorded.HeadMax)
		err := walk.LayoutError(p.head[:min(len(p.head), recorded.HeadMax)], w.SignatureHeaders, in.Name, decodedBy(in.Unzipped, original != nil))
		if err == nil {
			err = walk.NeedsTool(p.head, in.Name)
		}
		if err != nil {
			if layout := (*UnknownLayout)(nil); errors.As(err, &layout) {
				if len(notes) > 0 {
					layout.Suggestion = ""
				}
				layout.Suggestion = cmp.Or(w.otherName(p.head, in.Name), layout.Suggestion)
			}
			b := recorded.Unreadable(in.Name, err)
			b.Format = Raw
			return Format{}, nil, nil, &b
		}
	}
	if kept := original.stop(); format.Name == Raw && original != nil {
		p = &prefixed{head: kept, r: original.r}
	}
	return format, p, notes, nil
}

// otherName is how to read an input that is read where a name in it is that of a header
// with signatures; empty where there is none.
func (w *walker) otherName(head []byte, file string) string {
	if w.guessing {
		return ""
	}
	for _, name := range walk.OtherNames(head, w.SignatureHeaders) {
		names := []string{name}
		batches, err := Read(w.ctx, []string{"-"}, Options{Stdin: bytes.NewReader(head[:min(len(head), recorded.HeadMax)]), SignatureHeaders: names, guessing: true})
		if err != nil {
			return ""
		}
		for b := range batches {
			for r, err := range b.Each() {
				if err == nil && r.Stream == nil && len(r.Body) > 0 && jsontext.SkipValue(r.Body, 0) == len(r.Body) && recorded.Signed(r.Header, names) {
					return fmt.Sprintf("If %q is the name of the signature there, give it and the provider: hookctl verify %s --signature-header %s --provider PROVIDER", name, walk.FileWord(file), term.ShellWord(name))
				}
			}
		}
	}
	return ""
}

// inside takes off what is around the lines of an input, where the text inside is in
// a format that it is not in as it is.
func (w *walker) inside(format Format, p *prefixed, more bool) (_ Format, _ *prefixed, notes []string) {
	if more && (format.Name == Raw || format.Variant) { // nothing is said of it before its end
		p.fill(recorded.HeadStep)
		more = len(p.head) >= recorded.HeadStep
	}
	for _, find := range around.Find {
		l, ok := find(p.head[:min(len(p.head), recorded.HeadStep)], w.SignatureHeaders)
		if !ok || !l.Sure && format.Name != Raw && !format.Variant {
			continue
		}
		head, rest := l.Inside(p.head, p.r, true)
		if !more {
			head, rest = ended(head, rest)
		}
		before, inner := message.TrimBOM(p.head), detect(head, more, w.SignatureHeaders...)
		switch {
		case inner.Name == Raw && !l.Sure:
			continue
		case !inner.Lines:
			if head, rest = l.Inside(p.head, p.r, false); !more {
				head, rest = ended(head, rest)
			}
		}
		if p = (&prefixed{head: head, r: rest}); len(head) == 0 {
			p.fill(1) // it had to see the end
			inner = detect(p.head, more, w.SignatureHeaders...)
		}
		n := min(len(before), len(p.head))
		if format = inner; !bytes.Equal(before[:n], p.head[:n]) { // it may not have been that
			notes = append(notes, l.Note)
		}
	}
	return format, p, notes
}

// ended is a text all of which is in memory.
func ended(head []byte, rest io.Reader) ([]byte, io.Reader) {
	tail, err := io.ReadAll(rest)
	if err != nil {
		return head, rest
	}
	return append(head, tail...), bytes.NewReader(nil)
}

// inPassing reports whether the format is one that finds deliveries in whatever is
// around them: where a signature is given beside an input, that is a payload.
func inPassing(format Format, head []byte) bool {
	item := walk.FirstOf(message.TrimBOM(head))
	return format.Name == recorded.Log || format.Name == recorded.JSON && !walk.IsRecord(item, jsontext.SkipValue(item, 0) < 0)
}

// decodedBy is the commands that make what was read of the bytes of an input.
func decodedBy(unzipped, utf16 bool) (commands []string) {
	if unzipped {
		commands = append(commands, "gunzip -c")
	}
	if utf16 {
		commands = append(commands, "iconv -f UTF-16 -t UTF-8")
	}
	return commands
}

// variant is the given format, or the layout of it that the beginning of the input
// is in.
func (w *walker) variant(in Input, r io.Reader) (_ Format, _ io.Reader, no *Batch) {
	if w.KeepLines || !slices.ContainsFunc(Formats, func(f Format) bool { return f.Variant && f.Name == w.forced.Name }) {
		return *w.forced, r, nil
	}
	// Another layout is told by all of the beginning.
	head, more, err := peek(r, in.Size, func(head []byte) bool { return w.forced.Sniff(head, true, w.SignatureHeaders) })
	if err != nil {
		b := recorded.Unreadable(in.Name, durable.WithoutPath(err))
		return Format{}, nil, &b
	}
	return variantOf(*w.forced, head, more, w.SignatureHeaders), &prefixed{head: head, r: r}, nil
}

// suggestJQ is the command that makes records of a document of an input, by way of the
// commands that take it out; empty where none makes what was read.
func suggestJQ(in Input, doc []byte, way []walk.Step, as ...string) string {
	if in.Around {
		return ""
	}
	return walk.SuggestJQ(doc, way, in.SignatureHeaders, in.Name, slices.Concat(in.Decoded, as))
}

// mayBeLines reports whether what is in no format of lines can be taken for lines
// all the same: blank lines, and of what comes slowly a first line that does not
// tell, such as a torn one.
func mayBeLines(head []byte, format Format, slow bool) bool {
	text := bytes.TrimSpace(message.TrimBOM(head))
	oneJSON := bytes.IndexByte(text, '\n') == -1 && walk.IsObject(walk.FirstOf(text))
	return len(text) == 0 || slow && (format.Name == Raw || oneJSON)
}

// notLines is the error for what cannot be asked for line by line.
func notLines(what, hint string) error {
	return fault.Usagef("%s cannot be read line by line", what).WithHint("%s", hint)
}

// watched adds what is read to n, where that is set, and knows when the end was
// seen.
type watched struct {
	r    io.Reader
	n    *atomic.Int64
	seen atomic.Bool
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if w.n != nil {
		w.n.Add(int64(n))
	}
	if err == io.EOF {
		w.seen.Store(true)
	}
	return n, err
}

// beginsWith reports whether the bytes come next. It waits for none that does not
// matter.
func beginsWith(b *bufio.Reader, text string) bool {
	for i := range len(text) {
		if head, err := b.Peek(i + 1); err != nil || head[i] != text[i] {
			return false
		}
	}
	return true
}

// unzipped is open behind a decompressor.
func unzipped(open func() (io.ReadCloser, error)) func() (io.ReadCloser, error) {
	if open == nil {
		return nil
	}
	return func() (io.ReadCloser, error) {
		f, err := open()
		if err != nil {
			return nil, err
		}
		z, err := gzip.NewReader(bufio.NewReader(f))
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return struct {
			io.Reader
			io.Closer
		}{z, f}, nil
	}
}

// peek reads until there is enough to detect a format by: a line that is a
// record, the head of a request, or HeadStep bytes, and the rest of a line that
// begins within them and may be a record; never more than HeadMax, because who tells
// the format decodes a larger body over its text. It waits for no more than that, so
// that a slow pipe is judged as it flows. Size is how much there is, 0 if unknown.
func peek(r io.Reader, size int64, recognised func(head []byte) bool) (head []byte, more bool, err error) {
	if size > 0 && size < recorded.HeadStep {
		head = make([]byte, 0, size)
	}
	for len(head) < recorded.HeadMax {
		if len(head) == cap(head) {
			head = slices.Grow(head, recorded.HeadStep)
		}
		n, err := r.Read(head[len(head):min(cap(head), len(head)+recorded.HeadStep, recorded.HeadMax)])
		fresh := head[len(head) : len(head)+n]
		head = head[:len(head)+n]
		if err == io.EOF {
			return head, false, nil
		}
		if err != nil {
			return head, true, err
		}
		if enough(head, fresh, recognised) {
			break
		}
	}
	return head, true, nil
}

// enough reports whether a format can be told by head, of which fresh has come
// last: where it has whole lines, by whether a format is recognised.
func enough(head, fresh []byte, recognised func(head []byte) bool) bool {
	text := bytes.TrimLeft(message.TrimBOM(head), " \t\r\n")
	if len(text) == 0 {
		return len(head) >= recorded.HeadStep
	}
	item := walk.FirstOf(text)
	line, _, ended := bytes.Cut(text, []byte("\n"))
	if walk.IsObject(item) && !(ended && jsontext.SkipValue(line, 0) == len(bytes.TrimSpace(line))) {
		// What does not end may still become a record, whose headers come after
		// its body.
		ends := bytes.HasSuffix(bytes.TrimRight(fresh, " \t\r\n"), []byte("}"))
		return (len(head) >= recorded.HeadStep || ends && recognised(head)) && jsontext.SkipValue(item, 0) != -1
	}
	// Whole lines, or no JSON: as soon as something is recognised. What is before
	// it may be what a program says as it starts.
	if bytes.Contains(fresh, []byte("\n")) && recognised(head) {
		return true
	}
	last := head[bytes.LastIndexByte(head, '\n')+1:]
	return len(head) >= recorded.HeadStep && bytes.IndexByte(last, '{') < 0
}

// prefixed puts a head back in front of a reader.
type prefixed struct {
	head []byte
	r    io.Reader
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.head) > 0 {
		n := copy(b, p.head)
		p.head = p.head[n:]
		return n, nil
	}
	return p.r.Read(b)
}

// fill reads until the head holds size bytes, or the input ends.
func (p *prefixed) fill(size int) {
	for len(p.head) < size {
		p.head = slices.Grow(p.head, recorded.HeadStep)
		n, err := p.r.Read(p.head[len(p.head) : len(p.head)+recorded.HeadStep])
		if p.head = p.head[:len(p.head)+n]; err != nil {
			return // that of the next read as well
		}
	}
}

// line reads until the head holds a line, and returns where it ends: after its
// newline, or at the end of the input. It is 0 at the end, and where a line is
// longer than limit or cannot be read.
func (p *prefixed) line(limit int) int {
	for scanned := 0; ; {
		if i := bytes.IndexByte(p.head[scanned:], '\n'); i >= 0 {
			return scanned + i + 1
		}
		scanned = len(p.head)
		if scanned > limit {
			return 0
		}
		p.head = slices.Grow(p.head, recorded.HeadStep)
		n, err := p.r.Read(p.head[scanned:min(scanned+recorded.HeadStep, limit+1)])
		p.head = p.head[:scanned+n]
		switch {
		case err == io.EOF && n == 0:
			return scanned
		case err != nil && err != io.EOF:
			return 0
		}
	}
}
