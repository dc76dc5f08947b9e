#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every test of the workspace and prints how many there were. Tests that meet a real peer look for the
# programs headend and headend-card in the target folder, so those are built first.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --workspace --bins
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --workspace --no-fail-fast
  cargo test -q --workspace --doc
else
  out=$(mktemp)
  trap 'rm -f "$out"' EXIT
  status=0
  cargo test --workspace --no-fail-fast 2>&1 | tee "$out" || status=$?
  awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
    END { printf "tests: %d passed, %d failed, %d ignored\n", passed, failed, ignored }' "$out"
  exit "$status"
fi
