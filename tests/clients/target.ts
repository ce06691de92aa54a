// Where the client tests go and what they may ask for there: read from the environment, the same for a test gateway and the deployed cloud.

import { WebSocket } from "ws";

export interface ClientTarget {
  /** `https://localhost:<port>/graphql`. Node has to trust its certificate: `NODE_EXTRA_CA_CERTS`. */
  url: string;
  region: string;
  apiKey: string;
  /** Access token of a user in the group `buyer` and in no other. */
  buyerToken: string;
  /** Credentials of the backend itself. */
  iam: { accessKeyId: string; secretAccessKey: string };
  /** A published studio. */
  studioSlug: string;
  /** A published profile, one of its packages and a time that can be booked. */
  serviceProfileId: string;
  packageId: string;
  city: string;
  startAt: string;
  endAt: string;
}

/** Name of the variable that holds the target as JSON. */
export const TARGET_VARIABLE = "RASTUP_CLIENT_TARGET";

export function clientTarget(): ClientTarget {
  const json = process.env[TARGET_VARIABLE];
  if (json === undefined) throw new Error(`${TARGET_VARIABLE} is not set: run clients.test.ts, which sets it`);
  return JSON.parse(json) as ClientTarget;
}

/** Browsers have a WebSocket; Node 20 has none under that name. */
export function provideWebSocket(): void {
  Object.assign(globalThis, { WebSocket });
}

export const STUDIO = /* GraphQL */ `
  query Studio($slug: String!) {
    studio(slug: $slug) { studioId slug title rates { kind priceCents } cancellationPolicy { fromHours buyerRefundPct } }
  }
`;

export const PROFILE = /* GraphQL */ `
  query Profile($id: ID!) { serviceProfile(id: $id) { serviceProfileId handle } }
`;

export const START_CHECKOUT = /* GraphQL */ `
  mutation Start($leg: StartLegInput!, $when: DateTimeRangeInput!, $city: String!, $clientRequestId: ID) {
    startCheckout(leg: $leg, when: $when, city: $city, clientRequestId: $clientRequestId) {
      draftId
      order { lbgId status totalCents legs { legId type status } }
    }
  }
`;

export const SET_PACKAGES = /* GraphQL */ `
  mutation Set($id: ID!, $packages: [ServicePackageInput!]!) {
    setPackages(serviceProfileId: $id, packages: $packages) { serviceProfileId }
  }
`;

export const CHECKOUT_STATUS = /* GraphQL */ `
  subscription Status($lbgId: ID!) {
    checkoutStatus(lbgId: $lbgId) { lbgId event status chargeStatus errorCode occurredAt }
  }
`;

export const PUBLISH = /* GraphQL */ `
  mutation Publish($event: CheckoutEventInput!) {
    publishCheckoutStatus(event: $event) { lbgId event status chargeStatus errorCode occurredAt }
  }
`;

export function startCheckoutVariables(target: ClientTarget, clientRequestId: string): Record<string, unknown> {
  const { serviceProfileId, packageId, city, startAt, endAt } = target;
  return { leg: { serviceProfileId, packageId }, when: { start: startAt, end: endAt }, city, clientRequestId };
}

export function checkoutEvent(lbgId: string, event: string): Record<string, unknown> {
  return { lbgId, event, status: "CONFIRMED", chargeStatus: "CAPTURED", errorCode: null, occurredAt: new Date().toISOString() };
}

/** Rejects after a while, so that a missing event fails a test instead of hanging it. */
export function within<T>(promise: Promise<T>, what: string, milliseconds = 15_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export interface Deferred {
  promise: Promise<void>;
  resolve(): void;
  reject(cause: unknown): void;
}

/** A promise settled from outside; Node 20 has no `Promise.withResolvers`. */
export function deferred(): Deferred {
  let resolve!: () => void;
  let reject!: (cause: unknown) => void;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
