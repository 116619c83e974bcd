// SPDX-License-Identifier: MIT
package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Go has no thread outside of its runtime: goroutines that are locked to threads stand for them.
func spawnExternal(b *bench) {
	threads := b.param("threads", 1)
	b.begin(1000000)
	b.roundUp(threads)
	var left atomic.Int64
	ended := make(chan struct{})
	share := b.ops / threads
	spawnShare := func() {
		for i := 0; i < share; i++ {
			go func() {
				if left.Add(-1) == 0 {
					ended <- struct{}{}
				}
			}()
		}
	}
	start := make(chan struct{})
	for i := 1; i < threads; i++ {
		go func() {
			runtime.LockOSThread()
			for range start {
				spawnShare()
			}
		}()
	}
	runtime.LockOSThread()
	b.run(func() {
		left.Store(int64(b.ops))
		for i := 1; i < threads; i++ {
			start <- struct{}{}
		}
		spawnShare()
		<-ended
	})
}

func spawnLocal(b *bench) {
	batch := b.param("batch", 10000)
	b.begin(1000000)
	b.roundUp(batch)
	b.run(func() {
		inTask(func() {
			for left := b.ops; left > 0; left -= batch {
				var group sync.WaitGroup
				group.Add(batch)
				for i := 0; i < batch; i++ {
					go func() { group.Done() }()
				}
				group.Wait()
			}
		})
	})
}

func spawnAwait(b *bench) {
	b.begin(1000000)
	b.run(func() {
		inTask(func() {
			for i := 0; i < b.ops; i++ {
				ended := make(chan struct{})
				go func() { close(ended) }()
				<-ended
			}
		})
	})
}

func link(left int, ended chan struct{}) {
	if left == 0 {
		close(ended)
		return
	}
	go link(left-1, ended)
}

func chainedSpawn(b *bench) {
	b.begin(1000000)
	b.run(func() {
		ended := make(chan struct{})
		go link(b.ops, ended)
		<-ended
	})
}

func fib(n int) uint64 {
	if n < 2 {
		return uint64(n)
	}
	one := make(chan uint64, 1)
	go func() { one <- fib(n - 1) }()
	other := fib(n - 2)
	return <-one + other
}

func fibCalls(n int) int {
	if n < 2 {
		return 0
	}
	return 1 + fibCalls(n-1) + fibCalls(n-2)
}

func fibTree(b *bench) {
	n := b.param("n", 27)
	b.begin(1)
	b.ops = fibCalls(n)
	b.run(func() { inTask(func() { sink += fib(n) }) })
}

func skewedSteal(b *bench) {
	us := b.param("us", 10)
	b.begin(10000)
	turns := workTurns(us * 1000)
	b.run(func() {
		inTask(func() {
			var group sync.WaitGroup
			group.Add(b.ops)
			for i := 0; i < b.ops; i++ {
				go func() {
					if work(turns) == 0 {
						panic("never")
					}
					group.Done()
				}()
			}
			group.Wait()
		})
	})
}
