package main

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What this process has now, page tables included, in bytes.
func resident() (sum uint64) {
	text, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) == 3 && (fields[0] == "VmRSS:" || fields[0] == "VmPTE:") {
			n, _ := strconv.ParseUint(fields[1], 10, 64)
			sum += n * 1024
		}
	}
	return
}

// Uses so many bytes of the stack once.
//
//go:noinline
func runDeep(bytes uint64) byte {
	var frame [512]byte
	frame[bytes%512] = byte(bytes)
	if bytes > 512 {
		return frame[0] + runDeep(bytes-512)
	}
	return frame[bytes%512]
}

func init() {
	cases["parked"] = func(p parameters) (s sample) {
		fibers := p.get("fibers")
		deep := p.get("deep")
		gate := make(chan struct{})
		var arrived, gone sync.WaitGroup
		var guard sync.Mutex
		m := startMeter()
		before := resident()
		arrived.Add(int(fibers))
		gone.Add(int(fibers))
		for i := uint64(0); i < fibers; i++ {
			go func(mine uint64) {
				if deep != 0 {
					runDeep(deep)
				}
				arrived.Done()
				<-gate
				guard.Lock()
				s.checksum += mine
				guard.Unlock()
				gone.Done()
			}(i)
		}
		arrived.Wait()
		time.Sleep(time.Duration(p.get("settle_ms")) * time.Millisecond)
		s.bytes = resident() - before
		close(gate)
		gone.Wait()
		m.stop(&s)
		s.count = fibers
		return
	}
}
