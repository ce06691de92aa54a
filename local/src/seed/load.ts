// Writes seed data into the database; ids are derived from keys, so that seeding twice writes the same rows once.
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Account } from '../cloud/accounts.ts';

export interface SeedBuyer {
  readonly key: string;
  readonly legalName: string;
}

export interface SeedSeller {
  readonly key: string;
  readonly legalName: string;
  readonly dateOfBirth: string;
  readonly role: string;
  readonly city: string;
  readonly handle: string;
  readonly headline: string;
  readonly policy: unknown;
  readonly standing: string;
  readonly packages: readonly SeedPackage[];
}

export interface SeedPackage {
  readonly name: string;
  readonly description: string;
  readonly durationMinutes: number;
  readonly priceCents: number;
  readonly deliverables: string;
  readonly addOns: readonly { key: string; name: string; priceCents: number; maxQuantity: number }[];
}

export interface SeedStudio {
  readonly ownerKey: string;
  readonly ownerName: string;
  readonly slug: string;
  readonly title: string;
  readonly description: string;
  readonly city: string;
  readonly region: string;
  readonly timeZone: string;
  readonly depositCents: number;
  readonly capacity: number;
  readonly sizeSqft: number;
  readonly address: unknown;
  readonly amenities: readonly string[];
  readonly houseRules: readonly string[];
  readonly policy: unknown;
  readonly buffers: readonly [number, number, number];
  readonly cleaningFeeCents: number;
  readonly rates: readonly SeedRate[];
  readonly peaks?: readonly SeedPeak[];
  readonly crewTiers?: readonly { maxPeople: number; multiplierBps: number }[];
}

export interface SeedRate {
  readonly kind: string;
  readonly name: string;
  readonly dow: readonly number[];
  readonly start: string;
  readonly end: string;
  readonly slotMinutes?: number;
  readonly priceCents: number;
  readonly minMinutes: number;
  readonly maxMinutes: number | null;
}

export interface SeedPeak {
  readonly name: string;
  readonly dow: readonly number[];
  readonly start: string;
  readonly end: string;
  readonly multiplierBps: number;
}

export interface Cities {
  readonly buyers: readonly SeedBuyer[];
  readonly sellers: readonly SeedSeller[];
  readonly studios: readonly SeedStudio[];
}

/** When the seed's rows say they were made. */
const SEEDED_AT = '2026-01-01T00:00:00Z';

function id(prefix: string, key: string): string {
  return `${prefix}_${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}

async function loadPerson(db: pg.Client, userId: string, key: string, legalName: string, dateOfBirth: string): Promise<void> {
  await db.query(
    `insert into profiles.app_user (user_id, legal_name, email, date_of_birth, created_at)
     values ($1, $2, $3, $4, $5) on conflict do nothing`,
    [userId, legalName, `${key}@example.com`, dateOfBirth, SEEDED_AT],
  );
}

async function openPayoutAccount(db: pg.Client, userId: string, standing: string): Promise<string> {
  const account = `acct_${userId.slice(-16)}`;
  await db.query(
    `insert into finance.connect_account (seller_user_id, account_id, standing) values ($1, $2, $3) on conflict do nothing`,
    [userId, account, standing],
  );
  return account;
}

export async function loadBuyer(db: pg.Client, account: Account, buyer: SeedBuyer): Promise<void> {
  await loadPerson(db, account.userId, buyer.key, buyer.legalName, '1988-07-21');
}

/** Writes a seller with profile and packages; answers with their account at the payment provider. */
export async function loadSeller(db: pg.Client, userId: string, seller: SeedSeller): Promise<string> {
  await loadPerson(db, userId, seller.key, seller.legalName, seller.dateOfBirth);
  const profile = id('srv', seller.key);
  await db.query(
    `insert into profiles.service_profile (service_profile_id, user_id, handle, role, display_name, headline, city,
         cancellation_policy, packages_version, is_published, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, 1, true, $9, $9) on conflict do nothing`,
    [profile, userId, seller.handle, seller.role, seller.legalName, seller.headline, seller.city, seller.policy, SEEDED_AT],
  );
  for (const [position, offer] of seller.packages.entries()) {
    const packageId = id('pkg', `${seller.key}/${offer.name}`);
    const made = await db.query(
      `insert into profiles.service_package (package_id, service_profile_id, position, name, description,
           duration_minutes, price_cents, deliverables, since_version, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9) on conflict do nothing`,
      [packageId, profile, position, offer.name, offer.description, offer.durationMinutes, offer.priceCents, offer.deliverables, SEEDED_AT],
    );
    if (made.rowCount === 0) continue;
    for (const [place, addOn] of offer.addOns.entries()) {
      await db.query(
        `insert into profiles.package_add_on (package_id, key, position, name, price_cents, max_quantity)
         values ($1, $2, $3, $4, $5, $6)`,
        [packageId, addOn.key, place, addOn.name, addOn.priceCents, addOn.maxQuantity],
      );
    }
  }
  return openPayoutAccount(db, userId, seller.standing);
}

/** Writes a studio with rates and policy; answers with its owner's account at the payment provider. */
export async function loadStudio(db: pg.Client, userId: string, studio: SeedStudio): Promise<string> {
  await loadPerson(db, userId, studio.ownerKey, studio.ownerName, '1980-11-02');
  const studioId = id('std', studio.slug);
  await db.query(
    `insert into studios.studio (studio_id, owner_user_id, slug, title, description, city, region, country, time_zone,
         address, is_published, verified_studio, deposit_required, deposit_auth_cents, capacity_people, size_sqft,
         amenities, house_rules, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'US', $8, $9, true, true, $10, $11, $12, $13, $14, $15, $16, $16)
     on conflict do nothing`,
    [studioId, userId, studio.slug, studio.title, studio.description, studio.city, studio.region, studio.timeZone,
      studio.address, studio.depositCents > 0, studio.depositCents, studio.capacity, studio.sizeSqft, studio.amenities,
      studio.houseRules, SEEDED_AT],
  );
  const [before, after, cleaning] = studio.buffers;
  await db.query(
    `insert into studios.studio_policy (studio_id, buffer_before_min, buffer_after_min, cleaning_min, cleaning_fee_cents,
         cancellation_policy)
     values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    [studioId, before, after, cleaning, studio.cleaningFeeCents, studio.policy],
  );
  for (const rate of studio.rates) {
    await db.query(
      `insert into studios.studio_rate (rate_id, studio_id, kind, name, dow, start_local, end_local, slot_minutes,
           price_cents, min_booking_minutes, max_booking_minutes, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing`,
      [id('srt', `${studio.slug}/${rate.name}`), studioId, rate.kind, rate.name, rate.dow, rate.start, rate.end,
        rate.slotMinutes ?? null, rate.priceCents, rate.minMinutes, rate.maxMinutes, SEEDED_AT],
    );
  }
  for (const peak of studio.peaks ?? []) {
    await db.query(
      `insert into studios.studio_peak (studio_id, name, dow, start_local, end_local, multiplier_bps)
       values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
      [studioId, peak.name, peak.dow, peak.start, peak.end, peak.multiplierBps],
    );
  }
  for (const tier of studio.crewTiers ?? []) {
    await db.query(
      `insert into studios.studio_crew_tier (studio_id, max_people, multiplier_bps) values ($1, $2, $3) on conflict do nothing`,
      [studioId, tier.maxPeople, tier.multiplierBps],
    );
  }
  return openPayoutAccount(db, userId, 'default');
}
