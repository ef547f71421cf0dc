#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Each manual page is clean for mandoc, and the pages of ours that it names
# are there.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
find "$top_srcdir/man" "$top_builddir/man" -name 'reprieve*.[1-8]' |
	sed 's|.*/||' | sort -u >"$dir/pages"
echo "1..$(($(wc -l <"$dir/pages") * 2))"
n=0
say() { # result, name
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' "$dir/out"
	fi
}
while read -r page; do
	file=$top_srcdir/man/$page
	long="no such message"
	if [ ! -e "$file" ]; then
		# Nobody edits the lines of a page that a program wrote.
		file=$top_builddir/man/$page
		long="input text line longer than"
	fi
	if command -v mandoc >/dev/null; then
		# Which pages are installed is no fault of ours.
		mandoc -Tlint "$file" 2>&1 |
			grep -v -e 'referenced manual not found' \
				-e 'outdated mandoc.db' -e "$long" >"$dir/out"
		[ ! -s "$dir/out" ]
		say $? "$page is clean"
	else
		n=$((n + 1))
		echo "ok $n # SKIP mandoc is not installed here"
	fi
	sed -n 's/^\.Xr \(reprieve[^ ]*\) \([1-8]\).*/\1.\2/p' "$file" |
		sort -u | grep -v -x -F -f "$dir/pages" >"$dir/out"
	[ ! -s "$dir/out" ]
	say $? "$page names only pages that are there"
done <"$dir/pages"
