#!/usr/bin/env python3
"""Procedures driven through the API, as the office works and as somebody would break it. Prints TAP.
usage: matters.py SHOUHU [NAME …]"""
import collections
import copy
import csv
import datetime
import hashlib
import json
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse

import yaml

from client import ROOT, Office, Person, changed_rows_are_named, factor

SHOUHU = None
TESTS = []
CLOCK = "2026-03-02 09:00:00"  # a Monday


def test(function):
    TESTS.append(function)
    return function


class Colleague(Person):
    """Signs in again when he is next needed: sessions end with the server."""
    away = False

    def ask(self, method, path, body=None, **more):
        if self.away:
            self.away = False
            answer = self.sign_in(self.password, factor(self.secret, self.server.now()))
            assert answer.status == 200, (self.login, answer.raw)
        return super().ask(method, path, body, **more)


class City(Office):
    """The demo city 990100: a bureau, an agency, a hospital, and everybody who acts in the review loop."""

    def person(self, login):
        return Colleague(self, login)

    def people(self):
        return {name: value for name, value in vars(self).items() if isinstance(value, Colleague) and value.secret}

    def copy(self, clock):
        """This office, stopped, as another of its own: what happens in one is not seen in the other."""
        other = City(self.program, clock=clock)
        shutil.copytree(self.dir, other.dir, dirs_exist_ok=True)
        for name, person in self.people().items():
            twin = copy.copy(person)
            twin.server, twin.away = other, True
            setattr(other, name, twin)
        return other.start()

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

    def hospital(self, code, body, place="990100", agency="ag1"):
        self.record(self.contract, "institutions", {"code": code, "name": "医院" + code, "body": body, "kind": "hospital",
                                                    "place": place, "agency": agency, "grid": "g1"}, self.head)

    def at(self, clock):
        """The same office at another time: the server restarted under another clock. Sessions end, people come back."""
        self.stop()
        self.clock = clock
        self.start()
        for person in self.people().values():
            person.away = True


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


EXAMINED = {"examined_on": "2026-03-02", "examined_at": "一号会议室", "examiners": "测试内控|内控|同意\n测试财务|财务|同意\n测试协议|协议|同意",
            "examination": "事实清楚，证据充分", "handling": "handle"}


def examined(o, matter, **more):
    """The agency's sections have looked at the problem together."""
    for person in (o.control, o.finance, o.contract):
        done = act(person, matter, "examine", {**EXAMINED, **more})
    return done


def serve(o, matter, day="2026-03-02"):
    """Every open paper of a matter is served by hand."""
    for sub in o.auditor.get(f"/matters?parent={matter}&procedure=service&state=open")["items"]:
        act(o.auditor, sub["id"], "hand", {"way": "direct", "receipt": "R-1"}, occurred=day)


MINUTED = {"held_on": "2026-03-02", "held_at": "二号会议室", "chair": "主任", "recorder": "测试记录", "report": "拟处理意见的汇报",
           "roster": "主任|主要负责人|到会|\n甲|成员|到会|\n乙|副职|到会|", "opinions": "主任|同意|\n甲|同意|\n乙|同意|", "dissent": "无"}


def discussed(o, matter, gate="panel", opinions=("agree", "agree", "agree")):
    """The panel has spoken of the present text and signed its minutes."""
    for person, opinion in zip((o.chief, o.member1, o.member2), opinions):
        act(person, matter, "gate." + gate, {"opinion": opinion})
    for person in (o.chief, o.member1, o.member2):
        done = act(person, matter, "minute", MINUTED)
    return done


class Shared:
    first = None  # an office where nothing has happened yet, stopped
    lake = None
    own = []  # offices of the test under way


def city():
    """An office of one's own, a minute after the first was opened."""
    if not Shared.first:
        Shared.first = City(SHOUHU, clock=CLOCK)
        Shared.first.__enter__()
        Shared.first.stop()
    Shared.own.append(Shared.first.copy("2026-03-02 09:01:00"))
    return Shared.own[-1]


def leave():
    while Shared.own:
        Shared.own.pop().__exit__()


@test
def a_breach_is_noticed_heard_decided_filed_and_the_money_comes_back():
    o = city()
    matter = proposed(o)
    noticed = act(o.auditor, matter, "notify", PROPOSAL)
    assert noticed["state"] == "notified" and len(noticed["papers"]) == 1, noticed.raw
    assert re.fullmatch(r"医保违告〔2026〕ag1-\d+号", noticed["papers"][0]["number"])
    at = f"/matters/{matter}/papers/"
    drawn = o.auditor.get(at + noticed["papers"][0]["id"])
    assert drawn.status == 200 and drawn.raw.startswith(b"%PDF-"), drawn.raw[:500]
    assert drawn.raw == o.auditor.get(at + noticed["papers"][0]["id"]).raw  # the same bytes
    assert o.auditor.get(at + "0" * 32).status == 404
    early = act(o.user, matter, "answer", {"answer": "waived"}, want=409)
    assert kinds(early) == {"needs"}, early.raw  # not served yet
    serve(o, matter)
    shown = o.user.get("/matters/" + matter)
    clock = [d for d in shown["deadlines"] if d["clock"] == "defence"][0]
    assert (clock["state"], clock["due"], clock["member"]) == ("running", "2026-03-09", "H1"), clock
    heard = act(o.user, matter, "answer", {"answer": "defended", "defence": "床位已减"})
    assert heard["state"] == "heard"
    early = act(o.head, matter, "decide", want=409)
    assert [f["basis"] for f in early["failed"]] == ["S4§22", "S2§4.4"], early.raw
    act(o.checker, matter, "recheck", {"result": "不成立", "stands": "false"})
    examined(o, matter)
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
    unseen = act(o.bhead, subs["filing"]["id"], "file", {"filed_number": "F-1"}, want=409)
    assert [f["basis"] for f in unseen["failed"]] == ["S4§24"], unseen.raw  # the bureau of the same level looks first
    act(o.fund, subs["filing"]["id"], "review")
    act(o.bhead, subs["filing"]["id"], "file", {"filed_number": "F-1"})
    filed = [r["fields"] for r in o.auditor.get("/registers/filings/records")["items"]]
    assert [f["filed_on"] for f in filed if f["filed_number"] == "F-1"] == ["2026-03-02"], filed
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
    assert steps == ["open", "notify", "served.breach_notice", "answer", "recheck", "examine", "decide", "served.breach_decision", "close"], steps


@test
def papers_are_drawn_once_and_kept_and_files_have_a_custody():
    o = city()
    matter = proposed(o)
    act(o.auditor, matter, "notify", PROPOSAL)
    paper = o.auditor.get("/matters/" + matter)["papers"][0]
    assert paper["drawn"] and re.fullmatch("[0-9a-f]{64}", paper["hash"]), paper
    at = f"/matters/{matter}/attachments"
    refused = o.auditor.post(at + "?name=a.pdf", raw=b"scan")
    assert refused.status == 409 and refused["failed"][0]["field"] == "source", refused.raw
    made = o.auditor.post(at + "?name=a.pdf&source=ward", raw=b"scan", headers={"Content-Type": "application/octet-stream"})
    assert made.status == 201, made.raw
    file = made["attachments"][0]
    assert o.auditor.get(f"{at}/{file['id']}").raw == b"scan"
    got = o.head.get(f"{at}/{file['id']}")
    assert got.headers["content-disposition"] == "attachment" and got.headers["content-type"] == "application/octet-stream"
    assert o.user.get(f"{at}/{file['id']}").status == 404  # the office's own
    assert o.stranger.get(f"{at}/{file['id']}").status == 404
    assert o.stranger.post(at + "?name=b&source=c", raw=b"x").status == 404
    shown = o.auditor.get("/matters/" + matter)
    assert [c["what"] for c in shown["attachments"][0]["custody"]] == ["added", "opened", "opened"], shown.raw
    said = o.checker.post(f"/matters/{matter}/comments", {"words": "核对床位数"})
    assert said.status == 201 and said["comments"][0]["words"] == "核对床位数", said.raw
    theirs = o.user.get("/matters/" + matter)
    assert theirs["comments"] == [] and theirs["attachments"] == [], theirs.raw
    assert said["inside"] is True and theirs["inside"] is False
    assert said["comments"][0]["role_name"] == "Checker", said.raw
    assert {"Agency auditor"} <= {t["role_name"] for t in said["timeline"]} and not any("." in t["role_name"] for t in said["timeline"])
    assert o.user.post(f"/matters/{matter}/comments", {"words": "x"}).status == 404


@test
def what_is_erased_of_a_matter_is_in_no_row_file_or_answer():
    o = city()
    matter = proposed(o)
    name, source, words, content = "欧阳遗忘之病历.pdf", "遗忘科三号床", "遗忘者口述床位", "遗忘之扫描件" * 20
    at = f"/matters/{matter}/attachments"
    put = f"{at}?name={urllib.parse.quote(name)}&source={urllib.parse.quote(source)}"
    made = o.auditor.post(put, raw=content.encode(), headers={"Content-Type": "application/octet-stream", "Idempotency-Key": "gone"})
    assert made.status == 201, made.raw
    file = made["attachments"][0]
    said = o.checker.post(f"/matters/{matter}/comments", {"words": words}, headers={"Idempotency-Key": "gone"})
    assert said.status == 201 and words in said.raw.decode(), said.raw
    markers = [text.encode() for text in (name, source, words, content[:12], file["hash"])]

    def holding():
        return {(f.name, m.decode()) for f in o.dir.rglob("*") if f.is_file() for m in markers if m in f.read_bytes()}
    assert {m for _, m in holding()} >= {name, source, words}  # the search finds what is there
    comment, = [r[0] for r in sqlite3.connect(o.data / "shouhu.db").execute("select id from mt_comment where words = ?", (words,))]
    for record in (file["id"], comment):
        o.run("journal", "erase", "--record", record, "--reason", "本人申请")
    assert not holding(), holding()
    shown = o.auditor.get("/matters/" + matter)
    assert shown.status == 200 and not [m for m in markers if m in shown.raw], shown.raw
    assert len(shown["attachments"]) == 1 and shown["attachments"][0]["person"] == o.auditor.id  # that it was there, and whose
    assert o.auditor.get(f"{at}/{file['id']}").status == 404
    assert act(o.auditor, matter, "notify", PROPOSAL)["state"] == "notified"  # the matter goes on
    assert o.run("journal", "verify", "--deep").strip().endswith("sound")


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
def a_foreign_matter_finding_paper_or_file_is_answered_404_on_every_path():
    o = city()
    batch = richest(o)
    row = items(o.reviewer, matter=batch)[0]
    matter = proposed(o)
    act(o.auditor, matter, "notify", PROPOSAL)
    paper = o.auditor.get("/matters/" + matter)["papers"][0]
    file = o.auditor.post(f"/matters/{matter}/attachments?name=a.pdf&source=ward", raw=b"scan",
                          headers={"Content-Type": "application/octet-stream"})["attachments"][0]
    ids = {"matter": matter, "item": row["id"], "paper": paper["id"], "attachment": file["id"], "evidence": "f" * 32, "part": "frame"}
    bodies = {"actions": {"step": "notify"}, "comments": {"words": "x"}, "evidence": {"items": [row["id"]], "why": "取证"},
              "unsealed": {"seal": "reporter", "purpose": "核对举报人"}}
    checked = 0
    paths = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text(encoding="utf-8"))["paths"]
    for path, method in ((p, m) for p, ops in paths.items() for m in ops if re.search(r"\{(matter|item)\}", p)):
        query = "?name=b&source=c" if method == "post" and path.endswith("/attachments") else ""
        body = bodies.get(path.rsplit("/", 1)[1], {}) if method != "get" else None
        real, made_up = (re.sub(r"\{(\w+)\}", lambda found, of=of: of(found[1]), path) + query for of in (ids.get, lambda name: "f" * 32))
        answers = [o.stranger.ask(method.upper(), target, body, full=True, headers={"If-Match": '"v1"', **PURPOSE})
                   for target in (real, made_up)]
        assert [a.status for a in answers] == [404, 404], (method, path, [a.raw[:300] for a in answers])
        checked += 1
    assert checked >= 14, checked


@test
def fifty_thousand_needs_the_panel_and_one_fen_more_shuts_its_gate():
    o = city()
    matter = proposed(o)
    act(o.auditor, matter, "notify", {**PROPOSAL, "source": "B-2", "amount": "50000.00"})
    serve(o, matter)
    act(o.user, matter, "answer", {"answer": "waived"})
    examined(o, matter)
    refused = act(o.head, matter, "decide", want=409)
    assert kinds(refused) == {"gate"} and refused["failed"][0]["basis"] == "S4§21", refused.raw
    for person in (o.chief, o.member1):
        act(person, matter, "gate.panel", {"opinion": "agree"})
    few = act(o.head, matter, "decide", want=409)
    assert kinds(few) == {"gate"} and "2" in few["failed"][0]["message"], few.raw
    act(o.auditor, matter, "gate.panel", {"opinion": "agree"}, want=409)  # no member
    act(o.member2, matter, "gate.panel", {"opinion": "disagree", "words": "过重"})
    changed = act(o.head, matter, "decide", {"amount": "49999.99"})
    assert changed["state"] == "decided"  # below the threshold the panel is not owed
    # the same amount again, of the same source: what was decided before counts
    second = proposed(o)
    act(o.auditor, second, "notify", {**PROPOSAL, "source": "B-2", "amount": "0.01"})
    serve(o, second)
    act(o.user, second, "answer", {"answer": "waived"})
    examined(o, second)
    split = act(o.head, second, "decide", want=409)
    assert kinds(split) == {"gate"}, split.raw
    discussed(o, second)
    shown = o.head.get("/matters/" + second)
    assert shown["gates"][0]["open"] and shown["gates"][0]["needed"]
    assert act(o.head, second, "decide")["state"] == "decided"


def heard(o, **proposal):
    """A breach noticed, not answered, examined together."""
    matter = proposed(o)
    act(o.auditor, matter, "notify", {**PROPOSAL, **proposal})
    serve(o, matter)
    act(o.user, matter, "answer", {"answer": "waived"})
    examined(o, matter)
    return matter


@test
def who_files_a_decision_reads_it_there_and_nothing_else_of_its_file():
    """H-19: what is handed over with the opening of a sub-matter, once."""
    o = city()
    matter = heard(o, source="B-61")
    done = act(o.head, matter, "decide")
    own = {p["kind"]: p for p in done["papers"]}
    filing, = [s["id"] for s in done["subs"] if s["procedure"] == "filing"]
    for person in (o.fund, o.bhead, o.auditor):
        handed, = person.get("/matters/" + filing)["papers"]
        assert (handed["kind"], handed["id"], handed["handed_by"]) == ("breach_decision", own["breach_decision"]["id"], done["number"]), handed
        drawn = person.get(f"/matters/{filing}/papers/{handed['id']}")
        assert drawn.status == 200 and drawn.raw == o.head.get(f"/matters/{matter}/papers/{handed['id']}").raw
        assert person.get(f"/matters/{filing}/papers/{own['breach_notice']['id']}").status == 404
        assert person.get(f"/matters/{filing}/papers/{own['examination_record']['id']}").status == 404
    assert not [p for p in done["papers"] if "handed_by" in p]
    for person in (o.user, o.stranger):  # neither sees the filing, nor the decision by it
        assert person.get("/matters/" + filing).status == 404
        assert person.get(f"/matters/{filing}/papers/{handed['id']}").status == 404
    assert o.nobody().get(f"/matters/{filing}/papers/{handed['id']}").status == 401


@test
def the_panels_minutes_signed_by_all_who_spoke_lie_in_the_file_before_it_is_decided():
    """H-11, AA-04."""
    o = city()
    matter = heard(o, source="B-21", amount="50000.00")
    spoken = lambda m, who, opinion="agree": act(who, m, "gate.panel", {"opinion": opinion})  # noqa: E731
    assert kinds(act(o.chief, matter, "minute", MINUTED, want=409)) == {"gate"}  # nobody has spoken: there is nothing to write down
    for person in (o.chief, o.member1):
        spoken(matter, person)
    few = act(o.chief, matter, "minute", MINUTED, want=409)
    assert kinds(few) == {"gate"} and "2" in few["failed"][0]["message"], few.raw  # two leaders are no panel
    spoken(matter, o.member2, "disagree")
    bare = act(o.head, matter, "decide", want=409)
    assert kinds(bare) == {"gate"} and bare["failed"][0]["basis"] == "S4§21", bare.raw  # all have agreed, nothing is written down
    assert "minutes" in bare["failed"][0]["message"], bare.raw
    assert kinds(act(o.control, matter, "minute", MINUTED, want=409)) >= {"role"}  # those who were there sign
    for field in MINUTED:
        if field != "dissent":
            wanting = act(o.chief, matter, "minute", {k: v for k, v in MINUTED.items() if k != field}, want=409)
            assert [f["field"] for f in wanting["failed"] if f["kind"] == "needs"] == [field], wanting.raw
    ahead = act(o.chief, matter, "minute", {**MINUTED, "held_on": "2026-03-03"}, want=409)
    assert kinds(ahead) == {"guard"}, ahead.raw
    act(o.chief, matter, "minute", MINUTED)
    assert "separation" in kinds(act(o.chief, matter, "minute", MINUTED, want=409))  # nobody signs for another
    assert act(o.member1, matter, "minute", {**MINUTED, "opinions": "主任|同意|"}, want=409)["failed"]  # not the words the chief signed
    act(o.member1, matter, "minute", MINUTED)
    two = act(o.head, matter, "decide", want=409)
    assert kinds(two) == {"gate"} and not [p for p in o.head.get("/matters/" + matter)["papers"] if p["kind"] == "panel_minutes"], two.raw
    paper, = [p for p in act(o.member2, matter, "minute", MINUTED)["papers"] if p["kind"] == "panel_minutes"]
    said = text_of(o.auditor.get(f"/matters/{matter}/papers/{paper['id']}").raw)
    assert paper["number"].startswith("医保集议〔2026〕ag1-") and "同意2人，到会3人" in said, said
    # what is said after the minutes stands in none
    spoken(matter, o.member2, "agree")
    assert kinds(act(o.head, matter, "decide", want=409)) == {"gate"}
    for person in (o.chief, o.member1, o.member2):
        act(person, matter, "minute", MINUTED)
    # another content than the one discussed, be it by a fen less of the damages
    other = act(o.head, matter, "decide", {"months": "1"}, want=409)
    assert "gate" in kinds(other), other.raw
    assert act(o.head, matter, "decide")["state"] == "decided"
    # nothing more of the same source below the threshold, none of another source above it
    assert kinds(act(o.head, heard(o, source="B-21", amount="0.01"), "decide", want=409)) == {"gate"}
    assert act(o.head, heard(o, source="B-22", amount="49999.99"), "decide")["state"] == "decided"


@test
def a_suspension_of_nothing_is_discussed_and_minuted_and_a_panel_against_it_stops_it():
    """H-11."""
    o = city()
    for measure in ("suspend_person", "suspend_department", "suspend_agreement"):
        whom = {"suspend_person": {"person": "D-1"}, "suspend_department": {"department": "H1.A01"}, "suspend_agreement": {}}[measure]
        matter = heard(o, source="B-3" + measure, measure=measure, amount="0.00", months="3", **whom)
        assert kinds(act(o.head, matter, "decide", {"begins": "2026-03-02"}, want=409)) == {"gate"}
        discussed(o, matter, opinions=("agree", "disagree", "disagree"))
        against = act(o.head, matter, "decide", {"begins": "2026-03-02"}, want=409)  # minuted, and against it
        assert kinds(against) == {"gate"} and "against" in against["failed"][0]["message"], against.raw
        paper, = [p for p in o.head.get("/matters/" + matter)["papers"] if p["kind"] == "panel_minutes"]
        assert "不同意" in text_of(o.auditor.get(f"/matters/{matter}/papers/{paper['id']}").raw)
        discussed(o, matter)
        assert act(o.head, matter, "decide", {"begins": "2026-03-02"})["state"] == "decided"
    term = sorted((r["fields"]["kind"], r["fields"]["subject"], r["valid_from"], r["valid_to"])
                  for r in o.head.get("/registers/statuses/records")["items"])
    assert term == [("agreement", "H1", "2026-03-02", "2026-06-01"), ("department", "H1.A01", "2026-03-02", "2026-06-01"),
                    ("person", "D-1", "2026-03-02", "2026-06-01")], term  # T8: the last day is 1 June


@test
def no_problem_is_handled_before_three_sections_have_examined_it_together():
    """V-11."""
    o = city()
    matter = proposed(o)
    act(o.auditor, matter, "notify", {**PROPOSAL, "source": "B-11"})
    serve(o, matter)
    assert "state" in kinds(act(o.control, matter, "examine", EXAMINED, want=409))  # he was not heard yet
    act(o.user, matter, "answer", {"answer": "defended", "defence": "床位已减"})
    unheard = act(o.control, matter, "examine", EXAMINED, want=409)
    assert [f["basis"] for f in unheard["failed"]] == ["S4§22"], unheard.raw  # what he said is examined first
    act(o.checker, matter, "recheck", {"result": "不成立", "stands": "false"})
    for field in EXAMINED:
        bare = act(o.control, matter, "examine", {k: v for k, v in EXAMINED.items() if k != field}, want=409)
        assert [f["field"] for f in bare["failed"] if f["kind"] == "needs"] == [field], bare.raw
    ahead = act(o.control, matter, "examine", {**EXAMINED, "examined_on": "2026-03-03"}, want=409)
    assert [f["basis"] for f in ahead["failed"]] == ["S2§4.4"], ahead.raw
    for person in (o.auditor, o.user, o.chief):  # who noticed it reports, a party and others are no examiners
        assert kinds(act(person, matter, "examine", EXAMINED, want=409)) >= {"role"}
    assert not [p for p in act(o.control, matter, "examine", EXAMINED)["papers"] if p["kind"] == "examination_record"]
    assert "separation" in kinds(act(o.control, matter, "examine", EXAMINED, want=409))  # one does not sign for another
    assert act(o.finance, matter, "examine", {**EXAMINED, "handling": "drop"}, want=409)["failed"]  # not what the other has signed
    act(o.finance, matter, "examine", EXAMINED)
    two = act(o.head, matter, "decide", want=409)
    assert [f["basis"] for f in two["failed"]] == ["S2§4.4"], two.raw  # two of three is no joint examination
    record = [p for p in act(o.contract, matter, "examine", EXAMINED)["papers"] if p["kind"] == "examination_record"]
    assert len(record) == 1 and record[0]["number"].startswith("医保会审〔2026〕ag1-"), record
    assert o.auditor.get(f"/matters/{matter}/papers/{record[0]['id']}").raw.startswith(b"%PDF-")
    # examined again with another conclusion: the last one counts, and it stops the decision
    examined(o, matter, handling="back", examination="缺监控记录")
    back = act(o.head, matter, "decide", want=409)
    assert [f["basis"] for f in back["failed"]] == ["S2§4.4"], back.raw
    assert o.head.get("/registers/decisions/records")["items"] == []
    examined(o, matter, examination="已补监控记录")
    assert act(o.head, matter, "decide")["state"] == "decided"


