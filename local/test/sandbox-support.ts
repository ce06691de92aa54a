/** What the sandbox's tests share: a sandbox on a free port, a webhook receiver, clients; no tests here. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import Stripe from "stripe";
import { startSandbox, type Sandbox } from "../src/sandbox/index.js";

export const SECRET = "whsec_test_current";
export const API_VERSION = "2026-10-28.endive";

export interface Received {
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** Status and body of the next answers; 200 with the e-sign acknowledgement by default. */
  answers: { status: number; body?: string }[];
  close: () => void;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const answers: Receiver["answers"] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
      const { status, body } = answers.shift() ?? { status: 200 };
      response.writeHead(status).end(body ?? "Hello API Event Received");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    answers,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export function stripeClient(url: string, key = "sk_test_sandbox"): Stripe {
  const { hostname, port } = new URL(url);
  return new Stripe(key, { host: hostname, port: Number(port), protocol: "http", apiVersion: API_VERSION as Stripe.LatestApiVersion, maxNetworkRetries: 0, timeout: 3_000, telemetry: false });
}

export interface World {
  sandbox: Sandbox;
  stateDir: string;
  stripe: Stripe;
  receiver: Receiver;
  control: <T = Record<string, unknown>>(method: string, path: string, body?: unknown) => Promise<T>;
  advance: (seconds: number) => Promise<void>;
  flush: () => Promise<void>;
  restart: () => Promise<void>;
}

/** A fresh sandbox whose webhooks go to a receiver; everything ends with the test. */
export async function world(t: TestContext): Promise<World> {
  const stateDir = mkdtempSync(join(tmpdir(), "sandbox-test-"));
  const receiver = await startReceiver();
  const options = {
    port: 0,
    stateDir,
    config: { stripe: { webhookUrl: receiver.url, webhookSecrets: [SECRET, "whsec_test_next"], apiVersion: API_VERSION }, esign: { webhookUrl: receiver.url, apiKey: "esign-key" } },
  };
  const sandbox = await startSandbox(options);
  const w: World = {
    sandbox,
    stateDir,
    stripe: stripeClient(sandbox.url),
    receiver,
    control: async <T>(method: string, path: string, body?: unknown) => {
      const response = await fetch(`${w.sandbox.url}/_sandbox${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      const json = (await response.json()) as T;
      if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(json)}`);
      return json;
    },
    advance: async (seconds) => {
      await w.control("POST", "/clock", { advanceSeconds: seconds });
    },
    flush: async () => {
      const { drained } = await w.control<{ drained: boolean }>("POST", "/webhooks/flush", { timeoutMs: 5_000 });
      if (!drained) throw new Error("webhooks were not drained");
    },
    restart: async () => {
      await w.sandbox.close();
      w.sandbox = await startSandbox(options);
      w.stripe = stripeClient(w.sandbox.url);
    },
  };
  t.after(async () => {
    await w.sandbox.close();
    receiver.close();
    rmSync(stateDir, { recursive: true, force: true });
  });
  return w;
}

/** Types of the Stripe events received so far, in order of arrival. */
export function eventTypes(receiver: Receiver): string[] {
  return receiver.received.filter((r) => r.headers["stripe-signature"]).map((r) => (JSON.parse(r.body) as { type: string }).type);
}

export async function refusal(promise: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await promise;
  } catch (error) {
    return error as Stripe.errors.StripeError;
  }
  throw new Error("the call was accepted");
}
