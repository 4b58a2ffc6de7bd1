import { Metadata } from '@grpc/grpc-js';
import { genericCodec, genericEvent } from '../contract/generic-messages.testing';
import type { EventBatch } from '../contract/messages';
import { STATUS_DETAILS_KEY, encodeStatusDetails } from '../contract/status-details';
import { wireEvent } from '../contract/wire-event.testing';
import { AnnalsError } from '../kernel/annals-error';
import type { ErrorCode } from '../kernel/error-registry';
import { Connection } from './connection';
import { resumedBatches } from './resumed-batches';
import { startScriptedServer, type ScriptedServer, type ServedStream } from './scripted-server.testing';
import { SubscribeCursor } from './subscription';

const SEQUENCE = { store: 'default', namespace: 'default', sequence: 'event-log' };

const event = wireEvent({ type: 'A' });

const opened: { servers: ScriptedServer[]; connections: Connection[] } = { servers: [], connections: [] };
afterEach(() => {
  for (const connection of opened.connections.splice(0)) connection.close();
  for (const server of opened.servers.splice(0)) server.stop();
});

/** A server that answers each Subscribe by the next of these, told the number asked for. */
async function serve(...answers: ((call: ServedStream) => void)[]) {
  const asked: number[] = [];
  const server = await startScriptedServer({
    onSubscribe: (call) => {
      // The general deserializer gives what the contract says.
      const request = genericCodec('Subscribe').requestDeserialize(call.request) as { from?: number };
      asked.push(request.from ?? -1);
      answers[asked.length - 1]?.(call);
    },
  });
  opened.servers.push(server);
  return { address: server.address, asked };
}

const give = (call: ServedStream, ...numbers: number[]) => {
  const events = numbers.map((sequenceNumber) => genericEvent({ ...event, sequenceNumber }));
  call.write(genericCodec('Subscribe').responseSerialize({ events, next: (numbers.at(-1) ?? 0) + 1 }));
};

const fail = (call: ServedStream, code: ErrorCode) => {
  const error = new AnnalsError(code);
  const metadata = new Metadata();
  metadata.set(STATUS_DETAILS_KEY, encodeStatusDetails(error));
  call.emit('error', Object.assign(new Error(code), { code: error.status, details: error.message, metadata }));
};

async function follow(hosts: readonly string[], batches: number): Promise<number[]> {
  const connection = new Connection(hosts);
  opened.connections.push(connection);
  const numbers: number[] = [];
  const source = new SubscribeCursor(SEQUENCE, {}, 0);
  for await (const batch of resumedBatches(connection, source, new AbortController().signal)) {
    numbers.push(...numbersOf(batch));
    if (--batches === 0) break;
  }
  return numbers;
}

const numbersOf = ({ events }: EventBatch): number[] => events.map(({ sequenceNumber }) => sequenceNumber);

test.each(['DATABASE_UNAVAILABLE', 'OVERLOADED'] as const)(
  '%s: goes on at the same server, from the next number',
  async (code) => {
    const server = await serve(
      (call) => {
        give(call, 0, 1);
        fail(call, code);
      },
      (call) => give(call, 2),
    );
    expect(await follow([server.address], 2)).toEqual([0, 1, 2]);
    expect(server.asked).toEqual([0, 2]);
  },
);

test('SHUTTING_DOWN: goes on at the next host, from the next number', async () => {
  const leaving = await serve((call) => {
    give(call, 0, 1);
    fail(call, 'SHUTTING_DOWN');
  });
  const staying = await serve((call) => give(call, 2));
  expect(await follow([leaving.address, staying.address], 2)).toEqual([0, 1, 2]);
  expect([leaving.asked, staying.asked]).toEqual([[0], [2]]);
});

test('what does not pass is thrown', async () => {
  const server = await serve((call) => fail(call, 'UNKNOWN_STORE'));
  await expect(follow([server.address], 1)).rejects.toMatchObject({ code: 'UNKNOWN_STORE' });
  expect(server.asked).toEqual([0]);
});

test('bytes that are no response are thrown and not asked for again', async () => {
  const server = await serve((call) => call.write(Buffer.from([0xff])));
  await expect(follow([server.address], 1)).rejects.toMatchObject({ code: 'MALFORMED_REQUEST' });
  expect(server.asked).toEqual([0]);
});
