/**
 * Whether the source still is the one that was relayed. A source that was restored from an old backup has
 * lost events that the inbox has, and gives their numbers to others: nothing may go on over that.
 */
import type { LinkRecord } from '../../src/storage/link-records';
import type { Source } from './source';
import { SourceChanged } from './trouble';

/** @throws SourceChanged with what is wrong and what can be done; SourceAway */
export async function checkSource(source: Source, record: LinkRecord, signal: AbortSignal): Promise<void> {
  const { definition, sourceDeployment, position, anchor } = record;
  const deployment = await source.deployment(signal);
  if (deployment !== '' && sourceDeployment !== '' && deployment !== sourceDeployment) {
    throw new SourceChanged(
      'another deployment answers at the source’s address than the one that was relayed: correct the address, ' +
        'or resume with accept_source when the source has moved there with its events',
    );
  }
  const next = await source.next(signal);
  if (next < position && position > definition.start) {
    throw new SourceChanged(
      `the source has ${next} events and ${position} were relayed, so it has lost its last ones, as by a restore from ` +
        'an old backup: restore a newer one, or resume at a position of your choice once you know what became of them',
    );
  }
  if (anchor === undefined || anchor.number >= next) return;
  const there = await source.at(anchor.number, signal);
  if (there?.eventId !== anchor.eventId) {
    throw new SourceChanged(
      `the source's event ${anchor.number} is ${describe(there?.eventId)} and was ${describe(anchor.eventId)} when it was ` +
        'relayed, as after a restore from an old backup: resume at a position of your choice once you know what became of it',
    );
  }
}

const describe = (eventId: string | undefined): string => (eventId === undefined ? 'gone' : JSON.stringify(eventId));
