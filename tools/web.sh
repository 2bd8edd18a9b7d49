#!/usr/bin/env bash
# Builds the pages into web/dist, when anything they are made of has changed since. usage: tools/web.sh [--install-only]
# Needs node and npm; where they are not (a build with DUCKDB_DIR), says so and leaves the server without pages.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'web: %s\n' "$*"; }

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    say "no node and npm here: the server will have no pages"
    exit 0
fi

stamp=web/node_modules/.shouhu-stamp
want=$(cat web/package.json web/package-lock.json | sha256sum | cut -c1-64)
if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ]; then
    say "fetching what the pages are built with (npm ci --ignore-scripts)"
    for attempt in 1 2 3 4; do
        # shellcheck disable=SC2086
        if (cd web && timeout 600 npm ci --ignore-scripts --no-audit --no-fund ${NPM_CI_ARGS:-}); then break; fi
        [ "$attempt" -lt 4 ] || exit 1
        say "attempt $attempt failed"
        sleep $((attempt * 5))
    done
    printf '%s\n' "$want" >"$stamp"
fi
[ "${1:-}" != --install-only ] || exit 0

# tests and README.md are no part of what is built
made_of=$(find web docs/openapi.yaml -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -path 'web/tests/*' \
    -not -name README.md -not -name schema.d.ts -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-64)
if [ -f web/dist/index.html ] && [ "$(cat web/dist/stamp 2>/dev/null)" = "$made_of" ]; then exit 0; fi
say "building the pages"
(cd web && timeout 600 npm run -s build)
printf '%s\n' "$made_of" >web/dist/stamp
