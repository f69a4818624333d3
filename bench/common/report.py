"""What bench/compare makes of its runs: medians, ratios with quartiles, verdicts, tables, pictures."""
import math
import re
import statistics

METRICS = ("rate", "cpu_ns", "caller_cpu_ns", "server_cpu_ns", "p50_us", "p99_us", "first_us", "threads", "anonymous_kb", "peak_kb")
COLOURS = {"slipstream": "#1f6feb", "nats.c": "#8b949e", "nats.go": "#39c5cf", "async-nats": "#e3852b", "limit": "#2da44e"}
PEERS = ("nats.c", "nats.go", "async-nats")


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, round(share * (len(values) - 1)))]


def spread(values):
    return [statistics.median(values), quantile(values, 0.25), quantile(values, 0.75)]


def steady(ratio):
    """The quartiles are within 25 % of the median."""
    median, low, high = ratio
    return abs(high - median) <= 0.25 * abs(median) and abs(median - low) <= 0.25 * abs(median)


def share_of_limit(run, limit):
    """By rate, or for lone calls by the median latency."""
    if run.get("p50_us") and limit.get("p50_us"):
        return limit["p50_us"] / run["p50_us"]
    return run["rate"] / limit["rate"] if run.get("rate") and limit.get("rate") else None


def summarise(row, results):
    """Medians of the figures; ratios of ours to each other contestant in the same round: median and quartiles; the targets."""
    for runs in results.values():
        for run in runs:
            if "rss_before_kb" in run and "peak_kb" in run:
                run["growth_kb"] = run["peak_kb"] - run["rss_before_kb"]
    out = {"row": row.number, "name": row.name, "main": row.main, "rounds": max(map(len, results.values())), "figures": {}, "ratios": {},
           "shares": {}, "targets": [], "errors": {}}
    for name, runs in results.items():
        good = [r for r in runs if "error" not in r]
        out["errors"].update({name: r["error"] for r in runs if "error" in r})
        keys = {k for r in good for k, v in r.items() if isinstance(v, (int, float))}
        out["figures"][name] = {k: statistics.median(r[k] for r in good if k in r) for k in sorted(keys)}
    for name, runs in results.items():
        share = [s for s in map(share_of_limit, runs, results.get("limit", [])) if s]
        if share:
            out["shares"][name] = statistics.median(share)
    ours = results["slipstream"]
    for name, runs in results.items():
        if name == "slipstream":
            continue
        for metric in METRICS:
            ratios = [a[metric] / b[metric] for a, b in zip(ours, runs) if a.get(metric) and b.get(metric)]
            if ratios:
                out["ratios"].setdefault(name, {})[metric] = spread(ratios)
    for metric, other, upper, value in row.targets:
        own = [r[metric] for r in ours if metric in r]
        ratio = out["ratios"].get(other, {}).get(metric) if other else spread(own) if own else None
        if ratio:
            met = ratio[0] <= value if upper else ratio[0] >= value
            out["targets"].append({"metric": metric, "other": other, "at_most" if upper else "at_least": value, "ratio": ratio, "met": met})
    return out


