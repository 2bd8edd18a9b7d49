#!/usr/bin/env python3
"""Re-review, meetings, changes, claims of persons and the other procedures of the office, driven through the API as the
office works and as somebody would break them. Prints TAP. usage: review.py SHOUHU [NAME …]"""
import hashlib
import pathlib
import re
import subprocess
import sys
import time

import matters
from matters import City, act, bulk, fen, items, kinds, load

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


class Shared:
    city = lake = None
    periods = []


def city():
    if not Shared.city:
        Shared.city = Big(matters.SHOUHU, clock=CLOCK)
        Shared.city.__enter__()
    return Shared.city


def fields(matter):
    return {f["field"]: f["value"] for f in matter["fields"]}


def certify(o, batch):
    """The first review of a batch, as far as its certificate."""
    own = items(o.reviewer, matter=batch)
    if own:
        bulk(o.reviewer, "screen", own, {"screened": "send"})
    act(o.reviewer, batch, "count", {"lines_received": "100", "lines_run": "100", "not_evaluated": "0", "received": "9000000.00",
                                     "clean": "1.00", "fund": "390"})
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
    time.sleep(1)
    assert o.again.get("/matters/" + at)["state"] == "void"
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
    refused = bulk(text, "judge", items(text, matter=at)[:1], {"verdict": "right", "evidence": "病历"})
    assert refused["n"] == 0 and "body" in kinds(refused["refused"][0]), refused.raw


def main():
    matters.SHOUHU = sys.argv[1]
    matters.TESTS[:] = TESTS
    matters.Shared = Shared
    return matters.main()


if __name__ == "__main__":
    sys.exit(main())
