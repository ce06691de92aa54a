// Stands in for DynamoDB, EventBridge and Secrets Manager: each call has one constant answer, so that what is measured
// is the caller. No state, no signature check.
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';

/** Secrets by the name that functions ask for. */
export type Secrets = Readonly<Record<string, unknown>>;

export class AwsStub {
  /** Calls by operation since the start. */
  readonly calls = new Map<string, number>();

  private constructor(private readonly server: Server) {}

  /** Serves HTTPS, because functions on AWS pay for TLS too. */
  static async start(tls: { cert: string; key: string }, secrets: Secrets): Promise<AwsStub> {
    const server = createServer(tls);
    const stub = new AwsStub(server);
    server.keepAliveTimeout = 0;
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const operation = String(request.headers['x-amz-target']).split('.').pop() ?? '';
        stub.calls.set(operation, (stub.calls.get(operation) ?? 0) + 1);
        const answer = answerTo(operation, JSON.parse(Buffer.concat(chunks).toString() || '{}') as Request, secrets);
        const body = JSON.stringify(answer);
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': Buffer.byteLength(body) });
        response.end(body);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return stub;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

interface Request {
  readonly SecretId?: string;
  readonly Entries?: readonly unknown[];
}

function answerTo(operation: string, request: Request, secrets: Secrets): unknown {
  switch (operation) {
    case 'UpdateItem':
      return { Attributes: { requests: { N: '1' } } };
    case 'PutEvents':
      return { FailedEntryCount: 0, Entries: (request.Entries ?? []).map((_, i) => ({ EventId: `bench-${i}` })) };
    case 'GetSecretValue':
      return {
        ARN: request.SecretId,
        Name: request.SecretId,
        SecretString: JSON.stringify(secrets[request.SecretId ?? ''] ?? null),
      };
    default:
      throw new Error(`the stub does not know ${operation}`);
  }
}
