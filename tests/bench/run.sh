#!/usr/bin/env bash
# Builds the sample as it would be deployed, measures it, and writes docs/BENCHMARKS.md. BENCH_PARTS chooses parts.
set -euo pipefail
cd "$(dirname "$0")/../.."

parts=" ${BENCH_PARTS:-build lambdas decisions journeys} "
output=target/bench
packages=(studios finance booking rastup-bench-decisions)
sample=(studios_resolver stripe_webhook booking_orders_resolver booking_checkout_resolver booking_validate_step)
ts() { node --import tsx "$@"; }
wanted() { [[ $parts == *" $1 "* ]]; }
crates() { cargo tree --locked --edges normal --prefix none --format '{p}' "$@" | cut -d' ' -f1 | sort -u; }

# As the production build sets it: the TLS library seeds itself from the operating system and the processor's own generator,
# not from the jitter of its clock, which takes 23 ms of processor time at every start.
export AWS_LC_SYS_NO_JITTER_ENTROPY=1

# The PDF engine costs a quarter of an hour to optimise, and none of the sample contains any of it: linking drops it.
pdf_engine_unoptimised() {
  local crate
  comm -23 <(crates --package rastup-pdf) <(crates --package rastup-providers --package studios --package profiles) | while read -r crate; do
    printf -- '--config=profile.release.package.%s.opt-level=0\n' "$crate"
  done
}

mkdir -p "$output"
if wanted build; then
  echo "  … release builds (about half a minute a binary after the dependencies)"
  # A target directory of its own: development builds are neither blocked nor replaced.
  mapfile -t unoptimised < <(pdf_engine_unoptimised)
  CARGO_TARGET_DIR=$output cargo build --release --locked --quiet "${unoptimised[@]}" \
    "${packages[@]/#/--package=}" "${sample[@]/#/--bin=}" --bin=bench_decisions
fi
if wanted lambdas; then
  echo "  … functions beside Node"
  ts tests/bench/lambdas.ts
fi
if wanted decisions; then
  echo "  … decisions"
  "$output/release/bench_decisions" >"$output/decisions.json"
fi
if wanted journeys; then
  echo "  … bookings on the local cloud"
  ts local/src/cli.ts with-cloud bench -- node --import tsx tests/bench/journeys.ts
fi
ts tests/bench/report.ts
echo "  docs/BENCHMARKS.md written"
