// Runs APPSYNC_JS resolver code in an isolated context with the part of `@aws-appsync/utils` that resolvers here use.

import { randomUUID } from "node:crypto";
import { createContext, Script } from "node:vm";
import { transformSync } from "esbuild";
import { FieldError } from "../errors.js";

/** AppSync stops a resolver function after a bounded amount of work. */
const TIMEOUT_MS = 1_000;

export interface AppendedError {
  message: string;
  errorType: string | null;
  data: unknown;
  errorInfo: unknown;
}

export interface HandlerOutcome {
  value: unknown;
  /** `runtime.earlyReturn`: the field's answer, without asking the data source. */
  early: boolean;
  stash: Record<string, unknown>;
  appended: AppendedError[];
}

export interface JsResolver {
  request(ctx: object): HandlerOutcome;
  response(ctx: object): HandlerOutcome;
}

/** Runs inside the context, so that everything a resolver touches belongs to it. JSON goes in and out. */
const RUNTIME = `
  class Stop { constructor(kind, body) { this.kind = kind; this.body = body; } }
  let appended = [];
  const fault = (message, errorType, data, errorInfo) =>
    ({ message: String(message), errorType: errorType ?? null, data: data ?? null, errorInfo: errorInfo ?? null });
  const util = {
    error(...args) { throw new Stop("error", fault(...args)); },
    appendError(...args) { appended.push(fault(...args)); },
    unauthorized() { throw new Stop("unauthorized"); },
    autoId: () => host.uuid(),
    time: {
      nowISO8601: () => new Date(host.now()).toISOString(),
      nowEpochSeconds: () => Math.floor(host.now() / 1000),
      nowEpochMilliSeconds: () => host.now(),
    },
  };
  const runtime = { earlyReturn(value) { throw new Stop("early", value); } };
  const console = { log() {}, error() {} };
  const module = { exports: {} };
  const require = (name) => {
    if (name !== "@aws-appsync/utils") throw new Error("cannot import " + name);
    return { util, runtime };
  };
  const call = (handler, json) => {
    const ctx = JSON.parse(json);
    appended = [];
    let kind = "value", body;
    try {
      body = module.exports[handler](ctx);
    } catch (stop) {
      if (!(stop instanceof Stop)) throw stop;
      kind = stop.kind;
      body = stop.body;
    }
    return JSON.stringify({ kind, body: body ?? null, stash: ctx.stash, appended });
  };
`;

interface CallResult {
  kind: "value" | "early" | "error" | "unauthorized";
  body: unknown;
  stash: Record<string, unknown>;
  appended: AppendedError[];
}

/** `util.unauthorized()`; whoever knows the field turns it into AppSync's error. */
export class Denied extends Error {}

/** Compiles resolver code; throws when it is not JavaScript. */
export function compileResolver(code: string): JsResolver {
  const commonJs = transformSync(code, { format: "cjs", loader: "js", target: "es2022" }).code;
  const context = createContext({ host: { uuid: () => randomUUID(), now: () => Date.now() } });
  new Script(`${RUNTIME}\n(function (module, exports) {\n${commonJs}\n})(module, module.exports);`).runInContext(context);
  const calls = { request: new Script('call("request", input)'), response: new Script('call("response", input)') };
  const run = (handler: "request" | "response", ctx: object): HandlerOutcome => {
    context["input"] = JSON.stringify(ctx);
    const json = calls[handler].runInContext(context, { timeout: TIMEOUT_MS }) as string;
    const { kind, body, stash, appended } = JSON.parse(json) as CallResult;
    if (kind === "unauthorized") throw new Denied();
    if (kind === "error") {
      const { message, errorType, data, errorInfo } = body as AppendedError;
      throw new FieldError(message, errorType, data, errorInfo);
    }
    return { value: body, early: kind === "early", stash, appended };
  };
  return { request: (ctx) => run("request", ctx), response: (ctx) => run("response", ctx) };
}
