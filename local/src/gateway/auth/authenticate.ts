// Finds which of the API's auth modes a request uses and verifies its credentials by that mode.

import { decodeJwt } from "jose";
import { unauthorized } from "../errors.js";
import type { AuthMode, AuthProvider, Caller, Clock, Wiring } from "../model.js";
import { cognitoIssuer, verifyCognito, verifyOidc, type KeySource } from "./jwt.js";
import { verifySigV4, type IamCredential, type SignedRequest } from "./sigv4.js";

export interface Authenticator {
  /** Throws `RequestRefused` when no mode of the API takes the credentials. */
  authenticate(request: SignedRequest, sourceIp: string): Promise<Caller>;
}

export interface AuthenticatorParts {
  wiring: Pick<Wiring, "defaultProvider" | "additionalProviders" | "apiKeys">;
  keys: KeySource;
  iamCredentials: readonly IamCredential[];
  clock: Clock;
}

export function createAuthenticator({ wiring, keys, iamCredentials, clock }: AuthenticatorParts): Authenticator {
  const providers = [wiring.defaultProvider, ...wiring.additionalProviders];
  const enabled = (mode: AuthMode): boolean => providers.some((provider) => provider.mode === mode);
  return {
    async authenticate(request, sourceIp) {
      const authorization = request.headers["authorization"];
      const apiKey = request.headers["x-api-key"];
      if (authorization?.startsWith("AWS4-HMAC-SHA256")) {
        if (!enabled("AWS_IAM")) throw unauthorized();
        return verifySigV4(request, iamCredentials, sourceIp, clock);
      }
      if (authorization) {
        const token = authorization.replace(/^Bearer +/i, "");
        const provider = providerOf(token, providers);
        return provider.mode === "OPENID_CONNECT"
          ? verifyOidc(token, provider, keys, clock)
          : verifyCognito(token, provider, keys, sourceIp, clock);
      }
      if (apiKey) {
        const known = wiring.apiKeys.some(({ id, expires }) => id === apiKey && expires * 1000 > clock());
        if (!enabled("API_KEY") || !known) throw unauthorized();
        return { mode: "API_KEY", groups: [], identity: null };
      }
      throw unauthorized("Valid authorization header not provided.");
    },
  };
}

type TokenProvider = Extract<AuthProvider, { mode: "AMAZON_COGNITO_USER_POOLS" | "OPENID_CONNECT" }>;

/** The provider whose tokens name it as issuer; nothing in the token is believed beyond that. */
function providerOf(token: string, providers: readonly AuthProvider[]): TokenProvider {
  let issuer: string | undefined;
  try {
    issuer = decodeJwt(token).iss;
  } catch {
    throw unauthorized("Unable to parse JWT token.");
  }
  const provider = providers.find((candidate): candidate is TokenProvider => {
    if (candidate.mode === "AMAZON_COGNITO_USER_POOLS") return cognitoIssuer(candidate) === issuer;
    return candidate.mode === "OPENID_CONNECT" && candidate.issuer === issuer;
  });
  if (!provider) throw unauthorized();
  return provider;
}
