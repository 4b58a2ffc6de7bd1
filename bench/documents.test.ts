import { BSON } from 'mongodb';
import { encodeAppendRequest, decodeAppendRequest } from '../src/contract/append-codec';
import { ContentType } from '../src/contract/messages';
import { encodeBson } from '../src/kernel/content/decode-content';
import { admit } from '../src/sequences/admit.testing';
import { DOCUMENT_BYTES, newEvent, storedDocument } from './documents';

/** The document that the server makes of the event. */
function documentOfServer(n: number): Buffer {
  const { type, eventSourceId, content = {} } = newEvent(n);
  const event = {
    ...{ eventId: undefined, type, generation: 0, eventSourceId, tags: [], correlationId: '', causationId: '' },
    ...{ causedBy: '', traceParent: '', occurred: undefined, validFrom: undefined },
    ...{ content: encodeBson(content), contentType: ContentType.BSON },
  };
  const sequence = { store: '', namespace: '', sequence: '' };
  const request = decodeAppendRequest(encodeAppendRequest({ sequence, events: [event], expectations: [] }));
  return admit(request, Date.now()).documents[0] as Buffer;
}

describe('the documents of the benchmark', () => {
  it.each([0, 1, 12_345])('are of about 500 bytes (%d)', (n) => {
    const { length } = BSON.serialize(storedDocument(n));
    expect(length).toBeGreaterThan(DOCUMENT_BYTES * 0.95);
    expect(length).toBeLessThan(DOCUMENT_BYTES * 1.05);
  });

  it.each([0, 1, 12_345])(
    'are for the floor what the server makes of the same event: fields, order and bytes (%d)',
    (n) => {
      const ofServer = documentOfServer(n);
      const ofFloor = BSON.serialize(storedDocument(n));
      expect(ofFloor).toHaveLength(ofServer.length);
      const [floor, server] = [BSON.deserialize(ofFloor), BSON.deserialize(ofServer)];
      expect(Object.keys(floor)).toEqual(Object.keys(server));
      expect(floor['content']).toEqual(server['content']);
    },
  );
});
