"""A server of its own for each test, and people who sign in to it, as a newcomer would with curl."""
import base64
import calendar
import hmac
import http.client
import json
import os
import pathlib
import random
import re
import signal
import sqlite3
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NEW_PASSWORD = "Harbour-4711-lamp"


def factor(secret, now=None, step=0):
    """RFC 6238, written apart from the program."""
    key = base64.b32decode(secret)
    counter = int((time.time() if now is None else now) // 30) + step
    mac = hmac.new(key, counter.to_bytes(8, "big"), "sha1").digest()
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at:at + 4], 'big') & 0x7fffffff) % 1000000:06d}"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.raw = status, headers, body
        self.json = json.loads(body) if body and "json" in headers.get("content-type", "") else None

    def __getitem__(self, key):
        return self.json[key]


class Person:
    """One who is signed in, or nobody."""

    def __init__(self, server, login=None):
        self.server, self.login = server, login
        self.cookie = self.csrf = self.key = self.secret = self.id = None
        self.password = None
        self.language = "en"

    def ask(self, method, path, body=None, *, headers=None, raw=None, full=False):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        send = {"Accept-Language": self.language}
        if self.cookie:
            send["Cookie"] = f"__Host-shouhu={self.cookie}"
        if self.csrf and method != "GET":
            send["X-CSRF-Token"] = self.csrf
        if self.key:
            send["Authorization"] = f"Bearer {self.key}"
        if raw is None and body is not None:
            raw = json.dumps(body, ensure_ascii=False).encode()
            send["Content-Type"] = "application/json"
        send.update(headers or {})
        connection.request(method, path if full else "/api/v1" + path, body=raw, headers=send)
        reply = connection.getresponse()
        answer = Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        connection.close()
        cookie = re.match(r"__Host-shouhu=([^;]*)", answer.headers.get("set-cookie", ""))
        if cookie:
            self.cookie = cookie[1]
        if answer.json and "csrf" in answer.json:
            self.csrf = answer["csrf"]
        self.server.saw(method, path, full, answer)
        return answer

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, {} if body is None and "raw" not in more else body, **more)

    def put(self, path, body, **more):
        return self.ask("PUT", path, body, **more)

    def sign_in(self, password, code=None):
        body = {"login": self.login, "password": password}
        if code:
            body["code"] = code
        return self.post("/session", body)

    def settle(self, initial):
        """First sign-in: the password is changed, the second factor set up."""
        assert self.sign_in(initial).status == 200
        assert self.post("/session/password", {"old": initial, "new": NEW_PASSWORD}).status == 200
        self.password = NEW_PASSWORD
        self.secret = self.post("/session/factor")["secret"]
        answer = self.post("/session/factor", {"code": factor(self.secret, self.server.now())})
        assert answer.status == 200, answer.raw
        self.id = answer["person"]
        return self


