// What `local/src/emulator/launch.py` changes about the emulator is true of the running one.
import { CognitoIdentityProviderClient, CreateUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ensureAccount } from '../src/cloud/accounts.ts';
import { clientSettings, invoke } from '../src/cloud/aws.ts';
import { portsFrom, type Ports, REPOSITORY, VENV } from '../src/cloud/paths.ts';
import { type Service, sleep, startService } from '../src/cloud/processes.ts';

/** As shipped, every call waits for two timers of 40 ms and 50 ms; either of them alone is above this. */
const FASTEST_CALL_MS_MAX = 40;

/** A Lambda runtime in a few lines of Python, on one connection like the real one: answers every event with itself. */
const ECHO = `#!/usr/bin/env python3
import os, http.client
link = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    link.request("GET", "/2018-06-01/runtime/invocation/next")
    event = link.getresponse()
    body = event.read()
    link.request("POST", "/2018-06-01/runtime/invocation/" + event.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", body)
    link.getresponse().read()
`;

describe('the emulator as the local cloud starts it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rastup-emulator-'));
  const clock = join(directory, 'clock');
  let ports: Ports;
  let emulator: Service;

  before(async () => {
    writeFileSync(clock, '0\n');
    ports = portsFrom(await freePort());
    emulator = await start(ports, directory, clock);
  });
  after(async () => {
    await emulator.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test('a warm call waits for none of the timers that the emulator has as shipped', async () => {
    await new LambdaClient(clientSettings(ports)).send(
      new CreateFunctionCommand({
        FunctionName: 'echo',
        Runtime: 'provided.al2023',
        Handler: 'bootstrap',
        Role: 'arn:aws:iam::000000000000:role/echo',
        Code: { ZipFile: zipOf(directory, ECHO) },
      }),
    );
    let fastest = Number.POSITIVE_INFINITY;
    for (let call = 0; call < 20; call += 1) {
      const began = performance.now();
      assert.deepEqual(await invoke(ports, 'echo', { call }), { call });
      fastest = Math.min(fastest, performance.now() - began);
    }
    assert.ok(fastest < FASTEST_CALL_MS_MAX, `the fastest of 20 calls took ${fastest.toFixed(1)} ms`);
  });

  test('a wait of three days is over when the clock is three days on, and not before', async () => {
    const until = new Date(Date.now() + 3 * 86_400_000).toISOString();
    const definition = JSON.stringify({
      StartAt: 'Wait',
      States: { Wait: { Type: 'Wait', Timestamp: until, Next: 'Done' }, Done: { Type: 'Succeed' } },
    });
    const roleArn = 'arn:aws:iam::000000000000:role/wait';
    const { stateMachineArn } = await states(ports, 'CreateStateMachine', { name: 'wait', definition, roleArn });
    const { executionArn } = await states(ports, 'StartExecution', { stateMachineArn, input: '{}' });
    const status = async (): Promise<string | undefined> => (await states(ports, 'DescribeExecution', { executionArn }))['status'];
    writeFileSync(clock, `${3 * 86_400 - 60}\n`);
    await sleep(600);
    assert.equal(await status(), 'RUNNING');
    writeFileSync(clock, `${3 * 86_400 + 1}\n`);
    const deadline = Date.now() + 10_000;
    while ((await status()) === 'RUNNING' && Date.now() < deadline) await sleep(50);
    assert.equal(await status(), 'SUCCEEDED');
  });

  test('an account has the same id after the emulator was killed', async () => {
    const first = await account(ports);
    await emulator.stop();
    emulator = await start(ports, directory, clock);
    assert.equal(await account(ports), first);
  });
});

async function account(ports: Ports): Promise<string> {
  const client = new CognitoIdentityProviderClient(clientSettings(ports));
  const { UserPool } = await client.send(new CreateUserPoolCommand({ PoolName: 'users' }));
  return (await ensureAccount(ports, { UserPoolId: UserPool?.Id ?? '' }, 'buyer_ada', [])).userId;
}

function start(ports: Ports, directory: string, clock: string): Promise<Service> {
  const url = `http://127.0.0.1:${ports.emulator}`;
  return startService({
    name: 'emulator',
    command: join(VENV, 'bin/python'),
    args: [join(REPOSITORY, 'local/src/emulator/launch.py')],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      GATEWAY_PORT: String(ports.emulator),
      BIND_HOST: '127.0.0.1',
      AWS_ENDPOINT_URL: url,
      CLOCK_FILE: clock,
      STATE_DIR: join(directory, 'state'),
      LOG_LEVEL: 'WARNING',
    },
    logs: directory,
    pids: directory,
    ready: () => fetch(`${url}/_ministack/health`).then((answer) => answer.ok, () => false),
  });
}

/** One operation of Step Functions in its JSON protocol. */
async function states(ports: Ports, operation: string, body: object): Promise<Record<string, string>> {
  const answer = await fetch(`http://127.0.0.1:${ports.emulator}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AWSStepFunctions.${operation}` },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, `${operation}: ${text}`);
  return JSON.parse(text) as Record<string, string>;
}

/** A deployment package whose only file is an executable `bootstrap`. */
function zipOf(directory: string, bootstrap: string): Uint8Array {
  const [source, target] = [join(directory, 'bootstrap'), join(directory, 'echo.zip')];
  writeFileSync(source, bootstrap);
  const script = `import sys, zipfile
entry = zipfile.ZipInfo("bootstrap")
entry.external_attr = 0o755 << 16
zipfile.ZipFile(sys.argv[2], "w").writestr(entry, open(sys.argv[1]).read())`;
  execFileSync(join(VENV, 'bin/python'), ['-c', script, source, target]);
  return readFileSync(target);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
