// The tidy test tested: each rule finds its offence in a small tree made by hand, and nothing in a sound one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scan, shipped, withoutTests } from './rust.ts';
import * as binaries from './rules/binaries.ts';
import * as boundaries from './rules/boundaries.ts';
import * as errors from './rules/errors.ts';
import * as events from './rules/events.ts';
import * as graphql from './rules/graphql.ts';
import * as style from './rules/style.ts';
import { treeOf, type Tree } from './tree.ts';

const SCHEMA = {
  $id: 'https://rastup.com/events/leg.made.v1.json', title: 'Leg made', description: 'A leg was made.', 'x-producer': 'booking',
  type: 'object', properties: { at: { type: 'string', format: 'date-time' } }, required: ['at'], additionalProperties: false,
};
const SAMPLE = { 'detail-type': 'leg.made', source: 'rastup.booking', detail: { at: '2026-06-01T12:00:00Z' } };

/** A tree in which every rule is kept. */
const SOUND: Record<string, string> = {
  'docs/ERRORS.md': '| code | context | meaning | retry helps |\n|---|---|---|---|\n| `LEG_LOST` | booking | it is lost | no |\n',
  'events/leg.made.v1.json': JSON.stringify(SCHEMA),
  'events/samples/leg.made.json': JSON.stringify(SAMPLE),
  'events/samples/lambda/legs_worker.json': '{}',
  'functions/booking/Cargo.toml': '[package]\nname = "booking"\n\n[dependencies]\nstudios.workspace = true\n\n[dev-dependencies]\nbooking = { workspace = true, features = ["fixtures"] }\n',
  'functions/booking/README.md': '| `legs_worker` | `legs_resolver` |',
  'functions/booking/manifest.json': JSON.stringify({
    context: 'booking',
    lambdas: {
      legs_resolver: { schema: ['legs.graphql'], grants: ['database'] },
      legs_worker: { events: ['leg.made'], grants: ['database'] },
    },
  }),
  'functions/booking/schema/legs.graphql': '# Fields of legs.\nextend type Query {\n  "One leg. Error: LEG_LOST."\n  leg: String\n}',
  'functions/booking/src/bin/legs_resolver.rs': '//! Answers legs.\nfn main() {}\n',
  'functions/booking/src/bin/legs_worker.rs': '//! Hears of legs.\nfn main() {}\n',
  'functions/booking/src/lib.rs': [
    '//! Legs and nothing else.',
    'fn made() { NewEvent::new("booking", "leg.made"); }',
    'fn api(field: &str) { match field { "leg" => ApiError::new("LEG_LOST", "lost", "look") } }',
    'fn read() { sqlx::query("select 1 from booking.leg") }',
    '#[cfg(test)]',
    'mod tests { fn f() { None.unwrap() } }',
  ].join('\n'),
  'functions/booking/tests/legs.rs': '//! Tests of legs_resolver and legs_worker.\nfn f() { sqlx::query("select 1 from studios.studio") }\n',
  'functions/studios/Cargo.toml': '[package]\nname = "studios"\n\n[dependencies]\nserde.workspace = true\n',
  'shared/store/migrations/0003_studios.sql': '-- Tables of places.\ncreate table studios.studio (id text);',
  'shared/store/migrations/0006_booking.sql': '-- Tables of legs; studios.studio stays a comment.\ncreate table booking.leg (id text);',
};

type Rule = (tree: Tree) => string[];

const RULES: readonly Rule[] = [
  binaries.binariesAreWiredAndTested, binaries.lambdasHaveOneTrigger, binaries.samplesNameLambdas,
  graphql.fieldsHaveOneResolver, graphql.fieldsAreHandled, graphql.promisedErrorsAreDocumented,
  events.publishedEventsHaveSchemas, events.schemasHaveProducerAndConsumer, events.samplesMatchSchemas, events.publishersNameTheirContext,
  errors.codesAreDocumented, errors.documentedCodesExist,
  boundaries.contextsReadOnlyTheirTables, boundaries.migrationsKeepToTheirSchema, boundaries.dependenceGoesDownwards, boundaries.dependenceHasNoCycle,
  style.filesOpenWithASentence, style.filesAreShort, style.nothingIsLeftForLater, style.testsAreAllRun, style.shippedCodeDoesNotPanic,
];

const LIB = SOUND['functions/booking/src/lib.rs'] as string;
const BOOKING = JSON.parse(SOUND['functions/booking/manifest.json'] as string) as { context: string; lambdas: Record<string, object> };

function manifestWith(lambdas: Record<string, object>): string {
  return JSON.stringify({ ...BOOKING, lambdas: { ...BOOKING.lambdas, ...lambdas } });
}

