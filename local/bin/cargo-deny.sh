#!/usr/bin/env bash
# Runs cargo-deny, installing the pinned version beside the project the first time (an unoptimised build: it takes a
# third of the time, and a check of this tree is quick all the same).
set -euo pipefail
cd "$(dirname "$0")/../.."
version=0.20.2
tools=.local/tools
if ! "$tools/bin/cargo-deny" --version 2>/dev/null | grep -q " $version\$"; then
  echo "  … cargo-deny $version (once, a few minutes)"
  CARGO_TARGET_DIR="$PWD/target/tools" cargo install cargo-deny --version "$version" --locked --debug --quiet \
    --no-default-features --root "$tools"
fi
exec "$tools/bin/cargo-deny" "$@"
