#!/usr/bin/env bash
# Installs Open MPI and MPICH side by side: test/runtime/mpi.test.ts runs in several processes over each. They share the
# name mpirun; tests call mpirun.openmpi and mpirun.mpich. Does nothing where both are present.
set -euo pipefail
exec 9>"${TMPDIR:-/tmp}/cryogan-install-mpi.lock"
flock 9 # test files run side by side
if command -v mpirun.openmpi mpirun.mpich >/dev/null &&
  ldconfig -p | grep -q 'libmpi\.so\.40' && ldconfig -p | grep -q 'libmpich\.so\.12'; then exit 0; fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    openmpi-bin libopenmpi3 mpich libmpich12
}
# Package lists that are missing or out of date make the first attempt fail.
install || { "${as_root[@]}" apt-get update -q && install; }
