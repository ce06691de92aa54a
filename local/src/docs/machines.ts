// docs/state-machines.md: a diagram and a table per saga, from statemachines/*.asl.json, and the lives of a leg and of a
// charge from the transition tables of their contexts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineSpec, Tree } from '../../../infra-cdk/lib/manifest.ts';
import { banner, code, fence, page, table } from './markdown.ts';

const LEG = 'functions/booking/src/lifecycle.rs';
const CHARGE = 'functions/finance/src/charges/state.rs';

interface State {
  readonly Type: string;
  readonly Comment?: string;
  readonly Next?: string;
  readonly End?: boolean;
  readonly Default?: string;
  readonly Choices?: readonly { readonly Condition?: string; readonly Next: string }[];
  readonly Catch?: readonly { readonly Next: string }[];
  readonly Retry?: readonly { readonly MaxAttempts?: number }[];
  readonly TimeoutSeconds?: number;
  readonly Timestamp?: string;
  readonly Seconds?: number | string;
  readonly Items?: string;
  readonly Error?: string;
  readonly Cause?: string;
  readonly Arguments?: { readonly FunctionName?: string; readonly Payload?: { readonly action?: string } };
  readonly Branches?: readonly Machine[];
  readonly ItemProcessor?: Machine;
}

interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

export function machinesPage(tree: Tree): string {
  const blocks = [
    banner(`\`statemachines/*.asl.json\`, \`statemachines/manifest.json\`, ${code(LEG)} and ${code(CHARGE)}`),
    '# State machines',
    'Sagas run on Step Functions; each task is a Lambda named `rastup-<stage>-<step>`. An edge marked *error* is taken ' +
      'when a step fails for good: at once for a refusal, after its retries for everything else. Why the sagas are built ' +
      'this way is in [ARCHITECTURE.md](ARCHITECTURE.md#sagas).',
    '## A leg',
    'The states of one leg and what moves it; what is not drawn changes nothing or is refused. An order’s state is ' +
      'derived from its legs’.',
    fence('mermaid', lifecycle(tree.root, LEG)),
    '## A charge',
    'The states of one charge. Stripe moves it up to *captured* or *succeeded*; the confirmation saga alone begins to ' +
      'capture and to undo. What is not drawn changes nothing: a late word of Stripe’s never brings a charge back.',
    fence('mermaid', lifecycle(tree.root, CHARGE)),
  ];
  for (const machine of tree.machines) blocks.push(...section(machine));
  return page(blocks);
}

/** A transition table in Rust, drawn: one edge per pair of states, labelled with everything that leads along it. */
function lifecycle(root: string, file: string): string {
  const source = readFileSync(join(root, file), 'utf8');
  const text = /TRANSITIONS[^=]*= &\[([^;]*)\];/.exec(source)?.[1] ?? '';
  const edges = new Map<string, string[]>();
  const transitions = [...text.matchAll(/\((?:\w+::)?(\w+), (?:\w+::)?(\w+), (?:\w+::)?(\w+)\)/g)];
  for (const [, from = '', trigger = '', to = ''] of transitions) {
    if (from === to) continue;
    const edge = `${from} --> ${to}`;
    edges.set(edge, [...(edges.get(edge) ?? []), words(trigger)]);
  }
  if (edges.size === 0) throw new Error(`${file}: no transition table found`);
  return [
    'stateDiagram-v2',
    `    [*] --> ${transitions[0]?.[1] ?? ''}`,
    ...[...edges].map(([edge, triggers]) => `    ${edge}: ${triggers.join(', ')}`),
  ].join('\n');
}

/** `IssuePack` → `issue pack`. */
function words(name: string): string {
  return name.replace(/(?<=.)([A-Z])/g, ' $1').toLowerCase();
}

