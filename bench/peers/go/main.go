// SPDX-License-Identifier: MIT

// The lines of bench/ in Go. Each does what the file of the same name does for weft.
package main

import (
	"fmt"
	"os"
)

var lines = []struct {
	name string
	run  func(*bench)
}{
	{"spawn_external", spawnExternal},
	{"spawn_local", spawnLocal},
	{"spawn_await", spawnAwait},
	{"chained_spawn", chainedSpawn},
	{"fib", fibTree},
	{"skewed_steal", skewedSteal},
	{"yield", yields},
	{"ping_pong", pingPong},
	{"ping_pong_chan", pingPongChan},
	{"mpsc", mpsc},
	{"chan_try", chanTry},
	{"chan_ready", chanReady},
	{"chan_create", chanCreate},
	{"chan_memory", chanMemory},
	{"oneshot", oneshot},
	{"timer_fire", timerFire},
	{"timer_cancel", timerCancel},
	{"wake_latency", wakeLatency},
	{"parked_task", parkedTask},
	{"mutex", mutex},
	{"semaphore", semaphore},
	{"tcp_echo", tcpEcho},
}

// inTask runs f in a goroutine of its own and waits for it.
func inTask(f func()) {
	ended := make(chan struct{})
	go func() { f(); close(ended) }()
	<-ended
}

func main() {
	if len(os.Args) < 2 || os.Args[1] == "lines" {
		for _, line := range lines {
			fmt.Println(line.name)
		}
		return
	}
	for _, line := range lines {
		if line.name == os.Args[1] {
			line.run(newBench(line.name, os.Args[2:]))
			return
		}
	}
	refuse(2, "go: there is no line '%s'", os.Args[1])
}
