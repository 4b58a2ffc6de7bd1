/**
 * A small service with effects of its own, over HTTP and in a process of its own: the ledger or the mailer. What it
 * did is in its file before it answers. It knows a request again by its `Idempotency-Key`, and refuses what its
 * name is no good for.
 *
 *   POST /   {"customer": …, …}  with Idempotency-Key   201 {"id": …}, the same for the same key; 409 refused; 503 busy
 *   GET  /                                              what it did, and how often it was asked
 */
import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';

interface Effect {
  readonly key: string;
  readonly id: string;
  readonly request: Request;
}

interface Request {
  readonly customer: string;
}

const [, , name = '', file = '', refused = '', everyNthBusy = '0'] = process.argv;

const effects = new Map<string, Effect>();
let asked = 0;
let repeated = 0;

async function body(request: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  // The demo's own processors ask nothing else.
  return JSON.parse(Buffer.concat(chunks).toString()) as Request;
}

const answer = (response: ServerResponse, status: number, json: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
};

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') {
    answer(response, 200, { asked, repeated, effects: [...effects.values()] });
    return;
  }
  asked++;
  const key = request.headers['idempotency-key'];
  const wanted = await body(request);
  if (typeof key !== 'string') return answer(response, 400, { message: 'there is no Idempotency-Key' });
  const known = effects.get(key);
  if (known !== undefined) {
    repeated++;
    return answer(response, 201, { id: known.id });
  }
  if (refused !== '' && wanted.customer === refused) {
    return answer(response, 409, { message: `${name} is closed for ${refused}` });
  }
  if (Number(everyNthBusy) > 0 && asked % Number(everyNthBusy) === 0) {
    return answer(response, 503, { message: `${name} is busy` });
  }
  const effect = { key, id: `${name}-${randomUUID()}`, request: wanted };
  appendFileSync(file, `${JSON.stringify(effect)}\n`);
  effects.set(key, effect);
  answer(response, 201, { id: effect.id });
}

const server = createServer((request, response) => {
  take(request, response).catch((error: unknown) => {
    answer(response, 500, { message: String(error) });
  });
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  // An address of TCP is an object.
  process.stdout.write(`${JSON.stringify(address)}\n`);
});
