#!/usr/bin/env python3
"""Counts what `meson test` has run: test cases of doctest programs, and one for every other test.

usage: count_results.py TESTLOG.JSON     prints "PASSED FAILED SKIPPED"; names what failed on stderr, with what it said of that
       count_results.py --self-test
"""

import json
import re
import sys

CASES = re.compile(r"\[doctest\] test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped")
GOOD = ("OK", "EXPECTEDFAIL")
RULE = re.compile(r"^={20,}$", re.MULTILINE)  # between the cases of a doctest program
MOST = 4000  # characters of one test


def count_one(test):
    """(passed, failed, skipped) of one line of the log."""
    good = test["result"] in GOOD
    if test["result"] == "SKIP":
        return 0, 0, 1
    found = [tuple(map(int, match.groups())) for match in CASES.finditer(test.get("stdout") or "")]
    passed, failed = sum(cases[1] for cases in found), sum(cases[2] for cases in found)
    if good and failed == 0:
        # A doctest program without a case that ran has tested nothing.
        return (passed, 0, 0) if passed else ((0, 1, 0) if found else (1, 0, 0))
    # Crashed, timed out, or complained about at exit (a sanitizer): one failure at least.
    return passed, max(failed, 1), 0


def complaints(output):
    """The cases of a doctest program that failed, in its own words; the end of what any other test has said."""
    cases = [part.strip() for part in RULE.split(output) if re.search(r"^\S+: (FATAL )?ERROR: ", part, re.MULTILINE)]
    return "\n\n".join(cases)[:MOST] if cases else output.strip()[-MOST:]


def count(lines):
    total = [0, 0, 0]
    for line in lines:
        test = json.loads(line)
        numbers = count_one(test)
        total = [a + b for a, b in zip(total, numbers)]
        if numbers[1]:
            print(f"FAILED: {test['name']} ({test['result']}, {numbers[1]} failed)", file=sys.stderr)
            print(complaints(test.get("stdout") or ""), file=sys.stderr)
        if numbers[2]:
            print(f"SKIPPED: {test['name']}", file=sys.stderr)
    return total


def self_test():
    def line(result, stdout=""):
        return json.dumps({"name": "t", "result": result, "stdout": stdout})

    def cases(passed, failed):
        return f"[doctest] test cases:  {passed + failed} |  {passed} passed | {failed} failed | 0 skipped\n"

    expectations = [
        ([line("OK")], [1, 0, 0]),
        ([line("OK", cases(7, 0))], [7, 0, 0]),
        ([line("OK", cases(0, 0))], [0, 1, 0]),
        ([line("FAIL", cases(5, 2))], [5, 2, 0]),
        ([line("FAIL", cases(7, 0))], [7, 1, 0]),
        ([line("OK", cases(6, 1))], [6, 1, 0]),
        ([line("FAIL")], [0, 1, 0]),
        ([line("TIMEOUT", "")], [0, 1, 0]),
        ([line("ERROR", "")], [0, 1, 0]),
        ([line("UNEXPECTEDPASS")], [0, 1, 0]),
        ([line("SKIP")], [0, 0, 1]),
        ([line("OK"), line("FAIL"), line("OK", cases(2, 0))], [3, 1, 0]),
        ([], [0, 0, 0]),
    ]
    wrong = [case for case in expectations if count(case[0]) != case[1]]
    rule = "=" * 79
    bad = "a.cpp:5:\nTEST CASE:  bad\n\na.cpp:7: ERROR: CHECK( a )"
    said = f"{rule}\na.cpp:1:\nTEST CASE:  good\n\na.cpp:3: MESSAGE: hm\n\n{rule}\n{bad}\n\n{rule}\n"
    expectations += [said]
    if complaints(said) != bad or complaints("no doctest\n") != "no doctest":
        wrong.append((said, complaints(said)))
    for case in wrong:
        print(f"counted wrongly: {case[0]} is {case[1]}")
    print(f"{len(expectations)} cases, {len(wrong)} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    with open(sys.argv[1], encoding="utf-8") as log:
        print(*count(log))
