// nats.go at the jobs of bench/macro/load.cpp, with the same options and the same figures.
//
//	natsgo pub|pub-threads|recv|pubsub|request|js-pub|kv-put|kv-get|kv-watch|kv-keys|connect|idle [--NAME VALUE]...
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var (
	size          = flag.Int("size", 128, "")
	n             = flag.Int("n", 100_000, "")
	window        = flag.Int("window", 1, "")
	threads       = flag.Int("threads", 1, "")
	subscriptions = flag.Int("subscriptions", 1, "")
	connections   = flag.Int("connections", 1, "")
	keys          = flag.Int("keys", 1000, "")
	warmUp        = flag.Int("warm-up", 500, "")
	storage       = flag.String("storage", "memory", "")
	bucket        = flag.String("bucket", "sync", "")
	load          = flag.String("load", "", "")
	seconds       = flag.Int("seconds", 5, "")
)

func environment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func dial() *nats.Conn {
	var options []nats.Option
	if ca := os.Getenv("NATS_TLS_CA"); ca != "" {
		options = append(options, nats.RootCAs(ca), nats.Secure())
	}
	nc, err := nats.Connect("nats://"+environment("NATS_HOST", "127.0.0.1")+":"+environment("NATS_PORT", "4222"), options...)
	check(err)
	return nc
}

// calls makes n calls, so many at a time: each pending one is a goroutine. One at a time, every latency is kept.
func calls(job string, once func(i int)) {
	for i := 0; i < *warmUp; i++ {
		once(i)
	}
	extra := fmt.Sprintf("\"window\":%d", *window)
	if *window == 1 {
		latencies := make([]int64, *n)
		begin := now()
		for i := range latencies {
			began := time.Now()
			once(i)
			latencies[i] = int64(time.Since(began))
		}
		printLatencies(job, extra, begin, now(), latencies)
		return
	}
	var next atomic.Int64
	var all sync.WaitGroup
	begin := now()
	for w := 0; w < *window; w++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := next.Add(1); i <= int64(*n); i = next.Add(1) {
				once(int(i))
			}
		}()
	}
	all.Wait()
	print(job, extra, begin, now(), *n)
}

func publish(payload []byte) {
	nc := dial()
	share := *n / *threads
	var all sync.WaitGroup
	begin := now()
	for t := 0; t < *threads; t++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := 0; i < share; i++ {
				check(nc.Publish("b", payload))
			}
		}()
	}
	all.Wait()
	check(nc.FlushTimeout(time.Minute))
	print("pub", fmt.Sprintf("\"threads_publishing\":%d", *threads), begin, now(), share**threads)
}

// receive counts in callbacks; with `publishing` it also sends, on the one connection.
func receive(payload []byte, publishing bool) {
	parts := *subscriptions * *connections
	wanted := int64(*n / parts * parts)
	var seen atomic.Int64
	var begin, end mark
	done := make(chan bool)
	count := func(*nats.Msg) {
		switch seen.Add(1) {
		case 1:
			if !publishing {
				begin = now()
			}
		case wanted:
			end = now()
			close(done)
		}
	}
	var nc *nats.Conn
	for c := 0; c < *connections; c++ {
		nc = dial()
		for s := 0; s < *subscriptions; s++ {
			in, err := nc.Subscribe("b", count)
			check(err)
			check(in.SetPendingLimits(-1, -1))
		}
		check(nc.Flush())
	}
	if publishing {
		begin = now()
		for i := int64(0); i < wanted; i++ {
			check(nc.Publish("b", payload))
		}
	} else {
		defer companion(*load)()
	}
	<-done
	print("recv", fmt.Sprintf("\"size\":%d,\"connections\":%d,\"subscriptions\":%d", *size, *connections, *subscriptions), begin, end, int(wanted))
}

