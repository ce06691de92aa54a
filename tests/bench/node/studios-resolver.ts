// The field `Query.studio` of `studios_resolver` as one would write it for Node with AWS SDK v3: the same calls at start,
// the same statements in the same transaction, the same answer. For comparison only; nothing deploys it.
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';

const WINDOW_SECONDS = 300;
const USER_REQUESTS_MAX = 900;
const CONNECTIONS_MAX = 2;

interface DirectEvent {
  readonly arguments: { readonly slug?: unknown };
  readonly identity: { readonly sub?: string; readonly sourceIp?: readonly string[] } | null;
  readonly request: { readonly headers: Readonly<Record<string, string>> };
  readonly info: { readonly fieldName: string; readonly parentTypeName: string };
}

interface Deps {
  readonly pool: pg.Pool;
  readonly dynamo: DynamoDBClient;
  /** Made at start as in the Rust function; queries publish nothing. */
  readonly bus: EventBridgeClient;
  readonly table: string;
}

interface Rate {
  readonly rate_id: string;
  readonly kind: 'hourly' | 'slot' | 'day';
  readonly name: string;
  readonly dow: number[];
  readonly slot_minutes: number | null;
  readonly price_cents: string;
  readonly min_booking_minutes: number;
  readonly max_booking_minutes: number | null;
  readonly start_minute: number;
  readonly end_minute: number;
}

interface Band {
  readonly from_hours: number;
  readonly to_hours: number | null;
  readonly buyer_refund_pct: number;
  readonly seller_payout_pct: number;
}

class Refused extends Error {
  constructor(readonly code: string, message: string, readonly hint: string) {
    super(message);
  }
}

export async function init(): Promise<(event: DirectEvent) => Promise<unknown>> {
  const secrets = new SecretsManagerClient({});
  const { SecretString: text = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: process.env['DATABASE_SECRET_ARN'] }));
  const secret = JSON.parse(text) as { host: string; port: number; username: string; password: string; dbname: string };
  const pool = new pg.Pool({
    host: secret.host,
    port: secret.port,
    user: secret.username,
    password: secret.password,
    database: secret.dbname,
    max: CONNECTIONS_MAX,
    idleTimeoutMillis: 0,
  });
  (await pool.connect()).release();
  const deps: Deps = {
    pool,
    dynamo: new DynamoDBClient({}),
    bus: new EventBridgeClient({}),
    table: process.env['RATE_LIMIT_TABLE'] ?? '',
  };
  return (event) => answer(deps, event);
}

async function answer(deps: Deps, event: DirectEvent): Promise<unknown> {
  const began = performance.now();
  const corrId = event.request.headers['x-corr-id'] ?? '';
  const line = { level: 'INFO', operation: event.info.fieldName, corr_id: corrId };
  try {
    await limited(deps, event);
    const data = await studio(deps.pool, event);
    console.log(JSON.stringify({ ...line, duration_ms: performance.now() - began }));
    return { data };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    console.log(JSON.stringify({ ...line, duration_ms: performance.now() - began, code: error.code }));
    return { error: { code: error.code, message: error.message, hint: error.hint, retryable: false, corrId, details: null } };
  }
}

async function limited(deps: Deps, event: DirectEvent): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const window = Math.floor(now / WINDOW_SECONDS);
  const sub = event.identity?.sub;
  const caller = sub === undefined ? `ip:${event.identity?.sourceIp?.[0] ?? 'unknown'}` : `usr_${sub.replaceAll('-', '')}`;
  const { Attributes } = await deps.dynamo.send(
    new UpdateItemCommand({
      TableName: deps.table,
      Key: { pk: { S: `${caller}#${window}` } },
      UpdateExpression: 'ADD requests :one SET expires_at = :expires_at',
      ExpressionAttributeValues: { ':one': { N: '1' }, ':expires_at': { N: String((window + 2) * WINDOW_SECONDS) } },
      ReturnValues: 'UPDATED_NEW',
    }),
  );
  if (Number(Attributes?.['requests']?.N ?? 0) > USER_REQUESTS_MAX) {
    throw new Refused('RATE_LIMITED', 'Too many requests.', 'Wait for `retryAfterSeconds`, then go on.');
  }
}

