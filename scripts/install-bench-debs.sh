#!/usr/bin/env bash
# Installs what the benchmark compares against: PyTorch with OpenBLAS for Debian's own Python. Does nothing where it is present.
set -euo pipefail
installed() { dpkg-query -W -f='${Status}\n' python3-torch python3-numpy libopenblas0-pthread 2>/dev/null | grep -c 'install ok installed' || true; }
if [ "$(installed)" = 3 ]; then exit 0; fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3-torch python3-numpy libopenblas0-pthread
}
# Package lists that are missing or out of date make the first attempt fail.
install || { "${as_root[@]}" apt-get update -q && install; }
