#!/usr/bin/env python3
"""Reads every #include in src/ and fails on one that goes up the house or into another room's inner files."""
import pathlib
import re
import sys

# Top to bottom; a room may include those behind it.
ROOMS = ["cli", "gate", "fund", "matter", "report", "draw", "audit", "rule", "law", "lake", "store", "expr",
         "synth", "base"]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def fault(room, target, exists):
    """What is wrong with an include of `target` in a file of `room`; None when nothing is."""
    other, slash, inner = target.partition("/")
    if not slash:
        return "write it from src/: \"room/file.h\""
    if other not in ROOMS:
        return f"unknown room {other}"
    if not exists:
        return "no such file"
    if other == room or other == "base":
        return None if ROOMS.index(other) >= ROOMS.index(room) else "goes up"
    if ROOMS.index(other) < ROOMS.index(room):
        return f"goes up: {room} lies below {other}"
    if inner != other + ".h":
        return f"is an inner header of {other}; its public one is {other}/{other}.h"
    return None


def main():
    src = pathlib.Path(__file__).resolve().parent.parent / "src"
    faults = []
    for path in sorted(src.rglob("*.[ch]")):
        parts = path.relative_to(src).parts
        if len(parts) < 2 or parts[0] not in ROOMS:
            faults.append(f"{path.relative_to(src.parent)}: is in no known room")
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            why = match and fault(parts[0], match[1], (src / match[1]).is_file())
            if why:
                faults.append(f"{path.relative_to(src.parent)}:{number}: #include \"{match[1]}\" {why}")
    print("\n".join(faults) if faults else "layers: every include goes down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
