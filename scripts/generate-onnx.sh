#!/bin/sh
# Regenerates src/tensor/onnx/onnx_pb.ts from the official ONNX schema, as Debian ships it (libonnx-dev).
# Needed only when the schema changes; the generated file is committed. Run it from anywhere, on Debian or Ubuntu.
set -eu
cd "$(dirname "$0")/.."

schema=/usr/include/onnx/onnx.proto
if [ ! -f "$schema" ] || ! command -v protoc >/dev/null; then
  apt-get install -y --no-install-recommends libonnx-dev protobuf-compiler
fi

protoc \
  --plugin=protoc-gen-es=node_modules/.bin/protoc-gen-es \
  --proto_path="$(dirname "$schema")" \
  --es_out=src/tensor/onnx \
  --es_opt=target=ts,import_extension=ts \
  "$(basename "$schema")"
