// Seeding the local cloud: accounts in Cognito first, because their subjects are the ids of everything else.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type Account, ensureAccount } from '../cloud/accounts.ts';
import type { Outputs } from '../cloud/deploy.ts';
import { type Ports, REPOSITORY } from '../cloud/paths.ts';
import type { Supply } from '../client/world.ts';
import { type Cities, loadBuyer, loadSeller, loadStudio } from './load.ts';

/** The photographer and the studio of the demo. */
const DEMO = { handle: 'maya-castillo', slug: 'heights-daylight-loft' };

/** Two cities of supply; seeding again changes nothing. */
export async function seed(ports: Ports, outputs: Outputs, databaseUrl: string): Promise<void> {
  const cities = JSON.parse(readFileSync(join(REPOSITORY, 'local/seed/cities.json'), 'utf8')) as Cities;
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    const account = (key: string, groups: string[]): Promise<Account> => ensureAccount(ports, outputs, key, groups);
    for (const buyer of cities.buyers) await loadBuyer(db, await account(buyer.key, ['buyer']), buyer);
    for (const seller of cities.sellers) {
      const { userId } = await account(seller.key, ['seller', 'buyer']);
      await registerAtProvider(ports, await loadSeller(db, userId, seller));
    }
    for (const studio of cities.studios) {
      const { userId } = await account(studio.ownerKey, ['studio_owner', 'buyer']);
      await registerAtProvider(ports, await loadStudio(db, userId, studio));
    }
    await account('staff_support', ['support']);
    await account('staff_finance', ['finance_ops']);
  } finally {
    await db.end();
  }
}

/** Opens the seller's account at the payment provider, as onboarding would. */
async function registerAtProvider(ports: Ports, accountId: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${ports.sandbox}/_sandbox/stripe/accounts/${accountId}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ capabilities: { transfers: 'active' } }),
  });
  if (!response.ok) throw new Error(`the sandbox refused account ${accountId}: ${response.status}`);
}

/** What the demo books. */
export async function demoSupply(db: { query: pg.Pool['query'] }): Promise<Supply> {
  const { rows } = await db.query(
    `select sp.service_profile_id, pk.package_id, sp.user_id as seller_user_id, st.studio_id, st.owner_user_id
     from profiles.service_profile sp
     join profiles.service_package pk on pk.service_profile_id = sp.service_profile_id
         and pk.position = 0 and pk.retired_at is null
     cross join studios.studio st where sp.handle = $1 and st.slug = $2`,
    [DEMO.handle, DEMO.slug],
  );
  const row = rows[0] as Record<string, string> | undefined;
  if (row === undefined) throw new Error('the demo supply is not seeded');
  return {
    serviceProfileId: row['service_profile_id'] as string,
    packageId: row['package_id'] as string,
    sellerUserId: row['seller_user_id'] as string,
    studioId: row['studio_id'] as string,
    ownerUserId: row['owner_user_id'] as string,
  };
}
