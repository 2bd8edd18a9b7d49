#!/usr/bin/env python3
"""Procedures driven through the API, as the office works and as somebody would break it. Prints TAP.
usage: matters.py SHOUHU [NAME …]"""
import re
import sys
import time
import traceback

from client import Office, Person

SHOUHU = None
TESTS = []
CLOCK = "2026-03-02 09:00:00"  # a Monday


def test(function):
    TESTS.append(function)
    return function


class City(Office):
    """The demo city 990100: a bureau, an agency, a hospital, and everybody who acts in the review loop."""

    def add(self, login, role, body="gov", name="测试甲", kind="bureau", place="990100"):
        return super().add(login, role, body, name, kind, place)

    def __enter__(self):
        super().__enter__()
        self.body("ag1", "agency", "990100")
        self.body("ag9", "agency", "990101")
        self.body("h1", "institution", "990100")
        for name, role, body in (("auditor", "agency.auditor", "ag1"), ("checker", "agency.checker", "ag1"),
                                 ("reviewer", "agency.reviewer", "ag1"), ("head", "agency.head", "ag1"),
                                 ("finance", "agency.finance", "ag1"), ("contract", "agency.contract", "ag1"),
                                 ("chief", "agency.chief", "ag1"), ("member1", "agency.panel", "ag1"),
                                 ("member2", "agency.panel", "ag1"), ("user", "institution.user", "h1"),
                                 ("fund", "bureau.fund", "gov"), ("bhead", "bureau.head", "gov"),
                                 ("stranger", "agency.auditor", "ag9"), ("control", "agency.control", "ag1")):
            setattr(self, name, self.hire(name, role, body=body))
        self.hospital("H1", "h1")
        for person, seat in ((self.chief, "chief"), (self.member1, "member"), (self.member2, "deputy")):
            self.record(self.panel_editor(), "panel_members", {"body": "ag1", "panel": "agency", "person": person.id, "seat": seat,
                                                               "place": "990100"}, self.panel_approver())
        return self

    def panel_editor(self):
        return self.head

    def panel_approver(self):
        return self.chief

    def record(self, editor, register, fields, approver=None):
        made = editor.post(f"/registers/{register}/records", {"why": "test", "fields": fields})
        assert made.status in (201, 202), made.raw
        if made.status == 202:
            done = approver.post(f"/changes/{made['change']}/approval", {})
            assert done.status == 200, done.raw
        return made

    def hospital(self, code, body):
        self.record(self.contract, "institutions", {"code": code, "name": "医院" + code, "body": body, "kind": "hospital",
                                                    "place": "990100", "agency": "ag1", "grid": "g1"}, self.head)

    def at(self, clock):
        """The same office at another time: the server restarted under another clock. Sessions end, people come back."""
        self.stop()
        self.clock = clock
        self.start()
        for person in vars(self).values():
            if isinstance(person, Person) and person.secret:
                self.back(person)

    def back(self, person):
        from client import factor
        answer = person.sign_in(person.password, factor(person.secret, self.now()))
        assert answer.status == 200, (person.login, answer.raw)


def act(person, matter, step, fields=None, want=200, **more):
    """Take a step on the newest version."""
    shown = person.get("/matters/" + matter)
    assert shown.status == 200, (step, shown.raw)
    body = {"step": step, **more}
    if fields:
        body["fields"] = fields
    answer = person.post(f"/matters/{matter}/actions", body, headers={"If-Match": shown.headers["etag"]})
    assert answer.status == want, (step, answer.status, answer.raw.decode())
    return answer


def kinds(answer):
    return {f["kind"] for f in answer["failed"]}


PROPOSAL = {"facts": "多收床位费", "evidence": "病历与清单", "clause": "协议第二十条", "source": "B-1", "measure": "recover",
            "severity": "normal", "amount": "1200.00", "fund": "390"}


def proposed(o, **more):
    made = o.auditor.post("/matters", {"procedure": "breach-decision", "subject": "H1"})
    assert made.status == 201, made.raw
    return made["id"]


def serve(o, matter, day="2026-03-02"):
    """Every open paper of a matter is served by hand."""
    for sub in o.auditor.get(f"/matters?parent={matter}&procedure=service&state=open")["items"]:
        act(o.auditor, sub["id"], "hand", {"way": "direct", "receipt": "R-1"}, occurred=day)


class Shared:
    city = None


def city():
    if not Shared.city:
        Shared.city = City(SHOUHU, clock=CLOCK)
        Shared.city.__enter__()
    return Shared.city


