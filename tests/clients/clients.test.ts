// Runs the unchanged clients in processes of their own that trust the API's certificate.
//
// Without further ado they go to a gateway started here, whose Lambdas are played from a table. To run the same tests
// against a deployed cloud, set RASTUP_CLIENT_TARGET (see target.ts) and NODE_EXTRA_CA_CERTS.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Gateway } from "../../local/src/gateway/index.js";
import {
  API_KEY,
  buyerClaims,
  createSigner,
  fakeLambda,
  field,
  POOL,
  startTestGateway,
  testWiring,
} from "../../local/test/gateway-support.js";
import { TARGET_VARIABLE, type ClientTarget } from "./target.js";

const CLIENTS = ["amplify.client.ts", "apollo.client.ts"];

describe("unchanged clients", () => {
  let gateway: Gateway | undefined;
  let environment: NodeJS.ProcessEnv = process.env;

  before(async () => {
    if (process.env[TARGET_VARIABLE] !== undefined) return;
    const signer = await createSigner();
    gateway = await startTestGateway(signer, { wiring: playedWiring(), invoker: playedLambdas() });
    const target: ClientTarget = {
      url: gateway.url,
      region: POOL.region,
      apiKey: API_KEY,
      buyerToken: await signer.token(buyerClaims()),
      iam: { accessKeyId: "test", secretAccessKey: "test" },
      studioSlug: "sunlit-loft",
      serviceProfileId: `srv_${"1".repeat(32)}`,
      packageId: `pkg_${"1".repeat(32)}`,
      city: "houston",
      startAt: "2027-03-01T15:00:00Z",
      endAt: "2027-03-01T17:00:00Z",
    };
    environment = { ...process.env, [TARGET_VARIABLE]: JSON.stringify(target), NODE_EXTRA_CA_CERTS: gateway.caPath };
  });
  after(() => gateway?.close());

  for (const client of CLIENTS) {
    it(`${client.replace(".client.ts", "")}_works_unchanged`, { timeout: 120_000 }, async () => {
      const { code, output } = await run(fileURLToPath(new URL(client, import.meta.url)), environment);
      assert.equal(code, 0, output);
    });
  }
});

/** A process of its own: Node reads the certificates it trusts once, when it starts. */
function run(file: string, env: NodeJS.ProcessEnv): Promise<{ code: number | null; output: string }> {
  // Forced to exit: a client keeps timers of its own after the last test.
  // Left in place, this variable would make the child report to the runner instead of to us.
  const { NODE_TEST_CONTEXT: _, ...inherited } = env;
  const child = spawn(process.execPath, ["--import", "tsx", "--test-force-exit", file], { env: inherited, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

function playedWiring(): ReturnType<typeof testWiring> {
  return testWiring({
    fields: [
      field("Query.studio", "studios"),
      field("Query.serviceProfile", "profiles"),
      field("Mutation.setPackages", "profiles"),
      field("Mutation.startCheckout", "checkout"),
      field("Mutation.publishCheckoutStatus", "status"),
      field("Subscription.checkoutStatus", "status"),
    ],
  });
}

interface PlayedEvent {
  arguments: { slug: string; clientRequestId: string; event: unknown };
  info: { fieldName: string };
}

function playedLambdas(): ReturnType<typeof fakeLambda> {
  const drafts = new Map<string, string>();
  return fakeLambda({
    studios: ({ arguments: { slug } }: PlayedEvent) => ({
      data: {
        studioId: `std_${"1".repeat(32)}`,
        slug,
        title: "Sunlit loft",
        rates: [{ kind: "HOURLY", priceCents: 9_000 }],
        cancellationPolicy: [{ fromHours: 24, buyerRefundPct: 100 }],
      },
    }),
    profiles: () => ({
      error: { code: "SP_NOT_FOUND", message: "This profile does not exist.", hint: "Check the id.", retryable: false, corrId: "c" },
    }),
    checkout: ({ arguments: { clientRequestId } }: PlayedEvent) => {
      const draftId = drafts.get(clientRequestId) ?? `lbg_${drafts.size.toString(16).padStart(32, "0")}`;
      drafts.set(clientRequestId, draftId);
      const legs = [{ legId: `leg_${"1".repeat(32)}`, type: "TALENT", status: "AWAITING_DOCS" }];
      return { data: { draftId, order: { lbgId: draftId, status: "AWAITING_DOCS", totalCents: 54_321, legs } } };
    },
    status: ({ arguments: { event }, info }: PlayedEvent) => ({ data: info.fieldName === "checkoutStatus" ? null : event }),
  });
}
