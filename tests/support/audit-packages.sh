#!/usr/bin/env bash
# Are weaknesses known of the packages in requirements.lock? Needs a package index and the feed of PyPI or OSV;
# where they are out of reach it says "not run" and why, and fails nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

place=${PORTAL_AUDIT_DIR:-$HOME/.cache/iot-portal/pip-audit}
said=$(mktemp)
trap 'rm -f "$said"' EXIT

not_run() {
    echo "make audit: not run: $1"
    tail -n 3 "$said"
    exit 0
}

if ! cmp -s tests/support/pip-audit.lock "$place/installed.lock"; then
    python3 -m venv --clear "$place" >"$said" 2>&1 || not_run "no environment could be made"
    "$place/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
        -r tests/support/pip-audit.lock >"$said" 2>&1 || not_run "pip-audit could not be installed"
    cp tests/support/pip-audit.lock "$place/installed.lock"
fi
status=0
"$place/bin/pip-audit" --strict --require-hashes --disable-pip --progress-spinner off --timeout 15 \
    -r requirements.lock >"$said" 2>&1 || status=$?
# It ends with 1 both for what it found and for a feed that it cannot reach: only the former has a table.
if [ $status -ne 0 ] && ! grep -q '^Found [0-9]' "$said"; then
    not_run "the feed of known weaknesses is out of reach"
fi
cat "$said"
exit $status
