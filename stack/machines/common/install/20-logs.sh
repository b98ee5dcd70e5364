#!/usr/bin/env bash
# Send the journal of the machine's own units, where it has any: /etc/cinema/log-units names them.
set -euo pipefail
if ! getent passwd cinema-log >/dev/null; then
  useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin \
    --groups systemd-journal cinema-log
fi
install -d -o cinema-log -g cinema-log -m 0755 /var/log/cinema
if [ -s /etc/cinema/log-units ]; then
  systemctl enable cinema-journal.service cinema-agent.service amazon-cloudwatch-agent.service
else
  systemctl disable amazon-cloudwatch-agent.service
fi
