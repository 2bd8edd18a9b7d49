#!/usr/bin/env python3
"""The record under load: the store by itself, then the same million records behind `shouhu serve`, on SQLite and PostgreSQL.

usage: bench/store.py BUILD [--records N] [--seconds S] [--database sqlite|postgresql|both]
BUILD is the meson build directory (optimised). Prints `name value unit` lines, then on standard error what each goal asks and
whether it was met; exit code 1 when one was not. bench/README.md says how to read the numbers.
"""
import argparse
import os
import pathlib
import random
import re
import selectors
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/gate"))
import client  # noqa: E402

CLIENTS, PAGES, SLOWEST_MS = 50, 200, 50
# As an office would set it for a register of a million records; SQLite's writer has as large a cache.
PG_SETTINGS = "-c shared_buffers=512MB -c max_wal_size=4GB"
TICKS = os.sysconf("SC_CLK_TCK")
GOALS = {  # name without the database: (at least, at most) by database
    "store_writes": {"sqlite": (500, None), "postgresql": (1000, None)},
    "http_writes": {"sqlite": (500, None), "postgresql": (1000, None)},
    "store_reads": {"sqlite": (2000, None), "postgresql": (2000, None)},
    "http_reads": {"sqlite": (2000, None), "postgresql": (2000, None)},
    "store_verify": {"sqlite": (100000, None), "postgresql": (100000, None)},
}


class Board:
    """Prints figures and remembers which miss their goal."""

    def __init__(self, database):
        self.database, self.missed = database, []

    def put(self, name, value, unit):
        print(f"{self.database}_{name} {value} {unit}", flush=True)
        low, high = GOALS.get(name, {}).get(self.database, (None, SLOWEST_MS if name.endswith("_p95") else None))
        if low is None and high is None:
            return
        met = (low is None or float(value) >= low) and (high is None or float(value) <= high)
        goal = f"at least {low}" if low is not None else f"at most {high}"
        print(f"# {self.database}_{name}: {goal} {unit}: {value} {'met' if met else 'MISSED'}", file=sys.stderr, flush=True)
        if not met:
            self.missed.append(name)


