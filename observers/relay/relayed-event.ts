/** A source's event as the inbox gets it: with everything that goes with it, and where it comes from. */
import { hopsOf } from '../../src/kernel/hops';
import type { RelayedEvent } from '../../src/sequences/relay-append';
import type { LinkDefinition } from '../../src/storage/link-records';
import type { Mask } from './mask';
import type { SourceEvent } from './source-event';

export function relayedEvent(
  event: SourceEvent,
  { source, generations }: Pick<LinkDefinition, 'source' | 'generations'>,
  link: string,
  mask: Mask,
): RelayedEvent {
  const { sequenceNumber, recorded, announcement, origin: _, redacted: __, ...same } = event;
  const wanted = generations.find(({ type }) => type === event.type)?.generation;
  const one = wanted === undefined ? undefined : event.contents.find(({ generation }) => generation === wanted);
  const contents = one === undefined ? event.contents : [one];
  return {
    ...same,
    // An event must have its content in the generation that it says.
    generation: one?.generation ?? event.generation,
    contents: mask(event.type, contents),
    origin: {
      store: source.store,
      namespace: source.namespace,
      sequence: source.sequence,
      sequenceNumber,
      recorded,
      link,
      hops: hopsOf(event) + 1,
    },
    ...(announcement === undefined
      ? {}
      : {
          announces: {
            kind: announcement.kind,
            originNumber: announcement.number,
            reason: announcement.reason,
          },
        }),
  };
}
