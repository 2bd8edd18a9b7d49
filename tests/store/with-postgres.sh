#!/bin/sh
# Runs a test program with a throw-away PostgreSQL cluster that syncs, on a socket of its own, so that many may run at
# once. Without PostgreSQL the program says what it skips. usage: with-postgres.sh PROGRAM [ARGUMENTS …]
# PG_SETTINGS="-c name=value …": settings of the cluster beside its own.
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb 2>/dev/null)" 2>/dev/null)
if [ -n "$CHECK_PG" ] || [ ! -x "$bin/initdb" ]; then
    exec "$@"
fi
as=""
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
    id postgres >/dev/null 2>&1 || exec "$@"
    as="runuser -u postgres --"
fi
dir=$(mktemp -d /tmp/shouhu-pg-XXXXXX) || exit 1
stop() {
    $as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1
    rm -rf "$dir"
}
trap stop EXIT
trap 'exit 143' INT TERM
chmod 755 "$dir" && { [ -z "$as" ] || chown postgres "$dir"; }
if (cd "$dir" && $as "$bin/initdb" -D "$dir/data" -A trust -U postgres -N -E UTF8 --locale=C >"$dir/log" 2>&1 &&
    $as "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -o "-k $dir -c listen_addresses='' -c fsync=on \
        -c shared_buffers=64MB -c max_connections=60 -c dynamic_shared_memory_type=mmap $PG_SETTINGS" start >>"$dir/log" 2>&1); then
    CHECK_PG=$dir/data PGHOST=$dir PGUSER=postgres PGDATABASE=postgres
    export CHECK_PG PGHOST PGUSER PGDATABASE
else
    echo "# no PostgreSQL: $(tail -1 "$dir/log")"
fi
"$@"
exit $?
