// Money by the book: an order paid partly by wallet, its day compared with Stripe, stopped by a difference and closed.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ensureAccount } from '../../local/src/cloud/accounts.ts';
import type { Person } from '../../local/src/client/world.ts';
import { newSupply } from '../support/supply.ts';
import { useWorld } from '../support/world.ts';

const here = useWorld();
const DAY_SECONDS = 24 * 3600;

interface Report {
  readonly status: string;
  readonly closed: boolean;
  readonly variances: readonly { varianceId: string; kind: string; reference: string }[];
}

const REPLAY = `mutation($day: AWSDate!) { adminReplayRecon(day: $day, reason: "journey") { status closed variances { varianceId kind reference } } }`;
const CLOSE = `mutation($day: AWSDate!) { adminCloseDay(day: $day, reason: "journey") { status } }`;
const ADJUST = `mutation($adjustment: AdjustmentInput!) { adminAdjust(adjustment: $adjustment, reason: "journey") { adjustmentId decision { status } } }`;
const GIVE = `mutation($userId: ID!) { adminWalletAdjust(userId: $userId, amountCents: 10000, reason: "journey", clientRequestId: "books") { balanceCents } }`;
const APPLY = `mutation($draftId: ID!) { applyWalletToCheckout(draftId: $draftId, maxCents: 10000) { appliedCents toChargeCents } }`;

async function staff(name: string, group: string): Promise<Person> {
  const { world } = here;
  return world.signIn(await ensureAccount(world.ports, world.outputs, name, [group]));
}

describe('the books of a day', () => {
  it('a_day_with_an_order_paid_by_wallet_and_card_turns_red_by_a_difference_and_green_by_its_correction', async () => {
    const { world } = here;
    // A day of its own, so that only this order moves money in it.
    await world.sandbox.advance(2 * DAY_SECONDS);
    const [first, second] = [await staff('staff_books_one', 'finance_ops'), await staff('staff_books_two', 'finance_ops')];
    const support = await staff('staff_support', 'support');
    const [buyer, supply] = [await world.buyer(), await newSupply(world)];
    const order = await world.readyToPay(buyer, supply, await world.range(15), false);
    const { rows: owners } = await world.db.query<{ id: string }>('select buyer_user_id as id from booking.lbg where lbg_id = $1', [order.lbgId]);
    await world.api.call(support.token, GIVE, { userId: owners[0]?.id });
    const applied = await world.api.call<{ appliedCents: number; toChargeCents: number }>(buyer.token, APPLY, { draftId: order.lbgId });
    assert.equal(applied.appliedCents, 10_000);
    const payment = await world.createPayment(buyer, order.lbgId);
    assert.equal(payment.amountCents, applied.toChargeCents);
    await world.payInBrowser(payment);
    await world.confirm(buyer, order.lbgId);
    await world.orderIn(buyer, order.lbgId, 'CONFIRMED');
    const wallet = await world.api.call<{ balanceCents: number }>(buyer.token, '{ myWallet { balanceCents } }', {});
    assert.equal(wallet.balanceCents, 0);

    const { rows } = await world.db.query<{ day: string }>(
      "select to_char(occurred_at at time zone 'America/Chicago', 'YYYY-MM-DD') as day from finance.gl_journal where kind = 'capture' and lbg_id = $1",
      [order.lbgId],
    );
    const day = rows[0]?.day;
    await world.sandbox.advance(2 * DAY_SECONDS);
    const replay = (): Promise<Report> => world.api.call<Report>(first.token, REPLAY, { day });
    assert.deepEqual(await replay(), { status: 'GREEN', closed: false, variances: [] });

    // Stripe takes money that we know nothing of.
    await world.db.query(
      `insert into finance.processor_txn (txn_id, kind, reference, source, amount_cents, fee_cents, created_at, read_at)
       select 'txn_' || $1, 'adjustment', 'adj_' || $1, 'adj_' || $1, -12345, 0, occurred_at, occurred_at
       from finance.gl_journal where kind = 'capture' and lbg_id = $1`,
      [order.lbgId],
    );
    const red = await replay();
    assert.equal(red.status, 'RED');
    assert.deepEqual(red.variances.map((found) => found.kind), ['MISSING_AT_OURS']);
    const stopped = async (): Promise<number> =>
      (await world.db.query('select 1 from finance.payout_gate where resumed_at is null and cause like $1', [`close:${day}%`])).rows.length;
    assert.equal(await stopped(), 1);

    const adjustment = {
      debitAccount: 'Suspense:Reconciliation', creditAccount: 'Cash:Stripe', amountCents: 12_345,
      reference: red.variances[0]?.reference, linked: [red.variances[0]?.varianceId],
    };
    const asked = await world.api.call<{ adjustmentId: string | null }>(first.token, ADJUST, { adjustment });
    assert.equal(asked.adjustmentId, null, 'one person corrects nothing');
    const done = await world.api.call<{ adjustmentId: string | null }>(second.token, ADJUST, { adjustment });
    assert.ok(done.adjustmentId);
    assert.equal((await replay()).status, 'GREEN');
    assert.equal(await stopped(), 0);

    const close = (who: Person): Promise<{ status: string }> => world.api.call(who.token, CLOSE, { day });
    assert.equal((await close(first)).status, 'WAITS');
    assert.equal((await close(second)).status, 'DONE');
  });
});
