#!/usr/bin/env python3
"""Fills an office with synthetic people and findings in every state, through the API, as people would: each act by the person whose
duty it is. Weeks pass by starting the server under earlier clocks. Then tells address and logins.
usage: seed_office.py SHOUHU OUT [PLACE]   OUT/lake holds an audited lake (run "demo"); the office goes to OUT/office
       seed_office.py code OUT LOGIN       the one-time code of a login, now"""
import base64
import csv
import datetime
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import time

PASSWORD = "Demo-City-4711"
PEOPLE = [  # login, name, role, body: one duty a person, as internal control wants it
    ("reviewer", "初审员", "agency.reviewer", "ag1"), ("checker", "复核员", "agency.checker", "ag1"),
    ("auditor", "稽核员", "agency.auditor", "ag1"), ("contract", "协议管理员", "agency.contract", "ag1"),
    ("finance", "财务", "agency.finance", "ag1"), ("bookkeeper", "会计", "agency.bookkeeper", "ag1"), ("control", "内控员", "agency.control", "ag1"),
    ("window", "窗口经办", "agency.window", "ag1"), ("head", "科室负责人", "agency.head", "ag1"), ("chief", "经办机构负责人", "agency.chief", "ag1"),
    ("member1", "集体讨论成员甲", "agency.panel", "ag1"), ("member2", "集体讨论成员乙", "agency.panel", "ag1"),
    ("author", "规则编制人", "agency.rules_author", "ag1"), ("releaser", "规则发布人", "agency.rules_releaser", "ag1"),
    ("rereviewer", "复审员", "agency.rereviewer", "c1"), ("cityhead", "市级负责人", "agency.head", "c1"),
    ("officer", "执法人员", "bureau.officer", "gov"), ("legal", "法制审核人员", "bureau.legal", "gov"),
    ("fund", "基金监管人员", "bureau.fund", "gov"), ("bureauhead", "医保局负责人", "bureau.head", "gov"),
    ("hospital", "医院医保办", "institution.user", "h1"), ("director", "医院负责人", "institution.head", "h1"),
    ("expert", "第三方评审专家", "third.expert", "tp1"),
]


def code(secret, at):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    return f"{(struct.unpack('>I', mac[mac[-1] & 15:][:4])[0] & 0x7fffffff) % 1000000:06d}"


class Person:
    def __init__(self, office, login):
        self.office, self.login, self.cookie, self.csrf, self.secret, self.id = office, login, "", "", "", ""

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.office.port, timeout=300)
        given = {"Cookie": "__Host-shouhu=" + self.cookie, "X-CSRF-Token": self.csrf, **{k.replace("_", "-"): v for k, v in headers.items()}}
        if body is not None:
            given["Content-Type"] = "application/json"
        connection.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None, given)
        reply = connection.getresponse()
        raw = reply.read()
        cookie = re.match(r"__Host-shouhu=([^;]*)", reply.getheader("set-cookie") or "")
        self.cookie = cookie[1] if cookie else self.cookie
        connection.close()
        if reply.status >= 300:
            raise SystemExit(f"{self.login} {method} {path}: {reply.status} {raw.decode()[:1500]}")
        if "json" not in (reply.getheader("content-type") or ""):
            return {}
        answer = json.loads(raw)
        answer["_etag"] = reply.getheader("etag")
        self.csrf = answer.get("csrf") or self.csrf
        return answer

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body=None, **headers):
        return self.ask("POST", path, body or {}, **headers)

    def sign_in(self):
        self.cookie = self.csrf = ""
        self.post("/session", {"login": self.login, "password": PASSWORD, "code": code(self.secret, self.office.now())})

    def settle(self, initial):
        self.post("/session", {"login": self.login, "password": initial})
        self.post("/session/password", {"old": initial, "new": PASSWORD})
        self.secret = self.post("/session/factor")["secret"]
        self.id = self.post("/session/factor", {"code": code(self.secret, self.office.now())})["person"]
        return self

    def act(self, matter, step, fields=None, **more):
        shown = self.get("/matters/" + matter)
        return self.post(f"/matters/{matter}/actions", {"step": step, "fields": fields or {}, "why": "演示", **more}, If_Match=shown["_etag"])

    def items(self, **filters):
        found, after = [], ""
        while True:
            page = self.get("/items?limit=200&" + "&".join(f"{k}={v}" for k, v in filters.items()) + (f"&after={after}" if after else ""))
            found, after = found + page["items"], page["next"]
            if not after:
                return found

    def bulk(self, step, rows, fields=None):
        for i in range(0, len(rows), 500):
            done = self.post("/items/actions", {"step": step, "rows": [{"id": r["id"], "version": r["version"]} for r in rows[i:i + 500]],
                                                "fields": fields or {}, "why": "演示"})
            if done["refused"]:
                raise SystemExit(f"{self.login} {step}: {done['refused'][0]}")


