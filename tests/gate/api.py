#!/usr/bin/env python3
"""The API as its users meet it, and as those do who want to break it. Prints TAP. usage: api.py SHOUHU [NAME …]
Every answer of every test is held to docs/openapi.yaml."""
import calendar
import concurrent.futures
import csv
import datetime
import hashlib
import io
import json
import pathlib
import re
import resource
import shutil
import sqlite3
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import urllib.parse
import zipfile

from client import NEW_PASSWORD, ROOT, Office, Person, Server, changed_rows_are_named, factor

try:
    import jsonschema
    import yaml
except ImportError:
    print("1..0 # SKIP python3-jsonschema and python3-yaml are not here")
    sys.exit(0)

SHOUHU = None
TESTS = []
API = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text(encoding="utf-8"))
ROLES = yaml.safe_load((ROOT / "law/roles.yaml").read_text(encoding="utf-8"))
METHODS = ("get", "post", "put", "delete")
PURPOSE = {"X-Purpose": urllib.parse.quote("核对名册 check")}
EXIT_INPUT, EXIT_DAMAGED = 3, 4


def test(function):
    TESTS.append(function)
    return function


# ---- every answer against the description --------------------------------------------------------------------------

def templates():
    for path in API["paths"]:
        yield path, re.compile("^" + re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "$")


TEMPLATES = sorted(templates(), key=lambda pair: pair[0].count("{"))
VALIDATORS = {}


def resolved(node):
    while "$ref" in node:
        at = API
        for step in node["$ref"].split("/")[1:]:
            at = at[step]
        node = at
    return node


def validator(schema):
    key = json.dumps(schema, sort_keys=True)
    if key not in VALIDATORS:
        VALIDATORS[key] = jsonschema.Draft202012Validator({**schema, "components": API["components"]})
    return VALIDATORS[key]


def hold(method, path, answer):
    """The answer is one that the description knows."""
    bare = path.split("?")[0]
    for template, pattern in TEMPLATES:
        if pattern.match(bare) and method.lower() in API["paths"][template]:
            responses = API["paths"][template][method.lower()]["responses"]
            response = resolved(responses.get(str(answer.status), responses["default"]))
            break
    else:
        response = resolved({"$ref": "#/components/responses/Problem"})
        assert answer.status in (400, 404, 405), (method, path, answer.status)
    if "content" not in response:
        assert not answer.raw, (method, path, answer.raw)
        return
    kind = answer.headers["content-type"].split(";")[0]
    assert kind in response["content"], (method, path, answer.status, kind, answer.raw[:300])
    if "json" in kind:
        faults = [f"{list(e.absolute_path)}: {e.message}" for e in validator(response["content"][kind]["schema"]).iter_errors(answer.json)]
        assert not faults, (method, path, answer.status, faults[:3])


Server.listeners.append(hold)


@test
def the_description_and_the_routing_table_name_the_same_paths():
    source = (ROOT / "src/gate/route.c").read_text(encoding="utf-8")
    table = {}
    for method, v1, path, need in re.findall(r'\{SH_(\w+),\s*(V1)?\s*"([^"]+)",\s*(SH_NEED_\w+|"[^"]+")', source):
        need = {"SH_NEED_NOBODY": "nobody", "SH_NEED_ANYONE": "anyone"}.get(need, need.strip('"'))
        table[(method.lower(), ("/api/v1" if v1 else "") + path)] = need
    described = {(m, p): op["x-needs"] for p, ops in API["paths"].items() for m, op in ops.items()}
    assert table == described, set(table.items()) ^ set(described.items())
    powers = set(ROLES["powers"]) | {"nobody", "anyone"}
    assert set(described.values()) <= powers


# ---- one office that most tests share ------------------------------------------------------------------------------

class Shared:
    office = None


def office():
    """A bureau and an agency with hospitals in 6201, another bureau and agency in 6202, and who works there."""
    if Shared.office:
        return Shared.office
    o = Office(SHOUHU)
    admin2, boss2 = o.add("admin2", "admin.users", "gov2", place="620200"), o.add("boss2", "security.approver", "gov2", place="620200")
    o.__enter__()
    for code, kind, place in (("ag1", "agency", "620102"), ("ag2", "agency", "620202"), ("h1", "institution", "620102"),
                              ("h2", "institution", "620202"), ("dep1", "department", "620102"),
                              ("third1", "third_party", "620102"), ("plat1", "platform", "620102")):
        if place.startswith("6201"):
            o.body(code, kind, place)
    first = o.admin, o.boss
    o.admin2, o.boss2 = o.person("admin2").settle(admin2), o.person("boss2").settle(boss2)
    o.admin, o.boss = o.admin2, o.boss2
    o.body("ag2", "agency", "620202")
    o.body("h2", "institution", "620202")
    o.contract2 = o.hire("contract2", "agency.contract", body="ag2")
    o.head2 = o.hire("head2", "agency.head", body="ag2")
    o.auditor2 = o.hire("auditor2", "agency.auditor", body="ag2")
    o.user2 = o.hire("user2", "institution.user", body="h2")
    o.author2 = o.hire("author2", "agency.rules_author", body="ag2")
    o.admin, o.boss = first
    o.contract = o.hire("contract", "agency.contract", body="ag1")
    o.head = o.hire("head", "agency.head", body="ag1")
    o.auditor = o.hire("auditor", "agency.auditor", body="ag1")
    o.user1 = o.hire("user1", "institution.user", body="h1")
    for place, codes in (("620102", ("third1", "plat1")),):  # accounts of third parties rest on a contract
        for code in codes:
            o.two(o.contract, o.head, "third_parties", {"code": code, "name": "甲公司", "kind": "it", "credit_code": "91350100M000100Y43",
                                                         "place": place})
            o.contract_record = o.two(o.contract, o.head, "contracts", {
                "number": "C-" + code, "third_party": code, "scope": "运维", "signed_on": "2020-01-01",
                "ends_on": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 400 * 86400)), "place": place})
    Shared.office = o
    return o


def hospital(code, name="测试医院", **more):
    return {"fields": {"code": code, "name": name, "body": "h1", "kind": "hospital", "place": "620102", "agency": "ag1", "grid": "g1",
                       **more}, "why": "test"}


def add_hospital(o, code, **more):
    change = o.contract.post("/registers/institutions/records", hospital(code, **more))
    assert change.status == 202, change.raw
    done = o.head.post(f"/changes/{change['change']}/approval", {})
    assert done.status == 200, done.raw
    return done["record"]


def doctor(code, **more):
    return {"fields": {"code": code, "name": "赵小月", "kind": "doctor", "licence": "L" + code, "institution": "HX", "body": "h1",
                       "place": "620102", **more}}


def add_doctor(o, code, **more):
    if o.contract.get("/registers/institutions/records?code=HX")["items"] == []:
        add_hospital(o, "HX")
    answer = o.contract.post("/registers/practitioners/records", doctor(code, **more))
    assert answer.status == 201, answer.raw
    return answer


# ---- registers -----------------------------------------------------------------------------------------------------

@test
def a_record_is_made_listed_changed_and_its_history_tells_all():
    o = office()
    made = add_doctor(o, "D-A1")
    path = "/registers/practitioners/records/" + made["id"]
    assert made.headers["etag"] == '"v1"' and made["fields"]["name"] == "赵**" and made["masked"] == ["name"]
    assert made.json == o.contract.get(path).json  # what is answered is what is on record
    update = doctor("D-A1", licence="L-NEW")
    update["why"] = "换证"
    del update["fields"]["name"]
    assert o.contract.put(path, update, headers={"If-Match": '"v1"'}).status == 422  # a required field
    update["fields"]["name"] = "赵小月"
    changed = o.contract.put(path, update, headers={"If-Match": '"v1"'})
    assert changed.status == 200 and changed["version"] == 2 and changed["why"] == "换证", changed.raw
    assert changed.json == o.contract.get(path).json
    assert [v["version"] for v in o.contract.get(path + "/history")["items"]] == [1, 2]
    diff = o.contract.get(path + "/diff?from=1&to=2")["items"]
    assert [(d["field"], d["before"], d["after"]) for d in diff] == [("licence", "LD-A1", "L-NEW")]
    assert o.contract.get("/registers/practitioners/records?licence=L-NEW")["items"][0]["id"] == made["id"]
    assert o.contract.get("/registers/practitioners/records?licence=L-OLD")["items"] == []
    ended = o.contract.post(path + "/withdrawal", {"why": "离职"}, headers={"If-Match": '"v2"'})
    assert ended.status == 200 and ended["withdrawn"], ended.raw
    assert o.contract.get(path).status == 404
    assert o.contract.get(path + "?valid_on=2020-01-01").status == 404
    assert len(o.contract.get(path + "/history")["items"]) == 3


@test
def a_change_needs_the_version_that_was_read():
    o = office()
    made = add_doctor(o, "D-V1")
    path = "/registers/practitioners/records/" + made["id"]
    assert o.contract.put(path, doctor("D-V1")).status == 428
    for tag in ('"v2"', "v1", '"v0"', '"v-1"', '"x1"', '*', '"v99999999999999999999"'):
        assert o.contract.put(path, doctor("D-V1"), headers={"If-Match": tag}).status == 412, tag
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda i: o.contract.put(path, doctor("D-V1", title=f"t{i}"), headers={"If-Match": '"v1"'}).status, range(8)))
    assert sorted(done) == [200] + [412] * 7, done


@test
def the_key_of_a_record_never_changes_and_is_taken_once():
    o = office()
    made = add_doctor(o, "D-K1")
    again = o.contract.post("/registers/practitioners/records", doctor("D-K1"))
    assert again.status == 409, again.raw
    moved = o.contract.put("/registers/practitioners/records/" + made["id"], doctor("D-K2"), headers={"If-Match": '"v1"'})
    assert moved.status == 409, moved.raw


@test
def faults_are_told_by_field():
    o = office()
    bad = o.contract.post("/registers/practitioners/records", {"fields": {
        "code": "a b", "kind": "wizard", "idcard": "11010519491231002Y", "place": "62", "nosuch": "x", "institution": "NOPE", "body": "h1",
        "name": "名", "licence": ["x"]}, "extra": 1})
    fields = {e["field"] for e in bad["errors"]}
    assert bad.status == 422 and {"code", "kind", "idcard", "nosuch", "licence", "extra"} <= fields, fields
    assert "11010519491231002Y" not in bad.raw.decode()
    lost = o.contract.post("/registers/practitioners/records", doctor("D-R1", institution="NOPE"))
    assert lost.status == 422 and lost["errors"][0]["field"] == "institution"
    assert o.contract.get("/registers/practitioners/records?name=x").status == 400  # personal: no filter
    assert o.contract.get("/registers/practitioners/records?nosuch=x").status == 400
    assert o.contract.get("/registers/nosuch/records").status == 404


@test
def a_check_of_a_register_is_told_by_its_field_wherever_a_record_is_written():
    o = office()
    keeper, head = o.hire("keeper", "bureau.roster_keeper"), o.hire("bureauhead", "bureau.head")
    add_hospital(o, "H-OBJ")

    def ends(signed, last, number="C-CHECK"):
        return {"fields": {"number": number, "third_party": "T-CHECK", "scope": "稽核", "signed_on": signed, "ends_on": last,
                           "place": "620100"}, "why": "new"}

    o.two(keeper, head, "third_parties", {"code": "T-CHECK", "name": "甲所", "kind": "accounting", "credit_code": "91110108551385082Q",
                                          "place": "620100"}, valid_from="2020-01-01")
    bad = keeper.post("/registers/contracts/records", ends("2026-01-02", "2026-01-01"))
    assert bad.status == 422 and [e["field"] for e in bad["errors"]] == ["ends_on"], bad.raw
    assert bad["errors"][0]["message"] == "ends before it was signed: correct one of the two days"
    keeper.language = "zh"
    assert keeper.post("/registers/contracts/records", ends("2026-01-02", "2026-01-01"))["errors"][0]["message"] == "终止日期早于签订日期"
    keeper.language = "en"
    assert keeper.get("/changes?state=proposed")["items"] == [], "nothing was proposed"
    # a table: the good row goes in, the bad one comes back with its row and field, in both formats
    head_row = ["number", "third_party", "scope", "signed_on", "ends_on", "place"]
    rows = [head_row, ["C-OK", "T-CHECK", "稽核", "2026-01-02", "2026-01-02", "620100"],
            ["C-BAD", "T-CHECK", "稽核", "2026-01-02", "2026-01-01", "620100"]]
    for raw in ("\n".join(",".join(row) for row in rows).encode(), xlsx(rows)):
        done = keeper.post("/registers/contracts/import?dry_run=true", raw=raw)
        assert (done["proposed"], done["rejected"]) == (1, 1), done.raw
        assert [(e["row"], e["field"]) for e in done["errors"]] == [(3, "ends_on")], done["errors"]
    # over versions: no day without an agency; what was withdrawn is no version
    new = {**hospital("H-GAP"), "valid_from": "2026-01-01", "valid_to": "2026-01-31"}
    change = o.contract.post("/registers/institutions/records", new)
    record = o.head.post(f"/changes/{change['change']}/approval", {})["record"]
    path = f"/registers/institutions/records/{record}?valid_on=2026-01-15"
    later = {**hospital("H-GAP"), "valid_from": "2026-02-02"}
    gap = o.contract.put(path, later, headers={"If-Match": '"v1"'})
    assert gap.status == 422 and gap["errors"][0]["field"] == "agency", gap.raw
    ok = o.contract.put(path, {**later, "valid_from": "2026-02-01"}, headers={"If-Match": '"v1"'})
    assert ok.status == 202, ok.raw
    # asked again when it is approved: what stands beside it may have changed meanwhile
    cut = o.contract.put(path, {**hospital("H-GAP"), "valid_from": "2026-01-20", "valid_to": "2026-01-31"}, headers={"If-Match": '"v1"'})
    assert o.head.post(f"/changes/{cut['change']}/approval", {}).status == 200
    assert o.head.post(f"/changes/{ok['change']}/approval", {}).status == 412  # stale


