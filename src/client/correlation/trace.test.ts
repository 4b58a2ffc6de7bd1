/** A trace over several pages, from a server that loses its connection in the middle of one. */
import { status } from '@grpc/grpc-js';
import type { TraceRequest__Output } from '../../contract/generated/annals/v1/TraceRequest';
import { serviceDefinition } from '../../contract/services';
import { connect } from '../annals';
import { startScriptedServer, type ServedStream } from '../scripted-server.testing';

const METHOD = serviceDefinition('Correlation')['Trace'];
const decode = (bytes: Buffer) => METHOD?.requestDeserialize(bytes) as TraceRequest__Output;
const encode = (message: object): Buffer => METHOD?.responseSerialize(message) ?? Buffer.alloc(0);

const nodes = (...ids: string[]) => ({
  nodes: ids.map((id) => ({ id, eventId: id, kind: 'TRACE_NODE_KIND_EVENT' })),
});
const GAP = { where: 'annals://mail:4400', reason: 'nobody answers' };

it('nodes come once, in order, over all pages and a lost connection; gaps are told once', async () => {
  const asked: string[] = [];
  const onTrace = (call: ServedStream): void => {
    call.on('error', () => undefined);
    const { pageToken } = decode(call.request);
    asked.push(pageToken);
    if (pageToken === '') {
      call.write(encode(nodes('a')));
      call.write(encode({ ...nodes('b'), gaps: [GAP], nextPageToken: 'two' }));
      call.end();
    } else if (asked.length === 2) {
      call.write(encode(nodes('c')), () => call.emit('error', { code: status.UNAVAILABLE, details: 'gone' }));
    } else {
      call.write(encode(nodes('c')));
      call.write(encode({ ...nodes('d'), gaps: [GAP] }));
      call.end();
    }
  };
  const server = await startScriptedServer({ onTrace });
  const annals = connect(`annals://${server.address}`);
  try {
    const trace = annals.correlation.trace({ correlationId: 'operation' });
    expect(trace.gaps).toEqual([]);
    const all = await trace.all();
    expect(all.nodes.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
    expect(all.gaps).toEqual([GAP]);
    expect(asked).toEqual(['', 'two', 'two']);
    expect(all.nodes[0]).toMatchObject({ kind: 'event', causedBy: undefined, occurred: undefined, part: undefined });
  } finally {
    await annals.close();
    server.stop();
  }
});

it('no further page is asked for when nobody wants one', async () => {
  const asked: string[] = [];
  const onTrace = (call: ServedStream): void => {
    asked.push(decode(call.request).pageToken);
    call.write(encode({ ...nodes(`of ${asked.length}`), nextPageToken: 'more' }));
    call.end();
  };
  const server = await startScriptedServer({ onTrace });
  const annals = connect(`annals://${server.address}`);
  try {
    for await (const { id } of annals.correlation.trace({ eventId: 'e' })) if (id === 'of 2') break;
    expect(asked).toEqual(['', 'more']);
  } finally {
    await annals.close();
    server.stop();
  }
});

it.each([
  ['neither id', {}],
  ['both', { eventId: 'e', correlationId: 'c' }],
])('%s is refused before anything is sent', async (_, about) => {
  const annals = connect('annals://127.0.0.1:1');
  // What a JavaScript caller can do.
  expect(() => annals.correlation.trace(about as { eventId: string })).toThrow(
    expect.objectContaining({ code: 'INVALID_FIELD', field: 'about' }),
  );
  await annals.close();
});
