/** What parties and time do to a signature request: view, sign, decline, bounce, expire. */
import type { Row } from "../store.js";
import { badRequest, REQUESTS, requestOfSignature, type EsignContext } from "./context.js";
import { emit } from "./events.js";

const OPEN_SIGNATURE = ["awaiting_signature", "on_hold"];

/** Whether parties can still act on the request. */
export function isOpen(request: Row): boolean {
  return !request["is_complete"] && !request["is_declined"] && !request["_canceled"] && !request["_expired"];
}

export function view(ctx: EsignContext, signatureId: string): Row {
  const { request, signature } = requestOfSignature(ctx, signatureId);
  if (isOpen(request) && signature["last_viewed_at"] === null) {
    signature["last_viewed_at"] = ctx.clock.now();
    ctx.store.put(REQUESTS, request);
    emit(ctx, "signature_request_viewed", request, signatureId);
  }
  return request;
}

export function sign(ctx: EsignContext, signatureId: string): Row {
  const { request, signature } = requestOfSignature(ctx, signatureId);
  if (!isOpen(request) || !OPEN_SIGNATURE.includes(signature["status_code"] as string)) throw badRequest("This signature cannot be given any more.");
  signature["status_code"] = "signed";
  signature["signed_at"] = ctx.clock.now();
  const complete = (request["signatures"] as Row[]).every((s) => s["status_code"] === "signed");
  if (complete) request["_completedAt"] = ctx.clock.now();
  ctx.store.put(REQUESTS, request);
  emit(ctx, "signature_request_signed", request, signatureId);
  if (complete) {
    request["is_complete"] = true;
    ctx.store.put(REQUESTS, request);
    emit(ctx, "signature_request_all_signed", request, signatureId);
    emit(ctx, "signature_request_downloadable", request);
  }
  return request;
}

/** Lets every party that has not signed yet sign, in order. */
export function signAll(ctx: EsignContext, request: Row): Row {
  for (const signature of request["signatures"] as Row[]) {
    if (signature["status_code"] === "awaiting_signature") sign(ctx, signature["signature_id"] as string);
  }
  return request;
}

export function decline(ctx: EsignContext, signatureId: string, reason: string): Row {
  const { request, signature } = requestOfSignature(ctx, signatureId);
  if (!isOpen(request)) throw badRequest("This request is no longer open.");
  signature["status_code"] = "declined";
  signature["decline_reason"] = reason;
  request["is_declined"] = true;
  ctx.store.put(REQUESTS, request);
  emit(ctx, "signature_request_declined", request, signatureId);
  return request;
}

/** The invitation could not be delivered. */
export function bounce(ctx: EsignContext, signatureId: string): Row {
  const { request, signature } = requestOfSignature(ctx, signatureId);
  signature["error"] = "The e-mail address does not accept mail.";
  ctx.store.put(REQUESTS, request);
  emit(ctx, "signature_request_email_bounce", request, signatureId);
  return request;
}

/** Ends requests whose deadline has passed. */
export function expireDue(ctx: EsignContext): void {
  const now = ctx.clock.now();
  for (const request of ctx.store.list(REQUESTS, (r) => typeof r["expires_at"] === "number" && (r["expires_at"] as number) <= now && isOpen(r))) {
    request["_expired"] = true;
    for (const signature of request["signatures"] as Row[]) if (signature["status_code"] === "awaiting_signature") signature["status_code"] = "expired";
    ctx.store.put(REQUESTS, request);
    emit(ctx, "signature_request_expired", request);
  }
}
