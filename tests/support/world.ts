// The deployed local cloud as the whole-system tests see it; one attachment a test file.
import { after, before } from 'node:test';
import { World } from '../../local/src/client/world.ts';

/** Attaches before the tests of a file and lets go afterwards. */
export function useWorld(): { readonly world: World } {
  const holder: { world?: World } = {};
  before(() => {
    holder.world = World.attach();
  });
  after(async () => {
    await holder.world?.close();
  });
  return {
    get world(): World {
      if (holder.world === undefined) throw new Error('the world is there inside tests only');
      return holder.world;
    },
  };
}
