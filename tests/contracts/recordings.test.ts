/** After the suite: every request the deployed Lambdas sent to the providers is judged by the providers' own contracts. Needs a cloud that has worked. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { judge } from "./esign/contract.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");
/** Fewer would mean that the suite did not get as far as paying. */
const STRIPE_REQUESTS_MIN = 20;

function recording(): string {
  const stateDir = process.env["RASTUP_STATE_DIR"];
  assert.ok(stateDir, "RASTUP_STATE_DIR names the state of the cloud the suite ran on");
  return join(stateDir, "sandbox/requests.jsonl");
}

test("every_recorded_stripe_request_keeps_to_stripes_typed_contract", (t) => {
  const check = join(REPOSITORY, "tests/contracts/stripe/check_requests.py");
  const run = spawnSync(join(REPOSITORY, ".venv/bin/python"), [check, recording(), "--at-least", String(STRIPE_REQUESTS_MIN)], { encoding: "utf8" });
  t.diagnostic(run.stdout.trim());
  assert.equal(run.status, 0, run.stderr || String(run.error));
});

test("every_recorded_esign_request_keeps_to_the_official_clients_models", (t) => {
  const { checked, violations } = judge(readFileSync(recording(), "utf8").split("\n"));
  t.diagnostic(`${checked} e-sign requests checked against the contract`);
  assert.deepEqual(violations, []);
  assert.ok(checked > 0, "the suite sent documents to be signed");
});