@test
def an_agency_without_one_of_its_systems_in_force_is_named_whatever_else_is_on_record():
    o = office()
    control = o.hire("systems", "agency.control", body="ag1")
    each = {"business", "finance", "information", "security", "risk", "major_spending", "posts", "joint_examination"}
    path = "/registers/required_systems/"

    def missing(person=control, query=""):
        gaps = person.get(path + "gaps" + query)
        assert gaps.status == 200, gaps.raw
        return {gap["key"]: {one["code"] for one in gap["missing"]} for gap in gaps["items"]}

    def write(system, body="ag1", **more):
        return control.post(path + "records", {"fields": {"body": body, "system": system, "title": system + " 制度", "issued_on": "2026-01-05",
                                                          "place": "620102"}, **more})

    assert missing()["ag1"] == each and missing().keys() == {"ag1"}  # no bureau, no institution, and no agency elsewhere
    for system in each - {"risk"}:
        assert write(system).status == 201
    assert missing() == {"ag1": {"risk"}}
    assert write("risk", valid_from="2099-01-01").status == 201  # not yet in force
    assert missing() == {"ag1": {"risk"}} and missing(query="?valid_on=2099-01-01") == {}
    assert write("risk", body="h1").status == 201  # of another body
    assert missing() == {"ag1": {"risk"}}
    future = control.get(path + "records?system=risk&body=ag1&valid_on=2099-06-01")["items"][0]
    done = control.put(f"{path}records/{future['id']}?valid_on=2099-01-01", {"fields": {**future["fields"]}, "valid_from": "2020-01-01",
                       "valid_to": "2020-12-31"}, headers={"If-Match": '"v1"'})
    assert done.status == 200 and missing() == {"ag1": {"risk"}}  # no longer in force
    done = control.put(f"{path}records/{future['id']}?valid_on=2099-01-01", {"fields": {**future["fields"]}, "valid_from": "2021-01-01"},
                       headers={"If-Match": '"v2"'})
    assert done.status == 200 and missing() == {}
    gone = control.post(f"{path}records/{future['id']}/withdrawal", {"why": "废止"}, headers={"If-Match": '"v3"'})
    assert gone.status == 200 and missing() == {"ag1": {"risk"}}, gone.raw
    assert missing(query="?valid_on=2026-01-05") == {"ag1": each - {"risk"}}  # as it stood that day
    assert "ag1" not in missing(o.auditor2) and missing(o.auditor2)["ag2"] == each
    assert control.get("/registers/ties/gaps").status == 404
    # V-11: joint examination was to be set up by the end of June 2018; whoever was late stays named as of that day
    made = o.admin.post("/registers/bodies/records", {"why": "new", "valid_from": "2015-01-01", "fields": {
        "code": "ag-old", "name": "老机构", "kind": "agency", "place": "620102"}})
    assert made.status == 202 and o.boss.post(f"/changes/{made['change']}/approval", {}).status == 200, made.raw
    for system, since in (("joint_examination", "2018-07-01"), ("finance", "2018-06-30")):
        assert write(system, body="ag-old", valid_from=since).status == 201
    assert "joint_examination" in missing(query="?valid_on=2018-06-30")["ag-old"] and "finance" not in missing(query="?valid_on=2018-06-30")["ag-old"]
    assert "joint_examination" not in missing(query="?valid_on=2018-07-01")["ag-old"]


@test
def a_bureau_without_a_plan_warning_report_or_responsibility_in_force_is_named():
    o = office()
    o.body("gov9", "bureau", "620100")
    fund = o.hire("bureaufund", "bureau.fund")
    path, four = "/registers/bureau_systems/", {"responsibility", "warning", "plan", "report"}

    def missing():
        return {gap["key"]: {one["code"] for one in gap["missing"]} for gap in fund.get(path + "gaps")["items"]}

    def write(system, **more):
        return fund.post(path + "records", {"fields": {"body": "gov9", "system": system, "title": system, "responsible": "主任",
                                                       "issued_on": "2026-01-05", "place": "620100"}, **more})

    assert missing()["gov9"] == four and "ag1" not in missing()
    for system in sorted(four - {"plan"}):
        assert write(system).status == 201
    assert write("plan", valid_from="2020-01-01", valid_to="2020-12-31").status == 201  # lapsed
    assert missing()["gov9"] == {"plan"}
    old = fund.get(path + "records?system=plan&valid_on=2020-06-01")["items"][0]
    new = fund.put(f"{path}records/{old['id']}?valid_on=2020-06-01", {"fields": old["fields"], "valid_from": "2021-01-01"},
                   headers={"If-Match": '"v1"'})
    assert new.status == 200 and "gov9" not in missing()
    assert o.contract.post(path + "records", {"fields": {}}).status == 403  # an agency writes no bureau's systems


@test
def a_change_by_two_persons_is_never_made_by_one():
    o = office()
    change = o.contract.post("/registers/institutions/records", hospital("H-TWO"))
    path = f"/changes/{change['change']}"
    assert o.contract.get("/registers/institutions/records?code=H-TWO")["items"] == []
    assert o.contract.post(path + "/approval", {}).status == 403
    assert o.admin.post(path + "/approval", {}).status in (403, 404)
    assert o.head.post(path + "/refusal", {}).status == 422  # without a reason
    assert o.head.post(path + "/refusal", {"why": "缺许可证"}).status == 200
    assert o.head.post(path + "/approval", {}).status == 409
    assert o.contract.get(path)["state"] == "refused"
    # a proposal over a record that has changed meanwhile is stale
    record = add_hospital(o, "H-TWO")
    first = o.contract.put(f"/registers/institutions/records/{record}", hospital("H-TWO", name="甲"), headers={"If-Match": '"v1"'})
    second = o.contract.put(f"/registers/institutions/records/{record}", hospital("H-TWO", name="乙"), headers={"If-Match": '"v1"'})
    assert (first.status, second.status) == (202, 202)
    assert o.head.post(f"/changes/{first['change']}/approval", {}).status == 200
    assert o.head.post(f"/changes/{second['change']}/approval", {}).status == 412
    assert o.contract.get(f"/registers/institutions/records/{record}")["fields"]["name"] == "甲"


@test
def whoever_proposes_never_approves_even_with_both_roles():
    o = office()
    both = o.hire("both", "agency.contract", "agency.head", body="ag1")
    change = both.post("/registers/institutions/records", hospital("H-BOTH"))
    refused = both.post(f"/changes/{change['change']}/approval", {})
    assert refused.status == 403 and refused["code"] == "separation-of-duties", refused.raw
    assert o.head.post(f"/changes/{change['change']}/approval", {}).status == 200


@test
def pages_by_key_give_every_record_once():
    o = office()
    for i in range(7):
        add_doctor(o, f"D-P{i}")
    seen, after = [], ""
    while True:
        page = o.contract.get("/registers/practitioners/records?limit=3" + (f"&after={after}" if after else ""))
        seen += [r["key"] for r in page["items"]]
        after = page["next"]
        if not after:
            break
    assert len(seen) == len(set(seen)) and {f"D-P{i}" for i in range(7)} <= set(seen) and seen == sorted(seen)
    for bad in ("0", "201", "-1", "x", "1.5", "99999999999999999999"):
        assert o.contract.get("/registers/practitioners/records?limit=" + bad).status == 400, bad


@test
def the_past_stays_readable_by_both_clocks():
    o = office()
    made = add_doctor(o, "D-T1")
    path = "/registers/practitioners/records/" + made["id"]
    before = made["recorded_at"]
    time.sleep(1.1)
    later = dict(doctor("D-T1", title="主任"), valid_from="2030-01-01")
    assert o.contract.put(path, later, headers={"If-Match": '"v1"'}).status == 200
    assert o.contract.get(path)["fields"]["title"] is None
    assert o.contract.get(path + "?valid_on=2030-01-01")["fields"]["title"] == "主任"
    assert o.contract.get(path + "?valid_on=2030-01-01&known_at=" + before)["fields"]["title"] is None
    assert o.contract.get(path + "?known_at=yesterday").status == 400


@test
def the_same_idempotency_key_does_nothing_twice():
    o = office()
    add_doctor(o, "D-I0")
    key = {"Idempotency-Key": "k-1"}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        many = list(pool.map(lambda _: o.contract.post("/registers/practitioners/records", doctor("D-I1"), headers=key), range(8)))
    assert {a.status for a in many} == {201}, [a.raw for a in many]
    assert len({a.raw for a in many}) == 1
    other = o.contract.post("/registers/practitioners/records", doctor("D-I2"), headers=key)
    assert other.status == 422 and other["code"] == "idempotency-key"
    # an act that changes nothing may carry a key as well, and is judged anew each time
    dry = "/registers/practitioners/import?dry_run=true"
    for _ in range(2):
        answer = o.contract.post(dry, raw=b"code,name\nD-DRY,\n", headers={"Idempotency-Key": "k-dry", "Content-Type": "text/csv"})
        assert answer.status == 200, answer.raw
    # another person's key of the same name is another key
    assert o.contract2.post("/registers/practitioners/records", doctor("D-I3", body="h2", place="620202"), headers=key).status == 201


# ---- personal data -------------------------------------------------------------------------------------------------

@test
def personal_data_is_masked_and_unmasking_leaves_a_trace_for_its_owner():
    o = office()
    made = add_doctor(o, "D-M1", idcard="11010519491231002X", phone="13800138000")
    path = "/registers/practitioners/records/" + made["id"]
    for answer in (made, o.contract.get(path), o.contract.get(path + "/history"), o.contract.get("/registers/practitioners/records")):
        for secret in ("赵小月", "11010519491231002X", "13800138000"):
            assert secret not in answer.raw.decode()
    for purpose in (None, "", "  ", "abc", "x" * 501):
        assert o.auditor.post(path + "/unmask", {} if purpose is None else {"purpose": purpose}).status == 422
    assert o.user1.post(path + "/unmask", {"purpose": "just curious"}).status == 403
    assert o.contract2.post(path + "/unmask", {"purpose": "foreign place"}).status == 404
    shown = o.auditor.post(path + "/unmask", {"purpose": "核对处方签名"})
    assert shown["fields"]["idcard"] == "11010519491231002X" and shown["masked"] == []
    last = [a for a in o.boss.get("/access-log")["items"] if a["record"] == made["id"]]
    assert [(a["person"], a["purpose"], a["owner"], a["kind"]) for a in last] == [(o.auditor.id, "核对处方签名", "h1", "unmask")]
    assert not any(a["record"] == made["id"] for a in o.boss2.get("/access-log")["items"])
    time.sleep(0.5)
    log = o.log_path.read_text()
    for secret in ("赵小月", "11010519491231002X", "13800138000", "D-M1", made["id"], "核对处方签名", NEW_PASSWORD):
        assert secret not in log, secret


# ---- who may -------------------------------------------------------------------------------------------------------

@test
def nothing_is_taken_away_without_a_purpose_and_what_was_taken_is_reviewed_where_the_taker_works():
    o = office()
    add_doctor(o, "D-TAKE")
    path = "/registers/practitioners/export"
    blank = ["", "   ", "abc", "....", "————", "aaaa", "\u200b\u200b\u200b\u200b", "\u3000\u3000\u3000\u3000", "，。！？", "x" * 501]
    for purpose in [None] + blank:
        refused = o.contract.get(path, headers={} if purpose is None else {"X-Purpose": urllib.parse.quote(purpose)})
        assert refused.status == 422 and [e["field"] for e in refused["errors"]] == ["purpose"], (purpose, refused.raw)
    for raw in ("%", "%4", "%zz", "%00%01abcd", "%ff%fe%ff%fe", "abc%0d%0aSet-Cookie: x"):
        assert o.contract.get(path, headers={"X-Purpose": raw}).status == 400, raw
    assert o.contract.get(path + "?purpose=check%20names").status == 422  # an address is logged on its way, a header is not
    control, control2 = o.hire("takecontrol", "agency.control", body="ag1"), o.hire("peer", "institution.head", body="h1")

    def taken(person):
        return [(a["person"], a["register"], a["purpose"], a["owner"]) for a in person.get("/access-log?limit=200")["items"] if a["kind"] == "export"]

    before = taken(control)
    for kind in ("csv", "xlsx"):
        assert o.contract.get(f"{path}?format={kind}", headers=PURPOSE).status == 200
    new = [one for one in taken(control) if one not in before]
    assert new == [(o.contract.id, "practitioners", "核对名册 check", "ag1")] * 2, (new, before)
    assert (o.contract.id, "practitioners", "核对名册 check", "ag1") not in taken(control2)  # another body's review
    pages, after = [], ""
    while after is not None:  # the newest first, none twice, none left out
        page = control.get("/access-log?limit=1" + (after and "&after=" + after))
        pages, after = pages + [page["items"]], page["next"]
    ids = [a["id"] for page in pages for a in page]
    assert ids == sorted(set(ids), reverse=True) == [a["id"] for a in control.get("/access-log?limit=200")["items"]] and len(pages) > 1
    assert pages[0][0]["at"] >= pages[-1][-1]["at"] and pages[0][0]["kind"] == "export"
    assert "核对名册" not in o.log_path.read_text(encoding="utf-8")
    # a hundred files are gone as soon as they are sent, and so are those a kill left
    assert list((o.data / "exports").iterdir()) == []


def ids_of_first_place(o):
    record = add_doctor(o, "D-F%d" % time.time_ns())["id"]
    change = o.contract.post("/registers/institutions/records", hospital("H-F%d" % time.time_ns()))["change"]
    person = o.admin.post("/people", {"login": "f%d" % time.time_ns(), "name": "某人", "body": "ag1"})["id"]
    to = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    grant = o.admin.post("/grants", {"person": person, "role": "agency.window", "body": "ag1", "to": to, "why": "w"})["id"]
    key = o.contract.post("/keys", {"name": "k", "to": to})["id"]
    return {"register": "practitioners", "record": record, "change": change, "person": person, "grant": grant, "key": key,
            "job": "0" * 32, "run": "no-run", "finding": "0" * 32, "procedure": "no-procedure", "matter": "0" * 32,
            "check": o.user1.post("/self-checks", {})["id"], "name": "a.csv", "paper": "0" * 32, "attachment": "0" * 32, "evidence": "0" * 32, "part": "frame", "item": "0" * 32, "rule": "no-rule", "table": "no-table"}


