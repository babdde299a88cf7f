#!/usr/bin/env bash
# What somebody who is not root meets: the README's commands, the command line's and the stock clients' tests, and the tests
# of sockets and processes.
#
#   run.sh           as root: becomes an ordinary user, in a copy of the checkout that belongs to that user
#                    as anybody else: in the checkout itself
#   run.sh --here    in this folder, as whoever calls
#
# It needs what `make setup-test` and a debug build with tests have made.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
say() { printf '== %s\n' "$*"; }
# Removed at the end, however it comes.
made=""
trap '[ -z "$made" ] || rm -rf "$made"' EXIT

become_nobody() {
    local place copy user=65534
    place=$(mktemp -d "${TMPDIR:-/tmp}/spate-user.XXXXXX")
    made=$place
    # A name as people and build servers have them.
    copy="$place/branch of ä & b"
    mkdir -p "$copy/.build/debug" "$place/home"
    say "copying what a user needs to $copy"
    tar -C "$root" --exclude=./.git --exclude='./.build*' --exclude=./.spate -cf - . | tar -C "$copy" -xf -
    mkdir "$copy/.spate"
    for part in onnxruntime recordings venv venv-test; do cp -a "$root/.spate/$part" "$copy/.spate/"; done
    for part in spate KedaTestServer spatePackageTests.xctest; do
        # Hard links where both lie on one file system: these are large.
        cp -al "$root/.build/debug/$part" "$copy/.build/debug/" 2>/dev/null \
            || cp -a "$root/.build/debug/$part" "$copy/.build/debug/"
    done
    # A link shares its owner with the original, which stays root's: reading and executing is enough.
    find "$copy" -path "$copy/.build/debug" -prune -o -exec chown -h $user:$user {} +
    chown $user:$user "$copy/.build/debug" "$place" "$place/home"
    chmod 755 "$place"
    cd "$copy"
    say "as user $user"
    env -i PATH="$PATH" HOME="$place/home" LANG="${LANG:-C.UTF-8}" TMPDIR=/tmp \
        setpriv --reuid=$user --regid=$user --clear-groups --no-new-privs \
        --inh-caps=-all --bounding-set=-all "$copy/Tests/Unprivileged/run.sh" --here
}

# That of the tests' environment, or the system's of the same version where the former lies in a folder of root's own.
choose_python() {
    python=(.spate/venv-test/bin/python)
    if "${python[@]}" -c '' 2>/dev/null; then return; fi
    local packages version
    packages=$(echo "$root"/.spate/venv-test/lib/python*/site-packages)
    version=$(basename "$(dirname "$packages")")
    python=(env "PYTHONPATH=$packages" "/usr/bin/$version")
    "${python[@]}" -c 'import pytest' || {
        echo "the Python of .spate/venv-test cannot be run by this user, and there is no /usr/bin/$version" >&2
        exit 1
    }
}

here() {
    cd "$root"
    local scratch spate=.build/debug/spate
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/spate-here.XXXXXX")
    made=$scratch
    say "user $(id -u), no capabilities: $(grep CapEff /proc/self/status | tr -d '\t')"
    $spate check --config cluster/spate.yaml
    say "make run, in short"
    $spate rehearse --config cluster/spate.yaml --profile cluster/load/steady.yaml --speed 15 \
        --requests .spate/recordings/digits.jsonl --report "$scratch/report"
    test -s "$scratch/report/report.json" -a -s "$scratch/report/report.html"
    say "make bench, in short"
    $spate bench --config cluster/spate.yaml --only idle --seconds 1 --report "$scratch/bench"
    say "sockets, processes and the private Redis"
    .build/debug/spatePackageTests.xctest --testing-library swift-testing \
        --filter 'LoadRunTests|PreflightTests|AsynchronousCallTests|ChildProcessTests|ProcessDriverTests|PrivateRedis'
    say "the command line and stock clients"
    choose_python
    "${python[@]}" -m pytest -q -p no:cacheprovider Tests/CommandLine
    "${python[@]}" -m pytest -q -p no:cacheprovider Tests/Clients/test_{tritonclient,jobs,bad_input}.py
}

case "${1-}" in
--here) here ;;
"") if [ "$(id -u)" = 0 ]; then become_nobody; else here; fi ;;
*) echo "usage: $0 [--here]" >&2; exit 64 ;;
esac
