package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
)

// A sealed entry of the journal holds its answer as frames, one for each write:
//
//	4 bytes   the length of what follows, big endian; 0 ends the answer
//	12 bytes  a random nonce
//	...       the bytes under AES-256-GCM, and 16 bytes of tag
//
// The entry's id and the frame's place in the answer's room are authenticated
// with it, so that no frame can stand elsewhere. Each entry has a key of its
// own, an item of the keyring: it goes with the entry, and what a disk still
// has of an entry that is done can be read by nobody.

const (
	frameHead     = 4
	frameOverhead = frameHead + 12 + 16
	sealKeySize   = 32
	// sealedRoom is how many times the room of an answer a sealed one gets, for
	// the frames of short writes.
	sealedRoom = 2
)

// sealer seals and opens the frames of one entry. A nil one does neither.
type sealer struct {
	id   string
	aead cipher.AEAD
}

// newSealKey makes a key, as the text of its item.
func newSealKey() Value {
	key := make([]byte, sealKeySize)
	_, _ = rand.Read(key) // never fails, as documented
	return New(hex.EncodeToString(key))
}

func newSealer(id string, key Value) (*sealer, error) {
	raw, err := hex.DecodeString(key.Reveal())
	if err != nil || len(raw) != sealKeySize {
		return nil, errors.New("the keyring has no usable key for it")
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &sealer{id, aead}, nil
}

// bound is what is authenticated with the frame at place.
func (s *sealer) bound(place int64) []byte {
	return binary.BigEndian.AppendUint64([]byte(s.id), uint64(place))
}

// seal makes the frame that stands at place.
func (s *sealer) seal(p []byte, place int64) []byte {
	frame := make([]byte, frameHead, frameOverhead+len(p))
	frame = s.aead.Seal(frame, nil, p, s.bound(place))
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-frameHead))
	return frame
}

// open returns what the frames hold, up to the first that is torn or was
// changed: what comes after it must not be joined to what comes before.
func (s *sealer) open(frames []byte) []byte {
	var answer []byte
	for place := 0; ; {
		n := frameSize(frames[place:])
		if n == 0 {
			return answer
		}
		more, err := s.aead.Open(answer, nil, frames[place+frameHead:place+n], s.bound(int64(place)))
		if err != nil {
			return answer
		}
		answer, place = more, place+n
	}
}

// frameSize is the length of the frame that b begins with, or 0 for none.
func frameSize(b []byte) int {
	if len(b) < frameOverhead {
		return 0
	}
	n := int64(binary.BigEndian.Uint32(b)) + frameHead
	if n <= frameOverhead || n > int64(len(b)) {
		return 0
	}
	return int(n)
}

// wholeFrames cuts off the room behind the last frame.
func wholeFrames(room []byte) []byte {
	used := 0
	for n := frameSize(room); n > 0; n = frameSize(room[used:]) {
		used += n
	}
	return room[:used]
}
