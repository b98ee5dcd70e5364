#!/usr/bin/env bash
# Everything that is known to need mending, whatever release the base image was locked to.
set -euo pipefail
dnf --assumeyes --quiet --releasever=latest upgrade
dnf --assumeyes --quiet --releasever=latest install amazon-cloudwatch-agent
