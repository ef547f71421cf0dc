#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Each rule finds the breach that was made for it, and nothing in good code.

A lint that cannot fail says nothing.
"""

import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import headers
import help as helps
import layers
import layout
import length
import source
import state
import translations
import tree as lint

SPDX = "/* SPDX-License-Identifier: BSD-2-Clause */\n"
GOOD_HEADER = SPDX + "#pragma once\n\nint %s(void);\n"
PAGE = "<!-- 2026-11-26 -->\n# Good\n\n## One\n\n    192.0.2.1 <b>\n" \
    "[a](/help/good), [b\nc](/e/GOOD), `<b>`, [d](/delist)\n{abuse}\n"
LONG = "int f(void);\nint f(void)\n{\n\tint a = 0;\n%s\treturn a;\n}\n"

POT = ('msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
       '#: a.html\nmsgid "Write to <b>{name}</b>."\nmsgstr ""\n')
PO = POT.replace('."\nmsgstr ""', '."\nmsgstr "Escriba a <b>{name}</b>."')

# name of the case, rule, file, its text, what the breach must name
BREACHES = [
    ("a peer folder", layers.lower_rows, "lib/fact/a.c",
     '#include "conf/conf.h"\n', "lib/fact/a.c:1"),
    ("a higher row", layers.lower_rows, "lib/net/a.h",
     '\n#include "mail/address.h"\n', "lib/net/a.h:2"),
    ("a folder of no row", layers.lower_rows, "lib/misc/a.c", "", "misc"),
    ("another program", layers.programs_apart, "ctl/a.c",
     '#include "milter/context.h"\n', "ctl/a.c:1"),
    ("a test that reaches up", layers.unit_tests_low, "t/unit/net/test_a.c",
     '#include "store/redis.h"\n', "t/unit/net/test_a.c:1"),
    ("an include without folder", layers.found_by_path, "lib/net/a.c",
     '#include "ipaddr.h"\n', "ipaddr.h"),
    ("an own header that is not first", layers.own_header_first,
     "lib/net/good.c", '#include <stdio.h>\n#include "net/good.h"\n',
     "net/good.h"),
    ("a test with a rig of a higher row", layers.unit_tests_low,
     "t/unit/net/test_a.c", '#include "unit/store/rig.h"\n',
     "t/unit/net/test_a.c:1"),
    ("a source that is included", layers.no_source_included, "t/unit/a.c",
     '#include "net/good.c"\n', "net/good.c"),
    ("a foreign header outside its wrapper", layers.wrappers,
     "lib/store/a.c", "#include <hiredis/hiredis.h>\n", "lib/store/redis.c"),
    ("a foreign header without a wrapper", layers.wrappers, "lib/net/a.c",
     "#include <curl/curl.h>\n", "curl/curl.h"),
    ("a foreign type in a header", layers.foreign_types, "lib/store/a.h",
     "void f(redisContext *c);\n", "redisContext"),
    ("a source without licence", source.licence, "t/a.py", "print()\n",
     "t/a.py:1"),
    ("a forbidden function", source.forbidden, "lib/net/a.c",
     "void f(char *a)\n{\n\tstrcpy(a, a);\n}\n", "lib/net/a.c:3"),
    ("a call of a shell", source.shell, "milter/a.c",
     'int f(void)\n{\n\treturn system("x");\n}\n', "milter/a.c:3"),
    ("a long file", source.file_length, "milter/a.c", "\n" * 701,
     "milter/a.c:701"),
    ("a header without #pragma once", source.once_only, "lib/net/a.h", "\n",
     "lib/net/a.h:1"),
    ("a default over our enum", source.no_default, "lib/net/a.c",
     "enum e { E_A, E_B };\nint f(enum e e)\n{\n\tswitch (e) {\n"
     "\tcase E_A:\n\t\tswitch (1) {\n\t\tcase 1:\n\t\t\tbreak;\n\t\t}\n"
     "\t\treturn 1;\n\tdefault:\n\t\treturn 2;\n\t}\n}\n", "lib/net/a.c:11"),
    ("a path of one machine", source.machine_paths, "lib/net/a.c",
     'const char *a = "/home/joe/x";\n', "lib/net/a.c:1"),
    ("a source that make does not know", source.listed_in_make,
     "lib/net/a.c", "", "lib/net/a.c"),
    ("a long function", length.lengths, "lib/net/a.c", LONG % (
        "\ta++;\n" * 60), "f has 65 lines"),
    ("a branched function", length.complexities, "lib/net/a.c", LONG % (
        "\tif (a)\n\t\ta++;\n" * 12), "complexity 13"),
    ("a source laid out otherwise", layout.layout, "lib/net/a.c",
     "int f( void ) ;\n", "lib/net/a.c:1"),
    ("a header that needs another", headers.alone, "lib/net/a.h",
     "#pragma once\nvoid f(size_t a);\n", "size_t"),
    ("a help page without a date", helps.dated, "portal/help/en/good.md",
     "# Good\n", "portal/help/en/good.md:1"),
    ("a help page without a title", helps.dated, "portal/help/en/good.md",
     "<!-- 2026-11-26 -->\n\n# Good\n", "portal/help/en/good.md:2"),
    ("a help page that is not translated", helps.in_each_language,
     "portal/help/en/new.md", PAGE, "portal/help/es/new.md"),
    ("a translation of no help page", helps.in_each_language,
     "portal/help/es/new.md", PAGE, "portal/help/es/new.md"),
    ("a heading that was not translated", helps.same_headings,
     "portal/help/pt-BR/good.md", PAGE.replace("## ", ""), "pt-BR/good.md"),
    ("a link that was not translated", helps.same_links,
     "portal/help/es/good.md", PAGE.replace("/e/", "/help/"), "es/good.md"),
    ("a value that was lost in translation", helps.same_values,
     "portal/help/es/good.md", PAGE.replace("{abuse}", ""), "es/good.md"),
    ("an example that differs", helps.same_examples,
     "portal/help/es/good.md", PAGE.replace("192", "198"), "es/good.md"),
    ("a link to no help page", helps.links_lead_somewhere,
     "portal/help/en/good.md", PAGE + "[a](/help/bad)\n", "/help/bad"),
    ("a link to no code", helps.links_lead_somewhere,
     "portal/help/en/good.md", PAGE + "[a](/e/BAD)\n", "/e/BAD"),
    ("a link to no page", helps.links_lead_somewhere,
     "portal/help/en/good.md", PAGE + "[a](/listed)\n", "/listed"),
    ("a relative link", helps.links_lead_somewhere,
     "portal/help/en/good.md", PAGE + "[a](good)\n", "good leads"),
    ("raw HTML in a help page", helps.no_markup, "portal/help/en/good.md",
     PAGE + "a <b>c</b>\n", "portal/help/en/good.md:10"),
    ("a help page that make does not know", helps.listed,
     "portal/help/en/new.md", PAGE, "portal/help/en/new.md"),
    ("help pages in two orders", helps.listed, "portal/help/help.am",
     "a = portal/help/en/a.md portal/help/en/b.md portal/help/es/b.md \\\n"
     "\tportal/help/es/a.md\n", "in es"),
    ("a text that is not translated", translations.complete, "po/es.po", POT,
     "po/es.po:7"),
    ("a catalogue that was not updated", translations.complete,
     "po/reprieve.pot", POT + '\nmsgid "New"\nmsgstr ""\n', "po/es.po"),
    ("a fuzzy translation", translations.complete, "po/pt_BR.po",
     PO.replace("#: a.html", "#, fuzzy"), "po/pt_BR.po:7"),
    ("a value that a translation lost", translations.same_values, "po/es.po",
     PO.replace("a <b>{name}", "a <b>"), "po/es.po:6"),
    ("markup that a translation lost", translations.same_markup, "po/es.po",
     PO.replace("a <b>{name}</b>", "a {name}"), "po/es.po:6"),
    ("a full stop that a translation lost", translations.blanks,
     "po/pt_BR.po", PO.replace('</b>."\n', '</b>"\n').replace(
         'msgid "Write to <b>{name}</b>"', 'msgid "Write to <b>{name}</b>."'),
     "po/pt_BR.po:6"),
    ("a translation of no text", translations.known, "po/es.po",
     PO + '\nmsgid "Old"\nmsgstr "Viejo"\n', "po/es.po:9"),
    ("a catalogue of no language of ours", translations.catalogues,
     "po/fr.po", PO, "po/fr.po:1"),
]

# None of these may be taken for a breach.
INNOCENT = [
    ("lib/net/good.c", SPDX + '#include "net/good.h"\n\n'
     '#include "base/result.h"\n\n#include <sys/socket.h>\n\n'
     "/* strcpy(a, b) in a comment */\n"
     'static const char *const words[] = { "gets(x)", "/* " };\n\n'
     "enum e { E_A, E_B };\n\n"
     "int good(void)\n{\n\tint n = (int)sizeof(words);\n\n"
     "\tswitch (n) {\n\tcase 1:\n\t\treturn 2;\n\tdefault:\n"
     "\t\treturn words[0][0];\n\t}\n}\n"),
    ("lib/net/good.h", GOOD_HEADER % "good"),
    ("lib/base/result.h", GOOD_HEADER % "result"),
    ("lib/all.am", "# SPDX-License-Identifier: BSD-2-Clause\n"
     "x = lib/net/good.c lib/net/good.h lib/base/result.h "
     "lib/policy/codes.def portal/routes.c\n"),
    ("lib/policy/codes.def", SPDX + 'CODE(GOOD, "554")\n'),
    ("portal/routes.c", SPDX + "static const struct route routes[] = {\n"
     '\t{ METERS_DELIST, "/delist", WHOLE },\n};\n'),
    ("portal/help/en/good.md", PAGE),
    ("portal/help/es/good.md", PAGE),
    ("portal/help/pt-BR/good.md", PAGE),
    ("portal/help/help.am", "# SPDX-License-Identifier: BSD-2-Clause\n"
     "x = portal/help/en/good.md portal/help/es/good.md \\\n"
     "\tportal/help/pt-BR/good.md\n"),
    ("po/reprieve.pot", POT),
    ("po/es.po", PO),
    ("po/pt_BR.po", PO),
]

STATE = [
    ("a variable at file scope", "static int seen;\n"
     "int f(void);\nint f(void)\n{\n\treturn ++seen;\n}\n", True),
    ("a static variable in a function",
     "int f(void);\nint f(void)\n{\n\tstatic int seen = 3;\n\n"
     "\treturn ++seen;\n}\n", True),
    ("a global variable", "int seen;\n", True),
    ("a constant table of texts is no state",
     'const char *const t[] = { "a", "b" };\n', False),
]


def write(root, path, text):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as file:
        file.write(text)


def fresh(root):
    for path, text in INNOCENT:
        write(root, path, text)
    here = os.path.join(os.environ.get("top_srcdir", "."), ".clang-format")
    with open(here, encoding="utf-8") as file:
        write(root, ".clang-format", file.read())
    return lint.Tree(root, root)


def finds(rule, path, text, want):
    with tempfile.TemporaryDirectory() as root:
        tree = fresh(root)
        write(root, path, text)
        found = rule(tree)
        if any(want in breach for breach in found):
            return []
        return ["wanted %s, got %s" % (want, found)]


def leaves_good_code(rules):
    with tempfile.TemporaryDirectory() as root:
        tree = fresh(root)
        return [b for _, rule in rules for b in rule(tree)]


def finds_state(text, want):
    with tempfile.TemporaryDirectory() as root:
        tree = fresh(root)
        write(root, "lib/net/a.c", text)
        subprocess.run(["cc", "-fPIE", "-c", "-o", root + "/lib/net/x-a.o",
                        root + "/lib/net/a.c"], check=True)
        found = state.state(tree)
        return [] if bool(found) == want else ["got %s" % found]


def cases():
    for name, rule, path, text, want in BREACHES:
        yield ("%s is found" % name,
               lambda _, r=rule, p=path, t=text, w=want: finds(r, p, t, w))
    for name, text, want in STATE:
        yield (name + (" is found" if want else ""),
               lambda _, t=text, w=want: finds_state(t, w))
    rules = layers.RULES + source.RULES + length.RULES + layout.RULES + \
        headers.RULES + helps.RULES + translations.RULES
    yield ("good code is left alone", lambda _: leaves_good_code(rules))


if __name__ == "__main__":
    lint.run(list(cases()))
