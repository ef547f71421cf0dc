#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Is each help page there in each language, and says the same in all?"""

import re
import sys

sys.dont_write_bytecode = True

import tree as lint

FOLDER = "portal/help"
FIRST = "en"
OTHERS = ("es", "pt-BR")
CODE = re.compile(r"^(?: {4,}|\t)")
SPAN = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^()\s]*)\)")
CODES = "lib/policy/codes.def"
ROUTES = "portal/routes.c"


def path_of(language, name):
    return "%s/%s/%s.md" % (FOLDER, language, name)


def pages(tree, language):
    """Names, without folder and ending."""
    under = "%s/%s" % (FOLDER, language)
    return [path[len(under) + 1:-len(".md")]
            for path in tree.files(".md", under=(under,))]


def pairs(tree):
    """(path in English, path of its translation), where both are there."""
    for name in pages(tree, FIRST):
        for language in OTHERS:
            if tree.has(path_of(language, name)):
                yield path_of(FIRST, name), path_of(language, name)


def all_pages(tree):
    return [path_of(language, name) for language in (FIRST,) + OTHERS
            for name in pages(tree, language)]


def prose(tree, path):
    """The lines, with examples and code spans blanked out."""
    return [SPAN.sub("", "" if CODE.match(line) else line)
            for line in tree.text(path).split("\n")]


def values(tree, path):
    """What the program puts in: {postmaster}."""
    return sorted(re.findall(r"\{[a-z_]+\}", "\n".join(prose(tree, path))))


def headings(tree, path):
    return [re.match(r"#+", line).group(0) for line in prose(tree, path)
            if re.match(r"#+ ", line)]


def links(tree, path):
    # A link may be broken over two lines, but not its address.
    return LINK.findall("\n".join(prose(tree, path)))


def examples(tree, path):
    return [line.strip() for line in tree.text(path).split("\n")
            if CODE.match(line)]


def dated(tree):
    breaches = []
    for path in all_pages(tree):
        head = tree.text(path).split("\n", 2)
        if not re.match(r"<!-- \d{4}-\d\d-\d\d -->$", head[0]):
            breaches.append("%s:1: not the date of its last change" % path)
        if len(head) < 2 or not re.match(r"# \S", head[1]):
            breaches.append("%s:2: not its title" % path)
    return breaches


def in_each_language(tree):
    breaches = []
    want = set(pages(tree, FIRST))
    for language in OTHERS:
        have = set(pages(tree, language))
        breaches += ["%s:1: is missing" % path_of(language, name)
                     for name in sorted(want - have)]
        breaches += ["%s:1: is not there in English" % path_of(language, name)
                     for name in sorted(have - want)]
    return breaches


def compare(tree, read, what):
    breaches = []
    for first, other in pairs(tree):
        want, have = read(tree, first), read(tree, other)
        if want != have:
            breaches.append("%s:1: %s %s, in English %s" % (
                other, what, " ".join(have), " ".join(want)))
    return breaches


def same_headings(tree):
    return compare(tree, headings, "headings")


def same_links(tree):
    # The order within a sentence is the language's own.
    return compare(tree, lambda t, p: sorted(links(t, p)), "links")


def same_values(tree):
    return compare(tree, values, "values")


def same_examples(tree):
    return compare(tree, examples, "examples")


def found(tree, path, pattern):
    return set(re.findall(pattern, tree.text(path), re.M)) \
        if tree.has(path) else set()


def links_lead_somewhere(tree):
    known = found(tree, ROUTES, r'^\t\{ \w+, "(/[^"]*)"')
    known |= {"/help/" + name for name in pages(tree, FIRST)}
    known |= {"/e/" + name for name in found(tree, CODES, r"^CODE\((\w+),")}
    return ["%s:1: %s leads nowhere" % (path, link)
            for path in all_pages(tree) for link in links(tree, path)
            if link.split("#")[0] not in known]


def no_markup(tree):
    breaches = []
    for path in all_pages(tree):
        for number, line in enumerate(prose(tree, path)[1:], 2):
            if re.search(r"<[A-Za-z/!?]", line):
                breaches.append("%s:%d: raw HTML is left out" % (path, number))
    return breaches


def listed(tree):
    """Also in the same order, which is that of the index."""
    text = tree.text(FOLDER + "/help.am") \
        if tree.has(FOLDER + "/help.am") else ""
    order = {language: re.findall(
        r"%s/%s/(\S+)\.md" % (FOLDER, language), text)
        for language in (FIRST,) + OTHERS}
    breaches = ["%s:1: help.am does not name it" % path
                for path in all_pages(tree) if path not in text.split()]
    breaches += ["%s/help.am:1: another order in %s" % (FOLDER, language)
                 for language in OTHERS if order[language] != order[FIRST]]
    return breaches


def each_reason(tree):
    names = re.findall(r'\[GRANT_\w+\] = "(\w+)"',
                       tree.text("lib/policy/grant.c")) \
        if tree.has("lib/policy/grant.c") else []
    breaches = []
    for language in (FIRST,) + OTHERS:
        path = path_of(language, "delisting")
        if not tree.has(path):
            continue
        have = re.findall(r"^## .* \{#(\w+)\}$", tree.text(path), re.M)
        breaches += ["%s:1: no heading {#%s}" % (path, name)
                     for name in names if name != "none" and name not in have]
    return breaches


RULES = [
    ("each help page begins with its date and its title", dated),
    ("each help page is there in each language", in_each_language),
    ("a translated page has the same headings", same_headings),
    ("a translated page has the same links", same_links),
    ("a translated page has the same values", same_values),
    ("a translated page has the same examples", same_examples),
    ("each link of a help page leads somewhere", links_lead_somewhere),
    ("each reason of an answer has its heading", each_reason),
    ("no help page holds raw HTML", no_markup),
    ("make knows each help page, in one order", listed),
]

if __name__ == "__main__":
    lint.run(RULES)
