#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes a database of networks out of lines "FIRST,LAST,NUMBER,NAME".

    geo_asn.py OUT CSV...

The public data come as text; the milter reads the binary format.
"""

import csv
import ipaddress
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

import mmdb


def rows(paths):
    for path in paths:
        with open(path, newline="", encoding="utf-8") as lines:
            for first, last, number, name in csv.reader(lines):
                value = {"autonomous_system_number": int(number),
                         "autonomous_system_organization": name}
                for net in ipaddress.summarize_address_range(
                        ipaddress.ip_address(first),
                        ipaddress.ip_address(last)):
                    yield net, value


def main():
    out, *paths = sys.argv[1:]
    octets = mmdb.build(rows(paths), "ASN", bits=28)
    with open(out + ".new", "wb") as f:
        f.write(octets)
    os.replace(out + ".new", out)


if __name__ == "__main__":
    main()
