/** What the Dropbox Sign sandbox needs, its errors, and the shape in which a signature request is shown. */
import type { Clock } from "../clock.js";
import type { Ids } from "../ids.js";
import type { Row, Store } from "../store.js";
import type { Webhooks } from "../webhooks.js";

export interface EsignContext {
  store: Store;
  clock: Clock;
  ids: Ids;
  webhooks: Webhooks;
  baseUrl: () => string;
  /** Directory of uploaded and signed documents. */
  documents: string;
}

export const REQUESTS = "signature_requests";

/** An answer with an error status, in the provider's envelope. */
export class EsignError extends Error {
  constructor(
    readonly status: number,
    readonly errorName: string,
    message: string,
    readonly errorPath?: string,
  ) {
    super(message);
  }

  get body(): unknown {
    return { error: { error_msg: this.message, error_name: this.errorName, ...(this.errorPath ? { error_path: this.errorPath } : {}) } };
  }
}

export const badRequest = (message: string, path?: string): EsignError => new EsignError(400, "bad_request", message, path);
export const notFound = (): EsignError => new EsignError(404, "not_found", "Not found");

export function loadRequest(ctx: EsignContext, id: string): Row {
  const request = ctx.store.get(REQUESTS, id);
  if (!request) throw notFound();
  if (request["_canceled"]) throw new EsignError(410, "deleted", "This request has been cancelled.");
  return request;
}

export function requestOfSignature(ctx: EsignContext, signatureId: string): { request: Row; signature: Row } {
  for (const request of ctx.store.list(REQUESTS)) {
    const signature = (request["signatures"] as Row[]).find((s) => s["signature_id"] === signatureId);
    if (signature) return { request, signature };
  }
  throw notFound();
}

/** A signature request as the API shows it. */
export function requestShown(ctx: EsignContext, request: Row): Record<string, unknown> {
  const { id, ...rest } = JSON.parse(JSON.stringify(request, (key, value: unknown) => (key.startsWith("_") ? undefined : value))) as Row;
  const base = ctx.baseUrl();
  return {
    signature_request_id: id,
    ...rest,
    files_url: `${base}/v3/signature_request/files/${id}`,
    details_url: `${base}/sign/${String((request["signatures"] as Row[])[0]?.["signature_id"])}`,
    signing_url: request["_embedded"] ? null : `${base}/sign/${String((request["signatures"] as Row[])[0]?.["signature_id"])}`,
  };
}
