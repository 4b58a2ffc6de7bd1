import type { ProtoReader } from './proto-reader';
import { lengthTag } from './wire-type';

/** The messages of a repeated field, where the message around them has no other that is known. */
export function readRepeated<Item>(reader: ProtoReader, field: number, read: (reader: ProtoReader) => Item): Item[] {
  const items: Item[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag !== lengthTag(field)) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.enter();
    items.push(read(reader));
    reader.leave(outer);
  }
  return items;
}
