/** The content that a reader is given of a stored event, for who looks into it before it is sent. */
import type { GenerationContent } from '../kernel/generation-content';
import { PASS_OVER, visitEvent } from '../storage/event-fields';
import { chooseGeneration } from './choose-generation';
import type { Presentation } from './presentation';

/** Undefined when nothing is stored. @param start of the event's document in `bytes`. */
export function contentGiven(
  bytes: Buffer,
  start: number,
  { types, wanted }: Pick<Presentation, 'types' | 'wanted'>,
): Buffer | undefined {
  const stored: GenerationContent[] = [];
  let name = '';
  let written = 1;
  let redacted = false;
  visitEvent(bytes, start, {
    ...PASS_OVER,
    string: (field, from, at, end) => {
      if (field === 'type') name = from.toString('utf8', at, end);
    },
    number: (field, value) => {
      if (field === 'generation') written = value;
    },
    content: (generation, from, at, end) => stored.push({ generation, content: from.subarray(at, end) }),
    redaction: () => {
      redacted = true;
    },
  });
  const type = types?.type(name);
  const asked = wanted?.(name) ?? type?.latest ?? 0;
  return chooseGeneration({ stored, written, wanted: asked, type, redacted })?.content;
}
