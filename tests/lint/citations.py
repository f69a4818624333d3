#!/usr/bin/env python3
"""Every test file says which rule it proves: one TEST_CASE name at least cites a row, an ADR or a chapter of the rules.

Rows look like A12, S29, W13, L4, R40 or I7. And a test case that checks nothing is none: each file has an assertion.
"""

import re

from common import Lint, test_cases

FOLDERS = ("tests/unit", "tests/io", "tests/integration", "tests/sim")
CITATION = re.compile(r"\b([A-I][0-9]{1,2}|[SRWLP][0-9]{1,3}|ADR-[0-9]+|protocol [0-9]|jetstream [0-9]|kv [0-9]|Quality bar|"
                      r"(design|contract|performance|cli|style-anchors|failure-modes)(\.md)?)\b")
ASSERTION = re.compile(r"\b(CHECK|REQUIRE|FAIL|SUBCASE|expect|check|require)\w*\s*\(")


def main():
    lint = Lint()
    for path in lint.files(FOLDERS, (".cpp",)):
        text = lint.text(path)
        names = [name for _, name in test_cases(text)]
        if names and not any(CITATION.search(name) for name in names):
            lint.report(path, 1, "no test case cites a row (as in TEST_CASE(\"A1: ...\"))")
        if names and not ASSERTION.search(text):
            lint.report(path, 1, "no assertion")
    lint.finish()


main()
