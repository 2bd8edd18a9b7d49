#!/usr/bin/env python3
"""Fails when a file of the repository names a place that only one machine has (a working directory, a package mirror), or
holds the marks of an unfinished merge."""
import re
import subprocess
import sys

# Put together here so that this file does not hold what it forbids.
PLACES = ["/" + "work/", "/" + "farm/", "/" + "tmp/bash_jobs"]
MACHINE = re.compile(rb"(?<![A-Za-z0-9_.*}\])-])(" + "|".join(PLACES).encode() + rb")")
REGISTRY = re.compile(rb"https?://[^\s\"']*(?:" + b"regis" + rb"try\.|/npm/|:4873)", re.I)

MERGE = re.compile(rb"^(?:<{7}|>{7}) ")


def main():
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            check=True, capture_output=True).stdout
    faults = []
    for name in sorted(set(filter(None, listed.split(b"\0")))):
        try:
            with open(name, "rb") as file:
                content = file.read()
        except FileNotFoundError:
            continue
        if b"\0" in content[:8192]:
            continue
        for number, line in enumerate(content.split(b"\n"), 1):
            for pattern in (MACHINE, REGISTRY, MERGE):
                match = pattern.search(line)
                if match:
                    faults.append(f"{name.decode()}:{number}: {match[0].decode(errors='replace')}")
    print("\n".join(faults) if faults else "paths: no file names a place of one machine")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
