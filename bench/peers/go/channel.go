// SPDX-License-Identifier: MIT
package main

import "sync"

func pair(group *sync.WaitGroup) {
	there, back := make(chan uint64, 1), make(chan uint64, 1)
	go func() { back <- <-there }()
	there <- 1
	<-back
	group.Done()
}

func pingPong(b *bench) {
	b.begin(1000)
	b.run(func() {
		inTask(func() {
			var group sync.WaitGroup
			group.Add(b.ops)
			for i := 0; i < b.ops; i++ {
				go pair(&group)
			}
			group.Wait()
		})
	})
}

func pingPongChan(b *bench) {
	capacity := b.param("capacity", 1)
	b.begin(1000000)
	b.run(func() {
		inTask(func() {
			there, back := make(chan uint64, capacity), make(chan uint64, capacity)
			go func() {
				for value := range there {
					back <- value
				}
			}()
			for i := 0; i < b.ops; i++ {
				there <- uint64(i)
				if <-back != uint64(i) {
					panic("lost")
				}
			}
			close(there)
		})
	})
}

// receiveBatches is what one writes in a language without a receive of many.
func receiveBatches(in <-chan uint64, batch int) int {
	values := make([]uint64, 0, batch)
	count := 0
	for first := range in {
		values = append(values[:0], first)
	fill:
		for len(values) < batch {
			select {
			case value, open := <-in:
				if !open {
					break fill
				}
				values = append(values, value)
			default:
				break fill
			}
		}
		count += len(values)
	}
	return count
}

func receiveEach(in <-chan uint64) int {
	count := 0
	sum := uint64(0)
	for value := range in {
		sum += value
		count++
	}
	sink += sum
	return count
}

func mpsc(b *bench) {
	producers, capacity, batch := b.param("producers", 1), b.param("capacity", 1000), b.param("batch", 0)
	b.begin(5000000)
	b.roundUp(producers)
	b.run(func() {
		inTask(func() {
			numbers := make(chan uint64, capacity)
			received := make(chan int)
			var group sync.WaitGroup
			group.Add(producers)
			for p := 0; p < producers; p++ {
				go func() {
					for i := 0; i < b.ops/producers; i++ {
						numbers <- uint64(i)
					}
					group.Done()
				}()
			}
			go func() {
				if batch > 0 {
					received <- receiveBatches(numbers, batch)
				} else {
					received <- receiveEach(numbers)
				}
			}()
			group.Wait()
			close(numbers)
			if <-received != b.ops {
				panic("lost")
			}
		})
	})
}

func chanTry(b *bench) {
	b.begin(10000000)
	b.run(func() {
		inTask(func() {
			numbers := make(chan uint64, 1000)
			for i := 0; i < b.ops; i++ {
				select {
				case numbers <- uint64(i):
				default:
					panic("full")
				}
				select {
				case value := <-numbers:
					sink += value
				default:
					panic("empty")
				}
			}
		})
	})
}

type bytes512 [512]byte
type bytes32768 [32768]byte

func sendAndReceive[T any](ops int) {
	messages := make(chan T, 1000)
	var message T
	for i := 0; i < ops; i++ {
		messages <- message
		message = <-messages
	}
}

func chanReady(b *bench) {
	bytes := b.param("bytes", 8)
	b.begin(10000000)
	b.run(func() {
		inTask(func() {
			switch bytes {
			case 8:
				sendAndReceive[uint64](b.ops)
			case 512:
				sendAndReceive[bytes512](b.ops)
			case 32768:
				sendAndReceive[bytes32768](b.ops)
			default:
				refuse(3, "chan_ready: a message is of 8, 512 or 32768 bytes here")
			}
		})
	})
}

var kept chan uint64

func chanCreate(b *bench) {
	capacity := b.param("capacity", 100)
	b.begin(100000)
	b.run(func() {
		inTask(func() {
			for i := 0; i < b.ops; i++ {
				kept = make(chan uint64, capacity)
			}
		})
	})
}

func chanMemory(b *bench) {
	capacity, used := b.param("capacity", 1), b.param("used", 0) != 0
	b.beginOnce(100000)
	channels := make([]chan uint64, b.ops)
	for i := range channels {
		channels[i] = kept // resident before, so that it does not count
	}
	b.runOwn(func() *own {
		before := resident()
		for i := range channels {
			channels[i] = make(chan uint64, capacity)
			for n := 0; used && n < capacity; n++ {
				channels[i] <- uint64(n)
			}
			for n := 0; used && n < capacity; n++ {
				<-channels[i]
			}
		}
		return &own{value: float64(resident()-before) / float64(b.ops)}
	})
	kept = channels[0]
}

func oneshot(b *bench) {
	b.begin(5000000)
	b.run(func() {
		inTask(func() {
			for i := 0; i < b.ops; i++ {
				reply := make(chan uint64, 1)
				reply <- uint64(i)
				sink += <-reply
			}
		})
	})
}
