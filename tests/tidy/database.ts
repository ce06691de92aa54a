// A throw-away database with every migration applied, for the rules that ask PostgreSQL.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { paths, text, type Tree } from './tree.ts';

/** Runs `work` on a migrated database of its own in the cluster of TEST_DATABASE_URL, and drops it afterwards. */
export async function withMigratedDatabase<T>(tree: Tree, work: (db: pg.Client) => Promise<T>): Promise<T> {
  const server = process.env['TEST_DATABASE_URL'];
  if (server === undefined) throw new Error('TEST_DATABASE_URL is not set: run this through `make test` or `make test-ts`');
  const name = `tidy_${randomUUID().replaceAll('-', '')}`;
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  try {
    await admin.query(`create database ${name}`);
    const address = new URL(server);
    address.pathname = `/${name}`;
    const db = new pg.Client({ connectionString: address.href });
    await db.connect();
    try {
      for (const path of paths(tree, /^shared\/store\/migrations\/.*\.sql$/)) await db.query(text(tree, path));
      return await work(db);
    } finally {
      await db.end();
    }
  } finally {
    await admin.query(`drop database if exists ${name}`);
    await admin.end();
  }
}
