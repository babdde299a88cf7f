#!/usr/bin/env bash
# Makes Sources/ExternalScaler/Generated from externalscaler.proto. Run it when the proto or a version below changes, and
# commit what it makes: a build needs neither protoc nor the plugins (the build plugin of swift-protobuf compiles protoc
# itself, which takes 9 minutes on two cores; this takes one).
#
#   Sources/ExternalScaler/Protocol/generate.sh [folder to build the plugins in; default .build-protoc]
#
# Needs swift, python3 with venv, and the network.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${1:-$here/../../../.build-protoc}
mkdir -p "$work/Sources/Nothing"
work=$(cd "$work" && pwd)

cat >"$work/Package.swift" <<'MANIFEST'
// swift-tools-version: 6.2
import PackageDescription
let package = Package(
    name: "plugins",
    dependencies: [
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", exact: "2.4.1"),
    ],
    targets: [.target(name: "Nothing")])
MANIFEST
echo "let nothing = 0" >"$work/Sources/Nothing/Nothing.swift"
swift package --package-path "$work" resolve
for plugin in swift-protobuf:protoc-gen-swift grpc-swift-protobuf:protoc-gen-grpc-swift-2; do
    swift build --package-path "$work/.build/checkouts/${plugin%%:*}" --product "${plugin##*:}" \
        --scratch-path "$work/${plugin##*:}"
done
[ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet grpcio-tools==1.85.1

rm -f "$here/../Generated/"*.swift
"$work/venv/bin/python" -m grpc_tools.protoc --proto_path="$here" \
    --plugin="$work/protoc-gen-swift/debug/protoc-gen-swift" \
    --swift_out="$here/../Generated" --swift_opt=Visibility=Internal,UseAccessLevelOnImports=true \
    --plugin="protoc-gen-grpc-swift=$work/protoc-gen-grpc-swift-2/debug/protoc-gen-grpc-swift-2" \
    --grpc-swift_out="$here/../Generated" \
    --grpc-swift_opt=Visibility=Internal,Server=true,Client=false,UseAccessLevelOnImports=true \
    externalscaler.proto
