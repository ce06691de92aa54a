// The one AppSync resolver: what the Lambda gets, and what the client sees of its answer.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './support.ts';

interface Raised {
  message: string;
  type: string;
  info: Record<string, unknown>;
}
interface Resolver {
  request(ctx: object): { operation: string; payload: Record<string, unknown> };
  response(ctx: object): unknown;
}

/** The resolver with AppSync's `util` replaced by one that throws what it is told. */
function load(): Resolver {
  const source = readFileSync(join(ROOT, 'infra-cdk/resolvers/invoke.js'), 'utf8')
    .replace(/^import .*$/m, '')
    .replaceAll('export function', 'function');
  const util = {
    error(message: string, type: string, _data: unknown, info: Record<string, unknown>): never {
      throw Object.assign(new Error(message), { raised: { message, type, info } satisfies Raised });
    },
  };
  return new Function('util', `${source}\nreturn { request, response };`)(util) as Resolver;
}

function raisedBy(run: () => unknown): Raised {
  try {
    run();
  } catch (error) {
    return (error as { raised: Raised }).raised;
  }
  throw new Error('no error was raised');
}

const { request, response } = load();

test('the Lambda gets the whole context of a direct resolver', () => {
  const info = {
    fieldName: 'order',
    parentTypeName: 'Query',
    variables: { id: '1' },
    selectionSetList: ['lbgId'],
    selectionSetGraphQL: '{ lbgId }',
  };
  const parts = {
    arguments: { a: 1 },
    identity: { sub: 'x' },
    source: null,
    request: { headers: {} },
    prev: null,
    stash: {},
  };
  const sent = request({ ...parts, info: { ...info, other: 'left out' } });
  assert.equal(sent.operation, 'Invoke');
  assert.deepEqual(sent.payload, { ...parts, info });
});

test('data is passed on', () => {
  assert.deepEqual(response({ result: { data: { lbgId: 'lbg_1' } } }), { lbgId: 'lbg_1' });
  assert.equal(response({ result: { data: null } }), null);
});

test('a typed error reaches the client with its code, hint and correlation id', () => {
  const error = {
    code: 'CHK_DOCS_REQUIRED',
    message: 'Sign first.',
    hint: 'Open the pack.',
    retryable: false,
    corrId: 'c1',
  };
  const raised = raisedBy(() => response({ result: { error } }));
  assert.equal(raised.type, 'CHK_DOCS_REQUIRED');
  assert.equal(raised.message, 'Sign first.');
  assert.deepEqual(raised.info, {
    code: 'CHK_DOCS_REQUIRED',
    hint: 'Open the pack.',
    retryable: false,
    corrId: 'c1',
    details: undefined,
  });
});

test('a failed Lambda tells the client nothing of its cause', () => {
  const raised = raisedBy(() =>
    response({ error: { message: 'password=hunter2 at db:5432', type: 'Lambda:Unhandled' } }),
  );
  assert.equal(raised.type, 'INTERNAL');
  assert.doesNotMatch(JSON.stringify(raised), /hunter2|5432/);
});

test('it stays within what AppSync’s JavaScript allows', () => {
  const source = readFileSync(join(ROOT, 'infra-cdk/resolvers/invoke.js'), 'utf8');
  assert.doesNotMatch(source, /\b(async|await|class|throw|try|catch|while|for\s*\(|new|this|Promise)\b/);
  assert.ok(source.length < 32_000);
});
