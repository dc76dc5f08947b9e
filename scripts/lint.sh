#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every check that needs no simulation. Runs them all and fails if one did.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=()
check() {
  local name=$1
  shift
  printf '== %s\n' "$name"
  "$@" || failed+=("$name")
}

shell_scripts() {
  git ls-files -co --exclude-standard | while read -r file; do
    if [[ -f $file && ($file == *.sh || $(head -c 64 "$file" | head -n 1) == '#!'*sh*) ]]; then
      printf '%s\0' "$file"
    fi
  done
}

check "generated files are fresh" cargo run -q -p headend-gen -- --check
check "rustfmt" cargo fmt --all -- --check
check "clippy" cargo clippy -q --keep-going --workspace --all-targets -- -D warnings
check "shellcheck" bash -c "$(declare -f shell_scripts); shell_scripts | xargs -0 shellcheck"
check "house rules" target/tools/venv/bin/python3 hdl/lint/rules.py
check "Verilator and Yosys" target/tools/venv/bin/python3 hdl/lint/tools.py
if [[ ${#failed[@]} -gt 0 ]]; then
  printf 'lint failed: %s\n' "${failed[*]}" >&2
  exit 1
fi
echo "lint: clean"
