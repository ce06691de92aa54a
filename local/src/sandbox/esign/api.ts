/** The Dropbox Sign API as far as documents need it: send, embed, fetch, files, remind, update, cancel. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromPairs, mapOf, textOf, type Params } from "../form.js";
import { boundaryOf, parseMultipart, type Part } from "../multipart.js";
import type { Row } from "../store.js";
import { badRequest, EsignError, loadRequest, notFound, REQUESTS, requestOfSignature, requestShown, type EsignContext } from "./context.js";
import { emit } from "./events.js";
import { expireDue, isOpen } from "./lifecycle.js";
import { withCertificate } from "./pdf.js";

export interface EsignRequest {
  method: string;
  path: string;
  query: string;
  body: Buffer;
  headers: Record<string, string | string[] | undefined>;
}

export interface EsignResponse {
  status: number;
  headers: Record<string, string>;
  body: Buffer | string;
}

export interface ReadEsignRequest {
  params: Params;
  files: Part[];
  lbgId?: string;
}

const MAX_METADATA_KEYS = 10;

export class EsignApi {
  constructor(
    private readonly ctx: EsignContext,
    /** API keys that are accepted; any non-empty one when empty. */
    private readonly keys: () => string[],
  ) {
    mkdirSync(ctx.documents, { recursive: true });
  }

  read(request: EsignRequest): ReadEsignRequest {
    const type = request.headers["content-type"];
    const contentType = typeof type === "string" ? type : "";
    const boundary = boundaryOf(contentType);
    let params: Params = fromPairs(new URLSearchParams(request.query));
    let files: Part[] = [];
    if (contentType.startsWith("multipart/form-data") && boundary) {
      const parts = parseMultipart(request.body, boundary);
      files = parts.filter((part) => part.filename !== undefined);
      params = fromPairs(parts.map((part): [string, string] => [part.name, part.filename === undefined ? part.data.toString("utf8") : `<file:${part.data.length}>`]));
    } else if (contentType.startsWith("application/json") && request.body.length > 0) {
      params = fromPairs(flatten(JSON.parse(request.body.toString("utf8"))));
    } else if (request.body.length > 0) {
      params = fromPairs(new URLSearchParams(request.body.toString("utf8")));
    }
    const metadata = metadataOf(params);
    const id = request.path.split("/").find((segment) => /^[0-9a-f]{40}$/.test(segment));
    const known = id ? (this.ctx.store.get(REQUESTS, id)?.["metadata"] as Record<string, unknown> | undefined) : undefined;
    const lbgId = metadata["lbg_id"] ?? known?.["lbg_id"];
    return { params, files, ...(typeof lbgId === "string" ? { lbgId } : {}) };
  }

  handle(request: EsignRequest, read: ReadEsignRequest): EsignResponse {
    expireDue(this.ctx);
    let response: EsignResponse;
    try {
      this.authenticate(request);
      response = this.route(request, read);
    } catch (error) {
      const known = error instanceof EsignError ? error : new EsignError(500, "unknown", "An unknown error occurred in the sandbox.");
      response = json(known.body, known.status);
    }
    this.ctx.store.commit();
    return response;
  }

  private authenticate(request: EsignRequest): void {
    const header = request.headers["authorization"];
    const [scheme, value = ""] = (typeof header === "string" ? header : "").split(" ");
    const key = scheme?.toLowerCase() === "basic" ? Buffer.from(value, "base64").toString("utf8").split(":")[0] : "";
    const accepted = this.keys();
    if (!key || (accepted.length > 0 && !accepted.includes(key))) throw new EsignError(401, "unauthorized", "Unauthorized user.");
  }

  private route(request: EsignRequest, read: ReadEsignRequest): EsignResponse {
    const [, , resource, action = "", id = ""] = request.path.split("/");
    const get = request.method === "GET";
    if (resource === "signature_request") {
      if (!get && action === "send") return this.create(read, false);
      if (!get && action === "create_embedded") return this.create(read, true);
      if (!get && action === "cancel") return this.cancel(id);
      if (!get && action === "remind") return this.remind(id, read.params);
      if (!get && action === "update") return this.update(id, read.params);
      if (get && action === "files") return this.files(id);
      if (get && action === "list") return this.list(read.params);
      if (get && action !== "" && id === "") return this.shown(loadRequest(this.ctx, action));
    }
    if (resource === "embedded" && get && action === "sign_url") return this.signUrl(id);
    if (resource === "account" && get) return json({ account: { account_id: "sandbox", email_address: "sandbox@example.test", is_locked: false, is_paid_hs: true, quotas: { api_signature_requests_left: 1000 } } });
    throw notFound();
  }

  private shown(request: Row): EsignResponse {
    return json({ signature_request: requestShown(this.ctx, request) });
  }

  private create(read: ReadEsignRequest, embedded: boolean): EsignResponse {
    const { params } = read;
    if (read.files.length === 0) throw badRequest("Must specify file or file_url", "files");
    if (read.files.length > 1) throw badRequest("The sandbox takes one document per request", "files");
    const clientId = textOf(params["client_id"]);
    if (embedded && !clientId) throw badRequest("Missing parameter: client_id", "client_id");
    const metadata = metadataOf(params);
    if (Object.keys(metadata).length > MAX_METADATA_KEYS) throw badRequest("Too many metadata keys", "metadata");
    const signers = signersOf(params);
    const id = this.ctx.ids.hex(40);
    const now = this.ctx.clock.now();
    const document = this.keep(read.files[0]?.data ?? Buffer.alloc(0));
    const expires = textOf(params["expires_at"]);
    const title = textOf(params["title"]) ?? textOf(params["subject"]) ?? "Document";
    const request: Row = {
      id,
      test_mode: isTrue(params["test_mode"]),
      requester_email_address: "sandbox@example.test",
      title,
      original_title: title,
      subject: textOf(params["subject"]) ?? null,
      message: textOf(params["message"]) ?? null,
      metadata,
      created_at: now,
      expires_at: expires ? Number(expires) : null,
      is_complete: false,
      is_declined: false,
      has_error: false,
      final_copy_uri: `/v3/signature_request/final_copy/${id}`,
      signing_redirect_url: textOf(params["signing_redirect_url"]) ?? null,
      template_ids: null,
      custom_fields: [],
      attachments: null,
      response_data: [],
      cc_email_addresses: [],
      signatures: signers.map((signer, index) => ({
        signature_id: this.ctx.ids.hex(32),
        signer_group_guid: null,
        signer_email_address: signer.email,
        signer_name: signer.name,
        signer_role: null,
        order: signer.order ?? index,
        status_code: "awaiting_signature",
        decline_reason: null,
        signed_at: null,
        last_viewed_at: null,
        last_reminded_at: null,
        has_pin: false,
        has_sms_auth: null,
        has_sms_delivery: null,
        sms_phone_number: null,
        reassigned_by: null,
        reassignment_reason: null,
        reassigned_from: null,
        error: null,
      })),
      bulk_send_job_id: null,
      _document: document,
      _embedded: embedded,
      ...(clientId ? { _clientId: clientId } : {}),
    };
    this.ctx.store.put(REQUESTS, request);
    emit(this.ctx, "signature_request_sent", request);
    return this.shown(request);
  }

  /** Stores a document under its content hash, before anything refers to it. */
  private keep(data: Buffer): string {
    const name = createHash("sha256").update(data).digest("hex");
    const path = join(this.ctx.documents, `${name}.pdf`);
    if (!existsSync(path)) {
      writeFileSync(`${path}.tmp`, data);
      renameSync(`${path}.tmp`, path);
    }
    return name;
  }

  private cancel(id: string): EsignResponse {
    const request = loadRequest(this.ctx, id);
    if (!isOpen(request)) throw badRequest("This request is complete or closed and cannot be cancelled.");
    request["_canceled"] = true;
    this.ctx.store.put(REQUESTS, request);
    emit(this.ctx, "signature_request_canceled", request);
    return { status: 200, headers: { "content-type": "application/json" }, body: "" };
  }

  private remind(id: string, params: Params): EsignResponse {
    const request = loadRequest(this.ctx, id);
    const email = textOf(params["email_address"]);
    if (!email) throw badRequest("Missing parameter: email_address", "email_address");
    const signature = (request["signatures"] as Row[]).find((s) => s["signer_email_address"] === email && s["status_code"] === "awaiting_signature");
    if (!signature) throw badRequest("No open signature for this e-mail address.", "email_address");
    signature["last_reminded_at"] = this.ctx.clock.now();
    this.ctx.store.put(REQUESTS, request);
    emit(this.ctx, "signature_request_remind", request, signature["signature_id"] as string);
    return this.shown(request);
  }

  private update(id: string, params: Params): EsignResponse {
    const request = loadRequest(this.ctx, id);
    const signature = (request["signatures"] as Row[]).find((s) => s["signature_id"] === textOf(params["signature_id"]));
    if (!signature) throw badRequest("Unknown signature_id", "signature_id");
    if (!isOpen(request) || signature["status_code"] !== "awaiting_signature") throw badRequest("This signature cannot be changed any more.", "signature_id");
    signature["signer_email_address"] = textOf(params["email_address"]) ?? (signature["signer_email_address"] as string);
    signature["signer_name"] = textOf(params["name"]) ?? (signature["signer_name"] as string);
    const expires = textOf(params["expires_at"]);
    if (expires) request["expires_at"] = Number(expires);
    // A changed party gets a new signature id, so that the old link is dead.
    signature["signature_id"] = this.ctx.ids.hex(32);
    signature["error"] = null;
    this.ctx.store.put(REQUESTS, request);
    return this.shown(request);
  }

  /** The document with its certificate; while unsigned the certificate says so. */
  documentOf(request: Row): Buffer {
    return withCertificate(readFileSync(join(this.ctx.documents, `${String(request["_document"])}.pdf`)), {
      requestId: request.id,
      completedAt: (request["_completedAt"] as number | undefined) ?? 0,
      signatures: (request["signatures"] as Row[]).map((s) => ({ signatureId: s["signature_id"] as string, status: s["status_code"] as string, signedAt: (s["signed_at"] as number | null) ?? 0 })),
    });
  }

  private files(id: string): EsignResponse {
    return { status: 200, headers: { "content-type": "application/pdf" }, body: this.documentOf(loadRequest(this.ctx, id)) };
  }

  private list(params: Params): EsignResponse {
    const size = Number(textOf(params["page_size"]) ?? 20);
    const number = Number(textOf(params["page"]) ?? 1);
    const wanted = (textOf(params["query"]) ?? "").toLowerCase();
    const all = this.ctx.store.list(REQUESTS, (r) => !r["_canceled"] && searched(r).includes(wanted)).reverse();
    const shown = all.slice((number - 1) * size, number * size).map((r) => requestShown(this.ctx, r));
    return json({ list_info: { page: number, page_size: size, num_pages: Math.max(1, Math.ceil(all.length / size)), num_results: all.length }, signature_requests: shown });
  }

  private signUrl(signatureId: string): EsignResponse {
    const { request } = requestOfSignature(this.ctx, signatureId);
    if (!request["_embedded"]) throw new EsignError(403, "forbidden", "This signature request was not created for embedded signing.");
    if (!isOpen(request)) throw badRequest("This request is no longer open.");
    const token = createHash("sha256").update(`${signatureId}:${this.ctx.clock.now()}`).digest("hex").slice(0, 32);
    return json({ embedded: { sign_url: `${this.ctx.baseUrl()}/sign/${signatureId}?token=${token}`, expires_at: this.ctx.clock.now() + 3_600 } });
  }
}

