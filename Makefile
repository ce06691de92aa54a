# The commands of the project; each sets up what it needs. `make help` lists them.
SHELL := /bin/bash
LOCAL := node --import tsx local/src/cli.ts
NPM_STAMP := node_modules/.package-lock.json

.DEFAULT_GOAL := help
export NODE_NO_WARNINGS = 1
.NOTPARALLEL:
.PHONY: help demo dev test test-rust test-ts test-cloud lint deny redeploy invoke bench audit stop clean docs

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(NPM_STAMP): package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node 20 or newer (nodejs.org)."; exit 1; }
	@echo "  … Node packages"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

demo: $(NPM_STAMP) ## one linked booking, from quote to payouts, on a local cloud that is gone afterwards
	@$(LOCAL) demo

dev: $(NPM_STAMP) ## the same cloud, left running, with its addresses
	@$(LOCAL) dev

test: lint deny test-rust test-ts test-cloud ## everything

test-rust: $(NPM_STAMP) ## unit and context tests, on a throw-away PostgreSQL
	@$(LOCAL) with-postgres -- cargo test --workspace --lib --test '*' --locked --no-fail-fast --quiet

test-ts: $(NPM_STAMP) ## CDK, state machines, gateway, sandbox and the tidy test
	@$(LOCAL) setup
	@npm run --silent typecheck
	@npm test --silent --workspace infra-cdk
	@npm test --silent --workspace local
	@$(LOCAL) with-postgres -- npm run --silent test:tidy --workspace tests
	@npm run --silent test:contracts --workspace tests
	@.venv/bin/python -m unittest discover -s tests/contracts/stripe -q

test-cloud: $(NPM_STAMP) ## journeys, races, fault injection, client and contract tests against the deployed local cloud
	@$(LOCAL) with-cloud test -- npm run --silent test:cloud --workspace tests

lint: $(NPM_STAMP) ## format and clippy; warnings are errors
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets --locked --quiet -- -D warnings

deny: ## licences, duplicate and unwanted crates
	@bash local/bin/cargo-deny.sh check --hide-inclusion-graph bans licenses sources

audit: $(NPM_STAMP) ## known vulnerabilities (asks the advisory databases)
	@bash local/bin/cargo-deny.sh check advisories
	@npm audit --omit=dev

redeploy: $(NPM_STAMP) ## FN=<binary>: build one function and replace it in the running dev cloud
	@$(LOCAL) redeploy $(FN)

invoke: $(NPM_STAMP) ## FN=<binary> EVENT=<file>: run one function with cargo lambda against the dev cloud
	@bash local/bin/invoke.sh "$(FN)" "$(EVENT)"

bench: $(NPM_STAMP) ## release build of the path's Lambdas beside Node; writes docs/BENCHMARKS.md
	@$(LOCAL) setup
	@bash tests/bench/run.sh

docs: $(NPM_STAMP) ## generated pages of docs/
	@node --import tsx local/src/docs/generate.ts

stop: $(NPM_STAMP) ## stop whatever a killed run left behind
	@$(LOCAL) stop

clean: $(NPM_STAMP) ## remove state, environments and deployed code (cargo's target stays: `cargo clean`)
	@$(LOCAL) clean
