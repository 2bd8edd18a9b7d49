"""All shipped rules against DuckDB: the rules with a hand-written twin by that, the others by the SQL that `shouhu rules sql` prints.

What cannot be printed yet is named and left out on both sides. The printed statements run over tables of facts that the SQL
executor fills first; DuckDB is not charged for that: a run of one small rule is taken off. Used by bench/run.py.
"""
import re
import subprocess


def shipped(root):
    """Ids of all rules but drafts, in the order of their files."""
    ids = []
    for file in sorted((root / "rules").glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        if not re.search(r"^state:\s*draft\b", text, re.M):
            ids.append(re.search(r"^rule:\s*(\S+)", text, re.M).group(1))
    return ids


def printable(bench, rules):
    """(rules that can be printed, rules that cannot)."""
    yes, no = [], []
    for rule in rules:
        _, _, _, output = bench.run([bench.shouhu, "rules", "sql", "--place", bench.place, "--rules", bench.root / "rules",
                                           "--knowledge", bench.root / "knowledge", "--params", bench.root / "law/params", rule],
                                          range(10), errors=subprocess.DEVNULL)
        (yes if f"-- {rule} " in output else no).append(rule)
    return yes, no


def measure(bench, lake, put, say):
    """Processor seconds of both sides over the same rules, and their ratio; reading as the engine needs it for all rules."""
    every, twins = shipped(bench.root), set(bench.rules())
    printed, unsaid = printable(bench, [rule for rule in every if rule not in twins])
    say(f"no SQL yet, left out on both sides: {' '.join(unsaid) or 'none'}")

    def executed(rules):
        chosen = [part for rule in rules for part in ("--rule", rule)]
        return bench.run([bench.shouhu, "audit", "--executor", "sql", "--lake", lake, "--place", bench.place, "--quiet",
                          "--out", bench.temp / "printed.csv", "--rules", bench.root / "rules", "--knowledge", bench.root / "knowledge",
                          "--params", bench.root / "law/params", *chosen], (0, 10))[1]

    facts = executed(["drug-sex"]) if "drug-sex" in every else 0.0
    statements = max(0.0, executed(printed) - facts) if printed else 0.0
    bench.audit(lake, bench.twin_rules())  # the run the twins' receipts are taken from
    by_hand = bench.suite(lake, bench.temp / "all-findings")[1]
    ours = bench.audit(lake, only=[rule for rule in every if rule in twins or rule in printed])[1]
    whole, reading = bench.audit(lake)[1], bench.read(lake)[1]
    put("audit_88_rules", len(every), "rules")
    put("audit_88_rules_without_sql", len(unsaid), "rules")
    put("audit_88_vs_read_cpu_ratio", whole / reading, "times")
    put("duckdb_88_facts_cpu_seconds", facts, "s")
    put("duckdb_88_by_hand_cpu_seconds", by_hand, "s")
    put("duckdb_88_printed_cpu_seconds", statements, "s")
    put("audit_88_with_sql_cpu_seconds", ours, "s")
    put("audit_88_vs_duckdb_ratio", (by_hand + statements) / ours, "times")
