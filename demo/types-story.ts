/**
 * The chapter about what an event looks like, without a word of output: every webhook is checked against
 * its type, one type gets new generations while it is in use, and one event is put right.
 */
import type { Annals } from '../src/client';
import { changeType, type ChangingType } from './changing-type';
import { checkWebhooks, type CheckedWebhooks } from './checked-webhooks';
import type { Check } from './checks';
import type { Webhook } from './webhooks';

export interface TypesStory {
  readonly checked: CheckedWebhooks;
  readonly changing: ChangingType;
  readonly checks: readonly Check[];
}

export async function tellTypesStory(annals: Annals, input: readonly Webhook[]): Promise<TypesStory> {
  const checked = await checkWebhooks(annals, input);
  const changing = await changeType(annals);
  return { checked, changing, checks: [...checked.checks, ...changing.checks] };
}

/** For programs: every webhook that was refused, and why. */
export function typesFacts({ checked, changing }: TypesStory) {
  const { definitions, types, registeredMs, recorded, misfits, duplicates } = checked;
  const facts = ({ webhook, type, violations }: CheckedWebhooks['misfits'][number]) => ({
    eventId: webhook.eventId,
    type,
    violations: violations.map(({ message }) => message),
  });
  return {
    ...{ definitions, types, registeredMs, recorded: recorded.length },
    misfits: misfits.map(facts),
    duplicates: duplicates.map(facts),
    changed: { type: changing.type, changes: changing.changes, announcedAt: changing.announcedAt },
  };
}
