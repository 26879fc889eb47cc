#!/usr/bin/env bash
# Installs what the tests compare against: python3-mrcfile for Debian's own Python. Does nothing where it is present.
set -euo pipefail
exec 9>"${TMPDIR:-/tmp}/cryogan-install-test-debs.lock"
flock 9 # test files run side by side
if /usr/bin/python3 -c "import mrcfile, numpy" 2>/dev/null; then exit 0; fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3-mrcfile
}
# Package lists that are missing or out of date make the first attempt fail.
install || { "${as_root[@]}" apt-get update -q && install; }
