#!/usr/bin/env python3
"""Re-review, meetings, changes, claims of persons and the other procedures of the office, driven through the API as the
office works and as somebody would break them. Prints TAP. usage: review.py SHOUHU [NAME …]"""
import datetime
import hashlib
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import time
import urllib.parse

import matters
from matters import City, act, bulk, fen, items, kinds, load, until

TESTS = []
CLOCK = "2026-03-02 09:00:00"  # a Monday
ROOT = pathlib.Path(__file__).resolve().parents[2]


def test(function):
    TESTS.append(function)
    return function


class Big(City):
    """The demo city, and above its agency one that judges its reviews again."""

    def __enter__(self):
        super().__enter__()
        self.body("c1", "agency", "990100")
        for name, role, body in (("again", "agency.rereviewer", "c1"), ("chead", "agency.head", "c1"), ("chead2", "agency.head", "c1"),
                                 ("head2", "agency.head", "ag1")):
            setattr(self, name, self.hire(name, role, body=body))
        return self


class Shared(matters.Shared):
    city = None
    periods = []


def city():
    if not Shared.city:
        Shared.city = Big(matters.SHOUHU, clock=CLOCK)
        Shared.city.__enter__()
    return Shared.city


def later(clock, seconds):
    """The server's clock so much later."""
    return str(datetime.datetime.fromisoformat(clock) + datetime.timedelta(seconds=seconds))


def fields(matter):
    return {f["field"]: f["value"] for f in matter["fields"]}


def certify(o, batch):
    """The first review of a batch, as far as its certificate."""
    own = items(o.reviewer, matter=batch)
    if own:
        bulk(o.reviewer, "screen", own, {"screened": "send"})
    act(o.reviewer, batch, "count", {"not_evaluated_why": "缺诊断，已抽查病历", "received": "9000000.00", "clean": "1.00", "fund": "390"})
    act(o.reviewer, batch, "certify")


def certified(o):
    """Two months: all batches of the first are certified, one of the second."""
    if Shared.periods:
        return Shared.periods
    Shared.lake = matters.Lake()
    load(o, Shared.lake)
    batches = o.reviewer.get("/matters?procedure=claim-batch&limit=200")["items"]
    periods = sorted({b["period"] for b in batches}, key=lambda p: -sum(b["period"] == p for b in batches))[:2]
    for subject in sorted({b["subject"] for b in batches}):
        if subject != "H1":
            o.hospital(subject, "h1")
    for period in periods:
        for batch in sorted((b for b in batches if b["period"] == period), key=lambda b: b["subject"])[:None if period == periods[0] else 1]:
            certify(o, batch["id"])
    Shared.periods = periods
    return periods


def frame(o, matter, want=0):
    return o.run("draw", "frame", "--lake", str(Shared.lake.dir / "lake"), "--matter", matter, "--actor", o.again.id, want=want)


def seal(o, matter, seat, value):
    """As docs/draw.md says, without the program."""
    text = b"\x01shouhu.draw.1\n" + matter["number"].encode() + b"\n%d\n" % seat + bytes.fromhex(value)
    return hashlib.new("sm3", text).hexdigest()


ONE, TWO = "11" * 32, "22" * 32


def rereview(o, period):
    made = o.again.post("/matters", {"procedure": "rereview", "subject": "ag1", "period": period})
    assert made.status == 201, made.raw
    return made


def sealed(o, matter):
    act(o.head, matter["id"], "seal_district", {"seal_district": seal(o, matter, 1, ONE)})
    act(o.chead, matter["id"], "seal_city", {"seal_city": seal(o, matter, 2, TWO)})


def verify_draw(o, matter, digest):
    """The stand-alone checker, built from its one file."""
    program = o.dir / "verify-draw"
    if not program.exists():
        subprocess.run(["cc", "-o", program, ROOT / "tools/verify-draw/verify-draw.c", "-lcrypto"], check=True)
    paths = []
    for part in ("frame", "result"):
        answer = o.again.get(f"/matters/{matter}/draw/{part}")
        assert answer.status == 200, answer.raw
        paths.append(o.dir / part)
        paths[-1].write_bytes(answer.raw)
    return subprocess.run([program, digest, *paths], capture_output=True, text=True, check=False)


@test
def a_draw_is_void_when_a_value_is_kept_back_and_who_kept_it_seals_no_more():
    o = city()
    period = certified(o)[0]
    assert o.again.post("/matters", {"procedure": "rereview", "subject": "nobody", "period": period}).status == 404
    assert o.head.post("/matters", {"procedure": "rereview", "subject": "ag1", "period": period}).status == 409  # wrong role
    matter = rereview(o, period)
    at = matter["id"]
    twice = o.again.post("/matters", {"procedure": "rereview", "subject": "ag1", "period": period})
    assert twice.status == 409, twice.raw  # no second try beside it
    early = act(o.again, at, "fix", want=409)
    assert early["failed"][0]["basis"] == "S4§17", early.raw  # no seals yet
    act(o.head, at, "seal_district", {"seal_district": "short"}, want=409)
    act(o.again, at, "seal_district", {"seal_district": "0" * 64}, want=409)
    mine = seal(o, matter, 1, ONE)
    act(o.head, at, "seal_district", {"seal_district": mine})
    again = act(o.head, at, "seal_district", {"seal_district": "0" * 64}, want=409)
    assert "cannot be changed" in again.raw.decode() or "不得更改" in again.raw.decode(), again.raw
    same = act(o.chead, at, "seal_city", {"seal_city": mine}, want=409)
    assert kinds(same) == {"needs"}, same.raw  # copied from the other seat
    act(o.chead, at, "seal_city", {"seal_city": seal(o, matter, 2, TWO)})
    empty = act(o.again, at, "fix", want=409)
    assert kinds(empty) == {"needs"}, empty.raw
    told = frame(o, at)
    assert re.match(r"[1-9]\d* cases", told), told
    refused = act(o.chead, at, "fix", want=409)
    assert "role" in kinds(refused)
    fixed = act(o.again, at, "fix")
    assert re.fullmatch("[0-9a-f]{64}", fields(fixed)["frame_digest"]), fixed.raw
    frame(o, at, want=3)  # the frame is fixed: nothing comes in any more
    late = act(o.chead, at, "seal_city", {"seal_city": "3" * 64}, want=409)
    assert "state" in kinds(late), late.raw
    wrong = act(o.chead, at, "open_city", {"value_city": "3" * 64}, want=409)
    assert kinds(wrong) == {"guard"}, wrong.raw  # another value than the one sealed
    act(o.chead, at, "open_city", {"value_city": TWO})
    one = act(o.again, at, "sample", want=409)
    assert kinds(one) == {"guard"}, one.raw
    o.at("2026-03-05 00:00:10")  # two working days are over: the district kept its value back
    until(lambda: o.again.get("/matters/" + at)["state"] == "void")
    act(o.head, at, "open_district", {"value_district": ONE}, want=409)
    follows = rereview(o, period)
    back = act(o.head, follows["id"], "seal_district", {"seal_district": seal(o, follows, 1, ONE)}, want=409)
    assert kinds(back) == {"separation"}, back.raw
    act(o.head2, follows["id"], "seal_district", {"seal_district": seal(o, follows, 1, ONE)})


