// What gateway tests share: the real SDL, a signer of tokens with its key set, and a Lambda that answers from a table. No tests.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from "jose";
import { cognitoIssuer, type KeySource } from "../src/gateway/auth/jwt.js";
import { localCredentials, serveGateway, type Gateway, type GatewayParts } from "../src/gateway/index.js";
import { silentLog } from "../src/gateway/log.js";
import type { LambdaInvoker, ResolverWiring, Wiring } from "../src/gateway/model.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

export const POOL = { region: "us-east-1", userPoolId: "us-east-1_Test00001" };
export const CLIENT_ID = "rastup-web";
export const OIDC_ISSUER = "https://staff.example.test";
export const API_KEY = "da2-abcdefghijklmnopqrstuvwxyz";

/** The resolver code that every field is deployed with. */
export const INVOKE_CODE = readFileSync(join(root, "infra-cdk/resolvers/invoke.js"), "utf8");

/** SDL of every context, as it is deployed. */
export function deployedSdl(): string {
  const contexts = readdirSync(join(root, "functions")).map((context) => join(root, "functions", context, "schema"));
  const files = contexts.flatMap((directory) => {
    try {
      return readdirSync(directory).filter((name) => name.endsWith(".graphql")).map((name) => join(directory, name));
    } catch {
      return [];
    }
  });
  return [join(root, "shared/schema/common.graphql"), ...files].map((file) => readFileSync(file, "utf8")).join("\n");
}

type SigningKey = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];

export interface Signer {
  keys: KeySource;
  token(claims?: Record<string, unknown>, options?: { issuer?: string; expiresInSeconds?: number; key?: SigningKey }): Promise<string>;
}

/** Signs the tokens of the test pool and of the test OIDC provider with one key. */
export async function createSigner(): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "test", alg: "RS256", use: "sig" };
  const set = createLocalJWKSet({ keys: [jwk] });
  return {
    keys: async () => set,
    token: (claims = {}, { issuer = cognitoIssuer(POOL), expiresInSeconds = 600, key = privateKey } = {}) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ sub: "11111111-2222-3333-4444-555555555555", token_use: "access", client_id: CLIENT_ID, username: "ada", ...claims })
        .setProtectedHeader({ alg: "RS256", kid: "test" })
        .setIssuer(issuer)
        .setIssuedAt(now - 1)
        .setExpirationTime(now + expiresInSeconds)
        .sign(key);
    },
  };
}

export function buyerClaims(): Record<string, unknown> {
  return { "cognito:groups": ["buyer"] };
}

export function testWiring(overrides: Partial<Wiring> & { fields?: ResolverWiring[] } = {}): Wiring {
  const { fields = [], ...rest } = overrides;
  return {
    apiName: "rastup-test",
    apiId: "test",
    sdl: deployedSdl(),
    defaultProvider: { mode: "AMAZON_COGNITO_USER_POOLS", ...POOL, defaultAction: "ALLOW", appIdClientRegex: CLIENT_ID },
    additionalProviders: [{ mode: "AWS_IAM" }, { mode: "API_KEY" }, { mode: "OPENID_CONNECT", issuer: OIDC_ISSUER }],
    apiKeys: [{ id: API_KEY, expires: Math.floor(Date.now() / 1000) + 3_600 }],
    introspection: true,
    queryDepthLimit: 0,
    resolverCountLimit: 0,
    resolvers: new Map(fields.map((field) => [`${field.typeName}.${field.fieldName}`, field])),
    ...rest,
  };
}

/** A field answered through the deployed resolver code by a function of the given name. */
export function field(name: string, functionName: string, extra: Partial<ResolverWiring> = {}): ResolverWiring {
  const [typeName = "", fieldName = ""] = name.split(".");
  return { typeName, fieldName, functionName, code: INVOKE_CODE, maxBatchSize: 0, ...extra };
}

export interface FakeLambda extends LambdaInvoker {
  calls: Array<{ functionName: string; payload: unknown }>;
}

type Handler = (payload: never) => unknown;

/** Functions by name; a thrown error is a function error, like a panic in a real Lambda. */
export function fakeLambda(functions: Record<string, Handler>): FakeLambda {
  const calls: FakeLambda["calls"] = [];
  return {
    calls,
    async invoke(functionName, payload) {
      calls.push({ functionName, payload });
      const handler = functions[functionName];
      if (!handler) throw new Error(`no function ${functionName}`);
      try {
        // Through JSON, as over the wire.
        const answer: unknown = await handler(JSON.parse(JSON.stringify(payload)) as never);
        return { payload: answer === undefined ? null : (JSON.parse(JSON.stringify(answer)) as unknown) };
      } catch (cause) {
        return { payload: { errorType: "Error", errorMessage: (cause as Error).message }, functionError: "Unhandled" };
      }
    },
  };
}

export async function startTestGateway(
  signer: Signer,
  overrides: Partial<GatewayParts> & Pick<GatewayParts, "invoker" | "wiring">,
): Promise<Gateway> {
  const stateDir = mkdtempSync(join(tmpdir(), "rastup-gateway-"));
  const gateway = await serveGateway({
    keys: signer.keys,
    iamCredentials: localCredentials("000000000000", "test"),
    stateDir,
    tlsPort: 0,
    httpPort: 0,
    clock: Date.now,
    log: silentLog,
    ...overrides,
  });
  return {
    ...gateway,
    async close() {
      await gateway.close();
      rmSync(stateDir, { recursive: true });
    },
  };
}

export interface Answer {
  status: number;
  body: { data?: Record<string, never> | null; errors?: Array<Record<string, never>> };
}

/** Posts a GraphQL request to the plain port. */
export async function post(
  gateway: Gateway,
  headers: Record<string, string>,
  query: string,
  variables?: Record<string, unknown>,
): Promise<Answer> {
  const response = await fetch(gateway.httpUrl, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}
