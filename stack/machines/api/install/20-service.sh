#!/usr/bin/env bash
# The API in an environment of its own: what is locked, by its hash, and the wheel.
set -euo pipefail
if ! getent passwd cinema-api >/dev/null; then
  useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin cinema-api
fi
python3.13 -m venv /opt/cinema/api
pip=(/opt/cinema/api/bin/python -m pip --disable-pip-version-check --no-input install --quiet)
# Wheels alone: what has to be compiled would run code of its own here, and need a compiler.
"${pip[@]}" --require-hashes --no-deps --only-binary :all: \
  --requirement "$CINEMA_SOURCE/payload/requirements.txt"
"${pip[@]}" --no-index --no-deps "$CINEMA_SOURCE"/../cinema_api-*.whl
# Compiled now, by root: the API cannot write there, and would compile at every start.
/opt/cinema/api/bin/python -m compileall -q /opt/cinema/api/lib
chmod --recursive go-w /opt/cinema/api
systemctl enable cinema-api.service
