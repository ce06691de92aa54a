// Every process of a local cloud is killed in the middle of an order and started again: nothing acknowledged is lost.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startCloud, type Cloud } from '../../local/src/cloud/cloud.ts';
import { until } from '../../local/src/client/graphql.ts';
import * as operation from '../../local/src/client/operations.ts';
import { World } from '../../local/src/client/world.ts';
import { demoSupply } from '../../local/src/seed/seed.ts';
import { assertConfirmedWhole, assertLedgerMatchesProvider } from '../support/invariants.ts';

const attach = (cloud: Cloud): World => new World(cloud.ports, cloud.outputs, cloud.paths, cloud.databaseUrl);

describe('a local cloud that is killed', () => {
  it('goes_on_where_it_ended_when_it_starts_again', { timeout: 300_000 }, async () => {
    let cloud = await startCloud({ name: 'restart', fresh: true, build: false });
    try {
      const before = attach(cloud);
      const supply = await demoSupply(before.db);
      const buyer = await before.buyer('buyer_ada');
      const confirmed = await before.confirmed(buyer, supply, await before.range(2));
      const unpaid = await before.readyToPay(buyer, supply, await before.range(4));
      const payment = await before.createPayment(buyer, unpaid.lbgId);
      await before.close();

      for (const name of readdirSync(cloud.paths.pids)) {
        process.kill(-Number(readFileSync(join(cloud.paths.pids, name), 'utf8').split(' ')[0]), 'SIGKILL');
      }
      cloud = await startCloud({ name: 'restart', fresh: false, build: false });

      const world = attach(cloud);
      const again = await world.buyer('buyer_ada');
      assert.equal(again.userId, buyer.userId, 'the account keeps its identity');
      assert.equal((await world.order(again, confirmed.lbgId)).status, 'CONFIRMED');
      await assertConfirmedWhole(world, confirmed.lbgId);

      // The payment that was open goes on.
      assert.deepEqual(await world.createPayment(again, unpaid.lbgId), payment);
      await world.payInBrowser(payment);
      await world.confirm(again, unpaid.lbgId);
      await world.orderIn(again, unpaid.lbgId, 'CONFIRMED');

      // The waiting saga of the confirmed order was lost with the emulator; it goes on as well, to the last payout.
      await world.sandbox.advanceTo(new Date(confirmed.endAt));
      await world.orderIn(again, confirmed.lbgId, 'DELIVERED');
      await world.api.call(again.token, operation.COMPLETE, { lbgId: confirmed.lbgId });
      await world.sandbox.advance(8 * 86_400);
      await until('payouts paid', async () => {
        const { rows } = await world.db.query('select status from finance.payout where lbg_id = $1', [confirmed.lbgId]);
        return rows.length === 2 && rows.every((row: { status: string }) => row.status === 'paid') ? true : undefined;
      });
      await assertLedgerMatchesProvider(world, confirmed.lbgId);
      await world.close();
    } finally {
      await cloud.stop();
    }
  });
});