def body_for(path):
    if path.endswith("/unmask"):
        return {"purpose": "foreign"}
    if path.endswith("/records/{record}"):
        return doctor("D-X")
    return {"why": "foreign"}


@test
def a_foreign_id_is_answered_404_on_every_path():
    o = office()
    ids = ids_of_first_place(o)
    strangers = (o.admin2, o.boss2, o.contract2, o.head2, o.auditor2, o.user2, o.author2)
    paths = [(m, p) for p, ops in API["paths"].items() for m in ops if re.search(r"\{(?!register\})", p)]
    assert len(paths) > 15
    for method, path in paths:
        real = re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], path)
        made_up = re.sub(r"\{(\w+)\}", lambda found: "practitioners" if found[1] == "register" else "f" * 32, path)
        odd = re.sub(r"\{(\w+)\}", lambda found: "practitioners" if found[1] == "register" else "%27%20or%201=1--", path)
        query = "?from=1&to=1" if path.endswith("/diff") else ""
        statuses = set()
        for person in strangers:
            answers = [person.ask(method.upper(), target + query, None if method == "get" else body_for(path), full=True,
                                  headers={"If-Match": '"v1"'}) for target in (real, made_up, odd)]
            assert len({a.status for a in answers}) == 1, (method, path, [(a.status, a.raw) for a in answers])
            assert answers[0].status in (403, 404), (method, path, answers[0].status, answers[0].raw)
            statuses.add(answers[0].status)
        assert 404 in statuses, (method, path, statuses)
    # and nothing of the first place shows in lists of the second
    for person in strangers:
        for method, path in ((m, p) for p, ops in API["paths"].items() for m in ops if m == "get" and "{" not in p):
            answer = person.ask("GET", path, full=True)
            for value in ids.values():
                assert len(value) < 32 or value == "0" * 32 or value not in answer.raw.decode(), (path, value)
    assert all(r["fields"]["place"].startswith("6202") for r in o.contract2.get("/registers/practitioners/records")["items"])


@test
def an_institution_sees_only_its_own_records():
    o = office()
    add_doctor(o, "D-OWN")
    assert o.contract2.post("/registers/practitioners/records", doctor("D-OTHER", body="h2", place="620202")).status == 201
    seen = o.user1.get("/registers/practitioners/records?limit=200")["items"]
    assert seen and all(r["fields"]["body"] == "h1" for r in seen)
    assert o.user1.post("/registers/practitioners/records", doctor("D-ME")).status == 403
    outside = o.contract.post("/registers/practitioners/records", doctor("D-OUT", body="h2", place="620202"))
    assert outside.status == 403, outside.raw


@test
def every_path_asks_every_role_for_its_power():
    o = office()
    person = o.hire("matrix", settle=True)
    kinds = {"bureau": "gov", "agency": "ag1", "institution": "h1", "department": "dep1", "third_party": "third1", "platform": "plat1"}
    paths = [(m, p, op["x-needs"]) for p, ops in API["paths"].items() for m, op in ops.items() if op["x-needs"] not in ("anyone", "nobody")]
    checked = 0
    for role, about in ROLES["roles"].items():
        grant = o.grant(person.id, role, kinds[about["at"][0]])
        for method, path, need in paths:
            target = re.sub(r"\{(\w+)\}", lambda found: "institutions" if found[1] == "register" else "f" * 32, path)
            answer = person.ask(method.upper(), target, None if method == "get" else {}, full=True)
            is_power = answer.status == 403 and answer.json.get("detail") == need
            assert is_power == (need not in about["may"]), (role, method, path, need, answer.status, answer.raw)
            assert answer.status < 500 or answer.status == 503, (role, method, path, answer.status, answer.raw)
            checked += 1
        assert o.boss.post(f"/grants/{grant}/revocation", {}).status == 200
    assert checked == len(paths) * len(ROLES["roles"]) and checked > 1000
    for method, path, need in paths:  # and without any role
        target = re.sub(r"\{\w+\}", "f" * 32, path)
        assert person.ask(method.upper(), target, None if method == "get" else {}, full=True).status == 403


@test
def without_signing_in_nothing_is_told():
    o = office()
    nobody, forged = o.nobody(), o.nobody()
    forged.cookie, forged.csrf = "0" * 64, "0" * 64
    keyed = o.nobody()
    keyed.key = "0" * 64
    for path, ops in API["paths"].items():
        for method, op in ops.items():
            target = re.sub(r"\{\w+\}", "f" * 32, path)
            for person in (nobody, forged, keyed):
                answer = person.ask(method.upper(), target, None if method == "get" else {}, full=True)
                assert (answer.status == 401) == (op["x-needs"] != "nobody" or path.endswith("/session")), (method, path, answer.status)


@test
def incompatible_roles_are_refused_at_grant_time_with_the_basis():
    o = office()
    kinds = {"bureau": "gov", "agency": "ag1", "institution": "h1", "department": "dep1", "third_party": "third1", "platform": "plat1"}
    to = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    all_roles = list(ROLES["roles"])

    def expand(words):
        return [r for w in words for r in all_roles if r == w or (w.endswith(".*") and r.startswith(w[:-1]))]

    def ask(person, role):
        return o.admin.post("/grants", {"person": person, "role": role, "body": kinds[ROLES["roles"][role]["at"][0]], "to": to,
                                        "why": "w", "contract": "C-" + kinds[ROLES["roles"][role]["at"][0]]})
    person = o.admin.post("/people", {"login": "pairs", "name": "某人", "body": "gov"})["id"]
    checked = 0
    for pair in ROLES["never_together"]:
        for a, b in [(expand(pair["a"])[0], b) for b in expand(pair["b"])[:6]] + [(expand(pair["b"])[0], a) for a in expand(pair["a"])]:
            first = ask(person, a)
            assert first.status == 201, (a, first.raw)
            clash = ask(person, b)
            assert clash.status == 403 and clash["code"] == "separation-of-duties", (a, b, clash.raw)
            assert re.search(r"\(.+\)$", clash["detail"]), clash["detail"]
            # granted, it still clashes; refused or revoked, it no longer does
            assert o.boss.post(f"/grants/{first['id']}/approval", {}).status == 200
            assert ask(person, b).status == 403
            assert o.boss.post(f"/grants/{first['id']}/revocation", {}).status == 200
            checked += 1
    assert checked > 60
    again = ask(person, "agency.reviewer")
    assert again.status == 201
    assert o.boss.post(f"/grants/{again['id']}/refusal", {}).status == 200


@test
def two_clashing_roles_asked_at_once_are_not_both_granted():
    o = office()
    to = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    person = o.admin.post("/people", {"login": "racer", "name": "某人", "body": "gov"})["id"]
    asks = [{"person": person, "role": r, "body": "ag1", "to": to, "why": "w"} for r in ("agency.reviewer", "agency.rereviewer")] * 4
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = [a for a in pool.map(lambda a: o.admin.post("/grants", a), asks) if a.status == 201]
    assert made and len({a["role"] for a in made}) == 1, [a.raw for a in made]


@test
def a_grant_needs_two_persons_an_end_and_a_fitting_body():
    o = office()
    to = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    person = o.admin.post("/people", {"login": "granted", "name": "某人", "body": "ag1"})["id"]
    good = {"person": person, "role": "agency.window", "body": "ag1", "to": to, "why": "w"}
    for bad in ({"to": ""}, {"to": "2001-01-01"}, {"to": "2199-01-01"}, {"why": ""}, {"role": "agency.king"}, {"body": "h1"}, {"body": "nope"},
                {"body": "ag2"}, {"person": "0" * 32}, {"role": "third.expert", "body": "third1"}):
        assert o.admin.post("/grants", {**good, **bad}).status == 422, bad
    assert o.admin.post("/grants", {**good, "person": o.admin.id}).status in (403, 422)
    asked = o.admin.post("/grants", good)
    assert asked["state"] == "asked"
    assert o.admin.post(f"/grants/{asked['id']}/approval", {}).status == 403
    assert o.boss2.post(f"/grants/{asked['id']}/approval", {}).status == 404
    assert o.boss.post(f"/grants/{asked['id']}/approval", {})["state"] == "granted"
    assert o.boss.post(f"/grants/{asked['id']}/approval", {}).status == 409


@test
def roles_that_clash_are_not_used_even_when_both_were_given():
    o = Office(SHOUHU)
    with o:
        o.body("ag1", "agency", "620102")
        person = o.hire("both", "agency.reviewer", "agency.auditor", body="ag1")
        assert person.get("/registers").status == 200
        law = o.dir / "share/law"
        shutil.copytree(ROOT / "law", law)
        for other in ("mappings", "rules", "knowledge"):
            (law.parent / other).symlink_to(ROOT / other)
        text = (law / "roles.yaml").read_text(encoding="utf-8")
        pair = "  - {a: [agency.reviewer], b: [agency.auditor], why: 试, english: a new pair, basis: 某条}\n"
        (law / "roles.yaml").write_text(text.replace("never_together:\n", "never_together:\n" + pair), encoding="utf-8")
        o.stop()
        o.law = law
        o.start()
        refused = person.get("/registers")
        assert refused.status == 403 and refused["code"] == "separation-of-duties" and "某条" in refused["detail"], refused.raw
        assert person.get("/session").status == 200  # he sees what he holds, and can sign out
        mine = [g for g in o.boss.get("/grants")["items"] if g["role"] == "agency.auditor"][0]
        assert o.boss.post(f"/grants/{mine['id']}/revocation", {}).status == 200
        assert person.get("/registers").status == 200


@test
def a_tie_or_a_recusal_on_record_keeps_a_person_from_acting():
    o = office()
    control = o.hire("control", "agency.control", body="ag1")
    head = o.hire("tiedhead", "agency.head", body="ag1")
    record = add_hospital(o, "H-TIED")
    proposal = o.contract.put(f"/registers/institutions/records/{record}", hospital("H-TIED", name="甲"), headers={"If-Match": '"v1"'})
    tie = {"person": head.id, "other": "H-TIED", "kind": "shares", "declared_by": "check", "declared_on": "2026-01-01", "body": "ag1",
           "place": "620102"}
    made = control.post("/registers/ties/records", {"fields": tie})
    assert made.status == 201, made.raw
    refused = head.post(f"/changes/{proposal['change']}/approval", {})
    assert refused.status == 403 and refused["code"] == "separation-of-duties" and "Shares" in refused["detail"], refused.raw
    head.language = "zh"
    assert "行政处罚法" in head.post(f"/changes/{proposal['change']}/approval", {})["detail"]
    # the other way round, by login, on a doctor's record: seeing and changing
    auditor = o.hire("tiedauditor", "agency.auditor", "agency.contract", body="ag1")
    doc = add_doctor(o, "D-TIED", idcard="11010519491231002X")
    path = "/registers/practitioners/records/" + doc["id"]
    assert auditor.post(path + "/unmask", {"purpose": "核对签名"}).status == 200
    spouse = control.post("/registers/ties/records", {"fields": {**tie, "person": "D-TIED", "other": "tiedauditor", "kind": "spouse"}})
    assert spouse.status == 201, spouse.raw
    assert auditor.post(path + "/unmask", {"purpose": "核对签名"})["code"] == "separation-of-duties"
    update = dict(doctor("D-TIED", title="x"), why="w")
    assert auditor.put(path, update, headers={"If-Match": '"v1"'})["code"] == "separation-of-duties"
    table = "code,姓名,kind,licence,institution,body,行政区划\nD-TIED,赵小月,doctor,LL,HX,h1,620102\nD-TX,钱,doctor,L1,HX,h1,620102\n"
    for dry in ("", "?dry_run=true"):
        answer = auditor.post("/registers/practitioners/import" + dry, raw=table.encode(), headers={"Content-Type": "text/csv"})
        assert answer.status == 403 and answer["code"] == "separation-of-duties", answer.raw
    # a grant to a relative
    person = o.admin.post("/people", {"login": "relative", "name": "某人", "body": "ag1"})["id"]
    to = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    asked = o.admin.post("/grants", {"person": person, "role": "agency.window", "body": "ag1", "to": to, "why": "w"})
    relation = control.post("/registers/ties/records", {"fields": {**tie, "person": o.boss.id, "other": person, "kind": "direct"}})
    assert relation.status == 201
    assert o.boss.post(f"/grants/{asked['id']}/approval", {})["code"] == "separation-of-duties"
    # once it is over, he acts again
    ended = control.post(f"/registers/ties/records/{relation['id']}/withdrawal", {"why": "记错"}, headers={"If-Match": '"v1"'})
    assert ended.status == 200, ended.raw
    assert o.boss.post(f"/grants/{asked['id']}/approval", {}).status == 200
    # others are not touched
    assert o.head.post(f"/changes/{proposal['change']}/approval", {}).status == 200


@test
def a_grant_is_reviewed_by_a_third_person_and_ends_when_he_says_so():
    o = office()
    control = o.hire("reviewer", "agency.control", body="ag1")
    person = o.hire("reviewed", "agency.window", body="ag1")
    grant = [g for g in o.boss.get(f"/grants?person={person.id}")["items"]][0]
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 2 * 86400))
    due = f"/grants?person={person.id}&unreviewed_since={tomorrow}"
    assert [g["id"] for g in o.boss.get(due)["items"]] == [grant["id"]] and grant["reviewed_on"] is None
    path = f"/grants/{grant['id']}/review"
    for bad in ({}, {"verdict": "keep"}, {"verdict": "x", "why": "w"}, {"why": "w"}):
        assert control.post(path, bad).status == 422, bad
    assert o.boss.post(path, {"verdict": "keep", "why": "w"})["code"] == "separation-of-duties"  # he gave it
    assert o.admin.post(path, {"verdict": "keep", "why": "w"}).status == 403  # he asked for it, and has no such power
    own = [g for g in o.boss.get(f"/grants?person={control.id}")["items"]][0]
    assert control.post(f"/grants/{own['id']}/review", {"verdict": "keep", "why": "w"})["code"] == "separation-of-duties"
    assert o.boss2.post(path, {"verdict": "keep", "why": "w"}).status == 404
    kept = control.post(path, {"verdict": "keep", "why": "仍在岗"})
    assert kept.status == 200 and kept["state"] == "granted" and kept["reviewed_by"] == control.id, kept.raw
    today = kept["reviewed_on"]
    assert o.boss.get(f"/grants?person={person.id}&unreviewed_since={today}")["items"] == []
    assert o.boss.get("/grants?unreviewed_since=x").status == 400
    gone = control.post(path, {"verdict": "revoke", "why": "已调离"})
    assert gone["state"] == "revoked" and person.get("/registers").status == 403
    assert control.post(path, {"verdict": "keep", "why": "w"}).status == 409


