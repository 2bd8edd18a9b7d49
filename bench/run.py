#!/usr/bin/env python3
"""The benchmark: a synthetic city, imported once, then reading, audit and tuned DuckDB SQL in turns, medians compared.

usage: bench/run.py BUILD [--lines N] [--runs R] [--threads T] [--triple] [--fresh] [--only RULE,RULE…]
BUILD is the meson build directory. Prints `name value unit` lines; exit code 1 when the audit and the SQL find different
things. Files are kept under ${TMPDIR:-/tmp}/shouhu-bench. bench/README.md says how to read the numbers.
"""
import argparse
import csv
import decimal
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

import all_rules

ROOT = pathlib.Path(__file__).resolve().parent.parent
SQL = ROOT / "bench" / "sql"
CACHE = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / "shouhu-bench"
PLACE = "990100"  # the synthetic city
PROBE_PERSONS = 2000
CLAIM_PERSONS, CLAIM_MONTHS, CLAIM_LINES = 3000, 12, 20
MONTHS = 4
PAIRS = 3  # audits a turn, each beside that of the doubled rules: single ones differ by a tenth


class Failed(Exception):
    """A step of the benchmark did not work; the message is for the person at the terminal."""


def say(text):
    print(f"# {text}", file=sys.stderr, flush=True)


def put(name, value, unit):
    print(f"{name} {value:.3f} {unit}" if isinstance(value, float) else f"{name} {value} {unit}", flush=True)


