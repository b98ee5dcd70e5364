#!/usr/bin/env bash
# Beside the system's own Python 3.9, which Amazon Linux needs for itself.
set -euo pipefail
dnf --assumeyes --quiet --releasever=latest install python3.13
