#!/usr/bin/env bash
# No password opens the machine, and no key came with the image.
set -euo pipefail
shopt -s nullglob
# sshd wants a key of its own before it says anything; the image has none, so here is one.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ssh-keygen -q -t ed25519 -N "" -f "$folder/key"
said=$(sshd -T -h "$folder/key")
sshd_says() { grep --quiet --ignore-case "^$1\$" <<<"$said"; }
for setting in "passwordauthentication no" "kbdinteractiveauthentication no" \
  "permitrootlogin no" "permitemptypasswords no" "authenticationmethods publickey"; do
  sshd_says "$setting" || { echo "sshd does not say: $setting" >&2; exit 1; }
done
# A field of the shadow file that begins with neither ! nor * is a password, or none at all.
open=$(awk -F: '$2 !~ /^[!*]/ {print $1}' /etc/shadow)
if [ -n "$open" ]; then
  echo "accounts with a password: $open" >&2
  exit 1
fi
keys=(/root/.ssh/authorized_keys /home/*/.ssh/authorized_keys)
for file in "${keys[@]}"; do
  # cloud-init writes root's, which tells whoever comes to log in as somebody else.
  if [ -s "$file" ] && grep --invert-match --quiet 'command="echo' "$file"; then
    echo "$file has a key" >&2
    exit 1
  fi
done
