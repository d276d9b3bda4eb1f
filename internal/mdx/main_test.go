package mdx_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No wait, lock or refresh may leave a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
