#!/usr/bin/env bash
# extract.sh ONNXRUNTIME-REQUIREMENT TARGET: the runtime's library and the Magika model, for an image.
#   extract.sh onnxruntime==1.31.1 out   makes out/onnxruntime/libonnxruntime.so.* and out/models/magika/1/model.onnx
#   extract.sh 'onnxruntime-gpu[cuda,cudnn]==1.31.1' out   also takes the CUDA libraries that these extras bring
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
[ $# = 2 ] || fail "usage: extract.sh ONNXRUNTIME-REQUIREMENT TARGET"
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
case $1 in
    *\[*\]*) make_venv "$venv" "$1" ;;
    *) make_venv "$venv" "$1" --no-deps ;;
esac
take_runtime "$venv" "$2/onnxruntime"
if [ -d "$(site_packages "$venv")/nvidia" ]; then
    find "$(site_packages "$venv")/nvidia" -name '*.so*' -exec install -m 0755 -t "$2/onnxruntime" {} +
fi
make_venv "$venv" "$(grep '^magika==' "$here/requirements.txt")" --no-deps
take_magika "$venv" "$2/models/magika/1"
