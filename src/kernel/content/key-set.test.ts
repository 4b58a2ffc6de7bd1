import fc from 'fast-check';
import { KeySet } from './key-set';

test('it finds the keys that a Set for each document finds, over any calls', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 3 });
  const call = fc.array(fc.tuple(fc.nat(3), key), { maxLength: 60 });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 4 }), (calls) => {
      const keys = new KeySet();
      for (const added of calls) {
        keys.begin();
        const documents = [keys.document(), keys.document(), keys.document(), keys.document()];
        const seen = documents.map(() => new Set<string>());
        const bytes = Buffer.from(added.map(([, text]) => `${text}\0`).join(''));
        let at = 0;
        for (const [which, text] of added) {
          const to = at + Buffer.byteLength(text);
          expect(keys.add(documents[which]!, bytes, at, to)).toBe(!seen[which]!.has(text));
          seen[which]!.add(text);
          at = to + 1;
        }
      }
    }),
  );
});

test('a hundred thousand keys of one document, and the next call begins with none', () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `k${i}`);
  const bytes = Buffer.from(names.join('\0') + '\0');
  const keys = new KeySet();
  for (let call = 0; call < 2; call++) {
    keys.begin();
    const document = keys.document();
    let at = 0;
    let refused = 0;
    for (const name of names) {
      if (!keys.add(document, bytes, at, at + name.length)) refused++;
      at += name.length + 1;
    }
    expect(refused).toBe(0);
    expect(keys.add(document, bytes, 0, 2)).toBe(false);
  }
});
