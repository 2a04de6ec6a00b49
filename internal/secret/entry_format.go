package secret

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hookctl/hookctl/internal/durable"
)

// An entry is one file of fixed size that a person can read:
//
//	{"hookctl_journal":1,"answer_offset":20480,"answer_room":262144}
//	{"id":"...","operation":"create", ... the intent}
//	{"phase":"sent", ... one line for each phase}
//	spaces, and a newline, up to answer_offset
//	the answer as it came, then zero bytes up to the end
//
// Everything is allocated when the entry is begun and overwritten in place
// afterwards, so that no later write can meet a full disk.
//
// A sealed entry has version 2, and "sealed" names where in the keyring its key
// is; its answer is the frames of seal.go.

const (
	entryVersion  = 1
	sealedVersion = 2
	entryBlock    = 4096     // answer_offset is a multiple of it
	phaseRoom     = 16 << 10 // at least so many bytes are free for phases
	maxAnswer     = 16 << 20 // the most room that an answer can have
	maxIntent     = 1 << 20  // the most that the head can take
)

// entryHead is what comes before the answer.
type entryHead struct {
	text   []byte // all of it when the entry is begun, empty when it was read
	used   int64  // bytes up to the end of the last phase
	dirty  int64  // how far a phase that was not finished may reach
	offset int64  // where the answer begins
	room   int64  // how long it can be
	sealed string // where in the keyring the key of the answer is; "" for none
}

// encodeHead lays out a new entry.
func encodeHead(in Intent, room int64, sealed string) (entryHead, error) {
	if room < 0 || room > maxAnswer {
		return entryHead{}, fmt.Errorf("a space of %d bytes for an answer is out of range (at most %d)", room, maxAnswer)
	}
	intent, err := encodeIntent(in)
	if err != nil {
		return entryHead{}, err
	}
	if len(intent) > maxIntent/2 {
		return entryHead{}, fmt.Errorf("the intent is too long (%d bytes)", len(intent))
	}
	const firstLine = 160
	offset := (int64(firstLine+len(intent)+1+phaseRoom) + entryBlock - 1) / entryBlock * entryBlock

	version, more := entryVersion, ""
	if sealed != "" {
		version, more = sealedVersion, `,"sealed":"`+sealed+`"`
	}
	text := fmt.Appendf(nil, `{"hookctl_journal":%d,"answer_offset":%d,"answer_room":%d%s}`+"\n", version, offset, room, more)
	text = append(append(text, intent...), '\n')
	used := int64(len(text))
	text = append(text, bytes.Repeat([]byte(" "), int(offset)-len(text))...)
	text[offset-1] = '\n' // the answer begins a line
	return entryHead{text: text, used: used, offset: offset, room: room, sealed: sealed}, nil
}

func encodeIntent(in Intent) ([]byte, error) {
	var w objectWriter
	w.text("id", in.ID)
	w.text("operation", in.Operation)
	w.text("provider", in.Provider)
	w.text("profile", in.Profile)
	w.text("origin", in.Origin)
	if in.Account != "" {
		w.text("account", in.Account)
	}
	w.text("name", in.Name)
	w.text("url", in.URL)
	w.texts("events", in.Events)
	w.time("started_at", in.StartedAt)
	w.value("pid", in.PID)
	w.text("host", in.Host)
	w.ref("replaces", in.Replaces)
	if in.Overlap {
		w.value("overlap", true)
	}
	if len(in.Sinks) > 0 {
		w.texts("sinks", in.Sinks)
	}
	return w.bytes()
}

func decodeIntent(line []byte) (Intent, error) {
	o := parseObject(line)
	o.require("id", "operation", "provider")
	in := Intent{
		ID:        o.text("id"),
		Operation: o.text("operation"),
		Provider:  o.text("provider"),
		Profile:   o.text("profile"),
		Origin:    o.text("origin"),
		Account:   o.text("account"),
		Name:      o.text("name"),
		URL:       o.text("url"),
		Events:    o.texts("events"),
		StartedAt: o.time("started_at"),
		PID:       int(o.int("pid")),
		Host:      o.text("host"),
		Replaces:  o.ref("replaces"),
		Overlap:   o.bool("overlap"),
		Sinks:     o.texts("sinks"),
	}
	return in, o.err
}

func encodePhase(p Phase) ([]byte, error) {
	var w objectWriter
	w.text("phase", p.Name)
	w.time("at", p.At)
	if p.ID != "" {
		w.text("id", p.ID)
	}
	if p.Status != 0 {
		w.value("status", p.Status)
	}
	if p.Detail != "" {
		w.text("detail", p.Detail)
	}
	line, err := w.bytes()
	return append(line, '\n'), err
}

