#!/usr/bin/env bash
# Installs Slurm with its daemons, munge and Open MPI (Debian packages): test/slurm starts a cluster of them on this
# machine. Debian's slurmd can run several times beside itself.
# Does nothing where all are present.
set -euo pipefail
exec 9>"${TMPDIR:-/tmp}/cryogan-install-slurm.lock"
flock 9 # test files run side by side
packages=(slurmctld slurmd slurm-client munge openmpi-bin)
installed() { dpkg-query -W -f='${Status}\n' "${packages[@]}" 2>/dev/null | grep -c 'install ok installed' || true; }
if [ "$(installed)" = "${#packages[@]}" ]; then exit 0; fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
    -o DPkg::Lock::Timeout=300 --no-install-recommends "${packages[@]}"
}
# Package lists that are missing or out of date make the first attempt fail.
install || { "${as_root[@]}" apt-get update -q && install; }
