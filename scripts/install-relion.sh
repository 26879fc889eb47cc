#!/usr/bin/env bash
# Installs RELION (Debian package `relion`, about 124 MB): test/physics/relion.test.ts compares our images with its
# images, and bench/compare.ts our runs with its runs.
# Does nothing where it is present.
set -euo pipefail
exec 9>"${TMPDIR:-/tmp}/cryogan-install-relion.lock"
flock 9 # test files run side by side
if command -v relion_project >/dev/null; then exit 0; fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends relion
}
# Package lists that are missing or out of date make the first attempt fail.
install || { "${as_root[@]}" apt-get update -q && install; }
