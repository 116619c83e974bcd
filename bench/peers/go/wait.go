// SPDX-License-Identifier: MIT
package main

import (
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// inTasks runs f in `count` goroutines and waits for all.
func inTasks(count int, f func()) {
	inTask(func() {
		var group sync.WaitGroup
		group.Add(count)
		for i := 0; i < count; i++ {
			go func() { f(); group.Done() }()
		}
		group.Wait()
	})
}

func yields(b *bench) {
	tasks := b.param("tasks", 200)
	b.begin(200000)
	b.roundUp(tasks)
	b.run(func() {
		inTasks(tasks, func() {
			for i := 0; i < b.ops/tasks; i++ {
				runtime.Gosched()
			}
		})
	})
}

func mutex(b *bench) {
	tasks, yields := b.param("tasks", 64), b.param("yield", 0) != 0
	b.begin(640000)
	b.roundUp(tasks)
	b.run(func() {
		var mutex sync.Mutex
		entered := 0
		inTasks(tasks, func() {
			for i := 0; i < b.ops/tasks; i++ {
				mutex.Lock()
				entered++
				if yields {
					runtime.Gosched()
				}
				mutex.Unlock()
			}
		})
		if entered != b.ops {
			panic("lost")
		}
	})
}

// A channel of permits is Go's semaphore.
func semaphore(b *bench) {
	permits, tasks := b.param("permits", 4), b.param("tasks", 64)
	b.begin(640000)
	b.roundUp(tasks)
	b.run(func() {
		semaphore := make(chan struct{}, permits)
		inTasks(tasks, func() {
			for i := 0; i < b.ops/tasks; i++ {
				semaphore <- struct{}{}
				<-semaphore
			}
		})
	})
}

func timerFire(b *bench) {
	b.begin(100000)
	b.run(func() {
		inTask(func() {
			var group sync.WaitGroup
			group.Add(b.ops)
			state := seed
			for i := 0; i < b.ops; i++ {
				ms := 1 + random(&state)%100
				go func() { time.Sleep(time.Duration(ms) * time.Millisecond); group.Done() }()
			}
			group.Wait()
		})
	})
}

func timerCancel(b *bench) {
	yields := b.param("yield", 0) != 0
	b.begin(1000000)
	b.run(func() {
		inTask(func() {
			for i := 0; i < b.ops; i++ {
				timer := time.AfterFunc(30*time.Second+time.Duration(i%1000)*time.Millisecond, func() {})
				if yields {
					runtime.Gosched()
				}
				timer.Stop()
			}
		})
	})
}

// Nanoseconds since the program began, of the monotonic clock.
func now() int64 { return time.Since(started).Nanoseconds() }

var started = time.Now()

func wakeLatency(b *bench) {
	b.unit = "us"
	b.begin(2000)
	runtime.LockOSThread()
	b.runOwn(func() *own {
		times := make(chan int64, 16)
		result := make(chan []int64)
		go func() {
			samples := make([]int64, 0, b.ops)
			for sent := range times {
				samples = append(samples, now()-sent)
			}
			result <- samples
		}()
		for i := 0; i < b.ops; i++ {
			syscall.Nanosleep(&syscall.Timespec{Nsec: 1000000}, nil)
			times <- now()
		}
		close(times)
		return ownFromNs(<-result)
	})
}

func parkedTask(b *bench) {
	sleeps := b.param("sleep", 0) != 0
	b.beginOnce(1000000)
	never := make(chan struct{})
	var waiting atomic.Int64
	b.runOwn(func() *own {
		before := resident()
		inTask(func() {
			for i := 0; i < b.ops; i++ {
				duration := time.Hour + time.Duration(i*7919%1000000)*time.Microsecond
				if sleeps {
					go func() { waiting.Add(1); time.Sleep(duration) }()
				} else {
					go func() { waiting.Add(1); <-never }()
				}
			}
		})
		for waiting.Load() < int64(b.ops) {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(10 * time.Millisecond)
		return &own{value: float64(resident()-before) / float64(b.ops)}
	})
	os.Exit(0) // nobody ends them
}

func echo(connection net.Conn) {
	defer connection.Close()
	bytes := make([]byte, 256)
	for {
		length, err := connection.Read(bytes)
		if err != nil {
			return
		}
		if _, err := connection.Write(bytes[:length]); err != nil {
			return
		}
	}
}

func tcpEcho(b *bench) {
	b.begin(1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	b.sayPort(listener.Addr().(*net.TCPAddr).Port)
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go echo(connection)
	}
}
