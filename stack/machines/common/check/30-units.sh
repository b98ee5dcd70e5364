#!/usr/bin/env bash
# Every unit of ours is one that systemd understands.
set -euo pipefail
for unit in /etc/systemd/system/cinema-*.service; do
  said=$(systemd-analyze verify "$unit" 2>&1 | grep --fixed-strings "$(basename "$unit")" || true)
  if [ -n "$said" ]; then
    echo "$said" >&2
    exit 1
  fi
done
# Nobody but root may change what root runs.
loose=$(find /opt/cinema /etc/cinema -perm /022 -not -type l)
if [ -n "$loose" ]; then
  echo "others may write: $loose" >&2
  exit 1
fi