class Line:
    """One kept-alive connection: sends a request, gathers the answer."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data, self.want, self.sent_at = b"", None, 0.0

    def send(self, request):
        self.data, self.want, self.sent_at = b"", None, time.perf_counter()
        self.socket.sendall(request)

    def is_whole(self):
        """Reads what is there; the status when the answer is whole, else None."""
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise ConnectionError("the server closed a connection")
        self.data += piece
        if self.want is None:
            end = self.data.find(b"\r\n\r\n")
            if end < 0:
                return None
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", self.data[:end])
            self.want = end + 4 + int(length[1])
        return int(self.data[9:12]) if len(self.data) >= self.want else None


def load(port, make, clients, seconds=None, requests=None):
    """(seconds it took, [milliseconds of each answer]) of `clients` that ask without a pause. make(i): bytes of request i."""
    selector, times, n = selectors.DefaultSelector(), [], 0
    begin = time.perf_counter()
    lines = [Line(port) for _ in range(clients)]
    for line in lines:
        line.send(make(n))
        n += 1
        selector.register(line.socket, selectors.EVENT_READ, line)
    open_lines = clients
    while open_lines:
        for key, _ in selector.select():
            line = key.data
            status = line.is_whole()
            if status is None:
                continue
            now = time.perf_counter()
            if status not in (200, 201):
                raise RuntimeError(f"answered {line.data[:400]!r}")
            times.append((now - line.sent_at) * 1000)
            if (seconds and now - begin >= seconds) or (requests and n >= requests):
                selector.unregister(line.socket)
                line.socket.close()
                open_lines -= 1
            else:
                line.send(make(n))
                n += 1
    return time.perf_counter() - begin, times


def request(person, method, path, body=b"", **headers):
    head = [f"{method} /api/v1{path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {person.api_key}",
            f"Content-Length: {len(body)}", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def processor(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def p95(times):
    return sorted(times)[len(times) * 95 // 100]


class Office(client.Office):
    """The administrators of the whole country over the records that bench-store left."""

    def __init__(self, program, data, database):
        super().__init__(program, database=database)
        self.data = data

    def add(self, login, role, body="gov", name="测试甲", kind="bureau", place="000000"):
        return super().add(login, role, body, name, kind, place)

    def with_key(self, login, role, body="gov"):
        person = self.hire(login, role, body=body)
        to = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
        person.api_key = person.post("/keys", {"name": "bench", "to": to})["key"]
        return person


def bench_http(board, office, seconds):
    office.body("county", "bureau", "110500")
    reader, writer = office.with_key("reader", "bureau.fund"), office.with_key("writer", "bureau.publisher")
    local = office.with_key("local", "bureau.fund", body="county")
    records = "/registers/institutions/records"
    chance = random.Random(1)
    found = []
    while len(found) < 2000:
        found += [(r["id"], r["key"]) for r in reader.get(f"{records}?limit=200&after=P{chance.randrange(10**10):010d}")["items"]]

    def figures(name, make):
        busy = processor(office.process.pid)
        took, times = load(office.port, make, CLIENTS, seconds=seconds)
        board.put(f"http_{name}", f"{len(times) / took:.0f}", "1/s")
        board.put(f"http_{name}_slowest_of_hundred", f"{sorted(times)[len(times) * 99 // 100]:.1f}", "ms")
        board.put(f"http_{name}_processor", f"{(processor(office.process.pid) - busy) * 1000 / len(times):.3f}", "ms")

    figures("reads", lambda i: request(reader, "GET", f"{records}/{chance.choice(found)[0]}"))
    figures("writes", lambda i: request(
        writer, "POST", "/registers/activities/records", Content_Type="application/json",
        body=('{"why":"bench","fields":{"number":"B%d","kind":"training","day":"2026-01-05","title":"培训","body":"gov",'
              '"place":"000000"}}' % i).encode()))

    pages = {"all": (reader, ""), "one_county": (local, ""), "a_value_of_every_tenth": (reader, "kind=pharmacy"),
             "a_value_of_one_in_20000": (reader, "practice_licence=L777"), "a_value_of_none": (reader, "practice_licence=L0x"),
             "two_common_values_that_never_meet": (reader, "kind=pharmacy&level=3"), "a_word_of_all": (reader, "q=仁和"),
             "a_word_of_one_in_9973": (reader, "q=第7777医院"), "a_word_of_none": (reader, "q=协和"),
             "pairs_of_all_word_of_none": (reader, "q=医院仁和"), "as_of_an_earlier_day": (reader, "valid_on=2023-01-01")}
    for name, (person, query) in pages.items():
        def make(i, person=person, query=query):
            after = f"&after={chance.choice(found)[1]}" if i % 2 else ""  # half of the pages are first ones
            return request(person, "GET", f"{records}?limit=100{after}&{urllib.parse.quote(query, safe='=&')}")
        _, times = load(office.port, make, 1, requests=PAGES)
        board.put(f"http_page_{name}_p95", f"{p95(times):.2f}", "ms")


def bench(options, database):
    """The store by itself, then the server over what it left."""
    board = Board(database)
    build = pathlib.Path(options.build).resolve()
    url = "dbname=postgres" if database == "postgresql" else None
    command = [str(build / "bench/bench-store"), str(options.records), str(options.seconds)] + ([url] if url else [])
    folder = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "BENCH_KEEP": "1"}) as child:
        for line in child.stdout:
            if line.startswith("# left in "):
                folder = pathlib.Path(line.removeprefix("# left in ").strip())
            else:
                board.put(*line.split())
    if child.returncode or not folder:
        raise SystemExit(f"bench-store failed with {child.returncode}")
    try:
        with Office(str(build / "src/shouhu"), folder / "data", url) as office:
            bench_http(board, office, options.seconds)
    finally:
        shutil.rmtree(folder)
    return not board.missed


def behind_a_cluster(options):
    """The same for PostgreSQL alone, by this script behind the launcher of a throw-away cluster."""
    if "PG_SETTINGS" in os.environ:
        raise SystemExit("no PostgreSQL here")
    command = [ROOT / "tests/store/with-postgres.sh", sys.executable, __file__, options.build, "--records", str(options.records),
               "--seconds", str(options.seconds), "--database", "postgresql"]
    return subprocess.run(command, check=False, env={**os.environ, "PG_SETTINGS": PG_SETTINGS}).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--records", type=int, default=1000000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    options = parser.parse_args()
    all_met = options.database == "postgresql" or bench(options, "sqlite")
    if options.database != "sqlite":
        all_met = (bench(options, "postgresql") if os.environ.get("CHECK_PG") else behind_a_cluster(options)) and all_met
    return 0 if all_met else 1


if __name__ == "__main__":
    sys.exit(main())
