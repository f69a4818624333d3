"""What bench/compare says of made-up runs: no program is run."""
import os
import sys
import tempfile
import xml.dom.minidom

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import report  # noqa: E402
from rows import Row, all_rows  # noqa: E402


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def sample():
    """Three rounds, in which the machine becomes slower for all: the ratios stay."""
    row = Row(1, "publish", main=True).all("pub", "publish --n 1", ("nats.c",)).at_least("rate", "nats.c", 2)
    row.at_most("cpu_ns", "nats.c", 0.2).at_least("rate", "limit", 0.9).at_most("growth_kb", None, 100)
    return row, {
        "slipstream": [{"rate": r, "cpu_ns": 30, "peak_kb": 300, "rss_before_kb": 250} for r in (600, 300, 60)],
        "nats.c": [{"rate": r, "cpu_ns": 100} for r in (200, 100, 20)],
        "limit": [{"rate": r, "cpu_ns": 10} for r in (800, 400, 80)],
    }


def ratios_and_verdicts():
    row, results = sample()
    s = report.summarise(row, results)
    check(s["ratios"]["nats.c"]["rate"] == [3, 3, 3], "the ratio is taken inside each round")
    check(s["figures"]["slipstream"]["rate"] == 300, "figures are medians")
    check(s["shares"] == {"slipstream": 0.75, "nats.c": 0.25, "limit": 1}, "shares of the limit")
    check([t["met"] for t in s["targets"]] == [True, False, False, True], "met and missed")
    check(s["targets"][3]["ratio"] == [50, 50, 50], "a figure of ours, by itself")
    text = report.show(s)
    check("MISSED" in text and "not steady" not in text, "the text says what was missed")
    check(report.short_table([s])[2] == "| publish | 0.3 k/s | 3.00 | - | - | 0.30 | 0.75 |", "the line of the README")
    check(len(report.target_table([s])) == 2 + 4, "a line for each target")


def latencies_count_the_other_way():
    row = Row(6, "request", main=True).all("request", "request --n 1", ("nats.c",)).at_most("p50_us", "limit", 1.1)
    run = {"min_us": 5, "p50_us": 10, "p90_us": 12, "p99_us": 20, "p999_us": 40, "rate": 1}
    twice = {k: 2 * v for k, v in run.items()}
    s = report.summarise(row, {"slipstream": [run], "nats.c": [twice], "limit": [run]})
    check(report.speed(s, "nats.c") == 2, "half the latency is twice as fast")
    check(s["shares"]["nats.c"] == 0.5 and s["targets"][0]["met"], "and half of the limit")
    for text in (report.bars([s]), report.curves([s])):
        xml.dom.minidom.parseString(text)


def failures_are_told():
    row, results = sample()
    results["nats.c"][1] = {"error": "gone"}
    s = report.summarise(row, results)
    check(s["errors"] == {"nats.c": "gone"} and "gone" in report.show(s), "an error is shown")
    check(s["ratios"]["nats.c"]["rate"] == [3, 3, 3], "the other rounds count")
    results["slipstream"] = [{"error": "broken"}] * 3
    s = report.summarise(row, results)
    check(not s["targets"] and "broken" in report.show(s), "without figures there is no verdict")
    report.bars([s])
    report.short_table([s])


def unsteady_is_said():
    check(report.steady([1, 0.8, 1.2]) and not report.steady([1, 0.7, 1]) and not report.steady([1, 1, 1.3]), "quartiles within 25 %")


def blocks_are_replaced():
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "a.md")
        with open(path, "w", encoding="utf-8") as file:
            file.write("before\n<!-- x: begin -->\nold\n<!-- x: end -->\nafter\n")
        for new in ("one \\1", "two"):
            report.replace_block(path, "x", [new])
        with open(path, encoding="utf-8") as file:
            check(file.read() == "before\n<!-- x: begin -->\n\ntwo\n\n<!-- x: end -->\nafter\n", "the block alone")


def rows_are_whole():
    rows = all_rows("/bin")
    names = [r.title for r in rows]
    check(len(names) == len(set(names)), "rows have names of their own")
    check({r.number for r in rows} >= set(range(1, 14)), "no row is missing")
    for r in rows:
        check(list(r.contestants)[0] == "slipstream", f"{r.title}: ours comes first")
        others = {other for _, other, _, _ in r.targets if other}
        check(others <= set(r.contestants), f"{r.title}: targets name contestants")


if __name__ == "__main__":
    ratios_and_verdicts()
    latencies_count_the_other_way()
    failures_are_told()
    unsteady_is_said()
    blocks_are_replaced()
    rows_are_whole()
    print("compare: verdicts, tables and pictures are as they should be")
