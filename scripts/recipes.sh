#!/usr/bin/env bash
# Follows the documents as a reader would, with the tools that they name: every recipe in the long form of its test, the
# examples that load into tables, and the statements for BigQuery and Snowflake as sqlglot understands them. Fetches into
# tmp/recipes DuckDB's command line and Python's packages (700 MB, once), by their hashes; and into tmp/loaders what the
# example for Postgres needs. What cannot be fetched is said; on GitHub it is a failure.
#
#   npm run recipes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=$PWD/tmp/recipes
wanted=scripts/recipes/requirements.txt

missing() {
  echo "Not checked: $1"
  if [ "${GITHUB_ACTIONS:-}" = true ]; then exit 1; fi
  exit 0
}

if ! cmp -s "$wanted" "$tools/fetched.txt"; then
  python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    missing 'there is no Python 3.11 with pip and venv here for the recipes.'
  command -v jq > /dev/null || missing 'there is no jq here for the recipes.'
  echo 'Fetching the tools of the recipes ...'
  python3 -m venv --clear "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r "$wanted" ||
    missing 'the Python packages of the recipes cannot be fetched.'
  cp "$wanted" "$tools/fetched.txt"
fi

RECIPES=all node scripts/on-node24.mjs --bin vitest run --mode long test/action/recipes.test.ts test/action/loads.test.ts
