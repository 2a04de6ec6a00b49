//go:build soak && linux && amd64

package cli_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call is a system call that a traced program is about to make.
type call struct {
	name string
	at   string // the file, or "socket"
}

// fault is what happens at a call instead of it.
type fault struct {
	kill  bool
	errno syscall.Errno
	short uint64 // so many bytes of a write are written; half of a long one
	first func() // before it, while the calling thread stands still
}

// The calls by which a program changes the disk or talks to the network, and
// which of their arguments is a descriptor or a path.
var tracedCalls = map[uint64]struct {
	name string
	fd   int // number of the argument; -1: none
	path int
}{
	unix.SYS_WRITE: {"write", 0, -1}, unix.SYS_PWRITE64: {"pwrite64", 0, -1}, unix.SYS_FSYNC: {"fsync", 0, -1}, unix.SYS_FDATASYNC: {"fdatasync", 0, -1},
	unix.SYS_FTRUNCATE: {"ftruncate", 0, -1}, unix.SYS_FALLOCATE: {"fallocate", 0, -1}, unix.SYS_FLOCK: {"flock", 0, -1}, unix.SYS_FCHMOD: {"fchmod", 0, -1},
	unix.SYS_CONNECT: {"connect", 0, -1}, unix.SYS_OPENAT: {"openat", -1, 1}, unix.SYS_RENAMEAT: {"renameat", -1, 1}, unix.SYS_RENAMEAT2: {"renameat", -1, 1},
	unix.SYS_UNLINKAT: {"unlinkat", -1, 1}, unix.SYS_MKDIRAT: {"mkdirat", -1, 1}, unix.SYS_LINKAT: {"linkat", -1, 1},
}

// syscallInfo is the head of struct ptrace_syscall_info.
type syscallInfo struct {
	op   uint8
	_    [3]uint8
	arch uint32
	ip   uint64
	sp   uint64
	nr   uint64
	args [6]uint64
}

const (
	ptraceGetSyscallInfo = 0x420e
	atEntry              = 1
)

// needsTracer skips a test where programs cannot be traced: the program keeps
// its own /proc entries from all but root.
func needsTracer(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to trace a program that is not dumpable")
	}
}

