#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The systemd units as installed: well formed, and at most 2.0 exposed.
set -u
units="reprieve-milter reprieve-portal reprieve-dmarc-report"
echo 1..7
if ! command -v systemd-analyze >/dev/null; then
	for n in 1 2 3 4 5 6 7; do
		echo "ok $n # SKIP systemd-analyze is not installed here"
	done
	exit 0
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
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
for unit in $units; do
	# The programs need not be installed for this.
	sed 's|^ExecStart=.*|ExecStart=/bin/true|' \
		"$top_builddir/etc/$unit.service" >"$dir/$unit.service"
done
cp "$top_srcdir/etc/reprieve-milter.socket" \
	"$top_srcdir/etc/reprieve-dmarc-report.timer" "$dir/"
for unit in $units; do
	systemd-analyze security --offline=true --threshold=20 --no-pager \
		"$dir/$unit.service" >"$dir/out" 2>&1
	say $? "$unit.service is at most 2.0 exposed"
	if grep '@[a-z]*@' "$top_builddir/etc/$unit.service" >"$dir/out"; then
		say 1 "$unit.service has no name left to fill in"
	else
		say 0 "$unit.service has no name left to fill in"
	fi
done
# Unknown directives and sections are warnings there.
SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no --generators=no \
	"$dir/reprieve-milter.service" "$dir/reprieve-portal.service" \
	"$dir/reprieve-milter.socket" "$dir/reprieve-dmarc-report.service" \
	"$dir/reprieve-dmarc-report.timer" >"$dir/out" 2>&1
if grep -E "Unknown|Invalid|Failed to parse|bad unit" "$dir/out" |
	grep reprieve >"$dir/found"; then
	mv "$dir/found" "$dir/out"
	say 1 "systemd knows every directive"
else
	say 0 "systemd knows every directive"
fi
