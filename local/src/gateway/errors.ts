// Errors in AppSync's shape and words: refusals of a whole request, and errors of one field of an answer.

import { GraphQLError, isNonNullType, type GraphQLSchema } from "graphql";
import type { AppSyncError, GraphqlResponse } from "./model.js";
import { SerializeError } from "./schema/scalars.js";

/** A request refused before execution; `status` is the HTTP status of the answer. */
export class RequestRefused extends Error {
  readonly status: number;
  readonly errorType: string;
  readonly errorInfo: unknown;

  constructor(status: number, errorType: string, message: string, errorInfo?: unknown) {
    super(message);
    this.status = status;
    this.errorType = errorType;
    this.errorInfo = errorInfo;
  }

  toResponse(): GraphqlResponse {
    const error: AppSyncError = { errorType: this.errorType, message: this.message };
    if (this.errorInfo !== undefined) error.errorInfo = this.errorInfo;
    // Refusals that HTTP calls a success are answers of GraphQL, which always carry `data`.
    return this.status === 200 ? { data: null, errors: [error] } : { errors: [error] };
  }
}

export function unauthorized(message = "You are not authorized to make this call."): RequestRefused {
  return new RequestRefused(401, "UnauthorizedException", message);
}

export function malformed(message: string): RequestRefused {
  return new RequestRefused(400, "MalformedHttpRequestException", message);
}

/** A field that failed with an error of its own: a resolver's `util.error`, a Lambda failure or a denied field. */
export class FieldError extends Error {
  readonly errorType: string | null;
  readonly data: unknown;
  readonly errorInfo: unknown;

  constructor(message: string, errorType: string | null, data: unknown = null, errorInfo: unknown = null) {
    super(message);
    this.errorType = errorType;
    this.data = data;
    this.errorInfo = errorInfo;
  }
}

export function fieldDenied(typeName: string, fieldName: string): FieldError {
  return new FieldError(`Not Authorized to access ${fieldName} on type ${typeName}`, "Unauthorized");
}

type Path = ReadonlyArray<string | number>;

/** `/myOrders/items[0]/status`, the way AppSync points into an answer. */
function slashed(path: Path): string {
  return path.map((part) => (typeof part === "number" ? `[${part}]` : `/${part}`)).join("");
}

function locationsOf(error: GraphQLError): AppSyncError["locations"] {
  return error.locations?.map(({ line, column }) => ({ line, column, sourceName: null })) ?? null;
}

const NULL_IN_NON_NULL = /^Cannot return null for non-nullable field (\w+)\.(\w+)\.$/;
const ENUM_VALUE = /^Enum "(\w+)" cannot represent value: (.*)$/s;

/** Error of one field at execution. `unexpected` is told of failures that are the gateway's own. */
export function executionError(
  error: GraphQLError,
  schema: GraphQLSchema,
  unexpected: (cause: unknown) => void,
): AppSyncError {
  const path = error.path ?? [];
  const cause = error.originalError;
  if (cause instanceof FieldError) {
    return {
      path,
      data: cause.data,
      errorType: cause.errorType,
      errorInfo: cause.errorInfo,
      locations: locationsOf(error),
      message: cause.message,
    };
  }
  const nullInNonNull = NULL_IN_NON_NULL.exec(error.message);
  if (nullInNonNull) {
    const [, parent, field] = nullInNonNull;
    const type = schema.getType(parent ?? "");
    const fieldType = type && "getFields" in type ? type.getFields()[field ?? ""]?.type : undefined;
    const inner = fieldType && isNonNullType(fieldType) ? fieldType.ofType : fieldType;
    return {
      path,
      locations: null,
      message: `Cannot return null for non-nullable type: '${String(inner)}' within parent '${parent}' (${slashed(path)})`,
    };
  }
  if (cause instanceof SerializeError || cause instanceof GraphQLError) {
    const enumValue = ENUM_VALUE.exec(cause.message);
    if (enumValue) {
      const name = (enumValue[2] ?? "").replace(/^"|"$/g, "");
      return {
        path,
        locations: null,
        message: `Can't serialize value (${slashed(path)}) : Invalid input for Enum '${enumValue[1]}'. No value found for name '${name}'`,
      };
    }
    if (cause.message.startsWith("Expected Iterable")) {
      return {
        path,
        locations: null,
        message: `Can't resolve value (${slashed(path)}) : type mismatch error, expected type LIST`,
      };
    }
    return { path, locations: null, message: `Can't serialize value (${slashed(path)}) : ${cause.message}` };
  }
  unexpected(cause ?? error);
  return {
    path,
    data: null,
    errorType: "InternalFailure",
    errorInfo: null,
    locations: locationsOf(error),
    message: "An internal failure occurred while resolving this field.",
  };
}
