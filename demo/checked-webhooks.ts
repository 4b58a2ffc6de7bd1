/**
 * Every webhook held against its type: the types of all events are registered, a constraint says that a
 * number of a repository is opened once, and each payload is recorded as it came or refused with the
 * place and the reason.
 */
import { isDeepStrictEqual } from 'node:util';
import { AppendRefusedError, constraint, type Annals, type AppendResult, type RecordedEvent } from '../src/client';
import { check, type Check } from './checks';
import { timed } from './measures';
import { typeOfPayload, webhookDefinitions, webhookTypes } from './webhook-types';
import type { Webhook } from './webhooks';

/** Beside the event log of the first chapter, in which the same webhooks are events of no registered type. */
export const GITHUB = 'github';

/** Issues and pull requests of a repository share their numbers. */
const NUMBERS = constraint('numbers-once', { sequence: GITHUB })
  .unique('issues.opened', 'issue.number')
  .and('pull_request.opened', 'pull_request.number')
  .within('repository.id');

type Violation = AppendRefusedError['violations'][number];

export interface Refusal {
  readonly webhook: Webhook;
  readonly type: string;
  readonly violations: readonly Violation[];
}

export interface CheckedWebhooks {
  readonly definitions: number;
  readonly types: number;
  readonly registeredMs: number;
  readonly sent: number;
  readonly sentMs: number;
  readonly recorded: readonly { readonly webhook: Webhook; readonly result: AppendResult }[];
  /** Those that do not fit their schema. */
  readonly misfits: readonly Refusal[];
  /** Those that open a number again. */
  readonly duplicates: readonly Refusal[];
  readonly checks: readonly Check[];
}

export async function checkWebhooks(annals: Annals, input: readonly Webhook[]): Promise<CheckedWebhooks> {
  const definitions = webhookDefinitions();
  const types = webhookTypes(definitions);
  const registration = await timed(() => annals.eventTypes.register(...types));
  const again = await annals.eventTypes.register(...types);
  await annals.constraints.register(NUMBERS);

  const known = new Set(types.map(({ type }) => type));
  const sequence = annals.sequence(GITHUB);
  const recorded: CheckedWebhooks['recorded'][number][] = [];
  const refusals: Refusal[] = [];
  const sending = await timed(() =>
    Promise.all(
      input.map(async (webhook) => {
        const type = typeOfPayload(webhook.type, webhook.payload, known);
        const { source: eventSourceId, eventId, payload: content } = webhook;
        try {
          recorded.push({ webhook, result: await sequence.append({ type, eventSourceId, eventId, content }) });
        } catch (error) {
          if (!(error instanceof AppendRefusedError)) throw error;
          refusals.push({ webhook, type, violations: error.violations });
        }
      }),
    ),
  );
  const [misfits, duplicates] = [
    refusals.filter(({ violations }) => violations.some(({ code }) => code === 'SCHEMA_VIOLATION')),
    refusals.filter(({ violations }) => violations.every(({ code }) => code === 'CONSTRAINT_VIOLATION')),
  ];
  const events = new Map<number, RecordedEvent>();
  for await (const event of sequence.read()) events.set(event.sequenceNumber, event);
  return {
    definitions: Object.keys(definitions).length,
    types: types.length,
    registeredMs: registration.ms,
    sent: input.length,
    sentMs: sending.ms,
    recorded,
    misfits,
    duplicates,
    checks: [
      check(
        'types that are registered again are the same',
        again.filter(({ unchanged }) => !unchanged).map(({ type }) => type),
        `${types.length} of them`,
      ),
      recordedOrRefused(recorded, events, misfits, duplicates, input),
      holdersNamed(duplicates, events),
    ],
  };
}

/** Each payload is in the log as it came, or it was refused and each violation names its place. */
function recordedOrRefused(
  recorded: CheckedWebhooks['recorded'],
  events: ReadonlyMap<number, RecordedEvent>,
  misfits: readonly Refusal[],
  duplicates: readonly Refusal[],
  input: readonly Webhook[],
): Check {
  const wrong = recorded.flatMap(({ webhook, result }) => {
    const event = events.get(result.firstSequenceNumber);
    const same = event?.eventId === webhook.eventId && isDeepStrictEqual(event.content, webhook.payload);
    return same ? [] : [`${webhook.eventId} is another at number ${result.firstSequenceNumber}`];
  });
  if (events.size !== recorded.length) wrong.push(`${events.size} events for ${recorded.length} answers`);
  for (const { webhook, violations } of misfits) {
    if (!violations.every(({ field }) => field.startsWith('events[0].content'))) {
      wrong.push(`${webhook.eventId} was refused without a place`);
    }
  }
  const told = recorded.length + misfits.length + duplicates.length;
  if (told !== input.length) wrong.push(`${told} of ${input.length} were answered as they should be`);
  const seen = `${recorded.length} recorded, ${misfits.length} misfits, ${duplicates.length} duplicates`;
  return check('each payload is recorded as it came, or refused with the place', wrong, seen);
}

/** What opens a number. */
const opened = (payload: Readonly<Record<string, unknown>>): string => {
  // Webhooks about issues and pull requests have these; of others nothing is asked.
  const { issue, pull_request, repository } = payload as Readonly<Record<string, { id?: number; number?: number }>>;
  return `${repository?.id ?? ''}#${issue?.number ?? pull_request?.number ?? ''}`;
};

function holdersNamed(duplicates: readonly Refusal[], events: ReadonlyMap<number, RecordedEvent>): Check {
  const wrong = duplicates.flatMap(({ webhook, violations }) => {
    const holder = events.get(violations[0]?.sequenceNumber ?? -1);
    return holder !== undefined && opened(holder.content) === opened(webhook.payload)
      ? []
      : [`${webhook.eventId} names ${violations[0]?.sequenceNumber ?? 'nobody'}`];
  });
  if (duplicates.length === 0) wrong.push('no number was opened twice');
  return check('who opens a number again is refused, and told who has it', wrong, `${duplicates.length} of them`);
}
