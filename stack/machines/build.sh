#!/usr/bin/env bash
# Makes the instance that it runs on the machine $1: first the files of `common` and of the machine's
# own folder, then the install scripts of either by their numbers.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
machine=$1
export CINEMA_SOURCE=$here

parts=(common)
if [ "$machine" != common ]; then parts+=("$machine"); fi

# The archive keeps no permissions: whatever begins with #! is a program.
while IFS= read -r -d '' file; do
  if [ "$(head -c 2 "$file" | tr -d '\0')" = '#!' ]; then chmod 0755 "$file"; fi
done < <(find "$here" -type f -print0)

install -d -m 0755 /etc/cinema /opt/cinema /opt/cinema/check
install -m 0755 "$here/check.sh" /opt/cinema/check.sh
for part in "${parts[@]}"; do
  if [ -d "$here/$part/files" ]; then cp --recursive "$here/$part/files/." /; fi
done
for part in "${parts[@]}"; do
  for script in "$here/$part/install"/*.sh; do
    if [ -e "$script" ]; then
      echo "── $part/install/$(basename "$script")"
      bash "$script"
    fi
  done
  for script in "$here/$part/check"/*.sh; do
    if [ -e "$script" ]; then install -m 0755 "$script" "/opt/cinema/check/$part-$(basename "$script")"; fi
  done
done

# Last, for it takes away what nobody should find in an image.
bash "$here/common/seal.sh"
