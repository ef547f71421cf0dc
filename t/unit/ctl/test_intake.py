# SPDX-License-Identifier: BSD-2-Clause
"""reprieve-intake, as an MTA and the portal start it, against a redis-server of
its own: exit codes, sizes, and what is dropped."""
import base64
import io
import os
import subprocess
import sys
import time
import zipfile

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import BUILD, Place, case, make_id, run

OK, USAGE, DATAERR, NOUSER, TEMPFAIL = 0, 64, 65, 67, 75
PROGRAM = os.path.join(BUILD, "ctl/reprieve-intake")
MIB = 1024 * 1024
MIXED = ("From: joe@example.org\nMessage-ID: <%s@example.org>\nMIME-Version: 1.0\n"
         "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nplease look\n")
SPAM = "From: s@example.net\nSubject: win\n\nBuy.\n"

place = Place()
redis = place.redis


def conf_with(name, more):
    with open(place.conf, encoding="ascii") as file:
        text = file.read().replace("milter {", 'milter { secret_file = "%s/secret"' % place.folder)
    return place.file(name, text + 'log { target = "stderr" }\n' + more)


CONF = conf_with("intake.conf", "")


def intake(mail, *words, conf=CONF, env=None):
    """(exit code, what it printed, its log)"""
    done = subprocess.run(
        [PROGRAM, "-c", conf, *words], timeout=120, check=False, capture_output=True,
        input=mail if isinstance(mail, bytes) else mail.encode("latin-1"),
        env={"PATH": os.environ["PATH"], "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
             **(env or {})})
    return done.returncode, done.stdout.decode(), done.stderr.decode("latin-1")


def gives(answer, code):
    assert answer[0] == code, answer


def newest():
    """The fields of the newest report."""
    name = redis("ZREVRANGE", "rp:report:all", 0, 0)[0].decode()
    return redis.hash("rp:report:" + name)


@case("wrong words are told")
def _():
    for words in (("-x",), ("-r",), ("-u", "nonsense", "-r", "junk@x"), ("-u", make_id(1)),
                  ("-r", "junk@x", "more")):
        answer = intake(MIXED % 1, *words)
        gives(answer, USAGE)
        assert "usage:" in answer[2], answer


@case("what is no mail comes back")
def _():
    gives(intake("", "-r", "junk@x"), DATAERR)
    gives(intake("\0\1\2", "-r", "junk@x"), DATAERR)


@case("a report is filed, and its line of the log says so")
def _():
    redis("FLUSHALL")
    answer = intake((MIXED % 2) + "--b\nContent-Type: message/rfc822\n\n" + SPAM + "--b--\n",
                    "-r", "PHISH+x@mx.example.net")
    gives(answer, OK)
    assert answer[1] == "", answer
    assert "intake kind=report report=" in answer[2] and (
        "about=phish effect=nothing originals=1 valid=0 proof=unproven" in answer[2]), answer
    assert newest()["reporter"] == "joe@example.org", newest()


@case("Postfix says the recipient in the environment, before and behind an alias")
def _():
    redis("FLUSHALL")
    for number, env in enumerate((
                {"ORIGINAL_RECIPIENT": "junk@mx.example.net"},
                {"ORIGINAL_RECIPIENT": "spam@example.com", "RECIPIENT": "junk@mx.example.net"},
                {"RECIPIENT": "junk"})):
        answer = intake("From: joe@example.org\n\nx%d\n" % number, env={"SENDER": "joe@example.org", **env})
        gives(answer, OK)
        assert "about=junk" in answer[2] and "outcome=filed" in answer[2], answer
    answer = intake("From: joe@example.org\n\nx\n", env={"RECIPIENT": "junk", "SENDER": ""})
    assert 'outcome="null sender"' in answer[2], answer


@case("a form of the portal has the ID that it was given, and is filed once")
def _():
    redis("FLUSHALL")
    name = make_id(3)
    mail = ("X-Reprieve-Form-Reporter: ann@example.com\nX-Reprieve-Form-Client: 192.0.2.0/24\n"
            "X-Reprieve-Form-Language: es\n") + MIXED % 3
    # The environment of a mail is not looked at.
    for _ in range(2):
        gives(intake(mail, "-u", name, "-r", "notjunk@x", env={"SENDER": ""}), OK)
    assert redis("ZCARD", "rp:report:all") == 1
    filed = redis.hash("rp:report:" + name)
    assert (filed["reporter"], filed["client"], filed["language"], filed["proof"]) == (
        "ann@example.com", "192.0.2.0/24", "es", "unproven"), filed


