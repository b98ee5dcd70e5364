#!/usr/bin/env bash
# Runs stackproof from this folder, in an environment of its own that uv makes and keeps.
# For the actions beside it and for pre-commit. PYTHON names the Python to run it under.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if ! command -v uv >/dev/null; then
  tools=${XDG_CACHE_HOME:-$HOME/.cache}/stackproof-uv
  if [ ! -x "$tools/bin/uv" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check uv
  fi
  PATH="$tools/bin:$PATH"
fi

# Checkov is large: it is installed for contracts that ask for it, and reports are shown without it.
extra=
if [ "${1:-}" != render ] &&
  grep -qs '^hardening:' policy/contract*.yaml "${DIRECTORY:-.}"/policy/contract*.yaml; then
  extra='[checkov]'
fi
exec uv tool run --quiet --python "${PYTHON:-3.11}" --from "$here$extra" stackproof "$@"
