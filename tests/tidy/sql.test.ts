// Every SQL statement of the repository is prepared against the migrated schema, so that none fails at run time only.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withMigratedDatabase } from './database.ts';
import { problem, statements } from './rules/sql.ts';
import { readTree, treeOf } from './tree.ts';

const tree = readTree(fileURLToPath(new URL('../..', import.meta.url)));

test('every SQL statement fits the migrated schema', async () => {
  const { found, hidden } = statements(tree);
  assert.ok(found.length > 50, `only ${found.length} statements were found: the search is broken`);
  const findings = await withMigratedDatabase(tree, async (db) => {
    const told: string[] = [];
    for (const { sql, place } of found) {
      const message = await problem(db, sql);
      if (message !== undefined) told.push(`${place}: ${message}`);
    }
    return told;
  });
  const all = [...hidden, ...findings];
  assert.equal(all.length, 0, `${all.length} findings among ${found.length} statements:\n  ${all.join('\n  ')}`);
});

test('a wrong column, a wrong table and a wrong type are found, a sound statement is not', async () => {
  const shop = treeOf({ 'shared/store/migrations/0001_shop.sql': 'create schema shop; create table shop.item (id text, cents bigint);' });
  const asked = ['select price from shop.item', 'select 1 from shop.goods', 'update shop.item set cents = $1 where id = now()',
    'select id from shop.item where cents > $1', 'select $1 as anything'];
  const told = await withMigratedDatabase(shop, async (db) => {
    const answers: (string | undefined)[] = [];
    for (const sql of asked) answers.push(await problem(db, sql));
    return answers;
  });
  assert.match(told[0] ?? '', /column "price" does not exist/);
  assert.match(told[1] ?? '', /relation "shop.goods" does not exist/);
  assert.match(told[2] ?? '', /operator does not exist/);
  assert.deepEqual(told.slice(3), [undefined, undefined]);
});

test('statements are found in every form that the code uses', () => {
  const { found, hidden } = statements(treeOf({
    'functions/a/src/lib.rs': [
      '//! Statements.',
      'fn f() { sqlx::query("select 1 \\',
      '    from x").bind(1); sqlx::query_as::<_, (i64, Vec<u8>)>(r#"select "two""#);',
      'sqlx::query_scalar(ALL); sqlx::query(&built); /* sqlx::query("select comment") */ }',
      'const ALL: &str = "select 3";',
      'const NAME: &str = "no statement";',
    ].join('\n'),
    'local/src/x.ts': "db.query('select 4'); db.query(`select $1 from ${table}`); db.query<Row>(`select $1`, [5]);",
  }));
  assert.deepEqual(found.map(({ sql }) => sql), ['select 1 from x', 'select "two"', 'select 3', 'select 4', 'select $1']);
  assert.deepEqual(hidden, ['functions/a/src/lib.rs:4: the statement is not a literal']);
});