@test
def a_sample_of_five_percent_is_drawn_proven_judged_reported_filed_and_its_errors_become_clues():
    o = city()
    period = certified(o)[0]
    matter = [m for m in o.again.get("/matters?procedure=rereview&limit=50")["items"] if m["state"] == "opened"][0]
    at = matter["id"]
    act(o.chead, at, "seal_city", {"seal_city": seal(o, matter, 2, TWO)})
    frame(o, at)
    fixed = act(o.again, at, "fix")
    act(o.head2, at, "open_district", {"value_district": ONE})
    act(o.chead, at, "open_city", {"value_city": TWO})
    drawn = act(o.again, at, "sample")
    units, n = int(fields(fixed)["frame_units"]), int(fields(fixed)["sample_units"])
    assert n == -(-units * 5 // 100) and n >= 1, (units, n)  # at least 5 %, rounded up
    cases = items(o.again, matter=at)
    assert len(cases) == n and {c["state"] for c in cases} == {"drawn"}
    proven = verify_draw(o, at, fields(fixed)["frame_digest"])
    assert proven.returncode == 0 and f"{n} of {units}" in proven.stdout, proven
    assert verify_draw(o, at, "0" * 64).returncode == 1
    text = o.again.get(f"/matters/{at}/draw/frame").raw.decode()
    assert not re.search(r"\bP\d{6,}", text)  # no person is named in what is published
    assert o.stranger.get(f"/matters/{at}/draw/frame").status == 404
    act(o.again, at, "sample", want=409)  # drawn once
    early = act(o.again, at, "finish", want=409)
    assert kinds(early) == {"guard"}
    unread = bulk(o.again, "judge", cases[:1], {"verdict": "right", "evidence": "病历"})  # V-04: he opens each case himself
    assert unread["n"] == 0 and {f["kind"] for f in unread["refused"][0]["failed"]} == {"seen"}, unread.raw
    o.chead.get("/items/" + cases[0]["id"])  # another's eyes are not his
    for case in cases[1:]:
        o.again.get("/items/" + case["id"])
    o.at(later(o.clock[:17] + "15", 60))  # a sign-in each half minute: a one-time code is good once
    assert bulk(o.again, "judge", cases[:1], {"verdict": "right", "evidence": "病历"})["n"] == 0
    o.again.get("/items/" + cases[0]["id"])
    o.at(later(o.clock, 29))
    brief = bulk(o.again, "judge", cases[:1], {"verdict": "right", "evidence": "病历"})  # the city asks for 30 seconds
    assert brief["n"] == 0 and {f["kind"] for f in brief["refused"][0]["failed"]} == {"seen"}, brief.raw
    o.at(later(o.clock, 31))
    bare = bulk(o.again, "judge", cases[:1], {"verdict": "wrong", "evidence": "病历"})
    assert bare["n"] == 0 and bare["refused"][0]["failed"][0]["basis"] == "S4§17", bare.raw
    much = bulk(o.again, "judge", cases[:1], {"verdict": "wrong", "evidence": "病历", "reason": "漏审", "wrong_lines": "1",
                                             "wrong_amount": "99999999.00"})
    assert much["n"] == 0
    nobody = bulk(o.reviewer, "judge", cases[:1], {"verdict": "right", "evidence": "病历"})
    assert nobody["n"] == 0 and "role" in kinds(nobody["refused"][0]), nobody.raw
    wrong = bulk(o.again, "judge", cases[:1], {"verdict": "wrong", "evidence": "病历", "reason": "漏审", "wrong_lines": "1",
                                              "wrong_amount": "0.50"})
    assert wrong["n"] == 1, wrong.raw
    for case in cases[1:]:
        assert bulk(o.again, "judge", [case], {"verdict": "right", "evidence": "病历"})["n"] == 1
    done = act(o.again, at, "finish")
    got = fields(done)
    assert (got["wrong_cases"], got["wrong_lines"], got["wrong_amount"]) == ("1", "1", "0.50"), got
    assert got["case_rate"] == f"{100 / n:.2f}", got  # three ratios: cases, lines, money
    assert fen(got["amount"]) == sum(fen(c["amount"]) for c in cases) and float(got["line_rate"]) > 0 <= float(got["amount_rate"])
    paper = done["papers"][0]
    drawn = o.again.get(f"/matters/{at}/papers/{paper['id']}")
    assert drawn.status == 200 and drawn.raw.startswith(b"%PDF-"), drawn.raw[:600]
    subs = {s["procedure"]: s for s in done["subs"]}
    assert set(subs) == {"alert", "filing"}, subs
    assert subs["alert"]["subject"] == cases[0]["institution"], (subs["alert"], cases[0])
    mine = [r for r in o.control.get("/reviews/empty")["items"] if r["procedure"] == "rereview" and r["person"] == o.again.id]
    assert [(r["n"], r["unopened"], r["brief"]) for r in mine] == [(n, 0, 0)], mine  # where it is refused, none is empty
    early = act(o.again, at, "close", want=409)
    assert kinds(early) == {"guard"}
    act(o.bhead, subs["filing"]["id"], "file", {"filed_number": "F-RR-1"})
    assert act(o.again, at, "close")["final"]
    assert "0" in o.run("journal", "verify")


@test
def the_body_of_the_first_review_judges_nothing_again_and_open_batches_stay_out_of_the_frame():
    o = city()
    period = certified(o)[1]
    code = "91620100MA0000001"
    weights = [pow(3, i, 31) for i in range(17)]
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    code += alphabet[(31 - sum(alphabet.index(c) * w for c, w in zip(code, weights)) % 31) % 31]
    record = o.admin.get("/registers/bodies/records?code=ag1")["items"][0]
    shown = o.admin.get(f"/registers/bodies/records/{record['id']}")
    changed = o.admin.put(f"/registers/bodies/records/{record['id']}", {"why": "legal", "fields": {**shown["fields"], "credit_code": code}},
                          headers={"If-Match": shown.headers["etag"]})
    assert changed.status in (200, 202), changed.raw
    assert o.boss.post(f"/changes/{changed['change']}/approval", {}).status == 200
    o.body("c2", "agency", "990100", parent="ag1")  # a branch of the same legal body
    for name, role in (("again2", "agency.rereviewer"), ("bhead2", "agency.head")):
        setattr(o, name, o.hire(name, role, body="c2"))
    made = o.again2.post("/matters", {"procedure": "rereview", "subject": "ag1", "period": period})
    assert made.status == 201, made.raw
    at = made["id"]
    act(o.head, at, "seal_district", {"seal_district": seal(o, made, 1, ONE)})
    act(o.bhead2, at, "seal_city", {"seal_city": seal(o, made, 2, TWO)})
    told = frame(o, at)
    left = int(re.search(r"(\d+) left out", told)[1])
    text = o.again2
    act(text, at, "fix")
    shown = text.get(f"/matters/{at}/draw/frame").raw.decode()
    open_one = [b for b in o.reviewer.get("/matters?procedure=claim-batch&limit=200")["items"]
                if b["period"] == period and b["state"] == "reviewing"]
    assert open_one and not any(f" {b['subject']}|" in shown for b in open_one), (left, open_one)
    act(o.head, at, "open_district", {"value_district": ONE})
    act(o.bhead2, at, "open_city", {"value_city": TWO})
    act(text, at, "sample")
    case = items(text, matter=at)[:1]
    judged = {"verdict": "right", "evidence": "病历"}
    tried = bulk(text, "judge", case, judged)
    assert tried["n"] == 0 and "body" in kinds(tried["refused"][0]), tried.raw
    # D-01: nor who reviewed it first, though he has gone over to the body that reviews again
    both = o.admin.post("/grants", {"person": o.reviewer.id, "role": "agency.rereviewer", "body": "c2", "to": "2026-12-31", "why": "work"})
    early = both if both.status != 201 else o.boss.post(f"/grants/{both['id']}/approval", {})
    assert early["code"] == "separation-of-duties", early.raw  # never both at once
    for grant in o.boss.get(f"/grants?person={o.reviewer.id}")["items"]:
        if grant["role"] == "agency.reviewer":
            assert o.boss.post(f"/grants/{grant['id']}/revocation", {}).status == 200
    o.grant(o.reviewer.id, "agency.rereviewer", "c2")
    again = bulk(o.reviewer, "judge", case, judged)
    found = [f for f in again["refused"][0]["failed"] if f["kind"] == "separation"]
    assert again["n"] == 0 and found and {f["basis"] for f in found} == {"S4§17"}, again.raw


# ---- the other procedures of the office ----------------------------------------------------------------------------


class Desk(City):
    """The demo city with everybody who keeps its books, rules, minutes and files."""

    def __enter__(self):
        super().__enter__()
        self.body("bank", "department", "990100")
        for name, role, body in (("bookkeeper", "agency.bookkeeper", "ag1"), ("window", "agency.window", "ag1"), ("author", "agency.rules_author", "ag1"),
                                 ("releaser", "agency.rules_releaser", "ag1"), ("officer", "bureau.officer", "gov"), ("legal", "bureau.legal", "gov"),
                                 ("head2", "agency.head", "ag1"), ("auditor2", "agency.auditor", "ag1"), ("bdesk", "bureau.desk", "gov")):
            setattr(self, name, self.hire(name, role, body=body))
        return self


class Other:
    desk = None


def desk():
    """Over PostgreSQL where tests/store/with-postgres.sh has made a cluster."""
    if not Other.desk:
        Other.desk = Desk(matters.SHOUHU, clock=CLOCK, database="postgresql:///postgres" if "CHECK_PG" in os.environ else None)
        Other.desk.__enter__()
    return Other.desk


def opened(person, procedure, subject="H1", **more):
    made = person.post("/matters", {"procedure": procedure, "subject": subject, **more})
    assert made.status == 201, made.raw
    return made["id"]


def refused(person, matter, step, given=None, kind="guard", basis=None, **more):
    answer = act(person, matter, step, given, want=409, **more)
    assert kind in kinds(answer), (step, answer.raw.decode())
    if basis:
        assert any(f.get("basis", "").startswith(basis) for f in answer["failed"]), answer.raw.decode()
    return answer


def papers_draw(o, person, shown):
    for paper in shown["papers"]:
        drawn = person.get(f"/matters/{shown['id']}/papers/{paper['id']}")
        assert drawn.status == 200 and drawn.raw.startswith(b"%PDF-"), drawn.raw[:800]


RECON = {"month": "2026-02", "counterparty": "开户银行", "statement": "BS-1", "ours": "100.00", "theirs": "100.00"}


@test
def a_month_stays_open_until_every_counterparty_is_reconciled_to_the_last_fen_and_signed():
    o = desk()
    month = opened(o.bookkeeper, "month-close", "ag1", period="2026-02")
    act(o.bookkeeper, month, "count", {"income": "1000.00", "spending": "900.00"})
    assert fields(o.bookkeeper.get("/matters/" + month))["balance"] == "100.00"
    refused(o.bookkeeper, month, "check", kind="role")
    act(o.finance, month, "check")
    early = refused(o.head, month, "close", basis="S4§13")
    assert len(early["failed"]) == 5, early.raw
    for kind in ("business", "treasury", "tax", "bank", "institution"):
        refused(o.head, month, "close")
        at = opened(o.bookkeeper, "reconciliation", "ag1")
        act(o.bookkeeper, at, "load", {**RECON, "kind": kind, "theirs": "99.99" if kind == "bank" else "100.00"})
        if kind == "bank":
            assert fields(o.bookkeeper.get("/matters/" + at))["difference"] == "0.01"
            refused(o.bookkeeper, at, "clear", basis="S4§13")
            refused(o.bookkeeper, at, "clear", {"explained": "0.02", "reasons": "在途"})
            act(o.bookkeeper, at, "clear", {"explained": "0.01", "reasons": "利息 0.01 元在途"})
        else:
            act(o.bookkeeper, at, "clear")
        refused(o.finance, at, "sign")  # the other side has not signed
        act(o.control, at, "confirm", {"their_paper": "QR-1"}, occurred="2026-03-02")
        refused(o.bookkeeper, at, "sign", kind="role")
        papers_draw(o, o.finance, act(o.finance, at, "sign"))
    rows = o.auditor.get("/registers/reconciliations/records?limit=50")["items"]
    assert sorted(r["fields"]["kind"] for r in rows) == ["bank", "business", "institution", "tax", "treasury"], rows
    assert act(o.head, month, "close")["final"]
    assert o.bookkeeper.post("/matters", {"procedure": "month-close", "subject": "ag1", "period": "2026-02"}).status == 409


@test
def within_the_system_four_amounts_of_both_sides_are_set_against_each_other():
    o = desk()
    at = opened(o.bookkeeper, "reconciliation", "ag1")
    bare = {**RECON, "kind": "inside"}
    refused(o.bookkeeper, at, "load", bare, basis="S4§23")
    four = {"not_paid": "10.00", "not_paid_theirs": "10.00", "refused": "20.00", "refused_theirs": "20.00", "recovered": "30.00",
            "recovered_theirs": "30.00", "damages": "40.00", "damages_theirs": "39.00"}
    refused(o.bookkeeper, at, "load", {**bare, **four}, basis="S4§23")  # theirs do not add up
    act(o.bookkeeper, at, "load", {**bare, **four, "theirs": "99.00"})
    refused(o.bookkeeper, at, "clear")
    act(o.bookkeeper, at, "clear", {"explained": "1.00", "reasons": "违约金 1 元待区县补记"})
    act(o.control, at, "confirm", {"their_paper": "QR-2"}, occurred="2026-03-02")
    papers_draw(o, o.finance, act(o.finance, at, "sign"))


@test
def a_claim_of_a_person_passes_four_hands_is_told_once_what_is_missing_and_needs_the_record():
    o = desk()
    at = opened(o.window, "benefit-claim", "P-0001")
    take = {"kind": "reimbursement", "about": "异地急诊", "applied_on": "2026-03-02", "claimed": "1000.00", "complete": "false"}
    refused(o.window, at, "take_in", take)
    told = act(o.window, at, "tell_missing", {"about": "异地急诊", "applied_on": "2026-03-02", "papers": "发票\n清单"})
    papers_draw(o, o.window, told)
    act(o.window, at, "handed_in")
    refused(o.window, at, "tell_missing", {"about": "x", "applied_on": "2026-03-02", "papers": "又一件"}, basis="社会保险经办条例")
    refused(o.window, at, "take_in_allowance", {**take, "complete": "true"})
    act(o.window, at, "take_in", {**take, "complete": "true"})
    check = {"amount": "800.00", "fund": "390", "record_seen": "true", "record_words": "病历与费用一致", "verify": "no"}
    refused(o.window, at, "check", check, kind="role")
    refused(o.checker, at, "check", {**check, "record_seen": "false"}, basis="S1§1.3")
    refused(o.checker, at, "check", {**check, "amount": "1000.01"})
    due = [d for d in act(o.checker, at, "check", check)["deadlines"] if d["clock"] == "decide"][0]
    assert due["due"] == "2026-04-14", due  # thirty working days, over a holiday
    refused(o.head, at, "decide", {"result": "granted", "reasons": "符合规定", "amount": "2000.00"})
    papers_draw(o, o.head, act(o.head, at, "decide", {"result": "granted", "reasons": "符合规定"}))
    refused(o.checker, at, "pay", {"bank_row": "BR-9"}, kind="role")
    assert act(o.finance, at, "pay", {"bank_row": "BR-9"})["final"]


@test
def a_change_is_proposed_checked_and_approved_by_three_and_raw_data_names_its_old_version():
    o = desk()
    at = opened(o.auditor, "change", "ag1")
    given = {"kind": "raw", "what": "结算明细 1 条", "before": "数量 10", "after": "数量 1", "reason": "医院申请更正", "effects": "疑点 1 条",
             "proposed_by": "甲"}
    refused(o.auditor, at, "propose", given, basis="S4§38")
    act(o.auditor, at, "propose", {**given, "version": "3", "requester": "H1"})
    refused(o.auditor, at, "check", {"stands": "stands"}, kind="role")
    act(o.head, at, "check", {"stands": "stands"})
    refused(o.head, at, "approve", {"approved_by": "丙"}, kind="separation")
    papers_draw(o, o.chief, act(o.chief, at, "approve", {"approved_by": "丙"}))
    refused(o.chief, at, "carry_out", kind="role")
    assert act(o.auditor, at, "carry_out")["final"]


SIT = {"held_on": "2026-03-02", "held_at": "会议室", "chair": "主任", "members": "4", "present": "3", "roster": "主任|主任|到会|\n甲|副主任|到会|\n乙|委员|到会|"}
MINUTED = {"recorder": "内控员", "opinions": "主任|同意|事实清楚\n甲|同意|\n乙|不同意|过重", "conclusion": "agree", "dissent": "乙认为过重"}
TOPICS = {"on_subject": "主体适格", "on_facts": "病历与清单相符", "on_law": "条例第三十八条", "on_procedure": "已告知并听取", "on_discretion": "一般情节"}


def raised(o, parent=None, kind="breach", by=None):
    """A matter for discussion, reported."""
    more = {"parent": parent} if parent else {}
    at = opened(by or o.head, "discussion", "M-1", **more)
    legal = {"legal": "同意"} if kind == "penalty" else {}
    act(by or o.head, at, "report", {"kind": kind, "matter": "M-1", "topic": "拒付 6 万元", "report": "事实清楚", **legal})
    return at


def signed(o, at):
    act(o.chief, at, "sign")
    act(o.member1, at, "sign")
    return act(o.member2, at, "sign")


@test
def a_meeting_needs_its_quorum_the_reporter_does_not_vote_and_three_sign_the_same_text():
    o = desk()
    meeting = opened(o.head, "meeting", "ag1")
    number = o.head.get("/matters/" + meeting)["number"]
    refused(o.chief, meeting, "sit", SIT, basis="医保局令第4号")  # nothing is on the agenda
    at = opened(o.head, "discussion", "M-1")
    refused(o.head, at, "table", {"meeting": number}, basis="医保局令第4号")  # nothing reported yet
    act(o.head, at, "report", {"kind": "penalty", "matter": "M-1", "topic": "罚款 6 万元", "report": "事实清楚"})
    refused(o.head, at, "table", {"meeting": number}, basis="S4§40")  # no legal review
    act(o.head, at, "report", {"kind": "penalty", "matter": "M-1", "topic": "罚款 6 万元", "report": "事实清楚", "legal": "同意"})
    act(o.head, at, "table", {"meeting": number})
    refused(o.chief, meeting, "sit", {**SIT, "present": "2"})
    refused(o.chief, meeting, "sit", {**SIT, "members": "5"})  # three of five are less than the share
    refused(o.chief, meeting, "sit", {**SIT, "members": "3", "present": "4"})
    refused(o.chief, meeting, "sit", {**SIT, "held_on": "2026-03-03"})
    refused(o.head, meeting, "sit", SIT, kind="role")
    act(o.chief, meeting, "sit", SIT)
    refused(o.head, at, "minute", {**MINUTED, **TOPICS}, kind="role")
    for topic in TOPICS:  # each of the five
        refused(o.control, at, "minute", {**MINUTED, **{k: v for k, v in TOPICS.items() if k != topic}}, basis="S4§40")
    act(o.control, at, "minute", {**MINUTED, **TOPICS})
    refused(o.head, at, "sign", kind="role")
    refused(o.control, meeting, "close", basis="医保局令第4号")  # not signed yet
    act(o.chief, at, "sign")
    refused(o.chief, at, "sign", kind="separation")  # nobody signs for another
    act(o.member1, at, "sign")
    assert o.chief.get("/matters/" + at)["state"] == "minuted"  # two are not three
    done = act(o.member2, at, "sign")
    assert done["state"] == "signed" and len(done["papers"]) == 2, done.raw
    papers_draw(o, o.chief, done)
    assert act(o.control, meeting, "close")["final"]


@test
def a_meeting_takes_up_many_matters_at_once_and_each_stands_by_itself():
    o = desk()
    batch, breach = opened(o.auditor, "breach-decision"), opened(o.auditor, "breach-decision")
    meeting, other = opened(o.head, "meeting", "ag1"), opened(o.head, "meeting", "ag1")
    at_bureau = opened(o.bhead, "meeting", "gov")
    number = {m: o.chief.get("/matters/" + m)["number"] for m in (meeting, other)}
    number[at_bureau] = o.bhead.get("/matters/" + at_bureau)["number"]
    one, two = raised(o, batch), raised(o, breach)
    late, gone = raised(o), raised(o)
    for wrong in ("meeting-ag1-2026-999999", o.head.get("/matters/" + batch)["number"], number[at_bureau], o.head.get("/matters/" + two)["number"]):
        refused(o.head, one, "table", {"meeting": wrong}, kind="state", basis="医保局令第4号")  # none, no meeting, another body's
    refused(o.chief, one, "table", {"meeting": number[meeting]}, kind="role")
    before = o.chief.get("/matters/" + meeting)
    for at in (one, two, gone):
        act(o.head, at, "table", {"meeting": number[meeting]})
    stale = o.chief.post(f"/matters/{meeting}/actions", {"step": "sit", "fields": SIT}, headers={"If-Match": before.headers["etag"]})
    assert stale.status == 412, stale.raw  # he has not seen what was put in since
    assert act(o.head, gone, "drop")["final"]
    shown = o.chief.get("/matters/" + meeting)
    assert [m["id"] for m in shown["gathered"]] == [gone, two, one] and [e["step"] for e in shown["timeline"]].count("gather") == 3, shown.raw
    early = refused(o.control, one, "minute", MINUTED, kind="state")  # the meeting has not sat
    assert o.auditor.get("/matters/" + batch)["subs"][0]["id"] == one, early.raw
    act(o.chief, meeting, "sit", SIT)
    heard = [o.head.get("/matters/" + at) for at in (one, two)]
    assert [h["state"] for h in heard] == ["heard", "heard"] and fields(heard[0])["roster"] == SIT["roster"], heard[0].raw
    assert heard[0]["timeline"][-1]["actor"] == "law", heard[0]["timeline"][-1]
    assert o.head.get("/matters/" + gone)["state"] == "dropped"
    refused(o.head, late, "table", {"meeting": number[meeting]}, kind="state", basis="医保局令第4号")  # it sits already
    refused(o.head, one, "table", {"meeting": number[other]}, kind="state")
    act(o.control, one, "minute", MINUTED)
    act(o.control, two, "minute", {**MINUTED, "conclusion": "put_off"})
    assert signed(o, one)["state"] == "signed"
    refused(o.control, meeting, "close", basis="医保局令第4号")  # the other has no signatures
    done = signed(o, two)
    assert done["state"] == "put_off" and {p["kind"] for p in done["papers"]} == {"minutes", "extract"}, done.raw
    text = o.chief.get(f"/matters/{done['id']}/papers/{done['papers'][0]['id']}")
    assert text.status == 200
    assert act(o.control, meeting, "close")["final"]
    # A meeting that is called off lets go what it gathered, for another one.
    act(o.head, late, "table", {"meeting": number[other]})
    refused(o.head, other, "drop", kind="role")
    act(o.chief, other, "drop")
    assert o.head.get("/matters/" + late)["state"] == "raised"
    refused(o.head, late, "table", {"meeting": number[other]}, kind="state")
    again = opened(o.head, "meeting", "ag1")
    act(o.head, late, "table", {"meeting": o.head.get("/matters/" + again)["number"]})
    assert [m["id"] for m in o.head.get("/matters/" + again)["gathered"]] == [late]
    named = o.head.post("/matters", {"procedure": "discussion", "subject": "M-1", "fields": {"meeting": number[other]}})
    assert named.status == 409, named.raw  # nor is it put in by its opening


@test
def a_recusal_is_decided_by_the_chief_with_a_paper_and_who_is_recused_acts_no_more():
    o = desk()
    matter = opened(o.auditor, "breach-decision")
    number = o.auditor.get("/matters/" + matter)["number"]
    proposal = {**matters.PROPOSAL, "source": "B-77"}
    asked = {"person": o.auditor.id, "whose": "staff", "matter": number, "asked_by": "party", "grounds": "与该院院长系近亲属"}

    def decided(verdict):
        at = opened(o.head, "recusal", "M-1")
        refused(o.chief, at, "decide", {"decision": verdict, "reason": "经查"}, kind="state")  # of whom, and why?
        act(o.head, at, "name", asked)
        refused(o.head, at, "decide", {"decision": verdict, "reason": "经查"}, kind="role")
        refused(o.chief, at, "decide", {"decision": verdict}, kind="needs")
        done = act(o.chief, at, "decide", {"decision": verdict, "reason": "经查", "acts": "此前所为行为有效"})
        assert done["final"] and [p["kind"] for p in done["papers"]] == ["recusal_decision"], done.raw
        papers_draw(o, o.chief, done)

    decided("refused")
    before = next(a for a in o.auditor.get("/matters/" + matter)["actions"] if a["step"] == "notify")
    assert not any(f["kind"] == "recusal" for f in before["failed"]), before
    decided("granted")
    refused(o.auditor, matter, "notify", proposal, kind="recusal")
    act(o.auditor2, matter, "notify", proposal)
    # O4§5: nobody decides of himself, and of the chief the leaders decide together.
    verdict = {"decision": "refused", "reason": "经查无利害关系"}
    own = opened(o.head, "recusal", "M-1")
    act(o.head, own, "name", {**asked, "person": o.chief.id})  # of the chief, and said to be of staff
    refused(o.chief, own, "decide", verdict, basis="医保局令第4号第五条")
    refused(o.head2, own, "enter", {**verdict, "minutes": "医保集议〔2026〕ag1-1号"}, basis="医保局令第4号第五条")
    act(o.head, own, "name", {**asked, "person": o.chief.id, "whose": "chief"}, want=409)  # it is named once
    of_chief = opened(o.auditor2, "recusal", "M-1")
    act(o.auditor2, of_chief, "name", {**asked, "person": o.chief.id, "whose": "chief"})
    refused(o.chief, of_chief, "decide", verdict, basis="医保局令第4号第五条")
    refused(o.head, of_chief, "enter", verdict, kind="needs")  # without the minutes of the leaders
    refused(o.chief, of_chief, "enter", {**verdict, "minutes": "医保集议〔2026〕ag1-1号"}, kind="role")
    done = act(o.head, of_chief, "enter", {**verdict, "minutes": "医保集议〔2026〕ag1-1号"})
    assert done["final"] and [p["kind"] for p in done["papers"]] == ["recusal_decision"], done.raw
    of_head = opened(o.auditor2, "recusal", "M-1")
    act(o.auditor2, of_head, "name", {**asked, "person": o.head.id, "whose": "chief"})
    refused(o.head, of_head, "enter", {**verdict, "minutes": "医保集议〔2026〕ag1-1号"}, basis="医保局令第4号第五条")


@test
def a_remedy_pays_back_what_was_annulled_and_nothing_else_and_own_motion_needs_the_panel():
    o = desk()
    at = opened(o.legal, "remedy")
    recovered = matters.heard(o, source="B-1", measure="recover", amount="1100.00", fund="390")
    act(o.head, recovered, "decide")
    given = {"kind": "own", "decision": "医保违决〔2026〕1号", "source": "B-1", "paper_number": "-"}
    refused(o.legal, at, "file", given, basis="S4§40", occurred="2026-03-02")
    filed = act(o.legal, at, "file", {**given, "kind": "reconsideration", "paper_number": "复受〔2026〕1号"}, occurred="2026-03-02")
    assert [d["due"] for d in filed["deadlines"] if d["clock"] == "answer"] == ["2026-03-16"], filed["deadlines"]  # ten working days
    act(o.legal, at, "answer", {"answer_words": "事实清楚"})
    act(o.legal, at, "decide", {"outcome": "annulled", "result_number": "复决〔2026〕1号"}, occurred="2026-03-02")
    refused(o.legal, at, "carry_out", {"done_words": "x"}, kind="role")
    refused(o.bhead, at, "carry_out", {"done_words": "已退还"}, basis="行政复议法")
    refused(o.bhead, at, "carry_out", {"done_words": "已退还", "back": "1100.00", "fund": "390"}, basis="行政复议法")  # of what decision?
    refused(o.legal, at, "name", {"source": "B-1", "undone": "refuse", "undone_on": "2026-03-02"}, basis="行政复议法")
    act(o.legal, at, "name", {"source": "B-1", "undone": "recover", "undone_on": "2026-03-02"})
    done = act(o.bhead, at, "carry_out", {"done_words": "已退还", "back": "1100.00", "fund": "390"})
    assert done["final"]
    rows = o.auditor.get("/registers/decisions/records?limit=200")["items"]
    assert any(r["fields"]["measure"] == "annulled" and r["fields"]["source"] == "B-1" for r in rows), rows
    stands = opened(o.legal, "remedy")
    act(o.legal, stands, "file", {**given, "kind": "court", "paper_number": "诉1"}, occurred="2026-03-02")
    act(o.legal, stands, "decide", {"outcome": "upheld", "result_number": "判1"}, occurred="2026-03-02")
    refused(o.bhead, stands, "carry_out", {"done_words": "维持", "back": "0.01", "fund": "390"})
    act(o.bhead, stands, "carry_out", {"done_words": "维持"})


@test
def a_dispute_over_an_agreement_goes_by_its_routes_and_each_stands_in_the_register_with_its_result():
    """G-14."""
    o = desk()
    day = o.clock[:10]
    raised = {"over": "performance", "raised_on": day, "claim": "考核扣款依据不明，请求退还", "agreement": "A-1"}

    def rows(at):
        number = o.contract.get("/matters/" + at)["number"]
        found = o.contract.get("/registers/disputes/records?limit=200")["items"]
        return sorted((r["fields"]["route"], r["fields"]["result"], r["fields"]["ended_on"]) for r in found if r["fields"]["matter"] == number)

    assert o.stranger.post("/matters", {"procedure": "dispute", "subject": "H1"}).status in (404, 409)  # neither of the two
    at = opened(o.user, "dispute")
    refused(o.user, at, "accept", kind="state")
    refused(o.user, at, "raise", {**raised, "raised_on": later(o.clock, 86400)[:10]}, basis="S4§25")
    refused(o.user, at, "raise", {k: v for k, v in raised.items() if k != "claim"}, kind="needs")
    refused(o.auditor, at, "raise", raised, kind="role")
    act(o.user, at, "raise", raised)
    refused(o.head, at, "offer", {"terms": "退还一半"}, basis="S4§25")  # the agency has said nothing yet
    refused(o.user, at, "answer", {"position": "x"}, kind="role")
    act(o.contract, at, "answer", {"position": "扣款依据为协议第十五条"})
    refused(o.user, at, "accept", basis="S4§25")  # no terms
    # The bureau of the same level coordinates; no agreement: they may go on talking.
    act(o.user, at, "coordinate", {"request": "请求协调"})
    told = {"coordination": "听取双方意见", "agreed": "not_agreed"}
    for person in (o.contract, o.head, o.user):
        refused(person, at, "conclude", told, kind="role")
    assert act(o.fund, at, "conclude", told)["state"] == "negotiating"
    assert rows(at) == [("coordination", "not_agreed", day)]
    act(o.head, at, "offer", {"terms": "退还一半"})
    refused(o.head, at, "accept", kind="role")  # nobody accepts for the institution
    refused(o.contract, at, "withdraw", kind="role")
    assert act(o.user, at, "accept")["final"]
    assert rows(at) == [("coordination", "not_agreed", day), ("negotiation", "agreed", day)]
    refused(o.user, at, "coordinate", {"request": "再议"}, kind="state")
    # A review stands open at any time, and what came of it is entered from its paper.
    second = opened(o.contract, "dispute")
    act(o.contract, second, "raise", {**raised, "over": "termination"})
    refused(o.user, second, "go", {"route": "reconsideration"}, kind="needs", occurred=day)
    act(o.user, second, "go", {"route": "reconsideration", "paper_number": "复受〔2026〕9号"}, occurred=day)
    result = {"result": "annulled", "result_on": day, "result_number": "复决〔2026〕9号"}
    refused(o.user, second, "rule", result, kind="role", occurred=day)  # no party enters how it was decided
    refused(o.contract, second, "rule", {**result, "result_on": later(o.clock, -86400)[:10]}, basis="S4§25", occurred=day)
    assert act(o.contract, second, "rule", result, occurred=day)["final"]
    assert rows(second) == [("reconsideration", "annulled", day)]
    third = opened(o.user, "dispute")
    act(o.user, third, "raise", raised)
    assert act(o.user, third, "withdraw")["final"] and rows(third) == [("withdrawn", "withdrawn", day)]
    typed = o.contract.post("/registers/disputes/records", {"why": "x", "fields": {"number": "1", "matter": "M"}})
    assert typed.status in (403, 409, 422), typed.raw  # only steps write it


@test
def a_document_names_a_department_as_it_was_called_on_its_day_and_leads_to_who_it_is_now():
    """A-24."""
    o = desk()

    def entered(number, name, function, first, last, want=202):
        made = o.admin.post("/registers/former_names/records", {"why": "机构改革", "valid_from": first, **({"valid_to": last} if last else {}), "fields": {
            "number": number, "name": name, "function": function, "body": "gov", "paper": "机构改革方案（2018年）", "place": "990100"}})
        assert made.status == want, made.raw
        return made

    for number, name, function in (("N-1", "某市人力资源和社会保障局", "healthcare_security"), ("N-2", "某市物价局", "prices")):
        asked = entered(number, name, function, "2000-01-01", "2019-01-10")
        assert o.admin.post(f"/changes/{asked['change']}/approval", {}).status in (403, 409)  # two persons
        assert o.boss.post(f"/changes/{asked['change']}/approval", {}).status == 200
    entered("N-3", "某市医疗保障局", "healthcare_security", "2019-01-11", None, want=422)  # its present name is no former one

    def named(word, day):
        found = o.auditor.get(f"/registers/former_names/records?q={urllib.parse.quote(word)}&valid_on={day}")["items"]
        return [(r["fields"]["function"], r["fields"]["body"], r["valid_to"]) for r in found]

    assert named("人力资源", "2018-04-03") == [("healthcare_security", "gov", "2019-01-10")]  # a plan of that day
    assert named("物价", "2018-04-03") == [("prices", "gov", "2019-01-10")]
    assert named("人力资源", "2019-01-10") and named("人力资源", "2019-01-11") == []  # the last day is its last
    assert named("卫生", "2018-04-03") == []


@test
def a_dossier_is_bound_only_when_whole_and_by_others_than_who_gathered_it():
    o = desk()
    at = opened(o.auditor, "archive", "M-1")
    refused(o.head, at, "check", {"whole": "whole"}, basis="S3§9")
    act(o.auditor, at, "gather", {"matter": "M-1", "dossier": "J-1", "cause": "多收床位费", "opened_on": "2026-01-05", "closed_on": "2026-02-05",
                                  "handlers": "甲\n乙", "result": "追回", "contents": "告知书\n决定书", "pages": "12", "keep": "30年", "keep_until": "2056-02-05"})
    refused(o.head, at, "check", {"whole": "wanting"}, basis="S4§34")
    act(o.head, at, "check", {"whole": "wanting", "missing": "送达回证"})
    refused(o.auditor, at, "bind", kind="state")
    act(o.head, at, "check", {"whole": "whole"})
    papers_draw(o, o.auditor, act(o.auditor, at, "bind"))
    assert act(o.control, at, "keep")["final"]


@test
def disputes_over_jurisdiction_go_up_by_law_and_help_that_is_late_is_marked():
    o = desk()
    at = opened(o.officer, "jurisdiction", "M-1")
    act(o.officer, at, "dispute", {"matter": "M-1", "other": "邻区医保局", "grounds": "行为地不明", "received": "true"})
    refused(o.bhead, at, "agree", {"taker": "我局", "paper_number": "1"}, basis="医保局令第4号第十二条")  # a receiver does not pass on
    help_ = opened(o.officer, "assistance", "M-1")
    asked = act(o.officer, help_, "ask", {"matter": "M-1", "to": "某医院", "about": "住院病历", "asks": "病历\n清单"})
    papers_draw(o, o.officer, asked)
    assert [d["due"] for d in asked["deadlines"]] == ["2026-03-17"], asked["deadlines"]  # fifteen natural days
    delayed = act(o.officer, help_, "delay", {"reason": "病历封存"}, occurred="2026-03-02")
    assert [d["due"] for d in delayed["deadlines"]] == ["2026-04-01"], delayed["deadlines"]
    o.at("2026-03-12 00:00:10")
    until(lambda: o.officer.get("/matters/" + at)["state"] == "referred")  # seven working days are over
    act(o.legal, at, "designate", {"taker": "市局", "paper_number": "指1"}, occurred="2026-03-11")
    act(o.officer, help_, "answer", {"outcome": "done", "words": "已提供", "paper_number": "复1"}, occurred="2026-03-11")
    assert act(o.officer, help_, "return")["final"]


@test
def experts_are_two_of_other_units_and_their_opinion_never_stands_alone():
    o = desk()
    at = opened(o.checker, "expert-review")
    refused(o.head, at, "name", {"expert_1": "e1", "expert_2": "e2", "unit_1": "H7", "unit_2": "H8"}, basis="S1§2.4")
    act(o.checker, at, "order", {"matter": "M-1", "reason": "疑难病例", "question": "是否有指征", "cases": "E-1", "speciality": "心内科"})
    refused(o.head, at, "name", {"expert_1": "e1", "expert_2": "e1", "unit_1": "H7", "unit_2": "H8"}, basis="S4§37")
    refused(o.head, at, "name", {"expert_1": "e1", "expert_2": "e2", "unit_1": "H1", "unit_2": "H8"}, basis="S4§37")
    ordered = act(o.head, at, "name", {"expert_1": "e1", "expert_2": "e2", "unit_1": "H7", "unit_2": "H8"})
    order, = [p for p in ordered["papers"] if p["kind"] == "review_order"]
    said = matters.text_of(o.head.get(f"/matters/{at}/papers/{order['id']}").raw)
    assert order["number"].startswith("医保评委〔2026〕ag1-") and all(word in said for word in ("疑难病例", "是否有指征", "E-1", "H7", "H8")), said
    # D-10: whoever reviews may see the need, of the batch before him, and he names no expert
    of_batch = opened(o.reviewer, "expert-review")
    refused(o.reviewer, of_batch, "order", {"matter": "M-1", "question": "是否有指征", "cases": "E-2", "speciality": "心内科"}, kind="needs")
    act(o.reviewer, of_batch, "order", {"matter": "M-1", "reason": "疑难病例", "question": "是否有指征", "cases": "E-2", "speciality": "心内科"})
    refused(o.reviewer, of_batch, "name", {"expert_1": "e1", "expert_2": "e2", "unit_1": "H7", "unit_2": "H8"}, kind="role")
    refused(o.reviewer, of_batch, "give", {"opinion": "justified", "words": "x"}, kind="state", occurred=o.clock[:10])
    today = o.clock[:10]
    refused(o.auditor, at, "accept", {"pledge": "false"}, basis="S4§37", occurred=today)
    act(o.auditor, at, "accept", {"pledge": "true"}, occurred=today)
    act(o.auditor, at, "give", {"opinion": "unjustified", "words": "无指征"}, occurred=today)
    refused(o.head, at, "receive", kind="needs")  # other evidence is owed
    act(o.head, at, "receive", {"support": "护理记录无相应记载"})


@test
def a_third_party_sees_and_decides_what_it_was_called_into_and_nothing_else():
    o = desk()
    ends = f"{int(o.clock[:4]) + 1}-12-31"
    for code in ("tp1", "tp2"):
        o.body(code, "third_party", "990100")
        o.record(o.contract, "third_parties", {"code": code, "name": "评估中心" + code, "kind": "quality", "credit_code": "91350100M000100Y43",
                                               "place": "990100"}, o.head)
        o.record(o.contract, "contracts", {"number": "C-" + code, "third_party": code, "scope": "申诉评估", "signed_on": "2020-01-01",
                                           "ends_on": ends, "place": "990100"}, o.head)
    expert, other = (o.hire("expert-" + code, "third.expert", body=code) for code in ("tp1", "tp2"))
    at = opened(o.auditor, "appeal")
    act(o.checker, at, "accept", {"source": "B-1", "grounds": "手术分属不同部位"})
    assert expert.get(f"/matters/{at}").status == 404 and expert.get("/matters?procedure=appeal")["items"] == []
    act(o.head, at, "assign", {"third": "tp2", "contract": "C-tp2"})
    assert other.get(f"/matters/{at}")["state"] == "assigned"
    act(o.head, at, "assign", {"third": "tp1", "contract": "C-tp1"})  # tp2 cannot: it sees the appeal no more
    assert [m["id"] for m in expert.get("/matters?procedure=appeal")["items"]] == [at]
    assert expert.get(f"/matters/{at}")["state"] == "assigned"
    refused(o.auditor, at, "give", {"opinion": "upheld", "words": "x"}, kind="role")  # the agency does not judge itself
    assert other.get(f"/matters/{at}").status == 404 and other.get("/matters?procedure=appeal")["items"] == []
    etag = expert.get(f"/matters/{at}").headers["etag"]
    early = {"step": "give", "fields": {"opinion": "upheld", "words": "x"}}
    assert other.post(f"/matters/{at}/actions", early, headers={"If-Match": etag}).status == 404
    act(expert, at, "give", {"opinion": "overturned", "words": "两次手术部位不同"})
    refused(o.head, at, "settle", {"verdict": "upheld"}, basis="S1§2.4")
    assert act(o.head, at, "settle", {"verdict": "overturned"})["final"]


@test
def a_rule_rises_only_by_reviewed_findings_and_never_by_who_proposed_it():
    o = desk()
    rules = o.auditor.get("/rules?limit=200")["items"]
    rule = rules[0]["rule"] if "rule" in rules[0] else rules[0]["id"]
    told = o.auditor.get(f"/rules/{rule}/outcomes")
    assert told.status == 200 and told["reviewed"] == 0 and told["share"] is None and told["advice"] == "too_few", told.raw
    assert o.auditor.get("/rules/no-such-rule/outcomes").status == 404
    at = opened(o.author, "rule-life", rule)
    move = {"move": "promote", "from_level": "suspected", "to_level": "certain", "version": "1", "cases_pass": "true", "reason": "确认率高"}
    refused(o.author, at, "propose", move, basis="S3§6")  # no back-test
    refused(o.author, at, "propose", {**move, "from_level": "trial", "backtest": "b1"})  # two levels at once
    refused(o.author, at, "propose", {**move, "cases_pass": "false", "backtest": "b1"})
    act(o.author, at, "propose", {**move, "backtest": "b1"})
    refused(o.author, at, "review", {"verdict": "agreed", "words": "x"}, kind="role")
    act(o.head, at, "review", {"verdict": "agreed", "words": "同意"})
    low = refused(o.releaser, at, "release", basis="S4§14")
    assert any("0" in f["message"] and "30" in f["message"] for f in low["failed"]), low.raw
    act(o.releaser, at, "refuse", {"words": "处理结果不足"})
    retire = opened(o.author, "rule-life", rule)
    act(o.author, retire, "propose", {**move, "move": "retire", "to_level": "retired"})
    act(o.head, retire, "review", {"verdict": "agreed", "words": "政策调整"})
    assert act(o.releaser, retire, "release")["final"]
    rows = o.auditor.get("/registers/rules_state/records")["items"]
    assert [(r["fields"]["rule"], r["fields"]["level"]) for r in rows] == [(rule, "retired")], rows


# ---- who reported: the last of the desk, for days go by --------------------------------------------------------------

REPORTER = {"reporter_name": "欧阳密告", "reporter_phone": "13877665544", "reporter_idcard": "11010519491231002X", "reporter_unit": "城西某院护理部"}
MARKS = [v.encode() for v in REPORTER.values()]
REPORTED = {"channel": "phone", "target_kind": "hospital", "facts": "挂床住院", "real_name": "true"}
ASKED = {"kind": "reporter", "what": "举报人联系方式", "purpose": "告知实名举报人处理结果", "asked_by": "办案人员"}


def reported_up(o, at):
    """Drafted within the hour by who found it, sent by the head, received by the bureau."""
    given = {"kind": "both", "institution": "H1", "found_on": o.clock[:10], "what": "虚假住院", "taken": "已暂停结算", "amount": "500000.00"}
    refused(o.auditor, at, "draft", {**given, "amount": None}, basis="S4§24")
    refused(o.auditor, at, "draft", {**given, "found_on": later(o.clock, 86400)[:10]}, basis="S4§24")
    refused(o.head, at, "send", {"sent_number": "报1"}, basis="S4§24")  # nothing is drafted
    act(o.auditor, at, "draft", given)
    refused(o.auditor, at, "send", {"sent_number": "报1"}, kind="role")
    act(o.head, at, "send", {"sent_number": "报1"})


@test
def what_is_grave_goes_to_the_bureau_and_from_there_upward_each_hop_with_its_receipt():
    """H-18, AC-04: a clue that was found to be grave cannot be closed without its report; late is marked."""
    o = desk()
    clue = opened(o.auditor, "alert")
    act(o.auditor, clue, "describe", {"kind": "daily", "what": "病区空床"})
    act(o.head, clue, "assign", {"assigned": o.auditor.id})
    refused(o.auditor, clue, "check", {"result": "transferred", "words": "虚假住院"}, kind="needs")  # grave or not must be said
    act(o.auditor, clue, "check", {"result": "transferred", "words": "虚假住院", "major": "true"})
    closed = act(o.head2, clue, "close")
    at, = [s["id"] for s in closed["subs"] if s["procedure"] == "report-up"]
    assert o.user.get("/matters/" + at).status == 404  # nothing of it is the institution's to see
    due, = [d for d in o.auditor.get("/matters/" + at)["deadlines"] if d["clock"] == "send"]
    assert due["due"] == later(o.clock, 86400)[:10], due  # 24 hours
    reported_up(o, at)
    refused(o.head, at, "receive", {"received_number": "收1"}, kind="role")
    act(o.bdesk, at, "receive", {"received_number": "收1"})
    refused(o.bdesk, at, "send_up", {"up_number": "上1"}, kind="role")
    refused(o.fund, at, "close", {"up_receipt": "省收1"}, kind="state", occurred=o.clock[:10])
    act(o.bhead, at, "send_up", {"up_number": "上1"})
    refused(o.fund, at, "close", {}, kind="needs", occurred=o.clock[:10])
    done = act(o.fund, at, "close", {"up_receipt": "省收1", "instructions": "限期查处"}, occurred=o.clock[:10])
    assert done["final"]
    said = {f["field"]: f["value"] for f in done["fields"]}
    assert [said[f] for f in ("sent_number", "received_number", "up_number", "up_receipt")] == ["报1", "收1", "上1", "省收1"], said
    small = opened(o.auditor, "alert")
    act(o.auditor, small, "describe", {"kind": "daily", "what": "收费单据不全"})
    act(o.head, small, "assign", {"assigned": o.auditor.id})
    act(o.auditor, small, "check", {"result": "corrected", "words": "已补", "major": "false"})
    assert not act(o.head2, small, "close")["subs"]


@test
def a_month_of_review_is_planned_by_method_and_each_check_says_where_when_and_what():
    """D-06: no plan without its four methods, no check outside of the month, no month closed on fewer without the reason."""
    o = desk()
    month = later(o.clock, 0)[:7]
    at = o.reviewer.post("/matters", {"procedure": "review-month", "subject": "ag1", "period": month})
    at = at["id"] if at.status == 201 else next(m["id"] for m in o.reviewer.get("/matters?procedure=review-month&subject=ag1&limit=50")["items"] if m["period"] == month)
    plan = {"fees": "1", "records": "1", "onsite": "1", "night": "1"}
    for method in plan:
        refused(o.reviewer, at, "plan", {**plan, method: "0"}, basis="S1§2.2")
    refused(o.head, at, "approve", kind="state")
    act(o.reviewer, at, "plan", plan)
    check = {"method": "night", "provider": "H1", "day_of": o.clock[:10], "result": "problem", "seen": "三床无人"}
    refused(o.reviewer, at, "record", check, kind="state")  # nobody has approved the plan
    refused(o.reviewer, at, "approve", kind="role")
    act(o.head, at, "approve")
    for field in check:
        refused(o.reviewer, at, "record", {k: v for k, v in check.items() if k != field}, kind="needs")
    refused(o.reviewer, at, "record", {**check, "day_of": later(o.clock, 40 * 86400)[:10]}, basis="S1§2.2")
    act(o.reviewer, at, "record", check)
    row = [r["fields"] for r in o.auditor.get("/registers/review_checks/records?limit=200")["items"] if r["fields"]["words"] == "三床无人"]
    assert [(r["method"], r["provider"], r["day"], r["result"]) for r in row] == [("night", "H1", o.clock[:10], "problem")], row
    refused(o.head, at, "close", {"why_fewer": "月末未到"}, basis="S1§2.2")  # the month is not over
    year, number = int(month[:4]), int(month[5:])
    o.at(f"{year + number // 12}-{number % 12 + 1:02d}-01 09:00:00")
    few = refused(o.head, at, "close", basis="S1§2.2")
    assert "night rounds 1 of 1" in few["failed"][0]["message"] and "on-site checks 0 of 1" in few["failed"][0]["message"], few.raw
    for method in ("fees", "records", "onsite"):
        act(o.auditor, at, "record", {**check, "method": method})
    assert act(o.head, at, "close")["final"]


@test
def what_is_done_after_its_time_stands_in_the_report_with_its_reason_and_what_is_owed_is_there_too():
    """D-13, D-14, Y-05: the limits are the public ones, the ends those the matters were counted by; in time is not in it."""
    o = desk()
    take = {"kind": "reimbursement", "about": "异地急诊", "applied_on": o.clock[:10], "claimed": "1000.00", "complete": "true"}
    check = {"amount": "800.00", "fund": "390", "record_seen": "true", "record_words": "病历与费用一致", "verify": "no"}

    def taken(person):
        at = opened(o.window, "benefit-claim", person)
        act(o.window, at, "take_in", take)
        return at, act(o.checker, at, "check", check)["deadlines"]

    def overruns(person=o.finance, **asked):
        answer = person.get("/overruns?" + urllib.parse.urlencode({"procedure": "benefit-claim", **asked}))
        assert answer.status == 200, answer.raw
        return {one["matter"]: one for one in answer["items"]}
    (slow, deadlines), (owed, _), (good, _) = taken("P-11"), taken("P-12"), taken("P-13")
    due, = [d["due"] for d in deadlines if d["clock"] == "decide"]
    limits = [one for one in o.nobody().get("/public/time-limits?place=990100")["items"] if (one["procedure"], one["clock"]) == ("benefit-claim", "decide")]
    length, = [d["length"] for d in deadlines if d["clock"] == "decide"]
    assert (limits[0]["length"], length) == ("30 wd", "30 个工作日"), (limits, length)
    act(o.head, good, "decide", {"result": "granted", "reasons": "符合规定"})
    assert not {slow, owed, good} & set(overruns())
    o.at(due + " 23:59:30")  # the last day is in time
    assert not {slow, owed, good} & set(overruns())
    over = later(due + " 09:00:00", 3 * 86400)
    o.at(over)
    until(lambda: {slow, owed} <= set(overruns()))
    one = overruns()[slow]
    assert (one["due"], one["done"], one["days_late"], one["step"], one["basis"]) == (due, None, 3, "decide", "社会保险经办条例第二十条"), one
    assert good not in overruns()
    assert not overruns(**{"from": later(over, -86400)[:10]}) and not overruns(to=later(due + " 09:00:00", -86400)[:10])
    assert not overruns(o.stranger) and not overruns(o.user)  # whose they are not
    for bad in ("from=x", "to=2026-02-30"):
        assert o.finance.get("/overruns?" + bad).status == 400
    refused(o.head, slow, "decide", {"result": "granted", "reasons": "符合规定"}, kind="time")  # late asks why
    act(o.head, slow, "decide", {"result": "granted", "reasons": "符合规定"}, why="外地核实未回")
    act(o.finance, slow, "pay", {"bank_row": "BR-11"})
    o.at(later(over, 86400))
    one, other = overruns()[slow], overruns()[owed]
    assert (one["done"], one["days_late"], one["reason"]) == (over[:10], 3, "外地核实未回"), one
    assert (other["done"], other["days_late"], other["reason"]) == (None, 4, ""), other


def keepers(o):
    """The desk with a bureau that keeps who reported, and a bureau elsewhere that keeps its own."""
    if not hasattr(o, "keeper1"):
        o.body("gov9", "bureau", "990101")
        for name, role, body in (("keeper1", "bureau.sealed_holder", "gov"), ("keeper2", "bureau.sealed_holder", "gov"),
                                 ("keeper3", "bureau.sealed_holder", "gov"), ("keeper9", "bureau.sealed_holder", "gov9"),
                                 ("bchief", "bureau.chief", "gov"), ("hhead", "institution.head", "h1"), ("officer2", "bureau.officer", "gov")):
            setattr(o, name, o.hire(name, role, body=body))
    return o


def reported(o, subject="H1", **more):
    """A report that the desk wrote down; without a name of who made it when that is wanted."""
    at = opened(o.bdesk, "report", subject)
    done = act(o.bdesk, at, "receive", {**REPORTED, **more, **(REPORTER if more.get("real_name") != "false" else {})})
    assert not [m for m in MARKS if m in done.raw], done.raw
    return done


def granted(o, number, days=3, **more):
    """An unseal that the bureau's head has agreed to."""
    at = opened(o.officer, "unseal", number)
    act(o.officer, at, "ask", {**ASKED, "matter": number, **more})
    until_day = later(o.clock, days * 86400)[:10]
    act(o.bhead, at, "grant", {"result": "granted", "holders": "保管人甲\n保管人乙", "until": until_day, "why": "必要"})
    return at


def unsealed(person, at, want=200):
    answer = person.post(f"/matters/{at}/unsealed")
    assert answer.status == want, (answer.status, answer.raw.decode())
    return answer


@test
def holders_open_only_what_they_hold_and_for_a_purpose_that_says_something():
    o = keepers(desk())
    report = reported(o)
    anonymous = reported(o, real_name="false")
    assert anonymous["seals"][0]["laid"] is False, anonymous.raw
    for number in (anonymous["number"], "M-404", opened(o.officer, "assistance", "M-1")):
        at = granted(o, number)
        refused(o.keeper1, at, "open_two", kind="needs")  # nothing is sealed there
    blank = granted(o, report["number"], purpose="。。。。")
    act(o.keeper1, blank, "open_two")
    act(o.keeper2, blank, "open_two")
    assert unsealed(o.keeper1, blank, want=422).raw.count(b"purpose")  # what says nothing is no purpose
    other = opened(o.auditor, "unseal", report["number"])  # the agency has nobody who could open it, and is told at once
    refused(o.auditor, other, "ask_agency", {**ASKED, "matter": report["number"]}, basis="S4§45")
    refused(o.auditor, other, "ask", {**ASKED, "matter": report["number"]}, kind="role")
    act(o.auditor, other, "ask_agency", {**ASKED, "matter": report["number"], "kind": "personal"})
    act(o.head, other, "grant", {"result": "granted", "holders": "x", "until": "2099-01-01", "why": "y"})
    for person in (o.keeper1, o.control):
        refused(person, other, "open_two", kind="role")
    assert act(o.control, other, "open_one")["state"] == "opened" and "kind" not in kinds(unsealed(o.control, other, want=409))
    about_me = reported(o, subject=o.keeper3.id, target_kind="agency_staff")  # who is reported never reads by whom
    mine = granted(o, about_me["number"])
    refused(o.keeper3, mine, "open_two", kind="tie")
    bad = opened(o.bdesk, "report")
    answer = refused(o.bdesk, bad, "receive", {**REPORTED, **REPORTER, "reporter_phone": "one-three-eight"}, kind="needs")
    assert b"one-three" not in answer.raw, answer.raw
    refused(o.bdesk, bad, "receive", {**REPORTED, "reporter_phone": REPORTER["reporter_phone"]}, kind="needs")  # a phone without a name
    refused(o.bdesk, bad, "receive", {**REPORTED, "facts": None, **REPORTER}, kind="needs")
    made = o.bdesk.post("/matters", {"procedure": "report", "subject": "H1", "fields": REPORTER})
    assert made.status == 409, made.raw  # nothing sealed comes in but by the step that lays it


@test
def what_waits_for_others_is_what_one_took_a_step_of_and_they_go_on_with():
    o = keepers(desk())
    report = reported(o)
    at = opened(o.officer, "unseal", report["number"])
    waits = lambda person: {m["id"]: m["waits_for"] for m in person.get("/work")["others"]}
    assert at not in waits(o.officer)  # to ask is still his
    act(o.officer, at, "ask", {**ASKED, "matter": report["number"]})
    assert waits(o.officer)[at] == ["Head of section", "Head of division"], waits(o.officer)
    assert at not in waits(o.officer2) and at not in waits(o.bhead)  # took no step; it waits for him
    assert at not in waits(o.stranger) and at not in waits(o.user)
    act(o.bhead, at, "grant", {"result": "refused", "holders": "x", "until": later(o.clock, 86400)[:10], "why": "理由不足"})
    assert at not in waits(o.officer) and at not in waits(o.bhead)  # over


def sealed_part(o, matter):
    """Where the sealed part of a matter lies: the one record of it."""
    if o.database:
        sql = f"select distinct encode(record_id, 'hex') from st_record where register = 'sealed_parts' and key like '{matter}|%'"
        found = subprocess.run(["psql", "-At", "-c", sql], capture_output=True, text=True, check=True).stdout.split()
    else:
        found = [r[0] for r in sqlite3.connect(o.data / "shouhu.db").execute(
            "select distinct lower(hex(record_id)) from st_record where register = 'sealed_parts' and key like ?", (matter + "|%",))]
    one, = found
    return one


@test
def nobody_but_two_holders_ever_sees_who_reported():
    o = keepers(desk())
    at = opened(o.bdesk, "report")
    shown = o.bdesk.get("/matters/" + at)
    report = o.bdesk.post(f"/matters/{at}/actions", {"step": "receive", "fields": {**REPORTED, **REPORTER}},
                          headers={"If-Match": shown.headers["etag"], "Idempotency-Key": "told-once"})
    assert report.status == 200, report.raw
    act(o.officer, at, "take", {"taken": "accepted"})
    act(o.officer, at, "check", {"checked": "核查属实"})
    act(o.bhead, at, "decide", {"filing": "filed", "filing_why": "属实", "case_number": "案1"})
    opening = granted(o, report["number"])
    papers_draw(o, o.bhead, o.bhead.get("/matters/" + opening))
    act(o.keeper1, opening, "open_two")
    act(o.keeper2, opening, "open_two")
    unsealed(o.keeper1, opening)
    refused(o.officer, at, "close", basis="医保局令第5号第十二条")
    act(o.keeper1, at, "tell", {"told": "电话告知"})
    paths = [f"/matters/{at}", f"/matters/{opening}", f"/matters/{at}/proof", f"/matters/{opening}/proof", "/matters?limit=200",
             "/matters?procedure=report&limit=200", "/work", "/access-log?limit=200", "/changes", "/registers/sealed_parts/records",
             "/registers/sealed_parts/export?format=csv", "/registers/matters/records", "/procedures/report", "/people?limit=200"]
    sealed_record = sealed_part(o, at)
    paths += [f"/journal/bundle?ids={sealed_record}", f"/journal/bundle?id={sealed_record}", f"/registers/sealed_parts/records/{sealed_record}"]
    why = {"X-Purpose": urllib.parse.quote("核对举报人身份")}
    for person in (*o.people().values(), o.admin, o.boss):
        for path in paths:
            answer = person.get(path, headers=why)
            assert not [m for m in MARKS if m in answer.raw], (person.login, path)
    for person in (o.user, o.hhead, o.auditor, o.chief, o.stranger, o.keeper9):  # whom it is about is no party; nor is another body of the city
        assert person.get("/matters/" + at).status == 404 and person.get("/matters?procedure=report")["items"] == [], person.login
    o.run("backup", "--to", str(o.dir / "backup"))
    o.run("journal", "export", "--out", str(o.dir / "bundle"))
    o.stop()
    kept = [f for folder in (o.dir, *([pathlib.Path(os.environ["CHECK_PG"])] if o.database else [])) for f in folder.rglob("*") if f.is_file()]
    assert len(kept) > 10, kept
    held = [(f.name, m.decode()) for f in kept for m in MARKS if m in f.read_bytes()]
    assert not held, held  # database, write-ahead log, files, log, backup, bundle
    assert o.run("journal", "verify", "--deep").strip().endswith("sound")
    o.at(later(o.clock, 60))
    unsealed(o.keeper2, opening)
    o.run("journal", "erase", "--record", sealed_record, "--reason", "本人申请")
    assert "needs" in kinds(unsealed(o.keeper2, opening, want=409))  # what is erased is there for nobody
    assert o.keeper2.get("/matters/" + at)["seals"][0]["laid"] is False


@test
def who_reported_is_opened_by_two_holders_together_for_a_purpose_and_in_time():
    o = keepers(desk())
    report = reported(o)
    assert report["seals"] == [{"seal": "reporter", "name": "Who reported", "laid": True}], report.raw
    at = opened(o.officer, "unseal", report["number"])
    ask = {**ASKED, "matter": report["number"]}
    refused(o.officer, at, "ask", {k: v for k, v in ask.items() if k != "purpose"}, kind="needs")
    act(o.officer, at, "ask", ask)
    unsealed(o.keeper1, at, want=409)
    refused(o.officer, at, "grant", {"result": "granted", "holders": "a", "until": o.clock[:10], "why": "y"}, kind="role")
    papers_draw(o, o.bhead, act(o.bhead, at, "grant", {"result": "granted", "holders": "保管人甲\n保管人乙", "until": o.clock[:10], "why": "必要"}))
    refused(o.bchief, at, "open_one", basis="S4§45")  # a leader opens no reporter
    for leader in (o.bchief, o.bhead, o.officer, o.bdesk):
        refused(leader, at, "open_two", kind="role")
    act(o.keeper1, at, "open_two")
    assert o.keeper1.get("/matters/" + at)["state"] == "granted"  # one holder opens nothing
    assert "state" in kinds(unsealed(o.keeper1, at, want=409))
    refused(o.keeper1, at, "open_two", kind="separation")  # nobody signs for another
    opened_ = act(o.keeper2, at, "open_two")
    assert opened_["state"] == "opened" and opened_["unsealed"] == {"allowed": True, "failed": []}, opened_.raw
    for keeper in (o.keeper1, o.keeper2):
        read = unsealed(keeper, at)
        assert {f["field"]: f["value"] for f in read["fields"]} == REPORTER and read["matter"] == report["number"], read.raw
    for person, why in ((o.keeper3, "holds"), (o.bchief, "holds"), (o.bhead, "holds"), (o.officer, "holds"), (o.bdesk, "holds")):
        answer = unsealed(person, at, want=409)  # a holder too, but not one of the two; leaders, and who asked
        assert why in kinds(answer) and not [m for m in MARKS if m in answer.raw], answer.raw
    for person in (o.keeper9, o.hhead, o.user):
        unsealed(person, at, want=404)
    log, page = [], o.boss.get("/access-log?limit=200")
    while log.extend(page["items"]) or page["next"]:
        page = o.boss.get("/access-log?limit=200&after=" + page["next"])
    read = [(r["person"], r["purpose"]) for r in log if r["kind"] == "unsealed" and r["record"] == report["id"]]
    assert sorted(read) == sorted([(o.keeper1.id, ASKED["purpose"]), (o.keeper2.id, ASKED["purpose"])]), read  # of one second
    assert not [m for m in MARKS if m in str(log).encode()]
    assert any(r["kind"] == "refused" and r["person"] == o.keeper3.id for r in log), log
    o.at(later(o.clock, 86400))  # the last day is over
    assert "time" in kinds(unsealed(o.keeper1, at, want=409))
    act(o.keeper1, at, "close", {"looked": "姓名、电话"})
    assert "state" in kinds(unsealed(o.keeper2, at, want=409))
    late = granted(o, report["number"])
    act(o.keeper1, late, "open_two")
    o.at(later(o.clock, 4 * 86400))
    refused(o.keeper2, late, "open_two", basis="S4§38")
    personal = opened(o.auditor, "unseal", "M-8")
    act(o.auditor, personal, "ask_agency", {**ASKED, "matter": "M-8", "kind": "personal"})
    act(o.head, personal, "grant", {"result": "granted", "holders": "内控员", "until": later(o.clock, -86400)[:10], "why": "x"})
    refused(o.control, personal, "open_one", basis="S4§38")


def main():
    matters.SHOUHU = sys.argv[1]
    matters.TESTS[:] = TESTS
    matters.Shared = Shared
    try:
        return matters.main()
    finally:
        for office in (Shared.city, Other.desk):
            if office:
                office.__exit__()


if __name__ == "__main__":
    sys.exit(main())
