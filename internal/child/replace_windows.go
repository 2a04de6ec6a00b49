package child

import "errors"

// Replace is not to be had on Windows.
func Replace(Command) error { return errors.ErrUnsupported }
