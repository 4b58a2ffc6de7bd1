import { BSON, Long } from 'mongodb';
import { visitEvent } from '/work/main/src/storage/event-fields';
import { FrameWriter } from '/work/main/src/sequences/event-frame';
it('bench', () => {
  const doc = Buffer.from(BSON.serialize({ _id: Long.fromNumber(1), recorded: new Date(), eventId: '0190c6b0-1111-7222-8333-444455556666', correlationId: '0190c6b0-1111-7222-8333-444455556666', causationId: '', causedBy: '', type: 'order-placed', generation: 1, occurred: new Date(), validFrom: new Date(), eventSourceId: 'order-17', tags: [], content: { '1': { text: 'x'.repeat(250) } }, compensations: [] }));
  const noop = { string: () => undefined, number: () => undefined, tag: () => undefined, content: () => undefined, origin: () => undefined };
  for (let r = 0; r < 4; r++) {
    let t = performance.now();
    for (let i = 0; i < 500_000; i++) visitEvent(doc, 0, noop);
    const a = performance.now() - t;
    t = performance.now();
    for (let j = 0; j < 500; j++) { const w = new FrameWriter(2, 500_000); for (let i = 0; i < 1000; i++) w.event(doc, 0); }
    console.log('visit ns', (a * 2).toFixed(0), 'frame ns', ((performance.now() - t) * 2).toFixed(0));
  }
});
