//! async-nats at the jobs of bench/macro/load.cpp, with the same options and the same figures.
//!
//!     asyncnats pub|recv|pubsub|request|js-pub|kv-put|kv-get|kv-watch|kv-keys|connect|idle [--NAME VALUE]...
//!
//! ASYNCNATS_RUNTIME=multi takes tokio's multi-threaded runtime; without it the single-threaded one is taken, which is the faster one
//! for nearly all of it. The capacity of subscriptions is raised, so that no message is dropped.
mod measure;

use async_nats::jetstream::{self, stream::StorageType};
use bytes::Bytes;
use futures_util::{future::ready, stream, StreamExt};
use measure::{now, print, print_latencies, status};
use std::future::Future;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Options(Vec<String>);

impl Options {
    fn text(&self, name: &str, otherwise: &str) -> String {
        let found = self.0.chunks(2).find(|pair| pair[0].strip_prefix("--") == Some(name));
        found.map_or(otherwise.to_string(), |pair| pair[1].clone())
    }
    fn number(&self, name: &str, otherwise: usize) -> usize {
        self.text(name, &otherwise.to_string()).parse().expect("a number")
    }
    fn storage(&self) -> StorageType {
        if self.text("storage", "memory") == "file" { StorageType::File } else { StorageType::Memory }
    }
    /// The program that makes the load, or answers.
    fn companion(&self) -> Companion {
        let command = self.text("load", "");
        let mut words = command.split_whitespace();
        Companion(words.next().map(|program| Command::new(program).args(words).stdout(Stdio::null()).spawn().unwrap()))
    }
}

struct Companion(Option<Child>);

