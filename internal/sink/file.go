package sink

import (
	"context"
	"errors"
)

// fileSink makes the secret the whole content of a file.
type fileSink Spec

func newFile(t Spec) (place, error) {
	if t.path == "" {
		return nil, errors.New("the path is missing")
	}
	return fileSink(t), nil
}

func (s fileSink) Check(context.Context) error { return s.env.Disk.Or().CheckFile(s.path) }

func (s fileSink) Put(_ context.Context, it Item) error {
	return s.env.Disk.Or().WriteFile(s.path, []byte(it.Secret.Reveal()))
}
