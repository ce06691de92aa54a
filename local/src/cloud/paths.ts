// Where things are: the repository, the state of a running cloud and the ports it listens on.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the repository. */
export const REPOSITORY = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Python environment with the emulator. */
export const VENV = join(REPOSITORY, '.venv');

/** Ports of one cloud: a run of five from its base. */
export interface Ports {
  readonly emulator: number;
  readonly postgres: number;
  /** HTTPS and WebSocket of the GraphQL API. */
  readonly gateway: number;
  /** Plain HTTP of the same API, for calls from inside. */
  readonly gatewayInside: number;
  readonly sandbox: number;
}

export function portsFrom(base: number): Ports {
  return { emulator: base, postgres: base + 1, gateway: base + 2, gatewayInside: base + 3, sandbox: base + 4 };
}

/** Files of one cloud, all under `.local/<name>`. */
export interface StatePaths {
  readonly root: string;
  readonly logs: string;
  readonly clock: string;
  readonly faults: string;
  readonly cdkOut: string;
  readonly outputs: string;
  readonly addresses: string;
  readonly pids: string;
}

export function statePaths(name: string): StatePaths {
  return statePathsAt(join(REPOSITORY, '.local', name));
}

/** The same for a directory that is known already. */
export function statePathsAt(root: string): StatePaths {
  const paths = {
    root,
    logs: join(root, 'logs'),
    clock: join(root, 'clock'),
    faults: join(root, 'faults'),
    cdkOut: join(root, 'cdk.out'),
    outputs: join(root, 'outputs.json'),
    addresses: join(root, 'addresses.json'),
    pids: join(root, 'pids'),
  };
  for (const directory of [join(paths.logs, 'lambda'), paths.faults, paths.pids]) {
    if (!existsSync(directory)) mkdirSync(directory, { recursive: true });
  }
  return paths;
}
