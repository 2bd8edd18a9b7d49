#!/usr/bin/env bash
# Runs each libFuzzer program of a build for some seconds. usage: fuzz.sh BUILD SECONDS
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1 seconds=$2
for program in "$build"/fuzz/fuzz-*; do
    [ -f "$program" ] && [ -x "$program" ] || continue
    name=${program##*/fuzz-}
    found=$build/corpus/$name
    mkdir -p "$found"
    arguments=("$found")
    if [ -d "fuzz/corpus/$name" ]; then arguments+=("fuzz/corpus/$name"); fi
    if [ -f "fuzz/$name.dict" ]; then arguments+=("-dict=fuzz/$name.dict"); fi
    echo "fuzz: $name for $seconds s"
    "$program" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$build/crash-$name-" "${arguments[@]}"
done
