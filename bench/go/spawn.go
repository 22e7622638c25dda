package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

func init() {
	// Batches of goroutines that yield once; with together = 1 until all of the batch have arrived.
	cases["spawn_fiber"] = func(p parameters) (s sample) {
		batch := p.get("batch")
		batches := p.get("count") / batch
		together := batch * p.get("together")
		results := make([]uint64, batch)
		var arrived, now, most uint64
		runBatch := func(b uint64) {
			arrived = 0
			var all sync.WaitGroup
			all.Add(int(batch))
			for i := uint64(0); i < batch; i++ {
				go func(i uint64) {
					atomic.AddUint64(&arrived, 1)
					now++
					if now > most {
						most = now
					}
					runtime.Gosched()
					for atomic.LoadUint64(&arrived) < together {
						runtime.Gosched()
					}
					now--
					results[i] += i + b
					all.Done()
				}(i)
			}
			all.Wait()
		}
		runBatch(0)
		for i := range results {
			results[i] = 0
		}
		m := startMeter()
		for b := uint64(0); b < batches; b++ {
			runBatch(b)
		}
		m.stop(&s)
		s.count = batch * batches
		for _, r := range results {
			s.checksum += r
		}
		s.parked = most
		return
	}

	// A goroutine and a channel for its result.
	cases["async"] = func(p parameters) (s sample) {
		count := p.get("count")
		one := func(i uint64) uint64 {
			result := make(chan uint64, 1)
			go func() { result <- i }()
			return <-result
		}
		var sum uint64
		for i := uint64(0); i < 100; i++ {
			sum += one(i)
		}
		sum = 0
		m := startMeter()
		for i := uint64(0); i < count; i++ {
			sum += one(i)
		}
		m.stop(&s)
		s.count = count
		s.checksum = sum
		return
	}
}