function section(machine: MachineSpec): string[] {
  const definition = JSON.parse(machine.definition) as Machine & { readonly Comment?: string };
  const starter =
    machine.startedBy === undefined
      ? `started by a Lambda with the grant ${code(`machine:${machine.name}`)}`
      : `started by the event ${code(machine.startedBy)}`;
  return [
    `## ${machine.name}`,
    `${definition.Comment ?? machine.description} State machine ${code(`rastup-<stage>-${machine.name}`)}, ${starter}.`,
    fence('mermaid', ['stateDiagram-v2', ...draw(definition, 1)].join('\n')),
    table(['state', 'does', 'step and action', 'timeout', 'tries'], rows(definition)),
  ];
}

function draw(machine: Machine, depth: number): string[] {
  const pad = '    '.repeat(depth);
  const lines = [`${pad}[*] --> ${machine.StartAt}`];
  for (const [name, state] of Object.entries(machine.States)) {
    lines.push(...inside(name, state, depth));
    for (const { to, label } of edges(state)) lines.push(`${pad}${name} --> ${to}${label === '' ? '' : `: ${label}`}`);
  }
  return lines;
}

/** What runs inside a Parallel or Map state; branches of a Parallel are drawn side by side. */
function inside(name: string, state: State, depth: number): string[] {
  const branches = state.Branches ?? (state.ItemProcessor === undefined ? [] : [state.ItemProcessor]);
  if (branches.length === 0) return [];
  const pad = '    '.repeat(depth);
  const drawn = branches.map((branch) => draw(branch, depth + 1));
  const body = drawn.flatMap((lines, index) => (index === 0 ? lines : [`${pad}    --`, ...lines]));
  return [`${pad}state ${name} {`, ...body, `${pad}}`];
}

function edges(state: State): { to: string; label: string }[] {
  const found: { to: string; label: string }[] = [];
  for (const choice of state.Choices ?? []) found.push({ to: choice.Next, label: condition(choice.Condition ?? '') });
  if (state.Default !== undefined) found.push({ to: state.Default, label: 'otherwise' });
  if (state.Next !== undefined) found.push({ to: state.Next, label: '' });
  for (const handler of state.Catch ?? []) found.push({ to: handler.Next, label: 'error' });
  if (state.End === true || state.Type === 'Succeed' || state.Type === 'Fail') found.push({ to: '[*]', label: '' });
  return found;
}

/** The label of a choice; a colon or semicolon would end it. */
function condition(text: string): string {
  return expression(text).replace(/[:;]/g, ' ');
}

function rows(machine: Machine): string[][] {
  return Object.entries(machine.States).flatMap(([name, state]) => {
    const nested = [...(state.Branches ?? []), ...(state.ItemProcessor === undefined ? [] : [state.ItemProcessor])];
    const tries = (state.Retry ?? []).reduce((sum, retry) => sum + (retry.MaxAttempts ?? 3), 0);
    const own = [
      code(name),
      state.Comment ?? plainly(state),
      task(state),
      state.TimeoutSeconds === undefined ? '' : `${state.TimeoutSeconds} s`,
      state.Type === 'Task' ? String(1 + tries) : '',
    ];
    return [own, ...nested.flatMap(rows)];
  });
}

/** What a state does, from its own fields. */
function plainly(state: State): string {
  switch (state.Type) {
    case 'Wait':
      return state.Timestamp === undefined ? `Waits ${state.Seconds ?? ''} s.` : `Waits until ${code(expression(state.Timestamp))}.`;
    case 'Map':
      return `Does the same for each of ${code(expression(state.Items ?? ''))}.`;
    case 'Succeed':
      return 'The execution has succeeded.';
    case 'Fail':
      return `The execution fails with ${code(state.Error ?? '')}: ${state.Cause ?? ''}.`;
    default:
      return state.Type;
  }
}

/** A JSONata expression without its brackets and the prefix of every input. */
function expression(text: string): string {
  return text.replace(/^\{%|%\}$/g, '').replaceAll('$states.', '').trim();
}

function task(state: State): string {
  const step = /\$\{([^}]+)\}/.exec(state.Arguments?.FunctionName ?? '')?.[1];
  return step === undefined ? '' : `${code(step)} ${state.Arguments?.Payload?.action ?? ''}`.trim();
}
