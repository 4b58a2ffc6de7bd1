import fc from 'fast-check';
import { BSON } from 'mongodb';
import { anyDate, anyDraft, anyNumber, documentOf } from './arbitrary-event.testing';
import { encodeEventDocument, stamp, type EventDraft } from './event-document';
import { eventDraft } from './event-draft.testing';

describe("an event's document", () => {
  it('is, byte for byte, what the driver would write for it', () => {
    fc.assert(
      fc.property(anyDraft, (draft) => {
        const written = encodeEventDocument(draft);
        const expected = BSON.serialize(documentOf(draft, 0, 0));
        expect(written.equals(expected)).toBe(true);
      }),
    );
  });

  it('is stamped with any number and time of recording, as often as it is tried again', () => {
    fc.assert(
      fc.property(anyDraft, anyNumber, anyDate, anyNumber, (draft, number, recorded, before) => {
        const document = encodeEventDocument(draft);
        stamp(document, before, recorded);
        stamp(document, number, recorded);
        expect(document.equals(BSON.serialize(documentOf(draft, number, recorded)))).toBe(true);
      }),
    );
  });

  it('is a copy of its own: the next one does not change it', () => {
    const draft = eventDraft({ eventId: 'one' });
    const first = encodeEventDocument(draft);
    const bytes = Buffer.from(first);
    encodeEventDocument({ ...draft, eventId: 'another, and longer' });
    expect(first.equals(bytes)).toBe(true);
  });

  it('has room for the largest event that there can be', () => {
    // Three bytes of UTF-8 for each UTF-16 unit is the most that text needs.
    const widest = '\uffff';
    const draft: EventDraft = {
      eventId: widest.repeat(200),
      correlationId: widest.repeat(200),
      causationId: widest.repeat(200),
      causedBy: widest.repeat(200),
      type: widest.repeat(200),
      generation: 1,
      occurred: 0,
      validFrom: 0,
      eventSourceId: widest.repeat(400),
      tags: Array.from({ length: 32 }, () => widest.repeat(200)),
      contents: [{ generation: 1, content: Buffer.from(BSON.serialize({ text: 'x'.repeat(1024 * 1024 - 20) })) }],
    };
    expect(encodeEventDocument(draft).equals(BSON.serialize(documentOf(draft, 0, 0)))).toBe(true);
  });
});
