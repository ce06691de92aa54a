// Puts the gateway together and starts it: wiring from the templates, one TLS port for clients, one plain port for Lambdas.

import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createAuthenticator } from "./auth/authenticate.js";
import { remoteKeys, type KeySource } from "./auth/jwt.js";
import type { IamCredential } from "./auth/sigv4.js";
import { createExecutor } from "./execution/execute.js";
import { lambdaInvoker, type EmulatorLogin } from "./execution/lambda.js";
import { resolverSets } from "./execution/resolvers.js";
import { jsonLog, type Log } from "./log.js";
import type { Clock, LambdaInvoker, Wiring } from "./model.js";
import { buildAppSyncSchema } from "./schema/build.js";
import { limitsOf } from "./schema/limits.js";
import { httpListener } from "./transport/http.js";
import { serveRealtime } from "./transport/realtime.js";
import { createSubscriptions } from "./transport/subscriptions.js";
import { ensureCertificates } from "./transport/tls.js";
import { readDeployment } from "./wiring/emulator.js";
import { loadWiring } from "./wiring/load.js";

export interface GatewayOptions {
  emulatorUrl: string;
  /** Directory of the synthesised templates that were deployed. */
  cdkOut: string;
  /** Certificates are kept here; `ca.pem` is what clients trust. */
  stateDir: string;
  /** 0 = any free port. */
  tlsPort: number;
  httpPort: number;
  stage: string;
  region?: string;
  accountId?: string;
  /** Secret of the emulator's credentials; its access keys are `test` and the account id. */
  secretAccessKey?: string;
  clock?: Clock;
  log?: Log;
}

/** What tests put in place of the deployed cloud. */
export interface GatewayParts {
  wiring: Wiring;
  invoker: LambdaInvoker;
  keys: KeySource;
  iamCredentials: readonly IamCredential[];
  stateDir: string;
  tlsPort: number;
  httpPort: number;
  clock: Clock;
  log: Log;
  connectionTimeoutMs?: number;
  keepAliveMs?: number;
}

export interface Gateway {
  /** `https://localhost:<port>/graphql`; the real-time endpoint is `/realtime` below it, over `wss`. */
  url: string;
  /** For callers inside the local cloud. */
  httpUrl: string;
  graphiqlUrl: string;
  caPath: string;
  close(): Promise<void>;
}

/** Starts the gateway of a deployed stage. Throws when templates or deployment lack what it needs. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { emulatorUrl, cdkOut, stateDir, tlsPort, httpPort, stage } = options;
  const accountId = options.accountId ?? "000000000000";
  const login: EmulatorLogin = { emulatorUrl, region: options.region ?? "us-east-1", accessKeyId: accountId };
  const wiring = await loadWiring(cdkOut, await readDeployment(cdkOut, login, accountId), stage);
  return serveGateway({
    wiring,
    invoker: lambdaInvoker(login),
    keys: remoteKeys(emulatorUrl),
    iamCredentials: localCredentials(accountId, options.secretAccessKey ?? "test"),
    stateDir,
    tlsPort,
    httpPort,
    clock: options.clock ?? Date.now,
    log: options.log ?? jsonLog,
  });
}

/** The emulator gives a function its account id as access key; people use `test`. */
export function localCredentials(accountId: string, secretAccessKey: string): IamCredential[] {
  const userArn = `arn:aws:iam::${accountId}:root`;
  return ["test", accountId].map((accessKeyId) => ({ accessKeyId, secretAccessKey, accountId, userArn }));
}

/** Starts a gateway from its parts. */
export async function serveGateway(parts: GatewayParts): Promise<Gateway> {
  const { wiring, invoker, keys, iamCredentials, clock, log } = parts;
  const schema = buildAppSyncSchema(wiring);
  const limits = limitsOf(wiring);
  const executor = createExecutor({
    schema,
    newResolverSet: resolverSets(wiring.resolvers.values(), invoker),
    hasResolver: (typeName, fieldName) => wiring.resolvers.has(`${typeName}.${fieldName}`),
    limits,
    introspection: wiring.introspection,
    log,
  });
  const authenticator = createAuthenticator({ wiring, keys, iamCredentials, clock });
  const subscriptions = createSubscriptions(schema, executor);
  const listener = httpListener({ authenticator, executor, subscriptions, limits, log });
  const { cert, key, caPath } = await ensureCertificates(parts.stateDir);
  const tls = createHttpsServer({ cert, key }, listener);
  const plain = createHttpServer(listener);
  const endConnections = serveRealtime(tls, {
    authenticator,
    executor,
    subscriptions,
    limits,
    log,
    connectionTimeoutMs: parts.connectionTimeoutMs ?? 300_000,
    keepAliveMs: parts.keepAliveMs ?? 60_000,
  });
  const tlsPort = await listen(tls, parts.tlsPort);
  const httpPort = await listen(plain, parts.httpPort);
  log("info", "gateway listening", { tlsPort, httpPort, api: wiring.apiName, resolvers: wiring.resolvers.size });
  return {
    url: `https://localhost:${tlsPort}/graphql`,
    httpUrl: `http://127.0.0.1:${httpPort}/graphql`,
    graphiqlUrl: `https://localhost:${tlsPort}/graphiql`,
    caPath,
    async close() {
      endConnections();
      await Promise.all([tls, plain].map(stop));
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
