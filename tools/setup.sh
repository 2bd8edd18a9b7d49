#!/usr/bin/env bash
# Puts in place what the build needs, and says what it does; silent when all is there.
#   1. Debian packages of tools/packages-debian.txt (on other systems: only checks that meson is there)
#   2. DuckDB's library and header under third_party/duckdb, by npm, without running any script of a package
# DUCKDB_DIR=DIR with libduckdb.so and duckdb.h skips the second.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }

retry() { # command…: up to four times, as networks fail
    local attempt
    for attempt in 1 2 3 4; do
        if "$@"; then return 0; fi
        say "attempt $attempt failed: $*"
        sleep $((attempt * 5))
    done
    return 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# A package is there if it is installed, or if what it is for answers (node and npm are often put in by other means).
is_present() {
    case $1 in
    nodejs) command -v node >/dev/null && return 0 ;;
    npm | meson | git | python3 | clang | clang-format | clang-tidy) command -v "$1" >/dev/null && return 0 ;;
    ninja-build) command -v ninja >/dev/null && return 0 ;;
    esac
    dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null | grep -q 'install ok installed'
}

install_packages() {
    local missing=() package
    while read -r package; do
        case $package in '' | '#'*) continue ;; esac
        if [ -n "${DUCKDB_DIR:-}" ] && { [ "$package" = nodejs ] || [ "$package" = npm ]; }; then continue; fi
        is_present "$package" || missing+=("$package")
    done <tools/packages-debian.txt
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing Debian packages: ${missing[*]}"
    retry as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
    retry as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

install_duckdb() {
    local dir=third_party/duckdb cpu want
    local stamp=$dir/node_modules/.shouhu-stamp
    case $(uname -m) in
    x86_64) cpu=x64 ;;
    aarch64) cpu=arm64 ;;
    *) say "no DuckDB package for $(uname -m): give DUCKDB_DIR=DIR" && return 1 ;;
    esac
    want=$(sha256sum "$dir/package.json" "$dir/package-lock.json" | sha256sum | cut -c1-64)
    if [ -f "$dir/node_modules/@duckdb/node-bindings-linux-$cpu/libduckdb.so" ] &&
        [ -f "$dir/node_modules/duckdb/src/duckdb/src/include/duckdb.h" ] &&
        [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then
        return 0
    fi
    say "fetching DuckDB into $dir/node_modules (npm ci --ignore-scripts)"
    # npm writes its messages to its own log; --offline and others can be given in NPM_CI_ARGS.
    # shellcheck disable=SC2086
    (cd "$dir" && retry npm ci --ignore-scripts --no-audit --no-fund ${NPM_CI_ARGS:-})
    printf '%s\n' "$want" >"$stamp"
}

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    install_packages
elif ! command -v meson >/dev/null; then
    say "this is no Debian: please install the libraries named in tools/packages-debian.txt" && exit 1
fi
if [ -n "${DUCKDB_DIR:-}" ]; then
    for file in libduckdb.so duckdb.h; do
        [ -f "$DUCKDB_DIR/$file" ] || { say "DUCKDB_DIR has no $file" && exit 1; }
    done
else
    install_duckdb
fi
