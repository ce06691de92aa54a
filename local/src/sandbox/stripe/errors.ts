/** Stripe's error envelope and the errors the sandbox can answer with. */
import type { Row } from "../store.js";

export interface StripeErrorBody {
  type: "api_error" | "card_error" | "idempotency_error" | "invalid_request_error";
  message: string;
  code?: string;
  decline_code?: string;
  param?: string;
  charge?: string;
  payment_intent?: Row;
  setup_intent?: Row;
  payment_method?: Row;
  doc_url?: string;
}

/** An answer with an error status. `kept` says whether Stripe remembers it under the idempotency key. */
export class StripeError extends Error {
  constructor(
    readonly status: number,
    readonly body: StripeErrorBody,
    readonly kept = true,
  ) {
    super(body.message);
  }
}

function documented(body: StripeErrorBody): StripeErrorBody {
  return body.code ? { ...body, doc_url: `https://stripe.com/docs/error-codes/${body.code.replaceAll("_", "-")}` } : body;
}

/** A refused request; validation failures happen before execution and are not kept under the idempotency key. */
export function invalid(message: string, detail: { code?: string; param?: string; status?: number; kept?: boolean; payment_intent?: Row; setup_intent?: Row } = {}): StripeError {
  const { status = 400, kept = false, ...rest } = detail;
  return new StripeError(status, documented({ type: "invalid_request_error", message, ...rest }), kept);
}

export function missing(object: string, id: string, param = "id"): StripeError {
  return invalid(`No such ${object}: '${id}'`, { code: "resource_missing", param, status: param === "id" ? 404 : 400 });
}

export function unexpectedState(kind: "payment_intent" | "setup_intent", message: string, object: Row): StripeError {
  return invalid(message, { code: `${kind}_unexpected_state`, [kind]: object, kept: true });
}

/** A refusal by the card's issuer. */
export function cardError(message: string, detail: Omit<StripeErrorBody, "type" | "message">): StripeError {
  return new StripeError(402, documented({ type: "card_error", message, ...detail }));
}
