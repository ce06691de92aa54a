// The loop that Lambda's Node runtime runs around a handler: poll, call, answer. Smaller than Lambda's own, so that Node
// is not charged for more than it needs.
import { Agent, request } from 'node:http';
import { init } from './studios-resolver.ts';

const [host, port] = (process.env['AWS_LAMBDA_RUNTIME_API'] ?? '').split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function call(method: string, path: string, body?: string): Promise<{ id: string; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request({ host, port, method, agent, headers, path: `/2018-06-01/runtime/${path}` }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ id: String(response.headers['lambda-runtime-aws-request-id']), text: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function main(): Promise<void> {
  const handler = await init();
  for (;;) {
    const { id, text } = await call('GET', 'invocation/next');
    try {
      await call('POST', `invocation/${id}/response`, JSON.stringify(await handler(JSON.parse(text))));
    } catch (error) {
      const { name, message } = error as Error;
      await call('POST', `invocation/${id}/error`, JSON.stringify({ errorType: name, errorMessage: message }));
    }
  }
}

void main();
