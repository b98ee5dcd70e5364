#!/usr/bin/env bash
# What the action does. REPORTS is a folder that anybody may have filled: only its JSON is read, and
# the comment and the annotations are rendered from that anew, with our own code.
#
# DIRECTORY is where the project is in its repository.
# HEAD_OWNER, HEAD_REPOSITORY, HEAD_BRANCH, HEAD_SHA: of the run that made the reports.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rendered=$(mktemp -d)
trap 'rm -rf "$rendered"' EXIT

difference=()
if [ -f "$REPORTS/difference.json" ]; then difference=(--difference "$REPORTS/difference.json"); fi

# Exit code 1 says that something is violated, which is no failure of this job.
verdict=0
"$here/../stackproof.sh" render "$REPORTS/report.json" \
  ${difference[@]+"${difference[@]}"} \
  --repository "${GITHUB_SERVER_URL:-https://github.com}/$HEAD_REPOSITORY" --commit "$HEAD_SHA" --project "$DIRECTORY" \
  --output "markdown=$rendered/report.md" --output "sarif=$rendered/report.sarif" \
  >/dev/null || verdict=$?
if [ "$verdict" -gt 1 ]; then exit "$verdict"; fi

python3 "$here/publish.py" --comment "$rendered/report.md" --sarif "$rendered/report.sarif"
