// Fault injection on the deployed state machines: every step of every saga fails before its effect, fails after it,
// hangs, runs twice, and is killed between effect and acknowledgement; afterwards the invariants hold.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { until } from '../../local/src/client/graphql.ts';
import type { Order, Person, World } from '../../local/src/client/world.ts';
import { assertBooksBalance, assertConfirmedWhole, assertLedgerMatchesProvider, assertUndoneWhole } from '../support/invariants.ts';
import { inParallel } from '../support/parallel.ts';
import { newSupply } from '../support/supply.ts';
import { useWorld } from '../support/world.ts';

const MODES = ['fail-before', 'fail-after', 'timeout', 'twice', 'kill'] as const;
/** More often than any task is retried. */
const ALWAYS = 99;
const AT_ONCE = 6;

const CONFIRM_STEPS = [
  'booking_validate_step.do',
  'booking_calendar_step.do',
  'finance_wallet_step.do',
  'booking_deposit_step.do',
  'finance_capture_step.do',
  'finance_tax_step.do',
  'booking_confirm_step.do',
];
const UNDO_STEPS = [
  'booking_confirm_step.abort',
  'finance_tax_step.undo',
  'finance_capture_step.undo',
  'booking_deposit_step.undo',
  'finance_wallet_step.undo',
  'booking_calendar_step.undo',
  'booking_confirm_step.failed',
];
const LATER_STEPS = [
  'booking_session_step.start',
  'booking_session_step.open_acceptance',
  'booking_session_step.auto_accept',
  'booking_settle_step.plan',
  'booking_deposit_step.void',
  'finance_transfer_step.do',
];

interface Fault {
  readonly step: string;
  readonly mode: string;
  readonly times: number;
}

const refuse = (step: string): Fault => ({ step, mode: 'refuse', times: ALWAYS });

interface Case {
  readonly name: string;
  readonly faults: readonly Fault[];
  /** Switches of the provider sandbox, for this order only. */
  readonly provider?: readonly Record<string, unknown>[];
  readonly expected: 'confirmed' | 'undone';
}

const here = useWorld();
let casesRun = 0;

/** Pays and confirms an order under the case's faults, and waits for its end. */
async function confirmUnder(
  world: World,
  faults: readonly Fault[],
  provider: readonly Record<string, unknown>[] = [],
): Promise<{ buyer: Person; order: Order }> {
  const [buyer, supply] = [await world.buyer(), await newSupply(world)];
  const ready = await world.readyToPay(buyer, supply, await world.range(2));
  const payment = await world.createPayment(buyer, ready.lbgId);
  const directory = join(world.paths.faults, ready.lbgId);
  mkdirSync(directory, { recursive: true });
  for (const fault of faults) writeFileSync(join(directory, fault.step), `${fault.mode} ${fault.times}`);
  await world.payInBrowser(payment);
  for (const fault of provider) await world.sandbox.fault({ provider: 'stripe', lbgId: ready.lbgId, remaining: 1, ...fault });
  await world.confirm(buyer, ready.lbgId);
  const order = await until(
    `the end of the confirmation of ${ready.lbgId}`,
    async () => {
      const now = await world.order(buyer, ready.lbgId);
      return now.status === 'CONFIRMED' || now.lastErrorCode !== null ? now : undefined;
    },
    240_000,
  );
  return { buyer, order };
}

/** A fault that never struck proves nothing. */
function assertStruck(world: World, lbgId: string, faults: readonly Fault[]): void {
  for (const { step, mode, times } of faults) {
    const file = join(world.paths.faults, lbgId, step);
    const left = existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ')[1]) : 0;
    assert.ok(left < times, `${step} ${mode} struck`);
  }
}

async function assertProviderFaultsStruck(world: World, lbgId: string): Promise<void> {
  const { faults } = await world.sandbox.control<{ faults: { lbgId?: string; remaining: number | null }[] }>('GET', 'faults');
  assert.deepEqual(faults.filter((fault) => fault.lbgId === lbgId && fault.remaining !== 0), [], 'every provider fault struck');
}