class Server:
    """shouhu serve over a fresh directory; with `database` over PostgreSQL."""
    listeners = []

    def __init__(self, program, lake=None, database=None, clock=None):
        self.program, self.lake, self.database, self.clock = program, lake, database, clock
        self.temp = tempfile.TemporaryDirectory(prefix="shouhu-gate-")
        self.dir = pathlib.Path(self.temp.name)
        self.data = self.dir / "data"
        self.process = self.port = self.law = None
        self.log_path = self.dir / "log"

    def saw(self, method, path, full, answer):
        for listener in Server.listeners:
            listener(method, path if full else "/api/v1" + path, answer)

    def env(self):
        more = {"SHOUHU_LANG": "en"}
        if self.clock:
            more["SHOUHU_CLOCK"] = self.clock
        if self.law:
            more["SHOUHU_SHARE"] = str(self.law.parent)
        return {**os.environ, **more}

    def now(self):
        """Seconds UTC of the server's clock."""
        return calendar.timegm(time.strptime(self.clock, "%Y-%m-%d %H:%M:%S")) - 8 * 3600 if self.clock else time.time()

    def store(self):
        return ["--data", str(self.data)] + (["--database", self.database] if self.database else [])

    def run(self, *args, want=0):
        done = subprocess.run([self.program, *args, *self.store()], capture_output=True, text=True, check=False, env=self.env())
        assert done.returncode == want, (args, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def add(self, login, role, body="gov", name="测试甲", kind="bureau", place="620100"):
        text = self.run("user", "add", "--login", login, "--name", name, "--role", role, "--body", body,
                        "--body-name", "机构" + body, "--body-kind", kind, "--place", place)
        return re.search(r": (\S+)$", text.strip())[1]

    def start(self):
        more = ["--lake", str(self.lake)] if self.lake else []
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen([self.program, "serve", "--listen", "127.0.0.1:0", *self.store(), *more],
                                        stdout=subprocess.PIPE, stderr=log, env=self.env())
        log.close()
        line = self.process.stdout.readline().decode()
        assert "http://" in line, (line, self.log_path.read_text())
        self.port = int(re.search(r":(\d+) \(", line)[1])
        return self

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            code = self.process.wait(60)
            self.process.stdout.close()
            self.process = None
            return code
        return None

    def person(self, login):
        return Person(self, login)

    def nobody(self):
        return Person(self)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.stop(signal.SIGKILL)
        self.temp.cleanup()


class Office(Server):
    """With an administrator and an approver at a bureau of 6201, signed in."""

    def __enter__(self):
        admin, boss = self.add("admin", "admin.users"), self.add("boss", "security.approver")
        self.start()
        self.admin = self.person("admin").settle(admin)
        self.boss = self.person("boss").settle(boss)
        return self

    def body(self, code, kind, place, **more):
        """A body on record, by two persons."""
        change = self.admin.post("/registers/bodies/records", {"why": "new", "valid_from": "2020-01-01", "fields": {
            "code": code, "name": "机构" + code, "kind": kind, "place": place, **more}})
        assert change.status == 202, change.raw
        done = self.boss.post(f"/changes/{change['change']}/approval", {})
        assert done.status == 200, done.raw
        return done["record"]

    def two(self, one, other, register, fields, **more):
        """A record by two persons."""
        change = one.post(f"/registers/{register}/records", {"why": "new", "fields": fields, **more})
        assert change.status == 202, change.raw
        done = other.post(f"/changes/{change['change']}/approval", {})
        assert done.status == 200, done.raw
        return done["record"]

    def hire(self, login, *roles, body="gov", settle=True):
        """An account with granted roles, signed in."""
        made = self.admin.post("/people", {"login": login, "name": "测试" + login, "body": body})
        assert made.status == 201, made.raw
        for role in roles:
            self.grant(made["id"], role, body)
        person = self.person(login)
        person.id = made["id"]
        return person.settle(made["initial_password"]) if settle else person

    def grant(self, person, role, body="gov", to="2099-01-01"):
        to = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 300 * 86400)) if to == "2099-01-01" else to
        more = {"contract": "C-" + body} if role.startswith("third.") else {}
        asked = self.admin.post("/grants", {"person": person, "role": role, "body": body, "to": to, "why": "work", **more})
        assert asked.status == 201, asked.raw
        done = self.boss.post(f"/grants/{asked['id']}/approval", {})
        assert done.status == 200, done.raw
        return asked["id"]


def changed_byte(value, chance):
    """The value with a byte of it changed."""
    if isinstance(value, int):
        return int.from_bytes((value ^ (1 << chance.randrange(63))).to_bytes(8, "big", signed=True), "big", signed=True)
    if not value:
        return b"x" if isinstance(value, bytes) else "x"
    at = chance.randrange(len(value))
    if isinstance(value, bytes):
        return value[:at] + bytes([value[at] ^ (1 << chance.randrange(8))]) + value[at + 1:]
    return value[:at] + ("x" if value[at] != "x" else "y") + value[at + 1:]


def changed_rows_are_named(server, rounds):
    """Stops the server. Of every table of the rooms that has a row, bytes of random cells are changed, as by a hand that does not go
    through the program, and each is named by table. Gives the tables looked at."""
    server.stop()
    seed = int(os.environ.get("CHECK_SEED", time.time()))
    print(f"# CHECK_SEED={seed}", flush=True)
    chance = random.Random(seed)
    db = sqlite3.connect(server.data / "shouhu.db", isolation_level=None)
    db.create_function("row_seal", -1, lambda old, *row: old)  # goes round the trigger
    names = [n for n, in db.execute("select name from sqlite_schema where type = 'table' and name not like 'st\\_%' escape '\\' "
                                    "and name not like 'sqlite%' order by 1")]
    full = [n for n in names if db.execute(f"select 1 from {n}").fetchone()]
    for number in range(max(rounds, len(full))):
        table = full[number % len(full)]
        column = chance.choice([c[1] for c in db.execute(f"pragma table_info({table})")])
        row, value = chance.choice(db.execute(f"select rowid, {column} from {table} order by rowid desc limit 50").fetchall())
        try:
            db.execute(f"update {table} set {column} = ? where rowid = ?", (changed_byte(value, chance), row))
        except sqlite3.IntegrityError:
            continue  # another row has that value
        said = server.run("journal", "verify", want=4)
        assert f"fault: {table} " in said and "its seal does not hold" in said, (table, column, row, said)
        db.execute(f"update {table} set {column} = ? where rowid = ?", (value, row))
    db.close()
    assert server.run("journal", "verify").strip().endswith("sound")
    return full
