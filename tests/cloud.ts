// Runs the whole-system tests in their order, because they share one cloud and one clock: what judges everything that
// happened comes last. A failure does not keep the others from running.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ORDER = [
  'journeys/booking.test.ts',
  'journeys/race.test.ts',
  'journeys/authorization.test.ts',
  'journeys/status.test.ts',
  'clients/deployed.test.ts',
  'faults/sagas.test.ts',
  'journeys/restart.test.ts',
  'journeys/aftermath.test.ts',
  'contracts/recordings.test.ts',
];

const here = dirname(fileURLToPath(import.meta.url));
const failed = ORDER.filter((file) => {
  if (!existsSync(join(here, file))) throw new Error(`${file} is listed and does not exist`);
  const args = ['--import', 'tsx', '--test', '--test-reporter=spec', file];
  return spawnSync(process.execPath, args, { cwd: here, stdio: 'inherit' }).status !== 0;
});
process.stdout.write(`\n${ORDER.length - failed.length} passed, ${failed.length} failed\n`);
for (const file of failed) process.stdout.write(`  ✖ tests/${file}\n`);
process.exit(failed.length === 0 ? 0 : 1);