def bound(target):
    return f"<= {target['at_most']:g}" if "at_most" in target else f">= {target['at_least']:g}"


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def show(summary):
    """One row as text."""
    lines = [f"\n{summary['row']:>2}  {summary['name']}  ({summary['rounds']} rounds)"]
    for name, f in summary["figures"].items():
        if not f:
            continue
        parts = [f"{name:20}"]
        if "p50_us" in f:
            parts.append(f"p50 {f['p50_us']:.1f} us, p99 {f['p99_us']:.1f} us, p99.9 {f['p999_us']:.1f} us")
        elif "threads" in f:
            parts.append(f"{f['threads']:.0f} threads, {f['anonymous_kb']:,.0f} kB anonymous, {f.get('switches', 0):.2f} wake-ups a second")
        elif "rate" in f:
            parts.append(f"{f['rate']:,.0f}/s")
        for key, words in (("cpu_ns", "CPU {:,.0f} ns"), ("server_cpu_ns", "server {:,.0f} ns"), ("caller_cpu_ns", "caller {:,.0f} ns"),
                           ("peak_kb", "peak {:,.0f} kB"), ("stripped_kb", "{:,.0f} kB")):
            if key in f and not ("threads" in f and key.endswith("_ns")):
                parts.append(words.format(f[key]))
        if "rate" in summary["ratios"].get(name, {}) and "p50_us" not in f and "threads" not in f:
            parts.append("ours x{:.2f} [{:.2f} {:.2f}]".format(*summary["ratios"][name]["rate"]))
        elif "p50_us" in summary["ratios"].get(name, {}):
            parts.append("our p50 x{:.2f} [{:.2f} {:.2f}]".format(*summary["ratios"][name]["p50_us"]))
        lines.append("      " + " | ".join(parts))
    for t in summary["targets"]:
        median, low, high = t["ratio"]
        verdict = ("met" if t["met"] else "MISSED") + ("" if steady(t["ratio"]) else ", not steady")
        to = f" to {t['other']}" if t["other"] else ""
        lines.append(f"      {t['metric']}{to}: {number(median)} [{number(low)} {number(high)}], target {bound(t)}: {verdict}")
    lines += [f"      {name} failed: {error}" for name, error in summary["errors"].items()]
    return "\n".join(lines)


def speed(summary, name):
    """How many times as fast ours is: the ratio of the rates, or the inverse of the ratio of the median latencies."""
    ratios = summary["ratios"].get(name, {})
    if "p50_us" in ratios:
        return 1 / ratios["p50_us"][0]
    return ratios["rate"][0] if "rate" in ratios else None


def compared(summaries):
    """The rows that are about speed."""
    return [s for s in summaries if "rate" in s["figures"].get("slipstream", {}) and "threads" not in s["figures"]["slipstream"]]


def rounds(summaries):
    """As words: the rows that vary have the same number, unless time was short."""
    counts = sorted({s["rounds"] for s in compared(summaries)})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}" if counts else "no"


def own_figure(figures):
    return f"{figures['p50_us']:.1f} us" if "p50_us" in figures else f"{number(figures['rate'] / 1000)} k/s"


def short_table(summaries):
    """For the README: the main rows, as how many times as fast this client is."""
    lines = ["| | Slipstream | x nats.c | x nats.go | x async-nats | CPU to nats.c | share of the limit |", "|---|---|---|---|---|---|---|"]
    for s in compared(summaries):
        if not s["main"]:
            continue
        cells = [s["name"], own_figure(s["figures"]["slipstream"])]
        cells += ["-" if speed(s, p) is None else f"{speed(s, p):.2f}" for p in PEERS]
        cpu = s["ratios"].get("nats.c", {}).get("cpu_ns")
        cells.append(f"{cpu[0]:.2f}" if cpu else "-")
        share = s["shares"].get("slipstream")
        cells.append(f"{share:.2f}" if share else "-")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def target_table(summaries):
    """For bench/README.md: every target with its ratio and quartiles."""
    lines = ["| row | | figure | to | measured [quartiles] | target | |", "|---|---|---|---|---|---|---|"]
    for s in summaries:
        for t in s["targets"]:
            verdict = ("met" if t["met"] else "**missed**") + ("" if steady(t["ratio"]) else ", not steady")
            measured = "{} [{} {}]".format(*map(number, t["ratio"]))
            lines.append(f"| {s['row']} | {s['name']} | {t['metric']} | {t['other'] or '-'} | {measured} | {bound(t)} | {verdict} |")
    return lines


