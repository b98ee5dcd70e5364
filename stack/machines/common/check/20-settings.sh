#!/usr/bin/env bash
# The machine runs with the settings that it was given.
set -euo pipefail
grep --quiet '^ssh_pwauth: false$' /etc/cloud/cloud.cfg.d/90-cinema.cfg
while IFS=' =' read -r name value; do
  case $name in '' | '#'*) continue ;; esac
  found=$(sysctl --ignore --values "$name" 2>/dev/null)
  # A kernel without the setting has not what it restricts.
  if [ -n "$found" ] && [ "$found" != "$value" ]; then
    echo "$name is $found, not $value" >&2
    exit 1
  fi
done </etc/sysctl.d/90-cinema.conf
