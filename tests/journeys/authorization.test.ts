// Who may call what, and what bad input gets: every operation of the API by name, on the deployed cloud.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { parse } from 'graphql';
import { REPOSITORY } from '../../local/src/cloud/paths.ts';
import { ensureAccount } from '../../local/src/cloud/accounts.ts';
import * as operation from '../../local/src/client/operations.ts';
import type { Order, Person } from '../../local/src/client/world.ts';
import { BOOKS_ROWS } from '../support/authorization-books.ts';
import { MODE_ROWS, modeIds, type ModeIds } from '../support/authorization-modes.ts';
import { newSupply } from '../support/supply.ts';
import { useWorld } from '../support/world.ts';

const here = useWorld();

/** Callers of the table; `owner` is the buyer of the order under test, `stranger` another buyer, `seller` somebody else's. */
type Who = 'nobody' | 'stranger' | 'owner' | 'seller' | 'support';
const EVERYONE: readonly Who[] = ['nobody', 'stranger', 'owner', 'seller', 'support'];

interface Rule {
  readonly query: string;
  readonly variables: (order: Order, ids: Ids) => Record<string, unknown>;
  /** Who gets an answer or an error of the domain that tells them about their own things. */
  readonly allowed: readonly Who[];
}

interface Ids {
  readonly leg: { serviceProfileId: string; packageId: string };
  readonly studioId: string;
  readonly when: { start: string; end: string };
  readonly modes: ModeIds;
}

const status = `mutation($event: CheckoutEventInput!) { publishCheckoutStatus(event: $event) { lbgId } }`;
const studioQuote = `query($studioId: ID!, $when: DateTimeRangeInput!) { studioQuote(studioId: $studioId, when: $when) { subtotalCents } }`;
const draft = (order: Order): Record<string, unknown> => ({ draftId: order.lbgId });
const legOf = (order: Order): { legId: string; docPackId: string | null } => order.legs[0] as Order['legs'][number];

const RULES: Readonly<Record<string, Rule>> = {
  ...MODE_ROWS,
  ...BOOKS_ROWS,
  serviceProfile: { query: operation.PROFILE, variables: (_, { leg }) => ({ id: leg.serviceProfileId }), allowed: ['stranger', 'owner', 'seller', 'support'] },
  studio: { query: operation.STUDIO, variables: () => ({ slug: 'heights-daylight-loft' }), allowed: ['stranger', 'owner', 'seller', 'support'] },
  studioQuote: { query: studioQuote, variables: (_, { studioId, when }) => ({ studioId, when }), allowed: ['stranger', 'owner', 'seller', 'support'] },
  quoteBooking: { query: operation.QUOTE, variables: (_, { leg, when }) => ({ leg, when, city: 'houston' }), allowed: ['stranger', 'owner', 'seller', 'support'] },
  setPackages: { query: operation.SET_PACKAGES, variables: (_, { leg }) => ({ serviceProfileId: leg.serviceProfileId, packages: [] }), allowed: [] },
  startCheckout: { query: operation.START, variables: (_, { leg, when }) => ({ leg, when, city: 'houston' }), allowed: ['stranger', 'owner', 'seller'] },
  attachStudioInFlow: { query: operation.ATTACH, variables: (order, { studioId }) => ({ ...draft(order), studioId }), allowed: ['owner'] },
  createDocPack: { query: operation.CREATE_PACKS, variables: draft, allowed: ['owner'] },
  createPaymentIntent: { query: operation.PAY, variables: (order) => ({ ...draft(order), method: { type: 'CARD' } }), allowed: ['owner'] },
  confirmPayment: { query: operation.CONFIRM, variables: draft, allowed: ['owner'] },
  markCompleted: { query: operation.COMPLETE, variables: (order) => ({ lbgId: order.lbgId }), allowed: ['owner'] },
  order: { query: operation.ORDER_QUERY, variables: (order) => ({ lbgId: order.lbgId }), allowed: ['owner', 'support'] },
  myOrders: { query: operation.MY_ORDERS, variables: () => ({ limit: 5 }), allowed: ['stranger', 'owner', 'seller', 'support'] },
  docPack: { query: operation.PACK, variables: (order) => ({ packId: legOf(order).docPackId }), allowed: ['owner', 'support'] },
  receipt: { query: operation.RECEIPT_QUERY, variables: (order) => ({ legId: legOf(order).legId }), allowed: ['owner', 'support'] },
  groupReceipt: { query: operation.GROUP_RECEIPT, variables: (order) => ({ lbgId: order.lbgId }), allowed: ['owner', 'support'] },
  publishCheckoutStatus: {
    query: status,
    variables: (order) => ({ event: { lbgId: order.lbgId, event: 'forged', status: 'CONFIRMED', occurredAt: '2026-01-01T00:00:00Z' } }),
    allowed: [],
  },
};

