package main

import (
	"runtime"
	"sync"
)

var lockSum uint64 // a global, so that the work under the lock reaches memory

func init() {
	cases["lock"] = func(p parameters) (s sample) {
		var guard sync.Mutex
		count := p.get("count")
		lockSum = 0
		m := startMeter()
		for i := uint64(0); i < count; i++ {
			guard.Lock()
			lockSum += i
			guard.Unlock()
		}
		m.stop(&s)
		s.count = count
		s.checksum = lockSum
		return
	}

	cases["lock_yield"] = func(p parameters) (s sample) {
		var guard sync.Mutex
		fibers := p.get("fibers")
		each := p.get("count") / fibers
		var sum uint64
		var all sync.WaitGroup
		all.Add(int(fibers))
		m := startMeter()
		for f := uint64(0); f < fibers; f++ {
			go func() {
				for i := uint64(0); i < each; i++ {
					guard.Lock()
					before := sum
					runtime.Gosched()
					sum = before + 1
					guard.Unlock()
				}
				all.Done()
			}()
		}
		all.Wait()
		m.stop(&s)
		s.count = each * fibers
		s.checksum = sum
		return
	}
}
