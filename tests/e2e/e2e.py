#!/usr/bin/env python3
"""The program as its users run it: files in, findings out. Prints TAP. usage: e2e.py SHOUHU [NAME …]"""
import csv
import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
import zipfile
from xml.etree import ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SHOUHU = None
TESTS = []
PLACE = ["--place", "990100"]


def test(function):
    TESTS.append(function)
    return function


def run(*args, want=(0,), env=None):
    """Run the program; gives (stdout, stderr, exit code); the code must be one of `want`."""
    done = subprocess.run([SHOUHU, *map(str, args)], capture_output=True, text=True, check=False,
                          env={**os.environ, "SHOUHU_LANG": "en", **(env or {})})
    if done.returncode not in want:
        raise AssertionError(f"{' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout, done.stderr, done.returncode


def city(dir, *more, persons=400, months=3, seed=1, plant="0.02"):
    run("synth", "--persons", persons, "--months", months, "--seed", seed, "--plant", plant, "--out", dir, *more)
    return sorted(dir.glob("*.csv"))


def bring_in(lake, files, *more, want=(0,)):
    return run("import", "--lake", lake, "--mapping", "national", "--quiet", *more, *files, want=want)[0]


def audit(lake, out, *more):
    run("audit", "--lake", lake, "--out", out, "--quiet", *PLACE, *more, want=(0, 10))
    return list(csv.DictReader(open(out, encoding="utf-8-sig", newline="")))


def counts(text, table):
    """(read, landed, repeated, rejected) rows of a table in what import prints."""
    for line in text.splitlines():
        cells = line.split()
        if cells and cells[0] == table:
            return tuple(int(x) for x in cells[1:5])
    raise AssertionError(f"no table {table} in\n{text}")


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


@test
def wrong_flag_names_the_right_one(tmp):
    _, errout, _ = run("audit", "--laek", "x", want=(2,))
    assert "--laek" in errout and "--lake" in errout, errout
    _, errout, _ = run("adit", want=(2,))
    assert "audit" in errout, errout


@test
def help_of_every_command_is_no_error(tmp):
    out, _, _ = run("--help")
    for command in ("import", "lake", "audit", "explain", "merge", "rules", "knowledge", "synth"):
        assert command in out, command
        page = run(command, "--help")[0]
        assert "shouhu" in page and len(page) > 30, command


@test
def a_lake_that_is_not_there_is_said_so(tmp):
    _, errout, _ = run("audit", "--lake", tmp / "none", "--out", tmp / "f.csv", want=(4,))
    assert "none" in errout, errout


@test
def planted_is_found_and_nothing_else(tmp):
    files = city(tmp / "city")
    text = bring_in(tmp / "lake", files)
    read, landed, repeated, rejected = counts(text, "line")
    assert read == landed + repeated + rejected and rejected == 0 and repeated == 0, text
    audit(tmp / "lake", tmp / "f.csv")
    clean = city(tmp / "clean", plant="0")
    bring_in(tmp / "clean-lake", clean)
    audit(tmp / "clean-lake", tmp / "c.csv")
    done = subprocess.run([sys.executable, ROOT / "tools/truth.py", tmp / "f.csv", tmp / "city/truth/truth.csv", tmp / "c.csv",
                           "--lines", str(landed)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "missed 0" in done.stdout, done.stdout
    by_rule = re.findall(r"^([a-z][a-z0-9-]+) +(\d+) +(\d+) +(\d+) +([\d.]+)$", done.stdout, re.MULTILINE)
    assert len(by_rule) > 80, done.stdout
    for rule, planted, found, false_alarms, per_million in by_rule:
        assert (found, false_alarms, float(per_million)) == (planted, "0", 0.0), (rule, planted, found, false_alarms, per_million)


@test
def threads_and_slices_give_the_same_bytes(tmp):
    bring_in(tmp / "lake", city(tmp / "city"))
    audit(tmp / "lake", tmp / "one.csv", "--threads", 1, "--run", "one")
    audit(tmp / "lake", tmp / "two.csv", "--threads", 2, "--run", "two")
    assert digest(tmp / "one.csv") == digest(tmp / "two.csv")
    run("audit", "--lake", tmp / "lake", "--buckets", "0-30", "--run", "left", "--quiet", *PLACE, want=(0, 10))
    run("audit", "--lake", tmp / "lake", "--buckets", "31-63", "--run", "right", "--quiet", *PLACE, want=(0, 10))
    run("merge", "left", "right", "--lake", tmp / "lake", "--out", tmp / "merged.csv", want=(0, 10))
    assert digest(tmp / "one.csv") == digest(tmp / "merged.csv")
    run("merge", "left", "--lake", tmp / "lake", "--out", tmp / "x.csv", want=(3, 4))


@test
def sql_finds_what_the_batch_finds(tmp):
    bring_in(tmp / "lake", city(tmp / "city"))
    rules = [f"--rule={r}" for r in ("drug-stock", "stock-balance", "bed-shared", "beds-over", "empty-days", "ct-share", "drug-share-department",
                                     "unplanned-return-share", "item-growth", "invoice-twice", "gathered-stays", "service-frequency", "split-stay",
                                     "service-pair", "drug-course", "service-period", "once-in-life", "surgery-discount")]
    same = ("rule", "level", "point", "amount", "institution", "person", "encounter", "day")
    told = []
    for more in ((), ("--executor", "sql", "--threads", 2)):
        rows = audit(tmp / "lake", tmp / "f.csv", *rules, *more)
        told.append({r["id"]: [r[c] for c in same] + sorted(r["lines"].split("|")) for r in rows})
    assert told[0] and told[0] == told[1], [x for x in told[0] if told[0][x] != told[1].get(x)][:5] + [x for x in told[1] if x not in told[0]][:5]


@test
def explain_prints_article_lines_and_money(tmp):
    bring_in(tmp / "lake", city(tmp / "city"))
    rows = audit(tmp / "lake", tmp / "f.csv")
    assert rows
    for row in rows[:: max(1, len(rows) // 12)]:
        out, _, _ = run("explain", row["id"], "--lake", tmp / "lake", env={"SHOUHU_LANG": "zh"})
        for line in row["lines"].split("|")[:3]:
            assert line in out, (line, out)
        assert row["amount"] in out.replace(",", ""), (row["amount"], out)
        assert row["basis"].split("；")[0] in out, out
    _, errout, _ = run("explain", "0" * 32, "--lake", tmp / "lake", want=(3, 4))
    assert "0" * 32 in errout, errout


@test
def extracts_that_overlap_repeat_and_do_not_double(tmp):
    files = city(tmp / "city")
    fees = next(f for f in files if f.name.startswith("fee_list_d"))
    rows = list(csv.reader(open(fees, encoding="utf-8", newline="")))
    head, body = rows[0], rows[1:]
    day = head.index("fee_ocur_time")
    days = sorted({r[day][:10] for r in body})
    middle = days[len(days) // 2]
    later = days[days.index(middle) - 3]
    for name, keep in (("a", lambda d: d <= middle), ("b", lambda d: d > later)):
        with open(tmp / f"{name}.csv", "w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([head] + [r for r in body if keep(r[day][:10])])
    others = [f for f in files if f != fees]
    bring_in(tmp / "whole", files)
    bring_in(tmp / "parts", [tmp / "a.csv"] + others)
    read, landed, repeated, rejected = counts(bring_in(tmp / "parts", [tmp / "b.csv"]), "line")
    assert repeated == sum(later < r[day][:10] <= middle for r in body), (repeated, later, middle)
    assert read == landed + repeated and rejected == 0
    strip = lambda rows: [{k: v for k, v in r.items() if k != "receipt"} for r in rows]
    assert strip(audit(tmp / "whole", tmp / "w.csv")) == strip(audit(tmp / "parts", tmp / "p.csv"))


@test
def gb18030_and_gzip_give_the_same_findings(tmp):
    files = city(tmp / "city")
    other = []
    for f in files:
        target = tmp / (f.stem + ".gb.csv.gz")
        with gzip.open(target, "wb", compresslevel=1) as out:
            out.write(f.read_text(encoding="utf-8").encode("gb18030"))
        other.append(target)
    bring_in(tmp / "a", files)
    bring_in(tmp / "b", other)
    strip = lambda rows: [{k: v for k, v in r.items() if k != "receipt"} for r in rows]
    assert strip(audit(tmp / "a", tmp / "a.csv")) == strip(audit(tmp / "b", tmp / "b.csv"))


@test
def bad_rows_are_rejected_by_name_and_the_rest_lands(tmp):
    files = city(tmp / "city", persons=60)
    fees = next(f for f in files if f.name.startswith("fee_list_d"))
    rows = list(csv.reader(open(fees, encoding="utf-8", newline="")))
    head = rows[0]
    col = head.index
    rows[1][col("det_item_fee_sumamt")] = "1.005"
    rows[2][col("fee_ocur_time")] = "2026-02-30 10:00:00"
    rows[3][col("memo")] = "x" * 10_000_000
    rows[4] = rows[4][:-3]  # right behind the record that is too long: it must not be swallowed
    bad = tmp / "fee_list_d.csv"
    with open(bad, "w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)
    with open(bad, "ab") as out:
        broken = list(rows[8])
        broken[col("bkkp_sn")] = "BROKEN1"
        out.write((",".join(broken)).encode().replace(b"BROKEN1", b"\xff\xfe\xfa") + b"\r\n")
    text = bring_in(tmp / "lake", [bad] + [f for f in files if f != fees], want=(9,))
    read, landed, repeated, rejected = counts(text, "line")
    assert read == len(rows) and rejected == 5 and landed == read - 5, text
    rejects = next((tmp / "lake/rejects").glob("*.csv")).read_text(encoding="utf-8-sig")
    for part in ("det_item_fee_sumamt", "fee_ocur_time", "1.005", "2026-02-30"):
        assert part in rejects, part
    assert "sound" in run("lake", "verify", "--lake", tmp / "lake")[0]


@test
def a_truncated_gzip_stops_the_import_and_leaves_the_lake(tmp):
    files = city(tmp / "city", persons=60)
    bring_in(tmp / "lake", files)
    before = run("lake", "info", "--lake", tmp / "lake")[0]
    fees = next(f for f in files if f.name.startswith("fee_list_d"))
    whole = gzip.compress(fees.read_bytes())
    (tmp / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    _, errout, _ = run("import", "--lake", tmp / "lake", "--mapping", "national", "--quiet", tmp / "cut.csv.gz", want=(3, 5))
    assert "cut.csv.gz" in errout, errout
    assert run("lake", "info", "--lake", tmp / "lake")[0] == before


@test
def a_correction_needs_a_reason_and_moves_money(tmp):
    files = city(tmp / "city", persons=60, plant="0")
    bring_in(tmp / "lake", files)
    fees = next(f for f in files if f.name.startswith("fee_list_d"))
    rows = list(csv.reader(open(fees, encoding="utf-8", newline="")))
    head, row = rows[0], list(rows[7])
    row[head.index("memo")] = ""
    row[head.index("cnt")] = "3"
    with open(tmp / "fix.csv", "w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([head, row])
    read, landed, repeated, rejected = counts(bring_in(tmp / "lake", [tmp / "fix.csv"], want=(9,)), "line")
    assert (landed, rejected) == (0, 1)
    run("import", "--lake", tmp / "lake", "--mapping", "national", "--correction", tmp / "fix.csv", want=(2,))
    who = ["--correction", "--reason", "wrong count", "--by", "H99010000001"]
    run("import", "--lake", tmp / "lake", "--mapping", "national", *who, tmp / "fix.csv", want=(2,))  # nobody approved it
    for same in ("H99010000001", " H99010000001 ", "", " "):  # nobody else did
        run("import", "--lake", tmp / "lake", "--mapping", "national", *who, "--approved-by", same, tmp / "fix.csv", want=(3,))
    original = sorted((tmp / "lake").rglob("*.parquet"))
    before = {f: f.read_bytes() for f in original}
    text = bring_in(tmp / "lake", [tmp / "fix.csv"], *who, "--approved-by", "chief")
    assert all(f.read_bytes() == content for f, content in before.items()), "the original rows stay as they came"
    manifest = json.loads(max((tmp / "lake/manifest").glob("*.json")).read_text(encoding="utf-8"))
    said = (manifest.get("body") or manifest)["batches"][-1]
    assert (said["kind"], said["reason"], said["by"], said["approved_by"]) == ("correction", "wrong count", "H99010000001", "chief"), said
    assert counts(text, "line")[1] == 1, text
    found = audit(tmp / "lake", tmp / "f.csv")
    assert any(r["rule"] == "line-arithmetic" and row[head.index("bkkp_sn")] in r["lines"] for r in found), found
    assert "sound" in run("lake", "verify", "--lake", tmp / "lake")[0]
    for file in (original[0], original[-1]):  # a row changed where it lies is named
        changed = bytearray(before[file])
        changed[len(changed) // 2] ^= 1
        file.write_bytes(changed)
        out, errout, _ = run("lake", "verify", "--lake", tmp / "lake", want=(4,))
        assert file.name in out + errout, out + errout
        file.write_bytes(before[file])


@test
def compacted_lake_gives_the_same_findings(tmp):
    files = city(tmp / "city")
    fees = next(f for f in files if f.name.startswith("fee_list_d"))
    bring_in(tmp / "lake", [f for f in files if f != fees])
    bring_in(tmp / "lake", [fees])
    before = audit(tmp / "lake", tmp / "a.csv")
    run("lake", "compact", "--lake", tmp / "lake")
    after = audit(tmp / "lake", tmp / "b.csv")
    strip = lambda rows: [{k: v for k, v in r.items() if k != "receipt"} for r in rows]
    assert strip(before) == strip(after)
    run("lake", "vacuum", "--lake", tmp / "lake", "--keep-days", 0)
    assert "sound" in run("lake", "verify", "--lake", tmp / "lake")[0]
    assert strip(audit(tmp / "lake", tmp / "c.csv")) == strip(before)


def sheets_of(workbook):
    """{name of sheet: rows of cell texts} of an XLSX file as room report writes it (texts inline)."""
    space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(workbook) as book:
        names = [s.get("name") for s in ElementTree.fromstring(book.read("xl/workbook.xml")).find("m:sheets", space)]
        sheets = {}
        for number, name in enumerate(names, 1):
            root = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
            sheets[name] = [{re.sub(r"\d", "", c.get("r")): "".join(c.itertext()) for c in row.findall("m:c", space)}
                            for row in root.find("m:sheetData", space)]
    return sheets


@test
def a_hospital_checks_its_own_folder_with_one_command(tmp):
    city(tmp / "own", persons=600)
    out, _, _ = run("audit", "--from", tmp / "own", *PLACE, want=(10,))
    assert "findings.xlsx" in out, out
    rows = audit(tmp / "own" / "shouhu-lake", tmp / "f.csv")
    sheets = sheets_of(tmp / "own" / "findings.xlsx")
    rules = {row["rule"] for row in rows}
    rules = {rule[:31] for rule in rules}  # as long as the name of a sheet may be
    assert set(sheets) == rules | {"summary", "not evaluated"}, sorted(set(sheets) ^ rules)
    found = [cells for rule in rules for cells in sheets[rule][1:]]
    assert sorted(cells["P"] for cells in found) == sorted(row["id"] for row in rows)
    fen = lambda text: round(float(text) * 100)
    assert sum(fen(cells["H"]) for cells in found) == sum(fen(row["counted"]) for row in rows)
    assert all(cells["J"] for cells in found), "every finding is explained"
    assert (tmp / "own" / "findings.xlsx").stat().st_mode & 0o007 == 0, "claims are not for everybody on the machine"
    run("audit", "--from", tmp / "own", *PLACE, want=(10,))  # again: the same files are repeated, the same findings come
    assert sorted(c["P"] for r in rules for c in sheets_of(tmp / "own" / "findings.xlsx")[r][1:]) == sorted(r["id"] for r in rows)


@test
def a_folder_without_claims_is_said_so(tmp):
    (tmp / "empty").mkdir()
    _, errout, _ = run("audit", "--from", tmp / "empty", want=(3,))
    assert "empty" in errout and ".csv" in errout, errout
    assert run("audit", "--from", tmp / "none", want=(3, 4))[1]
    assert "--from" in run("audit", want=(2,))[1]


@test
def a_backtest_says_what_a_new_text_would_change(tmp):
    """Frequency: the limit of one rule is doubled, another rule is switched off; reviewers had looked at some findings."""
    bring_in(tmp / "lake", city(tmp / "city", plant="0.08"))
    before = audit(tmp / "lake", tmp / "f.csv", "--run", "before")
    rules = tmp / "rules"
    shutil.copytree(ROOT / "rules", rules)
    text = (rules / "service-frequency.yaml").read_text(encoding="utf-8")
    assert "hit: sum(line.quantity) > k.max\n" in text
    (rules / "service-frequency.yaml").write_text(text.replace(
        "hit: sum(line.quantity) > k.max\n", "hit: sum(line.quantity) > k.max + k.max\n"), encoding="utf-8")
    (rules / "drug-sex.yaml").unlink()
    sex = [row["id"] for row in before if row["rule"] == "drug-sex"]
    pair = [row["id"] for row in before if row["rule"] == "service-pair"]
    assert len(sex) >= 2 and len(pair) >= 3
    verdicts = tmp / "v.csv"
    verdicts.write_text("finding,verdict\n" + "".join(f"{i},{v}\n" for i, v in
                        [(sex[0], "成立"), (sex[1], "rejected"), (pair[0], "upheld"), (pair[1], "1"), (pair[2], "不成立")]), encoding="utf-8")
    out, _, _ = run("backtest", "--lake", tmp / "lake", "--base", "before", "--new", rules, "--verdicts", verdicts, *PLACE)
    cells = {line.split("|")[1].strip(): [c.strip() for c in line.split("|")[2:]] for line in out.splitlines() if line.startswith("| ")}
    n = lambda rule: sum(row["rule"] == rule for row in before)
    assert cells["drug-sex"][1:6] == [str(n("drug-sex")), "0", "0", str(n("drug-sex")), "0"], cells["drug-sex"]
    was, now, added, vanished = (int(c) for c in cells["service-frequency"][1:5])
    assert (was, added, vanished) == (n("service-frequency"), 0, was - now) and vanished > 0, cells["service-frequency"]
    assert cells["service-pair"][1:6] == [str(n("service-pair"))] * 2 + ["0", "0", "0"], cells["service-pair"]
    assert cells["service-pair"][10] == "2/1" and cells["service-pair"][11] == "66.67 % (20.76–93.86)", cells["service-pair"]
    assert cells["all"][1].replace(",", "") == str(len(before))
    assert sex[0] in out and sex[1] not in out, "what reviewers upheld and would be missed is named"
    verdicts.write_text(f"finding,verdict\n{sex[0]},maybe\n", encoding="utf-8")
    errout = run("backtest", "--lake", tmp / "lake", "--base", "before", "--new", "before", "--verdicts", verdicts, want=(3,))[1]
    assert "v.csv:2" in errout and "maybe" in errout, errout
    assert "nosuch" in run("backtest", "--lake", tmp / "lake", "--base", "nosuch", "--new", "before", want=(3, 4))[1]


@test
def rules_check_and_their_cases_pass(tmp):
    run("rules", "check")
    out, _, _ = run("rules", "test")
    assert "0 failed" in out, out
    assert "service-frequency" in run("rules", "list")[0]


def main():
    global SHOUHU
    SHOUHU = os.path.abspath(sys.argv[1])
    chosen = [t for t in TESTS if len(sys.argv) < 3 or t.__name__ in sys.argv[2:]]
    print(f"1..{len(chosen)}")
    failed = 0
    for number, function in enumerate(chosen, 1):
        tmp = pathlib.Path(tempfile.mkdtemp(prefix="shouhu-e2e-"))
        try:
            function(tmp)
            print(f"ok {number} - {function.__name__}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {number} - {function.__name__}", flush=True)
            for line in traceback.format_exc().splitlines():
                print("# " + line)
        finally:
            shutil.rmtree(tmp, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