async function studio(pool: pg.Pool, event: DirectEvent): Promise<unknown> {
  const { slug } = event.arguments;
  if (typeof slug !== 'string') throw new Refused('INPUT_INVALID', 'The arguments are not valid.', 'Correct the arguments.');
  const db = await pool.connect();
  try {
    await db.query('begin');
    // Named statements are prepared once per connection, as sqlx does it.
    const query = async (name: string, text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> =>
      (await db.query({ name, text, values })).rows as Record<string, unknown>[];
    const notFound = new Refused('NOT_FOUND', 'There is no such studio.', 'Check the address.');
    const [found] = await query('by-slug', 'select studio_id from studios.studio where slug = $1 and is_published', slug);
    if (found === undefined) throw notFound;
    const id = found['studio_id'];
    const [row] = await query(
      'studio',
      `select s.studio_id, s.owner_user_id, s.slug, s.title, s.description, s.city, s.region, s.country,
              s.time_zone, s.address, s.verified_studio, s.deposit_auth_cents, s.capacity_people, s.size_sqft,
              s.amenities, s.house_rules, s.currency, p.buffer_before_min, p.buffer_after_min, p.cleaning_min,
              p.cleaning_fee_cents, p.cancellation_policy
       from studios.studio s join studios.studio_policy p using (studio_id)
       where s.studio_id = $1 and s.is_published`,
      id,
    );
    if (row === undefined) throw notFound;
    const rates = await query(
      'rates',
      `select rate_id, kind, name, dow, slot_minutes, price_cents, min_booking_minutes, max_booking_minutes,
              (extract(epoch from start_local) / 60)::integer as start_minute,
              (extract(epoch from end_local) / 60)::integer as end_minute
       from studios.studio_rate where studio_id = $1 and active order by name, rate_id`,
      id,
    );
    await query(
      'peaks',
      `select name, dow, multiplier_bps,
              (extract(epoch from start_local) / 60)::integer as start_minute,
              (extract(epoch from end_local) / 60)::integer as end_minute
       from studios.studio_peak where studio_id = $1 order by name`,
      id,
    );
    await query(
      'crew',
      'select max_people, multiplier_bps from studios.studio_crew_tier where studio_id = $1 order by max_people',
      id,
    );
    await query(
      'blackouts',
      'select start_at, end_at from studios.studio_blackout where studio_id = $1 and end_at > $2 order by start_at',
      id,
      new Date(),
    );
    return studioJson(row, rates as unknown as Rate[]);
  } finally {
    // The answer does not wait for the end of a transaction that only read.
    void db.query('rollback').finally(() => db.release());
  }
}

function studioJson(row: Record<string, unknown>, rates: Rate[]): unknown {
  const deposit = Number(row['deposit_auth_cents']);
  const policy = row['cancellation_policy'] as { readonly bands: Band[] };
  return {
    studioId: row['studio_id'],
    slug: row['slug'],
    title: row['title'],
    description: row['description'],
    city: row['city'],
    region: row['region'],
    country: row['country'],
    timeZone: row['time_zone'],
    capacityPeople: row['capacity_people'],
    sizeSqft: row['size_sqft'],
    amenities: row['amenities'],
    houseRules: row['house_rules'],
    verifiedStudio: row['verified_studio'],
    depositRequired: deposit > 0,
    depositAuthCents: deposit,
    priceFromCents: rates.length === 0 ? 0 : Math.min(...rates.map(perHour)),
    currency: row['currency'],
    rates: rates.map((rate) => ({
      rateId: rate.rate_id,
      kind: rate.kind.toUpperCase(),
      name: rate.name,
      dow: [...rate.dow].sort(),
      startLocal: wallClock(rate.start_minute),
      endLocal: wallClock(rate.end_minute),
      slotMinutes: rate.slot_minutes,
      priceCents: Number(rate.price_cents),
      minBookingMinutes: rate.min_booking_minutes,
      maxBookingMinutes: rate.max_booking_minutes,
    })),
    cancellationPolicy: policy.bands.map((band) => ({
      fromHours: band.from_hours,
      toHours: band.to_hours,
      buyerRefundPct: band.buyer_refund_pct,
      sellerPayoutPct: band.seller_payout_pct,
    })),
    isPublished: true,
  };
}

function perHour(rate: Rate): number {
  const price = Number(rate.price_cents);
  if (rate.kind === 'hourly') return price;
  const length = rate.end_minute - rate.start_minute;
  const window = length > 0 ? length : length + 24 * 60;
  const minutes = rate.kind === 'slot' ? (rate.slot_minutes ?? window) : window;
  return Math.floor((price * 60 + Math.floor(minutes / 2)) / minutes);
}

function wallClock(minute: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}:00`;
}
