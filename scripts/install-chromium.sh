#!/usr/bin/env bash
# Debian's Chromium without a window, which takes a third less time to open a page than one that draws a window nobody
# sees. Its software Vulkan driver (SwiftShader) lets tests take the WebGPU path on machines without a GPU.
# Does nothing where it is present.
set -euo pipefail
exec 9>"${TMPDIR:-/tmp}/cryogan-install-chromium.lock"
flock 9 # test files run side by side
[ -e /usr/bin/chromium-headless-shell ] && [ -e /usr/lib/chromium/vk_swiftshader_icd.json ] && exit 0
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends chromium-headless-shell >/dev/null
}
# Package lists that are missing or out of date make the first attempt fail.
install 2>/dev/null || { "${as_root[@]}" apt-get update -q >/dev/null && install; }