class Office:
    def __init__(self, program, out, place):
        self.program, self.out, self.place = program, pathlib.Path(out), place
        self.data = self.out / "office"
        self.process, self.people, self.clock = None, {}, None

    def env(self):
        return {**os.environ, "SHOUHU_LANG": "en", "SHOUHU_CLOCK": self.clock}

    def now(self):
        return datetime.datetime.strptime(self.clock, "%Y-%m-%d %H:%M:%S").replace(tzinfo=datetime.timezone.utc).timestamp() - 8 * 3600

    def run(self, *args):
        done = subprocess.run([self.program, *args, "--data", str(self.data)], capture_output=True, text=True, check=False, env=self.env())
        if done.returncode:
            raise SystemExit(f"{args}: {done.stdout} {done.stderr}")
        return done.stdout

    def at(self, day):
        """Another day: the server starts again under its clock, everybody signs in again."""
        self.stop()
        self.clock = f"{day} 09:00:00"
        self.process = subprocess.Popen([self.program, "serve", "--listen", "127.0.0.1:0", "--data", str(self.data), "--lake", str(self.out / "lake")],
                                        stdout=subprocess.PIPE, stderr=open(self.out / "office.log", "ab"), env=self.env())
        self.port = int(re.search(r":(\d+) \(", self.process.stdout.readline().decode())[1])
        for person in self.people.values():
            person.sign_in()

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
            self.process = None

    def __getattr__(self, login):
        return self.people[login]

    def two(self, one, other, register, fields, **more):
        made = one.post(f"/registers/{register}/records", {"why": "演示", "fields": fields, **more})
        if "change" in made:
            other.post(f"/changes/{made['change']}/approval")

    def open_up(self, day):
        self.clock = f"{day} 09:00:00"
        first = {}
        for login, role in (("admin", "admin.users"), ("boss", "security.approver")):
            told = self.run("user", "add", "--login", login, "--name", "演示" + login, "--role", role, "--body", "gov", "--body-name", "演示市医疗保障局",
                            "--body-kind", "bureau", "--place", self.place)
            first[login] = re.search(r"[:：]\s*(\S+)\s*$", told.strip())[1]
        self.at(day)
        for login, initial in first.items():
            self.people[login] = Person(self, login).settle(initial)
        admin, boss = self.admin, self.boss
        for body, kind, name in (("ag1", "agency", "演示区医保中心"), ("c1", "agency", "演示市医保中心"), ("h1", "institution", "演示医院"),
                                 ("tp1", "third_party", "演示评估中心")):
            self.two(admin, boss, "bodies", {"code": body, "name": name, "kind": kind, "place": self.place}, valid_from="2020-01-01")
        until = (datetime.date.today() + datetime.timedelta(days=300)).isoformat()
        for login, name, role, body in PEOPLE:
            if role.startswith("third."):
                self.third_party(body)
            made = admin.post("/people", {"login": login, "name": name, "body": body})
            contract = {"contract": "C-tp1"} if role.startswith("third.") else {}
            grant = admin.post("/grants", {"person": made["id"], "role": role, "body": body, "to": until, "why": "演示", **contract})
            boss.post(f"/grants/{grant['id']}/approval")
            self.people[login] = Person(self, login).settle(made["initial_password"])
        for person, seat in ((self.chief, "chief"), (self.member1, "member"), (self.member2, "deputy")):
            self.two(self.head, self.chief, "panel_members", {"body": "ag1", "panel": "agency", "person": person.id, "seat": seat, "place": self.place})

    def third_party(self, body):
        """On record with a contract: nobody gets an account for it before."""
        self.two(self.contract, self.head, "third_parties", {"code": body, "name": "演示评估中心", "kind": "quality", "credit_code": "91350100M000100Y43",
                                                             "place": self.place})
        self.two(self.contract, self.head, "contracts", {"number": "C-" + body, "third_party": body, "scope": "申诉评估", "signed_on": "2020-01-01",
                                                         "ends_on": (datetime.date.today() + datetime.timedelta(days=400)).isoformat(),
                                                         "place": self.place})

    def serve(self, matter, day):
        for sub in self.auditor.get(f"/matters?parent={matter}&procedure=service&state=open")["items"]:
            self.auditor.act(sub["id"], "hand", {"way": "direct", "receipt": "演示回证"}, occurred=day)