@test
def a_grant_that_nobody_reviews_in_time_rests_until_somebody_does():
    now = datetime.date.today()
    o = Office(SHOUHU, clock=f"{now} 09:00:00")
    law = o.dir / "share/law"
    shutil.copytree(ROOT / "law", law)
    for other in ("mappings", "rules", "knowledge"):
        (law.parent / other).symlink_to(ROOT / other)
    with open(law / "params/open.csv", "a", encoding="utf-8") as params:
        params.write("access.review,620100,,,6,months,本市内控制度,权限复核周期,step,local_paper,,F,经办机构,\n")
    o.law = law
    with o:
        o.body("ag1", "agency", "620102")
        control, person = o.hire("control", "agency.control", body="ag1"), o.hire("window", "agency.window", body="ag1")
        due = now.month - 1 + 6
        year, month = now.year + due // 12, due % 12 + 1
        last = datetime.date(year, month, min(now.day, calendar.monthrange(year, month)[1]))

        def on(day):
            o.stop()
            o.clock = f"{day} 09:00:00"
            o.start()
            for one in (control, person):
                one.cookie = one.csrf = None
                assert one.sign_in(one.password, factor(one.secret, o.now())).status == 200
        assert person.get("/registers").status == 200
        on(last)
        assert person.get("/registers").status == 200  # the whole last day
        on(last + datetime.timedelta(days=1))
        refused = person.get("/registers")
        assert refused.status == 403 and refused["code"] == "grant-not-reviewed", refused.raw
        assert person.get("/session").status == 200 and control.get("/registers").status == 200  # who reviews goes on
        grant = control.get(f"/grants?person={person.id}")["items"][0]["id"]
        assert person.post(f"/grants/{grant}/review", {"verdict": "keep", "why": "本人"}).status == 403
        assert control.post(f"/grants/{grant}/review", {"verdict": "keep", "why": "仍在岗"}).status == 200
        assert person.get("/registers").status == 200


@test
def a_third_partys_account_ends_with_its_contract():
    o = office()
    person = o.admin.post("/people", {"login": "firm", "name": "某人", "body": "third1"})["id"]
    day = lambda n: time.strftime("%Y-%m-%d", time.gmtime(time.time() + n * 86400))
    o.two(o.contract, o.head, "contracts", {"number": "C-short", "third_party": "third1", "scope": "运维", "signed_on": "2020-01-01",
                                            "ends_on": day(20), "place": "620102"})
    good = {"person": person, "role": "third.expert", "body": "third1", "to": day(10), "why": "w", "contract": "C-short"}
    for bad, field in (({"contract": ""}, "contract"), ({"contract": "C-none"}, "contract"), ({"contract": "C-plat1"}, "contract"),
                       ({"to": day(30)}, "to")):
        answer = o.admin.post("/grants", {**good, **bad})
        assert answer.status == 422 and field in {e["field"] for e in answer["errors"]}, (bad, answer.raw)
    user = o.hire("expert", settle=True)
    asked = o.admin.post("/grants", {**good, "person": user.id})
    assert o.boss.post(f"/grants/{asked['id']}/approval", {}).status == 200
    assert user.get("/registers").status == 200
    record = o.contract.get("/registers/contracts/records?number=C-short")["items"][0]
    change = o.contract.put("/registers/contracts/records/" + record["id"], {"why": "提前终止", "fields": {
        **{k: v for k, v in record["fields"].items() if v is not None}, "ends_on": day(-2)}}, headers={"If-Match": record_tag(record)})
    assert change.status == 202, change.raw
    assert o.head.post(f"/changes/{change['change']}/approval", {}).status == 200
    assert user.get("/registers").status == 403  # at once, though the grant's own day lies ahead


def record_tag(record):
    return f'"v{record["version"]}"'


@test
def another_body_witnesses_the_journal_and_a_bundle_shows_it():
    o = office()
    bundle, answer, moved = o.dir / "bundle", o.dir / "answer", o.dir / "moved"
    verify = str(pathlib.Path(SHOUHU).resolve().parent.parent / "verify-bundle")
    env = {"SHOUHU_LANG": "en", "PATH": "/usr/bin:/bin"}

    def run(*args, want=0):
        done = subprocess.run([SHOUHU, *map(str, args)], capture_output=True, text=True, check=False, env=env)
        assert done.returncode == want, (args, done.stdout, done.stderr)
        return done.stdout + done.stderr
    key = run("witness", "init", "--dir", o.dir / "w").split()[-1]
    assert run("witness", "init", "--dir", o.dir / "w").split()[-1] == key  # not made anew
    own = o.run("journal", "head").split()[-1]
    witness = o.hire("witness", "department.witness", body="dep1")
    stranger = o.hire("stranger", "department.witness", body="gov")

    def fetch(size=0):
        text = witness.get("/journal/bundle" + (f"?from_size={size}" if size else ""))
        assert text.status == 200
        bundle.write_bytes(text.raw)

    def sign(want=0, **more):
        return run("witness", "sign", "--dir", o.dir / "w", "--bundle", more.get("bundle", bundle), "--fingerprint", more.get("key", own),
                   "--out", answer, want=want)
    fetch()
    sign()
    given = answer.read_text()
    size = witness.get("/journal/head")["size"]
    assert witness.post("/journal/cosignatures", {"cosignature": given}).status == 403  # not on record yet
    o.two(o.admin, o.boss, "witnesses", {"fingerprint": key, "body": "dep1", "told_by": "函〔2026〕1号", "place": "620102"})
    assert stranger.post("/journal/cosignatures", {"cosignature": given}).status == 403  # of another body
    assert o.contract.post("/journal/cosignatures", {"cosignature": given}).status == 403
    for bad in ("", "x", given[:-5], given + "x", given.replace("-cosign 1", "-cosign 11"), given.replace("\ncosign ", "\ncosign 1")):
        assert witness.post("/journal/cosignatures", {"cosignature": bad}).status in (403, 422), bad[:40]
    assert witness.post("/journal/cosignatures", {"cosignature": given}).status == 204
    assert witness.post("/journal/cosignatures", {"cosignature": given}).status == 204  # the same again harms nothing
    seen = witness.get("/journal/witnesses")["items"]
    assert [(w["key"], w["body"]) for w in seen] == [(key, "dep1")] and seen[0]["size"] <= size
    # a later head needs the proof that it continues; a forged or an older one is not signed
    add_doctor(o, "D-WIT")
    fetch()
    assert f"--from-size {seen[0]['size']}" in sign(want=EXIT_INPUT)
    fetch(seen[0]["size"])
    text = bundle.read_text()
    moved.write_text(re.sub(r"(consistency \w)(\w)", lambda m: m[1] + ("0" if m[2] != "0" else "1"), text, count=1))
    assert "another history" in sign(want=EXIT_INPUT, bundle=moved)
    moved.write_text(re.sub(r"(head \w{200})(\w)", lambda m: m[1] + ("0" if m[2] != "0" else "1"), text, count=1))
    sign(want=EXIT_DAMAGED, bundle=moved)
    sign(want=EXIT_DAMAGED, key="0" * 64)
    sign()
    o.run("journal", "cosign", "--from", answer, "--name", "dep1")  # at the machine, beside the server
    o.run("journal", "export", "--witnessed", "--out", str(bundle))
    assert "(not one" not in subprocess.run([verify, own, bundle, key], capture_output=True, text=True, check=True).stdout
    assert "(not one" in subprocess.run([verify, own, bundle], capture_output=True, text=True, check=True).stdout
    for args in ((own, bundle, "0" * 64), (key, bundle), (own, bundle, key, "1" * 64)):
        assert subprocess.run([verify, *args], capture_output=True, check=False).returncode == 1, args
    assert o.run("journal", "verify").strip().endswith("sound")


# ---- sessions ------------------------------------------------------------------------------------------------------

@test
def a_browser_without_the_token_changes_nothing():
    o = office()
    thief = o.nobody()
    thief.cookie = o.contract.cookie
    for path, ops in API["paths"].items():
        for method, op in ops.items():
            if method == "get" or op["x-needs"] == "nobody":
                continue
            for token in (None, "0" * 64, o.head.csrf, o.contract.csrf[:-1]):
                thief.csrf = token
                answer = thief.ask(method.upper(), re.sub(r"\{\w+\}", "f" * 32, path), {}, full=True)
                assert answer.status == 403 and answer["code"] == "csrf", (method, path, answer.raw)
    assert o.contract.get("/session").status == 200


@test
def the_cookie_is_kept_from_scripts_and_rotates():
    o = office()
    person = o.hire("cookie", settle=False)
    initial = o.admin.post(f"/people/{person.id}/reset", {})["initial_password"]
    first = person.sign_in(initial)
    cookie = first.headers["set-cookie"]
    for word in ("__Host-shouhu=", "HttpOnly", "Secure", "SameSite=Strict", "Path=/"):
        assert word in cookie, cookie
    assert person.get("/registers").status == 403  # the password first
    old = person.cookie
    assert person.post("/session/password", {"old": initial, "new": "short"}).status == 422
    assert person.post("/session/password", {"old": initial, "new": "Cookie-and-milk-1"}).status == 422  # holds the login
    assert person.post("/session/password", {"old": "wrong", "new": NEW_PASSWORD}).status == 401
    assert person.post("/session/password", {"old": initial, "new": NEW_PASSWORD}).status == 200
    thief = o.nobody()
    thief.cookie = old
    assert person.cookie != old and thief.get("/session").status == 401
    assert person.get("/registers")["code"] == "second-factor-setup"
    secret = person.post("/session/factor")["secret"]
    assert person.post("/session/factor", {"code": "000000"}).status == 401
    before = person.cookie
    assert person.post("/session/factor", {"code": factor(secret)}).status == 200
    thief.cookie = before
    assert person.cookie != before and thief.get("/session").status == 401
    assert person.post("/session/factor").status == 409
    thief.cookie = person.cookie
    assert person.ask("DELETE", "/session").status == 204
    assert thief.get("/session").status == 401


@test
def a_session_names_the_body_one_acts_for_in_each_role():
    o = office()
    for person in (o.auditor, o.user1, o.user2):
        grants = person.get("/session")["grants"]
        assert grants, "acts for nobody"
        for grant in grants:
            keeper = o.admin2 if grant["body"].endswith("2") else o.admin
            record = keeper.get(f"/registers/bodies/records?code={grant['body']}")["items"][0]
            assert grant["body_name"] == record["fields"]["name"] != grant["body"], grant


@test
def a_code_is_good_once_and_needed():
    o = office()
    person = o.hire("once")
    assert person.sign_in(NEW_PASSWORD).json["code"] == "code-needed"
    code = factor(person.secret, step=1)  # one step ahead is within the skew, and later than the code of the set-up
    one, two = o.person("once"), o.person("once")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        statuses = sorted(a.status for a in pool.map(lambda p: p.sign_in(NEW_PASSWORD, code), (one, two)))
    assert statuses == [200, 401], statuses
    assert o.person("once").sign_in(NEW_PASSWORD, code).status == 401
    for bad in ("", "12345", "1234567", "abcdef", factor(person.secret, step=5), factor(person.secret, step=-5)):
        assert o.person("once").sign_in(NEW_PASSWORD, bad or None).status in (401, 423), bad


@test
def five_failures_lock_and_the_lock_tells_nothing():
    o = office()
    person = o.hire("locked")
    for i in range(5):
        assert o.person("locked").sign_in("wrong-%d" % i).status == 401
    for _ in range(5):
        assert o.person("nosuch").sign_in("wrong").status == 401
    # known or not, right password or wrong: the same answer
    for login, password in (("locked", NEW_PASSWORD), ("locked", "x"), ("nosuch", "x")):
        assert o.person(login).sign_in(password, factor(person.secret, step=1)).status == 423
    assert o.person("boss").sign_in(NEW_PASSWORD).json["code"] == "code-needed"  # others go on


@test
def a_lock_ends_with_its_quarter_of_an_hour_and_old_failures_are_forgotten():
    with Office(SHOUHU, clock="2026-03-02 09:00:00") as o:
        person = o.hire("locked")

        def at(clock):
            o.stop()
            o.clock = clock
            o.start()
            return factor(person.secret, o.now())
        for i in range(4):
            assert o.person("locked").sign_in("wrong-%d" % i).status == 401
        code = at("2026-03-02 09:15:00")  # the window of the four is over: the fifth is a first one
        assert o.person("locked").sign_in("wrong").status == 401
        assert o.person("locked").sign_in(NEW_PASSWORD, code).status == 200
        for i in range(5):
            assert o.person("locked").sign_in("wrong-%d" % i).status in (401, 423)
        assert o.person("locked").sign_in("wrong").status == 423  # a try while it is locked does not make it longer
        for clock, want in (("2026-03-02 09:29:59", 423), ("2026-03-02 09:00:00", 423), ("2026-03-02 09:30:01", 200)):
            code = at(clock)
            assert o.person("locked").sign_in(NEW_PASSWORD, code).status == want, clock


@test
def an_api_key_acts_for_its_person_until_it_is_revoked():
    o = office()
    to = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    assert o.contract.post("/keys", {"name": "x", "to": "2199-01-01"}).status == 422
    made = o.contract.post("/keys", {"name": "nightly", "to": to, "reads_only": True})
    robot = o.nobody()
    robot.key = made["key"]
    assert robot.get("/registers/institutions/records").status == 200
    assert robot.post("/registers/practitioners/records", doctor("D-ROBOT")).status == 403
    assert robot.post("/keys", {"name": "more", "to": to}).status == 403
    assert made["key"] not in o.contract.get("/keys").raw.decode()
    assert o.head.ask("DELETE", "/keys/" + made["id"]).status == 404
    assert o.contract.ask("DELETE", "/keys/" + made["id"]).status == 204
    assert robot.get("/registers").status == 401