def replace_block(path, name, lines):
    """Puts `lines` between the marks of the block `name` of a Markdown file."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise SystemExit(f"{path}: no block {name}")
    block = begin + "\n\n" + "\n".join(lines) + "\n\n" + end
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _: block, text, flags=re.S))


def svg(width, height, parts):
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
            f'<rect width="{width}" height="{height}" fill="white"/>']
    return "\n".join([*head, *parts, "</svg>"]) + "\n"


def legend(x, y, names):
    out = []
    for name in names:
        out.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{COLOURS[name]}"/><text x="{x + 17}" y="{y}">{name}</text>')
        x += 45 + 7 * len(name)
    return out


def bars(summaries):
    """Of the rows that have a limit: the share of it that each contestant reaches."""
    left, scale, step, widest = 330, 420, 13, 1.25
    parts, y = [], 66
    for s in compared(summaries):
        if not s["shares"] or not s["main"]:
            continue
        parts.append(f'<text x="{left - 8}" y="{y + 11}" text-anchor="end">{s["name"]}</text>')
        for name in ("slipstream", *PEERS):
            share = s["shares"].get(name)
            if not share:
                continue
            length = round(min(share, widest) * scale)
            parts.append(f'<rect x="{left}" y="{y + 1}" width="{length}" height="{step - 2}" fill="{COLOURS[name]}"/>')
            parts.append(f'<text x="{left + length + 4}" y="{y + 10}" font-size="10">{share:.2f}</text>')
            y += step
        y += 9
    line = f'x1="{left + scale}" x2="{left + scale}" y1="58" y2="{y}"'
    title = "Share of what the machine allows (the dashed line); longer is better"
    head = [f'<text x="10" y="22" font-size="15">{title}</text>', *legend(10, 46, ("slipstream", *PEERS)),
            f'<line {line} stroke="{COLOURS["limit"]}" stroke-dasharray="4 3"/>']
    return svg(900, y + 10, head + parts)


def curves(summaries):
    """Latencies by percentile, a panel for each row of lone calls, logarithmic."""
    points = (("min", "min_us"), ("p50", "p50_us"), ("p90", "p90_us"), ("p99", "p99_us"), ("p99.9", "p999_us"))
    rows = [s for s in summaries if "p999_us" in s["figures"].get("slipstream", {}) and s["main"]]
    wide, high = 430, 210
    parts = ['<text x="10" y="22" font-size="15">Latency by percentile, microseconds; lower is better</text>',
             *legend(10, 46, ("slipstream", *PEERS, "limit"))]
    for i, s in enumerate(rows):
        x0, y0 = 50 + wide * (i % 2), 70 + high * (i // 2)
        figures = {name: s["figures"][name] for name in ("limit", *reversed(PEERS), "slipstream") if "p50_us" in s["figures"].get(name, {})}
        every = [f[k] for f in figures.values() for _, k in points if f.get(k)]
        low, top = math.log10(min(every)), math.log10(max(every) * 1.05)
        height = lambda us: 140 * (math.log10(us) - low) / (top - low)  # noqa: E731
        parts.append(f'<text x="{x0}" y="{y0}" font-weight="bold">{s["name"]}</text>')
        for us in (digit * 10**power for power in range(-1, 6) for digit in (1, 2, 5)):
            if not low <= math.log10(us) <= top:
                continue
            y = y0 + 160 - height(us)
            parts.append(f'<line x1="{x0}" x2="{x0 + 340}" y1="{y:.0f}" y2="{y:.0f}" stroke="#d8dee4"/>')
            parts.append(f'<text x="{x0 - 6}" y="{y + 4:.0f}" text-anchor="end" font-size="10">{us:g}</text>')
        for at, (label, _) in enumerate(points):
            parts.append(f'<text x="{x0 + 10 + 80 * at}" y="{y0 + 178}" text-anchor="middle" font-size="10">{label}</text>')
        for name, f in figures.items():
            line = " ".join(f"{x0 + 10 + 80 * at},{y0 + 160 - height(f[k]):.0f}" for at, (_, k) in enumerate(points) if f.get(k))
            parts.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
    return svg(900, 90 + high * ((len(rows) + 1) // 2), parts)
