#!/usr/bin/env bash
# What no image may carry: keys, the identity of the machine that it was built on, what was done.
set -euo pipefail
shopt -s nullglob
rm -f /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
rm -f /root/.bash_history /home/*/.bash_history
rm -f /etc/cinema/environment
# systemd makes a new one at the first boot of an empty file.
: >/etc/machine-id
rm -f /var/lib/systemd/random-seed
cloud-init clean --logs
dnf --quiet clean all
