package main

import "sync"

func init() {
	cases["round_trip"] = func(p parameters) (s sample) {
		count := p.get("count")
		there, back := make(chan uint64), make(chan uint64)
		ended := make(chan struct{})
		go func() {
			for v := range there {
				back <- v + 1
			}
			close(ended)
		}()
		trips := func(n uint64) (value uint64) {
			for i := uint64(0); i < n; i++ {
				there <- value
				value = <-back
			}
			return
		}
		trips(100)
		m := startMeter()
		s.checksum = trips(count)
		m.stop(&s)
		s.count = count
		close(there)
		<-ended
		return
	}

	cases["crowd"] = func(p parameters) (s sample) {
		pairs := p.get("pairs")
		each := p.get("count") / pairs
		sums := make([]uint64, pairs)
		m := startMeter()
		items := make(chan uint64, p.get("capacity"))
		var sent, received sync.WaitGroup
		sent.Add(int(pairs))
		received.Add(int(pairs))
		for f := uint64(0); f < pairs; f++ {
			go func(f uint64) {
				for i := uint64(0); i < each; i++ {
					items <- f*each + i
				}
				sent.Done()
			}(f)
			go func(f uint64) {
				var sum uint64
				for v := range items {
					sum += v
				}
				sums[f] = sum
				received.Done()
			}(f)
		}
		sent.Wait()
		close(items)
		received.Wait()
		m.stop(&s)
		s.count = each * pairs
		for _, v := range sums {
			s.checksum += v
		}
		return
	}
}
