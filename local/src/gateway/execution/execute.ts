// Runs a GraphQL request for a verified caller: limits, validation, field access, resolvers, errors in AppSync's shape.

import {
  execute,
  getNamedType,
  getOperationAST,
  GraphQLError,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  responsePathAsArray,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type OperationDefinitionNode,
} from "graphql";
import { mayAccess } from "../auth/access.js";
import { executionError, FieldError, fieldDenied, malformed, RequestRefused } from "../errors.js";
import type { Log } from "../log.js";
import type { AppSyncError, Caller, GraphqlRequest, GraphqlResponse, RequestContext } from "../model.js";
import { variableErrors, withDefaults } from "../schema/arguments.js";
import type { AppSyncSchema } from "../schema/build.js";
import { enforceLimits, fragmentsOf, measure, type QueryLimits } from "../schema/limits.js";
import { byFieldName, selectedFields, selectionSetGraphql, selectionSetList } from "../schema/selection.js";
import { validationErrors } from "../schema/validate.js";
import type { ResolverEvent, ResolverSet } from "./resolvers.js";

/** AppSync's quota of tokens in a document. */
const MAX_TOKENS = 15_000;

/** A request that may run. */
export interface Prepared {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Record<string, unknown>;
}

/** The answer of one mutation field, keyed by field names, for its subscribers. */
export interface Published {
  mutationField: string;
  payload: Record<string, unknown>;
}

export interface ExecutorParts {
  schema: AppSyncSchema;
  newResolverSet: () => ResolverSet;
  hasResolver: (typeName: string, fieldName: string) => boolean;
  limits: QueryLimits;
  introspection: boolean;
  log: Log;
}

export interface Executor {
  /** Parses and checks a request; throws `RequestRefused`, or gives the errors that validation found. */
  prepare(request: GraphqlRequest, requestId: string): Prepared | { errors: AppSyncError[] };
  /** Runs a query or a mutation. */
  run(prepared: Prepared, context: RequestContext): Promise<{ response: GraphqlResponse; published: Published[] }>;
  /** Asks the resolver of a subscription field whether the caller may subscribe; gives the field's arguments. */
  authorizeSubscription(prepared: Prepared, context: RequestContext): Promise<{ field: string; args: Record<string, unknown> }>;
  /** What one subscriber is sent for a published payload. */
  deliver(prepared: Prepared, caller: Caller, field: string, payload: Record<string, unknown>): GraphqlResponse;
}

