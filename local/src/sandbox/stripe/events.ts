/** The events API, and how an event becomes a signed webhook request. */
import { createHmac } from "node:crypto";
import type { Row } from "../store.js";
import type { Outgoing } from "../webhooks.js";
import type { Route } from "./context.js";
import { load, shown } from "./context.js";
import { page } from "./lists.js";
import { strings, text } from "./params.js";

const TABLE = "events";

/** `Stripe-Signature` of a payload: one `v1` per secret, as while a secret is being rotated. */
export function signatureHeader(payload: string, secrets: string[], timestamp: number): string {
  const signed = secrets.map((secret) => `v1=${createHmac("sha256", secret).update(`${timestamp}.${payload}`).digest("hex")}`);
  return [`t=${timestamp}`, ...signed].join(",");
}

/** The request that delivers an event now. */
export function webhookRequest(event: Row, target: { url: string; secrets: string[] }, now: number): Outgoing {
  const body = JSON.stringify(shown(event), null, 2);
  return {
    url: target.url,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
      "stripe-signature": signatureHeader(body, target.secrets, now),
    },
    body,
    acknowledged: (status) => status >= 200 && status < 300,
  };
}

function typeMatches(type: string, pattern: string): boolean {
  return pattern.endsWith(".*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}

export const eventRoutes: Route[] = [
  {
    method: "GET",
    path: "/v1/events",
    handle: (ctx, call) => {
      const patterns = strings(call.params, "types") ?? [text(call.params, "type")].filter((t) => t !== undefined);
      return page(call, ctx.store.list(TABLE, (e) => patterns.length === 0 || patterns.some((p) => typeMatches(e["type"] as string, p))));
    },
  },
  { method: "GET", path: "/v1/events/:id", handle: (ctx, call) => load(ctx, TABLE, call.args[0] ?? "", "event") },
];
