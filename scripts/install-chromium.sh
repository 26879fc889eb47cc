#!/usr/bin/env bash
# Debian's Chromium: its software Vulkan driver (SwiftShader) lets tests take the WebGPU path on machines without a GPU.
set -euo pipefail
[ -e /usr/lib/chromium/vk_swiftshader_icd.json ] && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get install -y --no-install-recommends chromium >/dev/null 2>&1 || { apt-get update >/dev/null && apt-get install -y --no-install-recommends chromium >/dev/null; }
