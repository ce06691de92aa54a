// After all journeys: what was published fits its schema, nothing personal left, nothing waits in a dead-letter queue.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { REPOSITORY } from '../../local/src/cloud/paths.ts';
import { type GraphqlError, until } from '../../local/src/client/graphql.ts';
import { useWorld } from '../support/world.ts';

const here = useWorld();

describe('after everything else', () => {
  it('every_published_event_fits_its_schema', async () => {
    const ajv = new Ajv2020({ allErrors: true, strict: false });
    (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
    const schemas = new Map(
      readdirSync(join(REPOSITORY, 'events')).filter((file) => file.endsWith('.json')).map((file) => {
        const schema = JSON.parse(readFileSync(join(REPOSITORY, 'events', file), 'utf8')) as object;
        return [file.replace('.json', ''), ajv.compile(schema)] as const;
      }),
    );
    const { rows } = await here.world.db.query<{ detail: { event: string; v: number } }>('select detail from platform.outbox');
    assert.ok(rows.length > 100, `${rows.length} events were published`);
    const problems = new Set<string>();
    for (const { detail } of rows) {
      const name = `${detail.event}.v${detail.v}`;
      const check = schemas.get(name);
      if (check === undefined) problems.add(`${name} has no schema`);
      else if (!check(detail)) problems.add(`${name}: ${ajv.errorsText(check.errors)}`);
    }
    assert.deepEqual([...problems], []);
  });

  it('every_committed_event_reached_the_bus', async () => {
    await until('an empty outbox', async () => {
      const { rows } = await here.world.db.query('select 1 from platform.outbox where published_at is null');
      return rows.length === 0 ? true : undefined;
    }, 150_000);
  });

  it('no_name_or_address_is_in_an_event_or_in_a_log', async () => {
    const { world } = here;
    const people = await world.db.query('select legal_name, email from profiles.app_user');
    const secrets = (people.rows as { legal_name: string; email: string }[]).flatMap((p) => [p.legal_name, p.email]);
    const events = await world.db.query('select detail::text as text from platform.outbox');
    const texts = [
      ...(events.rows as { text: string }[]).map((row) => row.text),
      ...readdirSync(world.paths.logs, { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile())
        .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8')),
    ].join('\n');
    assert.deepEqual(secrets.filter((secret) => texts.includes(secret)), []);
  });

  it('a_visitor_who_asks_too_often_is_told_when_to_come_back', async () => {
    const { world } = here;
    const key = { 'x-api-key': world.outputs['GraphqlApiKey'] as string };
    const query = '{ studio(slug: "heights-daylight-loft") { studioId } }';
    let limited: GraphqlError | undefined;
    // A window has 120 requests; two windows' worth is enough wherever in a window this starts.
    for (let i = 0; i < 242 && limited === undefined; i += 1) {
      limited = (await world.api.raw(undefined, query, {}, key)).errors?.[0];
    }
    assert.equal(limited?.errorType, 'RATE_LIMITED');
    const { retryAfterSeconds } = limited.errorInfo?.details as { retryAfterSeconds: number };
    assert.ok(retryAfterSeconds > 0 && retryAfterSeconds <= 300);
  });

  it('the_whole_ledger_sums_to_zero_and_equals_the_cash_at_the_provider', async () => {
    const { world } = here;
    const sum = await world.db.query('select coalesce(sum(debit_cents - credit_cents), 0)::bigint as sum from finance.gl_entry');
    assert.equal(Number((sum.rows[0] as { sum: string }).sum), 0);
    const cash = await world.db.query(
      `select coalesce(sum(debit_cents - credit_cents), 0)::bigint as cash from finance.gl_entry where account = 'Cash:Stripe'`,
    );
    const { totals } = await world.sandbox.control<{ totals: Record<string, number> }>('GET', 'state');
    const expected = (totals['captured_cents'] ?? 0) - (totals['refunded_cents'] ?? 0) - (totals['transferred_cents'] ?? 0) + (totals['reversed_cents'] ?? 0);
    assert.equal(Number((cash.rows[0] as { cash: string }).cash), expected);
  });
});
