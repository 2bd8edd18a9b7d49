#!/bin/sh
# The pages in a browser. usage: run.sh SHOUHU [NAME-PATTERN]. Prints TAP; says why when something is not here.
shouhu=$(readlink -f "$1")
cd "$(dirname "$0")/../.." || exit 1
skip() { echo "1..0 # SKIP $*"; exit 0; }
command -v node >/dev/null || skip "no node here"
[ -d web/node_modules/playwright-core ] || skip "web/node_modules is not here: make web"
[ -n "$CHROMIUM" ] || [ -x /usr/bin/chromium ] || [ -x /usr/bin/chromium-browser ] || skip "no Chromium here: install the package chromium, or set CHROMIUM"
tools/web.sh >&2 || { echo "1..1"; echo "not ok 1 the pages build"; exit 1; }
SHOUHU=$shouhu exec node --test --test-concurrency=1 --test-reporter=tap ${2:+--test-name-pattern="$2"} web/tests/*.test.mjs