func request(payload []byte) {
	defer companion(*load)()
	nc := dial()
	for {
		if _, err := nc.Request("req", payload, time.Second); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	calls("request", func(int) {
		_, err := nc.Request("req", payload, 5*time.Second)
		check(err)
	})
}

func storageType() jetstream.StorageType {
	if *storage == "file" {
		return jetstream.FileStorage
	}
	return jetstream.MemoryStorage
}

func jetstreamPublish(payload []byte) {
	ctx := context.Background()
	js, err := jetstream.New(dial(), jetstream.WithPublishAsyncMaxPending(*window))
	check(err)
	_ = js.DeleteStream(ctx, "BENCH")
	_, err = js.CreateStream(ctx, jetstream.StreamConfig{Name: "BENCH", Subjects: []string{"bench.js"}, Storage: storageType()})
	check(err)
	if *window == 1 {
		calls("js-pub", func(int) {
			_, err := js.Publish(ctx, "bench.js", payload)
			check(err)
		})
	} else {
		begin := now()
		for i := 0; i < *n; i++ {
			_, err := js.PublishAsync("bench.js", payload)
			check(err)
		}
		<-js.PublishAsyncComplete()
		print("js-pub", fmt.Sprintf("\"window\":%d", *window), begin, now(), *n)
	}
	check(js.DeleteStream(ctx, "BENCH"))
}

func keyValueCalls(job string, value []byte) {
	ctx := context.Background()
	js, err := jetstream.New(dial())
	check(err)
	_ = js.DeleteKeyValue(ctx, "bench")
	kv, err := js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "bench", Storage: storageType()})
	check(err)
	names := make([]string, *keys)
	for i := range names {
		names[i] = "key." + strconv.Itoa(i)
		_, err := kv.Put(ctx, names[i], value)
		check(err)
	}
	calls(job, func(i int) {
		var err error
		if job == "kv-put" {
			_, err = kv.Put(ctx, names[i%*keys], value)
		} else {
			_, err = kv.Get(ctx, names[i%*keys])
		}
		check(err)
	})
	check(js.DeleteKeyValue(ctx, "bench"))
}

func keyValueSync(job string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	js, err := jetstream.New(dial())
	check(err)
	kv, err := js.KeyValue(ctx, *bucket)
	check(err)
	rss := status("VmRSS")
	entries := 0
	begin := now()
	if job == "kv-keys" {
		all, err := kv.Keys(ctx)
		check(err)
		entries = len(all)
	} else {
		w, err := kv.WatchAll(ctx)
		check(err)
		for e := range w.Updates() {
			if e == nil {
				break
			}
			entries++
		}
	}
	print(job, fmt.Sprintf("\"rss_before_kb\":%d", rss), begin, now(), entries)
}

func connect() {
	began := time.Now()
	dial().Close()
	first := float64(time.Since(began)) / 1000
	latencies := make([]int64, *n)
	begin := now()
	for i := range latencies {
		began := time.Now()
		nc := dial()
		latencies[i] = int64(time.Since(began))
		nc.Close()
	}
	printLatencies("connect", fmt.Sprintf("\"first_us\":%.1f", first), begin, now(), latencies)
}

func idle() {
	rss := status("VmRSS")
	nc := dial()
	_, err := nc.SubscribeSync("idle")
	check(err)
	check(nc.Flush())
	time.Sleep(200 * time.Millisecond)
	begin := now()
	time.Sleep(time.Duration(*seconds) * time.Second)
	end := now()
	print("idle", fmt.Sprintf("\"rss_before_kb\":%d,\"anonymous_kb\":%d,\"threads\":%d", rss, status("RssAnon"), status("Threads")), begin, end, *seconds)
}

func main() {
	job := ""
	if len(os.Args) > 1 {
		job = os.Args[1]
		check(flag.CommandLine.Parse(os.Args[2:]))
	}
	payload := []byte(strings.Repeat("x", *size))
	switch job {
	case "pub", "pub-threads":
		publish(payload)
	case "recv":
		receive(payload, false)
	case "pubsub":
		receive(payload, true)
	case "request":
		request(payload)
	case "js-pub":
		jetstreamPublish(payload)
	case "kv-put", "kv-get":
		keyValueCalls(job, payload)
	case "kv-watch", "kv-keys":
		keyValueSync(job)
	case "connect":
		connect()
	case "idle":
		idle()
	default:
		fmt.Fprintln(os.Stderr, "usage: natsgo JOB [--NAME VALUE]...")
		os.Exit(2)
	}
}
