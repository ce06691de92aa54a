// `POST /graphql` over HTTP as AppSync answers it, and the GraphiQL page. Real-time connections live elsewhere.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Authenticator } from "../auth/authenticate.js";
import { malformed, RequestRefused } from "../errors.js";
import type { Executor } from "../execution/execute.js";
import type { Log } from "../log.js";
import type { Caller, GraphqlRequest, GraphqlResponse } from "../model.js";
import { inputTooLarge, type QueryLimits } from "../schema/limits.js";
import type { Subscriptions } from "./subscriptions.js";

export interface HttpParts {
  authenticator: Authenticator;
  executor: Executor;
  subscriptions: Subscriptions;
  limits: QueryLimits;
  log: Log;
}

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*, authorization",
  "access-control-allow-methods": "POST, OPTIONS",
  "access-control-expose-headers": "x-amzn-RequestId,x-amzn-ErrorType",
};

const graphiql = readFileSync(new URL("../graphiql.html", import.meta.url));

export function httpListener(parts: HttpParts): RequestListener {
  return (request, response) => {
    const path = (request.url ?? "/").split("?")[0];
    if (request.method === "OPTIONS") return void response.writeHead(200, CORS).end();
    if (request.method === "GET" && path === "/graphiql") {
      return void response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(graphiql);
    }
    if (path !== "/graphql") return void response.writeHead(404).end();
    void answer(parts, request, response);
  };
}

async function answer(parts: HttpParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { log, limits } = parts;
  const requestId = randomUUID();
  const startedAt = performance.now();
  const noted: Noted = { mode: undefined, operation: undefined, fields: undefined };
  let status = 200;
  let body: GraphqlResponse;
  try {
    if (request.method !== "POST") throw new RequestRefused(405, "MethodNotAllowedException", "Only POST is supported.");
    body = await respond(parts, request, requestId, await readBody(request, limits, requestId), noted);
  } catch (cause) {
    const refusal = cause instanceof RequestRefused ? cause : undefined;
    if (!refusal) log("error", "request failed unexpectedly", { requestId, cause: cause instanceof Error ? cause.name : typeof cause });
    status = refusal?.status ?? 500;
    body = refusal?.toResponse() ?? { errors: [{ errorType: "InternalFailure", message: "An internal failure occurred." }] };
  }
  const errorTypes = (body.errors ?? []).map(({ errorType }) => errorType ?? "ValidationOrSerialization");
  const headers: Record<string, string> = {
    ...CORS,
    "content-type": "application/json;charset=UTF-8",
    "x-amzn-requestid": requestId,
  };
  if (status >= 400 && errorTypes[0]) headers["x-amzn-errortype"] = errorTypes[0];
  response.writeHead(status, headers).end(JSON.stringify(body));
  log("info", "graphql request", {
    requestId,
    status,
    mode: noted.mode,
    operation: noted.operation,
    fields: noted.fields,
    errorTypes: errorTypes.length > 0 ? errorTypes : undefined,
    duration_ms: Math.round(performance.now() - startedAt),
  });
}

interface Noted {
  mode: string | undefined;
  operation: string | undefined;
  fields: string[] | undefined;
}

async function respond(
  { authenticator, executor, subscriptions }: HttpParts,
  request: IncomingMessage,
  requestId: string,
  body: Buffer,
  noted: Noted,
): Promise<GraphqlResponse> {
  const headers = flatHeaders(request);
  const sourceIp = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  const target = request.url ?? "/graphql";
  const caller: Caller = await authenticator.authenticate({ method: "POST", target, headers, body }, sourceIp);
  noted.mode = caller.mode;
  const prepared = executor.prepare(graphqlRequest(body), requestId);
  if ("errors" in prepared) return { data: null, errors: prepared.errors };
  const { operation } = prepared;
  noted.operation = operation.operation;
  noted.fields = operation.selectionSet.selections.flatMap((node) => (node.kind === "Field" ? [node.name.value] : []));
  if (operation.operation === "subscription") {
    throw new RequestRefused(400, "UnsupportedOperation", "Subscriptions are served by the real-time endpoint.");
  }
  const context = { caller, headers: { ...headers, "x-amzn-requestid": requestId }, requestId };
  const { response, published } = await executor.run(prepared, context);
  for (const { mutationField, payload } of published) subscriptions.publish(mutationField, payload);
  return response;
}

/** Reads at most the limit; the rest of a larger body is not kept. */
async function readBody(request: IncomingMessage, limits: QueryLimits, requestId: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= limits.maxBodyBytes) chunks.push(chunk);
  }
  if (bytes > limits.maxBodyBytes) throw inputTooLarge(limits, requestId);
  return Buffer.concat(chunks);
}

function graphqlRequest(body: Buffer): GraphqlRequest {
  if (body.length === 0) throw malformed("Request body is empty.");
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString("utf8"));
  } catch {
    throw malformed("Request body is not valid JSON.");
  }
  return requestOf(parsed);
}

/** The GraphQL request in a decoded body; also what a real-time `start` carries. */
export function requestOf(parsed: unknown): GraphqlRequest {
  const { query, variables, operationName } = (isObject(parsed) ? parsed : {}) as Record<string, unknown>;
  if (typeof query !== "string") throw malformed("Unable to parse GraphQL query.");
  if (variables !== undefined && variables !== null && !isObject(variables)) throw malformed("Variables must be an object.");
  return {
    query,
    variables: isObject(variables) ? variables : {},
    operationName: typeof operationName === "string" && operationName !== "" ? operationName : undefined,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function flatHeaders(request: IncomingMessage): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(",") : value;
  }
  return flat;
}