def zip_bomb():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("report.xml", b"\0" * (64 * MIB))
    return base64.encodebytes(out.getvalue()).decode()


BOMBS = {
    "1,000 parts": MIXED % "a" + "--b\n\nx\n" * 1000 + "--b--\n",
    "200,000 parts": MIXED % "b" + "--b\n\n" * 200000 + "--b--\n",
    "nested 1,000 deep": "".join(
        f"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n" for i in range(1000)),
    "nested 100,000 deep": "Content-Type: message/rfc822\n\n" * 100000,
    "20 MB": MIXED % "c" + "--b\nContent-Type: message/rfc822\n\n" + SPAM + (
        "x" * 70 + "\n") * (20 * MIB // 71) + "--b--\n",
    "a zip bomb": MIXED % "d" + "--b\nContent-Type: application/zip; name=a.zip\n"
    "Content-Transfer-Encoding: base64\n\n" + zip_bomb() + "--b--\n",
    "broken base64 in a wrong charset": "From: a@example.org\nContent-Type: text/plain; "
    "charset=utf-9000\nContent-Transfer-Encoding: base64\n\n!!!\xff\0" + "A" * 1000 + "\n",
    "50,000 fields": "From: a@example.org\n" + "X-Reprieve-Trace: v=1\n" * 50000 + "\nx\n",
    "1,400,000 fields of an original": MIXED % "f" + "--b\nContent-Type: message/rfc822\n\n"
    + "a:b\n" * 1400000 + "\n--b--\n",
    "1,400,000 parameters": "From: a@example.org\nContent-Type: text/plain"
    + ";a=b" * 1400000 + "\n\nx\n",
    "a name of 5 MB": MIXED % "g" + "--b\nContent-Type: message/rfc822; name=\""
    + "=?utf-8?q?=41?= " * 300000 + "\"\n\n" + SPAM + "--b--\n",
    "a line of 5 MB": "From: a@example.org\nSubject: " + "x" * (5 * MIB) + "\n\nx\n",
    "JSON that costs memory": MIXED % "e" + "--b\nContent-Type: application/json\n\n"
    '{"xarf_version":"4","evidence":[' + "[],\n" * 300000 + "0]}\n--b--\n",
}


@case("what harms the parser is a report all the same")
def _():
    redis("FLUSHALL")
    for number, (name, mail) in enumerate(BOMBS.items(), 1):
        began = time.monotonic()
        answer = intake(mail, "-r", "abuse@mx.example.net", env={"SENDER": "a@example.org"})
        took = time.monotonic() - began
        print("# %s: %.2f s" % (name, took))
        assert answer[0] == OK and "outcome=filed" in answer[2], (name, answer)
        assert redis("ZCARD", "rp:report:all") == number, name
        assert took < 60, (name, took)


@case("reports that are not taken come back with words")
def _():
    redis("FLUSHALL")
    off = conf_with("off.conf", "reports { enabled = no }\n")
    answer = intake(MIXED % 4, "-r", "junk@mx.example.net", conf=off)
    gives(answer, NOUSER)
    assert "not taken" in answer[1] and "/support" in answer[1], answer
    assert redis("ZCARD", "rp:report:all") == 0


@case("without Redis, or a configuration, the MTA keeps the mail")
def _():
    with open(CONF, encoding="ascii") as file:
        text = file.read()
    away = place.file("away.conf", text.replace(redis.path, redis.path + ".none"))
    for conf in (away, place.file("bad.conf", "host = 7 {"), place.folder + "/no.conf"):
        gives(intake(MIXED % 5, "-r", "junk@mx.example.net", conf=conf), TEMPFAIL)
    # A key of its own would call every address of ours forged.
    lonely = place.file("lonely.conf", text.replace("/secret", "/no/secret"))
    gives(intake(MIXED % 5, "-r", "junk@mx.example.net", conf=lonely), TEMPFAIL)


run()
