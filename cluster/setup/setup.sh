#!/usr/bin/env bash
# setup.sh run|test: everything that a run, or the tests, need besides the build. Says what it installs; the second
# time it does nothing and needs no network.
#
#   apt          hiredis, OpenSSL and zlib headers, redis-server, Python with venv (only those that are missing)
#   .spate/      virtual environments, ONNX Runtime's library, recorded requests
#   cluster/models/magika/1/model.onnx    out of the pinned wheel
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/common.sh"
mode=${1:-run}
case $mode in run | test) ;; *) fail "usage: setup.sh run|test" ;; esac
cd "$root"
mkdir -p .spate

# --- Swift ------------------------------------------------------------------------------------------------------
command -v swift >/dev/null || fail "there is no swift on this machine; install a Swift 6.3 toolchain (swift.org/install) and put it on PATH"
version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+)\.([0-9]+).*/\1 \2/p' | head -n 1)
read -r major minor <<<"${version:-0 0}"
[ "$major" -gt 6 ] || { [ "$major" = 6 ] && [ "$minor" -ge 3 ]; } \
    || fail "Swift $major.$minor is too old; Spate needs Swift 6.3 or newer"

# --- apt --------------------------------------------------------------------------------------------------------
packages="pkg-config libhiredis-dev libssl-dev zlib1g-dev redis-server tzdata python3 python3-venv"
missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    command -v apt-get >/dev/null || fail "this set-up needs Debian's apt-get; install by hand:$missing"
    as_root=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "no rights to install packages; run as root: apt-get install$missing"
        as_root="sudo"
    fi
    say "installing with apt:$missing"
    # Spate starts a Redis of its own; the package's service is not started.
    $as_root sh -c "apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends$missing" \
        >.spate/apt.log 2>&1 || fail "apt-get failed; see .spate/apt.log, or run as root: apt-get install$missing"
fi

# --- What the wheels carry --------------------------------------------------------------------------------------
# A stamp holds the digest of what a step was made from; the step runs when it differs.
is_made() { [ "$(cat ".spate/$1.stamp" 2>/dev/null)" = "$2" ]; }
mark() { printf '%s\n' "$2" >".spate/$1.stamp"; }
digest() { cat "$@" | sha256sum | cut -d ' ' -f 1; }

wanted=$(digest cluster/setup/requirements.txt cluster/setup/common.sh)
if ! is_made runtime "$wanted" || [ ! -f cluster/models/magika/1/model.onnx ] || [ ! -x .spate/venv/bin/python ] \
    || ! compgen -G '.spate/onnxruntime/libonnxruntime.so.*' >/dev/null; then
    say "fetching ONNX Runtime and Magika ($(grep -c '==' cluster/setup/requirements.txt) pinned Python packages into .spate/venv)"
    make_venv .spate/venv -r cluster/setup/requirements.txt
    take_runtime .spate/venv .spate/onnxruntime
    take_magika .spate/venv cluster/models/magika/1
    mark runtime "$wanted"
fi

wanted=$(digest cluster/load/record.py cluster/models/digits/samples.json cluster/setup/requirements.txt)
if ! is_made recordings "$wanted" || [ ! -f .spate/recordings/morning.jsonl ]; then
    say "recording requests: real files of this repository and Magika's own answers for them"
    .spate/venv/bin/python cluster/load/record.py .spate/recordings || fail "recording requests failed"
    mark recordings "$wanted"
fi

if [ "$mode" = test ]; then
    wanted=$(digest cluster/setup/requirements-test.txt)
    if ! is_made clients "$wanted" || [ ! -x .spate/venv-test/bin/python ]; then
        say "fetching stock clients ($(grep -c '==' cluster/setup/requirements-test.txt) pinned Python packages into .spate/venv-test)"
        make_venv .spate/venv-test -r cluster/setup/requirements-test.txt
        mark clients "$wanted"
    fi
fi
say "ready ($mode)"
