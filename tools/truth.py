#!/usr/bin/env python3
"""Compare the findings of an audit with what the city maker planted.

usage: truth.py FINDINGS.csv TRUTH.csv [CLEAN_FINDINGS.csv] [--lines N]

A planted violation is found when a finding has the same rule, the same blamed lines and the same amount. A near-miss is hit when a
finding of its rule blames one of its lines. Findings on a city made without violations are unplanned hits.
With --lines (fee lines of the city): by rule, planted, found, and findings nobody planted per million lines that are not planted.
Last line: planted N  found N  missed N  near-misses hit N  unplanned hits N. Exit code 1 if anything is wrong.
"""
import csv
import sys
from collections import Counter, defaultdict

SHOWN = 20


def fen(text):
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.lstrip("-").partition(".")
    return sign * (int(whole or 0) * 100 + int((part + "00")[:2]))


def rows(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def lines_of(row):
    return "|".join(sorted(x for x in row["lines"].split("|") if x))


def print_rules(planted_of, missed, extra, n_lines, n_blamed):
    """Recall, and false alarms per million unplanted lines, by rule."""
    unplanted = max(n_lines - n_blamed, 1)
    rules = sorted(set(planted_of) | set(extra))
    width = max(map(len, rules), default=0)
    print(f"{'rule':{width}} {'planted':>8} {'found':>8} {'false alarms':>12} {'per million lines':>18}")
    for rule in rules:
        print(f"{rule:{width}} {planted_of[rule]:8} {planted_of[rule] - missed[rule]:8} {extra[rule]:12} {extra[rule] * 1e6 / unplanted:18.2f}")


def main(argv):
    n_lines = 0
    if "--lines" in argv:
        at = argv.index("--lines")
        n_lines = int(argv[at + 1])
        argv = argv[:at] + argv[at + 2:]
    if len(argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    found = Counter()
    blamed = defaultdict(set)
    n_findings = 0
    for row in rows(argv[1]):
        n_findings += 1
        found[(row["rule"], row["institution"], lines_of(row), fen(row["amount"]))] += 1
        for line in row["lines"].split("|"):
            blamed[row["rule"]].add((row["institution"], line))
    planted = matched = near = near_hit = 0
    missed = Counter()
    shown = 0
    explained = Counter()
    planted_of = Counter()
    n_blamed = 0
    for row in rows(argv[2]):
        lines = lines_of(row)
        if row["kind"] == "violation":
            planted += 1
            planted_of[row["rule"]] += 1
            n_blamed += len(row["lines"].split("|")) if row["lines"] else 0
            key = (row["rule"], row["institution"], lines, fen(row["amount"]))
            if found[key] > explained[key]:
                explained[key] += 1
                matched += 1
            else:
                missed[row["rule"]] += 1
                if shown < SHOWN:
                    shown += 1
                    print(f"missed: {row['rule']} {row['person']} {lines[:100]} {row['amount']} ({row['note']})")
        else:
            near += 1
            hit = [x for x in lines.split("|") if x and (row["institution"], x) in blamed[row["rule"]]]
            if hit:
                near_hit += 1
                if shown < SHOWN:
                    shown += 1
                    print(f"near-miss hit: {row['rule']} {row['person']} {hit[0]} ({row['note']})")
    extra = Counter()
    for key, n in found.items():
        if n > explained[key]:
            extra[key[0]] += n - explained[key]
            if shown < SHOWN:
                shown += 1
                print(f"not planted: {key[0]} {key[2][:100]} {key[3] / 100:.2f}")
    unplanned = sum(1 for _ in rows(argv[3])) if len(argv) == 4 else 0
    for rule, n in sorted(missed.items()):
        print(f"  missed {rule}: {n}")
    for rule, n in sorted(extra.items()):
        print(f"  found but not planted {rule}: {n}")
    if n_lines:
        print_rules(planted_of, missed, extra, n_lines, n_blamed)
    print(f"findings {n_findings}  near-misses planted {near}  beyond the planted {sum(extra.values())}")
    print(f"planted {planted}  found {matched}  missed {planted - matched}  near-misses hit {near_hit}  unplanned hits {unplanned}")
    return 1 if planted != matched or near_hit or unplanned or extra else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
