// What a person sees while a long step runs; one line a step, with its time.

const interactive = process.stdout.isTTY === true && process.env['CI'] === undefined;

/** Runs a step and prints its name, then how long it took. */
export async function step<T>(name: string, work: (note: (text: string) => void) => Promise<T>): Promise<T> {
  const began = performance.now();
  const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  let lastNote = '';
  const ticker = interactive
    ? setInterval(() => process.stdout.write(`\r\x1b[2K  … ${name} ${seconds()} ${lastNote}`.slice(0, 118)), 250)
    : setInterval(() => process.stdout.write(`  … ${name} ${seconds()} ${lastNote}\n`), 20_000);
  try {
    const result = await work((text) => {
      lastNote = text.trim();
    });
    if (interactive) process.stdout.write('\r\x1b[2K');
    process.stdout.write(`  ✓ ${name} (${seconds()})\n`);
    return result;
  } catch (error) {
    if (interactive) process.stdout.write('\r\x1b[2K');
    process.stdout.write(`  ✗ ${name} (${seconds()})\n`);
    throw error;
  } finally {
    clearInterval(ticker);
  }
}

/** A line of its own. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