/** Codes that mean "not for you": AppSync's own, and ours for things that are not the caller's. */
const REFUSALS = ['Unauthorized', 'UnauthorizedException', 'FORBIDDEN', 'NOT_FOUND', 'SP_NOT_FOUND'];

describe('authorization of every operation', () => {
  let order: Order;
  let ids: Ids;
  let otherStudioId: string;
  const tokens: Partial<Record<Who, string>> = {};

  before(async () => {
    const { world } = here;
    const supply = await newSupply(world);
    otherStudioId = (await newSupply(world)).studioId;
    const owner = await world.buyer();
    const leg = { serviceProfileId: supply.serviceProfileId, packageId: supply.packageId };
    ids = { leg, studioId: supply.studioId, when: await world.range(15), modes: await modeIds(world, owner, supply) };
    order = await world.confirmed(owner, supply, await world.range(14));
    tokens.owner = owner.token;
    tokens.stranger = (await world.buyer()).token;
    tokens.seller = (await signedIn('seller_lena')).token;
    tokens.support = (await signedIn('staff_support')).token;
  });

  async function signedIn(name: string): Promise<Person> {
    const { world } = here;
    return world.signIn(await ensureAccount(world.ports, world.outputs, name, []));
  }

  it('the_table_names_every_operation_of_the_schema', () => {
    const named = new Set([...Object.keys(RULES), 'checkoutStatus']);
    for (const context of readdirSync(join(REPOSITORY, 'functions'))) {
      const directory = join(REPOSITORY, 'functions', context, 'schema');
      let files: string[] = [];
      try {
        files = readdirSync(directory);
      } catch {
        continue; // A context without an API.
      }
      for (const file of files) {
        for (const definition of parse(readFileSync(join(directory, file), 'utf8')).definitions) {
          if (definition.kind !== 'ObjectTypeExtension') continue;
          if (!['Query', 'Mutation', 'Subscription'].includes(definition.name.value)) continue;
          for (const field of definition.fields ?? []) assert.ok(named.has(field.name.value), `${field.name.value} is in the table`);
        }
      }
    }
  });

  for (const [name, rule] of Object.entries(RULES)) {
    it(`${name}_answers_only_those_it_is_for`, async () => {
      const { world } = here;
      for (const who of EVERYONE) {
        const answer = await world.api.raw(tokens[who], rule.query, rule.variables(order, ids));
        const code = answer.errors?.[0]?.errorType ?? 'OK';
        if (rule.allowed.includes(who)) assert.ok(!REFUSALS.includes(code), `${name} answers ${who}, not ${code}`);
        else assert.ok(REFUSALS.includes(code), `${name} refuses ${who}, not ${code}`);
      }
      assert.equal((await world.order({ token: tokens.owner } as Person, order.lbgId)).status, 'CONFIRMED');
    });
  }

  it('malformed_ids_and_ranges_get_a_typed_error_with_hint_and_correlation_id', async () => {
    const { world } = here;
    const before = await rows();
    const cases: [string, Record<string, unknown>, string][] = [
      [operation.ORDER_QUERY, { lbgId: "lbg_' or 1=1 --" }, 'INPUT_INVALID'],
      [operation.ORDER_QUERY, { lbgId: order.legs[0]?.legId }, 'INPUT_INVALID'],
      [operation.CONFIRM, { draftId: '' }, 'INPUT_INVALID'],
      [operation.START, { leg: ids.leg, when: { start: ids.when.end, end: ids.when.start }, city: 'houston' }, 'INPUT_INVALID'],
      [operation.START, { leg: ids.leg, when: { start: '2020-01-01T10:00:00Z', end: '2020-01-01T14:00:00Z' }, city: 'houston' }, 'INPUT_INVALID'],
      [operation.START, { leg: ids.leg, when: ids.when, city: 'atlantis' }, 'INPUT_INVALID'],
      [operation.START, { leg: { ...ids.leg, addOns: [{ key: 'no_such', quantity: 1 }] }, when: ids.when, city: 'houston' }, 'INPUT_INVALID'],
      [operation.START, { leg: { ...ids.leg, locationAddress: 'x'.repeat(5_000) }, when: ids.when, city: 'houston' }, 'INPUT_INVALID'],
      [operation.CREATE_PACKS, { draftId: order.lbgId }, 'WRONG_STATE'],
      [operation.ATTACH, { draftId: order.lbgId, studioId: otherStudioId }, 'WRONG_STATE'],
      [operation.COMPLETE, { lbgId: order.lbgId }, 'WRONG_STATE'],
    ];
    for (const [query, variables, expected] of cases) {
      const { errors } = await world.api.raw(tokens.owner, query, variables);
      const error = errors?.[0];
      assert.equal(error?.errorType, expected, `${JSON.stringify(variables).slice(0, 90)}: ${error?.message}`);
      assert.ok((error?.errorInfo?.hint ?? '').length > 0, 'a hint');
      assert.match(error?.errorInfo?.corrId ?? '', /^[0-9a-f-]{8,64}$/, 'a correlation id');
    }
    assert.deepEqual(await rows(), before, 'nothing is written');
  });

  it('an_oversized_request_is_refused_whole', async () => {
    const { world } = here;
    const variables = { leg: { ...ids.leg, locationAddress: 'x'.repeat(300_000) }, when: ids.when, city: 'houston' };
    assert.equal((await world.api.raw(tokens.owner, operation.START, variables)).errors?.[0]?.errorType, 'INPUT_TOO_LARGE');
  });

  it('a_forged_webhook_is_refused_and_nothing_is_stored', async () => {
    const { world } = here;
    const before = await rows();
    const base = `http://127.0.0.1:${world.ports.emulator}/_aws/execute-api/${world.outputs['HttpApiId']}/$default/webhooks`;
    const forged = await fetch(`${base}/stripe`, {
      method: 'POST',
      headers: { 'stripe-signature': `t=${Math.floor((await world.sandbox.now()).getTime() / 1000)},v1=${'0'.repeat(64)}` },
      body: JSON.stringify({ id: 'evt_forged', type: 'payment_intent.succeeded', data: { object: {} } }),
    });
    assert.equal(forged.status, 401);
    assert.equal(((await forged.json()) as { code: string }).code, 'INVALID_SIGNATURE');
    const form = new FormData();
    form.set('json', JSON.stringify({ event: { event_type: 'signature_request_all_signed', event_time: '1', event_hash: '0'.repeat(64) } }));
    assert.equal((await fetch(`${base}/esign`, { method: 'POST', body: form })).status, 401);
    assert.deepEqual(await rows(), before, 'nothing is stored');
  });

  async function rows(): Promise<unknown> {
    const tables = ['booking.lbg', 'booking.booking_leg', 'booking.calendar_block', 'finance.charge', 'documents.doc_pack', 'platform.webhook_inbox', 'platform.idempotency_record'];
    const counts: Record<string, number> = {};
    for (const table of tables) {
      const { rows: [row] } = await here.world.db.query(`select count(*)::int as n from ${table}`);
      counts[table] = (row as { n: number }).n;
    }
    return counts;
  }
});
