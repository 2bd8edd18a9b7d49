#!/usr/bin/env bash
# The main job, shown: a synthetic city with known violations is made, imported, audited, and compared with the truth; then an
# office is filled with people and findings in every state. At a terminal its server stays up.
# usage: tools/demo.sh [SHOUHU] [PERSONS] [OUT]
set -euo pipefail
shouhu=${1:-build/src/shouhu}
persons=${2:-20000}
out=${3:-demo}
months=${DEMO_MONTHS:-4}
seed=${DEMO_SEED:-1}
place=990100 # the synthetic city

rm -rf "$out"
mkdir -p "$out"
say() { printf '\n== %s\n' "$*"; }

say "1/6 a city of $persons synthetic persons, $months months, violations planted"
"$shouhu" synth --persons "$persons" --months "$months" --seed "$seed" --plant 0.01 --out "$out/city"

say "2/6 import"
"$shouhu" import --lake "$out/lake" --mapping national --quiet "$out"/city/*.csv

say "3/6 audit"
code=0
"$shouhu" audit --lake "$out/lake" --place "$place" --run demo --out "$out/findings.csv" || code=$?
[ "$code" = 0 ] || [ "$code" = 10 ] || exit "$code"

say "4/6 three findings, explained"
python3 - "$out/findings.csv" <<'PY' >"$out/three.txt"
import csv, sys
wanted = ["service-frequency", "drug-sex", "service-pair"]
first = {}
for row in csv.DictReader(open(sys.argv[1], encoding="utf-8-sig", newline="")):
    first.setdefault(row["rule"], row["id"])
names = [r for r in wanted if r in first] + [r for r in sorted(first) if r not in wanted]
print("\n".join(first[r] for r in names[:3]))
PY
while read -r id; do
  "$shouhu" explain "$id" --lake "$out/lake"
  echo
done <"$out/three.txt"

say "5/6 the same city without violations, and the balance"
"$shouhu" synth --persons "$persons" --months "$months" --seed "$seed" --plant 0 --out "$out/clean" >/dev/null
"$shouhu" import --lake "$out/clean-lake" --mapping national --quiet "$out"/clean/*.csv >/dev/null
code=0
"$shouhu" audit --lake "$out/clean-lake" --place "$place" --out "$out/clean.csv" --quiet >/dev/null || code=$?
[ "$code" = 0 ] || [ "$code" = 10 ] || exit "$code"
rm -rf "$out/clean" "$out/clean-lake"
lines=$(($(cat "$out"/city/fee_list_d*.csv | wc -l) - $(ls "$out"/city/fee_list_d*.csv | wc -l)))
python3 tools/truth.py "$out/findings.csv" "$out/city/truth/truth.csv" "$out/clean.csv" --lines "$lines"

say "6/6 an office: a city, people of each duty, findings in every state"
python3 tools/seed_office.py "$shouhu" "$out" "$place"
listen=${DEMO_LISTEN:-127.0.0.1:8080}
serve=("$shouhu" serve --listen "$listen" --data "$out/office" --lake "$out/lake")
if [ -t 1 ]; then
  echo "http://$listen — Ctrl-C stops it"
  exec "${serve[@]}"
fi
echo "start it: ${serve[*]}"
