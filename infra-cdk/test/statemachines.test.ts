// Rules of statemachines/*.asl.json that the emulator does not check: structure, expressions, timeouts, retries, undo.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import jsonata from 'jsonata';
import { lambdasOf, readTree } from '../lib/manifest.ts';
import { ROOT } from './support.ts';

const validate = createRequire(import.meta.url)('asl-validator') as (
  definition: object,
  options?: object,
) => { isValid: boolean; errors: unknown[] };

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts: number;
}
interface State {
  readonly Type: string;
  readonly Comment?: string;
  readonly Next?: string;
  readonly Arguments?: { readonly FunctionName: string; readonly Payload: Record<string, unknown> };
  readonly TimeoutSeconds?: number;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
  readonly Branches?: readonly Machine[];
  readonly ItemProcessor?: Machine;
}
interface Machine {
  readonly StartAt: string;
  readonly States: Record<string, State>;
}

/** What a Lambda may fail with although nothing is wrong with the request. */
const TRANSIENT = [
  'TRANSIENT',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'Lambda.Unknown',
  'Runtime.ExitError',
  'Sandbox.Timedout',
  'States.Timeout',
];

const tree = readTree(ROOT);
const machines = tree.machines.map((machine) => ({
  name: machine.name,
  text: machine.definition,
  definition: JSON.parse(machine.definition) as Machine,
}));

/** Every state, nested ones included. */
function states(machine: Machine): [string, State][] {
  return Object.entries(machine.States).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...(state.Branches ?? []).flatMap(states),
    ...(state.ItemProcessor === undefined ? [] : states(state.ItemProcessor)),
  ]);
}

function tasks(machine: Machine): [string, State][] {
  return states(machine).filter(([, state]) => state.Type === 'Task');
}

/** All `{% … %}` strings, and every variable bound by `Assign`. */
function collect(value: unknown, into: { expressions: string[]; assigned: Set<string> }): void {
  if (typeof value === 'string') {
    const expression = /^\{%([\s\S]*)%\}$/.exec(value)?.[1];
    if (expression !== undefined) into.expressions.push(expression);
    else assert.ok(!value.includes('{%'), `"${value}" is not wholly an expression, so it would be taken as text`);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    if (key === 'Assign') for (const name of Object.keys(child as object)) into.assigned.add(name);
    collect(child, into);
  }
}

/** Functions of JSONata and Step Functions the machines may use; a name outside fails at run time only. */
const FUNCTIONS = new Set(['contains', 'count', 'not', 'sum']);

function names(node: unknown, into: { variables: Set<string>; functions: Set<string> }): void {
  if (typeof node !== 'object' || node === null) return;
  const { type, value, procedure, ...rest } = node as Record<string, unknown>;
  if (type === 'variable' && typeof value === 'string' && value !== '') into.variables.add(value);
  if (procedure !== undefined) into.functions.add(String((procedure as { value?: unknown }).value));
  for (const child of Object.values(rest)) names(child, into);
}

for (const { name, text, definition } of machines) {
  describe(name, () => {
    test('is valid ASL', () => {
      const result = validate(definition, { checkPaths: true, checkArn: true });
      assert.deepEqual(result.errors, []);
    });

    test('has expressions that parse and use only known variables and functions', () => {
      const found = { expressions: [] as string[], assigned: new Set(['states']) };
      collect(definition, found);
      assert.ok(found.expressions.length > 0);
      for (const expression of found.expressions) {
        const used = { variables: new Set<string>(), functions: new Set<string>() };
        names(jsonata(expression).ast(), used);
        for (const variable of used.variables) {
          assert.ok(found.assigned.has(variable), `$${variable} in {%${expression}%} is never assigned`);
        }
        for (const called of used.functions) assert.ok(FUNCTIONS.has(called), `$${called}() in {%${expression}%}`);
      }
    });

    test('invokes only Lambdas of a manifest', () => {
      const known = new Set(lambdasOf(tree).map((lambda) => lambda.name));
      for (const [state, task] of tasks(definition)) {
        const binary = /^\$\{(.+)\}$/.exec(task.Arguments?.FunctionName ?? '')?.[1];
        assert.ok(binary !== undefined && known.has(binary), `${state} invokes ${task.Arguments?.FunctionName}`);
      }
    });

    test('gives every task a timeout longer than its Lambda has', () => {
      for (const [state, task] of tasks(definition)) {
        const binary = task.Arguments?.FunctionName.slice(2, -1);
        const lambda = lambdasOf(tree).find((candidate) => candidate.name === binary);
        assert.ok(
          task.TimeoutSeconds !== undefined && lambda !== undefined && task.TimeoutSeconds > lambda.timeoutSeconds,
          `${state}: ${task.TimeoutSeconds} s, its Lambda ${lambda?.timeoutSeconds} s; a late effect would race its undo`,
        );
      }
    });

    test('retries every task on every transient error', () => {
      for (const [state, task] of tasks(definition)) {
        const retried = new Set((task.Retry ?? []).flatMap((retrier) => [...retrier.ErrorEquals]));
        for (const error of TRANSIENT) assert.ok(retried.has('States.ALL') || retried.has(error), `${state}: ${error}`);
      }
    });

    test('catches every failure of a task, or says why not', () => {
      for (const [state, task] of tasks(definition)) {
        const caught = (task.Catch ?? []).some((catcher) => catcher.ErrorEquals.includes('States.ALL'));
        assert.ok(caught || /No Catch: .{20,}/.test(task.Comment ?? ''), `${state} neither catches nor explains`);
      }
    });

    test('has a page that names every state', () => {
      const page = join(ROOT, 'statemachines', `${name}.md`);
      assert.ok(existsSync(page), `${name}.md is missing`);
      const prose = readFileSync(page, 'utf8');
      for (const [state] of states(definition)) assert.ok(prose.includes(`\`${state}\``), `${state} is not described`);
    });

    test('holds no account, region or other address', () => {
      assert.ok(!/\d{12}|us-[a-z]+-\d|https?:/.test(text));
    });
  });
}

