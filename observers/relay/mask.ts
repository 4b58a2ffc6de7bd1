/**
 * Takes properties out of content on the way: left out, or replaced by a hash under the link's secret, so
 * that equal values stay equal and nobody without the secret can try values. Content is rewritten as bytes:
 * what no rule is about is copied as it is, so that no number changes its type on the way.
 */
import { createHmac } from 'node:crypto';
import type { GenerationContent } from '../../src/kernel/generation-content';
import { eachElement, readInt32, readInt64, valueBytes } from '../../src/storage/event-fields';
import type { MaskRule } from '../../src/storage/link-records';

/** What every hashed value begins with, so that a person sees what it is. */
export const HASHED = 'hmac-sha256:';

const DOUBLE = 0x01;
const STRING = 0x02;
const DOCUMENT = 0x03;
const ARRAY = 0x04;
const INT32 = 0x10;
const INT64 = 0x12;

/** Rules by the first name of their path; `''` stands for every element of an array. */
interface Node {
  readonly action: MaskRule['action'] | undefined;
  readonly children: Map<string, Node>;
}

export type Mask = (type: string, contents: readonly GenerationContent[]) => readonly GenerationContent[];

/** @param key the link's secret. */
export function mask(rules: readonly MaskRule[], key: Buffer): Mask {
  if (rules.length === 0) return (_type, contents) => contents;
  const byType = new Map<string, Node>();
  return (type, contents) => {
    let tree = byType.get(type);
    if (tree === undefined) {
      tree = treeOf(rules.filter(({ types }) => types.length === 0 || types.includes(type)));
      byType.set(type, tree);
    }
    const { children } = tree;
    if (children.size === 0) return contents;
    return contents.map(({ generation, content }) => ({
      generation,
      content: rewritten(content, 0, children, false, key),
    }));
  };
}

function treeOf(rules: readonly MaskRule[]): Node {
  const root: Node = { action: undefined, children: new Map() };
  for (const { property, action } of rules) {
    // `lines[].price` is lines, every element, price.
    const names = property.split('.').flatMap((part) => (part.endsWith('[]') ? [part.slice(0, -2), ''] : [part]));
    let node = root;
    names.forEach((name, depth) => {
      const known = node.children.get(name);
      // Dropping a property drops what is in it, whatever else a rule says.
      const leaf = depth === names.length - 1 ? action : undefined;
      const next: Node = {
        action: strongest(known?.action, leaf),
        children: known?.children ?? new Map<string, Node>(),
      };
      node.children.set(name, next);
      node = next;
    });
  }
  return root;
}

const strongest = (a: Node['action'], b: Node['action']): Node['action'] =>
  a === 'drop' || b === 'drop' ? 'drop' : (a ?? b);

/** The document at `start` as the rules want it. */
function rewritten(b: Buffer, start: number, rules: ReadonlyMap<string, Node>, isArray: boolean, key: Buffer): Buffer {
  const parts: Buffer[] = [];
  let kept = 0;
  eachElement(b, start, (type, keyStart, keyStop, value) => {
    const name = isArray ? '' : b.toString('utf8', keyStart, keyStop);
    const rule = rules.get(name);
    const size = valueBytes(b, type, value);
    if (rule?.action === 'drop') return;
    // An array's keys are its indices; without a dropped element they are what they were.
    const label = isArray ? Buffer.from(`${kept}\0`) : b.subarray(keyStart, keyStop + 1);
    kept++;
    if (rule?.action === 'hash') {
      parts.push(Buffer.of(STRING), label, bsonString(hashed(b, type, value, size, key)));
    } else if (rule !== undefined && (type === DOCUMENT || type === ARRAY)) {
      parts.push(Buffer.of(type), label, rewritten(b, value, rule.children, type === ARRAY, key));
    } else {
      parts.push(Buffer.of(type), label, b.subarray(value, value + size));
    }
  });
  const body = Buffer.concat(parts);
  const size = Buffer.alloc(4);
  size.writeInt32LE(body.length + 5);
  return Buffer.concat([size, body, Buffer.of(0)]);
}

function bsonString(text: string): Buffer {
  const bytes = Buffer.from(`${text}\0`);
  const size = Buffer.alloc(4);
  size.writeInt32LE(bytes.length);
  return Buffer.concat([size, bytes]);
}

function hashed(b: Buffer, type: number, value: number, size: number, key: Buffer): string {
  const hmac = createHmac('sha256', key);
  const number = numberText(b, type, value);
  // A number is the same number however it is stored; anything else is its type and its bytes.
  if (number === undefined) hmac.update(Buffer.of(type)).update(b.subarray(value, value + size));
  else hmac.update(`number:${number}`);
  return HASHED + hmac.digest('base64url');
}

function numberText(b: Buffer, type: number, value: number): string | undefined {
  if (type === INT32) return String(readInt32(b, value));
  if (type === DOUBLE) return String(b.readDoubleLE(value));
  if (type !== INT64) return undefined;
  const number = readInt64(b, value);
  return Number.isSafeInteger(number) ? String(number) : String(b.readBigInt64LE(value));
}