def accounts_in(content):
    """Accounts of a posting's entries (docs/journal.md): read as bytes stand, since ids may look like anything."""
    at = 4 + 16 + 16  # SHP1, salt, id

    def text():
        nonlocal at
        n = int.from_bytes(content[at:at + 4], "big")
        at += 4 + n
        return content[at - n:at]

    text()  # ledger
    at += 4  # day
    for _ in range(6):  # body, place, matter, part, about, corrects
        text()
    n = int.from_bytes(content[at:at + 4], "big")
    at += 4
    for _ in range(n):
        yield text().decode()
        text()  # fund
        at += 8


def accounts_of(person, matter):
    """Accounts named in the postings of a matter, as its proof carries them."""
    text = person.get(f"/matters/{matter}/proof").raw.decode()
    contents = [bytes.fromhex(c) for c in re.findall(r"^content ([0-9a-f]+)$", text, re.M)]
    return {account for c in contents if c.startswith(b"SHP1") for account in accounts_in(c)}


@test
def damages_and_fines_go_to_their_own_accounts_which_nobody_types():
    """F-05, F-06."""
    o = city()
    o.officer = o.hire("officer", "bureau.officer")
    matter = proposed(o)
    act(o.auditor, matter, "notify", {**PROPOSAL, "source": "B-8", "amount": "1000.00", "damages": "300.00"})
    serve(o, matter)
    act(o.user, matter, "answer", {"answer": "waived"})
    examined(o, matter)
    heavier = act(o.head, matter, "decide", {"damages": "300.01"}, want=409)
    assert kinds(heavier) == {"guard"} and heavier["failed"][0]["basis"].startswith("行政处罚法"), heavier.raw
    decided = act(o.head, matter, "decide")
    subs = {s["procedure"]: s["id"] for s in decided["subs"]}
    due = subs["charge"]
    bare = act(o.auditor, due, "enter", {"decision": "x", "kind": "fine", "clause": "y", "amount": "1.00"}, want=409)
    assert "role" in kinds(bare), bare.raw
    assert act(o.auditor, due, "notify")["papers"][0]["number"].startswith("医保缴〔2026〕ag1-")
    serve(o, due)
    pay = {"paid": "300.00", "bank_row": "BR-8"}
    assert kinds(act(o.auditor, due, "settle", pay, want=409)) >= {"role"}
    assert kinds(act(o.finance, due, "settle", {**pay, "paid": "299.99"}, want=409)) == {"guard"}
    typed = act(o.finance, due, "settle", {**pay, "account": "treasury.fund"}, want=409)
    assert kinds(typed) == {"needs"} and typed["failed"][0]["field"] == "account", typed.raw
    assert act(o.finance, due, "settle", pay)["final"]
    row = [r["fields"] for r in o.auditor.get("/registers/damages/records")["items"]]
    assert [(r["amount"], r["clause"], r["fund"]) for r in row] == [("300.00", "协议第二十条", "390")], row
    assert accounts_of(o.auditor, due) == {"damages.owed", "damages.claims", "agency.damages"}
    act(o.auditor, subs["recovery"], "notify")
    serve(o, subs["recovery"])
    act(o.finance, subs["recovery"], "settle", {"paid": "1000.00", "bank_row": "BR-9", "way": "paid"})
    assert accounts_of(o.auditor, subs["recovery"]) == {"institution.owes", "recovery.claims", "treasury.fund"}
    own = o.auditor.post("/matters", {"procedure": "recovery", "subject": "H1"})["id"]  # returned of their own accord
    returned = {"decision": "自查报告", "kind": "returned", "fund": "390", "amount": "20.00"}
    assert "guard" in kinds(act(o.auditor, own, "notify", want=409))
    assert kinds(act(o.auditor, own, "enter", {**returned, "kind": "recovered"}, want=409)) == {"guard"}  # needs a decision
    act(o.auditor, own, "enter", returned)
    act(o.auditor, own, "notify")
    assert kinds(act(o.auditor, own, "enter", {**returned, "amount": "1.00"}, want=409)) == {"guard"}
    serve(o, own)
    act(o.finance, own, "settle", {"paid": "20.00", "bank_row": "BR-11", "way": "paid"})
    assert accounts_of(o.auditor, own) == {"institution.owes", "recovery.claims", "treasury.fund"}
    fine = o.officer.post("/matters", {"procedure": "charge", "subject": "H1"})["id"]
    decision = {"decision": "医保罚〔2026〕1号", "kind": "fine", "clause": "条例第三十八条", "amount": "5000.00"}
    refused = act(o.officer, fine, "enter", {**decision, "kind": "damages"}, want=409)
    assert [f["basis"] for f in refused["failed"]] == ["S4§18"], refused.raw
    assert "guard" in kinds(act(o.officer, fine, "notify", want=409))  # nothing is entered yet
    act(o.officer, fine, "enter", decision)
    act(o.officer, fine, "notify")
    assert kinds(act(o.officer, fine, "enter", {**decision, "amount": "1.00"}, want=409)) == {"guard"}  # told: fixed
    service = o.officer.get(f"/matters?parent={fine}&procedure=service")["items"][0]["id"]
    act(o.officer, service, "hand", {"way": "direct", "receipt": "R-8"}, occurred="2026-03-02")
    act(o.fund, fine, "settle", {"paid": "5000.00", "bank_row": "BR-10"})
    assert accounts_of(o.officer, fine) == {"fines.owed", "fines.claims", "treasury.state"}


@test
def an_oral_defence_is_written_down_by_two_cannot_be_waived_and_is_rechecked():
    """H-15."""
    o = city()
    matter = proposed(o)
    act(o.auditor, matter, "notify", {**PROPOSAL, "source": "B-7"})
    heard = {"heard_at": "一号会议室", "began": "09:00", "ended": "09:40", "speaker": "李院长", "officers": "张三\n李四", "statement": "床位费系系统误计\n已自查",
             "materials": "自查报告"}
    assert kinds(act(o.auditor, matter, "hear", heard, want=409)) == {"needs"}  # he was not told yet
    serve(o, matter)
    bare = act(o.auditor, matter, "hear", {k: v for k, v in heard.items() if k != "statement"}, want=409)
    assert [f["field"] for f in bare["failed"]] == ["statement"], bare.raw
    assert kinds(act(o.user, matter, "hear", heard, want=409)) >= {"role"}  # nobody writes his own record
    first = act(o.auditor, matter, "hear", heard)
    assert not [p for p in first["papers"] if p["kind"] == "defence_record"], first.raw  # one pair of ears is not enough
    assert kinds(act(o.auditor, matter, "hear", heard, want=409)) == {"separation"}
    assert act(o.checker, matter, "hear", {**heard, "statement": "认可"}, want=409)["failed"]  # not what the other heard
    record = [p for p in act(o.checker, matter, "hear", heard)["papers"] if p["kind"] == "defence_record"]
    assert len(record) == 1 and record[0]["number"].startswith("医保辩录〔2026〕ag1-"), record
    assert o.auditor.get(f"/matters/{matter}/papers/{record[0]['id']}").raw.startswith(b"%PDF-")
    waived = act(o.user, matter, "answer", {"answer": "waived"}, want=409)
    assert [f["basis"] for f in waived["failed"]] == ["S4§22"], waived.raw
    act(o.user, matter, "answer", {"answer": "defended"})  # what he said stands, he need not write it again
    early = act(o.head, matter, "decide", want=409)
    assert [f["basis"] for f in early["failed"]] == ["S4§22", "S2§4.4"], early.raw
    assert kinds(act(o.auditor, matter, "recheck", {"result": "属实", "stands": "false"}, want=409)) >= {"role"}
    act(o.checker, matter, "recheck", {"result": "部分属实", "stands": "false", "collegial": "合议：减按 1000 元"})
    examined(o, matter)
    heavier = act(o.head, matter, "decide", {"amount": "1200.01"}, want=409)
    assert heavier["failed"][0]["basis"].startswith("行政处罚法"), heavier.raw  # defending makes nothing worse
    assert act(o.head, matter, "decide", {"amount": "1000.00"})["state"] == "decided"


# ---- findings and batches ------------------------------------------------------------------------------------------

class Lake:
    run = None

    def __init__(self, *synth):
        self.temp = tempfile.TemporaryDirectory(prefix="shouhu-matters-")
        self.dir = pathlib.Path(self.temp.name)

        def run(*args, want=0):
            done = subprocess.run([SHOUHU, *map(str, args)], capture_output=True, text=True, check=False)
            assert done.returncode == want, (args, done.returncode, done.stdout[-500:], done.stderr[-500:])
        run("synth", "--persons", 200, "--months", 2, "--seed", 1, "--plant", "0.05", "--out", self.dir / "city", *synth)
        run("import", "--lake", self.dir / "lake", "--mapping", "national", *sorted((self.dir / "city").glob("*.csv*")))
        run("audit", "--lake", self.dir / "lake", "--place", "990100", "--run", "r1", "--out", self.dir / "f.csv", want=10)
        self.call = run

    def share(self, name, rules):
        """The texts of an office that has these rules and no other."""
        share = self.dir / ("share-" + name)
        own = share / "rules"
        own.mkdir(parents=True)
        for file in ("kinds.csv", *(rule + ".yaml" for rule in rules)):
            shutil.copy(ROOT / "rules" / file, own)
        for room in ("law", "knowledge", "mappings"):
            (share / room).symlink_to(ROOT / room)
        return share

    def audit(self, name, rules):
        """A run by an office that has these rules and no other yet."""
        share = self.share(name, rules)
        self.call("audit", "--lake", self.dir / "lake", "--place", "990100", "--run", name, "--rules", share / "rules", want=10)
        return share


def claims():
    """Claims of two months and their findings: read by many tests, changed by none."""
    Shared.lake = Shared.lake or Lake()
    return Shared.lake


def load(o, lake, run="r1", want=0, share=None):
    """share: whose texts are in force where it is done."""
    was, o.law = o.law, share / "law" if share else o.law
    try:
        return load_here(o, lake, run, want)
    finally:
        o.law = was


def load_here(o, lake, run, want):
    return load_from(o, lake.dir / "lake", run, want)


def load_from(o, folder, run="r1", want=0):
    return o.run("findings", "load", "--lake", str(folder), "--run", run, "--body", "ag1", "--actor", o.reviewer.id, want=want)


def items(person, **filters):
    found, after = [], ""
    while True:
        query = "&".join(f"{k}={v}" for k, v in filters.items())
        page = person.get(f"/items?limit=200&{query}" + (f"&after={after}" if after else ""))
        assert page.status == 200, page.raw
        found += page["items"]
        after = page["next"]
        if not after:
            return found


def bulk(person, step, rows, fields=None, want=200, path="/items/actions"):
    answer = person.post(path, {"step": step, "rows": [{"id": r["id"], "version": r["version"]} for r in rows], "fields": fields or {},
                                "why": "bulk"})
    assert answer.status == want, (step, answer.status, answer.raw[:600])
    return answer


def fen(text):
    yuan, _, rest = text.partition(".")
    return int(yuan) * 100 + int((rest + "00")[:2])


@test
def a_desk_lists_the_findings_in_every_order_each_once():
    o = city()
    o.lake = o.dir / "lake"
    shutil.copytree(claims().dir / "lake", o.lake, ignore=shutil.ignore_patterns("desk-*"))
    o.at("2026-03-02 09:02:00")
    tables = ["desk-day.parquet", "desk-institution.parquet", "desk-money.parquet", "desk-rule.parquet"]
    keys = {"money": lambda f: fen(f["counted"]), "day": lambda f: f["day"] or "", "rule": lambda f: f["rule"], "institution": lambda f: f["institution"] or ""}

    def listed(run, sort, limit, **filters):
        found, after, query = [], "", "".join(f"&{k}={v}" for k, v in filters.items())
        while after is not None:
            page = o.auditor.get(f"/runs/{run}/findings?sort={sort}&limit={limit}{query}&after={urllib.parse.quote(after)}")
            assert page.status == 200 and len(page["items"]) <= limit, page.raw
            found, after = found + page["items"], page["next"]
        return found

    def in_order(run):
        whole = listed(run, "-money", 200)
        assert len(whole) == o.auditor.get(f"/runs/{run}/totals")["findings"]
        rule = collections.Counter(f["rule"] for f in whole).most_common(1)[0][0]
        for word, key in keys.items():
            by_id = sorted(whole, key=lambda f: f["id"])
            for sort, wanted in ((word, sorted(by_id, key=key)), ("-" + word, sorted(by_id, key=key, reverse=True))):
                for limit in (200, 13):
                    assert [f["id"] for f in listed(run, sort, limit)] == [f["id"] for f in wanted], (sort, limit)
                assert listed(run, sort, 23, rule=rule) == [f for f in wanted if f["rule"] == rule], sort
        return {f["id"] for f in whole}

    before = in_order("r1")  # not loaded: the audit's own file
    load_from(o, o.lake)
    assert sorted(p.name for p in (o.lake / "audits/r1").glob("desk*")) == tables
    assert in_order("r1") == before and len(before) > 100, len(before)


@test
def findings_become_items_are_screened_in_bulk_taken_back_and_loaded_again_without_doubling():
    o = city()
    lake = claims()
    first = load(o, lake)
    assert not first.startswith("0 "), first
    again = load(o, lake)
    assert again.startswith("0 new findings"), again
    batches = [m for m in o.reviewer.get("/matters?procedure=claim-batch&limit=200")["items"]]
    rows = items(o.reviewer)
    made = int(re.match(r"(\d+) new", first)[1])
    assert len(rows) == made and len({r["key"] for r in rows}) == made
    assert [r["id"] for r in rows] == [r["id"] for r in sorted(rows, key=lambda r: (-fen(r["fund_amount"]), r["id"]))]
    counted = [o.reviewer.get("/matters/" + b["id"]) for b in batches]
    assert sum(c["n"] for m in counted for c in m["items"]) == made
    assert all("*" in r["person"] or len(r["person"]) < 2 for r in rows), rows[0]
    # by its finding: one row, for who may read it and for nobody else
    key = rows[0]["key"]
    assert [r["id"] for r in o.reviewer.get("/items?key=" + key)["items"]] == [rows[0]["id"]]
    assert o.reviewer.get("/items/totals?key=" + key)["n"] == 1
    assert o.reviewer.get(f"/items?key={key}&state=deducted")["items"] == [] == o.reviewer.get("/items?key=nosuch")["items"]
    assert o.stranger.get("/items?key=" + key)["items"] == []
    # a preview writes nothing and tells what would be refused
    preview = bulk(o.reviewer, "screen", rows, {"screened": "send"}, path="/items/preview")
    assert preview["n"] == made and preview["refused"] == [] and "act" not in preview.json
    assert fen(preview["amount"]) == sum(fen(r["amount"]) for r in rows)
    refused = bulk(o.checker, "screen", rows, {"screened": "send"})
    assert refused["n"] == 0 and all(kinds(r) == {"role"} for r in refused["refused"]) and len(refused["refused"]) == made
    stale = bulk(o.reviewer, "screen", [{**rows[0], "version": 9}, rows[1], rows[1], {"id": "f" * 32, "version": 1}],
                 {"screened": "send"}, path="/items/preview")
    assert stale["n"] == 1 and len(stale["refused"]) == 3, stale.raw
    none = bulk(o.stranger, "screen", rows[:3], {"screened": "send"})
    assert none["n"] == 0 and len(none["refused"]) == 3
    out = bulk(o.reviewer, "screen", rows[:2], {"screened": "out"})
    assert out["n"] == 0 and all(r["failed"][0]["basis"] == "S4§17" for r in out["refused"])  # no reason
    # the whole lot, then taken back by whom it was done
    done = bulk(o.reviewer, "screen", rows, {"screened": "send"})
    assert done["n"] == made and done["undo_until"]
    assert {r["state"] for r in items(o.reviewer)} == {"sent"}
    assert o.head.post("/items/undo", {"act": done["act"]}).status == 409
    undone = o.reviewer.post("/items/undo", {"act": done["act"]})
    assert undone["n"] == made and undone["refused"] == [], undone.raw
    for language, names in (("en", ["loaded", "Screen", "taken back"]), ("zh-CN", ["载入", "筛查", "撤回"])):  # what is no step of the text, too
        told = o.reviewer.get("/items/" + rows[0]["id"], headers={"Accept-Language": language})
        assert [s["name"] for s in told["timeline"]] == names, told["timeline"]
    assert {r["state"] for r in items(o.reviewer)} == {"new"}
    assert o.reviewer.post("/items/undo", {"act": done["act"]}).status == 409
    work = {(w["step"], w["of"]): w["n"] for w in o.reviewer.get("/work")["items"]}
    assert work[("screen", "item")] == made, work


FIGURES = {"not_evaluated_why": "缺诊断，已抽查病历", "received": "100000.00", "clean": "90000.00", "fund": "390"}


def richest(o):
    """A batch of the hospital with the most findings, all new; the hospital was on record before they came."""
    with open(claims().dir / "f.csv", encoding="utf-8-sig", newline="") as file:
        found = collections.Counter(row["institution"] for row in csv.DictReader(file))
    subject = max(sorted(filter(None, found)), key=found.get)
    if subject != "H1":
        o.hospital(subject, "h1")
    load(o, claims())
    return o.reviewer.get(f"/matters?procedure=claim-batch&subject={subject}")["items"][0]["id"]


def told(o, batch, figures=FIGURES, meanwhile=lambda: None):
    """Screened, certified, the clean lines paid, the letter served on 2 March; nobody explains; it is the day after the last one for it."""
    act(o.reviewer, batch, "count", figures)
    bulk(o.reviewer, "screen", items(o.reviewer, matter=batch), {"screened": "send"})
    act(o.reviewer, batch, "certify")
    if fen(figures["clean"]):
        act(o.finance, batch, "pay_clean")
    meanwhile()
    serve(o, batch)
    o.at("2026-03-10 00:00:10")
    until(lambda: [d for d in o.checker.get("/matters/" + batch)["deadlines"] if d["clock"] == "explain"][0]["state"] == "passed")
    bulk(o.checker, "silence", items(o.checker, matter=batch))


def judged(o, batch):
    """All deducted, the result served on 10 March."""
    bulk(o.checker, "check", items(o.checker, matter=batch), {"verdict": "deduct", "evidence": "病历抽查"})
    act(o.checker, batch, "judge")
    serve(o, batch, "2026-03-10")


def ended(o, batch):
    """Decided, served, filed, paid, closed on 18 March."""
    o.at("2026-03-18 08:00:00")
    until(lambda: [d for d in o.checker.get("/matters/" + batch)["deadlines"] if d["clock"] == "appeal"][0]["state"] == "passed")
    act(o.checker, batch, "total")
    examined(o, batch)
    decided = act(o.head, batch, "decide")
    serve(o, batch, "2026-03-18")
    act(o.bhead, [s for s in decided["subs"] if s["procedure"] == "filing"][0]["id"], "file", {"filed_number": "F-9"})
    paid = fen(FIGURES["received"]) - sum(fen(r["amount"]) for r in items(o.checker, matter=batch))
    assert act(o.finance, batch, "close", {"paid": yuan(paid)})["final"]


def until(is_so):
    """What the server does by itself, it has done."""
    for _ in range(300):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("it has not happened in half a minute")


def yuan(amount):
    return f"{amount // 100}.{amount % 100:02d}"


