// SPDX-License-Identifier: MIT
package main

// What bench/lib/harness.h says, for Go: the same arguments, the same object.

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const seed uint64 = 88172645463325252

// bench is one run of one line.
type bench struct {
	ops     int
	workers int

	line      string
	unit      string
	rounds    int
	warm      int
	arguments map[string]string
	params    []string // "name":value, as they are printed
}

// own is what a round measured by itself, in the line's unit.
type own struct{ value, p99 float64 }

type reading struct {
	wall     time.Time
	cpu      float64 // nanoseconds
	switches int64
	busy     float64 // seconds of the whole machine
}

type round struct{ value, p99, cpu, foreign, switches float64 }

func newBench(line string, arguments []string) *bench {
	b := &bench{workers: 2, line: line, unit: "ns", rounds: 7, warm: 1, arguments: map[string]string{}}
	for _, argument := range arguments {
		name, value, found := strings.Cut(argument, "=")
		if !found {
			refuse(2, "%s: '%s' is no parameter", line, argument)
		}
		b.arguments[name] = value
	}
	return b
}

func refuse(code int, format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	os.Exit(code)
}

func (b *bench) take(name string, otherwise, min int) int {
	text, found := b.arguments[name]
	if !found {
		return otherwise
	}
	delete(b.arguments, name)
	value, err := strconv.Atoi(text)
	if err != nil || value < min {
		refuse(2, "%s: %s=%s: give a whole number from %d on", b.line, name, text, min)
	}
	return value
}

// param is a parameter of the line, or its default; it is printed with the figures.
func (b *bench) param(name string, otherwise int) int {
	value := b.take(name, otherwise, 0)
	b.params = append(b.params, fmt.Sprintf("\"%s\":%d", name, value))
	return value
}

// begin reads what every line has; call it after the line's own parameters.
func (b *bench) begin(ops int) {
	b.ops = b.take("ops", ops, 1)
	b.workers = b.take("workers", 2, 1)
	b.rounds = b.take("rounds", b.rounds, 1)
	b.warm = b.take("warm", b.warm, 0)
	for name := range b.arguments {
		refuse(2, "%s: '%s' is no parameter of this line", b.line, name)
	}
	runtime.GOMAXPROCS(b.workers)
}

// beginOnce is for one round without a warm-up, in bytes.
func (b *bench) beginOnce(ops int) {
	b.unit, b.rounds, b.warm = "bytes", 1, 0
	b.begin(ops)
}

// sayPort is for a server: where it listens.
func (b *bench) sayPort(port int) {
	fmt.Printf("{\"peer\":\"go\",\"version\":\"%s\",\"port\":%d}\n", strings.TrimPrefix(runtime.Version(), "go"), port)
}

func (b *bench) roundUp(step int) { b.ops = (b.ops + step - 1) / step * step }

func (b *bench) run(round func()) {
	b.runOwn(func() *own { round(); return nil })
}

func (b *bench) runOwn(f func() *own) {
	for i := 0; i < b.warm; i++ {
		f()
	}
	rounds := make([]round, 0, b.rounds)
	for i := 0; i < b.rounds; i++ {
		rounds = append(rounds, b.measure(f))
	}
	b.print(rounds)
}

func (b *bench) measure(f func() *own) round {
	before := read()
	result := f()
	wall := float64(time.Since(before.wall).Nanoseconds())
	after := read()
	ops := float64(b.ops)
	cpu := after.cpu - before.cpu
	r := round{
		value:    wall / ops,
		cpu:      cpu / ops,
		foreign:  math.Max(0, ((after.busy-before.busy)*1e9-cpu)/wall),
		switches: float64(after.switches-before.switches) / ops,
	}
	if result != nil {
		r.value, r.p99 = result.value, result.p99
	}
	return r
}

func sorted(rounds []round, figure func(round) float64) []float64 {
	values := make([]float64, 0, len(rounds))
	for _, r := range rounds {
		values = append(values, figure(r))
	}
	sort.Float64s(values)
	return values
}

func middle(rounds []round, figure func(round) float64) float64 {
	return sorted(rounds, figure)[len(rounds)/2]
}

func (b *bench) print(rounds []round) {
	values := sorted(rounds, func(r round) float64 { return r.value })
	at := func(part float64) float64 {
		return values[int(math.Min(part*float64(len(values)), float64(len(values)-1)))]
	}
	median := values[len(values)/2]
	p99 := middle(rounds, func(r round) float64 { return r.p99 })
	if p99 == 0 {
		p99 = at(0.99)
	}
	fmt.Printf(`{"line":"%s","peer":"go","version":"%s","unit":"%s","workers":%d,"ops":%d,"params":{%s}`, b.line,
		strings.TrimPrefix(runtime.Version(), "go"), b.unit, b.workers, b.ops, strings.Join(b.params, ","))
	fmt.Printf(`,"median":%.3f,"min":%.3f,"p99":%.3f,"spread":%.4f`, median, values[0], p99, (at(0.75)-at(0.25))/median)
	fmt.Printf(`,"cpu":%.3f,"foreign":%.3f,"switches":%.6f,"instructions":null,"rounds":[`,
		middle(rounds, func(r round) float64 { return r.cpu }), middle(rounds, func(r round) float64 { return r.foreign }),
		middle(rounds, func(r round) float64 { return r.switches }))
	for i, r := range rounds {
		if i > 0 {
			fmt.Print(",")
		}
		fmt.Printf(`{"value":%.3f,"p99":%.3f,"cpu":%.3f,"foreign":%.3f,"switches":%.6f,"instructions":null}`, r.value,
			r.p99, r.cpu, r.foreign, r.switches)
	}
	fmt.Println("]}")
}

func read() reading {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	ns := func(t syscall.Timeval) float64 { return float64(t.Sec)*1e9 + float64(t.Usec)*1e3 }
	return reading{time.Now(), ns(usage.Utime) + ns(usage.Stime), usage.Nvcsw, machineBusy()}
}

// machineBusy is how many seconds the machine's processors have been busy.
func machineBusy() float64 {
	text, err := os.ReadFile("/proc/stat")
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 9 {
		return 0
	}
	sum := 0.0
	for _, i := range []int{1, 2, 3, 6, 7, 8} { // user nice system, irq softirq steal
		value, _ := strconv.ParseFloat(fields[i], 64)
		sum += value
	}
	return sum / 100
}

func resident() int {
	text, _ := os.ReadFile("/proc/self/statm")
	pages, _ := strconv.Atoi(strings.Fields(string(text))[1])
	return pages * os.Getpagesize()
}

// ownFromNs is the median and the 99th percentile of nanoseconds, in microseconds.
func ownFromNs(samples []int64) *own {
	sort.Slice(samples, func(i, j int) bool { return samples[i] < samples[j] })
	at := func(part int) float64 { return float64(samples[len(samples)*part/100]) / 1000 }
	return &own{at(50), at(99)}
}

func random(state *uint64) uint64 {
	*state ^= *state << 13
	*state ^= *state >> 7
	*state ^= *state << 17
	return *state
}

//go:noinline
func work(turns uint64) uint64 {
	x := turns | 1
	for i := uint64(0); i < turns; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

func workTurns(ns int) uint64 {
	const turns = 100000
	best := int64(math.MaxInt64)
	for i := 0; i < 40; i++ {
		begin := time.Now()
		sink += work(turns)
		if took := time.Since(begin).Nanoseconds(); took < best {
			best = took
		}
	}
	return uint64(ns) * turns / uint64(best)
}

// sink keeps results that nobody wants from being optimised away.
var sink uint64