@test
def a_breach_is_noticed_heard_decided_filed_and_the_money_comes_back():
    o = city()
    matter = proposed(o)
    noticed = act(o.auditor, matter, "notify", PROPOSAL)
    assert noticed["state"] == "notified" and len(noticed["papers"]) == 1, noticed.raw
    assert re.fullmatch(r"医保违告〔2026〕ag1-\d+号", noticed["papers"][0]["number"])
    early = act(o.user, matter, "answer", {"answer": "waived"}, want=409)
    assert kinds(early) == {"needs"}, early.raw  # not served yet
    serve(o, matter)
    shown = o.user.get("/matters/" + matter)
    clock = [d for d in shown["deadlines"] if d["clock"] == "defence"][0]
    assert (clock["state"], clock["due"], clock["member"]) == ("running", "2026-03-09", "H1"), clock
    heard = act(o.user, matter, "answer", {"answer": "defended", "defence": "床位已减"})
    assert heard["state"] == "heard"
    early = act(o.head, matter, "decide", want=409)
    assert [f["basis"] for f in early["failed"]] == ["S4§22"], early.raw
    act(o.checker, matter, "recheck", {"result": "不成立", "stands": "false"})
    heavier = act(o.head, matter, "decide", {"amount": "1200.01"}, want=409)
    assert kinds(heavier) == {"guard"} and heavier["failed"][0]["basis"].startswith("行政处罚法"), heavier.raw
    decided = act(o.head, matter, "decide", {"amount": "1100.00"})
    assert decided["state"] == "decided"
    subs = {s["procedure"]: s for s in decided["subs"] if s["state"] != "served"}
    assert set(subs) == {"service", "filing", "recovery"}, subs
    assert subs["filing"]["due"] == "2026-03-05" and subs["filing"]["body"] in ("ag1", "gov")
    early = act(o.auditor, matter, "close", want=409)
    assert kinds(early) == {"guard"}
    serve(o, matter)
    act(o.bhead, subs["filing"]["id"], "file", {"filed_number": "F-1"})
    money = subs["recovery"]["id"]
    act(o.auditor, money, "notify")
    serve(o, money)
    short = act(o.finance, money, "settle", {"paid": "1099.99", "bank_row": "BR-1", "way": "paid"}, want=409)
    assert kinds(short) == {"guard"} and "1100.00" in short["failed"][0]["message"]
    act(o.finance, money, "settle", {"paid": "1100.00", "bank_row": "BR-1", "way": "paid"})
    closed = act(o.auditor, matter, "close")
    assert closed["final"] and closed["state"] == "closed"
    rows = o.auditor.get("/registers/decisions/records")["items"]
    assert [r["fields"]["amount"] for r in rows if r["fields"]["source"] == "B-1"] == ["1100.00"], rows
    steps = [t["step"] for t in closed["timeline"]]
    assert steps == ["open", "notify", "served.breach_notice", "answer", "recheck", "decide", "served.breach_decision", "close"], steps


@test
def what_the_wrong_person_does_is_refused_with_reasons_and_kept():
    o = city()
    matter = proposed(o)
    refused = act(o.checker, matter, "notify", PROPOSAL, want=409)
    assert kinds(refused) == {"role"}, refused.raw
    assert o.stranger.get("/matters/" + matter).status == 404
    assert o.stranger.post(f"/matters/{matter}/actions", {"step": "notify"}, headers={"If-Match": '"v1"'}).status == 404
    assert all(m["id"] != matter for m in o.stranger.get("/matters")["items"])
    noted = [a for a in o.boss.get("/access-log?limit=200")["items"] if a["record"] == matter]
    assert noted and noted[0]["kind"] == "refused" and noted[0]["person"] == o.checker.id, (noted, o.checker.id)
    missing = act(o.auditor, matter, "notify", {"facts": "x"}, want=409)
    assert len([f for f in missing["failed"] if f["kind"] == "needs"]) == 7, missing.raw  # all, not the first
    act(o.auditor, matter, "nosuch", want=409)
    act(o.auditor, matter, "notify", {**PROPOSAL, "amount": "1,2"}, want=409)
    act(o.auditor, matter, "notify", {**PROPOSAL, "defence": "not of this step"}, want=409)
    stale = o.auditor.post(f"/matters/{matter}/actions", {"step": "notify", "fields": PROPOSAL}, headers={"If-Match": '"v7"'})
    assert stale.status == 412
    assert o.auditor.get("/matters/" + matter)["version"] == 1


@test
def fifty_thousand_needs_the_panel_and_one_fen_more_shuts_its_gate():
    o = city()
    matter = proposed(o)
    act(o.auditor, matter, "notify", {**PROPOSAL, "source": "B-2", "amount": "50000.00"})
    serve(o, matter)
    act(o.user, matter, "answer", {"answer": "waived"})
    refused = act(o.head, matter, "decide", want=409)
    assert kinds(refused) == {"gate"} and refused["failed"][0]["basis"] == "S4§21", refused.raw
    for person in (o.chief, o.member1):
        act(person, matter, "gate.panel", {"opinion": "agree"})
    few = act(o.head, matter, "decide", want=409)
    assert kinds(few) == {"gate"} and "2" in few["failed"][0]["message"], few.raw
    act(o.auditor, matter, "gate.panel", {"opinion": "agree"}, want=409)  # no member
    act(o.member2, matter, "gate.panel", {"opinion": "disagree", "words": "过重"})
    changed = act(o.head, matter, "decide", {"amount": "49999.99"}, want=None if False else 200)
    assert changed["state"] == "decided"  # below the threshold the panel is not owed
    # the same amount again, of the same source: what was decided before counts
    second = proposed(o)
    act(o.auditor, second, "notify", {**PROPOSAL, "source": "B-2", "amount": "0.01"})
    serve(o, second)
    act(o.user, second, "answer", {"answer": "waived"})
    split = act(o.head, second, "decide", want=409)
    assert kinds(split) == {"gate"}, split.raw
    for person in (o.chief, o.member1, o.member2):
        act(person, second, "gate.panel", {"opinion": "agree"})
    shown = o.head.get("/matters/" + second)
    assert shown["gates"][0]["open"] and shown["gates"][0]["needed"]
    assert act(o.head, second, "decide")["state"] == "decided"


def main():
    global SHOUHU
    SHOUHU = sys.argv[1]
    chosen = [t for t in TESTS if not sys.argv[2:] or t.__name__ in sys.argv[2:]]
    print(f"1..{len(chosen)}")
    failed = 0
    for number, function in enumerate(chosen, 1):
        began = time.time()
        try:
            function()
            print(f"ok {number} {function.__name__} # {time.time() - began:.1f} s", flush=True)
        except Exception:  # noqa: BLE001: a test may fail in any way
            failed += 1
            print(f"not ok {number} {function.__name__}", flush=True)
            print("".join("# " + line for line in traceback.format_exc().splitlines(True)), flush=True)
    if Shared.city:
        Shared.city.__exit__()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
