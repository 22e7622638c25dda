package main

import (
	"runtime"
	"sync"
	"time"
)

func init() {
	cases["sleepers"] = func(p parameters) (s sample) {
		count := p.get("count")
		var sum, asleep uint64
		crowd := func() {
			sum = 0
			var all sync.WaitGroup
			all.Add(int(count))
			for i := uint64(0); i < count; i++ {
				go func(i uint64) {
					until := now() + sleepOf(i)
					asleep++
					if asleep > s.parked {
						s.parked = asleep
					}
					time.Sleep(time.Duration(sleepOf(i)))
					asleep--
					if now() >= until {
						sum += i
					}
					all.Done()
				}(i)
			}
			all.Wait()
		}
		if p.get("warm") != 0 {
			crowd()
		}
		m := startMeter()
		crowd()
		m.stop(&s)
		s.count = count
		s.checksum = sum
		return
	}

	cases["late"] = func(p parameters) (s sample) {
		over := false
		fibers := p.get("fibers")
		length := int64(p.get("sleep_us")) * 1000
		var all sync.WaitGroup
		all.Add(int(fibers))
		for f := uint64(0); f < fibers; f++ {
			go func() {
				for !over {
					spin(20000)
					runtime.Gosched()
				}
				all.Done()
			}()
		}
		m := startMeter()
		for i := uint64(0); i < p.get("count"); i++ {
			until := now() + length
			time.Sleep(time.Duration(length))
			after := now() - until
			if after >= 0 {
				s.checksum++
			}
			s.latencies = append(s.latencies, after)
		}
		m.stop(&s)
		s.count = p.get("count")
		over = true
		all.Wait()
		return
	}

	cases["idle"] = func(p parameters) (s sample) {
		var all sync.WaitGroup
		var guard sync.Mutex
		all.Add(1000)
		for i := 0; i < 1000; i++ {
			go func() {
				spin(1000)
				guard.Lock()
				s.checksum++
				guard.Unlock()
				all.Done()
			}()
		}
		all.Wait()
		time.Sleep(20 * time.Millisecond)
		m := startMeter()
		time.Sleep(time.Duration(p.get("count")) * time.Millisecond)
		m.stop(&s)
		s.count = p.get("count")
		return
	}
}
