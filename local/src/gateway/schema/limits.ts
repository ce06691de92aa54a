// Depth and cost of a query, measured before it runs (limits of §1.18.C). Introspection is measured by neither.

import {
  getNamedType,
  isListType,
  isNonNullType,
  isObjectType,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";
import { RequestRefused } from "../errors.js";
import type { Wiring } from "../model.js";
import { selectedFields, type Fragments, type Variables } from "./selection.js";

export interface QueryLimits {
  maxDepth: number;
  maxCost: number;
  maxResolvers: number;
  /** Bytes of the request body. */
  maxBodyBytes: number;
}

/** §1.18.C; the resolvers are AppSync's quota. */
export const QUERY_LIMITS: QueryLimits = { maxDepth: 8, maxCost: 2_000, maxResolvers: 10_000, maxBodyBytes: 256 * 1024 };

/** The limits of an API: those above, or its own where they are stricter. */
export function limitsOf({ queryDepthLimit, resolverCountLimit }: Pick<Wiring, "queryDepthLimit" | "resolverCountLimit">): QueryLimits {
  const stricter = (own: number, general: number): number => (own > 0 ? Math.min(own, general) : general);
  return {
    ...QUERY_LIMITS,
    maxDepth: stricter(queryDepthLimit, QUERY_LIMITS.maxDepth),
    maxResolvers: stricter(resolverCountLimit, QUERY_LIMITS.maxResolvers),
  };
}

/** Items a list is taken to have when no `limit` or `first` argument above it says how many. */
const ASSUMED_ITEMS = 5;

export interface Measure {
  /** Nested levels; `{ a { b } }` has 2. */
  depth: number;
  /** One for each field, times the items of every list around it. */
  cost: number;
  /** Selected fields that have a resolver; aliases count. */
  resolvers: number;
}

export function measure(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  variables: Variables,
  hasResolver: (typeName: string, fieldName: string) => boolean,
): Measure {
  const root = schema.getRootType(operation.operation);
  let depth = 0;
  let resolvers = 0;
  const costOf = (
    set: OperationDefinitionNode["selectionSet"],
    type: GraphQLObjectType,
    level: number,
    page: number | undefined,
  ): number => {
    let cost = 0;
    for (const field of selectedFields(set, fragments, variables)) {
      if (field.name.value.startsWith("__")) continue;
      depth = Math.max(depth, level);
      if (hasResolver(type.name, field.name.value)) resolvers += 1;
      const definition = type.getFields()[field.name.value];
      if (!definition) continue;
      const limit = pageSize(field, variables) ?? defaultPageSize(definition.args) ?? page;
      const list = isList(definition.type);
      const inner = getNamedType(definition.type);
      // A page's limit is spent by the first list below it.
      const nested =
        field.selectionSet && isObjectType(inner)
          ? costOf(field.selectionSet, inner, level + 1, list ? undefined : limit)
          : 0;
      cost += 1 + nested * (list ? (limit ?? ASSUMED_ITEMS) : 1);
    }
    return cost;
  };
  const cost = root ? costOf(operation.selectionSet, root, 1, undefined) : 0;
  return { depth, cost, resolvers };
}

/** Refuses a query beyond the limits; `corrId` is the request's id. */
export function enforceLimits({ depth, cost, resolvers }: Measure, limits: QueryLimits, corrId: string): void {
  if (depth > limits.maxDepth) {
    throw limitExceeded(`Query depth ${depth} exceeds the limit of ${limits.maxDepth}.`, "Select fewer nested levels.", corrId);
  }
  if (resolvers > limits.maxResolvers) {
    throw limitExceeded(`Query runs ${resolvers} resolvers; the limit is ${limits.maxResolvers}.`, "Ask for fewer fields at once.", corrId);
  }
  if (cost > limits.maxCost) {
    throw limitExceeded(
      `Query cost ${cost} exceeds the limit of ${limits.maxCost}.`,
      "Select fewer fields of lists, or ask for smaller pages.",
      corrId,
    );
  }
}

function limitExceeded(message: string, hint: string, corrId: string): RequestRefused {
  const code = "QUERY_LIMIT_EXCEEDED";
  return new RequestRefused(200, code, message, { code, hint, retryable: false, corrId });
}

export function inputTooLarge(limits: QueryLimits, corrId: string): RequestRefused {
  const code = "INPUT_TOO_LARGE";
  const message = `The request is larger than ${limits.maxBodyBytes / 1024} KB.`;
  return new RequestRefused(413, code, message, { code, hint: "Send less in one request.", retryable: false, corrId });
}

export function fragmentsOf(document: DocumentNode): Fragments {
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const definition of document.definitions) {
    if (definition.kind === "FragmentDefinition") fragments[definition.name.value] = definition;
  }
  return fragments;
}

function isList(type: GraphQLOutputType): boolean {
  return isListType(isNonNullType(type) ? type.ofType : type);
}

const PAGE_ARGUMENTS = new Set(["limit", "first"]);

function pageSize(field: FieldNode, variables: Variables): number | undefined {
  const argument = field.arguments?.find(({ name }) => PAGE_ARGUMENTS.has(name.value))?.value;
  const given =
    argument?.kind === "IntValue"
      ? Number(argument.value)
      : argument?.kind === "Variable"
        ? variables[argument.name.value]
        : undefined;
  return typeof given === "number" && given > 0 ? given : undefined;
}

function defaultPageSize(args: ReadonlyArray<{ name: string; defaultValue?: unknown }>): number | undefined {
  const value = args.find(({ name }) => PAGE_ARGUMENTS.has(name))?.defaultValue;
  return typeof value === "number" ? value : undefined;
}
