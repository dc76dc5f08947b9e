#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every test of the workspace and prints how many there were. Tests that meet a real peer look for the
# programs headend and headend-card in the target folder, so those are built first.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --workspace --bins

# Kernel guests need Debian's kernel package (see scripts/setup.sh, which refuses to go on without it under CI).
left_out=()
nextest_filter=()
cargo_filter=()
if ! apt-cache show linux-image-amd64 >/dev/null 2>&1; then
  left_out=(guest linux_esp linux_transport linux_tunnels vfio_guest)
  binaries=$(printf ' or binary(%s)' "${left_out[@]}")
  nextest_filter=(-E "not (package(headend-peers) and (${binaries# or }))")
  cargo_filter=(--exclude headend-peers)
fi

status=0
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --workspace --no-fail-fast "${nextest_filter[@]}" || status=$?
  cargo test -q --workspace --doc || status=$?
else
  out=$(mktemp)
  trap 'rm -f "$out"' EXIT
  cargo test --workspace --no-fail-fast "${cargo_filter[@]}" 2>&1 | tee "$out" || status=$?
  awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
    END { printf "tests: %d passed, %d failed, %d ignored\n", passed, failed, ignored }' "$out"
fi
if [[ ${#left_out[@]} -gt 0 ]]; then
  echo "LEFT OUT, because apt knows no linux-image-amd64: the tests of headend-peers with kernel guests (${left_out[*]})" >&2
fi
exit "$status"
