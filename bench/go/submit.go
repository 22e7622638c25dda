package main

// The foreign thread is one of C, as a thread that Go's scheduler does not know; it calls into Go to submit.

/*
#cgo LDFLAGS: -lpthread
#include <stdint.h>

int start_foreign(uint64_t count, uint64_t pause_us);
void join_foreign(void);
void foreign_done(void);
int64_t foreign_now(void);
*/
import "C"

import (
	"runtime"
	"sync"
	"sync/atomic"
)

var submitted []int64
var ran uint64

//export submitFromC
func submitFromC(start C.int64_t) {
	go func() {
		submitted = append(submitted, int64(C.foreign_now()-start))
		ran++
		C.foreign_done()
	}()
}

func init() {
	cases["submit"] = func(p parameters) (s sample) {
		var over int32
		submitted = nil
		ran = 0
		fibers := p.get("fibers")
		var all sync.WaitGroup
		all.Add(int(fibers))
		for f := uint64(0); f < fibers; f++ {
			go func() {
				for atomic.LoadInt32(&over) == 0 {
					spin(20000)
					runtime.Gosched()
				}
				all.Done()
			}()
		}
		m := startMeter()
		if C.start_foreign(C.uint64_t(p.get("count")), C.uint64_t(p.get("pause_us"))) != 0 {
			fail("no thread can be had")
		}
		C.join_foreign()
		m.stop(&s)
		atomic.StoreInt32(&over, 1)
		all.Wait()
		s.count = p.get("count")
		s.checksum = ran
		s.latencies = submitted
		return
	}
}