async function runCases(cases: readonly Case[]): Promise<void> {
  const { world } = here;
  const failures: string[] = [];
  await inParallel(AT_ONCE, cases, async (one) => {
    try {
      const { order } = await confirmUnder(world, one.faults, one.provider);
      assertStruck(world, order.lbgId, one.faults);
      await assertProviderFaultsStruck(world, order.lbgId);
      if (one.expected === 'confirmed') await assertConfirmedWhole(world, order.lbgId);
      else {
        assert.notEqual(order.status, 'CONFIRMED');
        await assertUndoneWhole(world, order.lbgId);
      }
      casesRun += 1;
    } catch (error) {
      failures.push(`${one.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  assert.deepEqual(failures, []);
}

describe('fault injection on the deployed sagas', { concurrency: false }, () => {
  it('a_passing_fault_of_any_confirmation_step_is_retried_and_the_order_confirmed_whole', async () => {
    await runCases(
      CONFIRM_STEPS.flatMap((step) =>
        MODES.map((mode) => ({ name: `${step} ${mode}`, faults: [{ step, mode, times: 1 }], expected: 'confirmed' as const })),
      ),
    );
  });

  it('a_lasting_fault_of_any_confirmation_step_is_undone_whole', async () => {
    const refused = CONFIRM_STEPS.map((step): Case => ({ name: `${step} refuse`, faults: [{ step, mode: 'refuse', times: ALWAYS }], expected: 'undone' }));
    const lost = CONFIRM_STEPS.map((step): Case => ({
      name: `${step} fail-after always`,
      faults: [{ step, mode: 'fail-after', times: ALWAYS }],
      // The last step's effect is the confirmation itself: once it is there, nothing may be undone.
      expected: step === 'booking_confirm_step.do' ? 'confirmed' : 'undone',
    }));
    await runCases([...refused, ...lost]);
  });

  it('a_passing_fault_of_any_undo_step_is_retried_and_the_order_undone_whole', async () => {
    await runCases(
      UNDO_STEPS.flatMap((step) =>
        MODES.map((mode) => ({
          name: `${step} ${mode}`,
          faults: [{ step: 'booking_confirm_step.do', mode: 'refuse', times: ALWAYS }, { step, mode, times: 1 }],
          expected: 'undone' as const,
        })),
      ),
    );
  });

  it('a_provider_that_fails_before_or_after_its_effect_neither_loses_nor_doubles_money', async () => {
    const kinds = ['error', 'timeout', 'disconnect'];
    const calls = [
      { name: 'hold', path: '/v1/payment_intents', faults: [], expected: 'confirmed' as const },
      { name: 'capture', path: '/v1/payment_intents/*/capture', faults: [], expected: 'confirmed' as const },
      { name: 'cancel of the hold', path: '/v1/payment_intents/*/cancel', faults: [refuse('booking_confirm_step.do')], expected: 'undone' as const },
      { name: 'refund', path: '/v1/refunds', faults: [refuse('booking_confirm_step.do')], expected: 'undone' as const },
      { name: 'cancel of the charge', path: '/v1/payment_intents/*/cancel', faults: [refuse('finance_capture_step.do')], expected: 'undone' as const },
    ];
    await runCases(
      calls.flatMap(({ name, path, faults, expected }) =>
        kinds.flatMap((kind) =>
          ['before', 'after'].map((when) => ({
            name: `${name}: ${kind} ${when} its effect`,
            faults,
            provider: [{ kind, method: 'POST', path, when }],
            expected,
          })),
        ),
      ),
    );
  });

  it('a_passing_fault_of_any_step_after_the_confirmation_is_retried_and_the_order_settled', async () => {
    const { world } = here;
    const cases = LATER_STEPS.flatMap((step) => MODES.map((mode) => ({ step, mode, times: 1 })));
    const orders = await inParallel(AT_ONCE, cases, async (fault) => ({ fault, ...(await confirmUnder(world, [fault])) }));
    const latest = (field: 'startAt' | 'endAt' | 'acceptanceUntil'): Date =>
      new Date(Math.max(...orders.map(({ order }) => Date.parse(order[field] as string))) + 1_000);
    const all = (status: string): Promise<unknown> =>
      inParallel(AT_ONCE, orders, ({ buyer, order }) => world.orderIn(buyer, order.lbgId, status, 120_000));
    await world.sandbox.advanceTo(latest('startAt'));
    await all('IN_PROGRESS');
    await world.sandbox.advanceTo(latest('endAt'));
    await all('DELIVERED');
    await world.sandbox.advanceTo(latest('acceptanceUntil'));
    await all('COMPLETED');
    await world.sandbox.advance(8 * 86_400);
    await inParallel(AT_ONCE, orders, async ({ fault, buyer, order }) => {
      await until(
        `payouts and deposit of ${order.lbgId} settled`,
        async () => {
          const { rows } = await world.db.query('select status from finance.payout where lbg_id = $1', [order.lbgId]);
          const now = await world.order(buyer, order.lbgId);
          const paid = rows.length === 2 && rows.every((row: { status: string }) => row.status === 'paid');
          return paid && now.legs.every((leg) => leg.deposit === null || leg.deposit.status === 'VOIDED') ? true : undefined;
        },
        120_000,
      );
      assertStruck(world, order.lbgId, [fault]);
      const { totals } = await world.sandbox.state(order.lbgId);
      assert.equal(totals.authorized_cents, 0, 'the hold is released');
      await assertBooksBalance(world, order.lbgId);
      await assertLedgerMatchesProvider(world, order.lbgId);
      casesRun += 1;
    });
  });

  after(() => {
    console.log(`fault injection: ${casesRun} cases run`);
  });
});
