#!/bin/sh
# Chromium as an ordinary user's runs: as root it gives its own processes precedence, and a server beside them starves.
# usage: CHROMIUM_PROGRAM=PATH ordinary.sh ARGUMENT…
exec setpriv --bounding-set=-sys_nice --inh-caps=-sys_nice "$CHROMIUM_PROGRAM" "$@"
