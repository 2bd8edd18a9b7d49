#!/usr/bin/env python3
"""Runs the tests of a build directory and counts them, one by one inside each TAP program.

usage: run-tests.py BUILD [arguments of meson test …]
With COUNT_FILE in the environment "passed failed" is appended to that file. Exit code 1 when anything failed.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

OK, NOT_OK = re.compile(r"^ok\b", re.M), re.compile(r"^not ok\b", re.M)
TODO_SKIP = re.compile(r"#\s*(?:skip|todo)", re.I)


def count(log):
    """(passed, failed, names of programs that failed) of meson's log, one JSON object a line."""
    passed = failed = 0
    names = []
    for line in log.read_text(encoding="utf-8").splitlines():
        test = json.loads(line)
        output = test.get("stdout") or ""
        good = sum(not TODO_SKIP.search(row) for row in output.splitlines() if OK.match(row))
        # A test that lacked what it needs says "# SKIP name" and returns (tests/check.h): it passed nothing.
        skipped = sum(row.startswith("# SKIP ") for row in output.splitlines())
        good -= skipped
        bad = len(NOT_OK.findall(output))
        if test["result"] == "SKIP":
            continue
        is_good = test["result"] in ("OK", "EXPECTEDFAIL")
        if not is_good:
            names.append(f"{test['name']} ({test['result']})")
            bad = max(bad, 1)  # a crash or a time-out prints no "not ok"
        passed += good if skipped else max(good, 1) if is_good else good
        failed += bad
    return passed, failed, names


def main():
    build, arguments = sys.argv[1], sys.argv[2:]
    log = pathlib.Path(build, "meson-logs/testlog.json")
    log.unlink(missing_ok=True)
    result = subprocess.run(["meson", "test", "-C", build, "--print-errorlogs", *arguments], check=False)
    passed, failed, names = count(log) if log.exists() else (0, 1, ["meson test itself"])
    if result.returncode != 0 and failed == 0:
        failed, names = 1, ["meson test itself"]
    if names:
        print("failed: " + ", ".join(names))
    print(f"{build}: {passed} passed, {failed} failed")
    if "COUNT_FILE" in os.environ:
        with open(os.environ["COUNT_FILE"], "a", encoding="utf-8") as file:
            file.write(f"{passed} {failed}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
