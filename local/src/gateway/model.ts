// The vocabulary of the gateway: what the wiring says, who calls, and what a request carries. No behaviour.

export type AuthMode = "API_KEY" | "AWS_IAM" | "AMAZON_COGNITO_USER_POOLS" | "OPENID_CONNECT";

export type AuthProvider =
  | { mode: "API_KEY" }
  | { mode: "AWS_IAM" }
  | {
      mode: "AMAZON_COGNITO_USER_POOLS";
      userPoolId: string;
      region: string;
      /** Clients whose tokens are taken; absent = every client of the pool. */
      appIdClientRegex?: string;
      /** What holds for a field without a directive when this is the default mode. */
      defaultAction: "ALLOW" | "DENY";
    }
  | { mode: "OPENID_CONNECT"; issuer: string; clientIdRegex?: string };

export interface ApiKey {
  id: string;
  /** Seconds since the epoch. */
  expires: number;
}

/** One AppSync unit resolver on a Lambda data source. */
export interface ResolverWiring {
  typeName: string;
  fieldName: string;
  functionName: string;
  /** APPSYNC_JS source; absent = direct Lambda resolver. */
  code?: string;
  /** 0 = no batching. */
  maxBatchSize: number;
}

/** Everything the gateway knows about the API, read from the synthesised templates. */
export interface Wiring {
  apiName: string;
  apiId: string | undefined;
  sdl: string;
  defaultProvider: AuthProvider;
  additionalProviders: AuthProvider[];
  apiKeys: ApiKey[];
  introspection: boolean;
  /** Nested levels a query may have; 0 = the gateway's own limit only. */
  queryDepthLimit: number;
  /** Fields with a resolver that a query may have; 0 = AppSync's own limit. */
  resolverCountLimit: number;
  /** Keyed `Type.field`. */
  resolvers: Map<string, ResolverWiring>;
}

/** A caller whose credentials were verified. */
export interface Caller {
  mode: AuthMode;
  groups: string[];
  /** `identity` of the direct-resolver event; null for an API key. */
  identity: Record<string, unknown> | null;
}

/** A GraphQL request and the transport it came by. */
export interface RequestContext {
  caller: Caller;
  headers: Record<string, string>;
  requestId: string;
}

export interface GraphqlRequest {
  query: string;
  variables: Record<string, unknown>;
  operationName: string | undefined;
}

/** An error as AppSync prints it. */
export interface AppSyncError {
  path?: ReadonlyArray<string | number> | null;
  data?: unknown;
  errorType?: string | null;
  errorInfo?: unknown;
  locations?: Array<{ line: number; column: number; sourceName: null }> | null;
  message: string;
}

export interface GraphqlResponse {
  data?: Record<string, unknown> | null;
  errors?: AppSyncError[];
}

/** Calls a Lambda function and waits for its answer. */
export interface LambdaInvoker {
  /** `functionError` is Lambda's `X-Amz-Function-Error`; then `payload` is `{errorType, errorMessage}`. */
  invoke(functionName: string, payload: unknown): Promise<{ payload: unknown; functionError?: string }>;
}

/** Milliseconds since the epoch, for the lifetime of tokens, keys and signatures. */
export type Clock = () => number;
