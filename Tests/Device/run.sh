#!/usr/bin/env bash
# run.sh: what a machine with an NVIDIA GPU shows of Spate: models on CUDA, loaded, proven, warmed and served, beside the
# runtime's own loop. Needs Python with onnx and numpy, ONNX Runtime for CUDA in $ORT (its wheel, unpacked), CUDA's and
# cuDNN's libraries on the machine, and the folder that pack.sh made in $BUNDLE. Prints what it measured; about four minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
libraries=$(python3 -c 'import site, glob; print(":".join(p for s in site.getsitepackages() for p in glob.glob(s + "/nvidia/*/lib")))')
export LD_LIBRARY_PATH="$ORT/onnxruntime/capi:$libraries:$BUNDLE/lib:${LD_LIBRARY_PATH:-}" PYTHONPATH="$ORT:$here" PATH="$BUNDLE:$PATH"
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || true
library=$(ls "$ORT"/onnxruntime/capi/libonnxruntime.so.*)
for precision in fp32 fp16; do
    name=encoder-$precision
    python3 "$here/model.py" "$work/models/$name/1" $precision
    printf 'providers: [CUDAExecutionProvider]\npools: [gpu]\nbatching: {maximum_rows: 64}\n' >"$work/models/$name/model.yaml"
    echo "== $precision"
    python3 "$here/bare.py" "$work/models/$name/1/model.onnx" "$work/$name.jsonl" $name
    printf 'models: [%s]\nruntime: {onnxruntime_library: %s}\npools:\n  - {name: gpu, device: gpu, minimum_workers: 1, maximum_workers: 1}\n' \
        "$name" "$library" >"$work/$name.yaml"
    for mode in "" "batching: {mode: rows, maximum_rows: 64}"; do
        if [ -n "$mode" ]; then
            printf 'providers: [CUDAExecutionProvider]\npools: [gpu]\n%s\n' "$mode" >"$work/models/$name/model.yaml"
        fi
        spate check --config "$work/$name.yaml" --load || true
        rm -f "$work/address.json"
        spate up --config "$work/$name.yaml" --port 18000 --admin-port 18002 --data "$work/data-$precision${mode:+-rows}" \
            --address-file "$work/address.json" >"$work/up.log" 2>&1 &
        up=$!
        for _ in $(seq 600); do [ -s "$work/address.json" ] && break; sleep 0.1; done
        curl -sf "http://127.0.0.1:18000/v2/models/$name/ready" -o /dev/null --retry 100 --retry-delay 1 --retry-all-errors || true
        for connections in 1 64 256; do
            spate load --url http://127.0.0.1:18000 --admin http://127.0.0.1:18002 --requests "$work/$name.jsonl" \
                --connections $connections --seconds 8 --report "$work/report" 2>&1 | tail -12
        done
        nvidia-smi --query-compute-apps=name,used_memory --format=csv,noheader || true
        kill -TERM $up
        wait $up || true
        grep -E "loaded|joined|warn|error" "$work/up.log" | cut -c1-400 | head -20
    done
done
