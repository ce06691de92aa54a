// Verifies the tokens of a Cognito user pool and of an OIDC provider, and makes the identity a resolver sees.

import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from "jose";
import { unauthorized, type RequestRefused } from "../errors.js";
import type { AuthProvider, Caller, Clock } from "../model.js";

type CognitoProvider = Extract<AuthProvider, { mode: "AMAZON_COGNITO_USER_POOLS" }>;
type OidcProvider = Extract<AuthProvider, { mode: "OPENID_CONNECT" }>;

/** Where the keys of an issuer are; the local cloud serves a pool's keys from the emulator. */
export type KeySource = (provider: CognitoProvider | OidcProvider) => Promise<JWTVerifyGetKey>;

export function cognitoIssuer({ region, userPoolId }: Pick<CognitoProvider, "region" | "userPoolId">): string {
  return `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`;
}

/** Keys by HTTP: a pool's at `{emulator}/{poolId}/.well-known/jwks.json`, a provider's by its discovery document. */
export function remoteKeys(emulatorUrl: string): KeySource {
  const known = new Map<string, JWTVerifyGetKey>();
  return async (provider) => {
    const id = provider.mode === "OPENID_CONNECT" ? provider.issuer : provider.userPoolId;
    const cached = known.get(id);
    if (cached) return cached;
    const url =
      provider.mode === "OPENID_CONNECT"
        ? await discoveredJwks(provider.issuer)
        : `${emulatorUrl}/${provider.userPoolId}/.well-known/jwks.json`;
    // A short cooldown: the emulator's pool gets new keys whenever its state is reset.
    const keys = createRemoteJWKSet(new URL(url), { cooldownDuration: 1_000, [customFetch]: fetch });
    known.set(id, keys);
    return keys;
  };
}

async function discoveredJwks(issuer: string): Promise<string> {
  const response = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const document = (await response.json()) as { jwks_uri?: unknown };
  if (typeof document.jwks_uri !== "string") throw new Error(`no jwks_uri in the discovery document of ${issuer}`);
  return document.jwks_uri;
}

export async function verifyCognito(
  token: string,
  provider: CognitoProvider,
  keys: KeySource,
  sourceIp: string,
  clock: Clock,
): Promise<Caller> {
  const issuer = cognitoIssuer(provider);
  const claims = await verified(token, issuer, await keys(provider), clock);
  const use = claims["token_use"];
  if (use !== "id" && use !== "access") throw unauthorized();
  const client = use === "id" ? claims.aud : claims["client_id"];
  if (!admits(provider.appIdClientRegex, client)) throw unauthorized();
  const groups = strings(claims["cognito:groups"]);
  return {
    mode: "AMAZON_COGNITO_USER_POOLS",
    groups,
    identity: {
      claims,
      defaultAuthStrategy: provider.defaultAction,
      groups: groups.length > 0 ? groups : null,
      issuer,
      sourceIp: [sourceIp],
      sub: claims.sub,
      username: claims["cognito:username"] ?? claims["username"] ?? claims.sub,
    },
  };
}

export async function verifyOidc(token: string, provider: OidcProvider, keys: KeySource, clock: Clock): Promise<Caller> {
  const claims = await verified(token, provider.issuer, await keys(provider), clock);
  const clients = [claims["azp"], ...(Array.isArray(claims.aud) ? claims.aud : [claims.aud])];
  if (!clients.some((client) => admits(provider.clientIdRegex, client))) throw unauthorized();
  return { mode: "OPENID_CONNECT", groups: [], identity: { claims, issuer: claims.iss, sub: claims.sub } };
}

async function verified(token: string, issuer: string, keys: JWTVerifyGetKey, clock: Clock): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      algorithms: ["RS256"],
      requiredClaims: ["sub", "exp", "iat"],
      currentDate: new Date(clock()),
    });
    return payload;
  } catch (cause) {
    throw refusal(cause);
  }
}

function refusal(cause: unknown): RequestRefused | Error {
  if (cause instanceof errors.JWTExpired) return unauthorized("Token has expired.");
  if (cause instanceof errors.JWTInvalid || cause instanceof errors.JWSInvalid) return unauthorized("Unable to parse JWT token.");
  if (cause instanceof errors.JWKSTimeout) return cause;
  return cause instanceof errors.JOSEError ? unauthorized() : (cause as Error);
}

/** AppSync's client filter: a regular expression that the whole id has to match; absent = all. */
function admits(pattern: string | undefined, client: unknown): boolean {
  if (pattern === undefined) return true;
  return typeof client === "string" && new RegExp(`^(?:${pattern})$`).test(client);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}
