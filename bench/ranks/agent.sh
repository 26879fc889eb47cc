#!/usr/bin/env bash
# What ssh is to mpirun: agent.sh 10.77.0.2 COMMAND… has a command done on a machine of network.py, which has a name of
# its own as other machines have.
set -euo pipefail
machine="cryogan-${1##*.}"
shift
exec ip netns exec "$machine" unshare --uts bash -c "hostname $machine; $*"
