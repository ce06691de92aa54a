// The tidy test: the repository against every rule. A finding names the file and what to do about it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readTree, type Tree } from './tree.ts';
import * as binaries from './rules/binaries.ts';
import * as boundaries from './rules/boundaries.ts';
import * as errors from './rules/errors.ts';
import * as events from './rules/events.ts';
import * as graphql from './rules/graphql.ts';
import * as style from './rules/style.ts';

const tree = readTree(fileURLToPath(new URL('../..', import.meta.url)));

const RULES: readonly (readonly [string, (tree: Tree) => string[]])[] = [
  ['a binary is short, in its manifest and README, and named by a test', binaries.binariesAreWiredAndTested],
  ['a Lambda has one kind of trigger, a name that tells it, and grants', binaries.lambdasHaveOneTrigger],
  ['a sample invocation names a Lambda', binaries.samplesNameLambdas],
  ['a field of the SDL has exactly one resolver', graphql.fieldsHaveOneResolver],
  ['a field of the SDL is answered by code of its context', graphql.fieldsAreHandled],
  ['an error that the SDL promises is documented', graphql.promisedErrorsAreDocumented],
  ['a published event has a schema of the same producer', events.publishedEventsHaveSchemas],
  ['an event has a producer, and a consumer or is for analytics only', events.schemasHaveProducerAndConsumer],
  ['an event has a sample that matches its schema', events.samplesMatchSchemas],
  ['a publisher names its context', events.publishersNameTheirContext],
  ['an error code is documented', errors.codesAreDocumented],
  ['a documented error code exists', errors.documentedCodesExist],
  ['a context names no table of another', boundaries.contextsReadOnlyTheirTables],
  ['a migration keeps to its schema', boundaries.migrationsKeepToTheirSchema],
  ['dependence goes downwards', boundaries.dependenceGoesDownwards],
  ['dependence has no cycle', boundaries.dependenceHasNoCycle],
  ['a file opens with a sentence', style.filesOpenWithASentence],
  ['a file can be read at once', style.filesAreShort],
  ['nothing is left for later', style.nothingIsLeftForLater],
  ['no test is switched off', style.testsAreAllRun],
  ['shipped code does not panic', style.shippedCodeDoesNotPanic],
];

for (const [rule, check] of RULES) {
  test(rule, () => {
    const findings = check(tree);
    assert.equal(findings.length, 0, `${findings.length} findings:\n  ${findings.join('\n  ')}`);
  });
}
