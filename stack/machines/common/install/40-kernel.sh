#!/usr/bin/env bash
# At once too, so that the checks see them; a kernel may lack one or another.
set -euo pipefail
sysctl --quiet --ignore --load=/etc/sysctl.d/90-cinema.conf
