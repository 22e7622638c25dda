package main

import (
	"runtime"
	"sync"
)

func init() {
	cases["yield"] = func(p parameters) (s sample) {
		fibers := p.get("fibers")
		each := p.get("count") / fibers
		var last, turns uint64
		batch := func(times uint64) {
			turns = 0
			var all sync.WaitGroup
			all.Add(int(fibers))
			for f := uint64(1); f <= fibers; f++ {
				go func(me uint64) {
					for i := uint64(0); i < times; i++ {
						last = me
						runtime.Gosched()
						if last != me {
							turns++
						}
					}
					all.Done()
				}(f)
			}
			all.Wait()
		}
		batch(10)
		m := startMeter()
		batch(each)
		m.stop(&s)
		s.count = each * fibers
		s.checksum = turns
		return
	}
}
