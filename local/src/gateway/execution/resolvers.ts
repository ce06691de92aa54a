// Resolves one field by its AppSync resolver: direct Lambda or APPSYNC_JS around a Lambda, alone or in batches.

import { FieldError, fieldDenied } from "../errors.js";
import type { LambdaInvoker, ResolverWiring } from "../model.js";
import { batched } from "./batch.js";
import { compileResolver, Denied, type AppendedError, type JsResolver } from "./appsync-js.js";

/** The direct-resolver event: what AppSync hands to a Lambda, and to resolver code as `ctx`. */
export interface ResolverEvent {
  arguments: Record<string, unknown>;
  identity: Record<string, unknown> | null;
  source: unknown;
  request: { headers: Record<string, string>; domainName: string | null };
  prev: unknown;
  info: {
    fieldName: string;
    parentTypeName: string;
    variables: Record<string, unknown>;
    selectionSetList: string[];
    selectionSetGraphQL: string;
  };
  stash: Record<string, unknown>;
}

export interface Resolved {
  value: unknown;
  appended: AppendedError[];
}

/** One for each request, so that a batch never mixes callers. */
export type ResolverSet = (typeName: string, fieldName: string) => ((event: ResolverEvent) => Promise<Resolved>) | undefined;

interface LambdaAnswer {
  payload: unknown;
  functionError?: string;
}

/** Compiles every resolver of the wiring once; the function it gives makes the set of one request. */
export function resolverSets(wiring: Iterable<ResolverWiring>, invoker: LambdaInvoker): () => ResolverSet {
  const known = new Map<string, { wiring: ResolverWiring; js: JsResolver | undefined }>();
  const compiled = new Map<string, JsResolver>();
  for (const resolver of wiring) {
    let js: JsResolver | undefined;
    if (resolver.code !== undefined) {
      js = compiled.get(resolver.code) ?? compileResolver(resolver.code);
      compiled.set(resolver.code, js);
    }
    known.set(`${resolver.typeName}.${resolver.fieldName}`, { wiring: resolver, js });
  }
  return () => {
    const batches = new Map<string, (payload: unknown) => Promise<LambdaAnswer>>();
    return (typeName, fieldName) => {
      const resolver = known.get(`${typeName}.${fieldName}`);
      if (!resolver) return undefined;
      const { functionName, maxBatchSize } = resolver.wiring;
      const invokeOne = (payload: unknown): Promise<LambdaAnswer> => invoker.invoke(functionName, payload);
      const invokeInBatch = (payload: unknown): Promise<LambdaAnswer> => {
        const key = `${typeName}.${fieldName}`;
        let batch = batches.get(key);
        if (!batch) {
          batch = batched(Math.max(1, maxBatchSize), (payloads: unknown[]) => invokeBatch(invoker, functionName, payloads));
          batches.set(key, batch);
        }
        return batch(payload);
      };
      const { js } = resolver;
      return js
        ? (event) => resolveByCode(js, event, invokeOne, invokeInBatch)
        : async (event) => resolveDirectly(await (maxBatchSize > 0 ? invokeInBatch(event) : invokeOne(event)));
    };
  };
}

function resolveDirectly(answer: LambdaAnswer): Resolved {
  const failure = failureOf(answer);
  if (failure) throw new FieldError(failure.message, failure.type);
  return { value: answer.payload, appended: [] };
}

async function resolveByCode(
  js: JsResolver,
  event: ResolverEvent,
  invokeOne: (payload: unknown) => Promise<LambdaAnswer>,
  invokeInBatch: (payload: unknown) => Promise<LambdaAnswer>,
): Promise<Resolved> {
  const ctx = { ...event, args: event.arguments };
  const asked = withDenial(event, () => js.request(ctx));
  if (asked.early) return { value: asked.value, appended: asked.appended };
  const { operation, payload } = (asked.value ?? {}) as { operation?: unknown; payload?: unknown };
  if (operation !== "Invoke" && operation !== "BatchInvoke") {
    throw new FieldError("Value for field '$[operation]' not found.", "MappingTemplate");
  }
  const answer = await (operation === "BatchInvoke" ? invokeInBatch(payload) : invokeOne(payload));
  const failure = failureOf(answer);
  const answered = withDenial(event, () =>
    js.response({ ...ctx, stash: asked.stash, result: failure ? null : answer.payload, error: failure }),
  );
  return { value: answered.value, appended: [...asked.appended, ...answered.appended] };
}

/** `util.unauthorized()` names the field it was called for. */
function withDenial<T>({ info }: ResolverEvent, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw cause instanceof Denied ? fieldDenied(info.parentTypeName, info.fieldName) : cause;
  }
}

/** Items of a batched answer are `{data, errorMessage, errorType}`; without those names an item is its own data. */
async function invokeBatch(invoker: LambdaInvoker, functionName: string, payloads: unknown[]): Promise<LambdaAnswer[]> {
  const answer = await invoker.invoke(functionName, payloads);
  if (answer.functionError !== undefined) return payloads.map(() => answer);
  if (!Array.isArray(answer.payload) || answer.payload.length !== payloads.length) {
    throw new FieldError("BatchInvoke must answer one item for each payload.", "Lambda:IllegalArgument");
  }
  return answer.payload.map((item: unknown): LambdaAnswer => {
    if (typeof item !== "object" || item === null) return { payload: item };
    const { data, errorMessage, errorType } = item as Record<string, unknown>;
    if (errorMessage !== undefined || errorType !== undefined) {
      return { payload: { errorMessage, errorType }, functionError: "Handled" };
    }
    return { payload: "data" in item ? data : item };
  });
}

function failureOf({ payload, functionError }: LambdaAnswer): { message: string; type: string } | undefined {
  if (functionError === undefined) return undefined;
  const { errorMessage, errorType } = (payload ?? {}) as { errorMessage?: unknown; errorType?: unknown };
  return {
    message: typeof errorMessage === "string" ? errorMessage : "The Lambda function failed.",
    type: functionError === "Handled" && typeof errorType === "string" ? errorType : `Lambda:${functionError}`,
  };
}