@test
def a_closed_account_is_out_at_once():
    o = office()
    person = o.hire("leaver", "agency.window", body="ag1")
    assert person.get("/registers").status == 200
    assert o.admin.post(f"/people/{person.id}/closing", {}).status == 204
    assert person.get("/registers").status == 401
    assert o.person("leaver").sign_in(NEW_PASSWORD, factor(person.secret, step=1)).status == 401


@test
def sessions_follow_the_clock_and_not_its_setting_back():
    with Office(SHOUHU, clock="2026-03-02 09:00:00") as o:
        assert o.admin.get("/session").status == 200
        for clock, want in (("2026-03-02 09:20:00", 200), ("2026-03-02 09:45:00", 200), ("2026-03-02 10:16:00", 401), ("2026-03-02 17:30:00", 401), ("2026-03-02 08:00:00", 401)):
            o.stop()
            o.clock = clock
            o.start()
            assert o.admin.get("/session").status == want, clock


# ---- tables --------------------------------------------------------------------------------------------------------

def xlsx(rows, extra=None):
    """A workbook as another program may write it: shared strings, a date with a style, numbers."""
    strings, cells = [], []
    for r, row in enumerate(rows, 1):
        out = ""
        for c, value in enumerate(row):
            at = f"{chr(65 + c)}{r}"
            if isinstance(value, (int, float)):
                out += f'<c r="{at}" s="1"><v>{value}</v></c>'
            elif value is not None:
                strings.append(value.replace("&", "&amp;").replace("<", "&lt;"))
                out += f'<c r="{at}" t="s"><v>{len(strings) - 1}</v></c>'
        cells.append(f'<row r="{r}">{out}</row>')
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as z:
        parts = {"[Content_Types].xml": "<Types/>",
                 "xl/sharedStrings.xml": "<sst>" + "".join(f"<si><t>{s}</t></si>" for s in strings) + "</sst>",
                 "xl/styles.xml": '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
                 "xl/worksheets/sheet1.xml": "<worksheet><sheetData>" + "".join(cells) + "</sheetData></worksheet>"}
        for name, content in {**parts, **(extra or {})}.items():
            z.writestr(name, content)
    return file.getvalue()


@test
def good_rows_go_in_and_bad_rows_come_back_by_row_and_field():
    o = office()
    add_doctor(o, "D-T0")
    head = "code,姓名,kind,licence,institution,body,行政区划,生效日\n"
    rows = ["D-X1,钱一,doctor,L1,HX,h1,620102,2027-01-01", "D-X2,钱二,wizard,L2,HX,h1,620102,", "D-X3,,doctor,L3,HX,h1,620102,",
            "D-X4,钱四,医师,L4,NOPE,h1,620102,", "D-X5,钱五,药师,L5,HX,h2,620202,", "D-X6,钱六,nurse,L6,HX,h1,620102,2025-02-30"]
    path = "/registers/practitioners/import"
    text = (head + "\n".join(rows)).encode()
    dry = o.contract.post(path + "?dry_run=true", raw=text, headers={"Content-Type": "text/csv"})
    assert dry.status == 200 and (dry["created"], dry["rejected"]) == (1, 5), dry.raw
    # the rows that came back stand there as they were sent, but for what is personal
    assert [c["field"] for c in dry["columns"]][:3] == ["code", "name", "kind"] and len(dry["columns"]) == 8, dry["columns"]
    assert [r["row"] for r in dry["rows"]] == [3, 4, 5, 6, 7], dry["rows"]
    assert dry["rows"][0]["cells"][0] == "D-X2" and dry["rows"][0]["cells"][2] == "wizard", dry["rows"]
    assert dry["rows"][0]["cells"][1] == "钱*" and "钱二" not in dry.raw.decode(), dry.raw
    assert o.contract.get("/registers/practitioners/records?code=D-X1")["items"] == []
    done = o.contract.post(path, raw=text, headers={"Content-Type": "text/csv"})
    assert [(e["row"], e["field"]) for e in sorted(done["errors"], key=lambda e: e["row"])] == [
        (3, "kind"), (4, "name"), (5, "institution"), (6, "place"), (7, "valid_from")], done["errors"]
    assert done["read"] == done["created"] + done["updated"] + done["unchanged"] + done["proposed"] + done["rejected"]
    again = o.contract.post(path, raw=text, headers={"Content-Type": "text/csv"})
    assert (again["created"], again["unchanged"]) == (0, 1), again.raw
    assert o.contract.get("/registers/practitioners/records?code=D-X1&valid_on=2027-06-01")["items"][0]["valid_from"] == "2027-01-01"
    for bad in (b"", b"nosuch\n1\n", b"code,code\n1,2\n", b"\xff\xfe", b'code\n"open', b"code\n1,2\n"):
        assert o.contract.post(path, raw=bad, headers={"Content-Type": "text/csv"}).status == 422, bad
    many = head + "".join(f"D-Y{i},某,doctor,L,HX,h1,620102,\n" for i in range(5001))
    assert o.contract.post(path, raw=many.encode(), headers={"Content-Type": "text/csv"}).status == 413
    assert o.user1.post(path, raw=text, headers={"Content-Type": "text/csv"}).status == 403


@test
def a_spreadsheet_goes_out_and_comes_back_unchanged():
    o = office()
    add_doctor(o, "D-S1", title="=HYPERLINK(1)")
    for kind in ("csv", "xlsx"):
        out = o.contract.get(f"/registers/practitioners/export?format={kind}", headers=PURPOSE)
        assert out.status == 200 and f'filename="practitioners.{kind}"' in out.headers["content-disposition"]
        if kind == "csv":
            assert "'=HYPERLINK" in out.raw.decode("utf-8-sig") and "赵小月" not in out.raw.decode("utf-8-sig")
        else:
            sheet = zipfile.ZipFile(io.BytesIO(out.raw)).read("xl/worksheets/sheet1.xml")
            assert b"<f>" not in sheet and "赵小月".encode() not in sheet
        back = o.contract.post("/registers/practitioners/import", raw=out.raw)
        changed = 1 if kind == "csv" else 0  # the guard's apostrophe is part of the text now
        assert back["updated"] in (0, changed) and back["created"] == 0 and back["unchanged"] >= back["read"] - changed - back["rejected"], back.raw


@test
def a_workbook_of_another_program_is_read():
    o = office()
    add_doctor(o, "D-W0")
    book = xlsx([["code", "姓名", "kind", "licence", "institution", "body", "place", "pledge_on"],
                 ["D-W1", "孙&一", "doctor", "L1", "HX", "h1", "620102", 46055]])
    done = o.contract.post("/registers/practitioners/import", raw=book)
    assert done.status == 200 and done["created"] == 1, done.raw
    assert o.contract.get("/registers/practitioners/records?code=D-W1")["items"][0]["fields"]["pledge_on"] == "2026-02-02"


@test
def a_hostile_workbook_is_refused():
    o = office()
    bomb = xlsx([["code"]], {"xl/worksheets/sheet1.xml": "<worksheet>" + " " * (60 << 20) + "</worksheet>"})
    path = "/registers/practitioners/import"
    assert o.contract.post(path, raw=bomb).status == 413
    entity = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'
    many = {f"x/{i}": "" for i in range(1001)}
    cases = [xlsx([["code"]], {"xl/worksheets/sheet1.xml": entity}), b"PK\x03\x04 not a zip", xlsx([["code"], ["x"]])[:-40],
             xlsx([["code"]], {"xl/worksheets/sheet1.xml": "<worksheet><row><c t='s'><v>99</v></c></row></worksheet>"}),
             xlsx([["code"]], {"xl/worksheets/sheet1.xml": "<worksheet><row><c r='ZZZ1'><v>1</v></c></row></worksheet>"}),
             xlsx([["code"]], {"xl/worksheets/sheet1.xml": "<worksheet><row>"})]
    for i, case in enumerate(cases):
        assert o.contract.post(path, raw=case).status in (413, 422), i
    assert o.contract.post(path, raw=xlsx([["code"]], many)).status == 413
    # too long by its own word: refused before a byte of it is sent
    out = raw_request(o.port, f"POST /api/v1{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {(32 << 20) + 1}\r\n\r\n".encode(), 2)
    assert out.split(b" ")[1:2] == [b"413"], out[:200]


# ---- HTTP ----------------------------------------------------------------------------------------------------------

def raw_request(port, text, seconds=5):
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as s:
        s.sendall(text)
        out = b""
        try:
            while True:
                piece = s.recv(65536)
                if not piece:
                    break
                out += piece
        except (TimeoutError, ConnectionError):
            pass
        return out


@test
def malformed_requests_are_refused_and_harm_nobody():
    o = office()
    close = b"Host: x\r\nConnection: close\r\n\r\n"
    for target, want in ((b"/api/v1/../../etc/passwd", b"400"), (b"/api//v1", b"400"), (b"/%zz", b"400"), (b"/%00", b"400"), (b"/%ff", b"400"),
                         (b"/api/v1/registers?a=1&a=2", b"400"), (b"/nosuch.txt", b"404"), (b"/api/nosuch", b"404"), (b"/api%2Fv1%2Fsession", b"404"),
                         (b"/api", b"404")):  # any other path is the first page, where the pages are built: web/tests
        out = raw_request(o.port, b"GET " + target + b" HTTP/1.1\r\n" + close)
        assert out.split(b" ")[1:2] == [want], (target, out[:200])
    assert raw_request(o.port, b"PATCH /api/v1/session HTTP/1.1\r\n" + close).split(b" ")[1] == b"405"
    assert raw_request(o.port, b"POST /healthz HTTP/1.1\r\nContent-Length: 0\r\n" + close).split(b" ")[1] == b"405"
    big = raw_request(o.port, b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 60000 + b"\r\n" + close)
    assert big.split(b" ")[1:2] in ([b"431"], [b"400"]) or big == b"", big[:100]
    chunk = b"400\r\n" + b"a" * 1024 + b"\r\n"
    out = raw_request(o.port, b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                      + chunk * 8 + b"0\r\n\r\n", 2)
    assert out.split(b" ")[1:2] == [b"413"], out[:200]
    for body in (b"{", b"[]", b"null", b'{"a":1,"a":2}', b'{"login":"\xff"}', b"[" * 5000, b'{"x":1e999}', b""):
        answer = o.contract.post("/registers/practitioners/records", raw=body, headers={"Content-Type": "application/json"})
        assert answer.status in (400, 422), (body[:20], answer.status)
    assert o.contract.post("/registers/practitioners/records", raw=b"a=b", headers={"Content-Type": "application/x-www-form-urlencoded"}).status == 415
    assert o.nobody().get("/healthz", full=True).status == 200


@test
def ten_thousand_slow_connections_do_not_stop_the_others():
    o = office()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = min(10000, hard - 1500)  # the server keeps 512 descriptors for itself
    assert want > 400, f"ulimit -Hn is {hard}"
    if want < 10000:
        print(f"# only {want} connections: ulimit -Hn is {hard}, 11500 would do")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def still_open():
        return int(re.search(r"^shouhu_http_connections (\d+)$", o.contract.get("/metrics", full=True).raw.decode(), re.M)[1])
    slow, until = [], time.time() + 120
    try:
        while still_open() < want:  # the watchdog cuts some after 20 seconds when opening takes as long
            assert time.time() < until, f"{len(slow)} opened, {still_open()} open"
            for s in slow[:max(0, len(slow) - want)]:
                s.close()
            slow = slow[max(0, len(slow) - want):]
            for _ in range(want + 50 - still_open()):
                s = socket.create_connection(("127.0.0.1", o.port), timeout=30)
                s.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Len")
                slow.append(s)
        began = time.time()
        for i in range(25):
            assert o.contract.get("/registers/institutions/records?limit=1").status == 200
            assert o.contract.post("/registers/grids/records", {"fields": {"code": f"slow-{i}", "name": "网格", "holder": "x", "place": "620102"}}).status == 201
        assert time.time() - began < 30
    finally:
        for s in slow:
            s.close()


@test
def too_many_sign_ins_at_once_are_told_to_come_back():
    o = office()
    with concurrent.futures.ThreadPoolExecutor(80) as pool:
        statuses = [a.status for a in pool.map(lambda i: o.person(f"crowd{i}").sign_in("x"), range(80))]
    assert set(statuses) <= {401, 429, 423} and 429 in statuses, sorted(set(statuses))
    assert o.contract.get("/session").status == 200


@test
def an_acknowledged_write_survives_a_kill_and_a_stop_finishes_what_it_began():
    with Office(SHOUHU) as o:
        codes, stop = [], threading.Event()

        def write(k):
            for i in range(1000):
                if stop.is_set():
                    return
                try:
                    code = f"g-{k}-{i}"
                    answer = o.grid.post("/registers/grids/records", {"fields": {"code": code, "name": "网格", "holder": "x", "place": "620102"}})
                    if answer.status == 201:
                        codes.append(code)
                except (OSError, AssertionError, ValueError, Exception):
                    return
        o.body("ag1", "agency", "620102")
        o.grid = o.hire("grid", "agency.contract", body="ag1")
        for how in (signal.SIGKILL, signal.SIGTERM):
            stop.clear()
            threads = [threading.Thread(target=write, args=(f"{how}{k}",)) for k in range(8)]
            enough = len(codes) + 20
            for t in threads:
                t.start()
            wait_true(lambda: len(codes) >= enough)
            code = o.stop(how)
            stop.set()
            for t in threads:
                t.join()
            assert code == (0 if how == signal.SIGTERM else -9), code
            o.start()
        kept = set()
        after = ""
        while True:
            page = o.grid.get("/registers/grids/records?limit=200" + (f"&after={urllib.parse.quote(after)}" if after else ""))
            kept |= {r["key"] for r in page["items"]}
            after = page["next"]
            if not after:
                break
        assert set(codes) <= kept, sorted(set(codes) - kept)[:5]


