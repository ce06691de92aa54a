// Two buyers want one studio slot: exactly one gets it, two hundred times.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Refused } from '../../local/src/client/graphql.ts';
import type { Order, Payment, Person, World } from '../../local/src/client/world.ts';
import { assertConfirmedWhole } from '../support/invariants.ts';
import { inParallel } from '../support/parallel.ts';
import { newSupply } from '../support/supply.ts';
import { useWorld } from '../support/world.ts';

const PAIRS = 20;
const ROUNDS = 10;
/** A little longer than a card's reservation. */
const RESERVATION_ENDS_SECONDS = 31 * 60;

interface Contender {
  readonly buyer: Person;
  readonly order: Order;
}

const here = useWorld();

/** Reserves both legs; `undefined` when the studio is taken. */
async function reserve(world: World, { buyer, order }: Contender): Promise<Payment | undefined> {
  try {
    return await world.createPayment(buyer, order.lbgId);
  } catch (error) {
    if (error instanceof Refused && error.code === 'CHK_STUDIO_CONFLICT') return undefined;
    throw error;
  }
}

describe('a race for one studio slot', () => {
  it('exactly_one_of_two_buyers_gets_the_slot_two_hundred_times', { timeout: 900_000 }, async () => {
    const { world } = here;
    const when = await world.range(10);
    const pairs = await inParallel(4, Array.from({ length: PAIRS }), async () => {
      const studio = await newSupply(world);
      const contender = async (): Promise<Contender> => {
        // Each brings a talent of their own, so that only the studio is contested.
        const [buyer, talent] = [await world.buyer(), await newSupply(world)];
        return { buyer, order: await world.readyToPay(buyer, { ...talent, studioId: studio.studioId }, when) };
      };
      return [await contender(), await contender()] as const;
    });
    let races = 0;
    let winners: { readonly contender: Contender; readonly payment: Payment }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      // An unpaid reservation ends, and the slot is free for both again.
      if (round > 0) await world.sandbox.advance(RESERVATION_ENDS_SECONDS);
      winners = await inParallel(PAIRS, pairs, async (pair) => {
        const payments = await Promise.all(pair.map((contender) => reserve(world, contender)));
        const won = pair.flatMap((contender, i) => (payments[i] === undefined ? [] : [{ contender, payment: payments[i] as Payment }]));
        assert.equal(won.length, 1, `race ${races} has exactly one winner`);
        races += 1;
        return won[0] as { contender: Contender; payment: Payment };
      });
    }
    await inParallel(4, winners, async ({ contender: { buyer, order }, payment }) => {
      await world.payInBrowser(payment);
      await world.confirm(buyer, order.lbgId);
      await world.orderIn(buyer, order.lbgId, 'CONFIRMED', 120_000);
      await assertConfirmedWhole(world, order.lbgId);
    });
    for (const loser of pairs.flat().filter((one) => !winners.some(({ contender }) => contender === one))) {
      assert.equal(await world.refusal(world.createPayment(loser.buyer, loser.order.lbgId)), 'CHK_STUDIO_CONFLICT');
    }
    const overlaps = await world.db.query(
      `select 1 from booking.calendar_block a join booking.calendar_block b
       on a.resource = b.resource and a.block_id < b.block_id and a.blocked && b.blocked`,
    );
    assert.equal(overlaps.rows.length, 0, 'no time is sold twice');
    console.log(`races run: ${races}`);
  });
});
