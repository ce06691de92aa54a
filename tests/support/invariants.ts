// What must hold for every order at every moment, whatever failed: checked from outside, on the database and the provider.
import assert from 'node:assert/strict';
import type { World } from '../../local/src/client/world.ts';

/** The books of an order: every journal balanced, splits add up to the charge. */
export async function assertBooksBalance(world: World, lbgId: string): Promise<void> {
  const journals = await world.db.query(
    `select e.journal_id, sum(e.debit_cents - e.credit_cents)::bigint as sum
     from finance.gl_entry e join finance.gl_journal j using (journal_id) where j.lbg_id = $1 group by e.journal_id`,
    [lbgId],
  );
  for (const row of journals.rows as { journal_id: string; sum: string }[]) {
    assert.equal(Number(row.sum), 0, `journal ${row.journal_id} balances`);
  }
  const splits = await world.db.query(
    `select c.charge_id, c.amount_cents::bigint as charged, sum(s.amount_cents)::bigint as split
     from finance.charge c join finance.charge_split s using (charge_id) where c.lbg_id = $1 group by c.charge_id`,
    [lbgId],
  );
  for (const row of splits.rows as { charge_id: string; charged: string; split: string }[]) {
    assert.equal(row.split, row.charged, `splits of ${row.charge_id} add up to the charge`);
  }
}

/** Cash in the ledger equals cash at the provider: captured − refunded − transferred + reversed. */
export async function assertLedgerMatchesProvider(world: World, lbgId: string): Promise<void> {
  const { totals } = await world.sandbox.state(lbgId);
  const cash = await world.db.query(
    `select coalesce(sum(e.debit_cents - e.credit_cents), 0)::bigint as cash
     from finance.gl_entry e join finance.gl_journal j using (journal_id)
     where j.lbg_id = $1 and e.account = 'Cash:Stripe'`,
    [lbgId],
  );
  const expected = totals.captured_cents - totals.refunded_cents - totals.transferred_cents + totals.reversed_cents;
  assert.equal(Number((cash.rows[0] as { cash: string }).cash), expected, `ledger cash of ${lbgId} equals the provider's`);
}

/** Every leg confirmed and the whole price taken. */
export async function assertConfirmedWhole(world: World, lbgId: string): Promise<void> {
  const statuses = await legStatuses(world, lbgId);
  assert.ok(statuses.every((status) => status === 'confirmed'), `all legs confirmed, not ${statuses.join(', ')}`);
  const { totals } = await world.sandbox.state(lbgId);
  const total = await world.db.query('select sum(total_cents)::bigint as total from booking.booking_leg where lbg_id = $1', [lbgId]);
  assert.equal(totals.captured_cents - totals.refunded_cents, Number((total.rows[0] as { total: string }).total));
  const blocks = await world.db.query(
    `select b.status from booking.calendar_block b join booking.booking_leg l using (leg_id) where l.lbg_id = $1`,
    [lbgId],
  );
  assert.equal(blocks.rows.length, statuses.length);
  assert.ok(blocks.rows.every((row: { status: string }) => row.status === 'confirmed'));
  await assertBooksBalance(world, lbgId);
  await assertLedgerMatchesProvider(world, lbgId);
}

/** Nothing confirmed, nothing kept from the buyer, nothing reserved, legs as they were before the payment. */
export async function assertUndoneWhole(world: World, lbgId: string): Promise<void> {
  const statuses = await legStatuses(world, lbgId);
  assert.ok(statuses.every((status) => status === 'awaiting_payment'), `all legs awaiting payment, not ${statuses.join(', ')}`);
  const { totals } = await world.sandbox.state(lbgId);
  assert.equal(totals.captured_cents - totals.refunded_cents, 0, 'nothing is kept from the buyer');
  assert.equal(totals.authorized_cents, 0, 'no authorisation or hold is left open');
  const blocks = await world.db.query(
    `select 1 from booking.calendar_block b join booking.booking_leg l using (leg_id) where l.lbg_id = $1`,
    [lbgId],
  );
  assert.equal(blocks.rows.length, 0, 'no time is reserved');
  await assertBooksBalance(world, lbgId);
  await assertLedgerMatchesProvider(world, lbgId);
}

async function legStatuses(world: World, lbgId: string): Promise<string[]> {
  const { rows } = await world.db.query('select status from booking.booking_leg where lbg_id = $1', [lbgId]);
  assert.ok(rows.length > 0, `order ${lbgId} has legs`);
  return rows.map((row: { status: string }) => row.status);
}