@test
def a_batch_goes_from_findings_to_money_and_no_line_is_deducted_on_suspicion_alone():
    o = city()
    batch = richest(o)
    own = items(o.reviewer, matter=batch)
    early = act(o.reviewer, batch, "certify", want=409)
    assert len([f for f in early["failed"] if f["kind"] in ("guard", "unknown")]) >= 3, early.raw
    act(o.reviewer, batch, "count", FIGURES)
    bulk(o.reviewer, "screen", own, {"screened": "send"})
    certified = act(o.reviewer, batch, "certify")
    act(o.finance, batch, "pay_clean")  # one open doubt never blocks the rest
    assert {p["kind"] for p in certified["papers"]} == {"certificate", "monthly_letter"}
    serve(o, batch)
    sent = items(o.reviewer, matter=batch)
    early = bulk(o.checker, "silence", sent)
    assert early["n"] == 0 and early["refused"][0]["failed"][0]["basis"] == "S4§22"
    o.at("2026-03-09 23:59:59")  # the last of five working days
    assert bulk(o.checker, "silence", items(o.reviewer, matter=batch), path="/items/preview")["n"] == 0
    o.at("2026-03-10 00:00:10")
    until(lambda: [d for d in o.checker.get("/matters/" + batch)["deadlines"] if d["clock"] == "explain"][0]["state"] == "passed")
    passed = [d for d in o.checker.get("/matters/" + batch)["deadlines"] if d["clock"] == "explain"][0]
    assert passed["due"] == "2026-03-09", passed
    assert bulk(o.checker, "silence", items(o.reviewer, matter=batch))["n"] == len(own)
    silent = items(o.checker, matter=batch, state="silent")
    suspected = [r for r in silent if r["level"] != "certain"]
    bare = bulk(o.checker, "check", silent, {"verdict": "deduct"}, path="/items/preview")
    assert len(bare["refused"]) == len(suspected) and all(r["failed"][0]["basis"] == "S4§37" for r in bare["refused"])
    own_screen = bulk(o.reviewer, "check", silent, {"verdict": "deduct"}, path="/items/preview")
    assert own_screen["n"] == 0
    judged(o, batch)
    total = sum(fen(r["amount"]) for r in own)
    early = act(o.checker, batch, "total", want=409)
    assert "The time to appeal is not over" in str(early.json)
    assert "The time to appeal is not over" in str(act(o.head, batch, "decide", want=409).json)
    o.at("2026-03-18 08:00:00")
    until(lambda: [d for d in o.checker.get("/matters/" + batch)["deadlines"] if d["clock"] == "appeal"][0]["state"] == "passed")
    blind = act(o.head, batch, "decide", want=409)  # nothing is added up yet
    assert "S4§23" in {f["basis"] for f in blind["failed"]}, blind.raw
    act(o.checker, batch, "total")
    examined(o, batch)
    typed = act(o.head, batch, "decide", {"refused": "0.01"}, want=409)
    assert kinds(typed) == {"needs"} and typed["failed"][0]["field"] == "refused", typed.raw  # nobody types the sum
    decided = act(o.head, batch, "decide")
    assert {f["field"]: f["value"] for f in decided["fields"]}["refused"] == yuan(total)
    assert not [s for s in decided["subs"] if s["procedure"] == "recovery"]
    serve(o, batch, "2026-03-18")
    filing = [s for s in decided["subs"] if s["procedure"] == "filing"][0]
    assert filing["due"] == "2026-03-23"  # three working days over a weekend
    act(o.bhead, filing["id"], "file", {"filed_number": "F-9"})
    paid = fen(FIGURES["received"]) - total
    unbalanced = act(o.finance, batch, "close", {"paid": yuan(paid + 1)}, want=409)
    assert any("is not the sum of paid" in f["message"] for f in unbalanced["failed"])
    closed = act(o.finance, batch, "close", {"paid": yuan(paid)})
    assert closed["final"]
    verified = o.run("journal", "verify")
    assert "0" in verified


def lines_of(lake, subject, period):
    """Lines of an institution and month in the files that were imported."""
    with open(lake.dir / "city/fee_list_d.csv", encoding="utf-8-sig", newline="") as file:
        return sum(row["fixmedins_code"] == subject and row["fee_ocur_time"].startswith(period) for row in csv.DictReader(file))


def covered(o, batch):
    said = {f["field"]: f["value"] for f in o.reviewer.get("/matters/" + batch)["fields"]}
    return [said.get(name) for name in ("run", "lines_received", "lines_run")]


@test
def one_line_not_reviewed_or_one_finding_not_screened_and_nothing_is_certified_paid_or_decided():
    """D-02: how many lines came and were read is told by the run and the lake, and by nobody."""
    o = city()
    batch = richest(o)
    shown = o.reviewer.get("/matters/" + batch)
    n = str(lines_of(claims(), shown["subject"], shown["period"]))
    assert covered(o, batch) == ["r1", n, n] and int(n) > 100, (covered(o, batch), n)
    own = items(o.reviewer, matter=batch)
    bulk(o.reviewer, "screen", own[1:], {"screened": "send"})
    for name in ("lines_received", "lines_run", "not_evaluated", "run", "gaps"):
        typed = act(o.reviewer, batch, "count", {**FIGURES, name: n}, want=409)
        assert (kinds(typed), typed["failed"][0]["field"]) == ({"needs"}, name), typed.raw
    for person in (o.reviewer, o.head, o.admin):
        if person.get("/matters/" + batch).status == 200:
            said = act(person, batch, "cover", {"run": "r1", "lines_received": "1", "lines_run": "1", "not_evaluated": "0"}, want=409)
            assert "role" in kinds(said), said.raw
    act(o.reviewer, batch, "count", FIGURES)
    one = act(o.reviewer, batch, "certify", want=409)
    assert [f["message"] for f in one["failed"]] == ["1 findings are not screened yet"], one.raw
    bulk(o.reviewer, "screen", own[:1], {"screened": "send"})
    act(o.reviewer, batch, "count", {**FIGURES, "not_evaluated_why": ""})
    gaps = act(o.reviewer, batch, "certify", want=409)  # rules that lacked a field
    assert [f["message"].split(" ", 1)[1] for f in gaps["failed"]] == ["rules could not be evaluated everywhere: say why, and what is done instead"], gaps.raw
    act(o.reviewer, batch, "count", FIGURES)
    for person, step, fields in ((o.finance, "pay_clean", None), (o.checker, "judge", None), (o.head, "decide", None),
                                 (o.finance, "close", {"paid": "0.00"})):
        assert "state" in kinds(act(person, batch, step, fields, want=409)), step  # nothing is settled before
    papers = act(o.reviewer, batch, "certify")["papers"]
    paper, = [p for p in papers if p["kind"] == "certificate"]
    said = text_of(o.reviewer.get(f"/matters/{batch}/papers/{paper['id']}").raw)
    if said is not None:
        flat = re.sub(r"[\s,]", "", said)
        for words in (f"接收明细{n}行", f"审核{n}行", f"疑点{len(own)}条", "审核运行：r1", "缺诊断", "line.performing_practitioner"):
            assert words in flat, (words, said)


@test
def a_run_that_did_not_read_every_line_by_every_rule_certifies_nothing():
    """D-02: slices, chosen rules, other places, other months, states before a correction, runs that never were."""
    o = city()
    lake = Lake()
    with open(lake.dir / "f.csv", encoding="utf-8-sig", newline="") as file:
        found = collections.Counter((row["institution"], row["day"][:7]) for row in csv.DictReader(file) if row["institution"] and row["day"])
    (subject, period), _ = max(sorted(found.items()), key=lambda pair: pair[1])
    n = str(lines_of(lake, subject, period))
    if subject != "H1":
        o.hospital(subject, "h1")

    def audit(name, *words):
        place = [] if "--place" in words else ["--place", "990100"]
        lake.call("audit", "--lake", lake.dir / "lake", "--run", name, *place, *words, want=10)

    def loaded(name):
        said = load(o, lake, name)
        batch = [m["id"] for m in o.reviewer.get(f"/matters?procedure=claim-batch&subject={subject}&limit=200")["items"] if m["period"] == period]
        return said, batch[0] if batch else None

    def refused(batch):
        new = [r for r in items(o.reviewer, matter=batch) if r["state"] == "new"]
        if new:
            bulk(o.reviewer, "screen", new, {"screened": "send"})
        act(o.reviewer, batch, "count", FIGURES)
        return [f["message"] for f in act(o.reviewer, batch, "certify", want=409)["failed"]]
    none = ["No audit by all rules has covered this batch: audit again and load its findings"]
    audit("slice", "--buckets", "0-31")
    for run, exit_code in (("slice", 3), ("never", 4), ("../audits/r1", 4), ("..", 4)):
        load(o, lake, run, want=exit_code)
    rules = sorted({row["rule"] for row in csv.DictReader(open(lake.dir / "f.csv", encoding="utf-8-sig", newline=""))
                    if (row["institution"], row["day"][:7]) == (subject, period)})
    audit("chosen", *[word for rule in rules for word in ("--rule", rule)])
    said, batch = loaded("chosen")
    assert "no first review" in said, said
    less, = refused(batch)
    assert less.startswith("The audit chosen lacks ") and not any(f"（{rule}）" in less for rule in rules), less
    audit("abroad", "--place", "980100")
    audit("nation", "--place", "000000")
    audit("old", "--known", "2099-01-01")
    for run in ("abroad", "nation", "old"):
        loaded(run)
        assert refused(batch) == [less], run
    audit("early", "--stage", "before")
    loaded("early")
    assert refused(batch)[0].startswith("The audit early lacks "), "rules of later stages"
    last = f"{period}-15"
    audit("half", "--as-of", last)
    loaded("half")
    short = covered(o, batch)
    assert short[:2] == ["half", n] and 0 < int(short[2]) < int(n), short
    assert refused(batch) == [f"The first review must cover every line: received {n}, reviewed {short[2]}"]
    loaded("r1")
    assert covered(o, batch) == ["r1", n, n]
    # one line of the month is corrected: as many lines as before, but one of them nobody has read
    head, *rows = open(lake.dir / "city/fee_list_d.csv", encoding="utf-8-sig", newline="").read().splitlines()
    names = head.split(",")
    row = next(r for r in csv.reader(rows) if r[names.index("fixmedins_code")] == subject and r[names.index("fee_ocur_time")].startswith(period)
               and r[names.index("vali_flag")] == "1" and float(r[names.index("det_item_fee_sumamt")]) > 0)
    more = lake.dir / "more"
    more.mkdir()
    with open(more / "fee_list_d.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, corrected(names, row)])
    lake.call("import", "--lake", lake.dir / "lake", "--mapping", "national", "--correction", "--reason", "医院更正", "--by", "甲", "--approved-by", "乙", more / "fee_list_d.csv")
    loaded("r1")  # a run of the state before
    assert covered(o, batch) == ["r1", n, str(int(n) - 1)], covered(o, batch)
    assert refused(batch) == [f"The first review must cover every line: received {n}, reviewed {int(n) - 1}"]
    audit("r2")
    loaded("r2")
    new = [r for r in items(o.reviewer, matter=batch) if r["state"] == "new"]
    if new:
        bulk(o.reviewer, "screen", new, {"screened": "send"})
    assert covered(o, batch) == ["r2", n, n]
    assert act(o.reviewer, batch, "certify")["state"] == "fed_back"
    loaded("half")  # what is certified is told nothing more
    assert covered(o, batch) == ["r2", n, n]
    other = [m for m in o.reviewer.get("/matters?procedure=claim-batch&limit=200")["items"] if m["id"] != batch]
    assert other and all(covered(o, m["id"])[1] == str(lines_of(lake, m["subject"], m["period"])) for m in other)  # each its own


def tampered(lake):
    """Folders under the names of those in force, each with one thing taken out of it; how the run of each is called, and what is said."""
    with open(lake.dir / "f.csv", encoding="utf-8-sig", newline="") as file:
        blind, gone = sorted({row["rule"] for row in csv.DictReader(file)})[:2]
    table = "drug_sex.csv"
    shipped = {"rules": ROOT / "rules", "knowledge": ROOT / "knowledge", "params": ROOT / "law/params"}

    def cut(path):
        return "\n".join(path.read_text().splitlines()[:-1]) + "\n"

    def folder(name, room, file, text):
        made = lake.dir / name
        shutil.copytree(shipped[room], made)
        (made / file).unlink()
        if text is not None:
            (made / file).write_text(text)
        return [word for key, path in {**shipped, room: made}.items() for word in ("--" + key, path)]
    same = (ROOT / "rules" / f"{blind}.yaml").read_text() + "# the same words, but for this line\n"
    return [("fewer", folder("fewer", "rules", f"{gone}.yaml", None), f"（{gone}）：未运行"),
            ("other", folder("other", "rules", f"{blind}.yaml", same), f"（{blind}）：文本与现行规则不同"),
            ("less", folder("less", "knowledge", table, cut(ROOT / "knowledge" / table)), "knowledge drug_sex：与现行内容不同"),
            ("number", folder("number", "params", "audit.csv", cut(ROOT / "law/params/audit.csv")), "params：与现行内容不同")]


@test
def a_run_that_lacks_a_rule_or_text_in_force_certifies_nothing_and_is_told_which():
    """D-02: folders of fewer rules, of rules of other words, of less knowledge, of other numbers, under the very names."""
    o, lake = city(), Lake()
    with open(lake.dir / "f.csv", encoding="utf-8-sig", newline="") as file:
        found = collections.Counter((row["institution"], row["day"][:7]) for row in csv.DictReader(file) if row["institution"] and row["day"])
    (subject, period), _ = max(sorted(found.items()), key=lambda pair: pair[1])
    if subject != "H1":
        o.hospital(subject, "h1")
    batch = None
    for run, folders, words in tampered(lake):
        lake.call("audit", "--lake", lake.dir / "lake", "--place", "990100", "--run", run, *folders, want=10)
        assert "no first review" in load(o, lake, run), run
        batch = batch or next(m["id"] for m in o.reviewer.get(f"/matters?procedure=claim-batch&subject={subject}&limit=200")["items"]
                              if m["period"] == period)
        new = [r for r in items(o.reviewer, matter=batch) if r["state"] == "new"]
        if new:
            bulk(o.reviewer, "screen", new, {"screened": "send"})
        act(o.reviewer, batch, "count", FIGURES)
        failed = act(o.reviewer, batch, "certify", want=409)["failed"]
        assert [f["basis"] for f in failed] == ["S4§17"], failed
        assert failed[0]["message"].startswith(f"The audit {run} lacks 1 rules or texts in force") and words in failed[0]["message"], failed
        assert covered(o, batch)[0] == run
    assert "told to" in load(o, lake)
    load(o, lake, "fewer")  # what asked less takes nothing away
    assert covered(o, batch)[0] == "r1"
    for name in ("not_in_force", "lacks"):
        typed = act(o.reviewer, batch, "count", {**FIGURES, name: "0"}, want=409)
        assert (kinds(typed), typed["failed"][0]["field"]) == ({"needs"}, name), typed.raw
    new = [r for r in items(o.reviewer, matter=batch) if r["state"] == "new"]
    if new:
        bulk(o.reviewer, "screen", new, {"screened": "send"})
    assert act(o.reviewer, batch, "certify")["state"] == "fed_back"


@test
def a_rule_that_the_office_has_retired_need_not_run_and_one_on_trial_must():
    """D-02: which level means that a rule runs stands with the register of levels; its last row counts."""
    o, lake = city(), Lake()
    run, folders, words = tampered(lake)[0]
    rule = words.split("）")[0][1:]
    lake.call("audit", "--lake", lake.dir / "lake", "--place", "990100", "--run", run, *folders, want=10)
    assert "no first review" in load(o, lake, run)
    author, releaser = o.hire("author", "agency.rules_author", body="ag1"), o.hire("releaser", "agency.rules_releaser", body="ag1")

    def moved(move, before, after):
        at = author.post("/matters", {"procedure": "rule-life", "subject": rule})["id"]
        act(author, at, "propose", {"move": move, "from_level": before, "to_level": after, "version": "1", "cases_pass": "true",
                                    "reason": "处理结果", "backtest": "b1"})
        act(o.head, at, "review", {"verdict": "agreed", "words": "同意"})
        assert act(releaser, at, "release")["final"]
    moved("trial", "draft", "trial")
    assert "no first review" in load(o, lake, run)  # on trial it runs
    moved("retire", "trial", "retired")
    assert "no first review" not in load(o, lake, run)
    other, folders, _ = tampered_rule(lake)
    lake.call("audit", "--lake", lake.dir / "lake", "--place", "990100", "--run", other, *folders, want=10)
    assert "no first review" in load(o, lake, other)  # another's retirement excuses nothing


def tampered_rule(lake):
    """A folder without another rule."""
    rule = sorted({row["rule"] for row in csv.DictReader(open(lake.dir / "f.csv", encoding="utf-8-sig", newline=""))})[3]
    made = lake.dir / "less-one"
    shutil.copytree(ROOT / "rules", made)
    (made / f"{rule}.yaml").unlink()
    return "less-one", ["--rules", made], rule


def places_found(lake, run):
    """Institutions and months with findings of a run, most first."""
    with open(lake.dir / f"{run}.csv", encoding="utf-8-sig", newline="") as file:
        found = collections.Counter((row["institution"], row["day"][:7]) for row in csv.DictReader(file) if row["institution"] and row["day"])
    return [place for place, _ in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))]


