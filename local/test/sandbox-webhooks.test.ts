/** The sandbox's webhooks and switches: signatures, retries, order, duplicates, faults around the effect, and survival of a kill. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import Stripe from "stripe";
import { API_VERSION, SECRET, eventTypes, refusal, startReceiver, stripeClient, world, type World } from "./sandbox-support.js";

const intentOf = (w: World, lbg: string, key?: string) =>
  w.stripe.paymentIntents.create({ amount: 5_000, currency: "usd", transfer_group: lbg, metadata: { lbg_id: lbg } }, key ? { idempotencyKey: key } : {});

test("webhooks are signed with every current secret and carry the pinned version", async (t) => {
  const w = await world(t);
  await intentOf(w, "lbg_1");
  await w.flush();
  const [hook] = w.receiver.received;
  for (const secret of [SECRET, "whsec_test_next"]) {
    const event = w.stripe.webhooks.constructEvent(hook?.body ?? "", hook?.headers["stripe-signature"] as string, secret);
    assert.equal(event.type, "payment_intent.created");
    assert.equal(event.api_version, API_VERSION);
  }
  assert.throws(() => w.stripe.webhooks.constructEvent(`${hook?.body} `, hook?.headers["stripe-signature"] as string, SECRET), Stripe.errors.StripeSignatureVerificationError);
});

test("a webhook is retried until it is acknowledged, and later ones of the order wait", async (t) => {
  const w = await world(t);
  w.receiver.answers.push({ status: 500 }, { status: 503 });
  const intent = await intentOf(w, "lbg_2");
  await w.stripe.paymentIntents.cancel(intent.id);
  await w.flush();
  assert.deepEqual(eventTypes(w.receiver), ["payment_intent.created", "payment_intent.created", "payment_intent.created", "payment_intent.canceled"]);
});

test("duplicates, reordering and drops hit only the order they are meant for", async (t) => {
  const w = await world(t);
  await w.control("POST", "/faults", { kind: "webhook_duplicate", lbgId: "lbg_dup" });
  await w.control("POST", "/faults", { kind: "webhook_reorder", lbgId: "lbg_swap", remaining: null, delayMs: 5_000 });
  await w.control("POST", "/faults", { kind: "webhook_drop", lbgId: "lbg_drop", eventType: "payment_intent.created" });
  for (const lbg of ["lbg_dup", "lbg_swap", "lbg_drop", "lbg_plain"]) {
    const intent = await intentOf(w, lbg);
    await w.stripe.paymentIntents.cancel(intent.id);
  }
  await w.flush();
  const typesOf = (lbg: string) => w.receiver.received.map((r) => JSON.parse(r.body) as Stripe.Event).filter((e) => (e.data.object as Stripe.PaymentIntent).transfer_group === lbg).map((e) => e.type);
  assert.deepEqual(typesOf("lbg_dup"), ["payment_intent.created", "payment_intent.created", "payment_intent.canceled"]);
  assert.deepEqual(typesOf("lbg_swap"), ["payment_intent.canceled", "payment_intent.created"]);
  assert.deepEqual(typesOf("lbg_drop"), ["payment_intent.canceled"]);
  assert.deepEqual(typesOf("lbg_plain"), ["payment_intent.created", "payment_intent.canceled"]);
  await w.control("POST", "/webhooks/resend", { status: "dropped" });
  await w.flush();
  assert.deepEqual(typesOf("lbg_drop"), ["payment_intent.canceled", "payment_intent.created"]);
});

test("an error before the effect leaves nothing; after it, the same key finds the effect", async (t) => {
  const w = await world(t);
  await w.control("POST", "/faults", { kind: "error", path: "/v1/payment_intents", lbgId: "lbg_before", when: "before" });
  await w.control("POST", "/faults", { kind: "error", path: "/v1/payment_intents", lbgId: "lbg_after", when: "after", status: 503 });
  assert.equal((await refusal(intentOf(w, "lbg_before", "k1"))).statusCode, 500);
  assert.equal((await w.stripe.paymentIntents.list()).data.length, 0);
  assert.equal((await refusal(intentOf(w, "lbg_after", "k2"))).statusCode, 503);
  const [made] = (await w.stripe.paymentIntents.list()).data;
  assert.equal((await intentOf(w, "lbg_after", "k2")).id, made?.id);
  assert.equal((await w.stripe.paymentIntents.list()).data.length, 1);
});

test("a time-out after the effect is resolved by the idempotency key", async (t) => {
  const w = await world(t);
  await w.control("POST", "/faults", { kind: "timeout", path: "/v1/payment_intents", when: "after", delayMs: 50 });
  const body = new URLSearchParams({ amount: "5000", currency: "usd", transfer_group: "lbg_3", "metadata[lbg_id]": "lbg_3" });
  await assert.rejects(fetch(`${w.sandbox.url}/v1/payment_intents`, { method: "POST", body, headers: { authorization: "Bearer sk_test_sandbox", "idempotency-key": "k3" } }));
  const again = await intentOf(w, "lbg_3", "k3");
  assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
});

test("the next payment can be made to decline", async (t) => {
  const w = await world(t);
  await w.control("POST", "/faults", { kind: "decline", lbgId: "lbg_4", declineCode: "insufficient_funds" });
  const intent = await intentOf(w, "lbg_4");
  assert.equal((await refusal(w.stripe.paymentIntents.confirm(intent.id, { payment_method: "pm_card_visa" }))).decline_code, "insufficient_funds");
  assert.equal((await w.stripe.paymentIntents.confirm(intent.id, { payment_method: "pm_card_visa" })).status, "succeeded");
});

test("requests are recorded with what the contract check needs and without credentials", async (t) => {
  const w = await world(t);
  await intentOf(w, "lbg_5", "k5");
  const { requests } = await w.control<{ requests: { params: unknown; headers: Record<string, string>; key: string }[] }>("GET", "/requests?lbgId=lbg_5");
  assert.deepEqual(requests[0]?.params, { amount: "5000", currency: "usd", transfer_group: "lbg_5", metadata: { lbg_id: "lbg_5" } });
  assert.equal(requests[0]?.headers["stripe-version"], API_VERSION);
  assert.equal(requests[0]?.headers["idempotency-key"], "k5");
  assert.doesNotMatch(JSON.stringify(requests), /sk_test/);
});

test("a killed sandbox loses nothing it acknowledged and delivers what was still queued", async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), "sandbox-kill-"));
  const receiver = await startReceiver();
  let child: ChildProcess | undefined;
  t.after(() => {
    child?.kill("SIGKILL");
    receiver.close();
    rmSync(stateDir, { recursive: true, force: true });
  });
  const start = async (webhookUrl: string): Promise<string> => {
    const env = { PATH: process.env["PATH"] ?? "", SANDBOX_PORT: "0", SANDBOX_STATE_DIR: stateDir, STRIPE_WEBHOOK_URL: webhookUrl, STRIPE_WEBHOOK_SECRETS: SECRET };
    child = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, "../src/sandbox/main.ts")], { env, stdio: ["ignore", "pipe", "inherit"] });
    return new Promise((resolve, reject) => {
      child?.once("exit", () => reject(new Error("the sandbox did not start")));
      child?.stdout?.on("data", (chunk: Buffer) => {
        const url = /"message":"listening","url":"([^"]+)"/.exec(chunk.toString())?.[1];
        if (url) resolve(url);
      });
    });
  };
  const stripe = stripeClient(await start("http://127.0.0.1:9/unreachable"));
  const intent = await stripe.paymentIntents.create({ amount: 5_000, currency: "usd", confirm: true, payment_method: "pm_card_visa" }, { idempotencyKey: "kill-1" });
  child?.kill("SIGKILL");
  const again = stripeClient(await start(receiver.url));
  assert.equal((await again.paymentIntents.retrieve(intent.id)).status, "succeeded");
  const replayed = await again.paymentIntents.create({ amount: 5_000, currency: "usd", confirm: true, payment_method: "pm_card_visa" }, { idempotencyKey: "kill-1" });
  assert.equal(replayed.id, intent.id);
  const other = await again.paymentIntents.create({ amount: 5_000, currency: "usd" });
  assert.notEqual(other.id, intent.id);
  const until = Date.now() + 5_000;
  while (eventTypes(receiver).length < 4 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(new Set(eventTypes(receiver)), new Set(["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]));
});
