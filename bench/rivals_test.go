// The same problems in Go: `go test -bench .`
package rivals

import (
	"runtime"
	"sync"
	"testing"
)

// on runs body with one and with two threads.
func on(b *testing.B, body func(b *testing.B)) {
	for _, threads := range []int{1, 2} {
		b.Run(map[int]string{1: "workers:1", 2: "workers:2"}[threads], func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
			body(b)
		})
	}
}

func BenchmarkSpawn(b *testing.B) {
	on(b, func(b *testing.B) {
		const batch = 1000
		for n := 0; n < b.N; n += batch {
			var done sync.WaitGroup
			done.Add(batch)
			for i := 0; i < batch; i++ {
				go done.Done()
			}
			done.Wait()
		}
	})
}

// ns for two yields: the other goroutine yields as often.
func BenchmarkYield(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	stop, ended := false, make(chan struct{})
	go func() {
		for !stop {
			runtime.Gosched()
		}
		close(ended)
	}()
	for n := 0; n < b.N; n++ {
		runtime.Gosched()
	}
	stop = true
	<-ended
}

func BenchmarkChannel(b *testing.B) {
	on(b, func(b *testing.B) {
		there, back := make(chan int), make(chan int)
		go func() {
			for value := range there {
				back <- value
			}
			close(back)
		}()
		for n := 0; n < b.N; n++ {
			there <- 1
			<-back
		}
		close(there)
	})
}
