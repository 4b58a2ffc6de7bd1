import type { ProtoReader } from './proto-reader';
import type { ProtoWriter } from './proto-writer';
import { lengthTag } from './wire-type';

/** protobuf's map<string, string>: a repeated message { key = 1; value = 2; }. */

export function writeMap(writer: ProtoWriter, field: number, map: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(map)) {
    const entry = writer.open(field);
    writer.string(1, key);
    writer.string(2, value);
    writer.close(entry);
  }
}

/** One entry; of entries with the same key the last one counts, as with Object.fromEntries. */
export function readMapEntry(reader: ProtoReader, field: string): [key: string, value: string] {
  const entry: [string, string] = ['', ''];
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(1)) entry[0] = reader.string(field);
    else if (tag === lengthTag(2)) entry[1] = reader.string(field);
    else reader.skip(tag);
  }
  reader.leave(outer);
  return entry;
}