export function createExecutor({ schema: appSync, newResolverSet, hasResolver, limits, introspection, log }: ExecutorParts): Executor {
  const { schema } = appSync;

  const demandAccess = (caller: Caller, info: Pick<GraphQLResolveInfo, "parentType" | "fieldName">): void => {
    const { parentType, fieldName } = info;
    if (parentType.name.startsWith("__")) return;
    if (!mayAccess(caller, appSync.accessRules(parentType.name, fieldName))) throw fieldDenied(parentType.name, fieldName);
  };

  const toResponse = (result: ExecutionResult, extra: AppSyncError[], requestId: string): GraphqlResponse => {
    const errors = (result.errors ?? []).map((error) =>
      executionError(error, schema, (cause) => {
        const name = cause instanceof Error ? cause.name : typeof cause;
        log("error", "field failed unexpectedly", { requestId, cause: name, field: error.path?.[0]?.toString() });
      }),
    );
    const all = [...errors, ...extra];
    const data = (result.data ?? null) as Record<string, unknown> | null;
    return all.length > 0 ? { data, errors: all } : { data };
  };

  return {
    prepare({ query, variables, operationName }, requestId) {
      let document: DocumentNode;
      try {
        document = parse(query, { maxTokens: MAX_TOKENS });
      } catch (cause) {
        if (cause instanceof GraphQLError) throw malformed("Unable to parse GraphQL query.");
        throw cause;
      }
      const operation = getOperationAST(document, operationName);
      if (!operation) {
        throw new RequestRefused(400, "BadRequestException", "Must provide operation name if query contains multiple operations.");
      }
      const errors = validationErrors(schema, document, introspection);
      if (errors.length > 0) return { errors };
      const wrong = variableErrors(schema, operation, variables);
      if (wrong.length > 0) return { errors: wrong };
      const fragments = fragmentsOf(document);
      const measured = measure(schema, operation, fragments, withDefaults(schema, operation, variables), hasResolver);
      enforceLimits(measured, limits, requestId);
      return { document, operation, variables };
    },

    async run({ document, operation, variables }, context) {
      const resolvers = newResolverSet();
      const appended: AppSyncError[] = [];
      const fieldResolver: GraphQLFieldResolver<unknown, unknown> = async (source, args: Record<string, unknown>, _, info) => {
        demandAccess(context.caller, info);
        const resolve = resolvers(info.parentType.name, info.fieldName);
        if (!resolve) return demandShape(property(source, info.fieldName), info);
        const resolved = await resolve(resolverEvent(source, args, info, variables, context));
        for (const { message, errorType, data, errorInfo } of resolved.appended) {
          appended.push({ path: responsePathAsArray(info.path), data, errorType, errorInfo, locations: locationsOf(info), message });
        }
        return demandShape(resolved.value, info);
      };
      const result = await execute({
        schema,
        document,
        operationName: operation.name?.value,
        variableValues: variables,
        rootValue: {},
        fieldResolver,
      });
      const response = toResponse(result, appended, context.requestId);
      return { response, published: operation.operation === "mutation" ? publishedBy(result, operation, document, variables) : [] };
    },

    async authorizeSubscription({ document, operation, variables }, context) {
      const resolvers = newResolverSet();
      let seen: { field: string; args: Record<string, unknown> } | undefined;
      let failure: unknown;
      // Executed only to coerce the arguments and to ask the resolver; the answer is of no interest.
      await execute({
        schema,
        document,
        operationName: operation.name?.value,
        variableValues: variables,
        rootValue: {},
        fieldResolver: async (source, args: Record<string, unknown>, _, info) => {
          if (info.parentType !== schema.getSubscriptionType()) return null;
          seen = { field: info.fieldName, args };
          try {
            demandAccess(context.caller, info);
            await resolvers(info.parentType.name, info.fieldName)?.(resolverEvent(source, args, info, variables, context));
          } catch (cause) {
            failure = cause;
          }
          return null;
        },
      });
      if (failure !== undefined) throw failure;
      if (!seen) throw new RequestRefused(400, "BadRequestException", "Subscription has no field.");
      return seen;
    },

    deliver({ document, operation, variables }, caller, field, payload) {
      const result = execute({
        schema,
        document,
        operationName: operation.name?.value,
        variableValues: variables,
        rootValue: { [field]: payload },
        fieldResolver: (source, _args, _context, info) => {
          demandAccess(caller, info);
          return demandShape(property(source, info.fieldName), info);
        },
      });
      if (result instanceof Promise) throw new Error("delivery never waits");
      return toResponse(result as ExecutionResult, [], "");
    },
  };
}

function property(source: unknown, name: string): unknown {
  return typeof source === "object" && source !== null ? (source as Record<string, unknown>)[name] : undefined;
}

/** An object type takes an object: AppSync refuses text or a number in its place. */
function demandShape(value: unknown, { returnType, path }: GraphQLResolveInfo): unknown {
  const type = isNonNullType(returnType) ? returnType.ofType : returnType;
  const wrong = value !== null && value !== undefined && (typeof value !== "object" || Array.isArray(value));
  if (wrong && !isListType(type) && isObjectType(getNamedType(type))) {
    const where = responsePathAsArray(path).map((part) => (typeof part === "number" ? `[${part}]` : `/${part}`)).join("");
    throw new FieldError(`Can't resolve value (${where}) : type mismatch error, expected type OBJECT`, null);
  }
  return value;
}

function locationsOf({ fieldNodes }: GraphQLResolveInfo): AppSyncError["locations"] {
  return fieldNodes.flatMap(({ loc }) =>
    loc ? [{ line: loc.startToken.line, column: loc.startToken.column, sourceName: null }] : [],
  );
}

function resolverEvent(
  source: unknown,
  args: Record<string, unknown>,
  info: GraphQLResolveInfo,
  variables: Record<string, unknown>,
  { caller, headers }: RequestContext,
): ResolverEvent {
  const isRoot = info.path.prev === undefined;
  return {
    arguments: args,
    identity: caller.identity,
    source: isRoot ? null : source,
    request: { headers, domainName: null },
    prev: null,
    info: {
      fieldName: info.fieldName,
      parentTypeName: info.parentType.name,
      variables,
      selectionSetList: selectionSetList(info.fieldNodes, info.fragments, info.variableValues),
      selectionSetGraphQL: selectionSetGraphql(info.fieldNodes),
    },
    stash: {},
  };
}

function publishedBy(
  { data }: ExecutionResult,
  operation: OperationDefinitionNode,
  document: DocumentNode,
  variables: Record<string, unknown>,
): Published[] {
  if (!data) return [];
  const fragments = fragmentsOf(document);
  return selectedFields(operation.selectionSet, fragments, variables).flatMap((node) => {
    const payload = byFieldName(data[node.alias?.value ?? node.name.value], node.selectionSet, fragments, variables);
    if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return [];
    return [{ mutationField: node.name.value, payload: payload as Record<string, unknown> }];
  });
}
