package sink

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/hookctl/hookctl/internal/durable"
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

// Put takes its turn with all that writes into the directory, as a dotenv sink
// does: each reads its own secret back.
func (s fileSink) Put(ctx context.Context, it Item) (err error) {
	unlock, err := durable.LockDir(ctx, filepath.Dir(s.path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return s.env.Disk.Or().WriteFile(s.path, []byte(it.Secret.Reveal()))
}
