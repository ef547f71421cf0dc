# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl learn, against a redis-server of its own."""
import os
import sys
import threading

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import DONE, NO, USAGE, Place, case, gives, run

place = Place()
redis = place.redis
FOLDER = os.path.join(place.folder, "mail")
os.mkdir(FOLDER)


def spam(number):
    return ("From: Shop %d <shop%d@shop.example>\nSubject: cheap pills\n"
            "Message-ID: <s%d@shop.example>\n\nBuy cheap pills now!! %d\n" %
            (number, number, number, number))


def ham(number):
    return ("From: Joe <joe@example.org>\nSubject: our meeting %d\n"
            "Message-ID: <h%d@example.org>\n\nThe minutes are attached.\n" %
            (number, number))


def write(name, text):
    path = os.path.join(FOLDER, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    return path


def mbox(name, texts):
    return write(name, "".join(
        "From a@example.org Thu Nov 26 10:00:00 2026\n%s\n" % t for t in texts))


def model():
    return redis("GET", "rp:content:model")


def taught():
    """A spam and a ham mailbox of ten each, learnt."""
    redis("FLUSHALL")
    gives(place("learn", "spam", mbox("spam.mbox", map(spam, range(10)))), DONE)
    gives(place("learn", "ham", mbox("ham.mbox", map(ham, range(10)))), DONE)


def test(path):
    answer = place("learn", "test", path, "--json")
    gives(answer, DONE)
    return [float(m["probability"]) for m in answer.json()["messages"]]


@case("what was taught is told apart, and by what")
def _():
    taught()
    one = write("one.eml", spam(77))
    answer = place("learn", "test", one)
    gives(answer, DONE)
    assert "word pills" in answer.out, answer
    assert test(one)[0] > 0.9, answer
    assert test(write("two.eml", ham(77)))[0] < 0.1


@case("a mailbox of many gives as many answers")
def _():
    taught()
    assert len(test(mbox("many.mbox", [spam(1), ham(2), spam(3)]))) == 3


@case("the same message twice is learnt once, wherever it is saved")
def _():
    taught()
    before = model()
    saved = ("Return-Path: <x@y.example>\nReceived: from a by b; today\n"
             "X-Spam-Status: Yes\n" + spam(3)).replace("\n", "\r\n")
    answer = place("learn", "spam", write("again.eml", saved), "--json")
    gives(answer, DONE)
    assert answer.json()["new"] == 0, answer
    assert answer.json()["spam"] == 10, answer
    assert model() == before


@case("what is forgotten leaves no trace in the model")
def _():
    taught()
    before = model()
    more = mbox("more.mbox", map(spam, range(20, 30)))
    gives(place("learn", "spam", more), DONE)
    assert model() != before
    answer = place("learn", "forget", more, "--json")
    gives(answer, DONE)
    assert answer.json()["forgotten"] == 10, answer
    assert model() == before


@case("the order of learning makes no difference")
def _():
    taught()
    before = model()
    redis("FLUSHALL")
    gives(place("learn", "ham", os.path.join(FOLDER, "ham.mbox")), DONE)
    gives(place("learn", "spam", os.path.join(FOLDER, "spam.mbox")), DONE)
    assert model() == before


@case("who was wrong says so, and the message moves")
def _():
    taught()
    answer = place("learn", "ham", write("wrong.eml", spam(3)), "--json")
    gives(answer, DONE)
    data = answer.json()
    assert (data["moved"], data["spam"], data["ham"]) == (1, 9, 11), answer


@case("everything can be forgotten")
def _():
    taught()
    gives(place("learn", "forget", "--all"), DONE)
    assert redis("HLEN", "rp:content:examples") == 0
    assert test(write("one.eml", spam(77))) == [0.5]
    gives(place("learn", "spam", "--all"), USAGE)


@case("a Maildir, a folder and standard input are read, too")
def _():
    redis("FLUSHALL")
    write("maildir/cur/1:2,S", spam(1))
    write("maildir/new/2", spam(2))
    write("maildir/tmp/3", spam(3))
    write("folder/a.eml", spam(4))
    write("folder/.hidden", spam(5))
    gives(place("learn", "spam", os.path.join(FOLDER, "maildir"),
                os.path.join(FOLDER, "folder")), DONE)
    answer = place("learn", "spam", "-", stdin=spam(6).encode())
    gives(answer, DONE)
    assert redis("HLEN", "rp:content:examples") == 4, answer


@case("two who learn at once learn all of it")
def _():
    redis("FLUSHALL")
    boxes = [("spam", mbox("s%d" % i, map(spam, range(i * 9, i * 9 + 9))))
             for i in range(3)]
    boxes += [("ham", mbox("h%d" % i, map(ham, range(i * 9, i * 9 + 9))))
              for i in range(3)]
    answers = []
    threads = [threading.Thread(
        target=lambda b=b: answers.append(place("learn", *b))) for b in boxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        gives(answer, DONE)
    together = model()
    about = redis.hash("rp:content:about")
    assert (about["spam"], about["ham"]) == ("27", "27"), about
    redis("FLUSHALL")
    for box in boxes:
        gives(place("learn", *box), DONE)
    assert model() == together


@case("no text and no address is kept")
def _():
    taught()
    everything = b"".join(redis("HVALS", "rp:content:examples")) + model()
    for word in (b"pills", b"joe", b"shop", b"meeting"):
        assert word not in everything, word


@case("status says whether it is asked")
def _():
    redis("FLUSHALL")
    answer = place("learn", "status")
    gives(answer, NO)
    assert "content.enabled is no" in answer.out, answer


@case("before anything is learnt there is nothing to ask")
def _():
    redis("FLUSHALL")
    gives(place("learn", "test", write("one.eml", spam(1))), NO)


@case("a line in the audit says who taught it")
def _():
    taught()
    last = redis.audit()[-1]
    assert (last["what"], last["why"]) == ("learn", "ham"), last
    assert last["who"], last


@case("a path that is not there is told, what was read counts")
def _():
    redis("FLUSHALL")
    answer = place("learn", "spam", write("one.eml", spam(1)), "/nowhere/x")
    gives(answer, USAGE)
    assert "/nowhere/x" in answer.err, answer
    assert redis("HLEN", "rp:content:examples") == 1


@case("what is no message is left out")
def _():
    redis("FLUSHALL")
    answer = place("learn", "spam", write("junk", "\n\nno header\n"), "--json")
    gives(answer, NO)
    assert answer.json()["no_messages"] == 1, answer


@case("wrong words are told")
def _():
    gives(place("learn"), USAGE)
    gives(place("learn", "spam"), USAGE)
    gives(place("learn", "status", "x"), USAGE)
    gives(place("learn", "eggs", "x"), USAGE)


@case("people's data are forgotten as before")
def _():
    gives(place("forget", "192.0.2.7"), NO)


run()
