// What is measured: binaries of the path and the Node twin of one of them, with the environment and events they get.
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { REPOSITORY } from '../../local/src/cloud/paths.ts';
import type { Secrets } from './aws-stub.ts';

export const OUTPUT = join(REPOSITORY, 'target/bench');
/** The function that exists twice. */
export const TWIN = 'studios_resolver';
export const NODE_TWIN = `${TWIN} on Node`;

const MEMORY_MB = 256;
const WEBHOOK_SECRET = 'whsec_bench';
const SUB = '6e1c1b2e-5d0f-4a53-9c5e-2f4a1f3f9a10';

export interface Subject {
  readonly name: string;
  readonly command: readonly string[];
  /** File that is deployed. */
  readonly artifact: string;
  /** The n-th event; functions without one are started and not called, because their work needs a whole order. */
  readonly event?: (n: number) => unknown;
  /** What one call does, for the report. */
  readonly does: string;
}

/** Where the release binaries are; a debug build tries the harness out. */
export function binaries(): string {
  return process.env['BENCH_BINARIES'] ?? join(OUTPUT, 'release');
}

export function subjects(slug: string): Subject[] {
  const rust = (name: string, does: string, event?: (n: number) => unknown): Subject => {
    const binary = join(binaries(), name);
    return { name, command: [binary], artifact: binary, does, ...(event === undefined ? {} : { event }) };
  };
  const bundle = join(OUTPUT, 'node/studios-resolver.cjs');
  // The limits that Lambda's Node runtime derives from the memory of the function.
  const limits = [`--max-semi-space-size=${Math.floor(MEMORY_MB * 0.05)}`, `--max-old-space-size=${Math.floor(MEMORY_MB * 0.9)}`];
  const studio = (): unknown => resolverEvent('studio', { slug });
  const reads = '`Query.studio`: counts the caller in DynamoDB, six reads in a PostgreSQL transaction';
  return [
    rust(TWIN, reads, studio),
    { name: NODE_TWIN, command: [process.execPath, ...limits, bundle], artifact: bundle, does: 'the same', event: studio },
    rust('stripe_webhook', 'checks a signature, stores the event, publishes to EventBridge', webhookEvent),
    rust('booking_orders_resolver', '`Query.myOrders` of a buyer without orders', () => resolverEvent('myOrders', {})),
    rust('booking_checkout_resolver', 'started only'),
    rust('booking_validate_step', 'started only'),
  ];
}

export interface Place {
  readonly endpoint: string;
  /** System certificates and the stub's, as Amazon Linux has them in one file. */
  readonly certificates: string;
  /** The stub's certificate alone; Node brings the others in its binary. */
  readonly stubCertificate: string;
}

/** The environment that Lambda gives, and nothing of ours. */
export function environment(subject: Subject, place: Place): NodeJS.ProcessEnv {
  const arn = (name: string): string => `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}`;
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    _HANDLER: 'bootstrap',
    LAMBDA_TASK_ROOT: '/var/task',
    AWS_LAMBDA_FUNCTION_NAME: subject.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(MEMORY_MB),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/bench',
    AWS_LAMBDA_LOG_STREAM_NAME: 'bench',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_SESSION_TOKEN: 'bench',
    AWS_ENDPOINT_URL: place.endpoint,
    SSL_CERT_FILE: place.certificates,
    NODE_EXTRA_CA_CERTS: place.stubCertificate,
    RASTUP_STAGE: 'prod',
    RASTUP_FUNCTION: subject.name,
    LOG_LEVEL: 'info',
    DATABASE_SECRET_ARN: arn('database'),
    STRIPE_SECRET_ARN: arn('stripe'),
    STRIPE_WEBHOOK_SECRET_ARN: arn('stripe-webhook'),
    STRIPE_API_URL: place.endpoint,
    EVENT_BUS_NAME: 'bench',
    RATE_LIMIT_TABLE: 'bench',
    MACHINE_CONFIRM_LBG_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:confirm_lbg',
  };
}

export function secrets(databasePort: number, database: string): Secrets {
  const arn = (name: string): string => `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}`;
  return {
    [arn('database')]: { host: '127.0.0.1', port: databasePort, username: 'rastup', password: 'bench', dbname: database, sslmode: 'disable' },
    [arn('stripe')]: { secretKey: 'sk_test_bench', publishableKey: 'pk_test_bench' },
    [arn('stripe-webhook')]: { secrets: [WEBHOOK_SECRET] },
  };
}

function resolverEvent(field: string, args: unknown): unknown {
  return {
    arguments: args,
    identity: {
      sub: SUB,
      username: SUB,
      issuer: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_bench',
      groups: ['buyer'],
      claims: { sub: SUB, 'cognito:groups': ['buyer'], token_use: 'id' },
      sourceIp: ['203.0.113.7'],
      defaultAuthStrategy: 'ALLOW',
    },
    source: null,
    request: { headers: { host: 'api.example.com', 'x-corr-id': 'bench-correlation' }, domainName: null },
    prev: null,
    info: { fieldName: field, parentTypeName: 'Query', variables: {}, selectionSetList: [], selectionSetGraphQL: '{ __typename }' },
    stash: {},
  };
}

function webhookEvent(n: number): unknown {
  const seconds = Math.floor(Date.now() / 1000);
  const body = JSON.stringify({
    id: `evt_bench_${process.pid}_${n}`,
    object: 'event',
    type: 'payment_intent.amount_capturable_updated',
    created: seconds,
    livemode: false,
    data: { object: { id: 'pi_bench', object: 'payment_intent', status: 'requires_capture' } },
  });
  const signature = createHmac('sha256', WEBHOOK_SECRET).update(`${seconds}.${body}`).digest('hex');
  return {
    version: '2.0',
    routeKey: 'POST /webhooks/stripe',
    rawPath: '/webhooks/stripe',
    headers: { 'content-type': 'application/json', 'stripe-signature': `t=${seconds},v1=${signature}` },
    requestContext: { http: { method: 'POST', path: '/webhooks/stripe' } },
    body,
    isBase64Encoded: false,
  };
}
