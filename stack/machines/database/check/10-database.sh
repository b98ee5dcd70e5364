#!/usr/bin/env bash
# MongoDB is there, of the series that mongod.conf is written for, and starts as its own user.
set -euo pipefail
version=$(mongod --version)
[[ $version == "db version v8.0."* ]]
shell=$(getent passwd mongod | cut -d: -f7)
[[ $shell == /bin/false || $shell == */nologin ]]
/opt/cinema/member/environment/bin/python -m pip --disable-pip-version-check check
(cd /opt/cinema/member && environment/bin/python -c 'import cinema_member.__main__')
systemd-analyze verify mongod.service cinema-join-set.service cinema-renew.service \
  cinema-tell-state.service cinema-rehearsal.service

# mongod itself, away from the data, the port and the settings of the real one.
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
chown mongod:mongod "$work"
as_mongod() { setpriv --reuid mongod --regid mongod --clear-groups --no-new-privs "$@"; }
as_mongod mongod --dbpath "$work" --port 27999 --bind_ip 127.0.0.1 --fork --logpath "$work/log" \
  >/dev/null
as_mongod mongod --dbpath "$work" --shutdown >/dev/null
