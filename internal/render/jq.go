package render

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/itchyny/gojq"

	"github.com/hookctl/hookctl/internal/fault"
)

// filter is a compiled jq expression. It sees no environment ($ENV is empty),
// reads no files and no further input.
type filter struct {
	ctx  context.Context
	code *gojq.Code
}

// interruptGrace bounds an expression that begins after the interrupt.
const interruptGrace = 2 * time.Second

func compile(ctx context.Context, expr string) (*filter, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	query, err := gojq.Parse(expr)
	if err == nil {
		var code *gojq.Code
		if code, err = gojq.Compile(query); err == nil {
			return &filter{ctx, code}, nil
		}
	}
	return nil, fault.Errorf(fault.Usage, "the --jq expression %q is not valid: %w", expr, err).WithCode("jq")
}

// run hands each result of the expression on doc to emit.
func (f *filter) run(doc []byte, emit func(any) error) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var input any
	if err := d.Decode(&input); err != nil {
		return fault.Errorf(fault.Other, "the output is not valid JSON: %w", err)
	}
	ctx := f.ctx
	if ctx.Err() != nil { // what an interrupted command has done is still printed
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), interruptGrace)
		defer cancel()
	}
	for it := f.code.RunWithContext(ctx, input); ; {
		result, ok := it.Next()
		if !ok {
			return nil
		}
		err, failed := result.(error)
		if !failed {
			if err := emit(result); err != nil {
				return err
			}
			continue
		}
		var halt *gojq.HaltError
		switch {
		case errors.As(err, &halt) && halt.Value() == nil: // the expression said: halt
			return nil
		case ctx.Err() != nil:
			return fault.Errorf(fault.Interrupted, "the --jq expression was stopped: %w", f.ctx.Err())
		}
		return fault.Errorf(fault.Usage, "the --jq expression failed: %w", err).WithCode("jq")
	}
}

// itemwise adds to the failure of an expression that it sees each item alone.
func itemwise(err error) error {
	if fault.Code(err) != "jq" {
		return err
	}
	return fault.WithHint(err, fault.Hint{Text: "here --jq gets one item at a time, not a list: leave out .[]"})
}

// encode is a jq result as compact JSON. It cannot fail: gojq knows how to
// write every type that it makes.
func encode(v any) []byte {
	b, err := gojq.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return b
}
