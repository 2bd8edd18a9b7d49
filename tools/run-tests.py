#!/usr/bin/env python3
"""Runs the tests of a build directory and counts them, one by one inside each TAP program.

usage: run-tests.py BUILD [arguments of meson test …]
With COUNT_FILE in the environment "passed failed" is appended to that file, and with FAILED_FILE what the failed
ones said: a run of many stages repeats it at its end, where it is looked for. Exit code 1 when anything failed.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

OK, NOT_OK = re.compile(r"^ok\b", re.M), re.compile(r"^not ok\b", re.M)
TODO_SKIP = re.compile(r"#\s*(?:skip|todo)", re.I)
SAID_LINES = 40  # of a failed program: around its first "not ok", and at its end


def said(test):
    """What a failed program printed: the lines before and after its first "not ok", and its last lines."""
    lines = (test.get("stdout") or "").splitlines()
    first = next((i for i, line in enumerate(lines) if NOT_OK.match(line)), len(lines))
    around = lines[max(0, first - SAID_LINES // 2) : first + SAID_LINES // 2]
    return "\n".join([*around, *(test.get("stderr") or "").splitlines()[-SAID_LINES:]])


def count(log):
    """(passed, failed, names of programs that failed, what they said) of meson's log, one JSON object a line."""
    passed = failed = 0
    names, words = [], []
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
            words.append(f"-- {names[-1]}\n{said(test)}\n")
            bad = max(bad, 1)  # a crash or a time-out prints no "not ok"
        passed += good if skipped else max(good, 1) if is_good else good
        failed += bad
    return passed, failed, names, words


def main():
    build, arguments = sys.argv[1], sys.argv[2:]
    log = pathlib.Path(build, "meson-logs/testlog.json")
    log.unlink(missing_ok=True)
    result = subprocess.run(["meson", "test", "-C", build, "--print-errorlogs", *arguments], check=False)
    passed, failed, names, words = count(log) if log.exists() else (0, 1, ["meson test itself"], [])
    if result.returncode != 0 and failed == 0:
        failed, names = 1, ["meson test itself"]
    if names:
        print("failed: " + ", ".join(names))
    print(f"{build}: {passed} passed, {failed} failed")
    if "COUNT_FILE" in os.environ:
        with open(os.environ["COUNT_FILE"], "a", encoding="utf-8") as file:
            file.write(f"{passed} {failed}\n")
    if names and "FAILED_FILE" in os.environ:
        with open(os.environ["FAILED_FILE"], "a", encoding="utf-8") as file:
            file.write(f"failed in {build}: {', '.join(names)}\n" + "".join(words))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
