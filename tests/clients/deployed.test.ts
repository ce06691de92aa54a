// The same tests of the unchanged clients, against the deployed local cloud instead of a gateway with played Lambdas.
import { join } from 'node:path';
import { World } from '../../local/src/client/world.ts';
import { newSupply } from '../support/supply.ts';
import { type ClientTarget, TARGET_VARIABLE } from './target.ts';

const world = World.attach();
const buyer = await world.buyer();
const supply = await newSupply(world);
const when = await world.range(20);
const target: ClientTarget = {
  url: world.api.url,
  region: 'us-east-1',
  apiKey: world.outputs['GraphqlApiKey'] as string,
  buyerToken: buyer.token,
  iam: { accessKeyId: 'test', secretAccessKey: 'test' },
  studioSlug: 'heights-daylight-loft',
  serviceProfileId: supply.serviceProfileId,
  packageId: supply.packageId,
  city: 'houston',
  startAt: when.start,
  endAt: when.end,
};
process.env[TARGET_VARIABLE] = JSON.stringify(target);
process.env['NODE_EXTRA_CA_CERTS'] = join(world.paths.root, 'ca.pem');
await world.close();
await import('./clients.test.ts');
