#!/usr/bin/env bash
# The API is there, runs as its own user, and answers without a database.
set -euo pipefail
[ "$(getent passwd cinema-api | cut -d: -f7)" = /usr/sbin/nologin ]
/opt/cinema/api/bin/python -m pip --disable-pip-version-check check

as_api() { setpriv --reuid cinema-api --regid cinema-api --clear-groups --no-new-privs env -i "$@"; }

# Without its environment it says what is missing, and ends.
code=0
as_api /opt/cinema/api/bin/cinema-api serve >/dev/null 2>&1 || code=$?
[ "$code" = 2 ]

log=$(mktemp)
api=
# shellcheck disable=SC2317 # called by the trap
finish() {
  code=$?
  if [ -n "$api" ]; then kill "$api" && wait "$api" || true; fi
  if [ "$code" != 0 ]; then cat "$log" >&2; fi
  rm -f "$log"
}
trap finish EXIT

# With one of the check's own, away from the port and the names of the real one.
as_api AWS_REGION=us-east-1 CINEMA_PORT=18081 CINEMA_DATABASE_HOSTS=127.0.0.1:1 \
  CINEMA_IMAGE_BUCKET=no-such-bucket CINEMA_JWT_KEYS=0123456789abcdef0123456789abcdef \
  /opt/cinema/api/bin/cinema-api serve >"$log" 2>&1 &
api=$!
/opt/cinema/api/bin/python - <<'END'
import time, urllib.error, urllib.request

for attempt in range(240):
    try:
        with urllib.request.urlopen("http://127.0.0.1:18081/healthz", timeout=5) as answer:
            raise SystemExit(0 if answer.status == 200 else f"/healthz: {answer.status}")
    except (ConnectionError, urllib.error.URLError):
        time.sleep(0.25)
raise SystemExit("/healthz never answered")
END