def fen(text):
    yuan, _, rest = text.partition(".")
    return int(yuan) * 100 + int((rest + "00")[:2])


def yuan(value):
    return f"{value // 100}.{value % 100:02d}"


def certify(o, batch, day, out_every):
    """First review of one month of one hospital, certified, its letter served."""
    own = o.reviewer.items(matter=batch)
    out, send = own[::out_every], [r for i, r in enumerate(own) if i % out_every]
    o.reviewer.bulk("screen", out, {"screened": "out", "reason": "核对后排除"})
    o.reviewer.bulk("screen", send, {"screened": "send"})
    doubtful = sum(fen(r["amount"]) for r in own)
    o.reviewer.act(batch, "count", {"not_evaluated_why": "抽取表缺该项数据，已抽查病历", "received": yuan(doubtful + 10000000),
                                    "clean": "100000.00", "fund": "390"})
    o.reviewer.act(batch, "certify")
    o.serve(batch, day)
    sent = o.reviewer.items(matter=batch, state="sent")
    o.hospital.bulk("explain", sent[::2], {"explanation": "病历记载与收费一致，请予复核"})
    return doubtful + 10000000


def judge(o, batch, day):
    """Time to explain is over: the silent ones are noted, all are judged, the result is served, two are appealed."""
    o.checker.bulk("silence", o.checker.items(matter=batch, state="sent"))
    open_ones = o.checker.items(matter=batch, state="explained") + o.checker.items(matter=batch, state="silent")
    o.checker.bulk("check", open_ones[::4], {"verdict": "pass", "reason": "说明成立"})
    o.checker.bulk("check", [r for i, r in enumerate(open_ones) if i % 4], {"verdict": "deduct", "evidence": "抽查病历与清单"})
    o.finance.act(batch, "pay_clean")
    o.checker.act(batch, "judge")
    o.serve(batch, day)
    for row in o.hospital.items(matter=batch, state="deducted")[:2]:
        o.hospital.bulk("appeal", [row], {"appeal": "诊疗需要，申请第三方评审"})


def finish(o, batch, received, day):
    """Appeals settled by the third party, the rest final, decided, filed, paid, closed."""
    for sub, opinion in zip(o.head.get(f"/matters?parent={batch}&procedure=appeal")["items"], ("upheld", "overturned")):
        o.checker.act(sub["id"], "accept")
        o.head.act(sub["id"], "assign", {"third": "tp1", "contract": "C-tp1"})
        o.expert.act(sub["id"], "give", {"opinion": opinion, "words": "经评审病历"})
        o.head.act(sub["id"], "settle", {"verdict": opinion})
    o.checker.bulk("finalise", o.checker.items(matter=batch, state="deducted"))
    o.checker.act(batch, "total")
    refused = sum(fen(r["amount"]) for r in o.checker.items(matter=batch, state="final"))
    if refused >= 5000000:
        return  # the leaders meet first: left for whoever looks at the demo
    for section in (o.control, o.contract, o.bookkeeper):  # the problem is examined together
        section.act(batch, "examine", {"examined_on": day, "examined_at": "会议室", "examiners": "内控员|内控|同意\n协议管理员|协议|同意\n会计|财务|同意",
                                       "examination": "疑点认定清楚，证据充分", "handling": "handle"})
    decided = o.head.act(batch, "decide")
    o.serve(batch, day)
    for sub in decided["subs"]:
        if sub["procedure"] == "filing":
            o.bureauhead.act(sub["id"], "file", {"filed_number": "演备〔2026〕1号"})
    o.finance.act(batch, "close", {"paid": yuan(received - refused)})


