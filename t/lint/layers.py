#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who may include whom (HACKING, "One way down")."""

import sys

sys.dont_write_bytecode = True

import tree as lint

ROWS = (
    ("base",), ("net",), ("mail",), ("fact", "conf"),
    ("store", "dns", "geo", "web"), ("list", "auth", "heur"), ("policy",),
    ("reply",), ("judge",),
)
ROW_OF = {name: row for row, names in enumerate(ROWS) for name in names}
PROGRAMS = ("milter", "portal", "ctl")

# A foreign header and the only files that may include it. A name that ends
# in a slash is a folder.
WRAPPERS = {
    "hiredis/": ("lib/store/redis.c",),
    "confuse.h": ("lib/conf/confread.c",),
    "microhttpd.h": ("lib/web/server.c",),
    "libmilter/": ("milter/callbacks.c", "milter/mta.c"),
    "cmark.h": ("lib/web/markdown.c",),
    "curl/": ("lib/web/mailer.c",),
    "gmime/": ("ctl/mailtext.c", "ctl/mailparts.c"),
    "libxml/": ("ctl/reportxml.c",),
    "zlib.h": ("lib/base/deflate.c",),
    "openssl/": ("lib/base/hmac.c", "lib/base/digest.c", "lib/base/pubkey.c",
                 "lib/base/privkey.c"),
    "jansson.h": ("ctl/",),
    "spf2/": ("lib/auth/spf.c",),
    "opendkim/": ("lib/auth/dkim.c",),
    "dkim.h": ("lib/auth/dkim.c",),
    "maxminddb.h": ("lib/geo/geoip.c",),
    "unbound.h": ("lib/dns/resolver.c",),
    "libpsl.h": ("lib/net/psl.c",),
    "idn2.h": ("lib/net/psl.c",),
    "unicode/": ("lib/mail/lookalike.c",),
}

# What the C library and the kernel bring.
SYSTEM = set("""
assert ctype dirent errno fcntl float getopt glob grp inttypes iso646 langinfo
limits locale math netdb poll pthread pwd regex sched search semaphore setjmp
signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib
stdnoreturn string strings sysexits syslog termios threads time unistd wchar
wctype utime ftw fnmatch spawn wordexp err byteswap endian ifaddrs paths
uchar tgmath fenv errno stropts ucontext iconv libintl malloc
""".split())
SYSTEM_FOLDERS = ("sys/", "netinet/", "arpa/", "net/", "linux/")

# The names by which a foreign type would show in a header of ours.
FOREIGN_TYPES = (
    r"\b(redis(Context|Reply|AsyncContext)|cfg_(t|opt_t)|MHD_\w+|SMFICTX"
    r"|sfsistat|smfiDesc|SMFIS_\w+|EVP_\w+|HMAC_CTX|SSL_\w+|json_t"
    r"|SPF_\w+_t|DKIM(_\w+)?|MMDB_\w+|ub_(ctx|result)|psl_ctx_t"
    r"|USpoofChecker|UIDNA)\b")


def folder_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "lib" else parts[0]


def project_includes(tree, path):
    return [(line, name) for line, system, name in lint.includes(tree, path)
            if not system]


def lower_rows(tree):
    breaches = []
    for path in tree.files(".c", ".h", ".def", under=("lib",)):
        own = folder_of(path)
        if own not in ROW_OF:
            breaches.append("%s:1: folder %s is in no row" % (path, own))
            continue
        for line, name in project_includes(tree, path):
            other = name.split("/")[0]
            if other == own:
                continue
            if other not in ROW_OF or ROW_OF[other] >= ROW_OF[own]:
                breaches.append('%s:%d: lib/%s includes "%s", which is not '
                                'below it' % (path, line, own, name))
    return breaches


def programs_apart(tree):
    breaches = []
    for path in tree.files(".c", ".h", under=PROGRAMS):
        own = folder_of(path)
        for line, name in project_includes(tree, path):
            other = name.split("/")[0]
            if other != own and other not in ROW_OF:
                breaches.append('%s:%d: %s includes "%s"; it may include lib/ '
                                'and itself' % (path, line, own, name))
    return breaches


def unit_tests_low(tree):
    breaches = []
    for path in tree.files(".c", ".h", under=("t/unit",)):
        own = path.split("/")[2]
        for line, name in project_includes(tree, path):
            parts = name.split("/")
            # The rig of a lower row is as low as that row.
            other = parts[1] if parts[0] == "unit" else parts[0]
            if other in (own, "support"):
                continue
            limit = ROW_OF.get(own, len(ROWS))
            if other not in ROW_OF or ROW_OF[other] >= limit:
                breaches.append('%s:%d: a test of %s includes "%s", which is '
                                'not below it' % (path, line, own, name))
    return breaches


def found_by_path(tree):
    """Each quoted include is a path from lib/, the top, t/ or the build."""
    breaches = []
    for path in tree.files(".c", ".h"):
        for line, name in project_includes(tree, path):
            if "/" not in name:
                breaches.append('%s:%d: "%s" has no folder'
                                % (path, line, name))
    return breaches


def own_header_first(tree):
    breaches = []
    for path in tree.files(".c", under=("lib",) + PROGRAMS):
        if not tree.has(path[:-2] + ".h"):
            continue
        want = path[:-2] + ".h"
        want = want[4:] if want.startswith("lib/") else want
        found = lint.includes(tree, path)
        if not found or found[0][1] or found[0][2] != want:
            breaches.append('%s:%d: the first include is not "%s"'
                            % (path, found[0][0] if found else 1, want))
    return breaches


def no_source_included(tree):
    return ['%s:%d: includes "%s"' % (path, line, name)
            for path in tree.files(".c", ".h")
            for line, _, name in lint.includes(tree, path)
            if name.endswith(".c")]


def is_system(name):
    return name.startswith(SYSTEM_FOLDERS) or name[:-2] in SYSTEM


def may_include(path, allowed):
    return any(path == a or a.endswith("/") and path.startswith(a)
               for a in allowed)


def wrappers(tree):
    breaches = []
    for path in tree.files(".c", ".h", under=("lib",) + PROGRAMS):
        for line, system, name in lint.includes(tree, path):
            if not system or is_system(name):
                continue
            allowed = [files for head, files in WRAPPERS.items()
                       if name == head
                       or head.endswith("/") and name.startswith(head)]
            if not allowed:
                breaches.append("%s:%d: <%s> is foreign and has no wrapper in "
                                "t/lint/layers.py" % (path, line, name))
            elif not may_include(path, allowed[0]):
                breaches.append("%s:%d: <%s> may be included by %s only"
                                % (path, line, name, ", ".join(allowed[0])))
    return breaches


def foreign_types(tree):
    import re
    pattern = re.compile(FOREIGN_TYPES)
    breaches = []
    for path in tree.files(".h", under=("lib",) + PROGRAMS):
        code = tree.code(path)
        for match in pattern.finditer(code):
            breaches.append("%s:%d: foreign name %s in a header"
                            % (path, lint.line_of(code, match.start()),
                               match.group(0)))
    return breaches


RULES = [
    ("a folder of lib/ includes itself and lower rows, never a peer",
     lower_rows),
    ("a program includes lib/ and itself, no other program", programs_apart),
    ("a unit test includes its own row and lower ones", unit_tests_low),
    ("a project header is included by its path", found_by_path),
    ("a source includes its own header first", own_header_first),
    ("no source is included", no_source_included),
    ("a foreign library has one wrapper", wrappers),
    ("no foreign type is in a header of ours", foreign_types),
]

if __name__ == "__main__":
    lint.run(RULES)
