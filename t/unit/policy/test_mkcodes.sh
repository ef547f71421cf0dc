#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# mkcodes, compiled with tables that break its rules: each bad row is named
# with its rule, and the build would stop. The real table passes.
here=$top_builddir/t/unit/policy
said=$(mktemp -d) || exit 99
trap 'rm -rf "$said"' EXIT
count=0

ok() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then echo "ok $count - $2"; else
		echo "not ok $count - $2"
	fi
}

names() {
	grep -qxF "$1: $2" "$said/bad"
	ok $? "$1 is named: $2"
}

"$here/mkcodes_bad" man >"$said/out" 2>"$said/bad"
[ $? = 1 ]; ok $? "a table with bad rows ends the build"
[ ! -s "$said/out" ]; ok $? "no manual is made of a bad table"
names SUCCESS "the reply code is not 4xx or 5xx"
names SHORT_CODE "the reply code is not 4xx or 5xx"
names XCODE_TWO_PARTS "the enhanced code is not d.d{1,3}.d{1,3}"
names XCODE_LONG_PART "the enhanced code is not d.d{1,3}.d{1,3}"
names XCODE_TAIL "the enhanced code is not d.d{1,3}.d{1,3}"
names TWO_CLASSES "reply and enhanced code are of two classes"
names LINE_BREAK "the text is empty or not printable ASCII"
names EIGHT_BIT "the text is empty or not printable ASCII"
names PERCENT "the text holds a '%'"
names NO_URL "the text has no {url}"
names URL_GLUED "{url} is glued to text or a field follows it"
names IP_AFTER_URL "{url} is glued to text or a field follows it"
names UNKNOWN_FIELD "the text has a field that nobody fills in"
names RCPT_550 "550, 553 and 450 get the address in front at MAIL and RCPT"
names RCPT_553 "550, 553 and 450 get the address in front at MAIL and RCPT"
names RCPT_450 "550, 553 and 450 get the address in front at MAIL and RCPT"
names LATER_7_1 "X.7.1 is for a permanent refusal only"
names DOMAIN_AT_RCPT "{domain} is known at the end only"
names LONG_BEHIND_PREFIX "the usual line is over 512 octets behind an address"
names NO_CAUSE "the cause is empty"
names NO_REMEDY "the remedy is empty"
names GOOD "the name is taken"
[ "$(wc -l <"$said/bad")" = 22 ]
ok $? "and nothing else is said of that table"
"$here/mkcodes_long" 2>"$said/bad"
names TOO_LONG "the longest line is over 512 octets"
names TOO_LONG_DOMAIN "the longest line is over 512 octets"
[ "$(grep -c FITS "$said/bad")" = 0 ]
ok $? "a line of 512 octets with the longest domain is fine"
"$top_builddir/lib/policy/mkcodes" man >"$said/man" 2>"$said/bad"
ok $? "the table of this release keeps every rule"
missing=$(sed -n 's/^CODE(\([A-Z_]*\),.*/\1/p' \
	"$top_srcdir/lib/policy/codes.def" |
	while read -r name; do
		grep -qxF ".It Sy $name" "$said/man" || echo "$name"
	done)
[ -z "$missing" ]; ok $? "reprieve-codes(7) has each code$missing"
if command -v mandoc >/dev/null; then
	mandoc -Tlint -W error "$said/man" >&2
	ok $? "reprieve-codes(7) is clean mdoc"
else
	groff -mdoc -ww -Tascii "$said/man" >/dev/null 2>"$said/bad" &&
		[ ! -s "$said/bad" ]
	ok $? "reprieve-codes(7) is clean mdoc"
fi
echo "1..$count"
