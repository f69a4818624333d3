// What every job measures, as bench/common/measure.hpp does it, under the same names.
package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

type mark struct {
	wall        time.Time
	cpu, server int64
}

func clockOf(id uintptr) int64 {
	var ts syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano()
}

func now() mark {
	const processCPU = 2
	var m mark
	if pid, _ := strconv.Atoi(os.Getenv("NATS_SERVER_PID")); pid > 0 {
		m.server = clockOf(uintptr((^pid)<<3 | 2)) // what clock_getcpuclockid gives for another process
	}
	m.cpu = clockOf(processCPU)
	m.wall = time.Now()
	return m
}

func status(field string) int64 {
	file, err := os.Open("/proc/self/status")
	check(err)
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), field+":") {
			value, _ := strconv.ParseInt(strings.Fields(lines.Text())[1], 10, 64)
			return value
		}
	}
	return -1
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func print(job, extra string, begin, end mark, operations int) {
	seconds, n := end.wall.Sub(begin.wall).Seconds(), float64(operations)
	if extra != "" {
		extra += ","
	}
	fmt.Printf("{\"job\":%q,\"client\":\"nats.go\",%s\"n\":%d,\"seconds\":%.6f,\"rate\":%.1f,\"cpu_ns\":%.2f,\"server_cpu_ns\":%.2f,\"peak_kb\":%d}\n",
		job, extra, operations, seconds, n/seconds, float64(end.cpu-begin.cpu)/n, float64(end.server-begin.server)/n, status("VmHWM"))
}

func printLatencies(job, extra string, begin, end mark, ns []int64) {
	sort.Slice(ns, func(i, j int) bool { return ns[i] < ns[j] })
	at := func(share float64) float64 { return float64(ns[int(float64(len(ns)-1)*share)]) / 1000 }
	if extra != "" {
		extra += ","
	}
	extra += fmt.Sprintf("\"min_us\":%.2f,\"p50_us\":%.2f,\"p90_us\":%.2f,\"p99_us\":%.2f,\"p999_us\":%.2f,\"max_us\":%.2f",
		at(0), at(.5), at(.9), at(.99), at(.999), at(1))
	print(job, extra, begin, end, len(ns))
}

// companion starts the program that makes the load, or answers, if there is one; ended by the returned function.
func companion(command string) func() {
	words := strings.Fields(command)
	if len(words) == 0 {
		return func() {}
	}
	started := exec.Command(words[0], words[1:]...)
	check(started.Start())
	return func() {
		_ = started.Process.Kill()
		_ = started.Wait()
	}
}
