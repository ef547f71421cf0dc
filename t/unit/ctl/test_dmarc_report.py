# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl dmarc-report, against a redis-server of its own: what stands in
reports. There is no DNS: the record is as it was, and nobody else can agree."""
import gzip
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import DONE, DOWN, SOURCE, USAGE, Place, case, gives, run

place = Place()
redis = place.redis
with open(place.conf, "a", encoding="utf-8") as conf:
    conf.write('dmarc { org_name = "M\u00fcller & S\u00f6hne" contact = "a < b" }\n')
    conf.write('dns { forward = {"127.0.0.1@1"} timeout_ms = 200 end_ms = 400 }\n'
               'portal { smtp = "127.0.0.1:1" from = "us@example.net" }\n')
DAY = time.strftime("%Y%m%d", time.gmtime(time.time() - 86400))
DASHED = f"{DAY[:4]}-{DAY[4:6]}-{DAY[6:]}"
NS = "{urn:ietf:params:xml:ns:dmarc-2.0}"
ROW = "by=treewalk\tip=%s\tdo=none\tdkim=fail\tspf=fail\tfrom=a.example"
RECORD = "v=DMARC1; p=none; rua=mailto:d@a.example"


def put(domain, rows, record=RECORD):
    redis("SADD", f"rp:dmarc:{DAY}:domains", domain)
    for row, count in rows.items():
        redis("HSET", f"rp:dmarc:{DAY}:of:{domain}", row, count)
    redis("HSET", f"rp:dmarc:{DAY}:of:{domain}", "policy", record)


def dry(*words):
    folder = os.path.join(place.folder, "out%d" % time.monotonic_ns())
    os.mkdir(folder)
    answer = place("--json", "dmarc-report", "--dry-run", "--output", folder, *words)
    out = {}
    for name in os.listdir(folder):
        with gzip.open(os.path.join(folder, name)) as file:
            out[name] = file.read()
    return answer, out


def valid(xml):
    done = subprocess.run(
        ["xmllint", "--noout", "--nonet", "--schema",
         os.path.join(SOURCE, "t/data/dmarc/rfc9990.xsd"), "-"],
        input=xml, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode() + xml.decode()
    return ElementTree.fromstring(xml)


def outcomes(answer):
    return {(r["domain"], r.get("to", "")): r["outcome"] for r in answer.json()["reports"]}


@case("a report is of the schema of RFC 9990, whatever its rows hold")
def _():
    redis("FLUSHALL")
    evil = "<a>&\"']]>%s\\x"
    put("a.example", {
        ROW % "192.0.2.1": 3,
        ROW % "2001:db8::1" + "\twhy=local_policy/" + evil + "\tsender=\tto=b.example"
        "\tspfof=" + evil + "/pass\tsig=x.example/s1/pass\tsig=y.example/" + evil.replace("/", "")
        + "/permerror": 9,
        ROW % "192.0.2.2" + "\tsender=" + "x" * 1500: 9223372036854775807,
        b"by=treewalk\tip=192.0.2.3\tdo=none\tdkim=fail\tspf=fail\tfrom=\xff\x00\x1b]": 1,
        "nonsense": 4, "": 1, "ip=1": "none", ROW % "192.0.2.9": 2 ** 64},
        "v=DMARC1; p=quarantine; np=reject; adkim=s; t=y; fo=<1>:d; rua=mailto:d@a.example")
    answer, out = dry()
    gives(answer, DONE)
    assert outcomes(answer) == {("a.example", "d@a.example"): "would be sent"}, answer
    assert len(out) == 1, out
    root = valid(next(iter(out.values())))
    assert len(list(root.iter(NS + "record"))) == 4, out
    head = {e.tag.replace(NS, ""): e.text for e in root.find(NS + "report_metadata")}
    assert head["org_name"] == "M\u00fcller & S\u00f6hne" and head["email"] == "us@example.net", head
    assert head["extra_contact_info"] == "a < b", head
    policy = {e.tag.replace(NS, ""): e.text for e in root.find(NS + "policy_published")}
    assert policy == {"domain": "a.example", "discovery_method": "treewalk", "p": "quarantine",
                      "sp": "quarantine", "np": "reject", "fo": "<1>:d", "adkim": "s",
                      "aspf": "r", "testing": "y"}, policy
    assert root.findtext(".//" + NS + "comment").startswith("<a>&\"']]>%s"), out


@case("a file is named as RFC 9990 wants it, and the same each time")
def _():
    redis("FLUSHALL")
    put("a.example", {ROW % "192.0.2.1": 3})
    _, one = dry()
    _, two = dry()
    assert one == two and len(one) == 1, (one, two)
    name = next(iter(one))
    parts = name[:-len(".xml.gz")].split("!")
    assert name.endswith(".xml.gz") and parts[:2] == ["mx.example.net", "a.example"], name
    assert int(parts[3]) - int(parts[2]) == 86399 and int(parts[2]) % 86400 == 0, name
    assert parts[4].isalnum(), name


@case("strangers get nothing while DNS cannot say whether they agreed")
def _():
    redis("FLUSHALL")
    put("a.example", {ROW % "192.0.2.1": 3},
        "v=DMARC1; p=none; rua=mailto:d@a.example,mailto:d@b.example")
    answer, _ = dry()
    assert outcomes(answer) == {
        ("a.example", "d@a.example"): "would be sent",
        ("a.example", "d@b.example"): "whether it has agreed could not be asked for"}, answer


@case("without an MTA all stays for the next run")
def _():
    redis("FLUSHALL")
    for name in "abcde":
        put(name + ".example", {ROW % "192.0.2.1": 3},
            f"v=DMARC1; p=none; rua=mailto:d@{name}.example")
    answer = place("--json", "dmarc-report")
    gives(answer, DOWN)
    assert answer.json()["left"] == 5 and answer.json()["sent"] == 0, answer
    # After three it is not asked again.
    assert len(outcomes(answer)) == 3, answer
    keys = sorted(k.decode() for k in redis("KEYS", "rp:dmarc:*"))
    assert keys == sorted([f"rp:dmarc:{DAY}:domains"] + [
        f"rp:dmarc:{DAY}:of:{n}.example" for n in "abcde"]), keys


@case("one domain, one day")
def _():
    answer, out = dry("--domain", "B.Example", "--day", DASHED)
    gives(answer, DONE)
    assert list(outcomes(answer)) == [("b.example", "d@b.example")], answer
    answer, out = dry("--day", "2020-02-29")
    gives(answer, DONE)
    assert outcomes(answer) == {} and out == {}, answer


@case("wrong words are told")
def _():
    for words in (("--day", "yesterday"), ("--day", "2026-02-30"), ("--day", "2026-13-01"),
                  ("--day", "20260101"), ("--domain", "a b"), ("--output", "/nowhere"),
                  ("--day", time.strftime("%Y-%m-%d", time.gmtime())), ("more",)):
        gives(place("dmarc-report", *words), USAGE)
    gives(place("--json", "dmarc-report", "--dry-run"), USAGE)


@case("a folder that is not there is told")
def _():
    gives(place("dmarc-report", "--dry-run", "--output", "/nowhere/at/all"), DOWN)


@case("without Redis nothing can be said")
def _():
    redis.stop()
    gives(place("dmarc-report"), DOWN)


run()
