#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes the databases in this folder anew: small, of addresses for documentation.
set -eu
cd "$(dirname "$0")"
make=../../support/mmdb.py

python3 $make country.mmdb Test-Country <<'EOF'
192.0.2.0/24 {"country_code": "NL"}
192.0.2.128/25 {"country_code": "BR"}
198.51.100.0/24 {"country_code": "ES"}
2001:db8::/32 {"country_code": "PT"}
EOF
python3 $make asn.mmdb Test-ASN --bits 28 <<'EOF'
192.0.2.0/24 {"autonomous_system_number": 64500, "autonomous_system_organization": "Example Networks"}
198.51.100.0/24 {"autonomous_system_number": 64501, "autonomous_system_organization": "Caf\u00e9 Hosting"}
2001:db8::/32 {"autonomous_system_number": 4200000000, "autonomous_system_organization": "Example Six"}
EOF
# As MaxMind, and as others, name their fields.
python3 $make nested.mmdb Test-City --bits 32 <<'EOF'
192.0.2.0/24 {"continent": {"code": "EU"}, "country": {"geoname_id": 2750405, "iso_code": "NL"}}
198.51.100.0/24 {"registered_country": {"iso_code": "ES"}}
EOF
python3 $make both.mmdb Test-Both --ipv4 <<'EOF'
192.0.2.0/24 {"asn": "AS64500", "as_name": "Example Networks", "country": "nl"}
203.0.113.0/24 {"asn": "", "as_name": "", "country": "??"}
EOF
python3 $make newer.mmdb Test-Country <<'EOF'
192.0.2.0/24 {"country_code": "FR"}
EOF
