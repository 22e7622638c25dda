package main

func node(parent chan<- uint64, first, leaves uint64) {
	if leaves == 1 {
		parent <- first
		return
	}
	children := make(chan uint64)
	share := leaves / 10
	for i := uint64(0); i < 10; i++ {
		go node(children, first+i*share, share)
	}
	var sum uint64
	for i := 0; i < 10; i++ {
		sum += <-children
	}
	parent <- sum
}

func init() {
	cases["skynet_channel"] = func(p parameters) (s sample) {
		tree := func(leaves uint64) uint64 {
			result := make(chan uint64)
			go node(result, 0, leaves)
			return <-result
		}
		tree(100)
		m := startMeter()
		s.checksum = tree(p.get("leaves"))
		m.stop(&s)
		s.count = p.get("leaves")
		return
	}
}
