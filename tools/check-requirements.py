#!/usr/bin/env python3
"""Checks docs/requirements.csv: columns id,state,where,test; what is called done must name a test that exists."""
import csv
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ID = re.compile(r"^[A-Z]+-\d\d+[a-z]?$")
TEST_DIRS = ("tests", "fuzz", "rules", "law", "knowledge")


def all_test_text():
    texts = []
    for name in TEST_DIRS:
        for path in sorted((ROOT / name).rglob("*")):
            if path.is_file():
                texts.append(path.read_text(encoding="utf-8", errors="replace"))
    return "\n".join(texts)


def faults_of(row, seen, text):
    if not ID.match(row["id"] or ""):
        yield f"id \"{row['id']}\" is not of the form X-nn"
    if row["id"] in seen:
        yield f"{row['id']} stands twice"
    if row["state"] not in ("done", "partial"):
        yield f"{row['id']}: state \"{row['state']}\" is neither done nor partial"
    names = [name.strip() for name in re.split(r"[;\s]+", row["test"] or "") if name.strip()]
    if row["state"] == "done" and not names:
        yield f"{row['id']}: done, but no test is named"
    for name in names:
        if not (ROOT / name).exists() and name not in text:
            yield f"{row['id']}: test {name} does not exist"
    for place in re.split(r"[;\s]+", row["where"] or ""):
        if "/" in place and not (ROOT / place).exists():
            yield f"{row['id']}: {place} does not exist"


def main():
    path = ROOT / "docs/requirements.csv"
    if not path.exists():
        print("requirements: docs/requirements.csv is not written yet")
        return 0
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != ["id", "state", "where", "test"]:
            print(f"requirements: columns are {reader.fieldnames}, wanted id,state,where,test")
            return 1
        rows = list(reader)
    text, seen, faults = all_test_text(), set(), []
    for row in rows:
        faults += faults_of(row, seen, text)
        seen.add(row["id"])
    done = sum(row["state"] == "done" for row in rows)
    print("\n".join(faults) if faults else f"requirements: {done} done, {len(rows) - done} partial, all in order")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
