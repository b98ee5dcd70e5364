#!/usr/bin/env bash
# What the action does; its inputs come as variables, so that none of them is ever code.
#
# DIRECTORY, STACK, BASE, COMMIT, REPORTS, ARGUMENTS, PYTHON: as action.yml describes them.
set -euo pipefail

stackproof=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/stackproof.sh

mkdir -p "$REPORTS"
arguments=()
while IFS= read -r argument; do
  if [ -n "$argument" ]; then arguments+=("$argument"); fi
done <<<"$ARGUMENTS"

verdict=0
"$stackproof" check "$DIRECTORY" --stack "$STACK" --commit "$COMMIT" \
  --output "json=$REPORTS/report.json" \
  --output "markdown=$REPORTS/report.md" \
  --output "sarif=$REPORTS/report.sarif" \
  --output "html=$REPORTS/report.html" \
  ${arguments[@]+"${arguments[@]}"} || verdict=$?

# A base that cannot be compared with (the project is new, its program raised) is said, and does not
# hide the verdict.
if [ -n "$BASE" ] && [ "$verdict" -le 1 ]; then
  "$stackproof" diff "$BASE" --directory "$DIRECTORY" --stack "$STACK" \
    --output "json=$REPORTS/difference.json" \
    --output "markdown=$REPORTS/difference.md" ||
    echo "::warning::stackproof could not compare with $BASE"
fi

if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  for part in report difference; do
    if [ -f "$REPORTS/$part.md" ]; then
      cat "$REPORTS/$part.md" >>"$GITHUB_STEP_SUMMARY"
      echo >>"$GITHUB_STEP_SUMMARY"
    fi
  done
fi
exit "$verdict"
