#!/usr/bin/env python3
"""Puts numbered migrations (0001_name.sql …) into a C file. usage: embed-sql.py ROOM OUT.c FILE.sql …

Gives `const struct sh_migration *sh_ROOM_migrations(size_t *ret_n)`, to be declared in a header of the room.
"""
import pathlib
import re
import sys


def c_text(text):
    lines = text.splitlines(keepends=True) or [""]
    escape = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
    return "\n    ".join('"' + "".join(escape.get(c, c) for c in line) + '"' for line in lines)


def main():
    room, out, *files = sys.argv[1:]
    rows = []
    for number, path in enumerate(sorted(map(pathlib.Path, files), key=lambda p: p.name), 1):
        match = re.fullmatch(r"(\d{4})_[a-z0-9_]+\.sql", path.name)
        if not match or int(match[1]) != number:
            sys.exit(f"{path}: migrations are named 0001_name.sql, without gaps; wanted number {number}")
        rows.append(f'    {{"{room}", "{path.stem}", {number},\n    {c_text(path.read_text(encoding="ascii"))}}},\n')
    pathlib.Path(out).write_text(
        f'#include "store/store.h"\nconst struct sh_migration *sh_{room}_migrations(size_t *ret_n);\n'
        f"static const struct sh_migration migrations[] = {{\n{''.join(rows)}}};\n"
        f"const struct sh_migration *sh_{room}_migrations(size_t *ret_n) {{\n"
        "    *ret_n = sizeof migrations / sizeof migrations[0];\n    return migrations;\n}\n", encoding="ascii")


if __name__ == "__main__":
    main()
