//! What every job measures, as bench/common/measure.hpp does it, under the same names.
use std::time::Instant;

/// The system call by itself, so that no further crate is needed.
fn clock(id: i64) -> i64 {
    let mut time = [0i64; 2];
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!("syscall", inlateout("rax") 228i64 => _, in("rdi") id, in("rsi") time.as_mut_ptr(), out("rcx") _, out("r11") _);
    }
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!("svc 0", in("x8") 113i64, inlateout("x0") id => _, in("x1") time.as_mut_ptr());
    }
    time[0] * 1_000_000_000 + time[1]
}

pub struct Mark {
    wall: Instant,
    cpu: i64,
    server: i64,
}

pub fn now() -> Mark {
    const PROCESS_CPU: i64 = 2;
    let pid: i64 = std::env::var("NATS_SERVER_PID").ok().and_then(|v| v.parse().ok()).unwrap_or(0);
    // What clock_getcpuclockid gives for another process.
    let server = if pid > 0 { clock((!pid) << 3 | 2) } else { 0 };
    Mark { server, cpu: clock(PROCESS_CPU), wall: Instant::now() }
}

pub fn status(field: &str) -> i64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|l| l.starts_with(&format!("{field}:")));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse().ok()).unwrap_or(-1)
}

/// `extra` is further members, each followed by a comma.
pub fn print(job: &str, extra: &str, begin: &Mark, end: &Mark, operations: usize) {
    let seconds = (end.wall - begin.wall).as_secs_f64();
    let n = operations as f64;
    println!(
        "{{\"job\":\"{job}\",\"client\":\"async-nats\",{extra}\"n\":{operations},\"seconds\":{seconds:.6},\"rate\":{:.1},\
         \"cpu_ns\":{:.2},\"server_cpu_ns\":{:.2},\"peak_kb\":{}}}",
        n / seconds,
        (end.cpu - begin.cpu) as f64 / n,
        (end.server - begin.server) as f64 / n,
        status("VmHWM")
    );
}

pub fn print_latencies(job: &str, extra: &str, begin: &Mark, end: &Mark, mut ns: Vec<u64>) {
    ns.sort_unstable();
    let at = |share: f64| ns[((ns.len() - 1) as f64 * share) as usize] as f64 / 1000.0;
    let percentiles = format!(
        "{extra}\"min_us\":{:.2},\"p50_us\":{:.2},\"p90_us\":{:.2},\"p99_us\":{:.2},\"p999_us\":{:.2},\"max_us\":{:.2},",
        at(0.0), at(0.5), at(0.9), at(0.99), at(0.999), at(1.0)
    );
    print(job, &percentiles, begin, end, ns.len());
}