def lacking(lake, run):
    """Rows that could not be judged, by institution and month: rule and field to rows."""
    of = collections.defaultdict(dict)
    with open(lake.dir / f"lake/audits/{run}/lacking.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            of[row["institution"], row["month"]][row["rule"], row["field"]] = int(row["rows"])
    return of


@test
def a_batch_is_neither_held_up_nor_excused_by_what_the_lines_of_another_lack():
    """D-02: what could not be judged is told to the institution and month whose rows lacked it, and to no other."""
    o, lake = city(), Lake()
    # the rule whose rows lack something at few places, beside those that lack nothing anywhere
    blind, field = "label-dose", "line.dose_unit"
    lacked = {rule for of in lacking(lake, "r1").values() for rule, _ in of}
    with open(lake.dir / "f.csv", encoding="utf-8-sig", newline="") as file:
        sure = sorted(rule for rule in {row["rule"] for row in csv.DictReader(file)} - lacked
                      if "\neach: line\n" in (ROOT / "rules" / f"{rule}.yaml").read_text())
    rules = [*sure, blind]
    share = lake.share("few", rules)
    lake.call("audit", "--lake", lake.dir / "lake", "--place", "990100", "--run", "few", "--rules", share / "rules",
              "--out", lake.dir / "few.csv", want=10)
    lacks = lacking(lake, "few")
    assert lacks and all(list(of) == [(blind, field)] and all(place) for place, of in lacks.items()), lacks
    places = places_found(lake, "few")
    sound = [p for p in places if p not in lacks]
    short = next(p for p in places if p in lacks and p[1] in {month for _, month in sound})
    whole = [next(p for p in sound if p[1] == short[1])] + [p for p in sound if p[0] == short[0]]  # and its own other month
    for code in {short[0], *(p[0] for p in whole)} - {"H1"}:
        o.hospital(code, "h1")
    load(o, lake, "few", share=share)

    def batch_of(place):
        return next(m["id"] for m in o.reviewer.get(f"/matters?procedure=claim-batch&subject={place[0]}&limit=200")["items"] if m["period"] == place[1])

    def said(place):
        of = {f["field"]: f["value"] for f in o.reviewer.get("/matters/" + batch_of(place))["fields"]}
        return of.get("not_evaluated"), of.get("gaps") or ""

    def ready(place, figures):
        bulk(o.reviewer, "screen", items(o.reviewer, matter=batch_of(place)), {"screened": "send"})
        act(o.reviewer, batch_of(place), "count", figures)
    n, gaps = said(short)
    assert n == "1" and gaps.endswith(f"：{field} {lacks[short][blind, field]}") and "\n" not in gaps, (n, gaps)
    silent = {**FIGURES, "not_evaluated_why": ""}
    for place in whole:
        assert said(place) == ("0", ""), (place, said(place))
        ready(place, silent)
        assert act(o.reviewer, batch_of(place), "certify")["state"] == "fed_back"  # not held up
    ready(short, silent)
    held = act(o.reviewer, batch_of(short), "certify", want=409)["failed"]  # not excused
    assert [f["message"] for f in held] == ["1 rules could not be evaluated everywhere: say why, and what is done instead"], held
    ready_again = act(o.reviewer, batch_of(short), "count", {**FIGURES, "not_evaluated_why": "该机构未报剂量单位，改抽病历"})
    assert ready_again["state"] == "reviewing" and act(o.reviewer, batch_of(short), "certify")["state"] == "fed_back"
    # a run that does not say where tells nobody anything
    (lake.dir / "lake/audits/few/lacking.csv").rename(lake.dir / "away.csv")
    refused = load(o, lake, "few", share=share, want=4)
    assert "lacking.csv" in refused and "audit again" in refused, refused


def corrected(names, row):
    """The same line again, ordered by somebody else."""
    at = names.index("bilg_dr_code")
    return [*row[:at], row[at] + "0", *row[at + 1:]]


@test
def checks_without_opening_what_they_are_of_are_told_by_person_and_nothing_else_is():
    """V-04: who checks opens the finding himself, long enough before; else it stands in the report of empty reviews."""
    o = city()
    batch = richest(o)
    told(o, batch)
    rows = items(o.checker, matter=batch, state="silent")
    assert len(rows) >= 5, len(rows)
    read, taken_back, only_just, *unread = rows
    for row in (read, taken_back):
        assert o.checker.get("/items/" + row["id"]).status == 200
    o.user.get("/items/" + unread[0]["id"])  # another's eyes are not his
    o.reviewer.get("/items/" + unread[0]["id"])
    o.at("2026-03-10 00:00:55")
    assert o.checker.get("/items/" + only_just["id"]).status == 200
    o.at("2026-03-10 00:01:05")
    deduct = {"verdict": "deduct", "evidence": "病历抽查"}
    undone = bulk(o.checker, "check", [items(o.checker, matter=batch, state="silent")[-1]], deduct)
    assert undone["n"] == 1 and o.checker.post("/items/undo", {"act": undone["act"]})["n"] == 1
    fresh = items(o.checker, matter=batch, state="silent")
    assert bulk(o.checker, "check", fresh, deduct)["n"] == len(rows)
    report = o.control.get("/reviews/empty?from=2026-03-10&to=2026-03-10")
    assert report.status == 200, report.raw
    mine = [r for r in report["items"] if r["step"] == "check" and r["procedure"] == "claim-batch"]
    assert [(r["person"], r["n"], r["unopened"], r["brief"], r["min_seconds"]) for r in mine] == [
        (o.checker.id, len(rows), len(unread), 1, 30)], report.raw
    cases = {c["id"]: c["seconds"] for c in mine[0]["cases"]}
    assert cases[only_just["id"]] == 10 and read["id"] not in cases and taken_back["id"] not in cases, cases
    assert {i for i, s in cases.items() if s is None} <= {r["id"] for r in unread} and len(cases) == min(20, len(unread) + 1), cases
    # the recheck of a breach: the notice is opened, or it is told
    matter = proposed(o)
    act(o.auditor, matter, "notify", PROPOSAL)
    serve(o, matter, "2026-03-10")
    act(o.user, matter, "answer", {"answer": "defended", "defence": "床位已减"})
    act(o.checker, matter, "recheck", {"result": "不成立", "stands": "false"})

    def rechecks():
        rows = o.control.get("/reviews/empty?from=2026-03-10&to=2026-03-10")["items"]
        return [(r["of"], r["n"], r["unopened"], r["brief"], [c["id"] for c in r["cases"]]) for r in rows if r["step"] == "recheck"]
    assert rechecks() == [("matter", 1, 1, 0, [matter])], rechecks()
    o.at("2026-03-10 00:01:35")
    paper = o.checker.get("/matters/" + matter)["papers"][0]["id"]
    assert o.checker.get(f"/matters/{matter}/papers/{paper}").status == 200
    o.at("2026-03-10 00:02:15")
    act(o.checker, matter, "recheck", {"result": "仍不成立", "stands": "false"})
    assert rechecks() == [("matter", 2, 1, 0, [matter])], rechecks()  # what was opened afterwards does not heal the first
    # other days, other places, other powers
    assert o.control.get("/reviews/empty?from=2026-03-11&to=2026-03-11")["items"] == []
    assert [r["n"] for r in o.control.get("/reviews/empty")["items"] if r["step"] == "check"] == [len(rows)]
    for bad in ("from=2026-02-30", "to=x"):
        assert o.control.get("/reviews/empty?" + bad).status == 400
    away = o.hire("control9", "agency.control", body="ag9")
    assert away.get("/reviews/empty")["items"] == []
    for person in (o.checker, o.auditor, o.user, o.head):
        assert person.get("/reviews/empty").status == 403


def text_of(pdf):
    """What a paper says; None where pdftotext is not installed."""
    if not shutil.which("pdftotext"):
        print("# pdftotext is not here: what the letters say is not read")
        return None
    return subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


@test
def a_letter_lists_the_findings_it_is_about_as_they_stood_when_it_went_out():
    """D-07: what is left out is not in it, and what happens later does not change it."""
    o = city()
    batch = richest(o)
    rows = items(o.reviewer, matter=batch)
    assert len(rows) > 2, rows
    act(o.reviewer, batch, "count", FIGURES)
    bulk(o.reviewer, "screen", rows[:1], {"screened": "out", "reason": "核对后排除"})
    bulk(o.reviewer, "screen", rows[1:], {"screened": "send"})
    certified = act(o.reviewer, batch, "certify")
    letter, other = ([p["id"] for p in certified["papers"] if p["kind"] == kind][0] for kind in ("monthly_letter", "certificate"))
    drawn = o.user.get(f"/matters/{batch}/papers/{letter}")
    assert drawn.status == 200 and drawn.raw.startswith(b"%PDF-"), drawn.raw[:300]
    said = text_of(drawn.raw)
    if said is not None:
        sent = sum(fen(r["amount"]) for r in rows[1:])
        assert f"疑点{len(rows) - 1}条" in said.replace(" ", "") and yuan(sent) in said.replace(",", ""), said
        for day, n in collections.Counter(r["day"] for r in rows[1:]).items():
            year, month, date = map(int, day.split("-"))
            assert said.count(f"{year}年{month}月{date}日") >= n, (day, n, said)
        assert f" {len(rows) - 1} " in said and f" {len(rows)} " not in said, said  # so many lines are numbered
        assert "明细另附" not in said
        assert "费用明细" not in text_of(o.reviewer.get(f"/matters/{batch}/papers/{other}").raw)
    bulk(o.user, "explain", items(o.user, matter=batch)[:1], {"explanation": "病历记载一致"})
    assert o.user.get(f"/matters/{batch}/papers/{letter}").raw == drawn.raw


@test
def an_institution_signs_for_the_letter_itself_and_its_time_begins_with_that_receipt():
    """D-07: feedback of the month, and its receipt; nobody signs for another, twice, or for what is not drawn."""
    o = city()
    batch = richest(o)
    act(o.reviewer, batch, "count", FIGURES)
    bulk(o.reviewer, "screen", items(o.reviewer, matter=batch), {"screened": "send"})
    certified = act(o.reviewer, batch, "certify")
    letter, = [p for p in certified["papers"] if p["kind"] == "monthly_letter"]
    services = o.auditor.get(f"/matters?parent={batch}&procedure=service&state=open")["items"]
    own, = [s["id"] for s in services if {f["field"]: f["value"] for f in o.auditor.get("/matters/" + s["id"])["fields"]}["number"] == letter["number"]]
    signed = {"consent": "true", "receiver": "张三", "receiver_role": "医保办主任", "handed_at": "守护平台"}
    for field in signed:
        bare = act(o.user, own, "sign", {k: v for k, v in signed.items() if k != field}, want=409)
        assert field in {f.get("field") for f in bare["failed"]}, bare.raw
    unwilling = act(o.user, own, "sign", {**signed, "consent": "false"}, want=409)
    assert [f["basis"] for f in unwilling["failed"]] == ["医保局令第4号第五十九条"], unwilling.raw
    for person in (o.auditor, o.reviewer, o.head):  # who sends it does not sign for it
        assert "role" in kinds(act(person, own, "sign", signed, want=409))
    assert o.stranger.get("/matters/" + own).status == 404
    assert o.stranger.post(f"/matters/{own}/actions", {"step": "sign", "fields": signed}, headers={"If-Match": '"1"'}).status == 404
    back = act(o.user, own, "sign", signed, want=409, occurred="2026-02-27")  # not on another day than he does
    assert kinds(back) == {"time"}, back.raw
    assert "explain" not in {d["clock"] for d in o.user.get("/matters/" + batch)["deadlines"]}  # no receipt, no time running
    done = act(o.user, own, "sign", signed)
    assert done["final"]
    again = act(o.user, own, "sign", signed, want=409)
    assert kinds(again) == {"state"}, again.raw
    assert "state" in kinds(act(o.auditor, own, "hand", {"way": "direct", "receipt": "R-1"}, want=409))
    clock, = [d for d in o.user.get("/matters/" + batch)["deadlines"] if d["clock"] == "explain"]
    assert clock["due"] == "2026-03-09", clock  # five working days after the day of the receipt
    receipt, = [p for p in done["papers"] if p["kind"] == "receipt"]
    for person in (o.user, o.auditor):
        drawn = person.get(f"/matters/{own}/papers/{receipt['id']}")
        assert drawn.status == 200 and drawn.raw.startswith(b"%PDF-"), drawn.raw[:300]
    said = text_of(drawn.raw)
    if said is not None:
        flat = re.sub(r"\s", "", said)
        for words in (letter["number"], "张三", "医保办主任", "守护平台", "送达回证"):
            assert words in flat, (words, said)
    step = [s for s in o.auditor.get("/matters/" + own)["timeline"] if s["step"] == "sign"]
    assert [s["actor"] for s in step] == [o.user.id], step


@test
def a_party_reads_what_is_addressed_to_it_and_nothing_of_the_offices_own():
    """B-18: certificates, minutes and examinations are written for the office."""
    o = city()
    batch = richest(o)
    told(o, batch)
    papers = {p["id"]: p["kind"] for p in o.head.get("/matters/" + batch)["papers"]}
    own = {p for p, kind in papers.items() if kind in ("certificate", "payment_run")}
    assert own and set(papers) - own, papers
    seen = {p["id"] for p in o.user.get("/matters/" + batch)["papers"]}
    assert seen and seen == set(papers) - own, (seen, papers)
    for paper in papers:
        wanted = 404 if paper in own else 200
        assert o.user.get(f"/matters/{batch}/papers/{paper}").status == wanted, papers[paper]
        assert o.reviewer.get(f"/matters/{batch}/papers/{paper}").status == 200, papers[paper]


def third_party(o):
    """A body with a contract, and an expert of it."""
    o.body("tp1", "third_party", "990100")
    o.record(o.contract, "third_parties", {"code": "tp1", "name": "评估中心", "kind": "quality", "credit_code": "91350100M000100Y43",
                                           "place": "990100"}, o.head)
    o.record(o.contract, "contracts", {"number": "C-tp1", "third_party": "tp1", "scope": "申诉评估", "signed_on": "2020-01-01",
                                       "ends_on": "2027-12-31", "place": "990100"}, o.head)
    o.expert = o.hire("expert", "third.expert", body="tp1")


@test
def an_appealed_finding_is_settled_by_the_third_party_and_by_nobody_else():
    """D-08, D-09."""
    o = city()
    third_party(o)
    batch = richest(o)
    told(o, batch)
    judged(o, batch)
    first, second, late = items(o.user, matter=batch)[:3]
    assert kinds(bulk(o.stranger, "appeal", [first], {"appeal": "x"})["refused"][0])  # not his
    bare = bulk(o.user, "appeal", [first])
    assert [f["field"] for f in bare["refused"][0]["failed"]] == ["appeal"], bare.raw
    for row in (first, second):
        assert bulk(o.user, "appeal", [row], {"appeal": "两次手术部位不同"})["n"] == 1
    row = items(o.checker, matter=batch, state="appealed")
    assert {r["id"] for r in row} == {first["id"], second["id"]}
    for person in (o.checker, o.head, o.reviewer, o.user):  # who deducted it does not decide the appeal
        tried = bulk(person, "settle", row[:1], {"opinion": "upheld"})
        assert tried["n"] == 0 and "role" in kinds(tried["refused"][0]), tried.raw
    subs = {{f["field"]: f["value"] for f in o.head.get("/matters/" + s["id"])["fields"]}["finding"]: s["id"]
            for s in o.head.get(f"/matters?parent={batch}&procedure=appeal")["items"]}
    assert set(subs) == {first["id"], second["id"]}
    one, two = subs[first["id"]], subs[second["id"]]
    shown = o.user.get("/matters/" + one)
    assert {"两次手术部位不同"} <= {f["value"] for f in shown["fields"]}, shown.raw
    record = o.user.post(f"/matters/{one}/attachments?name=record.pdf&source=ward", raw=b"scan", headers={"Content-Type": "application/octet-stream"})
    assert record.status == 201, record.raw
    act(o.checker, one, "accept")
    act(o.head, one, "assign", {"third": "tp1", "contract": "C-tp1"})
    act(o.head, one, "give", {"opinion": "upheld", "words": "x"}, want=409)
    assert [a["name"] for a in o.expert.get("/matters/" + one)["attachments"]] == ["record.pdf"]
    assert o.expert.get("/matters/" + two).status == 404  # called into the one, not into the other
    act(o.expert, one, "give", {"opinion": "overturned", "words": "属实"})
    against = act(o.head, one, "settle", {"verdict": "upheld"}, want=409)
    assert [f["basis"] for f in against["failed"]] == ["S1§2.4"], against.raw
    assert o.head.get("/items/" + first["id"])["state"] == "appealed"  # a refused step settles nothing
    assert act(o.head, one, "settle", {"verdict": "overturned"})["final"]
    settled = o.head.get("/items/" + first["id"])
    assert settled["state"] == "passed" and settled["timeline"][-1]["actor"] == "law", settled.raw
    anew = bulk(o.head, "reopen", [settled.json], {"reason": "再议"})
    assert anew["n"] == 0 and "S1§2.4" in {f["basis"] for f in anew["refused"][0]["failed"]}, anew.raw
    assert act(o.checker, two, "refuse", {"reason": "无理由"})["final"]
    assert o.head.get("/items/" + second["id"])["state"] == "deducted"
    o.at("2026-03-18 08:00:00")
    until(lambda: [d for d in o.checker.get("/matters/" + batch)["deadlines"] if d["clock"] == "appeal"][0]["state"] == "passed")
    missed = bulk(o.user, "appeal", items(o.user, matter=batch, state="deducted")[:1], {"appeal": "晚了"})
    assert missed["n"] == 0 and missed["refused"][0]["failed"][0]["basis"] == "S1§2.4", (missed.raw, late)
    act(o.checker, batch, "total")
    examined(o, batch)
    decided = act(o.head, batch, "decide")
    deducted = sum(fen(r["amount"]) for r in items(o.head, matter=batch)) - fen(first["amount"])
    assert {f["field"]: f["value"] for f in decided["fields"]}["refused"] == yuan(deducted)


@test
def no_deduction_of_a_batch_is_decided_before_three_sections_have_examined_it_together():
    """V-11: whatever is refused or recovered is a problem that is handled."""
    o = city()
    batch = richest(o)
    told(o, batch)
    judged(o, batch)
    o.at("2026-03-18 08:00:00")
    until(lambda: [d for d in o.checker.get("/matters/" + batch)["deadlines"] if d["clock"] == "appeal"][0]["state"] == "passed")
    early = act(o.control, batch, "examine", EXAMINED, want=409)
    assert [f["basis"] for f in early["failed"]] == ["S4§23"], early.raw  # nothing is added up yet
    act(o.checker, batch, "total")
    none = act(o.head, batch, "decide", want=409)
    assert [f["basis"] for f in none["failed"]] == ["S2§4.4"], none.raw
    assert "separation" in kinds(act(o.checker, batch, "examine", EXAMINED, want=409))  # who found it so examines nothing
    assert "role" in kinds(act(o.reviewer, batch, "examine", EXAMINED, want=409))
    assert kinds(act(o.control, batch, "examine", {**EXAMINED, "examined_on": "2099-01-01"}, want=409)) == {"guard"}
    for person in (o.control, o.finance):
        act(person, batch, "examine", {**EXAMINED, "handling": "back"})
    assert [f["basis"] for f in act(o.head, batch, "decide", want=409)["failed"]] == ["S2§4.4"]  # two of three
    done = act(o.contract, batch, "examine", {**EXAMINED, "handling": "back"})
    record, = [p for p in done["papers"] if p["kind"] == "examination_record"]
    assert o.head.get(f"/matters/{batch}/papers/{record['id']}").raw.startswith(b"%PDF-")
    assert [f["basis"] for f in act(o.head, batch, "decide", want=409)["failed"]] == ["S2§4.4"]  # back is not: to be handled
    # examined anew and to be handled: no finding is another any more, or it is examined again
    rows = items(o.checker, matter=batch)
    bulk(o.checker, "finalise", rows)
    examined(o, batch)
    final = items(o.head, matter=batch)
    swapped = bulk(o.head, "reopen", final[:1], {"reason": "换一条"})
    assert swapped["n"] == 0 and [f["basis"] for f in swapped["refused"][0]["failed"]] == ["S2§4.4"], swapped.raw
    examined(o, batch, handling="drop")
    assert [f["basis"] for f in act(o.head, batch, "decide", want=409)["failed"]] == ["S2§4.4"]
    for row in final:
        assert bulk(o.head, "reopen", [row], {"reason": "会审不予处理"})["n"] == 1
    assert "S4§18" in {f["basis"] for f in act(o.control, batch, "examine", EXAMINED, want=409)["failed"]}  # other sums than those added up
    bulk(o.checker, "check", items(o.checker, matter=batch), {"verdict": "pass", "reason": "会审不予处理"})
    act(o.checker, batch, "total")
    assert act(o.head, batch, "decide")["state"] == "decided"  # nothing is left that would be handled


@test
def a_batch_refused_at_the_threshold_is_discussed_and_minuted_first():
    """H-11."""
    o = city()
    batch = richest(o)
    limits = own_law(o) / "params/office-demo.csv"
    total = sum(fen(row["amount"]) for row in items(o.reviewer, matter=batch))
    text = limits.read_text(encoding="utf-8")
    assert "collective_amount_min,990100,,,50000,yuan" in text
    limits.write_text(text.replace("collective_amount_min,990100,,,50000,yuan", f"collective_amount_min,990100,,,{yuan(total)},yuan"), encoding="utf-8")
    told(o, batch)
    judged(o, batch)
    o.at("2026-03-18 08:00:00")
    until(lambda: [d for d in o.checker.get("/matters/" + batch)["deadlines"] if d["clock"] == "appeal"][0]["state"] == "passed")
    act(o.checker, batch, "total")
    examined(o, batch)
    assert kinds(act(o.head, batch, "decide", want=409)) == {"gate"}
    for person in (o.chief, o.member1, o.member2):
        act(person, batch, "gate.panel", {"opinion": "agree"})
    assert kinds(act(o.head, batch, "decide", want=409)) == {"gate"}
    paper, = [p for p in discussed(o, batch)["papers"] if p["kind"] == "panel_minutes"]
    assert f"拒付：{total // 100:,}.{total % 100:02d}元" in text_of(o.head.get(f"/matters/{batch}/papers/{paper['id']}").raw).replace(" ", "")
    assert act(o.head, batch, "decide")["state"] == "decided"


def ordered_days(lake):
    """Days on which each doctor of each hospital ordered something that is paid."""
    ordered = collections.defaultdict(set)
    with open(lake.dir / "city/fee_list_d.csv", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["vali_flag"] == "1" and float(row["inscp_amt"] or 0) > 0:
                ordered[row["fixmedins_code"], row["bilg_dr_code"]].add(datetime.date.fromisoformat(row["fee_ocur_time"][:10]))
    return sorted(ordered.items())


def suspended_days(lake):
    """A doctor, a first day and the same date a month later: he ordered on both, and on the day before each."""
    one = datetime.timedelta(1)
    for who, days in ordered_days(lake):
        for first in sorted(d for d in days if d.day < 29 and d.month < 12):
            over = first.replace(month=first.month + 1)
            if {first - one, first, over - one, over} <= days:
                return who, days, first, over
    raise AssertionError("no doctor has ordered around two such days")


def audited(o, run, rule):
    """What an audit that the office starts finds by a rule."""
    job = o.auditor.post("/jobs", {"kind": "audit", "arguments": {"place": "990100", "run": run}})
    assert job.status == 202, job.raw
    until(lambda: o.auditor.get("/jobs/" + job["id"])["state"] in ("done", "failed"))
    assert o.auditor.get("/jobs/" + job["id"])["state"] == "done", o.auditor.get("/jobs/" + job["id"]).raw
    return findings_of(o, run, rule)


def findings_of(o, run, rule):
    found, after = [], ""
    while after is not None:
        page = o.auditor.get(f"/runs/{run}/findings?rule={rule}&limit=200&after={after}")
        found, after = found + page["items"], page["next"]
    return found


@test
def what_the_office_found_of_findings_says_how_precise_an_edited_rule_is():
    o = city()
    o.lake = o.dir / "lake"
    shutil.copytree(claims().dir / "lake", o.lake)
    batch = richest(o)
    told(o, batch)
    judged(o, batch)
    o.at("2026-03-18 08:00:00")
    until(lambda: [d for d in o.checker.get("/matters/" + batch)["deadlines"] if d["clock"] == "appeal"][0]["state"] == "passed")
    bulk(o.checker, "finalise", items(o.checker, matter=batch))
    final = collections.Counter(r["rule"] for r in items(o.checker, matter=batch, state="final"))
    elsewhere = collections.Counter(r["rule"] for r in items(o.reviewer, state="new"))
    rule = max(final, key=lambda r: (min(final[r], elsewhere[r]), r))
    held = final[rule]
    out = items(o.reviewer, rule=rule, state="new")[:3]
    assert held > 0 and out, (final, elsewhere)
    bulk(o.reviewer, "screen", out, {"screened": "out", "reason": "已核对医嘱"})
    author = o.hire("author", "agency.rules_author", body="ag1")
    outcomes = author.get(f"/rules/{rule}/outcomes")
    assert (outcomes["confirmed"], outcomes["overturned"]) == (held, len(out)), outcomes.raw
    text = (ROOT / f"rules/{rule}.yaml").read_text(encoding="utf-8")
    never = re.sub(r"in_force: \{from: [0-9-]+", "in_force: {from: 2001-01-01, to: 2001-02-01", text)
    assert never != text
    for tried, lost in ((text, False), (never, True)):
        job = author.post(f"/rules/{rule}/backtests", {"text": tried, "place": "990100"})
        assert job.status == 202, job.raw
        until(lambda: author.get("/jobs/" + job["id"])["state"] in ("done", "failed"))
        came = author.get(f"/jobs/{job['id']}/backtest")["comparison"]
        of = came["all"]
        if lost:  # whatever had been upheld and would be found no more is named
            assert (of["now"], of["lost_upheld"], of["lost_rejected"], of["share"]) == (0, held, len(out), None), of
            assert len(came["lost"]) == min(50, held) and {r["name"] for r in came["lost"]} == {rule}, came["lost"]
        else:
            assert (of["upheld"], of["rejected"], of["lost_upheld"]) == (held, len(out), 0), of
            assert [of[k] for k in ("share", "low", "high")] == [outcomes[k] for k in ("share", "low", "high")], (of, outcomes.raw)


@test
def what_a_suspended_doctor_orders_is_refused_from_his_first_day_to_his_last_and_no_other():
    """H-17."""
    o = city()
    o.lake = o.dir / "lake"
    shutil.copytree(claims().dir / "lake", o.lake)
    o.at("2026-03-02 09:02:00")
    (hospital, doctor), days, first, over = suspended_days(claims())
    o.hospital(hospital, "h1")
    assert act(o.auditor, proposed(o), "notify", {**PROPOSAL, "measure": "suspend_person", "months": "1"}, want=409)["failed"][0]["basis"] == "S4§19"
    matter = heard(o, source="B-40", measure="suspend_person", person=doctor, months="1", amount="0.00")
    discussed(o, matter)
    for begins in ({}, {"begins": "2026-03-01"}):  # no first day, or one that is over
        assert "S4§19" in {f["basis"] for f in act(o.head, matter, "decide", begins, want=409)["failed"]}
    act(o.head, matter, "decide", {"begins": str(first)})
    status, = o.head.get(f"/registers/statuses/records?valid_on={first}")["items"]
    assert (status["fields"]["subject"], status["fields"]["state"], status["valid_from"], status["valid_to"]) == (doctor, "suspended", str(first), str(over - datetime.timedelta(1))), status
    before = {f["id"] for f in findings_of(o, "r1", "suspended-orders")}  # of the city's own suspended doctors
    found = {f["day"] for f in audited(o, "r9", "suspended-orders") if f["id"] not in before}
    assert found == {str(d) for d in days if first <= d < over}, (first, over, sorted(found))
    # nobody lets such a line pass
    assert o.run("findings", "load", "--lake", str(o.lake), "--run", "r9", "--body", "ag1", "--actor", o.reviewer.id) is not None
    batch = o.reviewer.get(f"/matters?procedure=claim-batch&subject={hospital}")["items"][0]["id"]
    own = items(o.reviewer, matter=batch)
    barred = [r for r in own if r["rule"] in ("suspended-orders", "suspended-services")]  # what he ordered, what he did
    assert barred and len(barred) < len(own)
    left_out = bulk(o.reviewer, "screen", own, {"screened": "out", "reason": "误报"})
    assert {r["id"] for r in left_out["refused"]} == {r["id"] for r in barred}, left_out.raw
    assert {f["basis"] for r in left_out["refused"] for f in r["failed"]} == {"S4§23"}
    bulk(o.reviewer, "screen", [r for r in items(o.reviewer, matter=batch) if r["state"] == "new"], {"screened": "send"})
    act(o.reviewer, batch, "count", FIGURES)
    act(o.reviewer, batch, "certify")
    serve(o, batch)
    o.at("2026-03-10 00:00:10")
    until(lambda: [d for d in o.checker.get("/matters/" + batch)["deadlines"] if d["clock"] == "explain"][0]["state"] == "passed")
    bulk(o.checker, "silence", [r for r in items(o.checker, matter=batch) if r["state"] == "sent"])
    silent_rows = [r for r in items(o.checker, matter=batch) if r["state"] == "silent"]
    passed = bulk(o.checker, "check", silent_rows, {"verdict": "pass", "reason": "机构已说明"})
    assert passed["n"] == 0 and {f["basis"] for r in passed["refused"] for f in r["failed"]} == {"S4§23"}, passed.raw
    assert bulk(o.checker, "check", silent_rows, {"verdict": "deduct"})["n"] == len(barred)  # the record is evidence enough


def over(o, batch, clock):
    """The last day of a clock is in time; then the days of three days later have come. Returns that last day."""
    due, = [d["due"] for d in o.head.get("/matters/" + batch)["deadlines"] if d["clock"] == clock]
    o.at(due + " 23:59:30")
    assert not overrun(o, batch, clock), (clock, due)
    o.at((datetime.date.fromisoformat(due) + datetime.timedelta(days=3)).isoformat() + " 09:00:00")
    until(lambda: [d for d in o.head.get("/matters/" + batch)["deadlines"] if d["clock"] == clock][0]["state"] == "passed")
    return due


def overrun(o, batch, clock, person=None):
    answer = (person or o.finance).get("/overruns?procedure=claim-batch")
    assert answer.status == 200, answer.raw
    return [one for one in answer["items"] if (one["matter"], one["clock"]) == (batch, clock)]


@test
def clean_lines_and_the_rest_of_a_settlement_paid_late_are_told_with_reason_and_hand():
    """D-14, D-11: 30 working days from the claim for what is clean, from the decision for the rest; in time is not told."""
    o = city()
    batch = richest(o)
    bulk(o.reviewer, "screen", items(o.reviewer, matter=batch), {"screened": "send"})
    act(o.reviewer, batch, "count", FIGURES)
    act(o.reviewer, batch, "certify")
    serve(o, batch)
    due = over(o, batch, "payment")
    day = o.clock[:10]
    owed, = overrun(o, batch, "payment")
    assert (owed["due"], owed["done"], owed["days_late"], owed["step"], owed["reason"], owed["person"], owed["basis"]) == (
        due, None, 3, "pay_clean", "", "", "医保局令第2号第三十条"), owed
    assert not overrun(o, batch, "payment", o.user)  # whose it is not
    assert kinds(act(o.finance, batch, "pay_clean", want=409)) == {"time"}  # late asks why
    act(o.finance, batch, "pay_clean", why="银行系统停运")
    bulk(o.checker, "silence", items(o.checker, matter=batch))
    bulk(o.checker, "check", items(o.checker, matter=batch), {"verdict": "deduct", "evidence": "病历抽查"})
    act(o.checker, batch, "judge")
    serve(o, batch, day)
    over(o, batch, "appeal")
    act(o.checker, batch, "total")
    examined(o, batch)
    decided = act(o.head, batch, "decide")
    serve(o, batch, o.clock[:10])
    act(o.bhead, [s for s in decided["subs"] if s["procedure"] == "filing"][0]["id"], "file", {"filed_number": "F-9"})
    end = over(o, batch, "rest")
    paid = {"paid": yuan(fen(FIGURES["received"]) - sum(fen(r["amount"]) for r in items(o.checker, matter=batch)))}
    assert overrun(o, batch, "rest")[0]["done"] is None
    assert kinds(act(o.finance, batch, "close", paid, want=409)) == {"time"}
    last = o.clock[:10]
    assert act(o.finance, batch, "close", paid, why="账户变更待核")["final"]
    said = o.control.get(f"/overruns?procedure=claim-batch&from={due}&to={end}")
    told = {one["clock"]: [one[k] for k in ("due", "done", "days_late", "step", "reason", "person")] for one in said["items"] if one["matter"] == batch}
    assert told == {"payment": [due, day, 3, "pay_clean", "银行系统停运", o.finance.id],
                    "rest": [end, last, 3, "close", "账户变更待核", o.finance.id]}, told


@test
def doubts_are_not_paid_while_they_are_open_and_each_payment_run_says_what_it_held_back():
    """D-11, S3§4."""
    o = city()
    batch = richest(o)
    act(o.reviewer, batch, "count", FIGURES)
    rows = items(o.reviewer, matter=batch)
    held = sum(fen(r["amount"]) for r in rows)
    early = act(o.finance, batch, "pay_clean", want=409)
    assert "state" in kinds(early), early.raw  # no payment before the first review
    bulk(o.reviewer, "screen", rows, {"screened": "send"})
    act(o.reviewer, batch, "certify")
    act(o.reviewer, batch, "count", {**FIGURES, "clean": yuan(fen(FIGURES["received"]) - held + 1)})
    much = act(o.finance, batch, "pay_clean", want=409)
    assert [f["basis"] for f in much["failed"]] == ["S3§4"], much.raw  # one doubtful fen among the clean
    act(o.reviewer, batch, "count", FIGURES)
    paid = act(o.finance, batch, "pay_clean")
    again = act(o.finance, batch, "pay_clean", want=409)
    assert kinds(again) == {"guard"}, again.raw
    report, = [p["id"] for p in paid["papers"] if p["kind"] == "payment_run"]
    drawn = o.head.get(f"/matters/{batch}/papers/{report}")
    assert drawn.status == 200 and drawn.raw.startswith(b"%PDF-"), drawn.raw[:300]
    said = text_of(drawn.raw)
    if said is not None:
        flat = re.sub(r"[\s,]", "", said)
        assert f"疑点费用{len(rows)}条、{yuan(held)}元" in flat and "无疑点费用90000.00元" in flat and "支付完毕" not in flat, said
    for step in ("close", "decide"):
        assert "state" in kinds(act(o.finance if step == "close" else o.head, batch, step, {"paid": FIGURES["received"]} if step == "close" else None, want=409))
    money = [r["fields"] for r in o.finance.get("/registers/batch_money/records?limit=200")["items"]]
    assert sum(fen(r["amount"]) for r in money if r["stage"] != "received") == fen(FIGURES["clean"]), money
    serve(o, batch)
    o.at("2026-03-10 00:00:10")
    until(lambda: [d for d in o.checker.get("/matters/" + batch)["deadlines"] if d["clock"] == "explain"][0]["state"] == "passed")
    bulk(o.checker, "silence", items(o.checker, matter=batch))
    judged(o, batch)
    assert "state" in kinds(act(o.finance, batch, "close", {"paid": FIGURES["received"]}, want=409))
    ended(o, batch)
    runs = [p["id"] for p in o.head.get("/matters/" + batch)["papers"] if p["kind"] == "payment_run"]
    assert len(runs) == 2, runs
    last = text_of(o.head.get(f"/matters/{batch}/papers/{next(r for r in runs if r != report)}").raw)
    if last is not None:
        flat = re.sub(r"[\s,]", "", last)
        assert f"合计支付{yuan(fen(FIGURES['received']) - held)}元，拒付{yuan(held)}元" in flat, last


def thirds():
    """An institution and month where three rules find money, in three runs: of the first rule, of two, of all."""
    lake = claims()
    found = collections.defaultdict(collections.Counter)
    with open(lake.dir / "f.csv", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["institution"] and row["day"] and row["counted"]:
                found[row["institution"], row["day"][:7]][row["rule"]] += fen(row["counted"])
    spare = fen(FIGURES["received"]) - fen(FIGURES["clean"])
    costly = {batch: sorted(r for r, amount in rules.items() if 0 < amount <= spare) for batch, rules in sorted(found.items())}
    (subject, period), names = max(costly.items(), key=lambda pair: len(pair[1]))
    assert len(names) >= 3, found
    lake.shares = {"third": lake.audit("third", names[:1]), "two-thirds": lake.audit("two-thirds", names[:2])}
    return lake, subject, period


@test
def what_is_not_paid_is_not_paid_and_what_is_paid_already_comes_back():
    """F-04, D-11: whether a line was paid is read from the payments of its month, whoever says what."""
    o = city()
    lake, subject, period = thirds()
    if subject != "H1":
        o.hospital(subject, "h1")
    load(o, lake, "third", share=lake.shares["third"])
    query = f"/matters?procedure=claim-batch&subject={subject}&limit=200"
    batch = [m for m in o.reviewer.get(query)["items"] if m["period"] == period][0]
    number, batch = batch["number"], batch["id"]
    again = o.reviewer.post("/matters", {"procedure": "claim-batch", "subject": subject, "period": period})
    assert again.status == 409 and again["failed"][0]["field"] == "period", again.raw  # no second one beside it
    unpaid = {r["id"] for r in items(o.reviewer, matter=batch)}
    breach = {**PROPOSAL, "source": number}
    matter = o.auditor.post("/matters", {"procedure": "breach-decision", "subject": subject})["id"]

    def more():
        """What comes in after the clean lines are paid lies on lines that are paid."""
        load(o, lake, "two-thirds", share=lake.shares["two-thirds"])
        late = [r for r in items(o.reviewer, matter=batch) if r["id"] not in unpaid]
        assert late and {r["state"] for r in late} == {"new"}, late
        assert bulk(o.reviewer, "screen", late, {"screened": "send"})["n"] == len(late)
        figures = act(o.reviewer, batch, "count", FIGURES, want=409)
        assert [f["basis"] for f in figures["failed"]] == ["医保局令第2号第三十条"], figures.raw
        refused = act(o.auditor, matter, "notify", {**breach, "measure": "refuse"}, want=409)
        assert [f["basis"] for f in refused["failed"]] == ["S4§23"], refused.raw  # paid: it is recovered
    told(o, batch, meanwhile=more)
    rows = items(o.checker, matter=batch)
    for word in ("true", "false"):  # nobody says it
        said = bulk(o.checker, "check", rows, {"verdict": "deduct", "evidence": "病历抽查", "paid": word}, path="/items/preview")
        assert said["n"] == 0 and all(f["field"] == "paid" for r in said["refused"] for f in r["failed"]), said.raw
    judged(o, batch)
    o.at("2026-03-18 08:00:00")
    until(lambda: [d for d in o.checker.get("/matters/" + batch)["deadlines"] if d["clock"] == "appeal"][0]["state"] == "passed")
    assert kinds(act(o.head, batch, "total", want=409)) >= {"role"}
    act(o.checker, batch, "total")
    examined(o, batch)
    decided = act(o.head, batch, "decide")
    kept, back = (sum(fen(r["amount"]) for r in rows if (r["id"] in unpaid) == is_kept) for is_kept in (True, False))
    told_of = {f["field"]: f["value"] for f in decided["fields"]}
    assert (told_of["refused"], told_of["recovered"]) == (yuan(kept), yuan(back)), told_of
    recovery = [s for s in decided["subs"] if s["procedure"] == "recovery"]
    assert len(recovery) == 1 and back, (back, recovery)
    owed = {f["field"]: f["value"] for f in o.auditor.get("/matters/" + recovery[0]["id"])["fields"]}
    assert owed["amount"] == yuan(back) and owed["fund"] == "390", owed
    measures = sorted((r["fields"]["measure"], r["fields"]["amount"]) for r in o.auditor.get("/registers/decisions/records")["items"])
    assert measures == [("recover", yuan(back)), ("refuse", yuan(kept))], measures
    serve(o, batch, "2026-03-18")
    act(o.bhead, [s for s in decided["subs"] if s["procedure"] == "filing"][0]["id"], "file", {"filed_number": "F-9"})
    paid = fen(FIGURES["received"]) - kept
    early = act(o.finance, batch, "close", {"paid": yuan(paid)}, want=409)
    assert [f["basis"] for f in early["failed"]] == ["S4§24"], early.raw  # while a yuan is owed the batch stays open
    money = recovery[0]["id"]
    act(o.auditor, money, "notify")
    serve(o, money, "2026-03-18")
    act(o.finance, money, "settle", {"paid": yuan(back), "bank_row": "BR-1", "way": "paid"}, occurred="2026-03-18")
    assert act(o.finance, batch, "close", {"paid": yuan(paid)})["final"]
    # what a later run finds in a month that is judged goes to a batch of its own, all of it paid; nothing closed moves
    before = {r["id"]: (r["state"], r["amount"]) for r in items(o.reviewer, matter=batch)}
    load(o, lake, "r1")
    assert {r["id"]: (r["state"], r["amount"]) for r in items(o.reviewer, matter=batch)} == before
    after = [m for m in o.reviewer.get(query)["items"] if m["period"] == period and m["id"] != batch]
    assert len(after) == 1, after
    after = after[0]["id"]
    load(o, lake, "r1")
    assert len([m for m in o.reviewer.get(query)["items"] if m["period"] == period]) == 2
    late = items(o.reviewer, matter=after)
    assert late and {r["state"] for r in late} == {"new"} and not {r["id"] for r in late} & set(before), late
    shown = o.reviewer.get("/items/" + late[0]["id"])
    assert {f["field"]: f["value"] for f in shown["fields"]}["paid"] == "true", shown.raw


@test
def a_batch_that_is_not_paid_is_refused_and_nothing_of_it_recovered():
    """F-04: what is decided as a breach follows the payments of the batch it comes from."""
    o = city()
    batch = richest(o)
    shown = o.reviewer.get("/matters/" + batch)
    act(o.reviewer, batch, "count", FIGURES)
    bulk(o.reviewer, "screen", items(o.reviewer, matter=batch), {"screened": "send"})
    act(o.reviewer, batch, "certify")
    matter = o.auditor.post("/matters", {"procedure": "breach-decision", "subject": shown["subject"]})["id"]
    breach = {**PROPOSAL, "source": shown["number"]}
    early = act(o.auditor, matter, "notify", breach, want=409)
    assert [f["basis"] for f in early["failed"]] == ["S4§23"], early.raw  # not paid yet
    own = items(o.reviewer, matter=batch)
    figures = {**FIGURES, "clean": yuan(fen(FIGURES["received"]) - sum(fen(r["amount"]) for r in own) + 1)}
    act(o.reviewer, batch, "count", figures)  # before anything is paid the figures follow what comes in
    much = act(o.finance, batch, "pay_clean", want=409)
    assert [f["basis"] for f in much["failed"]] == ["S3§4"], much.raw  # a doubtful fen among the clean
    other = act(o.reviewer, batch, "count", {**FIGURES, "received": "100000.01"}, want=409)
    assert [f["basis"] for f in other["failed"]] == ["S4§17"], other.raw
    act(o.reviewer, batch, "count", FIGURES)
    act(o.finance, batch, "pay_clean")
    late = act(o.auditor, matter, "notify", {**breach, "measure": "refuse"}, want=409)
    assert [f["basis"] for f in late["failed"]] == ["S4§23"], late.raw
    assert act(o.auditor, matter, "notify", breach)["state"] == "notified"


TERMINATION = {"measure": "terminate", "ground": "fraud", "facts": "以虚假材料取得定点", "evidence": "申请材料与现场笔录", "clause": "协议第三十条",
               "ground_on": "2026-02-10", "ground_paper": "认定书〔2026〕1号"}
def bureau_leaders(o):
    """A panel of the bureau, and its legal reviewer; his qualification is on record."""
    o.bchief, o.bm1, o.bm2 = o.hire("bchief", "bureau.chief"), o.hire("bm1", "bureau.panel"), o.hire("bm2", "bureau.panel")
    for person, seat in ((o.bchief, "chief"), (o.bm1, "member"), (o.bm2, "deputy")):
        o.record(o.bhead, "panel_members", {"body": "gov", "panel": "bureau", "person": person.id, "seat": seat, "place": "990100"}, o.bchief)
    o.legal, o.clerk = o.hire("legal", "bureau.legal"), o.hire("clerk", "bureau.legal")
    o.record(o.admin, "credentials", {"kind": "legal", "number": "L-1", "person": o.legal.id, "holder": "测试法制", "body": "gov",
                                      "place": "990100"}, o.boss)


def voices(matter, gate, people, opinion="agree"):
    for person in people:
        act(person, matter, "gate." + gate, {"opinion": opinion})


def minuted(matter, gate, people):
    for person in people:
        act(person, matter, "minute_" + gate, MINUTED)


def panel(matter, gate, people):
    """They speak of the present text, and sign what was said."""
    voices(matter, gate, people)
    minuted(matter, gate, people)


@test
def an_agreement_ends_only_after_both_panels_and_the_legal_review_have_passed_the_same_text():
    """H-12, H-13."""
    o = city()
    bureau_leaders(o)
    o.dauditor, o.dhead = o.hire("dauditor", "agency.auditor", body="ag9"), o.hire("dhead", "agency.head", body="ag9")
    proposal = o.auditor.post("/matters", {"procedure": "termination-proposal", "subject": "H1"})["id"]
    assert "S4§20" in {f["basis"] for f in act(o.head, proposal, "send", want=409)["failed"]}
    act(o.auditor, proposal, "draft", TERMINATION)
    assert kinds(act(o.auditor, proposal, "send", want=409)) >= {"role"}
    at = act(o.head, proposal, "send")["subs"][0]["id"]
    shown = o.head.get("/matters/" + at)
    assert (shown["procedure"], shown["body"], shown["place"]) == ("termination", "ag1", "990100"), shown.raw
    assert act(o.auditor, proposal, "close", want=409)["failed"][0]["basis"] == "S4§21"
    for step in ("discuss", "pass", "settle", "execute"):  # nobody was told, nobody has discussed anything
        for person in (o.head, o.bhead, o.legal):
            assert "state" in kinds(act(person, at, step, want=409)), step
    early = act(o.chief, at, "gate.agency", {"opinion": "agree"}, want=409)
    assert kinds(early) == {"state"}, early.raw  # a panel speaks when it is its turn
    act(o.auditor, at, "notify", {"measure": "terminate"})
    serve(o, at)
    act(o.user, at, "answer", {"answer": "defended", "defence": "材料系中介伪造"})
    voices(at, "agency", (o.chief, o.member1, o.member2))
    unheard = act(o.head, at, "discuss", want=409)
    assert [f["basis"] for f in unheard["failed"]] == ["S4§22", "S2§4.4", "S4§21"], unheard.raw  # nor is it minuted
    act(o.checker, at, "recheck", {"result": "不成立"})
    alone = act(o.head, at, "discuss", want=409)  # V-11: the sections of the agency have not looked at it together
    assert [f["basis"] for f in alone["failed"]] == ["S2§4.4", "S4§21"], alone.raw
    assert kinds(act(o.auditor, at, "examine", EXAMINED, want=409)) >= {"role"}  # who told the institution reports, and examines nothing
    examined(o, at, handling="back")
    assert [f["basis"] for f in act(o.head, at, "discuss", want=409)["failed"]] == ["S2§4.4", "S4§21"]
    examined(o, at)
    assert kinds(act(o.auditor, at, "discuss", want=409)) >= {"role"}
    # H-11: nobody types what was discussed, by whom and how it ended; whoever spoke signs, and nobody else
    assert kinds(act(o.head, at, "discuss", want=409)) == {"gate"}
    for field in ("members", "present", "conclusion"):
        typed = act(o.chief, at, "minute_agency", {**MINUTED, field: "3"}, want=409)
        assert field in {f["field"] for f in typed["failed"]}, typed.raw
    assert kinds(act(o.bchief, at, "minute_agency", MINUTED, want=409)) >= {"role"}  # of the other panel
    minuted(at, "agency", (o.chief, o.member1))
    assert kinds(act(o.head, at, "discuss", want=409)) == {"gate"}  # the third has spoken, and not signed
    minuted(at, "agency", (o.member2,))
    assert act(o.head, at, "discuss")["state"] == "discussed"
    # the bureau's leaders do not speak before the legal review, and nobody decides without it
    assert kinds(act(o.bchief, at, "gate.bureau", {"opinion": "agree"}, want=409)) == {"state"}
    assert "state" in kinds(act(o.bhead, at, "settle", want=409))
    review = {"text": "解除协议决定书（送审稿）", "opinion": "agreed"}
    assert "holds" in kinds(act(o.clerk, at, "gate.legal", {"opinion": "agree"}, want=409))  # no qualification on record
    unread = act(o.legal, at, "pass", review, want=409)
    assert kinds(unread) == {"gate"} and unread["failed"][0]["basis"] == "S4§21", unread.raw
    act(o.legal, at, "send_back", {"opinion": "more_facts", "words": "补充笔录"})
    assert "state" in kinds(act(o.bhead, at, "settle", want=409))
    act(o.auditor, at, "amend", {"reason": "补充笔录", "evidence": "申请材料、现场笔录与补充笔录"})
    shut = act(o.head, at, "discuss", want=409)
    assert kinds(shut) == {"gate", "guard"}, shut.raw  # the text is another: it is examined and the leaders discuss it again
    examined(o, at)
    assert kinds(act(o.head, at, "discuss", want=409)) == {"gate"}
    panel(at, "agency", (o.chief, o.member1, o.member2))
    act(o.head, at, "discuss")
    act(o.legal, at, "gate.legal", {"opinion": "disagree", "words": "程序不全"})
    assert kinds(act(o.legal, at, "pass", review, want=409)) == {"gate"}
    act(o.legal, at, "gate.legal", {"opinion": "agree"})
    act(o.legal, at, "pass", review)
    none = act(o.bhead, at, "settle", want=409)
    assert kinds(none) == {"gate"} and none["failed"][0]["field"] == "bureau", none.raw
    voices(at, "bureau", (o.bchief, o.bm1))
    assert "2" in act(o.bhead, at, "settle", want=409)["failed"][0]["message"]  # two of three are too few
    assert kinds(act(o.member1, at, "gate.bureau", {"opinion": "agree"}, want=409)) >= {"role"}  # of the other panel
    act(o.bm2, at, "gate.bureau", {"opinion": "disagree", "words": "保留意见"})
    assert kinds(act(o.bhead, at, "settle", want=409)) == {"gate"}  # the bureau's minutes are not signed
    minuted(at, "bureau", (o.bchief, o.bm1, o.bm2))
    assert "state" in kinds(act(o.head, at, "execute", want=409))
    act(o.bhead, at, "settle")
    done = act(o.head, at, "execute")
    assert done["state"] == "executed"
    papers = {p["kind"]: p["id"] for p in done["papers"]}
    told = {kind: text_of(o.auditor.get(f"/matters/{at}/papers/{papers[kind]}").raw) for kind in ("agency_minutes", "bureau_minutes")}
    assert "同意3人，到会3人" in told["agency_minutes"] and "同意2人，到会3人" in told["bureau_minutes"], told
    assert set(papers) == {"notice", "examination_record", "agency_minutes", "legal_opinion", "bureau_minutes", "decision"}, papers
    for paper in papers.values():
        drawn = o.head.get(f"/matters/{at}/papers/{paper}")
        assert drawn.status == 200 and drawn.raw.startswith(b"%PDF-"), drawn.raw[:500]
    ended = [r["fields"] for r in o.head.get("/registers/statuses/records")["items"]]
    assert [(r["subject"], r["kind"], r["state"]) for r in ended] == [("H1", "agreement", "ended")], ended
    assert kinds(act(o.auditor, at, "close", want=409)) == {"guard"}
    serve(o, at)
    filing = [s for s in done["subs"] if s["procedure"] == "filing"][0]["id"]
    act(o.fund, filing, "review")
    act(o.bhead, filing, "file", {"filed_number": "F-2"})
    assert act(o.auditor, at, "close")["final"] and act(o.auditor, proposal, "close")["final"]
    # found by an agency of a district: it is the city's that decides
    o.hospital("H2", "h1", "990101", "ag9")
    second = o.dauditor.post("/matters", {"procedure": "termination-proposal", "subject": "H2"})["id"]
    act(o.dauditor, second, "draft", TERMINATION)
    act(o.dhead, second, "send")
    sent = o.head.get(f"/matters?procedure=termination&parent={second}")["items"][0]
    assert sent["body"] == "ag1" and o.head.get("/matters/" + sent["id"])["place"] == "990100", sent
    assert o.dhead.get("/matters/" + sent["id"]).status == 404  # the city's matter is the city's
    assert act(o.dauditor, second, "close", want=409)["failed"][0]["basis"] == "S4§21"  # but it waits for what comes of it


@test
def what_a_cancelled_doctor_orders_is_refused_from_that_day_on_for_good_and_nothing_before():
    """H-17: by the decision of both panels and the legal review, from the day it is carried out; no last day."""
    o, lake = city(), Lake("--start", "2026-02")
    o.lake = o.dir / "lake"
    shutil.copytree(lake.dir / "lake", o.lake)
    o.at("2026-03-02 09:02:00")
    bureau_leaders(o)
    day = datetime.date(2026, 3, 2)
    around = {day - datetime.timedelta(1), day, day + datetime.timedelta(1)}
    (hospital, doctor), days = max((who for who in ordered_days(lake) if around <= who[1]), key=lambda who: max(who[1]))
    o.hospital(hospital, "h1")
    proposal = o.auditor.post("/matters", {"procedure": "termination-proposal", "subject": hospital})["id"]
    cancelled = {"measure": "cancel_person", "person": doctor}
    act(o.auditor, proposal, "draft", {**TERMINATION, **cancelled})
    at = act(o.head, proposal, "send")["subs"][0]["id"]
    act(o.auditor, at, "notify", cancelled)
    serve(o, at)
    act(o.user, at, "answer", {"answer": "waived"})
    examined(o, at)
    panel(at, "agency", (o.chief, o.member1, o.member2))
    act(o.head, at, "discuss")
    act(o.legal, at, "gate.legal", {"opinion": "agree"})
    act(o.legal, at, "pass", {"text": "取消服务资格决定书（送审稿）", "opinion": "agreed"})
    panel(at, "bureau", (o.bchief, o.bm1, o.bm2))
    act(o.bhead, at, "settle")
    assert audited(o, "before", "suspended-orders") == []  # nobody is barred by what is not carried out
    act(o.head, at, "execute")
    status, = o.head.get("/registers/statuses/records")["items"]
    assert (status["fields"]["subject"], status["fields"]["kind"], status["fields"]["state"], status["valid_from"], status["valid_to"]) == (
        doctor, "person", "ended", str(day), None), status
    found = {f["day"] for f in audited(o, "after", "suspended-orders")}
    assert found == {str(d) for d in days if d >= day} and max(found) >= "2026-03-25", sorted(found)
    said = o.run("findings", "load", "--lake", str(o.lake), "--run", "after", "--body", "ag1", "--actor", o.reviewer.id)
    assert "told to" in said, said  # D-02: what the office's own register wrote into the knowledge is in force
    batch = [m["id"] for m in o.reviewer.get(f"/matters?procedure=claim-batch&subject={hospital}")["items"]]
    barred = [r for b in batch for r in items(o.reviewer, matter=b) if r["rule"] == "suspended-orders"]
    assert {r["day"] for r in barred} == found
    left_out = bulk(o.reviewer, "screen", barred, {"screened": "out", "reason": "误报"})
    assert left_out["n"] == 0 and {f["basis"] for r in left_out["refused"] for f in r["failed"]} == {"S4§23"}, left_out.raw


@test
def a_second_suspension_in_the_term_calls_for_the_proposal_to_end_the_agreement_and_no_other_decision_does():
    """H-08: the law opens it, once; the officer states what is wanting, or the head drops it with a reason."""
    o = city()

    def suspended(source, measure, **more):
        matter = heard(o, source=source, measure=measure, amount="0.00", months="1", **more)
        discussed(o, matter)
        act(o.head, matter, "decide", {"begins": "2026-03-02"})
        return matter

    def proposals():
        return o.auditor.get("/matters?procedure=termination-proposal&limit=50")["items"]
    suspended("B-1", "suspend_agreement")
    suspended("B-2", "suspend_person", person="D-1")
    assert proposals() == []
    second = suspended("B-3", "suspend_agreement")
    called, = proposals()
    assert (called["subject"], called["body"], called["state"], called["final"]) == ("H1", "ag1", "drafted", False), called
    shown = o.auditor.get("/matters/" + called["id"])
    fields = {f["field"]: f["value"] for f in shown["fields"] if f.get("value")}
    assert (fields["measure"], fields["ground"]) == ("terminate", "twice_suspended") and "2 次" in fields["facts"], fields
    opening = shown["timeline"][0]
    number = o.auditor.get("/matters/" + second)["number"]
    assert opening["step"] == "open" and number in opening["why"], opening
    assert shown["parent"] is None or not shown["parent"], shown.raw  # it is nobody's sub-matter
    suspended("B-4", "suspend_agreement")
    assert len(proposals()) == 1  # the open one stands for it
    act(o.auditor, called["id"], "draft", {"measure": "terminate", "ground": "twice_suspended", "facts": fields["facts"],
                                           "evidence": "三份违约处理决定书", "clause": "协议第五十条"})
    act(o.head, called["id"], "drop", {"reason": "已整改到位"})
    suspended("B-5", "suspend_person", person="D-2")
    assert len(proposals()) == 1
    suspended("B-6", "suspend_agreement")
    assert [m["final"] for m in proposals()].count(False) == 1 and len(proposals()) == 2


@test
def what_two_persons_enter_of_an_institution_calls_for_the_proposal_to_end_its_agreement():
    """H-08 (6), (8), (9): opened by the law with what the register says, once when it begins to hold, and at the agency it names."""
    o = city()

    def change(code, person=None, want=202, **fields):
        row = o.contract.get(f"/registers/institutions/records?code={code}")["items"][0]
        given = {**{k: v for k, v in row["fields"].items() if v is not None}, **fields}
        made = o.contract.put(f"/registers/institutions/records/{row['id']}", {"why": "核实", "fields": {k: v for k, v in given.items() if v != ""}},
                              headers={"If-Match": f'"v{row["version"]}"'})
        assert made.status == want, made.raw
        return made["change"] if want == 202 else made

    def enter(code, want=200, **fields):
        done = o.head.post(f"/changes/{change(code, **fields)}/approval", {})
        assert done.status == want, done.raw
        return done

    def proposals(person=None):
        return (person or o.auditor).get("/matters?procedure=termination-proposal&limit=50")["items"]

    def fields_of(matter, person=None):
        return {f["field"]: f["value"] for f in (person or o.auditor).get("/matters/" + matter)["fields"] if f.get("value")}
    for half in ({"licence_ended_on": "2026-02-10"}, {"unfit": "head"}, {"stop_reported_on": "2026-02-10"}):
        change("H1", want=422, **half)
    refused = change("H1", licence_ended_on="2026-02-10", licence_ended_paper="吊销决定1号")
    assert proposals() == []  # one person's word calls for nothing
    assert o.contract.post(f"/changes/{refused}/approval", {}).status in (403, 409) and proposals() == []
    assert o.head.post(f"/changes/{refused}/refusal", {"why": "未核实"}).status == 200 and proposals() == []
    enter("H1", stopped_on="2026-02-01", stop_reported_on="2026-01-20")  # reported in time: no ground
    enter("H1", address="中山路1号")
    assert proposals() == []
    enter("H1", licence_ended_on="2026-02-10", licence_ended_paper="吊销决定1号")
    licence, = proposals()
    assert (licence["subject"], licence["body"], licence["state"]) == ("H1", "ag1", "drafted"), licence
    said = fields_of(licence["id"])
    assert (said["measure"], said["ground"], said["ground_on"], said["ground_paper"]) == ("terminate", "licence", "2026-02-10", "吊销决定1号"), said
    opening = o.auditor.get("/matters/" + licence["id"])["timeline"][0]
    assert opening["step"] == "open" and "H1" in opening["why"] and "执业许可" in opening["why"], opening
    enter("H1", address="中山路2号")  # it holds as before
    assert len(proposals()) == 1
    for person in (o.reviewer, o.finance, o.head):
        assert "role" in kinds(act(person, licence["id"], "draft", {**said, "evidence": "吊销决定", "clause": "协议第五十条"}, want=409)), person.login
    act(o.auditor, licence["id"], "draft", {**said, "evidence": "吊销决定", "clause": "协议第五十条"})
    act(o.head, licence["id"], "drop", {"reason": "复核后撤销"})
    enter("H1", address="中山路3号")
    assert len(proposals()) == 1  # people have decided on this fact
    enter("H1", licence_ended_on="", licence_ended_paper="")
    enter("H1", licence_ended_on="2026-03-01", licence_ended_paper="吊销决定2号")
    assert [m["final"] for m in proposals()].count(False) == 1 and len(proposals()) == 2
    enter("H1", stop_reported_on="", unfit="controller", unfit_paper="失信被执行人公告1号")  # two facts, each its own
    grounds = {said["ground"]: said for said in (fields_of(m["id"]) for m in proposals() if not m["final"])}
    assert set(grounds) == {"licence", "stopped", "unable"}, grounds
    assert grounds["stopped"]["ground_on"] == "2026-02-01" and grounds["unable"]["leader"] == "controller"
    # at the agency that the register names
    o.hospital("H9", "h1", agency="ag9")
    enter("H9", licence_ended_on="2026-02-10", licence_ended_paper="吊销决定9号")
    there, = proposals(o.stranger)
    assert (there["subject"], there["body"], there["state"]) == ("H9", "ag9", "drafted"), there
    o.at("2026-03-02 18:00:00")  # a start finds it as it was
    assert sorted(m["body"] for m in proposals()) == ["ag1"] * 4 + ["ag9"]


GROUNDS = {  # each with what shows it; the last of these is what an attack leaves out or gets wrong
    "twice_suspended": (1, {"rectification": "整改通知〔2026〕1号，验收不合格"}, [{"rectification": ""}]),
    "fraud": (2, {"ground_on": "2026-02-10", "ground_paper": "认定书1号"}, [{"ground_on": ""}, {"ground_paper": ""}, {"ground_on": "2026-03-04"}]),
    "settled_for_others": (3, {"other_body": "H9", "ground_on": "2026-02-10"}, [{"other_body": ""}, {"other_body": "H1"}, {"ground_on": "2026-03-04"}]),
    "obstructing": (4, {"ground_on": "2026-02-10", "ground_paper": "现场笔录1号"}, [{"ground_on": ""}, {"ground_paper": ""}, {"ground_on": "2026-03-04"}]),
    "not_registered": (5, {"changed": "address", "ground_on": "2026-03-03"}, [{"changed": ""}, {"ground_on": ""}, {"ground_on": "2026-03-04"}]),
    "stopped": (6, {"ground_on": "2026-02-10"}, [{"ground_on": ""}, {"ground_on": "2026-03-04"}]),
    "major_breach": (7, {"loss": "0.01"}, [{"loss": ""}, {"loss": "0.00"}]),
    "licence": (8, {"ground_on": "2026-02-10", "ground_paper": "吊销决定1号"}, [{"ground_on": ""}, {"ground_paper": ""}, {"ground_on": "2026-03-04"}]),
    "unable": (9, {"leader": "controller", "ground_paper": "失信被执行人公告1号"}, [{"leader": ""}, {"ground_paper": ""}]),
    "unpaid_penalty": (10, {"ground_on": "2026-03-01", "ground_paper": "处罚决定1号"}, [{"ground_on": "2026-03-03"}, {"ground_paper": ""}]),
    "by_agreement": (12, {"ground_on": "2026-02-10", "ground_paper": "协议1号"}, [{"ground_on": ""}, {"ground_paper": ""}, {"ground_on": "2026-03-04"}]),
    "by_law": (13, {"law_article": "医疗保障基金使用监督管理条例第四十条"}, [{"law_article": ""}])}


@test
def each_ground_that_two_persons_put_on_record_calls_for_the_proposal_to_end_the_agreement():
    """H-08 (2) to (5), (7), (10), (12), (13): the law opens it with what the register says; the others are found in other registers."""
    o = city()
    shown_by = {ground: shown for ground, (_, shown, _) in GROUNDS.items()}
    of_register = ("fraud", "settled_for_others", "obstructing", "not_registered", "major_breach", "unpaid_penalty", "by_agreement", "by_law")

    def proposals():
        return o.auditor.get("/matters?procedure=termination-proposal&limit=50")["items"]

    for n in range(len(of_register)):
        o.hospital(f"G{n}", "h1")
    o.at("2026-03-03 09:00:00")  # what changes from today on stands in no register
    for n, ground in enumerate(of_register):
        code = f"G{n}"
        found = {"number": f"E-{n}", "institution": code, "agency": "ag1", "ground": ground, "ground_on": "2026-02-10", "ground_paper": f"认定书{n}号",
                 "place": "990100", **shown_by[ground]}
        for field in {"other_body", "changed", "loss", "law_article"} & set(found):
            bare = o.auditor.post("/registers/end_grounds/records", {"why": "x", "fields": {k: v for k, v in found.items() if k != field}})
            assert bare.status == 422 and field in bare.raw.decode(), bare.raw
        asked = o.auditor.post("/registers/end_grounds/records", {"why": "核实", "fields": found})
        assert asked.status == 202 and len(proposals()) == n, asked.raw  # one person's word calls for nothing
        assert o.auditor.post(f"/changes/{asked['change']}/approval", {}).status in (403, 409) and len(proposals()) == n
        done = o.head.post(f"/changes/{asked['change']}/approval", {})
        assert done.status == 200, done.raw
        opened, = [m for m in proposals() if m["subject"] == code]
        assert (opened["body"], opened["state"]) == ("ag1", "drafted"), opened
        said = {f["field"]: f["value"] for f in o.auditor.get("/matters/" + opened["id"])["fields"] if f.get("value")}
        told = {k: v for k, v in found.items() if k not in ("number", "institution", "agency", "place")}
        assert said.items() >= {"measure": "terminate", **told}.items(), (said, told)
        at = act(o.auditor, opened["id"], "draft", {**said, "evidence": "核实笔录", "clause": "协议第五十条"})
        assert at["timeline"][0]["actor"] == "law" and f"E-{n}" in at["timeline"][0]["why"], at["timeline"][0]
        sent = act(o.head, opened["id"], "send")
        assert [s["procedure"] for s in sent["subs"]] == ["termination"], sent.raw
    assert set(of_register) | {"twice_suspended", "stopped", "licence", "unable", "own_request"} >= set(GROUNDS)


@test
def each_of_thirteen_grounds_to_end_an_agreement_has_its_own_test():
    """H-08: what a ground is shown by is asked for by its own article; the city takes no other ground than the one proposed."""
    o = city()
    o.at("2026-03-03 09:00:00")  # the hospital was entered the day before
    everything = {"ground_on": "", "ground_paper": "", "rectification": "", "other_body": "", "changed": "", "loss": "", "leader": "", "law_article": ""}
    base = {"measure": "terminate", "facts": "事实", "evidence": "证据", "clause": "协议第五十条"}

    def proposal():
        return o.auditor.post("/matters", {"procedure": "termination-proposal", "subject": "H1"})["id"]

    def refused(at, given):
        return [f["basis"] for f in act(o.auditor, at, "draft", given, want=409)["failed"]]
    shown = o.auditor.get("/matters/" + proposal())
    named = next(f for f in shown["fields"] if f["field"] == "ground")
    assert len(GROUNDS) == 12 and (not named.get("choices") or len(named["choices"]) == 13), named
    for ground, (number, whole, attacks) in GROUNDS.items():
        at = proposal()
        for wrong in attacks:
            given = {**base, "ground": ground, **everything, **whole, **wrong}
            assert set(refused(at, given)) == {f"S4§20({number})"}, (ground, wrong)
        other = next(g for g, (n, fields, _) in GROUNDS.items() if not set(fields) & set(whole))
        assert set(refused(at, {**base, "ground": other, **everything, **whole})) == {f"S4§20({GROUNDS[other][0]})"}, (ground, other)
        act(o.auditor, at, "draft", {**base, "ground": ground, **everything, **whole})
    # what is registered is registered: the row of the institution is younger than the change that was said to be missing
    at = proposal()
    late = {**base, "ground": "not_registered", "changed": "address", "ground_on": "2026-02-10"}
    assert refused(at, late) == ["S4§20(5)"]
    # nobody asks for the institution but itself
    at = proposal()
    own = {**base, "ground": "own_request"}
    assert refused(at, own) == ["S4§20(11)"]
    for person in (o.auditor, o.head):
        assert kinds(act(person, at, "request", {"request": "申请解除"}, want=409)) >= {"role"}
    act(o.user, at, "request", {"request": "因搬迁申请解除协议"})
    act(o.auditor, at, "draft", own)
    sent = act(o.head, at, "send")["subs"][0]["id"]
    typed = act(o.auditor, sent, "notify", {"measure": "terminate", "ground": "by_law"}, want=409)
    assert (kinds(typed), typed["failed"][0]["field"]) == ({"needs"}, "ground"), typed.raw
    act(o.auditor, sent, "notify", {"measure": "terminate"})
    # it asks by itself, and of itself only; what it opens is stated and sent by the agency
    for person in (o.stranger, o.reviewer, o.finance):
        assert person.post("/matters", {"procedure": "termination-proposal", "subject": "H1"}).status in (403, 404, 409), person.login
    assert o.user.post("/matters", {"procedure": "termination-proposal", "subject": "H2"}).status in (403, 404, 409)
    asked = o.user.post("/matters", {"procedure": "termination-proposal", "subject": "H1"})
    assert asked.status == 201, asked.raw
    at = asked["id"]
    assert refused(at, own) == ["S4§20(11)"]  # opened is not yet asked
    act(o.user, at, "request", {"request": "停止经营，申请解除协议"})
    for person, step, fields in ((o.user, "draft", own), (o.user, "send", None), (o.user, "drop", {"reason": "撤回"})):
        assert "role" in kinds(act(person, at, step, fields, want=409)), step
    act(o.auditor, at, "draft", own)
    assert act(o.head, at, "send")["subs"][0]["procedure"] == "termination"


@test
def a_suspension_that_a_remedy_has_undone_is_no_ground_to_end_the_agreement():
    """H-08: annulled before the next one it calls for nothing; annulled after it, the proposal goes nowhere."""
    o = city()
    bureau_leaders(o)

    def suspended(source):
        matter = heard(o, source=source, measure="suspend_agreement", amount="0.00", months="1")
        discussed(o, matter)
        act(o.head, matter, "decide", {"begins": "2026-03-02"})

    def remedy(source):
        at = o.legal.post("/matters", {"procedure": "remedy", "subject": "H1"})["id"]
        act(o.legal, at, "file", {"kind": "reconsideration", "decision": "医保违决1号", "source": source, "paper_number": "复受1号"}, occurred="2026-03-02")
        act(o.legal, at, "decide", {"outcome": "annulled", "result_number": "复决1号"}, occurred="2026-03-02")
        return at, {"done_words": "已撤销", "back": "0.00", "fund": "390"}

    def annulled(source):
        at, given = remedy(source)
        unnamed = act(o.bhead, at, "carry_out", given, want=409)
        assert [f["basis"] for f in unnamed["failed"]] == ["行政复议法第四十二条"], unnamed.raw
        named = {"source": source, "undone": "suspend_agreement", "undone_on": "2026-03-02"}
        for wrong in ({"source": "B-9"}, {"undone": "suspend_person"}, {"undone_on": "2026-03-01"}):
            said = act(o.legal, at, "name", {**named, **wrong}, want=409)
            assert {f["basis"] for f in said["failed"]} == {"行政复议法第四十二条"}, (wrong, said.raw)
        act(o.legal, at, "name", named)
        act(o.bhead, at, "carry_out", given)

    def proposals():
        return [m["id"] for m in o.auditor.get("/matters?procedure=termination-proposal&limit=50")["items"]]
    suspended("B-1")
    annulled("B-1")
    suspended("B-2")
    assert proposals() == []
    suspended("B-3")
    called, = proposals()
    facts = {f["field"]: f["value"] for f in o.auditor.get("/matters/" + called)["fields"]}["facts"]
    assert "2 次" in facts, facts
    given = {"measure": "terminate", "ground": "twice_suspended", "facts": facts, "evidence": "两份决定书", "clause": "协议第五十条"}
    act(o.auditor, called, "draft", given)
    annulled("B-2")
    for person, step, fields in ((o.head, "send", None), (o.auditor, "draft", given)):
        said = act(person, called, step, fields, want=409)
        assert [f["basis"] for f in said["failed"]] == ["S4§20(1)"], said.raw
    act(o.head, called, "drop", {"reason": "中止已被撤销"})


@test
def what_is_owed_each_period_is_open_when_it_has_ended_whoever_was_there_and_once():
    """Z-01, F-02: months and quarters, with the server down over their end, and a body that opened its own before."""
    o = city()
    o.bookkeeper = o.hire("bookkeeper", "agency.bookkeeper", body="ag1")
    early = o.bookkeeper.post("/matters", {"procedure": "month-close", "subject": "ag1", "period": "2026-03"})
    assert early.status == 201, early.raw
    o.district = o.hire("district", "agency.bookkeeper", body="ag9")
    assert o.district.get("/matters?procedure=month-close&limit=50")["items"] == []  # February was over before the texts came
    o.at("2026-04-03 09:00:00")
    owed = duty(o.district, "month-close", "ag9", "2026-03")
    assert (owed["state"], owed["body"], owed["place"]) == ("open", "ag9", "990101"), owed
    opening = o.district.get("/matters/" + owed["id"])["timeline"][0]
    assert (opening["occurred"], opening["recorded"][:16]) == ("2026-03-31T16:00:00Z", "2026-04-03T01:00"), opening
    report = duty(o.fund, "quarter-report", "gov", "2026-Q1")
    shown = o.fund.get("/matters/" + report["id"])
    assert [(d["started"], d["due"]) for d in shown["deadlines"]] == [("2026-03-31", "2026-04-10")], shown.raw
    assert [m["id"] for m in o.bookkeeper.get("/matters?procedure=month-close&subject=ag1&limit=50")["items"]] == [early["id"]]
    again = o.fund.post("/matters", {"procedure": "quarter-report", "subject": "gov", "period": "2026-Q1"})
    assert again.status == 409, again.raw
    act(o.fund, report["id"], "draft", REPORT)  # and people go on from there
    for _ in range(2):  # another start does nothing twice
        o.at(o.clock[:17] + "30" if o.clock.endswith("00") else "2026-04-03 09:01:30")
        time.sleep(0.5)
        assert len(o.district.get("/matters?procedure=month-close&limit=50")["items"]) == 1
        assert len(o.fund.get("/matters?procedure=quarter-report&limit=50")["items"]) == 1


@test
def another_grave_measure_goes_the_same_way_and_says_exactly_what_it_is():
    """H-12: a measure that touches somebody's grave interest is the city's, after both panels and the legal review."""
    o = city()
    bureau_leaders(o)
    base = {k: TERMINATION[k] for k in ("facts", "evidence", "clause")}
    alone = o.auditor.post("/matters", {"procedure": "termination", "subject": "H1"})
    assert alone.status == 409 and kinds(alone) == {"role"}, alone.raw  # nobody opens it but by a proposal
    proposal = o.auditor.post("/matters", {"procedure": "termination-proposal", "subject": "H1"})["id"]
    for measure, basis in (("terminate", "S4§20"), ("cancel_person", "S4§18"), ("other", "S4§21")):
        vague = act(o.auditor, proposal, "draft", {**base, "measure": measure}, want=409)
        assert [f["basis"] for f in vague["failed"]] == [basis], (measure, vague.raw)
    act(o.auditor, proposal, "draft", {**base, "measure": "cancel_person", "person": "D000001"})
    at = act(o.head, proposal, "send")["subs"][0]["id"]
    for measure in ("suspend_agreement", "warn"):
        unknown = act(o.auditor, at, "notify", {"measure": measure}, want=409)
        assert [f["field"] for f in unknown["failed"]] == ["measure"], unknown.raw
    act(o.auditor, at, "notify", {"measure": "cancel_person"})
    serve(o, at)
    act(o.user, at, "answer", {"answer": "waived"})
    panel(at, "agency", (o.chief, o.member1, o.member2))
    assert [f["basis"] for f in act(o.head, at, "discuss", want=409)["failed"]] == ["S2§4.4"]  # V-11
    examined(o, at)
    act(o.head, at, "discuss")
    for person in (o.head, o.bhead):
        assert "state" in kinds(act(person, at, "execute", want=409))  # no legal review, no bureau
    act(o.legal, at, "gate.legal", {"opinion": "agree"})
    act(o.legal, at, "pass", {"text": "取消服务资格决定书（送审稿）", "opinion": "agreed"})
    none = act(o.bhead, at, "settle", want=409)
    assert [f["field"] for f in none["failed"]] == ["bureau"], none.raw
    panel(at, "bureau", (o.bchief, o.bm1, o.bm2))
    act(o.bhead, at, "settle")
    done = act(o.head, at, "execute")
    paper = [p["id"] for p in done["papers"] if p["kind"] == "decision"][0]
    assert o.head.get(f"/matters/{at}/papers/{paper}").raw.startswith(b"%PDF-")
    ended = [r["fields"] for r in o.head.get("/registers/statuses/records")["items"]]
    assert [(r["subject"], r["kind"], r["state"]) for r in ended] == [("D000001", "person", "ended")], ended


@test
def nobody_is_decided_on_untold_or_unheard_and_silence_lasts_five_working_days():
    """H-14, H-16, over Qingming (4 to 6 April 2026 rest)."""
    o = city()
    o.at("2026-04-01 09:00:00")
    matter = proposed(o)
    assert "state" in kinds(act(o.head, matter, "decide", want=409))  # nobody was told
    for field in ("facts", "evidence", "clause", "measure", "amount"):
        bare = act(o.auditor, matter, "notify", {k: v for k, v in PROPOSAL.items() if k != field}, want=409)
        assert any(f["field"] == field for f in bare["failed"] if f["kind"] == "needs"), (field, bare.raw)
    act(o.auditor, matter, "notify", {**PROPOSAL, "source": "B-3"})
    assert "state" in kinds(act(o.head, matter, "decide", want=409))
    unserved = act(o.user, matter, "answer", {"answer": "waived"}, want=409)
    assert kinds(unserved) == {"needs"}, unserved.raw
    service = o.auditor.get(f"/matters?parent={matter}&procedure=service")["items"][0]["id"]
    bare = act(o.auditor, service, "hand", {"way": "direct"}, want=409, occurred="2026-04-01")
    assert [f["field"] for f in bare["failed"]] == ["receipt"], bare.raw
    future = act(o.auditor, service, "hand", {"way": "direct", "receipt": "R"}, want=409, occurred="2026-04-02")
    assert kinds(future) == {"time"}, future.raw
    serve(o, matter, "2026-04-01")
    clock = [d for d in o.user.get("/matters/" + matter)["deadlines"] if d["clock"] == "defence"][0]
    assert clock["due"] == "2026-04-09", clock
    o.at("2026-04-09 23:59:50")
    assert "state" in kinds(act(o.head, matter, "decide", want=409))  # he may still speak
    o.at("2026-04-10 00:00:10")
    waived = o.head.get("/matters/" + matter)
    until(lambda: o.head.get("/matters/" + matter)["state"] == "heard")
    examined(o, matter)
    decided = act(o.head, matter, "decide")
    lapse = [t for t in decided["timeline"] if t["step"] == "lapse"]
    assert len(lapse) == 1 and lapse[0]["actor"] == "law" and waived["id"] == matter, decided.raw
    assert "state" in kinds(act(o.user, matter, "answer", {"answer": "defended", "defence": "晚了"}, want=409))


def reconciled(o, kind, month, total):
    """One reconciliation of a month, signed by both sides."""
    at = o.bookkeeper.post("/matters", {"procedure": "reconciliation", "subject": "ag1"})["id"]
    act(o.bookkeeper, at, "load", {"kind": kind, "month": month, "counterparty": "对方", "statement": "S-1", "ours": total, "theirs": total})
    act(o.bookkeeper, at, "clear")
    act(o.control, at, "confirm", {"their_paper": "Q-1"})
    act(o.finance, at, "sign")


def duty(person, procedure, subject, period):
    """What the law opens when a period has ended: the server does it within seconds of its start."""
    for _ in range(200):
        found = [m for m in person.get(f"/matters?procedure={procedure}&subject={subject}&limit=200")["items"] if m["period"] == period]
        if found:
            assert len(found) == 1, found
            return found[0]
        time.sleep(0.05)
    raise AssertionError((procedure, subject, period))


def month_reconciled(o, month):
    """All but closed."""
    for kind in ("business", "treasury", "tax", "bank", "institution"):
        reconciled(o, kind, month, "1.00")
    made = o.bookkeeper.post("/matters", {"procedure": "month-close", "subject": "ag1", "period": month})
    at = (made if made.status == 201 else duty(o.bookkeeper, "month-close", "ag1", month))["id"]
    act(o.bookkeeper, at, "count", {"income": "1.00", "spending": "1.00"})
    act(o.finance, at, "check")
    return at


def month_closed(o, month):
    assert act(o.head, month_reconciled(o, month), "close")["final"]


def proven(o, text):
    """What the stand-alone verifier says of a bundle."""
    bundle = o.dir / "bundle"
    bundle.write_bytes(text)
    verify = pathlib.Path(SHOUHU).resolve().parent.parent / "verify-bundle"
    return subprocess.run([verify, o.run("journal", "head").split()[-1], bundle], capture_output=True, text=True, check=False)


@test
def one_yuan_is_followed_from_claim_line_to_reconciliation_and_every_hop_is_proven():
    o = city()
    o.lake = claims().dir / "lake"
    o.bookkeeper = o.hire("bookkeeper", "agency.bookkeeper", body="ag1")
    closing = richest(o)
    told(o, closing)
    judged(o, closing)
    ended(o, closing)
    o.at("2026-04-11 09:00:00")
    batch = o.reviewer.get("/matters?procedure=claim-batch&state=closed")["items"][0]
    row = items(o.reviewer, matter=batch["id"])[0]
    month_closed(o, "2026-03")
    at = f"/items/{row['id']}"
    trail = o.reviewer.get(at + "/trail")
    assert trail.status == 200, trail.raw
    finding = f"/runs/{trail['run']}/findings/{trail['key']}"
    assert o.reviewer.get(finding)["receipt"] == trail["receipt"]
    lines = [line for line in o.reviewer.get(finding + "/receipt")["lines"] if line["blamed"]]
    assert lines and sum(fen(line["amount"]) for line in lines) == fen(trail["amount"]), lines
    hops = trail["hops"]
    of = {kind: [h for h in hops if h["hop"] == kind] for kind in ("finding", "matter", "paper", "row", "posting")}
    assert [h["id"] for h in of["finding"]] == [row["id"]] and len(of["finding"][0]["leaves"]) == row["version"]
    letters = {h["kind"]: h for h in of["paper"] if h["matter"] == batch["id"]}
    served = {"certificate", "monthly_letter", "result_letter", "refusal"}
    assert set(letters) == served | {"payment_run", "examination_record"} and all(h["hash"] for h in letters.values())
    assert {kind for kind, h in letters.items() if h["served"]} == served, letters
    money = {h["kind"]: fen(h["amount"]) for h in of["posting"] if h["kind"] != "pay"}
    paid = sum(fen(h["amount"]) for h in of["posting"] if h["kind"] == "pay")
    rows = [h["register"] for h in of["row"]]
    decision = [h for h in of["row"] if h["register"] == "decisions"]
    decided = o.reviewer.get(f"/registers/decisions/records/{decision[0]['id']}")["fields"]
    assert money["received"] == money["refuse"] + paid and fen(decided["amount"]) == money["refuse"], money
    assert sum(fen(i["amount"]) for i in items(o.reviewer, matter=batch["id"])) == money["refuse"]
    assert rows.count("reconciliations") == 5 and rows.count("closed_months") == 1 and "filings" in rows, rows
    assert all(h["leaves"] for h in hops)
    proof = o.reviewer.get(at + "/proof")
    said = proven(o, proof.raw)
    assert said.returncode == 0 and said.stdout.endswith("PROVEN\n"), said.stdout[-500:]
    positions = {int(n) for n in re.findall(r"^leaf (\d+):", said.stdout, re.M)}
    assert positions == {n for h in hops for n in h["leaves"]}
    assert said.stdout.count("is the one proven") == len(positions)
    whole = proven(o, o.reviewer.get(f"/matters/{batch['id']}/proof").raw)  # the dossier
    assert whole.returncode == 0 and whole.stdout.count("is the one proven") > len(positions), whole.stdout[-500:]
    posting = of["posting"][0]["leaves"][0]
    changed = re.sub(rb"(leaf %d [^\n]*\npath[^\n]*\ncontent [0-9a-f]*)[0-9a-f]\n" % posting, rb"\g<1>x\n".replace(b"x", b"0"), proof.raw)
    other = re.sub(rb"(leaf %d [^\n]*\npath[^\n]*\ncontent [0-9a-f]*)[0-9a-f]\n" % posting, rb"\g<1>1\n", proof.raw)
    assert [proven(o, text).returncode for text in (changed, other)].count(1) >= 1  # a posting changed by one bit
    for person in (o.user, o.stranger):  # a party, and another agency
        assert [person.get(at + end).status for end in ("/trail", "/proof")] == [404, 404]
        assert person.get(f"/matters/{batch['id']}/proof").status == 404
    looked = changed_rows_are_named(o, 30)
    assert {"mt_matter", "mt_step", "mt_item", "mt_item_step", "mt_clock", "mt_paper", "mt_posting", "mt_written"} <= set(looked), looked


# ---- evidence --------------------------------------------------------------------------------------------------------

def proven_file(o, bundle, content):
    """What the stand-alone verifier says of a file that a bundle is about."""
    (o.dir / "bundle").write_bytes(bundle)
    (o.dir / "package").write_bytes(content)
    verify = pathlib.Path(SHOUHU).resolve().parent.parent / "verify-bundle"
    return subprocess.run([verify, o.run("journal", "head").split()[-1], o.dir / "bundle", f"file={o.dir / 'package'}"],
                          capture_output=True, text=True, check=False)


def parts_of(package):
    """name -> bytes, as docs/journal.md says it, without the program."""
    assert package.startswith(b"shouhu-evidence 1\n")
    at, found, chain = len(b"shouhu-evidence 1\n"), {}, None
    while package[at:] != b"end\n":
        line, rest = package[at:].split(b"\n", 1)
        word, size, is_, next_, name = line.decode().split(" ", 4)
        content = rest[:int(size)]
        assert word == "part" and rest[int(size):int(size) + 1] == b"\n", line
        if chain is None:
            chain = bytes.fromhex(json.loads(content)["previous"] or "00" * 32)
        digest = hashlib.new("sm3", content).digest()
        chain = hashlib.new("sm3", chain + digest + name.encode()).digest()
        assert (digest.hex(), chain.hex()) == (is_, next_), name
        found[name] = content
        at += len(line) + 1 + int(size) + 1
    return found


PURPOSE = {"X-Purpose": urllib.parse.quote("复核证据")}


def silent(o):
    """A batch of which nobody explained anything, and the lake beside the server."""
    batch = richest(o)
    told(o, batch)
    o.lake = claims().dir / "lake"
    o.at("2026-03-10 00:02:00")
    return batch, items(o.checker, matter=batch)


def preserved(person, matter):
    """The packages of a matter, the newest first, when the last is sealed."""
    until(lambda: all(e["hash"] for e in person.get("/matters/" + matter)["evidence"]))
    return person.get("/matters/" + matter)["evidence"]


def kept(person, matter, package):
    """A package as it is handed out."""
    got = person.get(f"/matters/{matter}/evidence/{package['id']}", headers=PURPOSE)
    assert got.status == 200, got.raw
    return got.raw


@test
def a_finding_found_to_be_so_has_its_evidence_sealed_by_that_act_and_a_changed_byte_is_named():
    o = city()
    batch, own = silent(o)
    first, rest = own[:2], own[2:]
    assert o.checker.get("/matters/" + batch)["evidence"] == []
    done = bulk(o.checker, "check", first, {"verdict": "deduct", "evidence": "病历抽查"})
    bulk(o.checker, "check", rest[:1], {"verdict": "pass", "reason": "已说明"})  # found to be in order: nothing to preserve
    bulk(o.checker, "check", rest[1:], {"verdict": "deduct", "evidence": "病历抽查"})
    shown = preserved(o.head, batch)
    assert [e["n"] for e in shown] == [len(rest) - 1, 2], shown
    later, package = shown
    assert package["cause"] == "step" and package["step"] == "check" and package["person"] == o.checker.id, package
    assert package["role"] == "agency.checker" and package["device"].startswith("127.0.0.1 ") and package["faults"] == 0, package
    assert package["hash"] and package["at"].startswith("2026-03-09T16:0") and not package["undone"]
    content = kept(o.head, batch, package)
    assert hashlib.new("sm3", content).hexdigest() == package["hash"]
    parts = parts_of(content)
    about = json.loads(parts["about"])
    assert about["act"] == done["act"] and about["device"] == package["device"] and about["previous"] == "", about
    run = claims().dir / "lake/audits/r1"
    assert parts["run/r1"] == (run / "run.json").read_bytes()
    number = json.loads(parts["run/r1"])["manifest"]
    assert parts["manifest/r1"] == (claims().dir / f"lake/manifest/{number:08d}.json").read_bytes()
    receipts = {hashlib.sha256(line).hexdigest(): line for line in (run / "receipts.jsonl").read_bytes().splitlines()}
    for row in first:
        item = o.head.get("/items/" + row["id"])
        assert [(e["id"], e["version"]) for e in item["evidence"]] == [(package["id"], item["version"])], item["evidence"]
        assert parts["receipt/" + row["id"]] == receipts[item["receipt"]]  # the claim lines as the audit read them
        assert parts[f"text/rules/{row['rule']}.yaml"] == (ROOT / f"rules/{row['rule']}.yaml").read_bytes()
        finding = json.loads(parts["finding/" + row["id"]])
        assert finding["state"] == "deducted" and finding["fields"]["evidence"] == "病历抽查" and finding["amount"] == row["amount"], finding
    assert len([p for p in parts if p.startswith("receipt/")]) == 2 and not [p for p in parts if p.startswith("fault/")]
    assert json.loads(parts_of(kept(o.head, batch, later))["about"])["previous"] == package["hash"]  # one after the other
    # the dossier's proof names it; of the package itself no byte may differ
    proof = o.head.get(f"/matters/{batch}/proof").raw
    said = proven_file(o, proof, content)
    assert said.returncode == 0 and "file: named by a proven record" in said.stdout, said.stdout
    at = content.index(parts["receipt/" + first[1]["id"]]) + 30
    said = proven_file(o, proof, content[:at] + bytes([content[at] ^ 1]) + content[at + 1:])
    assert said.returncode == 1 and f"part receipt/{first[1]['id']} has changed" in said.stdout, said.stdout
    assert proven_file(o, proof, content[:-5]).returncode == 1 and proven_file(o, proof, content + b"x").returncode == 1
    forged = content.replace(o.checker.id.encode(), o.head.id.encode())  # another operator
    assert forged != content
    assert proven_file(o, proof, forged).returncode == 1
    other = o.head.get(f"/items/{rest[0]['id']}/proof").raw  # of a finding that is not in it
    assert "no proven record names this file" in proven_file(o, other, content).stdout
    assert {h["hop"] for h in o.head.get(f"/items/{first[0]['id']}/trail")["hops"]} >= {"evidence", "finding"}
    # who may not, and without saying what for
    assert o.head.get(f"/matters/{batch}/evidence/{package['id']}").status == 422
    assert o.stranger.get(f"/matters/{batch}/evidence/{package['id']}", headers=PURPOSE).status == 404
    o.stop()
    blob, = [f for f in (o.data / "blobs").rglob("*") if f.is_file() and f.name == sqlite3.connect(o.data / "shouhu.db").execute(
        "select blob from mt_evidence where id = ?", (package["id"],)).fetchone()[0]]
    raw = blob.read_bytes()
    blob.write_bytes(raw[:40] + bytes([raw[40] ^ 1]) + raw[41:])
    said = o.run("journal", "verify", "--deep", want=4)
    assert blob.name in said, said


@test
def evidence_is_captured_by_hand_with_the_same_bytes_and_what_is_gone_or_changed_is_said():
    o = city()
    batch, own = silent(o)
    at = f"/matters/{batch}/evidence"
    ids = [row["id"] for row in own[:2]]
    bare = o.auditor.post(at, {"items": ids})
    assert bare.status == 409 and bare["failed"][0]["field"] == "why", bare.raw
    assert o.auditor.post(at, {"items": [], "why": "x"}).status == 409
    twice = o.auditor.post(at, {"items": ids + ids[:1], "why": "取证"})
    assert twice.status == 409 and twice["failed"][0]["field"] == "items", twice.raw
    assert o.auditor.post(at, {"items": ids + ["f" * 32], "why": "取证"}).status == 404
    assert o.stranger.post(at, {"items": ids, "why": "取证"}).status == 404
    assert o.user.post(at, {"items": ids, "why": "取证"}).status == 404  # nobody of the institution
    assert o.auditor.get("/matters/" + batch)["evidence"] == []
    made = o.auditor.post(at, {"items": ids[::-1], "why": "现场取证"}, headers={"User-Agent": "取证终端 7".encode()})
    assert made.status == 201, made.raw
    by_hand, = preserved(o.auditor, batch)
    assert by_hand["cause"] == "capture" and by_hand["why"] == "现场取证" and by_hand["person"] == o.auditor.id, by_hand
    assert re.fullmatch(r"127\.0\.0\.1 [ -~]+ 7", by_hand["device"]), by_hand
    bulk(o.checker, "check", own[:2], {"verdict": "deduct", "evidence": "病历抽查"})
    by_act = preserved(o.auditor, batch)[0]
    one, other = (parts_of(kept(o.auditor, batch, e)) for e in (by_hand, by_act))
    same = [name for name in one if name.split("/")[0] in ("run", "manifest", "text", "receipt")]
    assert len(same) > 5 and all(one[name] == other[name] for name in same)
    chain = o.auditor.get("/matters/" + batch)["evidence"][1]["custody"]
    assert [(c["what"], c["person"]) for c in chain] == [("added", o.auditor.id), ("opened", o.auditor.id)], chain
    # into the file of another matter: the breach that the findings are the facts of
    breach = proposed(o)
    assert o.auditor.post(f"/matters/{breach}/evidence", {"items": ids, "why": "违约证据"}).status == 201
    case, = preserved(o.auditor, breach)
    assert case["n"] == 2 and o.user.get("/matters/" + breach)["evidence"] == []
    assert sorted(e["matter"] for e in o.auditor.get("/items/" + ids[0])["evidence"]) == sorted([batch, batch, breach])
    # the run is no longer what it was: one receipt changed, then all gone
    lake = o.dir / "lake"
    shutil.copytree(claims().dir / "lake", lake)
    o.lake = lake
    o.at("2026-03-10 00:06:00")
    line = one["receipt/" + ids[0]]
    file = lake / "audits/r1/receipts.jsonl"
    file.write_bytes(file.read_bytes().replace(line, line[:-2] + bytes([line[-2] ^ 1]) + line[-1:]))
    assert o.auditor.post(at, {"items": ids, "why": "再取证"}).status == 201
    changed = preserved(o.auditor, batch)[0]
    parts = parts_of(kept(o.auditor, batch, changed))
    assert changed["faults"] == 1 and parts["fault/receipt/" + ids[0]].startswith(b"changed") and "receipt/" + ids[1] in parts, parts.keys()
    shutil.rmtree(lake / "audits/r1")
    assert o.auditor.post(at, {"items": ids, "why": "再取证"}).status == 201
    gone = preserved(o.auditor, batch)[0]
    parts = parts_of(kept(o.auditor, batch, gone))
    assert gone["faults"] >= 3 and {"fault/receipt/" + i for i in ids} <= set(parts), parts.keys()
    assert o.run("journal", "verify", "--deep").strip().endswith("sound")


@test
def a_package_whose_server_was_killed_is_sealed_by_the_next_and_the_list_it_is_of_stands():
    o = city()
    batch, own = silent(o)
    o.lake = None
    o.at("2026-03-10 00:04:00")  # no lake here: the act is bound, its bytes wait
    bulk(o.checker, "check", own[:2], {"verdict": "deduct", "evidence": "病历抽查"})
    waiting, = o.checker.get("/matters/" + batch)["evidence"]
    assert waiting["hash"] is None and waiting["n"] == 2 and len(waiting["list"]) == 64
    assert o.checker.get(f"/matters/{batch}/evidence/{waiting['id']}", headers=PURPOSE).status == 404
    o.stop(signal.SIGKILL)
    o.lake = claims().dir / "lake"
    o.at("2026-03-10 09:00:00")
    package, = preserved(o.checker, batch)
    assert (package["list"], package["at"], package["n"]) == (waiting["list"], waiting["at"], 2)
    parts = parts_of(kept(o.checker, batch, package))
    assert hashlib.new("sm3", parts["list"]).hexdigest() == waiting["list"]
    assert {name for name in parts if name.startswith("receipt/")} == {"receipt/" + row["id"] for row in own[:2]}
    assert sorted(line.split()[0] for line in parts["list"].decode().splitlines()) == sorted(row["id"] for row in own[:2])


@test
def a_closed_month_takes_no_more_postings():
    """F-02, F-05: money received in March is booked in an open month, or not at all."""
    o = city()
    o.bookkeeper = o.hire("bookkeeper", "agency.bookkeeper", body="ag1")
    money = o.auditor.post("/matters", {"procedure": "recovery", "subject": "H1"})["id"]
    act(o.auditor, money, "enter", {"decision": "自查报告", "kind": "returned", "fund": "390", "amount": "20.00"})
    o.at("2026-03-31 23:59:50")
    month = month_reconciled(o, "2026-03")
    early = act(o.head, month, "close", want=409)  # the last day has some seconds left
    assert [f["basis"] for f in early["failed"]] == ["S4§13"] and "2026-03-31" in early["failed"][0]["message"], early.raw
    o.at("2026-04-01 00:00:10")
    assert act(o.head, month, "close")["final"]
    o.at("2026-04-11 09:00:00")
    act(o.auditor, money, "notify")
    serve(o, money, "2026-04-11")
    owed = {f["field"]: f["value"] for f in o.auditor.get("/matters/" + money)["fields"]}["amount"]
    settle = {"paid": owed, "bank_row": "BR-3", "way": "paid"}
    late = act(o.finance, money, "settle", settle, want=409, occurred="2026-03-31")
    assert kinds(late) == {"time"} and "2026-03" in late["failed"][0]["message"], late.raw
    assert late["failed"][0]["basis"] == "S4§13", "the article that closes a month, not that of the step"
    assert act(o.finance, money, "settle", settle, occurred="2026-04-11")["final"]


def own_law(o):
    """A copy of the law for this office alone, used from its next start."""
    law = o.dir / "share/law"
    shutil.copytree(ROOT / "law", law)
    for other in ("mappings", "rules", "knowledge"):
        (law.parent / other).symlink_to(ROOT / other)
    o.law = law
    return law


def number_of(name, place):
    """Value and unit that stand for a place in the tables, read apart from the program: the narrowest place that has one."""
    rows = [row for file in sorted((ROOT / "law/params").glob("*.csv"))
            for row in csv.DictReader(line for line in open(file, encoding="utf-8") if not line.startswith("#"))]
    for wider in (place, place[:4] + "00", place[:2] + "0000", "000000"):
        for row in rows:
            is_bound = row.get("binds") in ("floor", "ceiling")
            if row["name"] == name and row["place"] == wider and row["value"] and not row["to"] and not is_bound:
                return row["value"] + " " + row["unit"]
    return ""


def clocks_of_texts(place):
    """(procedure, clock): length, as the texts and tables of the law say it."""
    found = {}
    for file in (ROOT / "law/procedures").glob("*.yaml"):
        text = yaml.safe_load(file.read_text(encoding="utf-8"))
        for clock, about in text.get("clocks", {}).items():
            named = re.fullmatch(r"param\((.*)\)", about["length"])
            found[text["procedure"], clock] = number_of(named[1], place) if named else about["length"]
    return found


def public_limits(o, place="990100"):
    nobody = o.nobody()
    nobody.language = "zh"
    table = nobody.get("/public/time-limits?place=" + place)
    assert table.status == 200, table.raw
    return {(row["procedure"], row["clock"]): row for row in table["items"]}


def counted_by(person, rows):
    """Every deadline of every matter this person sees is counted by its row; gives the rows that were seen."""
    seen = {}
    for matter in person.get("/matters?limit=200")["items"]:
        shown = person.get("/matters/" + matter["id"])
        for deadline in shown["deadlines"]:
            row = rows[shown["procedure"], deadline["clock"]]
            assert (deadline["length"], deadline["end"]) == (row["words"], row["end"]), (deadline, row)
            seen[shown["procedure"], deadline["clock"]] = deadline["length"]
    return seen


@test
def the_public_time_limits_are_those_that_matters_are_counted_by():
    """AF-08: the table anybody may read, the texts, and the clocks that run, are one."""
    o = city()
    nobody = o.nobody()
    for bad in ("99010", "9901000", "abcdef", "990100'", ""):
        assert nobody.get("/public/time-limits?place=" + bad).status == 400, bad
    rows, texts = public_limits(o), clocks_of_texts("990100")
    assert set(rows) == set(texts) and len(rows) > 20, set(rows) ^ set(texts)
    for key, row in rows.items():
        assert row["length"] == texts[key] and bool(row["missing"]) != bool(row["words"]), (key, row, texts[key])
        assert row["basis"], row
    nation = public_limits(o, "000000")  # where the nation has set none, the table says who must, and never a number
    assert nation["breach-decision", "defence"]["length"] == "" and "agency.defence" in nation["breach-decision", "defence"]["missing"]
    assert {k for k, row in public_limits(o, "110000").items() if row["length"]} <= set(rows)
    # and what runs is counted so: a breach, its service and filing and recovery, a batch, a publication, a claim of a person
    matter = proposed(o)
    act(o.auditor, matter, "notify", PROPOSAL)
    serve(o, matter)
    act(o.user, matter, "answer", {"answer": "waived"})
    examined(o, matter)
    decided = act(o.head, matter, "decide")
    money = [s["id"] for s in decided["subs"] if s["procedure"] == "recovery"][0]
    act(o.auditor, money, "notify")
    serve(o, money)
    assert o.auditor.post("/matters", {"procedure": "publication", "subject": "H1"}).status == 201
    assert o.reviewer.post("/matters", {"procedure": "claim-batch", "subject": "H1", "period": "2026-02"}).status == 201
    seen = counted_by(o.auditor, rows)
    assert len(seen) >= 6 and {("breach-decision", "defence"), ("filing", "file"), ("recovery", "pay"), ("claim-batch", "payment")} <= set(seen), seen
    # another number: both sides say it from that day on, and what runs already keeps the time it was given
    table = own_law(o) / "params/office-demo.csv"
    text = table.read_text(encoding="utf-8")
    assert "agency.defence,990100,,,5,wd," in text
    table.write_text(text.replace("agency.defence,990100,,,5,wd,", "agency.defence,990100,,,8,wd,"), encoding="utf-8")
    o.at("2026-03-02 10:00:00")
    assert public_limits(o)["breach-decision", "defence"]["length"] == "8 wd"
    later = proposed(o)
    act(o.auditor, later, "notify", {**PROPOSAL, "source": "B-5"})
    serve(o, later)
    given = [[d["length"] for d in o.auditor.get("/matters/" + m)["deadlines"] if d["clock"] == "defence"] for m in (matter, later)]
    assert given == [["5 个工作日"], [public_limits(o)["breach-decision", "defence"]["words"]]], given


def number(value, **more):
    return {"name": "agency.defence", "place": "990100", "from": "2026-03-02", "value": value, "unit": "wd", "basis": "机构办公会纪要〔2026〕3号", **more}


def propose(person, fields, want=202):
    answer = person.post("/registers/parameters/records", {"why": "办公会决定", "fields": fields})
    assert answer.status == want, (fields, answer.status, answer.raw)
    return answer


def defence_of(o, source):
    """A breach noticed and served now: the length its party has for a defence."""
    matter = proposed(o)
    act(o.auditor, matter, "notify", {**PROPOSAL, "source": source})
    serve(o, matter, o.clock[:10])
    return matter, [(d["length"], d["due"]) for d in o.auditor.get("/matters/" + matter)["deadlines"] if d["clock"] == "defence"][0]


@test
def a_number_is_set_by_two_persons_inside_the_law_and_counts_with_the_answer():
    """AF-05: the register of parameters is the one place where an office sets its numbers."""
    o = city()
    first, given = defence_of(o, "B-20")
    assert given == ("5 个工作日", "2026-03-09"), given

    def fault(fields, field):
        answer = propose(o.control, fields, want=422)
        assert [f["field"] for f in answer["errors"]] == [field], answer.raw
        return answer["errors"][0]["message"]
    fault(number("8", name="agency.defense"), "name")  # no such number
    assert "rules" in fault(number("8", name="rx.max_kinds", unit="number"), "name")  # an audit's number is released with its rules
    for bad in ("acht", "8 wd", "1e3", "8.1234567"):
        fault(number(bad), "value")
    fault(number("8", unit="nd"), "unit")
    fault({k: v for k, v in number("8").items() if k != "basis"}, "basis")  # none without its source
    fault(number("8", to="2026-03-01"), "to")
    assert "社会保险经办条例" in fault(number("31", name="claim.manual_process"), "value")  # the regulation says 30 at most
    assert "社会保险经办条例" in fault(number("31", name="claim.manual_process", place="990101"), "value")
    propose(o.control, number("30", name="claim.manual_process"))
    for person in (o.auditor, o.user, o.fund):
        assert person.post("/registers/parameters/records", {"why": "x", "fields": number("8")}).status == 403
    assert o.control.post("/registers/parameters/records", {"why": "x", "fields": number("8", place="110000")}).status in (403, 404, 422)
    change = propose(o.control, number("8"))["change"]
    assert public_limits(o)["breach-decision", "defence"]["length"] == "5 wd"  # one person's word changes nothing
    assert o.control.post(f"/changes/{change}/approval", {}).status == 403
    approved = o.chief.post(f"/changes/{change}/approval", {})
    assert approved.status == 200, approved.raw
    assert public_limits(o)["breach-decision", "defence"]["length"] == "8 wd"
    assert public_limits(o, "990101")["breach-decision", "defence"]["length"] == "8 wd"  # and of the county within
    told = [p for p in o.auditor.get("/parameters")["items"] if p["on_record"]]
    assert [(p["name"], p["place"], p["value"], p["unit"], p["from"], p["basis"]) for p in told] == [
        ("agency.defence", "990100", "8", "wd", "2026-03-02", "机构办公会纪要〔2026〕3号")], told
    assert [h["by"] for h in o.control.get(f"/registers/parameters/records/{approved['record']}/history")["items"]] == [o.chief.id]
    second, given = defence_of(o, "B-21")
    assert given == ("8 个工作日", "2026-03-12"), given
    running = [d["due"] for d in o.auditor.get("/matters/" + first)["deadlines"] if d["clock"] == "defence"]
    assert running == ["2026-03-09"], running  # what runs keeps the time it was given
    # from a day on, until a day; restarted; and taken back
    later = propose(o.control, number("6", **{"from": "2026-03-04", "to": "2026-03-05"}))["change"]
    assert o.chief.post(f"/changes/{later}/approval", {}).status == 200
    assert public_limits(o)["breach-decision", "defence"]["length"] == "8 wd"
    for day, length in (("2026-03-04", "6 wd"), ("2026-03-05", "6 wd"), ("2026-03-06", "8 wd")):
        o.at(day + " 09:00:00")
        assert public_limits(o)["breach-decision", "defence"]["length"] == length, day
    shown = o.control.get("/registers/parameters/records/" + approved["record"])
    gone = o.control.post(f"/registers/parameters/records/{approved['record']}/withdrawal", {"why": "撤销"},
                          headers={"If-Match": shown.headers["etag"]})
    assert gone.status == 202 and public_limits(o)["breach-decision", "defence"]["length"] == "8 wd", gone.raw
    assert o.chief.post(f"/changes/{gone['change']}/approval", {}).status == 200
    assert public_limits(o)["breach-decision", "defence"]["length"] == "5 wd"


@test
def every_number_the_law_leaves_open_can_be_set_on_record_and_the_servers_own_limits_too():
    """AF-05."""
    o = city()
    with open(ROOT / "law/params/open.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    samples = {"word": "legal", "date": "2026-05-01", "month_day": "04-30"}
    assert len(rows) > 50
    for row in rows:
        propose(o.control, number(samples.get(row["unit"], "1"), name=row["name"], unit=row["unit"]))

    def settle(name, value, unit):
        change = propose(o.control, number(value, name=name, unit=unit))["change"]
        assert o.chief.post(f"/changes/{change}/approval", {}).status == 200
    person = o.hire("newcomer", body="ag1", settle=False)
    wanted = {"person": person.id, "role": "agency.window", "body": "ag1", "from": "2026-03-02", "why": "work"}
    settle("access.grant_days_max", "10", "nd")
    long = o.admin.post("/grants", {**wanted, "to": "2026-03-13"})
    assert long.status == 422 and [f["field"] for f in long["errors"]] == ["to"] and "10" in long["errors"][0]["message"], long.raw
    assert o.admin.post("/grants", {**wanted, "to": "2026-03-12"}).status == 201
    settle("selfcheck.kept_max", "1", "number")
    settle("selfcheck.files_max", "1", "number")
    check = o.user.post("/self-checks", {})
    assert check.status == 201, check.raw
    another = o.user.post("/self-checks", {})
    assert another.status == 409 and "1" in another["detail"], another.raw
    put = [o.user.ask("PUT", f"/self-checks/{check['id']}/files/{name}.csv", raw=b"a,b\n1,2\n").status for name in ("one", "one", "two")]
    assert put == [200, 200, 413], put


REPORT = {"text": "检查定点机构若干家", "cases": "3", "recovered": "1200.00"}


def all_sent_but_closed(o, period):
    """The report of a quarter, drafted, approved and with all three receivers."""
    at = [m["id"] for m in o.fund.get("/matters?procedure=quarter-report&limit=50")["items"] if m["period"] == period][0]
    act(o.fund, at, "draft", REPORT)
    act(o.bhead, at, "approve")
    for to in ("social", "police", "health"):
        act(o.fund, at, "send_" + to, {"to_" + to: "回执"})
    return at


@test
def a_quarter_ends_on_its_last_day_and_what_is_due_after_it_is_counted_from_there():
    """AF-04: quarter ends, over a leap year's first quarter, a make-up Saturday, and into a year that nobody has entered."""
    o = city()
    for bad in ("2026-Q0", "2026-Q5", "2026-03", "2026-q1", "2026-1", "2026", "", "2026-Q1 "):
        refused = o.fund.post("/matters", {"procedure": "quarter-report", "subject": "gov", "period": bad})
        assert refused.status in (409, 422), (bad, refused.raw)

    def due(period):
        made = o.fund.post("/matters", {"procedure": "quarter-report", "subject": "gov", "period": period})
        assert made.status == 201, made.raw
        return [(d["started"], d["due"], d.get("missing")) for d in made["deadlines"]][0]
    assert due("2024-Q1") == ("2024-03-31", "2024-04-10", None)
    assert due("2025-Q4") == ("2025-12-31", "2026-01-12", None)  # 10 January 2026 is a Saturday
    assert due("2026-Q1") == ("2026-03-31", "2026-04-10", None)
    assert due("2026-Q2") == ("2026-06-30", "2026-07-10", None)
    assert due("2026-Q3") == ("2026-09-30", "2026-10-10", None)  # a Saturday that is worked
    started, _, missing = due("2026-Q4")
    assert started == "2026-12-31" and "2027" in missing, missing  # its calendar is not entered: certain of nothing
    assert o.fund.post("/matters", {"procedure": "quarter-report", "subject": "gov", "period": "2026-Q1"}).status == 409
    first = [m["id"] for m in o.fund.get("/matters?procedure=quarter-report&limit=50")["items"] if m["period"] == "2026-Q1"][0]
    o.at("2026-03-31 23:59:50")
    early = act(o.fund, first, "draft", REPORT, want=409)
    assert [f["basis"] for f in early["failed"]] == ["S2§5.6"] and "2026-03-31" in early["failed"][0]["message"], early.raw
    o.at("2026-04-09 23:59:50")  # the day before
    at = all_sent_but_closed(o, "2026-Q1")
    o.at("2026-04-10 23:59:50")  # the last day
    closed = act(o.fund, at, "close")
    assert closed["final"] and not closed["timeline"][-1]["late"], closed.raw
    o.at("2026-07-11 00:00:10")  # ten seconds after the last day of another
    at = all_sent_but_closed(o, "2026-Q2")
    late = act(o.fund, at, "close", want=409)
    assert kinds(late) == {"time"}, late.raw
    assert act(o.fund, at, "close", why="公安局退回一次")["timeline"][-1]["late"]


@test
def a_year_that_an_office_enters_ends_what_it_was_missing_for():
    """T14, T15: a year of the calendar is entered by two persons while the server runs, and open ends are counted again."""
    o = city()

    def deadline(matter):
        return [(d["due"], d.get("missing")) for d in o.fund.get("/matters/" + matter)["deadlines"]][0]

    def entered():
        return [p["year"] for c in o.fund.get("/calendars")["items"] if c["place"] == "000000" for p in c["papers"]][-1] == 2027

    def day(at, kind="rest", year="2027", want=202):
        answer = o.control.post("/registers/calendar_days/records", {"why": "录入年历", "fields": {
            "place": "990100", "day": at, "kind": kind, "year": year, "note": "元旦"}})
        assert answer.status == want, (at, answer.raw)
        return answer

    made = o.fund.post("/matters", {"procedure": "quarter-report", "subject": "gov", "period": "2026-Q4"})
    assert made.status == 201, made.raw
    assert deadline(made["id"])[1] == "calendar 2027", deadline(made["id"])  # of no day certain
    assert not entered()
    paper = {"place": "990100", "year": "2027", "paper": "国办发明电〔2026〕7号", "issued_on": "2026-03-01"}
    refused = o.control.post("/registers/calendar_years/records", {"why": "x", "fields": {**paper, "issued_on": "2026-03-03"}})
    assert refused.status == 422 and [f["field"] for f in refused["errors"]] == ["issued_on"], refused.raw  # not issued yet
    for person in (o.auditor, o.user, o.fund):
        assert person.post("/registers/calendar_years/records", {"why": "x", "fields": paper}).status == 403
    o.two(o.control, o.chief, "calendar_years", paper)
    assert not entered(), "a year without its days would be one of plain weeks"
    outside = day("2026-12-24", want=422)
    assert [f["field"] for f in outside["errors"]] == ["day"] and "2027" in outside["errors"][0]["message"], outside.raw
    day("2028-01-01", want=422)
    change = day("2027-01-01")["change"]
    assert not entered(), "one person's word changes nothing"
    assert o.control.post(f"/changes/{change}/approval", {}).status == 403
    assert o.chief.post(f"/changes/{change}/approval", {}).status == 200
    assert entered(), "in force with the answer"
    until(lambda: not deadline(made["id"])[1])
    assert deadline(made["id"]) == ("2027-01-11", None), deadline(made["id"])  # the 10th is a Sunday
    late = day("2027-01-11")["change"]
    assert o.chief.post(f"/changes/{late}/approval", {}).status == 200
    until(lambda: deadline(made["id"])[0] == "2027-01-12")
    shown = o.fund.get("/matters/" + made["id"])
    assert deadline(made["id"]) == ("2027-01-12", None), shown.raw
    told = [t["why"] for t in shown["timeline"] if t["step"].startswith("recount.")]
    assert len(told) == 2 and "2027-01-11" in told[1] and "2027-01-12" in told[1], told  # old and new end stand in the file
    o.at("2026-03-03 09:00:00")
    assert entered() and deadline(made["id"]) == ("2027-01-12", None), "and after a start"


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
        leave()
    if Shared.first:
        Shared.first.__exit__()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
