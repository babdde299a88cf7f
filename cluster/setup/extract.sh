#!/usr/bin/env bash
# extract.sh ONNXRUNTIME-REQUIREMENT TARGET: the runtime's library and the Magika model, for an image.
#   extract.sh onnxruntime==1.31.1 out   makes out/onnxruntime/libonnxruntime.so.* and out/models/magika/1/model.onnx
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
[ $# = 2 ] || fail "usage: extract.sh ONNXRUNTIME-REQUIREMENT TARGET"
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
make_venv "$venv" "$1" --no-deps
take_runtime "$venv" "$2/onnxruntime"
make_venv "$venv" "$(grep '^magika==' "$here/requirements.txt")" --no-deps
take_magika "$venv" "$2/models/magika/1"
