// The story of `make demo`: a buyer books a photographer and a studio together, told line by line as it happens.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cloud } from '../cloud/cloud.ts';
import { REPOSITORY } from '../cloud/paths.ts';
import { say } from '../cloud/progress.ts';
import { until } from '../client/graphql.ts';
import * as operation from '../client/operations.ts';
import { type Leg, type Order, World } from '../client/world.ts';
import { demoSupply } from '../seed/seed.ts';

const dollars = (cents: number): string => `$${(cents / 100).toFixed(2)}`;

class Timeline {
  private readonly began = performance.now();

  tell(text: string, ...details: string[]): void {
    const seconds = ((performance.now() - this.began) / 1000).toFixed(1).padStart(6);
    say(`${seconds} s  ${text}`);
    for (const detail of details) say(`          ${detail}`);
  }
}

export async function runDemo(cloud: Cloud): Promise<void> {
  const world = new World(cloud.ports, cloud.outputs, cloud.paths, cloud.databaseUrl);
  try {
    await story(world, new Timeline());
  } finally {
    await world.close();
  }
}

async function story(world: World, timeline: Timeline): Promise<void> {
  say('\nA buyer books a photographer and a studio in Houston, together or not at all.\n');
  const supply = await demoSupply(world.db);
  const ada = await world.buyer('buyer_ada');
  const when = await world.range(3);
  const leg = { serviceProfileId: supply.serviceProfileId, packageId: supply.packageId };

  const quote = await world.api.call<{ totalCents: number; depositAuthCents: number; legs: { title: string; totalCents: number }[] }>(
    ada.token,
    operation.QUOTE,
    { leg, when, city: 'houston', studioId: supply.studioId },
  );
  timeline.tell(
    `quote: ${dollars(quote.totalCents)} for both, and a card hold of ${dollars(quote.depositAuthCents)} for the studio`,
    ...quote.legs.map((part) => `${part.title}: ${dollars(part.totalCents)} with fees and taxes`),
  );

  const draft = await world.startCheckout(ada, supply, when, 'demo-checkout');
  const { lbgId } = await world.attachStudio(ada, draft.lbgId, supply.studioId);
  timeline.tell(`order ${lbgId} opened, studio attached`);

  const refused = await world.refusal(world.createPayment(ada, lbgId));
  timeline.tell(`payment before the documents are signed: refused with ${refused}`);

  await world.signDocuments(ada, lbgId);
  const documents = await world.db.query(
    `select d.title, d.signed_pdf_sha256 from documents.doc_instance d join documents.doc_pack p using (pack_id) where p.lbg_id = $1`,
    [lbgId],
  );
  timeline.tell('documents rendered, sent, signed by everyone and read back from the provider',
    ...documents.rows.map((row: { title: string; signed_pdf_sha256: string }) => `${row.title}: sha256 ${row.signed_pdf_sha256.slice(0, 16)}…`));

  const payment = await world.createPayment(ada, lbgId);
  timeline.tell(`one payment of ${dollars(payment.amountCents)}; both calendars are reserved meanwhile`);
  const bank = await world.payInBrowser(payment, 'pm_card_authenticationRequired', 'pm_card_visa');
  timeline.tell(`the card asks for 3-D Secure (${bank}); confirming now: refused with ${await world.refusal(world.confirm(ada, lbgId))}`);
  await world.sandbox.complete3ds(payment.paymentIntentId);
  const confirmed = await world.orderIn(ada, lbgId, 'CONFIRMED');
  timeline.tell('3-D Secure passed; the webhook resumed the order: both legs are confirmed', ...legLines(confirmed));

  await world.sandbox.advanceTo(new Date(confirmed.startAt));
  await world.orderIn(ada, lbgId, 'IN_PROGRESS');
  timeline.tell('three days later: the session has started');
  await world.sandbox.advanceTo(new Date(confirmed.endAt));
  await world.orderIn(ada, lbgId, 'DELIVERED');
  timeline.tell('the session is over; the buyer has 48 hours to accept');
  const accepted = await world.api.call<{ payouts: { amountCents: number; scheduledFor: string }[] }>(ada.token, operation.COMPLETE, { lbgId });
  timeline.tell('accepted; payouts are queued', ...accepted.payouts.map((p) => `${dollars(p.amountCents)} on ${p.scheduledFor.slice(0, 10)}`));

  await world.sandbox.advance(10 * 86_400);
  const paid = await until('every payout paid and the deposit voided', async () => {
    const { rows } = await world.db.query('select status from finance.payout where lbg_id = $1', [lbgId]);
    const order = await world.order(ada, lbgId);
    const settled = rows.every((row: { status: string }) => row.status === 'paid') && order.legs.every((l) => l.deposit === null || l.deposit.status === 'VOIDED');
    return settled ? order : undefined;
  }, 60_000);
  timeline.tell('ten days later: the sellers are paid, the hold is released', ...legLines(paid));
  await closing(world, paid, timeline);
}

function legLines(order: Order): string[] {
  return order.legs.map((leg: Leg) => `${leg.type.toLowerCase()}: ${leg.status}${leg.deposit === null ? '' : `, deposit ${leg.deposit.status}`}`);
}

async function closing(world: World, order: Order, timeline: Timeline): Promise<void> {
  const directory = join(REPOSITORY, '.local', 'demo-receipts');
  mkdirSync(directory, { recursive: true });
  const ada = await world.buyer('buyer_ada');
  const group = await until('the receipts rendered', async () => {
    const receipt = await world.api.call<{ pdfUrl: string | null; legs: { legId: string; pdfUrl: string | null }[] }>(ada.token, operation.GROUP_RECEIPT, { lbgId: order.lbgId });
    return receipt.pdfUrl !== null && receipt.legs.every((leg) => leg.pdfUrl !== null) ? receipt : undefined;
  });
  const files = [{ name: 'order', url: group.pdfUrl }, ...group.legs.map((leg) => ({ name: leg.legId, url: leg.pdfUrl }))];
  for (const { name, url } of files) {
    const response = await fetch(url as string);
    writeFileSync(join(directory, `${name}.pdf`), Buffer.from(await response.arrayBuffer()));
  }
  timeline.tell(`receipts are in ${directory}`);
  const { rows } = await world.db.query(
    `select account, sum(debit_cents - credit_cents)::bigint as balance
     from finance.gl_entry group by account order by account`,
  );
  say('\nThe ledger, debits minus credits:\n');
  let sum = 0;
  for (const row of rows as { account: string; balance: string }[]) {
    sum += Number(row.balance);
    say(`  ${row.account.padEnd(40)} ${dollars(Number(row.balance)).padStart(12)}`);
  }
  say(`  ${'sum'.padEnd(40)} ${dollars(sum).padStart(12)}\n`);
  if (sum !== 0) throw new Error('the ledger does not balance');
}