function json(body: unknown, status = 200): EsignResponse {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** What a search without a field looks at: titles, parties and metadata. */
function searched(request: Row): string {
  const parties = (request["signatures"] as Row[]).flatMap((s) => [s["signer_name"] as string, s["signer_email_address"] as string]);
  return [request["title"] as string, request["subject"] as string | null, ...parties, ...Object.values(request["metadata"] as Record<string, unknown>)].join("\n").toLowerCase();
}

function isTrue(value: unknown): boolean {
  return value === "1" || value === "true";
}

/** Metadata arrives as `metadata[k]=v` or as one JSON object. */
function metadataOf(params: Params): Record<string, unknown> {
  const sent = params["metadata"];
  if (typeof sent === "string" && sent.startsWith("{")) {
    try {
      return JSON.parse(sent) as Record<string, unknown>;
    } catch {
      return {};
    }
  }
  return mapOf(sent);
}

function signersOf(params: Params): { email: string; name: string; order?: number }[] {
  const sent = params["signers"];
  const list: Params[] = typeof sent === "string" && sent.startsWith("[") ? (JSON.parse(sent) as Params[]) : Array.isArray(sent) ? sent.map(mapOf) : Object.values(mapOf(sent)).map(mapOf);
  if (list.length === 0) throw badRequest("Must specify at least one signer", "signers");
  return list.map((signer, index) => {
    const email = textOf(signer["email_address"]) ?? "";
    const name = textOf(signer["name"]) ?? "";
    if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) throw badRequest("Invalid e-mail address", `signers[${index}][email_address]`);
    if (!name) throw badRequest("Missing signer name", `signers[${index}][name]`);
    const order = textOf(signer["order"]);
    return { email, name, ...(order === undefined ? {} : { order: Number(order) }) };
  });
}

/** JSON bodies as form pairs, so that one reader serves both encodings. */
function flatten(value: unknown, prefix = ""): [string, string][] {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object") return [[prefix, String(value as string | number | boolean)]];
  return Object.entries(value).flatMap(([key, inner]) => flatten(inner, prefix ? `${prefix}[${key}]` : key));
}
