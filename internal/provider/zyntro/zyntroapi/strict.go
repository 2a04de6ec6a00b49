package zyntroapi

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/secret"
)

// Why a create answer could not be used although it reports a success, or
// carries a secret although it reports none. They stand inside a
// [*ProtocolError].
var (
	// ErrAmbiguousSecret: a member name stands twice, so that there may be two secrets to choose from.
	ErrAmbiguousSecret = errors.New("the answer has a member twice, so its secret is ambiguous")
	// ErrNoSecret: secret_key is absent, not a text, empty, or damaged.
	ErrNoSecret = errors.New("the answer has no usable secret_key")
	// ErrNoID: wh_id is absent, empty or neither text nor number.
	ErrNoID = errors.New("the answer has no usable wh_id")
	// ErrStraySecret: the answer is no success and yet carries a secret_key.
	ErrStraySecret = errors.New("the answer does not report success, but has a secret_key")
)

// decodeCreated reads the data member of a successful create answer: exact
// names, no duplicates, a secret that is kept as it is.
func decodeCreated(answer success) (Created, error) {
	bad := func(err error) (Created, error) {
		return Created{}, &ProtocolError{HTTPStatus: answer.httpStatus, Err: err}
	}
	members, err := jsontext.Object(answer.data)
	switch {
	case errors.Is(err, jsontext.ErrDuplicateMember):
		return bad(ErrAmbiguousSecret)
	case err != nil:
		return bad(ErrNoSecret)
	}
	key, err := secret.FromJSON(members["secret_key"])
	if err != nil {
		return bad(ErrNoSecret)
	}
	id, err := looseID(members["wh_id"])
	if err != nil {
		return bad(ErrNoID)
	}
	return Created{ID: id, Secret: key}, nil
}

// carriesSecret reports whether body seems to hold a secret_key with a value,
// at any depth and in any case. It may err towards yes.
func carriesSecret(body []byte) bool {
	dec := json.NewDecoder(strings.NewReader(string(body)))
	named := false
	for {
		token, err := dec.Token()
		if err != nil { // the end, or no (complete) JSON
			return !json.Valid(body) && strings.Contains(strings.ToLower(string(body)), "secret_key")
		}
		if named && token != nil && token != "" {
			return true
		}
		text, ok := token.(string)
		named = ok && strings.EqualFold(text, "secret_key")
	}
}