// trace runs the program and lets pick choose what happens at each call: nil for
// nothing. It counts over all threads, which strace does not.
func (p *program) trace(pick func(n int, c call) *fault, args ...string) result {
	p.t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out, errs := p.scratch("stdout"), p.scratch("stderr")
	defer func() { _, _ = out.Close(), errs.Close() }()
	null, err := os.Open(os.DevNull)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	proc, err := os.StartProcess(p.bin, append([]string{"hookctl"}, args...), &os.ProcAttr{
		Dir: p.dir, Env: p.environ, Files: []*os.File{null, out, errs}, Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true},
	})
	if err != nil {
		p.t.Skipf("the program cannot be traced here: %v", err)
	}
	pid := proc.Pid
	defer func() { _ = proc.Release() }()
	stop := time.AfterFunc(time.Minute, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	defer stop.Stop()

	var (
		ws      syscall.WaitStatus
		calls   int
		threads = map[int]bool{pid: true}
		failing = map[int]syscall.Errno{} // threads whose call is left out
	)
	if _, err := syscall.Wait4(pid, &ws, 0, nil); err != nil {
		p.t.Fatal(err)
	}
	if err := syscall.PtraceSetOptions(pid, syscall.PTRACE_O_TRACESYSGOOD|syscall.PTRACE_O_TRACECLONE|unix.PTRACE_O_EXITKILL); err != nil {
		p.t.Fatal(err)
	}
	tid, pass := pid, 0
	for {
		// A thread that is gone by now needs no telling.
		_ = syscall.PtraceSyscall(tid, pass)
		pass = 0
		if tid, err = syscall.Wait4(-pid, &ws, syscall.WALL, nil); errors.Is(err, syscall.EINTR) {
			continue
		} else if err != nil {
			p.t.Fatalf("waiting for %v: %v", args, err)
		}
		if ws.Exited() || ws.Signaled() {
			if tid == pid {
				break
			}
			continue
		}
		switch {
		case !threads[tid]:
			threads[tid] = true // its first stop
		case ws.StopSignal() == syscall.SIGTRAP|0x80:
			var info syscallInfo
			if _, _, e := syscall.Syscall6(syscall.SYS_PTRACE, ptraceGetSyscallInfo, uintptr(tid), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0); e != 0 {
				continue
			}
			if info.op != atEntry {
				if e, ok := failing[tid]; ok {
					delete(failing, tid)
					p.setRegisters(tid, func(r *syscall.PtraceRegs) { r.Rax = uint64(-int64(e)) })
				}
				continue
			}
			c, ok := p.about(tid, &info)
			if !ok {
				continue
			}
			f := pick(calls, c)
			calls++
			switch {
			case f == nil:
				continue
			case f.first != nil:
				f.first()
			}
			switch {
			case f.kill:
				_ = syscall.Kill(pid, syscall.SIGKILL)
			case f.errno != 0:
				failing[tid] = f.errno
				p.setRegisters(tid, func(r *syscall.PtraceRegs) { r.Orig_rax = ^uint64(0) })
			case f.short > 0:
				p.setRegisters(tid, func(r *syscall.PtraceRegs) {
					if r.Rdx > 512 {
						r.Rdx /= 2
					} else {
						r.Rdx = min(r.Rdx, f.short)
					}
				})
			}
		case ws.StopSignal() == syscall.SIGTRAP: // a thread has begun, or the program
		default:
			pass = int(ws.StopSignal())
		}
	}
	r := result{p.read(out), p.read(errs), ws.ExitStatus()}
	if strings.Contains(r.stderr, "panic: ") || strings.Contains(r.stderr, "fatal error: ") || strings.Contains(r.stderr, "\ngoroutine ") {
		p.t.Errorf("%v: %s", args, r)
	}
	return r
}

func (p *program) scratch(name string) *os.File {
	p.t.Helper()
	f, err := os.Create(filepath.Join(p.dir, "tmp", name))
	if err != nil {
		p.t.Fatal(err)
	}
	return f
}

func (p *program) read(f *os.File) string {
	p.t.Helper()
	text, err := os.ReadFile(f.Name())
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

func (p *program) setRegisters(tid int, change func(*syscall.PtraceRegs)) {
	var regs syscall.PtraceRegs
	err := syscall.PtraceGetRegs(tid, &regs)
	if err == nil {
		change(&regs)
		err = syscall.PtraceSetRegs(tid, &regs)
	}
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		p.t.Errorf("the registers of a thread: %v", err)
	}
}

// about says what a call is about to touch. Only what is below the program's
// directory counts, but for its streams; and what goes over the network.
func (p *program) about(tid int, info *syscallInfo) (call, bool) {
	known, ok := tracedCalls[info.nr]
	if !ok {
		return call{}, false
	}
	c := call{name: known.name}
	if known.fd >= 0 {
		c.at, _ = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", tid, int32(info.args[known.fd])))
	} else {
		c.at = textAt(tid, uintptr(info.args[known.path]))
	}
	if strings.HasPrefix(c.at, "socket:") {
		c.at = "socket"
		return c, true
	}
	return c, strings.HasPrefix(c.at, p.dir+"/") && filepath.Dir(c.at) != filepath.Join(p.dir, "tmp")
}

// textAt is a text in the memory of a thread, up to its NUL.
func textAt(tid int, at uintptr) string {
	var text []byte
	for word := make([]byte, 8); ; at += 8 {
		if n, err := syscall.PtracePeekData(tid, at, word); err != nil || n != 8 {
			return string(text)
		}
		if v := binary.LittleEndian.Uint64(word); v != 0 && !hasZero(word) {
			text = append(text, word...)
			continue
		}
		end, _, _ := strings.Cut(string(word), "\x00")
		return string(text) + end
	}
}

func hasZero(b []byte) bool { return strings.IndexByte(string(b), 0) >= 0 }
