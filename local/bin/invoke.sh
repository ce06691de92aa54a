#!/usr/bin/env bash
# Runs one function with `cargo lambda` against the dev cloud, with the environment it has there, and sends it an event.
set -euo pipefail
cd "$(dirname "$0")/../.."
function_name=${1:?usage: make invoke FN=<binary> EVENT=<file>}
event=${2:-events/samples/lambda/$function_name.json}
port=9510
[ -f "$event" ] || { echo "there is no event file $event: name one with EVENT=<file>" >&2; exit 1; }
if ! .venv/bin/cargo-lambda --version >/dev/null 2>&1; then
  echo "  … cargo-lambda (once)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check cargo-lambda==1.9.2
fi
environment=$(node --import tsx local/src/cli.ts function-env "$function_name")
set -a; eval "$environment"; set +a
PATH="$PWD/.venv/bin:$PATH" cargo lambda watch -A 127.0.0.1 -P "$port" --bin "$function_name" --ignore-changes >.local/dev/logs/cargo-lambda.log 2>&1 &
watcher=$!
trap 'kill "$watcher" 2>/dev/null || true' EXIT
for _ in $(seq 1 100); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
PATH="$PWD/.venv/bin:$PATH" cargo lambda invoke -A 127.0.0.1 -p "$port" "$function_name" --data-file "$event"
