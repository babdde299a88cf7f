# Shared by setup.sh and extract.sh: messages, virtual environments, what is taken out of the wheels.

say() { printf 'setup: %s\n' "$*"; }

fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

# make_venv FOLDER REQUIREMENTS...: a virtual environment with exactly these packages.
make_venv() {
    local folder=$1
    shift
    python3 -m venv --clear "$folder" \
        || fail "python3 cannot make a virtual environment; install python3-venv (apt-get install python3-venv)"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" \
        || fail "the Python packages of $* could not be installed; is a package index reachable?"
}

# site_packages VENV: where its packages are.
site_packages() { "$1/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])'; }

# take_runtime VENV TARGET: ONNX Runtime's library (and its providers, in a CUDA wheel) out of the wheel. `install` makes
# new files: a library that a running worker has open is not written over.
take_runtime() {
    local capi
    capi=$(site_packages "$1")/onnxruntime/capi
    mkdir -p "$2"
    install -m 0755 "$capi"/libonnxruntime*.so* "$2/" || fail "the wheel onnxruntime holds no library in $capi"
}

# take_magika VENV TARGET: the model out of the wheel.
take_magika() {
    local model
    model=$(find "$(site_packages "$1")/magika/models" -name model.onnx -print -quit)
    [ -n "$model" ] || fail "the wheel magika holds no model.onnx"
    mkdir -p "$2"
    install -m 0644 "$model" "$2/model.onnx"
}
