#!/usr/bin/env bash
# Whether the machine is what it should be: every check of it, all of them even when one fails.
set -uo pipefail
failed=0
for script in /opt/cinema/check/*.sh; do
  if bash "$script"; then
    echo "ok      $(basename "$script" .sh)"
  else
    echo "FAILED  $(basename "$script" .sh)"
    failed=1
  fi
done
exit "$failed"
