#!/usr/bin/env bash
# pack.sh FOLDER: the release build without symbols, redis-server and the libraries that both link, for run.sh on a machine
# that has none of them.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1
mkdir -p "$folder/lib"
strip -o "$folder/spate" "$root/.build/release/spate"
install "$(command -v redis-server)" "$folder/redis-server"
for binary in "$root/.build/release/spate" "$(command -v redis-server)"; do
    # The C and C++ libraries are the other machine's own.
    ldd "$binary" | awk '$3 ~ /^\// { print $3 }' | grep -vE '/(libc|libm|libpthread|libdl|librt|libstdc\+\+|libgcc_s|ld-linux[^/]*)\.so' \
        | xargs -I{} install -m 0755 {} "$folder/lib/"
done
du -sh "$folder"
