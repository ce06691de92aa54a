/** Dropbox Sign event callbacks: `json` in a multipart form, hashed over time and type only, accepted by a fixed answer. */
import { createHmac } from "node:crypto";
import { encodeField } from "../multipart.js";
import type { Row } from "../store.js";
import type { Outgoing } from "../webhooks.js";
import type { EsignContext } from "./context.js";
import { requestShown } from "./context.js";

export const ACKNOWLEDGEMENT = "Hello API Event Received";

export type EsignEventType =
  | "signature_request_sent"
  | "signature_request_viewed"
  | "signature_request_signed"
  | "signature_request_all_signed"
  | "signature_request_downloadable"
  | "signature_request_declined"
  | "signature_request_canceled"
  | "signature_request_expired"
  | "signature_request_remind"
  | "signature_request_email_bounce"
  | "signature_request_reassigned";

const TABLE = "esign_events";

export function emit(ctx: EsignContext, type: EsignEventType, request: Row, signatureId: string | null = null): void {
  const lbgId = (request["metadata"] as Record<string, unknown>)["lbg_id"];
  const event: Row = {
    id: ctx.ids.stripe("esev"),
    time: ctx.clock.now(),
    type,
    signatureId,
    clientId: request["_clientId"],
    request: requestShown(ctx, request),
  };
  ctx.store.put(TABLE, event);
  ctx.webhooks.enqueue({ provider: "esign", eventId: event.id, eventType: type, lane: request.id, lbgId: typeof lbgId === "string" ? lbgId : undefined });
}

/** The callback of an event, keyed with the account's API key. */
export function callbackRequest(event: Row, target: { url: string; apiKey: string }): Outgoing {
  const time = String(event["time"]);
  const type = event["type"] as string;
  const json = JSON.stringify({
    event: {
      event_time: time,
      event_type: type,
      event_hash: createHmac("sha256", target.apiKey).update(time + type).digest("hex"),
      event_metadata: {
        related_signature_id: event["signatureId"] as string | null,
        reported_for_account_id: "sandbox",
        reported_for_app_id: (event["clientId"] as string | undefined) ?? null,
        event_message: null,
      },
    },
    signature_request: event["request"] as unknown,
  });
  const boundary = `sandbox-${event.id}`;
  return {
    url: target.url,
    headers: { "content-type": `multipart/form-data; boundary=${boundary}`, "user-agent": "HelloSign API" },
    body: encodeField("json", json, boundary),
    acknowledged: (status, body) => status === 200 && body.includes(ACKNOWLEDGEMENT),
  };
}
