// Runs whole bookings beside each other on a running local cloud and writes how many are confirmed per second to
// `target/bench/journeys.json`. What limits is this machine and the emulator, not what AWS would run on.
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { World } from '../../local/src/client/world.ts';
import { inParallel } from '../support/parallel.ts';
import { newSupply } from '../support/supply.ts';
import { median, quantile } from './stats.ts';
import { OUTPUT } from './subjects.ts';

const JOURNEYS = Number(process.env['BENCH_JOURNEYS'] ?? 60);
const WARM_UP = 6;
/** Buyers at once. */
const CONCURRENCY = Number(process.env['BENCH_CONCURRENCY'] ?? 6);

export interface Journeys {
  readonly journeys: number;
  readonly concurrency: number;
  readonly perSecond: number;
  /** From the first call of a buyer to the confirmed order. */
  readonly medianMs: number;
  readonly p95Ms: number;
  /** Processes that others ran on the machine just before, as the kernel's load average of a minute. */
  readonly loadBefore: number;
}

const loadBefore = loadavg()[0] as number;
const world = World.attach();
try {
  // Accounts and calendars of their own: what is timed is the booking alone.
  const prepare = async (): Promise<{ buyer: Awaited<ReturnType<World['buyer']>>; supply: Awaited<ReturnType<typeof newSupply>> }> => ({
    buyer: await world.buyer(),
    supply: await newSupply(world),
  });
  const parties = await inParallel(CONCURRENCY, Array.from({ length: WARM_UP + JOURNEYS }), prepare);
  const when = await world.range(5);
  const durations: number[] = [];
  const book = async ({ buyer, supply }: (typeof parties)[number]): Promise<void> => {
    const began = performance.now();
    await world.confirmed(buyer, supply, when, false);
    durations.push(performance.now() - began);
  };
  await inParallel(CONCURRENCY, parties.slice(0, WARM_UP), book);
  durations.length = 0;
  const began = performance.now();
  await inParallel(CONCURRENCY, parties.slice(WARM_UP), book);
  const seconds = (performance.now() - began) / 1000;
  const result: Journeys = {
    journeys: JOURNEYS,
    concurrency: CONCURRENCY,
    perSecond: JOURNEYS / seconds,
    medianMs: median(durations),
    p95Ms: quantile(durations, 0.95),
    loadBefore,
  };
  writeFileSync(join(OUTPUT, 'journeys.json'), `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`  ${JOURNEYS} bookings confirmed in ${seconds.toFixed(1)} s\n`);
} finally {
  await world.close();
}
