#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes small files of the MaxMind DB format 2.0, for tests.

    mmdb.py OUT TYPE <LINES

A line is a network and its data as JSON: 192.0.2.0/24 {"country_code": "NL"}.
Numbers become uint32. IPv4 networks stand below ::/96, as the format wants it
of a file of both families; with --ipv4 the file has IPv4 only. --bits is the
size of a record: 24, 28 or 32.
"""

import argparse
import ipaddress
import json
import struct
import sys

MARK = b"\xab\xcd\xefMaxMind.com"
STRING, UINT16, UINT32, MAP, UINT64, ARRAY = 2, 5, 6, 7, 9, 11


def control(kind, size):
    extra = b""
    if size >= 285:
        extra, size = struct.pack(">H", size - 285), 30
    elif size >= 29:
        extra, size = bytes([size - 29]), 29
    if kind <= 7:
        return bytes([kind << 5 | size]) + extra
    return bytes([size, kind - 7]) + extra


def number(kind, value):
    octets = value.to_bytes(8, "big").lstrip(b"\0")
    return control(kind, len(octets)) + octets


def encode(value, kind=UINT32):
    if isinstance(value, str):
        text = value.encode()
        return control(STRING, len(text)) + text
    if isinstance(value, int):
        return number(kind, value)
    if isinstance(value, list):
        return control(ARRAY, len(value)) + b"".join(map(encode, value))
    return control(MAP, len(value)) + b"".join(
        encode(k) + encode(v) for k, v in value.items())


class Tree:
    """Nodes are pairs: None, the number of a node, or ("data", offset)."""

    def __init__(self, only_ipv4):
        self.only_ipv4 = only_ipv4
        self.nodes = [[None, None]]

    def add(self, network, offset):
        bits = network.prefixlen
        address = int(network.network_address)
        width = 32 if self.only_ipv4 else 128
        if network.version == 4 and not self.only_ipv4:
            bits += 96
        at = 0
        for depth in range(bits):
            side = address >> (width - 1 - depth) & 1
            if depth == bits - 1:
                self.nodes[at][side] = ("data", offset)
                return
            if not isinstance(self.nodes[at][side], int):
                before = self.nodes[at][side]
                self.nodes.append([before, before])
                self.nodes[at][side] = len(self.nodes) - 1
            at = self.nodes[at][side]

    def encode(self, bits):
        count = len(self.nodes)
        out = bytearray()
        for node in self.nodes:
            left, right = (
                count if r is None else
                r if isinstance(r, int) else count + 16 + r[1] for r in node)
            if bits == 28:
                out += (left & 0xffffff).to_bytes(3, "big")
                out.append(left >> 24 << 4 | right >> 24)
                out += (right & 0xffffff).to_bytes(3, "big")
            else:
                out += left.to_bytes(bits // 8, "big")
                out += right.to_bytes(bits // 8, "big")
        return bytes(out)


def build(rows, kind, bits=24, only_ipv4=False, built_s=1764000000):
    """The octets of a file; rows are (network, data), the narrower ones last."""
    tree = Tree(only_ipv4)
    data = bytearray()
    places = {}
    for network, value in rows:
        text = json.dumps(value, sort_keys=True)
        if text not in places:
            places[text] = len(data)
            data += encode(value)
        tree.add(ipaddress.ip_network(network), places[text])
    fields = [
        ("node_count", number(UINT32, len(tree.nodes))),
        ("record_size", number(UINT16, bits)),
        ("ip_version", number(UINT16, 4 if only_ipv4 else 6)),
        ("database_type", encode(kind)),
        ("languages", encode(["en"])),
        ("binary_format_major_version", number(UINT16, 2)),
        ("binary_format_minor_version", number(UINT16, 0)),
        ("build_epoch", number(UINT64, built_s)),
        ("description", encode({"en": kind})),
    ]
    facts = control(MAP, len(fields)) + b"".join(
        encode(k) + v for k, v in fields)
    return tree.encode(bits) + bytes(16) + bytes(data) + MARK + facts


def read_rows(lines):
    rows = []
    for line in lines:
        line = line.split("#")[0].strip()
        if line:
            network, value = line.split(None, 1)
            rows.append((network, json.loads(value)))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("type")
    parser.add_argument("--bits", type=int, default=24)
    parser.add_argument("--ipv4", action="store_true")
    args = parser.parse_args()
    octets = build(read_rows(sys.stdin), args.type, args.bits, args.ipv4)
    with open(args.out, "wb") as out:
        out.write(octets)


if __name__ == "__main__":
    main()