impl Drop for Companion {
    fn drop(&mut self) {
        if let Some(child) = self.0.as_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn environment(name: &str, otherwise: &str) -> String {
    std::env::var(name).ok().filter(|v| !v.is_empty()).unwrap_or(otherwise.to_string())
}

async fn dial() -> async_nats::Client {
    let mut options = async_nats::ConnectOptions::new().subscription_capacity(1 << 22);
    let ca = environment("NATS_TLS_CA", "");
    if !ca.is_empty() {
        options = options.require_tls(true).add_root_certificates(ca.into());
    }
    options.connect(format!("nats://{}:{}", environment("NATS_HOST", "127.0.0.1"), environment("NATS_PORT", "4222"))).await.unwrap()
}

/// Makes n calls, so many at a time. One at a time, every latency is kept.
async fn calls<F: Future<Output = ()>>(o: &Options, job: &str, once: impl Fn(usize) -> F) {
    let (n, window) = (o.number("n", 20_000), o.number("window", 1));
    for i in 0..o.number("warm-up", 500) {
        once(i).await;
    }
    let extra = format!("\"window\":{window},");
    let begin = now();
    if window == 1 {
        let mut latencies = Vec::with_capacity(n);
        for i in 0..n {
            let began = Instant::now();
            once(i).await;
            latencies.push(began.elapsed().as_nanos() as u64);
        }
        print_latencies(job, &extra, &begin, &now(), latencies);
    } else {
        stream::iter(0..n).map(&once).buffer_unordered(window).for_each(|()| ready(())).await;
        print(job, &extra, &begin, &now(), n);
    }
}

/// flush() only empties the client's buffer: a request that nobody answers comes back behind what was published.
async fn publish(o: &Options, payload: Bytes) {
    let n = o.number("n", 1_000_000);
    let nc = dial().await;
    let begin = now();
    for _ in 0..n {
        nc.publish("b", payload.clone()).await.unwrap();
    }
    let _ = nc.request("nobody", Bytes::new()).await;
    print("pub", "", &begin, &now(), n);
}

async fn receive(o: &Options) {
    let (fan, connections) = (o.number("subscriptions", 1), o.number("connections", 1));
    let n = o.number("n", 1_000_000) / (fan * connections) * (fan * connections);
    let mut clients = Vec::new();
    let mut all = stream::SelectAll::new();
    for _ in 0..connections {
        let nc = dial().await;
        for _ in 0..fan {
            all.push(nc.subscribe("b").await.unwrap());
        }
        nc.flush().await.unwrap();
        if !o.text("load", "").is_empty() {
            let _ = nc.request("nobody", Bytes::new()).await; // the server knows the subscriptions
        }
        clients.push(nc);
    }
    let _load = o.companion();
    let begin;
    if fan * connections == 1 {
        let mut one = all.into_iter().next().unwrap();
        one.next().await.unwrap();
        begin = now();
        for _ in 1..n {
            one.next().await.unwrap();
        }
    } else {
        all.next().await.unwrap();
        begin = now();
        for _ in 1..n {
            all.next().await.unwrap();
        }
    }
    print("recv", &format!("\"connections\":{connections},\"subscriptions\":{fan},"), &begin, &now(), n);
}

async fn publish_and_receive(o: &Options, payload: Bytes) {
    let n = o.number("n", 300_000);
    let nc = dial().await;
    let mut s = nc.subscribe("b").await.unwrap();
    let _ = nc.request("nobody", Bytes::new()).await;
    let begin = now();
    let sender = tokio::spawn(async move {
        for _ in 0..n {
            nc.publish("b", payload.clone()).await.unwrap();
        }
        nc.flush().await.unwrap();
    });
    for _ in 0..n {
        s.next().await.unwrap();
    }
    sender.await.unwrap();
    print("pubsub", "", &begin, &now(), n);
}

async fn request(o: &Options, payload: Bytes) {
    let _responder = o.companion();
    let nc = dial().await;
    while nc.request("req", payload.clone()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (nc, payload) = (&nc, &payload);
    calls(o, "request", |_| async move { drop(nc.request("req", payload.clone()).await.unwrap()) }).await;
}

async fn jetstream_publish(o: &Options, payload: Bytes) {
    let (n, window) = (o.number("n", 200_000), o.number("window", 1));
    let js = jetstream::ContextBuilder::new().max_ack_inflight(window).build(dial().await);
    let _ = js.delete_stream("BENCH").await;
    let config =
        jetstream::stream::Config { name: "BENCH".into(), subjects: vec!["bench.js".into()], storage: o.storage(), ..Default::default() };
    js.create_stream(config).await.unwrap();
    if window == 1 {
        let (js, payload) = (&js, &payload);
        calls(o, "js-pub", |_| async move { drop(js.publish("bench.js", payload.clone()).await.unwrap().await.unwrap()) }).await;
    } else {
        let begin = now();
        let mut pending = std::collections::VecDeque::new();
        for _ in 0..n {
            if pending.len() >= window {
                let oldest: jetstream::context::PublishAckFuture = pending.pop_front().unwrap();
                oldest.await.unwrap();
            }
            pending.push_back(js.publish("bench.js", payload.clone()).await.unwrap());
        }
        for ack in pending {
            ack.await.unwrap();
        }
        print("js-pub", &format!("\"window\":{window},"), &begin, &now(), n);
    }
    js.delete_stream("BENCH").await.unwrap();
}

async fn key_value_calls(o: &Options, job: &str, value: Bytes) {
    let js = jetstream::new(dial().await);
    let _ = js.delete_key_value("bench").await;
    let config = jetstream::kv::Config { bucket: "bench".into(), storage: o.storage(), ..Default::default() };
    let kv = js.create_key_value(config).await.unwrap();
    let keys: Vec<String> = (0..o.number("keys", 1000)).map(|i| format!("key.{i}")).collect();
    for key in &keys {
        kv.put(key, value.clone()).await.unwrap();
    }
    let (kv, keys, value) = (&kv, &keys, &value);
    if job == "kv-put" {
        calls(o, job, |i| async move { kv.put(&keys[i % keys.len()], value.clone()).await.map(drop).unwrap() }).await;
    } else {
        calls(o, job, |i| async move { drop(kv.entry(keys[i % keys.len()].as_str()).await.unwrap().unwrap()) }).await;
    }
    js.delete_key_value("bench").await.unwrap();
}

async fn key_value_sync(o: &Options, job: &str) {
    let js = jetstream::new(dial().await);
    let kv = js.get_key_value(o.text("bucket", "sync")).await.unwrap();
    let extra = format!("\"rss_before_kb\":{},", status("VmRSS"));
    let mut entries = 0;
    let begin = now();
    if job == "kv-keys" {
        let mut names = Vec::new();
        let mut all = kv.keys().await.unwrap();
        while let Some(name) = all.next().await {
            names.push(name.unwrap());
        }
        entries = names.len();
    } else {
        let mut all = kv.watch_with_history(">").await.unwrap();
        while let Some(entry) = all.next().await {
            entries += 1;
            if entry.unwrap().delta == 0 {
                break;
            }
        }
    }
    print(job, &extra, &begin, &now(), entries);
}

async fn connect(o: &Options) {
    let began = Instant::now();
    drop(dial().await);
    let first = began.elapsed().as_nanos() as f64 / 1000.0;
    let mut latencies = Vec::new();
    let begin = now();
    for _ in 0..o.number("n", 200) {
        let began = Instant::now();
        let nc = dial().await;
        latencies.push(began.elapsed().as_nanos() as u64);
        drop(nc);
    }
    print_latencies("connect", &format!("\"first_us\":{first:.1},"), &begin, &now(), latencies);
}

async fn idle(o: &Options) {
    let (seconds, rss) = (o.number("seconds", 5), status("VmRSS"));
    let nc = dial().await;
    let _in = nc.subscribe("idle").await.unwrap();
    nc.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begin = now();
    tokio::time::sleep(Duration::from_secs(seconds as u64)).await;
    let end = now();
    let extra = format!("\"rss_before_kb\":{rss},\"anonymous_kb\":{},\"threads\":{},", status("RssAnon"), status("Threads"));
    print("idle", &extra, &begin, &end, seconds);
}

async fn run(job: String, o: Options) -> i32 {
    let payload = Bytes::from(vec![b'x'; o.number("size", 128)]);
    match job.as_str() {
        "pub" => publish(&o, payload).await,
        "recv" => receive(&o).await,
        "pubsub" => publish_and_receive(&o, payload).await,
        "request" => request(&o, payload).await,
        "js-pub" => jetstream_publish(&o, payload).await,
        "kv-put" | "kv-get" => key_value_calls(&o, &job, payload).await,
        "kv-watch" | "kv-keys" => key_value_sync(&o, &job).await,
        "connect" => connect(&o).await,
        "idle" => idle(&o).await,
        _ => {
            eprintln!("usage: asyncnats JOB [--NAME VALUE]...");
            return 2;
        }
    }
    0
}

fn main() {
    let mut words = std::env::args().skip(1);
    let job = words.next().unwrap_or_default();
    let options = Options(words.collect());
    assert!(options.0.len() % 2 == 0, "an option without a value");
    let mut builder = match environment("ASYNCNATS_RUNTIME", "current").as_str() {
        "multi" => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let code = builder.enable_all().build().unwrap().block_on(run(job, options));
    std::process::exit(code);
}
