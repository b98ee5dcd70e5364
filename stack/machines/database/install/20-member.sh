#!/usr/bin/env bash
# The members' own program, in an environment of its own: what is locked, by its hash.
set -euo pipefail
dnf --assumeyes --quiet --releasever=latest install python3.13
python3.13 -m venv /opt/cinema/member/environment
# Wheels alone: what has to be compiled would run code of its own here, and need a compiler.
/opt/cinema/member/environment/bin/python -m pip --disable-pip-version-check --no-input install \
  --quiet --require-hashes --no-deps --only-binary :all: \
  --requirement "$CINEMA_SOURCE/database/requirements.txt"
# Compiled now, by root: the members' user cannot write there.
/opt/cinema/member/environment/bin/python -m compileall -q /opt/cinema/member
chmod --recursive go-w /opt/cinema/member
systemctl enable transparent-huge-pages.service mongod.service cinema-join-set.service \
  cinema-renew.timer cinema-tell-state.timer cinema-rehearsal.service
