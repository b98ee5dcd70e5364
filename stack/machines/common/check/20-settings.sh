#!/usr/bin/env bash
# The machine runs with the settings that it was given.
set -euo pipefail
grep --quiet '^ssh_pwauth: false$' /etc/cloud/cloud.cfg.d/90-cinema.cfg
while IFS=' =' read -r name value; do
  case $name in '' | '#'*) continue ;; esac
  file=/proc/sys/${name//.//}
  # A container has fewer of them than a machine.
  if [ -e "$file" ] && [ "$(cat "$file")" != "$value" ]; then
    echo "$name is $(cat "$file"), not $value" >&2
    exit 1
  fi
done </etc/sysctl.d/90-cinema.conf
