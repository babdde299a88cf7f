#!/usr/bin/env bash
# run.sh: builds the image of the Dockerfile, starts the services of compose.yaml from it, uses them, stops them.
# Says `containers: skipped: <reason>` and succeeds where no containers can be had. What it makes stays in
# .spate/containers and in the engine's store: the second run takes a minute or two.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=$root/.spate/containers
cd "$root"
mkdir -p "$folder"

. "$root/cluster/setup/common.sh" # make_venv

say() { printf 'containers: %s\n' "$*"; }

skip() {
    say "skipped: $*"
    exit 0
}

fail() {
    printf 'containers: %s\n' "$*" >&2
    exit 1
}

# run_logged NAME COMMAND...: with low priority and a deadline, output to a file whose end is shown when it fails.
run_logged() {
    local log="$folder/$1.log"
    shift
    nice -n 10 timeout 3600 "$@" >"$log" 2>&1 && return
    tail -n 40 "$log" >&2
    fail "this failed: $* (all of its output: $log)"
}

. "$here/engine.sh"
. "$here/standin.sh"

# have_image NAME SECONDS: whether the engine has it or can fetch it in this time.
have_image() {
    "$engine" image inspect "$1" >/dev/null 2>&1 && return
    say "fetching $1"
    timeout "$2" "$engine" pull "$1" >"$folder/pull.log" 2>&1
}

# build_step TARGET NAME OPTIONS...: one stage of the Dockerfile.
build_step() {
    local target=$1 name=$2
    shift 2
    run_logged "$target" "$engine" build --target "$target" --tag "$name" "$@" .
}

find_engine "$folder"

run_image=$(sed -nE 's/^ARG RUN_IMAGE=//p' Dockerfile)
build_image=$(sed -nE 's/^ARG BUILD_IMAGE=//p' Dockerfile)
redis_image=$(sed -nE 's/^ *image: (redis:.*)/\1/p' compose.yaml)
image=localhost/spate-test
arguments=()
fetch_mounts=()
build_mounts=()
# The smallest first: it shows soon that no registry answers.
if ! { have_image "$run_image" 120 && have_image "$redis_image" 120 && have_image "$build_image" 1800; }; then
    require_stand_ins
    say "they cannot be fetched; stand-ins take their place"
    make_stand_ins
    redis_image=$stand_in/redis
    arguments=(--build-arg "RUN_IMAGE=$stand_in/base" --build-arg "BUILD_IMAGE=$stand_in/build")
fi

say "building with $engine, 1 of 3: ONNX Runtime and the models"
build_step models "$image-models" "${arguments[@]}" "${fetch_mounts[@]}"
say "building with $engine, 2 of 3: spate (the first time takes about 15 minutes on two cores; see $folder/build.log)"
build_step build "$image-build" "${arguments[@]}" "${build_mounts[@]}"
say "building with $engine, 3 of 3: what runs"
# The mounts again: where the sources changed meanwhile, a stage before is built once more.
build_step run "$image" "${arguments[@]}" "${fetch_mounts[@]}" "${build_mounts[@]}"

if [ ! -f "$folder/venv/made" ] || [ "$here/requirements.txt" -nt "$folder/venv/made" ]; then
    make_venv "$folder/venv" -r "$here/requirements.txt"
    touch "$folder/venv/made"
fi
exec "$folder/venv/bin/python" "$here/services.py" "$engine" "$image" "$redis_image"
