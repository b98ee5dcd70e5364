#!/usr/bin/env bash
# Keys only. sshd takes the first word on a matter, and 10-cinema.conf is read before the rest.
set -euo pipefail
chmod 0600 /etc/ssh/sshd_config.d/10-cinema.conf
# No password of any account can be the right one, on whatever console.
usermod --lock root
if getent passwd ec2-user >/dev/null; then usermod --lock ec2-user; fi