/** Rule, what is changed in the sound tree (undefined takes the file away), and what the finding says. */
const OFFENCES: readonly (readonly [string, Rule, Record<string, string | undefined>, RegExp])[] = [
  ['a binary without a manifest line', binaries.binariesAreWiredAndTested, { 'functions/booking/src/bin/stray_job.rs': '//! Stray.\n' }, /stray_job\.rs: not in .*manifest/],
  ['a binary that the README forgets', binaries.binariesAreWiredAndTested, { 'functions/booking/README.md': 'legs_resolver, xlegs_worker' }, /legs_worker\.rs: not in .*README/],
  ['a binary without a test', binaries.binariesAreWiredAndTested, { 'functions/booking/tests/legs.rs': '//! legs_worker only.' }, /legs_resolver\.rs: no test/],
  ['a binary that decides', binaries.binariesAreWiredAndTested, { 'functions/booking/src/bin/legs_worker.rs': '//! Long.\n'.repeat(61) }, /61 lines/],
  ['a manifest line without a binary', binaries.binariesAreWiredAndTested, { 'functions/booking/src/bin/legs_worker.rs': undefined }, /legs_worker has no binary/],
  ['a Lambda that nothing calls', binaries.lambdasHaveOneTrigger, { 'functions/booking/manifest.json': manifestWith({ legs_job: { grants: ['bus'] } }) }, /legs_job has 0 triggers/],
  ['a Lambda of the wrong name', binaries.lambdasHaveOneTrigger, { 'functions/booking/manifest.json': manifestWith({ legs_worker: { schedule: 'rate(1 minute)', grants: ['bus'] } }) }, /ends in _job/],
  ['a Lambda without grants', binaries.lambdasHaveOneTrigger, { 'functions/booking/manifest.json': manifestWith({ legs_worker: { events: ['leg.made'], grants: [] } }) }, /no grants/],
  ['a sample of no Lambda', binaries.samplesNameLambdas, { 'events/samples/lambda/gone_worker.json': '{}' }, /gone_worker/],
  ['a schema without a resolver', graphql.fieldsHaveOneResolver, { 'functions/booking/schema/more.graphql': '# More.\nextend type Query { more: Int }' }, /more\.graphql: answered by 0/],
  ['a field declared twice', graphql.fieldsHaveOneResolver, { 'functions/booking/schema/legs.graphql': '# Legs.\nextend type Query { leg: Int }\nextend type Query { leg: Int }' }, /Query\.leg is declared/],
  ['a field that no code answers', graphql.fieldsAreHandled, { 'functions/booking/src/lib.rs': LIB.replace('"leg" =>', '/* "leg" */ _ =>') }, /answers Query\.leg/],
  ['a promised error that nobody knows', graphql.promisedErrorsAreDocumented, { 'docs/ERRORS.md': '| `LEG_TORN` |' }, /Query\.leg promises LEG_LOST/],
  ['an event without a schema', events.publishedEventsHaveSchemas, { 'events/leg.made.v1.json': undefined }, /lib\.rs:2: event leg\.made has no schema/],
  ['an event named through a function', events.publishedEventsHaveSchemas, { 'functions/booking/src/told.rs': 'fn about(name: &str) { NewEvent::new("booking", name) }\nfn f() { about("leg.lost") }' }, /told\.rs:2: event leg\.lost/],
  ['an event in another name', events.publishedEventsHaveSchemas, { 'functions/booking/src/lib.rs': LIB.replace('"booking", "leg.made"', '"studios", "leg.made"') }, /in the name of studios/],
  ['an event that nobody publishes', events.schemasHaveProducerAndConsumer, { 'functions/booking/src/lib.rs': LIB.replace('leg.made', 'leg.other') }, /booking does not publish leg\.made/],
  ['an event that nobody hears', events.schemasHaveProducerAndConsumer, { 'functions/booking/manifest.json': JSON.stringify({ context: 'booking', lambdas: {} }) }, /nothing listens to leg\.made/],
  ['an event for analytics that is heard', events.schemasHaveProducerAndConsumer, { 'events/leg.made.v1.json': JSON.stringify({ ...SCHEMA, 'x-analytics-only': true }) }, /but something listens/],
  ['a rule for an unknown event', events.schemasHaveProducerAndConsumer, { 'functions/booking/manifest.json': manifestWith({ legs_worker: { events: ['leg.gone'] } }) }, /leg\.gone: listened to/],
  ['a sample that does not match', events.samplesMatchSchemas, { 'events/samples/leg.made.json': JSON.stringify({ ...SAMPLE, detail: { at: 'noon', secret: 1 } }) }, /additional properties[^]*must match format/],
  ['an event without a sample', events.samplesMatchSchemas, { 'events/samples/leg.made.json': undefined }, /no sample/],
  ['an event of a hidden context', events.publishersNameTheirContext, { 'functions/booking/src/lib.rs': LIB.replace('NewEvent::new("booking"', 'NewEvent::new(CONTEXT') }, /lib\.rs:2/],
  ['an undocumented code', errors.codesAreDocumented, { 'docs/ERRORS.md': '' }, /lib\.rs:3: LEG_LOST/],
  ['an undocumented code that is chosen first', errors.codesAreDocumented, { 'functions/booking/src/lib.rs': `${LIB}\nfn g() { let code = "LEG_TORN"; ApiError::new(code, "", "") }` }, /LEG_TORN/],
  ['a documented code that is gone', errors.documentedCodesExist, { 'functions/booking/src/lib.rs': '//! Empty of everything.' }, /nothing answers with LEG_LOST/],
  ['a code without a meaning', errors.documentedCodesExist, { 'docs/ERRORS.md': '| `LEG_LOST` | booking | | no |' }, /needs a context, a meaning/],
  ["another context's table", boundaries.contextsReadOnlyTheirTables, { 'functions/booking/src/lib.rs': LIB.replace('booking.leg', 'studios.studio') }, /lib\.rs:4: booking names studios\.studio/],
  ["another context's table, written by a test", boundaries.contextsReadOnlyTheirTables, { 'functions/booking/tests/x.rs': '//! X.\nfn f() { sqlx::query("delete from studios.studio") }' }, /x\.rs:2: booking names studios\.studio/],
  ["a higher context's table, read by a test", boundaries.contextsReadOnlyTheirTables, { 'functions/studios/tests/x.rs': '//! X.\nfn f() { sqlx::query("select 1 from booking.leg") }' }, /x\.rs:2: studios names booking\.leg/],
  ["another context's table in a migration", boundaries.migrationsKeepToTheirSchema, { 'shared/store/migrations/0006_booking.sql': '-- Legs.\ncreate table booking.leg (studio text references studios.studio);' }, /0006_booking\.sql:2/],
  ['a dependence upwards', boundaries.dependenceGoesDownwards, { 'functions/studios/Cargo.toml': '[package]\nname = "studios"\n[dependencies]\nbooking.workspace = true\n' }, /studios may not use booking/],
  ['a shared crate that uses a context', boundaries.dependenceGoesDownwards, { 'shared/store/Cargo.toml': '[package]\nname = "rastup-store"\n[dependencies]\nbooking = { path = "x" }\n' }, /rastup-store may not use booking/],
  ['a cycle', boundaries.dependenceHasNoCycle, { 'functions/studios/Cargo.toml': '[package]\nname = "studios"\n[dependencies]\nbooking.workspace = true\n' }, /booking → studios → booking/],
  ['a file without an opening', style.filesOpenWithASentence, { 'functions/booking/src/x.rs': 'use y;' }, /x\.rs:1/],
  ['an opening that says nothing', style.filesOpenWithASentence, { 'functions/booking/src/x.rs': '//! booking' }, /x\.rs:1/],
  ['a file that is too long', style.filesAreShort, { 'functions/booking/src/x.rs': '\n'.repeat(700) + 'x' }, /701 lines/],
  ['unfinished code', style.nothingIsLeftForLater, { 'functions/booking/tests/x.rs': '//! X.\nfn f() { todo!() }' }, /x\.rs:2: todo!/],
  ['a test that is switched off', style.testsAreAllRun, { 'tests/x.test.ts': "// X.\ntest.skip('x', () => {});" }, /x\.test\.ts:2: test\.skip/],
  ['code that panics', style.shippedCodeDoesNotPanic, { 'functions/booking/src/x.rs': '//! X.\n\nfn f() { g().unwrap() }' }, /x\.rs:3: \.unwrap\(\)/],
];