def seed(o):
    today = datetime.date.today()
    first, second, third = (str(today - datetime.timedelta(days=d)) for d in (45, 24, 3))
    o.open_up(first)
    with open(o.out / "findings.csv", encoding="utf-8-sig", newline="") as file:
        subjects = sorted({row["institution"] for row in csv.DictReader(file) if row["institution"]})
    for subject in subjects:  # on record before their findings come, so that the hospital sees its own
        o.two(o.contract, o.head, "institutions", {"code": subject, "name": "演示医院" + subject, "body": "h1", "kind": "hospital", "place": o.place,
                                                   "agency": "ag1", "grid": "g1"})
    print(o.run("findings", "load", "--lake", str(o.out / "lake"), "--run", "demo", "--body", "ag1", "--actor", o.reviewer.id).strip())
    batches, after = [], ""
    while True:
        page = o.reviewer.get("/matters?procedure=claim-batch&limit=200" + (f"&after={after}" if after else ""))
        batches, after = batches + page["items"], page["next"]
        if not after:
            break
    sized = sorted(((len(o.reviewer.items(matter=b["id"])), b["id"]) for b in batches[:24]), reverse=True)
    sized = [s for s in sized if s[0] <= 120] or sized[-5:]
    done, judged, screened, assigned, heard = (s[1] for s in (sized * 5)[:5])
    received = certify(o, done, first, 10)
    own = o.reviewer.items(matter=screened)
    o.reviewer.bulk("screen", own[::2], {"screened": "send"})
    o.head.bulk("assign", o.reviewer.items(matter=assigned), {"assigned": o.reviewer.id})
    breach = o.auditor.post("/matters", {"procedure": "breach-decision", "subject": batches[0]["subject"]})["id"]
    o.auditor.act(breach, "notify", {"facts": "多收床位费", "evidence": "病历与清单", "clause": "协议第二十条", "source": "demo-1", "measure": "recover",
                                     "severity": "normal", "amount": "1200.00", "fund": "390"})
    o.serve(breach, first)
    o.at(second)
    judge(o, done, second)
    certify(o, judged, second, 12)
    certify(o, heard, second, 12)
    o.at(third)
    finish(o, done, received, third)
    judge(o, judged, third)
    o.checker.bulk("silence", o.checker.items(matter=heard, state="sent"))
    o.checker.act(breach, "recheck", {"result": "当事人未提出申辩", "stands": "false"})
    clue = o.auditor.post("/matters", {"procedure": "alert", "subject": batches[0]["subject"]})["id"]
    o.auditor.act(clue, "describe", {"kind": "daily", "what": "同一患者一日两次计收一级护理"})
    o.head.act(clue, "assign", {"assigned": o.auditor.id})
    states = {}
    for row in o.reviewer.items():
        states[row["state"]] = states.get(row["state"], 0) + 1
    o.stop()
    return states


def main():
    if sys.argv[1] == "code":
        rows = {r["login"]: r for r in csv.DictReader(open(pathlib.Path(sys.argv[2]) / "logins.csv", encoding="utf-8"))}
        print(code(rows[sys.argv[3]]["secret"], time.time()))
        return
    o = Office(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "990100")
    try:
        states = seed(o)
    finally:
        o.stop()
    names = {login: (name, role) for login, name, role, _ in PEOPLE}
    path = o.out / "logins.csv"
    path.touch(mode=0o600)
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["login", "password", "secret", "role", "name"])
        for login, person in o.people.items():
            name, role = names.get(login, ("演示" + login, "admin.users" if login == "admin" else "security.approver"))
            rows.writerow([login, PASSWORD, person.secret, role, name])
    print("findings by state: " + ", ".join(f"{k} {v}" for k, v in sorted(states.items())))
    print(f"{len(o.people)} logins, all with the password {PASSWORD}; secrets for an authenticator app in {path}")
    for login, (name, role) in names.items():
        print(f"  {login:<11} {role:<22} {name}")
    print(f"a one-time code: python3 tools/seed_office.py code {o.out} LOGIN")


if __name__ == "__main__":
    main()
