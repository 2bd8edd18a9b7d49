#!/usr/bin/env bash
# Format, clang-tidy, layers, requirements, paths. usage: lint.sh BUILD (a directory that meson has set up)
set -uo pipefail
cd "$(dirname "$0")/.."
build=${1:-build}
status=0
step() { # name, command…: go on after a failure, so that one run shows all
    local name=$1
    shift
    if "$@"; then echo "lint: $name ok"; else echo "lint: $name FAILED" && status=1; fi
}

c_files() { git ls-files -z --cached --others --exclude-standard -- '*.c' '*.h' ':!third_party'; }
# Only files that the build compiles have a command for clang-tidy.
tidy_files() {
    python3 - "$build" <<'PY'
import json, os, sys
root, build = os.getcwd(), sys.argv[1]
files = {os.path.realpath(os.path.join(entry["directory"], entry["file"]))
         for entry in json.load(open(os.path.join(build, "compile_commands.json"), encoding="utf-8"))}
for name in sorted(files):
    if name.startswith(os.path.join(root, "src") + os.sep):
        sys.stdout.write(os.path.relpath(name, root) + "\0")
PY
}
check_format() { c_files | xargs -0 -r clang-format --dry-run -Werror; }
check_tidy() {
    tidy_files | xargs -0 -r -n 4 -P "${JOBS:-2}" clang-tidy -p "$build" --quiet --warnings-as-errors='*' \
        --extra-arg=-Wno-unknown-warning-option 2> >(grep -v -E 'warnings? (generated|treated)|^Suppressed|^Use -header' >&2)
}
step format check_format
step clang-tidy check_tidy
step layers python3 tools/layers.py
step requirements python3 tools/check-requirements.py
step paths python3 tools/check-paths.py
exit $status