def memory_of(pid, markers):
    """Where in what a process could write into a core dump the markers stand."""
    found = {}
    with open(f"/proc/{pid}/mem", "rb") as memory, open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        for line in maps:
            span, rights, *_ = line.split(maxsplit=5)
            if not rights.startswith("rw"):
                continue
            begin, end = (int(x, 16) for x in span.split("-"))
            if end - begin > 1 << 30:
                continue  # the map of a sanitizer, which holds no content
            try:
                memory.seek(begin)
                content = memory.read(end - begin)
            except (OSError, ValueError):
                continue
            for m in markers:
                at = content.find(m)
                if at >= 0:
                    found.setdefault(m, []).append((line.strip(), hex(at), content[max(0, at - 60):at + 60]))
    return found


@test
def after_an_erasure_the_content_is_in_no_file_list_or_export():
    o = Office(SHOUHU)
    with o:
        for code, kind in (("ag1", "agency"), ("h1", "institution")):
            o.body(code, kind, "620102")
        o.contract, o.head = o.hire("contract", "agency.contract", body="ag1"), o.hire("head", "agency.head", body="ag1")
        auditor = o.hire("auditor", "agency.auditor", body="ag1")
        add_hospital(o, "HX")
        personal = {"name": "欧阳遗忘", "idcard": "11010519491231002X", "phone": "13877665544"}
        open_word = "独一无二之职称"
        made = o.contract.post("/registers/practitioners/records", doctor("D-GONE", **personal), headers={"Idempotency-Key": "gone"})
        assert made.status == 201, made.raw
        path = "/registers/practitioners/records/" + made["id"]
        update = dict(doctor("D-GONE", title=open_word, **personal), why="w")
        assert o.contract.put(path, update, headers={"If-Match": '"v1"', "Idempotency-Key": "gone2"}).status == 200
        assert auditor.post(path + "/unmask", {"purpose": "核对签名"})["fields"]["phone"] == personal["phone"]
        bad = o.contract.post("/registers/practitioners/records", doctor("D GONE", **personal))
        assert bad.status == 422
        stays = add_doctor(o, "D-STAYS", name="张留存", title="留存职称")
        # a proposal about a record holds its content too
        proposal = o.contract.put(f"/registers/institutions/records/{add_hospital(o, 'H-GONE')}", hospital("H-GONE", name=open_word),
                                  headers={"If-Match": '"v1"'})
        assert proposal.status == 202
        institution = o.contract.get("/registers/institutions/records?code=H-GONE")["items"][0]["id"]
        markers = [v.encode() for v in (*personal.values(), open_word)]
        secret = [v.encode() for v in personal.values()]
        assert memory_of(o.process.pid, [b"practitioners"])  # and in memory
        assert any(m in f.read_bytes() for f in o.data.rglob("*") if f.is_file() for m in markers)  # the search finds what is there
        for record in (made["id"], institution):
            o.run("journal", "erase", "--record", record, "--reason", "本人申请")
        assert o.contract.get(f"/changes/{proposal['change']}").status == 404
        held = memory_of(o.process.pid, secret)
        assert not held, {m.decode(): where for m, where in held.items()}
        for f in o.dir.rglob("*"):
            if f.is_file():
                content = f.read_bytes()
                assert not [m.decode() for m in markers if m in content], f
        for target in ("/registers/practitioners/export?format=csv", "/registers/practitioners/records?limit=200",
                       "/registers/practitioners/records?q=" + urllib.parse.quote(open_word), "/changes",
                       "/registers/institutions/export?format=csv"):
            answer = o.contract.get(target, headers=PURPOSE)
            assert answer.status == 200 and not [m for m in markers if m in answer.raw], target
        for gone in (path, path + "/history"):
            assert o.contract.get(gone).status == 404 or not [m for m in markers if m in o.contract.get(gone).raw], gone
        assert o.contract.get("/registers/practitioners/records/" + stays["id"])["fields"]["title"] == "留存职称"
        assert o.run("journal", "verify", "--deep").strip().endswith("sound")


@test
def a_changed_byte_of_any_row_of_the_office_is_named():
    with Office(SHOUHU) as o:
        o.body("ag1", "agency", "620102")
        o.contract, auditor = o.hire("contract", "agency.contract", body="ag1"), o.hire("auditor", "agency.auditor", body="ag1")
        grid = {"fields": {"code": "seal", "name": "网格", "holder": "x", "place": "620102"}}
        assert o.contract.post("/registers/grids/records", grid, headers={"Idempotency-Key": "seal"}).status == 201
        to = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
        assert o.contract.post("/keys", {"name": "nightly", "to": to}).status == 201
        assert auditor.get("/registers/practitioners/export?format=csv", headers=PURPOSE).status == 200
        assert o.person("auditor").sign_in("wrong").status == 401
        looked = changed_rows_are_named(o, 40)
        assert {"account", "session", "grant", "access", "change", "attempt", "key", "once"} <= {t[5:] for t in looked}, looked


# ---- jobs and findings ---------------------------------------------------------------------------------------------

def make_lake(dir):
    env = {"SHOUHU_LANG": "en", "PATH": "/usr/bin:/bin"}

    def run(*args):
        subprocess.run([SHOUHU, *map(str, args)], check=True, capture_output=True, env=env)
    run("synth", "--persons", 200, "--months", 2, "--seed", 1, "--plant", "0.05", "--out", dir / "city")
    run("import", "--lake", dir / "lake", "--mapping", "national", "--quiet", *sorted((dir / "city").glob("*.csv")))
    return dir / "lake"


def wait_until(ask, states, seconds=120):
    for _ in range(seconds * 10):
        answer = ask()
        if answer["state"] in states:
            return answer
        time.sleep(0.1)
    raise AssertionError(answer.raw)


def wait_true(holds, seconds=120):
    for _ in range(seconds * 10):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError("it never came true")


def wait_for(person, job, states):
    return wait_until(lambda: person.get("/jobs/" + job), states)


@test
def a_backup_beside_the_running_server_is_restored_and_served():
    with Office(SHOUHU) as o:
        o.body("ag1", "agency", "620102")
        grid = o.hire("grid", "agency.contract", body="ag1")
        made, stop = [], threading.Event()

        def write(k):
            for i in range(10000):
                if stop.is_set():
                    return
                answer = grid.post("/registers/grids/records", {"fields": {"code": f"b-{k}-{i}", "name": "网格", "holder": "x", "place": "620102"}})
                assert answer.status == 201, answer.raw
                made.append((f"b-{k}-{i}", answer["id"], answer["recorded_at"]))
        threads = [threading.Thread(target=write, args=(k,)) for k in range(8)]
        for t in threads:
            t.start()
        while len(made) < 20:
            time.sleep(0.01)
        before = len(made)
        known = {code for code, _, _ in list(made)}
        for i in range(3):
            o.run("backup", "--to", str(o.dir / f"early{i}"))
            assert o.run("journal", "verify").strip().endswith("sound")
        o.run("journal", "erase", "--record", made[0][1], "--reason", "退出")
        o.run("backup", "--to", str(o.dir / "backup"))
        assert len(made) > before  # the server went on
        stop.set()
        for t in threads:
            t.join()
        assert grid.get("/registers/grids/records/" + made[0][1]).status == 404
        assert o.run("journal", "verify", "--deep").strip().endswith("sound")
        o.stop()
        o.start()
        assert o.run("journal", "verify").strip().endswith("sound")
        o.stop()
        keys = o.dir / "data-keys"
        (keys / "heads").unlink()  # another machine: the keys came along, the heads did not
        o.data = o.dir / "restored"
        assert "restored" in o.run("restore", "--from", str(o.dir / "backup"), "--keys", str(keys))
        keys.rename(o.dir / "restored-keys")
        o.start()
        kept = set()
        for code in sorted(known)[:40]:
            kept |= {r["key"] for r in grid.get("/registers/grids/records?code=" + code)["items"]}
        assert kept >= set(sorted(known)[:40]) - {made[0][0]}
        admin = o.person("admin")
        answer = admin.sign_in(NEW_PASSWORD, factor(o.admin.secret, o.now(), 1))
        assert answer.status == 200, answer.raw  # accounts are the gate's own rows
        assert o.run("journal", "verify").strip().endswith("sound")


def findings_leave_as_a_table_of_the_filter_alone(auditor, user, one):
    def rows(person, query):
        answer = person.get("/runs/r1/export?" + query, headers=PURPOSE)
        assert answer.status == 200, answer.raw
        return list(csv.reader(io.StringIO(answer.raw.decode("utf-8-sig"))))
    everything = rows(auditor, "format=csv")
    assert len(everything) - 1 == auditor.get("/runs/r1/totals")["findings"]
    filtered = rows(auditor, f"rule={one['rule']}&level={one['level']}")
    assert len(filtered) - 1 == auditor.get(f"/runs/r1/totals?rule={one['rule']}&level={one['level']}")["findings"]
    assert {row[2] for row in filtered[1:]} == {one["rule"]}
    assert all("*" in row[7] for row in everything[1:] if row[7])  # no person leaves whole
    assert not [cell for row in everything for cell in row if cell[:1] in "=+@\t" and cell]
    mine = rows(user, "format=csv")
    assert len(mine) > 1 and {row[5] for row in mine[1:]} == {one["institution"]}
    book = auditor.get(f"/runs/r1/export?format=xlsx&rule={one['rule']}", headers=PURPOSE)
    with zipfile.ZipFile(io.BytesIO(book.raw)) as archive:
        assert archive.read("xl/worksheets/sheet1.xml").count(b"<row ") == 1 + auditor.get(f"/runs/r1/totals?rule={one['rule']}")["findings"]
    assert auditor.get("/runs/r1/export?format=exe", headers=PURPOSE).status == 400
    assert auditor.get("/runs/r1/export?amount_min=abc", headers=PURPOSE).status == 422
    assert auditor.get("/runs/r1/export")["errors"][0]["field"] == "purpose"


def rules_are_named_in_the_language_of_the_reader(auditor, one):
    def names(language):
        def get(path):
            return auditor.get(path, headers={"Accept-Language": language, **PURPOSE})
        table = list(csv.reader(io.StringIO(get(f"/runs/r1/export?format=csv&rule={one['rule']}").raw.decode("utf-8-sig"))))
        whole = next(r for r in get("/rules")["items"] if r["id"] == one["rule"])
        return {get(f"/runs/r1/findings/{one['id']}")["name"], get(f"/runs/r1/findings/{one['id']}/receipt")["rule"]["name"],
                next(g for g in get("/runs/r1/groups?by=rule")["items"] if g["key"] == one["rule"])["name"],
                next(r for r in get("/runs/r1")["rules"] if r["id"] == one["rule"])["name"],
                next(f for f in get(f"/runs/r1/findings?rule={one['rule']}&limit=1")["items"])["name"],
                whole["name"], get(f"/rules/{one['rule']}")["name"], *(row[3] for row in table[1:])}
    text = (ROOT / f"rules/{one['rule']}.yaml").read_text(encoding="utf-8")
    for language, key in (("en", "english"), ("zh-CN", "name")):
        wanted = re.search(rf'^{key}: "?(.*?)"?$', text, re.M)[1]
        assert names(language) == {wanted}, (language, names(language), wanted)
    points = auditor.get("/runs/r1/groups?by=point", headers={"Accept-Language": "en"})["items"]
    assert points and all(p["name"].isascii() for p in points), points