def run(command, allowed=(0,), errors=None):
    """(seconds, seconds of processor, peak memory in MB, standard output) of a child process of its own."""
    begin = time.monotonic()
    environment = {**os.environ, "SHOUHU_SHARE": str(ROOT), "SHOUHU_LANG": "en"}
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=errors, env=environment) as child:
        output = child.stdout.read().decode("utf-8", "replace")
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in allowed:
        raise Failed(f"exit code {child.returncode}: {' '.join(map(str, command))}\n{output}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output


class Bench:
    root, place, run = ROOT, PLACE, staticmethod(run)  # for all_rules.py

    def __init__(self, options):
        self.options = options
        build = pathlib.Path(options.build)
        self.shouhu = build / "src" / "shouhu"
        self.sql_program, self.read_program = build / "bench" / "bench-sql", build / "bench" / "bench-read"
        self.claim_program = build / "bench" / "bench-claim"
        self.bandwidth_program = build / "bench" / "bench-bandwidth"
        for program in (self.shouhu, self.sql_program, self.read_program):
            if not program.exists():
                raise Failed(f"{program} is not there: build first (make)")
        self.temp = CACHE / "temp"
        self.temp.mkdir(parents=True, exist_ok=True)

    # ---- data ---------------------------------------------------------------------------------------------------

    def synth(self, persons, folder):
        if (folder / "done").exists():
            return
        shutil.rmtree(folder, ignore_errors=True)
        # a share of plants of all rules that leaves 1 % of the lines hit by those that have a twin in SQL
        run([self.shouhu, "synth", "--persons", persons, "--months", MONTHS, "--seed", 1, "--plant", "0.0195", "--out", folder])
        (folder / "done").touch()

    @staticmethod
    def fee_files(city):
        files = sorted(city.glob("fee_list_d*.csv*"))
        if not files:
            raise Failed(f"no fee_list_d file in {city}")
        return files

    def lines_of(self, city):
        text = 0
        for file in self.fee_files(city):
            with open(file, "rb") as stream:
                while block := stream.read(1 << 22):
                    text += block.count(b"\n")
            text -= 1
        return text

    def city(self, lines):
        """A city with about that many fee lines: a small one tells how many lines a person has."""
        folder = CACHE / f"city-{lines}"
        if not (folder / "done").exists():
            probe = CACHE / "city-probe"
            self.synth(PROBE_PERSONS, probe)
            persons = max(100, round(lines * PROBE_PERSONS / self.lines_of(probe)))
            say(f"making a city of {persons} persons for {lines} lines")
            self.synth(persons, folder)
        return folder

    def lake(self, lines, measure):
        city, lake = self.city(lines), CACHE / f"lake-{lines}"
        files = sorted(city.glob("*.csv"))
        if not measure and lake.exists():
            return lake
        shutil.rmtree(lake, ignore_errors=True)
        say("importing")
        seconds, _, memory, output = run([self.shouhu, "import", "--lake", lake, "--mapping", "national", "--quiet",
                                          "--threads", self.options.threads, *files], (0, 9))
        if measure:
            n = self.lines_of(city)
            put("import_seconds", seconds, "s")
            put("import_lines_per_second", round(n / seconds), "lines/s")
            put("import_bytes_per_second", round(sum(f.stat().st_size for f in files) / seconds / 1e6), "MB/s")
            put("peak_memory_import_mb", round(memory), "MB")
            stages = re.findall(r"^seconds by stage:(.*)$", output, re.M)
            for name, value in re.findall(r"(\S+) ([\d.]+)", stages[0]) if stages else []:
                put(f"import_stage_{name}_seconds", float(value), "s")
            self.fee_alone(city, n)
            self.bare_csv(city, n)
        return lake

    def fee_alone(self, city, lines):
        """The widest file by itself: what a line of it costs, hardly moved by a busy machine."""
        lake = CACHE / "lake-fee"
        shutil.rmtree(lake, ignore_errors=True)
        seconds, cpu, _, output = run([self.shouhu, "import", "--lake", lake, "--mapping", "national", "--quiet",
                                       "--threads", self.options.threads, *self.fee_files(city)], (0, 9))
        shutil.rmtree(lake, ignore_errors=True)
        put("import_fee_lines_per_second", round(lines / seconds), "lines/s")
        put("import_fee_lines_per_cpu_second", round(lines / cpu), "lines/s")
        stages = re.findall(r"^seconds by stage:(.*)$", output, re.M)
        for name, value in re.findall(r"(\S+) ([\d.]+)", stages[0]) if stages else []:
            put(f"import_fee_stage_{name}_seconds", float(value), "s")

    def bare_csv(self, city, lines):
        """DuckDB only parsing the same fee file, every column, nothing written: what no import of any kind can be without."""
        files = "[" + ", ".join("'" + str(file).replace("'", "''") + "'" for file in self.fee_files(city)) + "]"
        _, times = self.sql([SQL / "csv.sql"], {"FILES": files})[1:]
        put("duckdb_csv_lines_per_second", round(lines / times["csv"]), "lines/s")

    # ---- the three contenders -----------------------------------------------------------------------------------

    def sql(self, files, sets):
        arguments = [part for name, value in sets.items() for part in ("--set", f"{name}={value}")]
        seconds, cpu, memory, output = run([self.sql_program, "--threads", self.options.threads, "--temp", self.temp, *arguments, *files])
        times, rows = {}, []
        for line in output.splitlines():
            cells = line.split("\t")
            if cells[0] == "sql" and len(cells) == 3:
                times[cells[1]] = float(cells[2])
            else:
                rows.append(cells)
        return rows, (seconds, cpu, memory), times

    @staticmethod
    def parameters():
        """Numbers of law/params as the SQL wants them: integers in the unit of its own arithmetic."""
        wanted = {"COURSE_GAP": ("course.gap", 1), "SECOND_SHARE_E4": ("surgery.second_share", 10000), "SPLIT_DAYS": ("split.days", 1),
                  "CHILD_AGE_BELOW": ("child.age_below", 1), "TOLERANCE_FEN": ("arithmetic.tolerance", 100),
                  "STAY_BEFORE_DAYS": ("stay.before_days", 1)}
        names, values = {key for key, _ in wanted.values()}, {}
        for file in sorted((ROOT / "law" / "params").glob("*.csv")):
            with open(file, encoding="utf-8-sig", newline="") as stream:
                for row in csv.DictReader(line for line in stream if not line.startswith("#")):
                    if row["place"] in ("000000", PLACE) and row["value"] and row["name"] in names:
                        values[row["name"]] = decimal.Decimal(row["value"])
        return {name: int(values[key] * unit) for name, (key, unit) in wanted.items()}

    def suite(self, lake, out):
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        files = [SQL / "prepare-lake.sql", SQL / "prepare-knowledge.sql"]
        files += [SQL / f"{rule}.sql" for rule in self.rules()] + [SQL / "receipts.sql"]
        found = " UNION ALL BY NAME ".join(f'FROM "found_{rule}"' for rule in self.rules())
        _, (seconds, cpu, memory), times = self.sql(files, {"LAKE": lake, "KNOWLEDGE": ROOT / "knowledge", "OUT": out, "FOUND": found,
                                                       "RULE_TEXTS": self.rule_texts(lake), "MANIFEST": 1,
                                                       "PLACE": PLACE, **self.parameters()})
        return seconds, cpu, memory, times

    def rule_texts(self, lake):
        """What every receipt of a rule says alike, made ready for the SQL as the audit's plan makes it for itself."""
        texts = []
        with open(ROOT / "rules/kinds.csv", encoding="utf-8-sig", newline="") as stream:
            basis_of = {row["kind"]: row["basis"] for row in csv.DictReader(line for line in stream if not line.startswith("#"))}
        for rule in json.loads((lake / "audits/bench/run.json").read_text(encoding="utf-8"))["rules"]:
            if rule["id"] not in self.rules():
                continue
            file = next(f for f in (ROOT / "rules").glob("*.yaml") if re.search(rf"^rule:\s*{rule['id']}\s*$", f.read_text(encoding="utf-8"), re.M))
            text = file.read_text(encoding="utf-8")
            basis = re.search(r"^basis:\s*\n((?:\s+- .*\n)+)", text, re.M)
            basis = [line.strip()[2:].strip().strip('"') for line in basis.group(1).splitlines()] if basis else []
            uses = re.search(r"^uses:\s*\{\w+:\s*(\w+)", text, re.M)
            said = {key: rule[key] for key in ("id", "name", "version", "number", "code") if rule.get(key)}
            if kind := re.search(r"^kind:\s*(\S+)", text, re.M):
                said |= {"kind": kind.group(1), "kind_basis": basis_of[kind.group(1)]}
            compact = {"ensure_ascii": False, "separators": (",", ":")}
            texts.append({"rule": rule["id"], "number": rule.get("number"), "name": rule["name"], "knowledge": uses.group(1) if uses else None,
                          "level": re.search(r"^level:\s*(\w+)", text, re.M).group(1), "remind": bool(re.search(r"^open:\s*remind", text, re.M)),
                          "rule_json": json.dumps(said, **compact), "basis_json": json.dumps(basis, **compact), "basis": "；".join(basis)})
        path = CACHE / "rules.json"
        path.write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
        return path

    def rules(self):
        wanted = self.options.only.split(",") if self.options.only else None
        here = {file.stem for file in SQL.glob("*.sql")}
        rules = []
        for file in sorted((ROOT / "rules").glob("*.yaml")):
            match = re.search(r"^rule:\s*(\S+)", file.read_text(encoding="utf-8"), re.M)
            if match and (wanted is None or match.group(1) in wanted):
                rules.append(match.group(1))
        return [rule for rule in rules if rule in here]

    def audit(self, lake, rules_dir=None, only=()):
        """Rules, findings, receipts, everything; kept as run `bench` of the lake."""
        shutil.rmtree(lake / "audits", ignore_errors=True)
        chosen = [part for rule in only for part in ("--rule", rule)]
        seconds, cpu, memory, _ = run([self.shouhu, "audit", "--lake", lake, "--place", PLACE, "--threads", self.options.threads,
                                  "--quiet", "--run", "bench", "--rules", rules_dir or ROOT / "rules",
                                  "--knowledge", ROOT / "knowledge", "--params", ROOT / "law/params", *chosen], (0, 10))
        return seconds, cpu, memory

    def read(self, lake, rules_dir=None):
        _, cpu, _, output = run([self.read_program, lake, rules_dir or ROOT / "rules", ROOT / "knowledge", ROOT / "law/params", PLACE,
                                 self.options.threads])
        values = dict(line.split()[:2] for line in output.splitlines())
        return float(values["read_seconds"]), cpu, int(values["read_lines"])

    # The second of each doubled rule: another id and another threshold, so that nothing of the first answers it.
    OTHERWISE = {"service-frequency": ("> k.max", "> k.max + 1"), "service-period": ("> k.max", "> k.max + 1"),
                 "service-course": ("days() > k.days", "days() > k.days + 1 day"), "drug-course": ("days() > k.days", "days() > k.days + 1 day"),
                 "duplicate-line": ("count() > 1", "count() > 2"), "overlapping-stays": (">= 1", ">= 2"),
                 "split-stay": ("param(split.days)", "14 days"), "herb-single": ("every(item in k.herbs)", "every(item in k.herbs) and count() < 3"),
                 "line-arithmetic": ("param(arithmetic.tolerance)", "0.10 yuan"), "charge-outside-stay": ("param(stay.before_days)", "1 day"),
                 "charge-after-death": ("person.death", "person.death + 1 day"), "surgery-discount": ("param(surgery.second_share)", "0.6"),
                 "drug-child": ("param(child.age_below)", "17 years"), "service-pair": ("a.item != b.item", "a.item != b.item and b.covered > 0.02 yuan")}

    def otherwise(self, rule, text):
        """The text of a rule with another threshold in its hit."""
        head, hit, rest = re.match(r"(.*?^hit:)(.*?)(^\S.*)", text, re.M | re.S).groups()
        old, new = self.OTHERWISE.get(rule, (None, None))
        changed = hit.replace(old, new) if old else f" ({hit.strip()}) and covered > 0.02 yuan\n"
        if changed == hit:
            raise Failed(f"rule {rule}: its hit has no {old}")
        return head + changed + rest

    def twin_rules(self, again=False):
        """A folder with the rules that have an SQL twin; again: every one twice, the second with another id and threshold."""
        folder = CACHE / ("rules-doubled" if again else "rules-twins")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in (ROOT / "rules").glob("*.yaml"):
            text = file.read_text(encoding="utf-8")
            rule = re.search(r"^rule:\s*(\S+)", text, re.M).group(1)
            if rule not in self.rules():
                continue
            (folder / file.name).write_text(text, encoding="utf-8")
            if again:
                twice = re.sub(r"^rule:\s*(\S+)", r"rule: \1-again", self.otherwise(rule, text), count=1, flags=re.M)
                (folder / f"{file.stem}-again.yaml").write_text(twice, encoding="utf-8")
        shutil.copy(ROOT / "rules/kinds.csv", folder)
        shutil.copytree(ROOT / "rules/views", folder / "views")
        return folder

    # ---- the run ------------------------------------------------------------------------------------------------

    def turns(self, lake):
        """What one has written is on the disk before the next begins. Read, audit (rules with an SQL twin, the same doubled, all rules) and SQL in turns, so that a busy moment of the machine hits all of them."""
        twins, doubled = self.twin_rules(), self.twin_rules(again=True)
        wall = {"read": [], "doubled": [], "all": [], "all_read": [], "duckdb": [], "audit": []}
        cpu = {name: [] for name in wall}
        memories, by_file, lines, sql_memory, all_memory = [], {}, 0, 0, 0

        def note(name, seconds, cpu_seconds):
            wall[name].append(seconds)
            cpu[name].append(cpu_seconds)

        for i in range(self.options.runs):
            say(f"turn {i + 1} of {self.options.runs}")
            os.sync()
            seconds, cpu_seconds, lines = self.read(lake, twins)
            note("read", seconds, cpu_seconds)
            seconds, cpu_seconds, _ = self.read(lake)
            note("all_read", seconds, cpu_seconds)
            seconds, cpu_seconds, all_memory = self.audit(lake)
            note("all", seconds, cpu_seconds)
            os.sync()
            seconds, cpu_seconds, sql_memory, times = self.suite(lake, CACHE / "sql-findings")
            note("duckdb", seconds, cpu_seconds)
            for name, value in times.items():
                by_file.setdefault(name, []).append(value)
            for _ in range(PAIRS):  # what is doubled stands beside what it doubles: the machine is in one mood for both
                os.sync()
                seconds, cpu_seconds, _ = self.audit(lake, doubled)
                note("doubled", seconds, cpu_seconds)
                os.sync()
                seconds, cpu_seconds, memory = self.audit(lake, twins)  # last: its receipts are what is compared
                note("audit", seconds, cpu_seconds)
                memories.append(memory)
        median = statistics.median
        wall = {name: median(values) for name, values in wall.items()}
        cpu = {name: median(values) for name, values in cpu.items()}
        put("audit_lines", lines, "lines")
        put("audit_lines_per_second", round(lines / wall["audit"]), "lines/s")
        put("audit_vs_read_ratio", wall["audit"] / wall["read"], "times")
        put("audit_vs_duckdb_ratio", wall["duckdb"] / wall["audit"], "times")
        put("rules_doubling_ratio", wall["doubled"] / wall["audit"], "times")
        for name in ("read", "audit", "duckdb"):
            label = "audit_read" if name == "read" else name
            put(f"{label}_seconds", wall[name], "s")
            put(f"{label}_cpu_seconds", cpu[name], "s")
        put("audit_vs_read_cpu_ratio", cpu["audit"] / cpu["read"], "times")
        put("audit_vs_duckdb_cpu_ratio", cpu["duckdb"] / cpu["audit"], "times")
        put("rules_doubling_cpu_ratio", cpu["doubled"] / cpu["audit"], "times")
        put("audit_all_seconds", wall["all"], "s")
        put("audit_all_cpu_seconds", cpu["all"], "s")
        put("audit_all_vs_read_ratio", wall["all"] / wall["all_read"], "times")
        put("audit_all_vs_read_cpu_ratio", cpu["all"] / cpu["all_read"], "times")
        put("peak_memory_audit_all_mb", round(all_memory), "MB")
        put("peak_memory_audit_mb", round(median(memories)), "MB")
        put("peak_memory_duckdb_mb", round(sql_memory), "MB")
        for name in by_file:
            put(f"duckdb_{name}_seconds", median(by_file[name]), "s")

    def by_rule(self, lake):
        """Each rule alone in the engine, for whoever wants to know where it loses."""
        for rule in self.rules():
            _, cpu, _ = self.audit(lake, only=[rule])
            put(f"audit_only_{rule}_cpu_seconds", cpu, "s")

    def compare(self, lake):
        """Rows of differences; an empty list is what the benchmark stands on."""
        rules = ", ".join(f"'{rule}'" for rule in self.rules())
        rows, _, _ = self.sql([SQL / "compare.sql"], {"RECEIPTS": lake / "audits/bench/receipts.jsonl", "OUT": CACHE / "sql-findings",
                                                          "RULES": rules})
        counts = [row for row in rows if row[0] == "count"]
        for _, rule, n, fen, sql_n, sql_fen in sorted(counts):
            put(f"findings_{rule}", int(n), "findings")
            if (n, fen) != (sql_n, sql_fen):
                print(f"# {rule}: {n} findings of {fen} fen in the audit, {sql_n} of {sql_fen} fen in the SQL")
        wrong = [row for row in rows if row[0] == "difference"]
        for row in wrong:
            print("# difference\t" + "\t".join(row[1:]))
        put("findings_total", sum(int(row[2]) for row in counts), "findings")
        different = {(row[1], row[2]): int(row[3]) for row in wrong}
        put("findings_different", sum(different.values()), "findings")
        texts = [row for row in rows if row[0] == "receipt"]
        for row in texts:
            print("# receipt\t" + "\t".join(row[1:]))
        put("receipts_different", sum({row[1]: int(row[3]) for row in texts}.values()), "receipts")
        put("lines_hit", int(next(row[3] for row in rows if row[0] == "lines hit")), "lines")
        return not wrong and not texts

    def claim(self):
        """One claim of 20 lines against a year of its person's history, in process; persons with fewer than 40 lines are left out."""
        program, city, lake = self.claim_program, CACHE / "city-year", CACHE / "lake-year"
        if not program.exists():
            return
        if not lake.exists():
            say("making a year of claims")
            run([self.shouhu, "synth", "--persons", CLAIM_PERSONS, "--months", CLAIM_MONTHS, "--seed", 1, "--plant", "0.01", "--out", city])
            run([self.shouhu, "import", "--lake", lake, "--mapping", "national", "--quiet", *sorted(city.glob("*.csv"))], (0, 9))
        print(run([program, lake, ROOT / "rules", ROOT / "knowledge", ROOT / "law/params", PLACE, CLAIM_LINES])[3], end="", flush=True)

    def bandwidth(self):
        if self.bandwidth_program.exists():
            print(run([self.bandwidth_program])[3], end="")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--lines", type=int, default=20_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--triple", action="store_true", help="also the peak memory of an audit of three times the lines")
    parser.add_argument("--fresh", action="store_true", help="make city and lake anew")
    parser.add_argument("--by-rule", action="store_true", help="also the audit of each rule alone")
    parser.add_argument("--printed-lines", type=int, default=1_000_000,
                        help="lines for all rules against SQL by hand and printed; 0: not measured")
    parser.add_argument("--only", help="rules to take the SQL twin of, for work on the benchmark itself")
    options = parser.parse_args()
    try:
        bench = Bench(options)
        if options.fresh:
            for folder in CACHE.glob("*-*"):
                shutil.rmtree(folder, ignore_errors=True)
        bench.bandwidth()
        lake = bench.lake(options.lines, measure=True)
        bench.turns(lake)
        is_equal = bench.compare(lake)
        bench.claim()
        if options.by_rule:
            bench.by_rule(lake)
        if options.printed_lines and not options.only:
            all_rules.measure(bench, bench.lake(options.printed_lines, measure=False), put, say)
        if options.triple:
            triple = bench.lake(options.lines * 3, measure=False)
            put("peak_memory_audit_triple_mb", round(bench.audit(triple)[2]), "MB")
        return 0 if is_equal else 1
    except Failed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