for (const rule of RULES) {
  test(`${rule.name} finds nothing in a sound tree`, () => assert.deepEqual(rule(treeOf(SOUND)), []));
}

for (const [offence, rule, changes, expected] of OFFENCES) {
  test(`${offence} is found`, () => {
    const files = Object.entries({ ...SOUND, ...changes }).filter((entry): entry is [string, string] => entry[1] !== undefined);
    assert.match(rule(treeOf(Object.fromEntries(files))).join('\n'), expected);
  });
}

test('every rule has an offence', () => {
  const offended = new Set(OFFENCES.map(([, rule]) => rule));
  assert.deepEqual(RULES.filter((rule) => !offended.has(rule)).map((rule) => rule.name), []);
});

test('strings, comments, characters and lifetimes are told apart', () => {
  const { code, literals } = scan(`let a = "x // y \\" z"; // "no"\nlet b = 'q'; let c: &'a str = r#"raw "q""#; /* "no" */ let d = '"'; let e = "\\u{e9}";`);
  assert.deepEqual(literals.map(({ value }) => value), ['x // y " z', 'raw "q"', 'é']);
  assert.doesNotMatch(code, /no|raw/);
  assert.equal(code.split('\n').length, 2);
});

test('a test module in a file of its own does not ship', () => {
  const tree = treeOf({
    'functions/a/src/lib.rs': '//! A.\n#[cfg(test)]\nmod inner;\n#[cfg(test)]\n#[path = "beside_tests.rs"]\nmod tests;',
    'functions/a/src/inner.rs': '', 'functions/a/src/beside_tests.rs': '', 'functions/a/src/outer.rs': '',
  });
  assert.deepEqual(shipped(tree, /\.rs$/).map(({ path }) => path), ['functions/a/src/lib.rs', 'functions/a/src/outer.rs']);
});

test('test modules are left out and lines stay', () => {
  const source = 'fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { "}" }\n}\nfn c() {}';
  assert.equal(withoutTests(source).replace(/ /g, ''), 'fna(){}\n\n\n\n\nfnc(){}');
});