def peers_are_told_in_quartiles_of_the_same_kind_and_level_and_of_nobody_else(o, auditor, user, one, foreign):
    contract, head = o.hire("contract", "agency.contract", body="ag1"), o.hire("ahead", "agency.head", body="ag1")
    path = f"/runs/r1/peers?institution={one['institution']}"
    others = [g["key"] for g in auditor.get("/runs/r1/groups?by=institution&from=2000-01-01")["items"] if g["key"] not in ("", one["institution"])]

    def on_record(code, level):
        o.two(contract, head, "institutions", hospital(code, body="h9", **({"level": level} if level else {}))["fields"])

    def untold(answer):
        return answer.status == 200 and answer["months"] and all(m[q] is None for m in answer["months"] for q in ("low", "median", "high"))
    nobody = user.get(path)
    assert untold(nobody) and (nobody["kind"], nobody["level"], nobody["peers"]) == (None, None, 0), nobody.raw
    on_record(one["institution"], "3")
    alone = user.get(path, headers={"Accept-Language": "en"})
    assert untold(alone) and (alone["kind"], alone["level"], alone["peers"]) == ("Hospital", "Tertiary", 0), alone.raw
    levels = {code: ("2", None, "3", "3", "3", "3", "3")[min(i, 6)] for i, code in enumerate(others)}
    alike = [code for code in others if levels[code] == "3"]
    assert len(alike) >= 5, others  # stat.min_peers
    for code in [c for c in others if c not in alike[4:]]:
        on_record(code, levels[code])
    few = user.get(path)
    assert untold(few) and few["peers"] == 4, few.raw
    for code in alike[4:]:
        on_record(code, "3")
    own = user.get(path, headers={"Accept-Language": "zh-CN"})
    assert (own["kind"], own["level"], own["peers"]) == ("医院", "三级", len(alike)), own.raw
    total = user.get("/runs/r1/totals?from=2000-01-01")
    assert sum(round(float(m["counted"]) * 100) for m in own["months"]) == round(float(total["counted"]) * 100)
    assert sum(m["findings"] for m in own["months"]) == total["findings"]
    # the quartiles are those of the others, by hand
    last = own["months"][-1]["month"]
    end = f"{last}-{calendar.monthrange(int(last[:4]), int(last[5:]))[1]}"
    values = sorted(round(float(auditor.get(f"/runs/r1/totals?institution={code}&from={last}-01&to={end}")["counted"]) * 100) for code in alike)
    assert round(float(own["months"][-1]["median"]) * 100) == values[(len(values) - 1) // 2], (values, own.raw)
    assert user.get(f"/runs/r1/peers?institution={foreign}").status == 404
    assert user.get("/runs/r1/peers").status == 404
    assert foreign not in own.raw.decode()


@test
def an_institution_checks_its_own_files_and_nobody_else_sees_them():
    with Office(SHOUHU) as o:
        lake_is_apart = o.dir / "synth"
        env = {"SHOUHU_LANG": "en", "PATH": "/usr/bin:/bin"}
        subprocess.run([SHOUHU, "synth", "--persons", "60", "--months", "2", "--seed", "1", "--plant", "0.2", "--out", str(lake_is_apart)],
                       check=True, capture_output=True, env=env)
        for code in ("h1", "h2", "ag1"):
            o.body(code, "agency" if code == "ag1" else "institution", "620102")
        user, other = (o.hire(login, "institution.user", body=body) for login, body in (("user", "h1"), ("other", "h2")))
        auditor = o.hire("auditor", "agency.auditor", body="ag1")
        assert auditor.post("/self-checks", {}).status == 403
        made = user.post("/self-checks", {})
        assert made.status == 201 and made["state"] == "collecting" and made["files"] == [], made.raw
        at = f"/self-checks/{made['id']}"
        assert user.post(at + "/start", {}).status == 409  # nothing to check yet
        for name in ("x.exe", "..%2Fx.csv", ".x.csv", "report.txt", "a%0Ab.csv", "a" * 200 + ".csv"):
            assert user.put(f"{at}/files/{name}", None, raw=b"a,b\n").status in (400, 404, 422), name
        assert user.put(at + "/files/empty.csv", None, raw=b"").status == 422
        for path in sorted(lake_is_apart.glob("*.csv")):
            sent = user.put(f"{at}/files/{urllib.parse.quote(path.name)}", None, raw=path.read_bytes())
            assert sent.status == 200, sent.raw
        assert user.put(at + "/files/fee_list_d.csv", None, raw=next(lake_is_apart.glob("fee_list*.csv")).read_bytes()).status == 200
        broken = user.put(at + "/files/broken.csv", None, raw="不是费用文件,甲\n1,2\n".encode())
        names = [f["name"] for f in broken["files"]]
        assert len(names) == len(set(names)) and "broken.csv" in names
        for i in range(50):
            full = user.put(f"{at}/files/more{i}.csv", None, raw=b"x")
            if full.status != 200:
                break
        assert full.status == 413, full.raw  # at most 40 files
        for stranger in (other, auditor):
            assert stranger.get(at).status in (403, 404) and stranger.post(at + "/start", {}).status in (403, 404)
        assert user.ask("DELETE", at).status == 204 and user.get(at).status == 404
        assert not any((o.dir / "data" / "blobs").rglob("*.*")) and not [p for p in (o.dir / "data" / "blobs").rglob("*") if p.is_file()]
        # again, whole this time
        at = "/self-checks/" + user.post("/self-checks", {})["id"]
        for path in sorted(lake_is_apart.glob("*.csv")):
            assert user.put(f"{at}/files/{path.name}", None, raw=path.read_bytes()).status == 200
        assert user.post(at + "/start", {}).status == 202 and user.post(at + "/start", {}).status == 409
        assert user.put(at + "/files/late.csv", None, raw=b"x").status == 409
        done = wait_until(lambda: user.get(at), ("done", "failed"))
        assert done["state"] == "done" and done["has_findings"] and done["has_workbook"], done.raw
        assert done["files"] == []  # what was sent is gone
        assert not (o.dir / "data" / at[1:]).exists()
        sealed = [p for p in (o.dir / "data" / "blobs").rglob("*") if p.is_file()]
        assert len(sealed) == 2 and not any(p.read_bytes().startswith(b"PK") for p in sealed)  # workbook and report, neither readable
        book = user.get(at + "/workbook")
        with zipfile.ZipFile(io.BytesIO(book.raw)) as archive:
            assert archive.read("xl/worksheets/sheet1.xml").count(b"<row ") > 1
        report = user.get(at + "/report").raw.decode()
        assert str(o.dir) not in report and len(report) > 100, report
        for stranger in (other, auditor):
            assert all(stranger.get(at + end).status in (403, 404) for end in ("", "/workbook", "/report"))
        assert at[13:] not in auditor.get("/jobs").raw.decode() and auditor.get("/jobs/" + at[13:]).status == 404
        assert [c["id"] for c in user.get("/self-checks")["items"]] == [at[13:]] and other.get("/self-checks")["items"] == []
        # one that fails says why and leaves nothing
        at = "/self-checks/" + user.post("/self-checks", {})["id"]
        assert user.put(at + "/files/broken.csv", None, raw=b"a,b\n1,2\n").status == 200
        user.post(at + "/start", {})
        failed = wait_until(lambda: user.get(at), ("done", "failed"))
        assert failed["files"] == [] and str(o.dir) not in failed.raw.decode(), failed.raw
        assert "broken.csv" in user.get(at + "/report").raw.decode()


@test
def a_self_check_lies_sealed_and_is_erased_on_the_day_its_term_is_over_not_before():
    first = datetime.date.today()
    with Office(SHOUHU, clock=f"{first} 23:59:00") as o:
        o.body("h1", "institution", "620102")
        user = o.hire("user", "institution.user", body="h1")

        def on(day, hour):
            o.stop()
            o.clock = f"{day} {hour}"
            o.start()
            user.cookie = user.csrf = None
            assert user.sign_in(user.password, factor(user.secret, o.now())).status == 200

        def make(name):
            at = "/self-checks/" + user.post("/self-checks", {})["id"]
            assert user.put(f"{at}/files/fee.csv", None, raw=f"姓名,金额\n{name},1\n".encode()).status == 200
            return at

        def files(folder):
            return [p for p in (o.data / folder).rglob("*") if p.is_file()]

        older = make("绝密甲某")
        assert len(files("blobs")) == 1 and "绝密甲某".encode() not in b"".join(p.read_bytes() for p in files("."))
        on(first + datetime.timedelta(days=1), "00:00:00")
        newer = make("绝密乙某")
        on(first + datetime.timedelta(days=29), "23:59:00")  # the last minute of the older one's thirty days
        assert [user.get(at).status for at in (older, newer)] == [200, 200]
        on(first + datetime.timedelta(days=30), "00:00:00")
        wait_true(lambda: user.get(older).status == 404 and len(files("blobs")) == 1)
        assert user.get(newer)["ends_on"] == str(first + datetime.timedelta(days=31))
        assert [f["name"] for f in user.get(newer)["files"]] == ["fee.csv"] and [c["id"] for c in user.get("/self-checks")["items"]] == [newer[13:]]
        on(first + datetime.timedelta(days=31), "00:00:00")
        wait_true(lambda: user.get(newer).status == 404 and not files("blobs"))
        o.stop()
        assert o.run("journal", "verify").strip().endswith("sound")


# ---- tables as jobs ------------------------------------------------------------------------------------------------

LATER = {**PURPOSE, "Prefer": "respond-async"}
GRIDS = "code,name,holder,place\n"


def grid_rows(first, n, place="620102"):
    return (GRIDS + "".join(f"g-{i},网格{i},HOLDER,{place}\n" for i in range(first, first + n))).encode()


def send_grids(person, rows, dry=False, **headers):
    return person.post(f"/registers/grids/import?dry_run={'true' if dry else 'false'}", raw=rows,
                       headers={"Content-Type": "text/csv", **headers})


def ended(person, job):
    return wait_for(person, job["id"], ("done", "failed", "cancelled", "interrupted"))


@test
def a_table_asked_for_later_is_a_job_and_its_answer_is_for_its_asker_alone():
    with Office(SHOUHU) as o:
        o.body("ag1", "agency", "620102")
        o.body("ag2", "agency", "620103")
        person, other = o.hire("grid", "agency.contract", body="ag1"), o.hire("grid2", "agency.contract", body="ag2")
        peer, runner = o.hire("peer", "agency.contract", body="ag1"), o.hire("runner", "agency.auditor", body="ag1")
        bad = grid_rows(0, 50) + b"g-bad,,HOLDER,620102\n"
        tried = send_grids(person, bad, dry=True, Prefer="respond-async")
        assert tried.status == 202 and tried["kind"] == "register-import" and tried["arguments"] == {"register": "grids", "dry_run": "true"}, tried.raw
        assert tried.headers["location"] == "/api/v1/jobs/" + tried["id"] and tried.headers["preference-applied"] == "respond-async"
        over = ended(person, tried)
        assert over["state"] == "done" and over["progress"] == "51/51" and over["answer_until"], over.raw
        told = person.get(f"/jobs/{tried['id']}/answer")
        now = send_grids(person, bad, dry=True)
        assert told.status == 200 and told.json == now.json and told["created"] == 50 and told["errors"][0]["row"] == 52, told.raw
        assert person.get("/registers/grids/records")["items"] == []  # only tried
        once = {"Prefer": "respond-async", "Idempotency-Key": "tables-1"}
        taken, again = send_grids(person, bad, **once), send_grids(person, bad, **once)
        assert taken.status == again.status == 202 and taken["id"] == again["id"] and again.headers["idempotent-replay"] == "true"
        ended(person, taken)
        assert person.get(f"/jobs/{taken['id']}/answer")["created"] == 50
        assert len([j for j in person.get("/jobs")["items"]]) == 2
        # a file, as the same request now gives it
        for kind in ("csv", "xlsx"):
            asked = person.get(f"/registers/grids/export?format={kind}", headers=LATER)
            assert asked.status == 202, asked.raw
            done = ended(person, asked)
            assert done["state"] == "done" and done["progress"] == "50/50", done.raw
            came = person.get(f"/jobs/{asked['id']}/answer")
            assert came.headers["content-disposition"] == f'attachment; filename="grids.{kind}"' and came.status == 200
            if kind == "csv":
                assert came.raw == person.get("/registers/grids/export?format=csv", headers=PURPOSE).raw
        # what is refused at once is no job
        assert person.get("/registers/grids/export", headers={"Prefer": "respond-async"}).status == 422
        assert person.get("/registers/grids/export?format=exe", headers=LATER).status == 400
        assert person.get("/registers/nosuch/export", headers=LATER).status == 404
        assert person.get("/registers/..%2F..%2Fx/export", headers=LATER).status in (400, 404)
        assert send_grids(runner, bad, Prefer="respond-async").status == 403
        # nobody else: not a colleague, not who runs jobs of the place, though he sees that there is one
        for stranger in (other, peer, runner, o.admin):
            assert stranger.get(f"/jobs/{asked['id']}/answer").status == 404, stranger.login
        assert o.nobody().get(f"/jobs/{asked['id']}/answer").status == 401
        for stranger in (other, peer, o.admin):
            assert stranger.get("/jobs/" + asked["id"]).status == 404 and stranger.get("/jobs")["items"] == [], stranger.login
            assert stranger.post(f"/jobs/{asked['id']}/cancellation", {}).status == 404
        seen = runner.get("/jobs/" + asked["id"])
        assert seen["state"] == "done" and seen["answer_until"] is None and seen["arguments"] == {"register": "grids", "format": "xlsx"}, seen.raw
        for odd in ("..%2F..%2Fshouhu.db", asked["id"] + ".answer", "0" * 32, asked["id"].upper() + "x"):
            assert person.get(f"/jobs/{odd}/answer").status == 404, odd
        # no purpose, no search, in the jobs or in the log
        hidden = person.get("/registers/grids/export?q=" + "HOLDER-7", headers=LATER)
        ended(person, hidden)
        assert "HOLDER" not in person.get("/jobs").raw.decode() and "HOLDER" not in o.log_path.read_text(encoding="utf-8")
        assert "核对名册" not in runner.get("/jobs").raw.decode()
        taken_away = [a for a in o.hire("control", "agency.control", body="ag1").get("/access-log?limit=200")["items"] if a["kind"] == "export"]
        assert [a["person"] for a in taken_away] == [person.id] * 4  # each told once: two as jobs, one at once, one with a search


@test
def an_answer_is_not_given_to_rights_that_have_changed_and_goes_when_its_time_is_over():
    day = datetime.date(2026, 8, 3)
    o = Office(SHOUHU, clock=f"{day} 09:00:00")
    with o:
        o.body("ag1", "agency", "620102")
        person = o.hire("grid", "agency.contract", body="ag1")
        send_grids(person, grid_rows(0, 20))
        first = person.get("/registers/grids/export?format=csv", headers=LATER)
        assert ended(person, first)["state"] == "done"
        at = f"/jobs/{first['id']}/answer"
        assert person.get(at).status == 200
        own = next(g["id"] for g in o.admin.get(f"/grants?person={person.id}")["items"])
        more = o.grant(person.id, "agency.contract", "ag1")
        assert person.get(at).status == 200  # more than it was made by
        assert o.boss.post(f"/grants/{own}/revocation", {"why": "moved"}).status == 200
        refused = person.get(at)  # the same role, by another grant
        assert refused.status == 403 and "ask for the table again" in refused["detail"], refused.raw
        second = person.get("/registers/grids/export?format=csv", headers=LATER)
        assert ended(person, second)["state"] == "done" and person.get(f"/jobs/{second['id']}/answer").status == 200
        assert o.boss.post(f"/grants/{more}/revocation", {"why": "left"}).status == 200
        assert person.get(f"/jobs/{second['id']}/answer").status == 403  # may not read registers at all
        o.grant(person.id, "agency.contract", "ag1")
        third = person.get("/registers/grids/export?format=csv", headers=LATER)
        ended(person, third)
        kept = o.data / "exports" / (third["id"] + ".answer")
        assert kept.stat().st_mode & 0o777 == 0o600
        # a stop and a start keep it, and take away what nobody keeps
        (o.data / "exports" / ("f" * 32 + ".answer")).write_text("left by a kill")
        (o.data / "exports" / ("e" * 32)).write_text("half written")
        o.stop()
        o.start()
        assert person.get(f"/jobs/{third['id']}/answer").status == 200
        assert {p.name for p in (o.data / "exports").iterdir()} == {f"{one['id']}.answer" for one in (first, second, third)}
        (o.data / "exports" / (second["id"] + ".answer")).unlink()
        (o.data / "exports" / (second["id"] + ".answer")).symlink_to("/etc/passwd")
        assert person.get(f"/jobs/{second['id']}/answer").status in (403, 404)
        # a person's erasure takes the answers, as they may speak of him
        record = person.get("/registers/grids/records?code=g-1")["items"][0]["id"]
        o.run("journal", "erase", "--record", record, "--reason", "退出")
        assert person.get(f"/jobs/{third['id']}/answer").status == 404
        wait_true(lambda: list((o.data / "exports").iterdir()) == [], 20)
        assert person.get("/jobs/" + third["id"])["answer_until"] is None
        fourth = person.get("/registers/grids/export?format=csv", headers=LATER)
        ended(person, fourth)
        o.stop()
        o.clock = f"{day + datetime.timedelta(days=1)} 09:00:30"
        o.start()
        again = o.person("grid")
        again.secret = person.secret
        assert again.sign_in(NEW_PASSWORD, factor(again.secret, o.now())).status == 200
        assert again.get(f"/jobs/{fourth['id']}/answer").status == 404
        wait_true(lambda: list((o.data / "exports").iterdir()) == [], 20)
        o.stop()
        assert o.run("journal", "verify").strip().endswith("sound")


@test
def a_table_that_is_cancelled_or_killed_half_way_leaves_nothing_and_says_so():
    with Office(SHOUHU) as o:
        o.body("ag1", "agency", "620102")
        person = o.hire("grid", "agency.contract", body="ag1")

        def half_way(rows):
            job = send_grids(person, rows, Prefer="respond-async")
            assert job.status == 202, job.raw
            wait_true(lambda: 0 < int(person.get("/jobs/" + job["id"])["progress"].split("/")[0] or 0) < 5000)
            return job
        job = half_way(grid_rows(0, 5000))
        assert person.post(f"/jobs/{job['id']}/cancellation", {}).status == 202
        over = ended(person, job)
        assert over["state"] == "cancelled" and over["answer_until"] is None and over["progress"].endswith("/5000"), over.raw
        assert person.get(f"/jobs/{job['id']}/answer").status == 404
        assert person.get("/registers/grids/records")["items"] == []
        job = half_way(grid_rows(0, 5000))
        o.stop(signal.SIGKILL)
        o.start()
        killed = person.get("/jobs/" + job["id"])
        assert killed["state"] == "interrupted" and killed["result"] == "the server stopped", killed.raw
        assert person.get("/registers/grids/records?code=g-0")["items"] == []
        job = half_way(grid_rows(0, 5000))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:  # they wait for the writer together
            many = list(pool.map(lambda _: send_grids(person, grid_rows(9000, 1), True, Prefer="respond-async"), range(8)))
        assert {m.status for m in many} == {202, 429} and [m.status for m in many].count(202) <= 3, [m.status for m in many]  # three of a kind
        for one in [job] + [m for m in many if m.status == 202]:
            assert ended(person, one)["state"] == "done"
        rest = grid_rows(10000, 5000)
        job = half_way(rest)
        o.stop()  # in order: it does not wait for the table
        o.start()
        assert person.get("/jobs/" + job["id"])["state"] == "interrupted"
        assert person.get("/registers/grids/records?code=g-10000")["items"] == []
        done = ended(person, send_grids(person, rest, Prefer="respond-async"))
        assert done["state"] == "done" and done["progress"] == "5000/5000", done.raw
        o.stop()
        assert o.run("journal", "verify").strip().endswith("sound")
        assert not [p for p in (o.data / "exports").iterdir() if not p.name.endswith(".answer")]


@test
def a_long_table_is_a_job_and_a_full_disk_is_told():
    with Office(SHOUHU) as o:
        o.body("ag1", "agency", "620102")
        person = o.hire("grid", "agency.contract", body="ag1")
        for first in range(0, 12000, 4000):
            assert send_grids(person, grid_rows(first, 4000))["created"] == 4000
        refused = person.get("/registers/grids/export?format=csv", headers=PURPOSE)
        assert refused.status == 413 and "respond-async" in refused["detail"], refused.raw
        job = person.get("/registers/grids/export?format=csv", headers=LATER)
        assert ended(person, job)["progress"] == "12000/12000"
        whole = person.get(f"/jobs/{job['id']}/answer")
        assert len(whole.raw.decode("utf-8-sig").splitlines()) == 12001
        assert list((o.data / "exports").iterdir()) == [o.data / "exports" / (job["id"] + ".answer")]
        o.stop()
        program, small = o.program, o.dir / "small-disk.sh"
        small.write_text(f'#!/bin/sh\nexec unshare -Urm sh -c \'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"\' "{o.data}/exports" "{program}" "$@"\n')
        small.chmod(0o755)
        if subprocess.run([small, "--version"], capture_output=True, check=False).returncode != 0:
            print("# no small disk here: unshare may not mount", flush=True)
            return
        o.program = str(small)
        o.start()
        o.program = program
        assert person.get("/registers/grids/export?format=csv&q=" + urllib.parse.quote("g-11999"), headers=PURPOSE).status == 200
        failed = {}
        for kind in ("csv", "xlsx"):
            failed[kind] = ended(person, person.get(f"/registers/grids/export?format={kind}", headers=LATER))
            assert failed[kind]["state"] == "failed" and failed[kind]["result"] == "no-room", failed[kind].raw
        told = person.get(f"/jobs/{failed['csv']['id']}/answer")
        assert told.status == 507 and told["code"] == "no-room", told.raw  # the refusal itself had room
        assert send_grids(person, grid_rows(20000, 5))["created"] == 5  # the office goes on


@test
def an_audit_runs_as_a_job_and_each_sees_his_findings():
    o = Office(SHOUHU)
    o.lake = make_lake(o.dir)
    with o:
        o.body("ag1", "agency", "620102")
        o.body("h9", "institution", "620102")
        auditor = o.hire("auditor", "agency.auditor", body="ag1")
        assert auditor.post("/jobs", {"kind": "rm"}).status == 422
        for bad in ({"place": "62;rm"}, {"threads": "9"}, {"run": "../x"}, {"place": 620102}):
            assert auditor.post("/jobs", {"kind": "audit", "arguments": bad}).status == 422, bad
        job = auditor.post("/jobs", {"kind": "audit", "arguments": {"place": "990100", "run": "r1"}})
        assert job.status == 202, job.raw
        done = wait_for(auditor, job["id"], ("done", "failed"))
        assert done["state"] == "done", done.raw
        assert [r["run"] for r in auditor.get("/runs")["items"]] == ["r1"]
        page = auditor.get("/runs/r1/findings?limit=5")
        assert len(page["items"]) == 5 and page["next"] and "*" in page["items"][0]["person"]
        seen, after = set(), ""
        while after is not None:
            part = auditor.get(f"/runs/r1/findings?limit=200&after={after}")
            seen |= {f["id"] for f in part["items"]}
            after = part["next"]
        one = page["items"][0]
        assert len(seen) > 5 and auditor.get(f"/runs/r1/findings/{one['id']}").json == one
        for foreign in ("/runs/nosuch/findings", "/runs/..%2F..%2Fx/findings", f"/runs/r1/findings/{'0' * 40}"):
            assert auditor.get(foreign).status in (400, 404), foreign
        # an institution sees its own rows only
        o.body(one["institution"], "institution", "620102")
        user = o.hire("user", "institution.user", body=one["institution"])
        other = o.hire("other", "institution.user", body="h9")
        mine = user.get("/runs/r1/findings?limit=200")["items"]
        assert mine and all(f["institution"] == one["institution"] for f in mine)
        assert other.get("/runs/r1/findings")["items"] == [] and other.get(f"/runs/r1/findings/{one['id']}").status == 404
        findings_leave_as_a_table_of_the_filter_alone(auditor, user, one)
        rules_are_named_in_the_language_of_the_reader(auditor, one)
        peers_are_told_in_quartiles_of_the_same_kind_and_level_and_of_nobody_else(o, auditor, user, one, foreign=next(
            f["institution"] for f in auditor.get("/runs/r1/findings?limit=200")["items"] if f["institution"] != one["institution"]))
        first, second, third = (auditor.post("/jobs", {"kind": "audit", "arguments": {"place": "990100"}}) for _ in range(3))
        cancelled = auditor.post(f"/jobs/{third['id']}/cancellation", {})
        assert cancelled.status in (202, 409)
        for job in (first, second, third):
            wait_for(auditor, job["id"], ("done", "cancelled", "failed"))
        for pause in (0, 0.002, 0.005, 0.01, 0.02, 0.04):  # while it waits, is being started, has just begun
            job = auditor.post("/jobs", {"kind": "lake-verify", "arguments": {}})
            time.sleep(pause)
            told = auditor.post(f"/jobs/{job['id']}/cancellation", {})
            over = wait_for(auditor, job["id"], ("done", "cancelled", "failed"))["state"]
            assert told.status == 409 or over in ("cancelled",) + (("done",) if told["state"] == "cancelling" else ()), (pause, told.raw, over)
            if told.status == 202 and told["state"] == "cancelled":
                time.sleep(0.1)
                assert auditor.get("/jobs/" + job["id"])["state"] == "cancelled"


@test
def an_edited_rule_is_back_tested_as_a_job_and_only_the_comparison_stays():
    o = Office(SHOUHU)
    o.lake = make_lake(o.dir)
    text = (ROOT / "rules/service-frequency.yaml").read_text(encoding="utf-8")
    looser = text.replace("hit: sum(line.quantity) > k.max\n", "hit: sum(line.quantity) > k.max + k.max\n")
    assert looser != text
    with o:
        o.body("ag1", "agency", "620102")
        o.body("ag2", "agency", "620103")
        author, other = o.hire("author", "agency.rules_author", body="ag1"), o.hire("author2", "agency.rules_author", body="ag2")
        auditor = o.hire("auditor", "agency.auditor", body="ag1")
        audit = author.post("/jobs", {"kind": "audit", "arguments": {"place": "990100", "run": "r1", "as-of": "2030-01-01"}})
        wait_for(author, audit["id"], ("done", "failed"))
        was = author.get("/runs/r1/totals?rule=service-frequency")
        lake, path = {"place": "990100"}, "/rules/service-frequency/backtests"
        assert auditor.post(path, {"text": looser}).status == 403  # tries no rules
        assert author.post("/rules/no-such-rule/backtests", {"text": looser}).status == 404
        for bad in ({"text": ""}, {"text": 7}, {"text": "x" * (256 * 1024 + 1)}, {"text": text.replace("rule: service-frequency", "rule: other")},
                    {"text": looser, "place": "99;rm"}, {"text": looser, "place": 990100}):
            assert author.post(path, bad).status == 422, bad["text"] if isinstance(bad["text"], int) else bad["text"][:40]
        assert author.post("/jobs", {"kind": "backtest", "arguments": {}}).status == 422  # only with a text
        job = author.post(path, {"text": looser, **lake})
        assert job.status == 202 and job["kind"] == "backtest" and job["arguments"]["place"] == "990100", job.raw
        assert job["arguments"]["text"] == hashlib.new("sm3", looser.encode()).hexdigest()
        assert author.post(path, {"text": looser}).status == 409  # one at a time
        done = wait_for(author, job["id"], ("done", "failed"))
        assert done["state"] == "done", done.raw
        came = author.get(f"/jobs/{job['id']}/backtest")
        every, findings = came["comparison"]["all"], came["comparison"]["findings"]
        assert came["text"] == looser and "service-frequency" in came["report"], came.raw
        assert every["was"] == was["findings"] and every["was_fen"] == int(was["counted"].replace(".", "")), (every, was.raw)
        assert every["vanished"] == every["was"] - every["now"] > 0 and every["added"] == 0, every
        assert [r["key"] for r in came["comparison"]["rules"]] == ["service-frequency"]
        assert sum(r["vanished"] for r in came["comparison"]["institutions"]) == every["vanished"]
        gone = [f for f in findings if f["vanished"]]
        assert len(gone) == min(100, every["vanished"]) and author.get(f"/runs/r1/findings/{gone[0]['key']}").status == 200
        assert other.get("/jobs/" + job["id"]).status == 404 and other.get(f"/jobs/{job['id']}/backtest").status == 404
        assert auditor.get(f"/jobs/{job['id']}/backtest").status == 200  # jobs of one's place
        assert author.get(f"/jobs/{audit['id']}/backtest").status == 404 and author.get("/jobs/none/backtest").status == 404
        assert every["share"] is None and every["high"] is None, every  # nobody has reviewed one
        same = author.post(path, {"text": text, **lake})
        wait_for(author, same["id"], ("done", "failed"))
        alike = author.get(f"/jobs/{same['id']}/backtest")["comparison"]
        assert alike["all"]["was"] == alike["all"]["now"] and alike["findings"] == [], alike
        broken = author.post(path, {"text": text.replace("hit: ", "hit: nosuch("), **lake})
        failed = wait_for(author, broken["id"], ("done", "failed"))
        assert failed["state"] == "failed" and "exit 3" in failed["result"], failed.raw
        assert author.get(f"/jobs/{broken['id']}/backtest").status == 404
        cancelled = author.post(path, {"text": looser})
        assert author.post(f"/jobs/{cancelled['id']}/cancellation", {}).status == 202
        assert wait_for(author, cancelled["id"], ("cancelled", "done"))["state"] in ("cancelled", "done")
        assert sorted(p.name for p in (o.lake / "audits").iterdir()) == ["r1"]  # the runs it took are gone
        assert [r["run"] for r in author.get("/runs")["items"]] == ["r1"]
        (o.lake / "audits" / ".trial-x-new").mkdir()
        shutil.copy(o.lake / "audits/r1/findings.parquet", o.lake / "audits/.trial-x-new/")
        assert [r["run"] for r in author.get("/runs")["items"]] == ["r1"] and author.get("/runs/.trial-x-new/findings").status == 404
        o.stop()
        o.start()
        assert not (o.lake / "audits" / ".trial-x-new").exists()  # left by a server that was killed


@test
def the_first_body_is_found_by_its_fields_as_every_other():
    with Office(SHOUHU) as o:
        o.body("ag1", "agency", "620102")
        for query in ("code=gov", "code=gov&limit=1", "kind=bureau", "q=gov"):
            found = o.admin.get("/registers/bodies/records?" + query)
            assert [r["fields"]["code"] for r in found["items"]] == ["gov"], (query, found.raw)


def main():
    global SHOUHU
    SHOUHU, names = sys.argv[1], sys.argv[2:]
    tests = [t for t in TESTS if not names or t.__name__ in names]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, function in enumerate(tests, 1):
        began = time.time()
        try:
            function()
            print(f"ok {number} {function.__name__}  # {time.time() - began:.1f}s", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} {function.__name__}")
            print("\n".join("# " + row for row in traceback.format_exc().splitlines()), flush=True)
    if Shared.office:
        Shared.office.__exit__()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
