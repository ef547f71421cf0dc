#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs the named programs of t/integration, shows their TAP, ends with one
# line "N passed, N failed". A program that ends early counts as a failure.
# JOBS programs run at a time (1); each keeps to a network of its own.
set -u

here=$(dirname "$0")
export PYTHONDONTWRITEBYTECODE=1

run_one() {
	"${PYTHON:-/usr/bin/python3}" "$here/$1.py" >"$tmp/$1.tap" 2>&1
	echo $? >"$tmp/$1.exit"
}

if [ "${1-}" = --one ]; then
	tmp=$TMP_OF_ALL
	run_one "$2"
	exit 0
fi
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

one_at_a_time() {
	for name in "$@"; do
		echo "# ---- $name"
		run_one "$name"
		cat "$tmp/$name.tap"
	done
}

side_by_side() {
	printf '%s\n' "$@" | TMP_OF_ALL=$tmp xargs -n 1 -P "$JOBS" \
		sh "$0" --one
	for name in "$@"; do
		echo "# ---- $name"
		cat "$tmp/$name.tap"
	done
}

if [ "$(id -u)" -ne 0 ]; then
	echo "Bail out! make integration needs root (namespaces, real MTAs)"
	exit 99
fi
if [ "${JOBS:-1}" -gt 1 ]; then
	side_by_side "$@"
else
	one_at_a_time "$@"
fi

passed=0
failed=0
for name in "$@"; do
	good=$(grep -c '^ok ' "$tmp/$name.tap")
	bad=$(grep -c '^not ok ' "$tmp/$name.tap")
	passed=$((passed + good))
	failed=$((failed + bad))
	if ! grep -q "^1\.\.$((good + bad))\$" "$tmp/$name.tap" ||
		{ [ "$bad" -eq 0 ] && [ "$(cat "$tmp/$name.exit")" != 0 ]; }; then
		echo "# $name ended before its time, exit $(cat "$tmp/$name.exit")"
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
