// One side of a comparison, in Go: the same protocol as the sides in C++ (see ../side/side.hpp).
//
//	PROGRAM CASE [NAME=NUMBER...]
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

type parameters map[string]uint64

type sample struct {
	count, checksum uint64
	cpu, wall       int64 // ns
	latencies       []int64
	parked, bytes   uint64
}

var cases = map[string]func(p parameters) sample{}

var started = time.Now()

// Monotonic nanoseconds.
func now() int64 { return int64(time.Since(started)) }

// CPU time of all threads of this process.
func cpu() int64 {
	const clockProcessCPUTime = 2
	var t syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockProcessCPUTime, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}

type meter struct{ cpu, wall int64 }

func startMeter() meter        { return meter{cpu(), now()} }
func (m meter) stop(s *sample) { s.wall = now() - m.wall; s.cpu = cpu() - m.cpu }
func spin(ns int64) {
	for end := now() + ns; now() < end; {
	}
}
func sleepOf(i uint64) int64 { return 1000000 + int64(uint64(uint32(i*2654435761%99000001))) }
func fail(format string, a ...any) {
	fmt.Fprintf(os.Stderr, "hocket-bench-go: "+format+"\n", a...)
	os.Exit(1)
}

func (p parameters) get(name string) uint64 {
	v, known := p[name]
	if !known {
		fail("the case wants %s=NUMBER", name)
	}
	return v
}

func main() {
	if len(os.Args) < 2 {
		fail("usage: CASE [NAME=NUMBER...]; a line on standard input asks for a sample")
	}
	take, known := cases[os.Args[1]]
	if !known {
		fail("there is no case '%s'", os.Args[1])
	}
	p := parameters{}
	for _, a := range os.Args[2:] {
		name, value, _ := strings.Cut(a, "=")
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			fail("NAME=NUMBER expected, not '%s'", a)
		}
		p[name] = n
	}
	runtime.GOMAXPROCS(int(p.get("workers")))
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		runtime.GC()
		s := take(p)
		fmt.Printf(`{"count": %d, "checksum": %d, "cpu_ns": %d, "wall_ns": %d`, s.count, s.checksum, s.cpu, s.wall)
		if n := len(s.latencies); n != 0 {
			sort.Slice(s.latencies, func(a, b int) bool { return s.latencies[a] < s.latencies[b] })
			fmt.Printf(`, "p50_ns": %d, "p99_ns": %d`, s.latencies[(n-1)/2], s.latencies[(n-1)*99/100])
		}
		if s.parked != 0 {
			fmt.Printf(`, "parked": %d`, s.parked)
		}
		if s.bytes != 0 {
			fmt.Printf(`, "bytes": %d`, s.bytes)
		}
		fmt.Println("}")
	}
}