func decodePhase(line []byte) (Phase, error) {
	o := parseObject(line)
	o.require("phase")
	p := Phase{
		Name:   o.text("phase"),
		At:     o.time("at"),
		ID:     o.text("id"),
		Status: int(o.int("status")),
		Detail: o.text("detail"),
	}
	return p, o.err
}

// decodeEntry reads a whole entry. The answer shares memory with data; zero
// bytes at its end cannot be told from room that was not used and are left out.
// One that is sealed stays so.
func decodeEntry(data []byte) (OpenOperation, entryHead, error) {
	head, rest, err := decodeLayout(data)
	if err != nil {
		return OpenOperation{}, entryHead{}, err
	}
	line, rest, ok := bytes.Cut(rest, []byte("\n"))
	if !ok {
		return OpenOperation{}, entryHead{}, errors.New("the intent is cut off")
	}
	var p OpenOperation
	if p.Intent, err = decodeIntent(line); err != nil {
		return OpenOperation{}, entryHead{}, fmt.Errorf("the intent: %w", err)
	}
	for {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		if !ended {
			// Padding. Anything else is a phase that was being written when the
			// power went: it was not reported as done, so it does not count.
			break
		}
		phase, err := decodePhase(line)
		if err != nil {
			return OpenOperation{}, entryHead{}, fmt.Errorf("phase %d: %w", len(p.Phases)+1, err)
		}
		p.Phases, rest = append(p.Phases, phase), after
	}
	head.used = head.offset - 1 - int64(len(rest))
	head.dirty = head.used + int64(len(bytes.TrimRight(rest, " ")))
	if p.Sealed = head.sealed != ""; p.Sealed {
		p.Answer = wholeFrames(data[head.offset:])
	} else {
		p.Answer = trimZeros(data[head.offset:])
	}
	return p, head, nil
}

// decodeLayout reads the first line and returns the rest of the head, without
// the newline that ends it.
func decodeLayout(data []byte) (entryHead, []byte, error) {
	first, rest, ok := bytes.Cut(data[:min(len(data), entryBlock)], []byte("\n"))
	if !ok {
		return entryHead{}, nil, errors.New("not a journal entry")
	}
	o := parseObject(first)
	o.require("hookctl_journal", "answer_offset", "answer_room")
	version := o.int("hookctl_journal")
	head := entryHead{offset: o.int("answer_offset"), room: o.int("answer_room")}
	if version == sealedVersion {
		o.require("sealed")
		head.sealed = o.text("sealed")
	}
	switch {
	case o.err != nil:
		return entryHead{}, nil, fmt.Errorf("not a journal entry: %w", o.err)
	case version != entryVersion && version != sealedVersion:
		return entryHead{}, nil, fmt.Errorf("format version %d is unknown: a newer hookctl may have written it", version)
	case version == sealedVersion && !durable.IsID(head.sealed):
		return entryHead{}, nil, errors.New("it does not name its key")
	case head.offset < entryBlock || head.offset > 2*maxIntent || head.offset%entryBlock != 0 || head.room < 0 || head.room > maxAnswer:
		return entryHead{}, nil, errors.New("its layout is out of range")
	case int64(len(data)) != head.offset+head.room:
		return entryHead{}, nil, fmt.Errorf("it is %d bytes long instead of %d", len(data), head.offset+head.room)
	case data[head.offset-1] != '\n':
		return entryHead{}, nil, errors.New("its head is damaged")
	}
	rest = data[len(data[:entryBlock])-len(rest) : head.offset-1]
	return head, rest, nil
}

// trimZeros drops the zero bytes at the end, a block at a time: hundreds of
// entries are mostly zeros.
func trimZeros(b []byte) []byte {
	var zero [entryBlock]byte
	for len(b) >= len(zero) && bytes.Equal(b[len(b)-len(zero):], zero[:]) {
		b = b[:len(b)-len(zero)]
	}
	return bytes.TrimRight(b, "\x00")
}

// readEntry returns what the entry at path says. An absent file is
// fs.ErrNotExist; any other error is a fault that names the file.
func readEntry(path string) (p OpenOperation, head entryHead, err error) {
	p, err = readPrivate(path, 2*maxIntent+maxAnswer, func(data []byte) (p OpenOperation, err error) {
		p, head, err = decodeEntry(data)
		if err == nil && p.Intent.ID != strings.TrimSuffix(filepath.Base(path), entrySuffix) {
			err = errors.New("its id does not match its file name")
		}
		p.Answer, p.Path = bytes.Clone(p.Answer), path
		return p, err
	})
	return p, head, err
}
