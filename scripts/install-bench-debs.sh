#!/usr/bin/env bash
# Installs what the benchmark compares against: PyTorch with OpenBLAS for Debian's own Python, and python3-mrcfile, by
# which it reads particles.
# Arguments name further packages. Does nothing where all are present.
set -euo pipefail
exec 9>"${TMPDIR:-/tmp}/cryogan-install-bench-debs.lock"
flock 9 # test files run side by side
packages=(python3-torch python3-numpy libopenblas0-pthread python3-mrcfile "$@")
installed() { dpkg-query -W -f='${Status}\n' "${packages[@]}" 2>/dev/null | grep -c 'install ok installed' || true; }
if [ "$(installed)" = "${#packages[@]}" ]; then exit 0; fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
}
# Package lists that are missing or out of date make the first attempt fail.
install || { "${as_root[@]}" apt-get update -q && install; }