describe('confirm_lbg undoes what it did', () => {
  const definition = machines.find((machine) => machine.name === 'confirm_lbg')?.definition;
  assert.ok(definition !== undefined);
  const chain = (start: string, through: (state: State) => string | undefined): [string, State][] => {
    const found: [string, State][] = [];
    for (let name: string | undefined = start; name !== undefined;) {
      const state: State | undefined = definition.States[name];
      assert.ok(state !== undefined && found.every(([seen]) => seen !== name));
      found.push([name, state]);
      name = through(state);
    }
    return found;
  };
  const ofAction = (list: [string, State][], action: string) =>
    list.filter(([, state]) => state.Arguments?.Payload['action'] === action);
  const binary = ([, state]: [string, State]) => state.Arguments?.FunctionName ?? '';

  const forward = ofAction(
    chain(definition.StartAt, (state) => state.Next),
    'do',
  );
  const backward = ofAction(
    chain('UndoTax', (state) => state.Next),
    'undo',
  );
  /** Validate only reads; Confirm is fenced by BeginUndo before anything is undone. */
  const NEEDS_NO_UNDO = ['${booking_validate_step}', '${booking_confirm_step}'];

  test('in the reverse order of doing', () => {
    const done = forward.map(binary).filter((name) => !NEEDS_NO_UNDO.includes(name));
    assert.deepEqual(backward.map(binary), done.reverse());
    assert.ok(done.length >= 5);
  });

  test('from whichever step fails, through the fence and the whole chain', () => {
    for (const [name, state] of forward) {
      assert.equal(state.Catch?.[0]?.Next, 'BeginUndo', `${name} does not lead to the fence`);
    }
    assert.equal(definition.States['BeginUndo']?.Arguments?.Payload['action'], 'abort');
    assert.equal(definition.States['BeginUndo']?.Next, 'AlreadyConfirmed');
  });

  test('and tries longer than it tried to do', () => {
    const attempts = (state: State) => Math.max(...(state.Retry ?? []).map((retrier) => retrier.MaxAttempts));
    const most = Math.max(...forward.map(([, state]) => attempts(state)));
    for (const [name, state] of backward) {
      assert.ok(attempts(state) > most, `${name} gives up too early`);
      assert.ok(
        state.Retry?.some((retrier) => retrier.ErrorEquals.includes('States.ALL')),
        `${name} retries too little`,
      );
    }
  });

  test('and ends failed with the code of what went wrong', async () => {
    const catcher = definition.States['Capture']?.Catch?.[0] as unknown as { Assign: { errorCode: string } };
    const expression = jsonata(catcher.Assign.errorCode.slice(2, -2));
    const code = (error: string) => expression.evaluate({}, { states: { errorOutput: { Error: error } } });
    assert.equal(await code('CHK_CARD_ACTION_REQUIRED'), 'CHK_CARD_ACTION_REQUIRED');
    assert.equal(await code('PAYMENT_FAILED'), 'PAYMENT_FAILED');
    assert.equal(await code('TRANSIENT'), 'CHK_ATOMIC_FAIL');
    assert.equal(await code('States.Timeout'), 'CHK_ATOMIC_FAIL');
    assert.equal(await code('Sandbox.Timedout'), 'CHK_ATOMIC_FAIL');
  });
});

test('settle_lbg counts what is left over, for none, one and many items', async () => {
  const settle = machines.find((machine) => machine.name === 'settle_lbg')?.definition;
  const map = states(settle as Machine).find(([name]) => name === 'Payouts')?.[1] as unknown as {
    Items: string;
    Output: string;
  };
  const evaluate = (text: string, states: object) => jsonata(text.slice(2, -2)).evaluate({}, { states });
  assert.deepEqual(JSON.parse(JSON.stringify(await evaluate(map.Items, { input: {} }))), []);
  const one = await evaluate(map.Items, { input: { payouts: [{ payoutId: 'a' }] } });
  assert.deepEqual(JSON.parse(JSON.stringify(one)), [{ payoutId: 'a' }]);
  assert.equal(await evaluate(map.Output, { result: [] }), 0);
  assert.equal(await evaluate(map.Output, { result: [{ failed: true }] }), 1);
  assert.equal(await evaluate(map.Output, { result: [{ failed: true }, { ok: 1 }, { failed: true }] }), 2);
});
