// Supply of one test alone: a copy of the demo's photographer and studio under new ids, so that tests share no calendar.
import { randomUUID } from 'node:crypto';
import type { Supply, World } from '../../local/src/client/world.ts';
import { demoSupply } from '../../local/src/seed/seed.ts';

const id = (prefix: string): string => `${prefix}_${randomUUID().replaceAll('-', '')}`;

/** Copies the demo's supply, accounts at the payment provider included. */
export async function newSupply(world: World): Promise<Supply> {
  const model = await demoSupply(world.db);
  const copy: Supply = {
    serviceProfileId: id('srv'),
    packageId: id('pkg'),
    sellerUserId: id('usr'),
    studioId: id('std'),
    ownerUserId: id('usr'),
  };
  const db = await world.db.connect();
  try {
    await db.query('begin');
    for (const [from, to] of [[model.sellerUserId, copy.sellerUserId], [model.ownerUserId, copy.ownerUserId]]) {
      await db.query(
        `insert into profiles.app_user (user_id, legal_name, email, date_of_birth, created_at)
         select $2, legal_name, replace(email, '@', '+' || right($2, 8) || '@'), date_of_birth, created_at
         from profiles.app_user where user_id = $1`,
        [from, to],
      );
      const account = `acct_${(to as string).slice(-16)}`;
      await db.query(
        `insert into finance.connect_account (seller_user_id, account_id, standing) values ($1, $2, 'trusted')`,
        [to, account],
      );
      await world.sandbox.control('POST', `stripe/accounts/${account}`, { capabilities: { transfers: 'active' } });
    }
    await copyRow(db, 'profiles.service_profile', 'service_profile_id', model.serviceProfileId, {
      service_profile_id: copy.serviceProfileId,
      user_id: copy.sellerUserId,
      handle: `h${copy.serviceProfileId.slice(4, 24)}`,
    });
    await copyRow(db, 'profiles.service_package', 'package_id', model.packageId, {
      package_id: copy.packageId,
      service_profile_id: copy.serviceProfileId,
    });
    await copyRow(db, 'studios.studio', 'studio_id', model.studioId, {
      studio_id: copy.studioId,
      owner_user_id: copy.ownerUserId,
      slug: `s-${copy.studioId.slice(4)}`,
    });
    await copyRow(db, 'studios.studio_policy', 'studio_id', model.studioId, { studio_id: copy.studioId });
    const rates = await db.query('select rate_id from studios.studio_rate where studio_id = $1', [model.studioId]);
    for (const { rate_id: rate } of rates.rows as { rate_id: string }[]) {
      await copyRow(db, 'studios.studio_rate', 'rate_id', rate, { rate_id: id('srt'), studio_id: copy.studioId });
    }
    await db.query('commit');
  } catch (error) {
    await db.query('rollback');
    throw error;
  } finally {
    db.release();
  }
  return copy;
}

interface Queryable {
  query(text: string, values?: unknown[]): Promise<unknown>;
}

/** Copies one row with some columns replaced. Table and column names are literals of this file. */
async function copyRow(db: Queryable, table: string, key: string, from: string, replaced: Record<string, string>): Promise<void> {
  await db.query(
    `insert into ${table} select (jsonb_populate_record(r, $2::jsonb)).* from ${table} r where r.${key} = $1`,
    [from, JSON.stringify(replaced)],
  );
}
