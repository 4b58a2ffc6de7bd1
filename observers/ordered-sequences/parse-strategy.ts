/** What documents and definitions have in common: how steps are worked, where it comes from, what follows a failure. */
import { LIMITS } from '../../src/kernel/limits';
import { checkName, SYSTEM_SEQUENCE } from '../../src/kernel/names';
import { AnnalsError } from '../../src/kernel/annals-error';
import { RETRY_DEFAULTS } from '../rollback/retry-policy';
import {
  DONE_WHEN,
  ON_EXHAUSTED,
  SOURCE_TYPES,
  STRATEGIES,
  type CompensatingEvent,
  type RollbackStrategy,
  type SequenceMetadata,
  type StepProcessing,
} from '../../src/contract/sequence-document';
import { checkText, shown, type Fields, type TextRule } from './shape';

/** The log of ordered sequences itself, and the audit: nobody else writes there. */
const RESERVED_SEQUENCES: readonly string[] = ['ordered-sequences', SYSTEM_SEQUENCE];
/** Types that begin so are the server's own. */
const RESERVED_TYPE = '$';
/** The largest order: the wire and the projections have 32 bits for it. */
const HIGHEST_ORDER = 2_147_483_647;
/** Seconds: less is no time for anything. */
const SHORTEST_TIMEOUT = 0.001;

/** Numbers and names of https://semver.org, version 2: no leading zeros but in what is no number. */
const NUMBER = '(?:0|[1-9]\\d*)';
const IDENTIFIER = '[0-9A-Za-z-]+';
const SEMVER = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(-${IDENTIFIER}(?:\\.${IDENTIFIER})*)?(\\+${IDENTIFIER}(?:\\.${IDENTIFIER})*)?$`,
);
const LEADING_ZERO = /[-.]0\d+(?=\.|$)/;

export const DEFAULT_VERSION = '1.0.0';
export const NAME: TextRule = { most: LIMITS.sequenceNameLength };
export const DESCRIPTION: TextRule = { most: LIMITS.descriptionLength, least: 0, anyCharacter: true };
const EVENT_TYPE: TextRule = { most: LIMITS.eventTypeLength };

export function version(fields: Fields): string {
  const text = fields.text('version', { most: LIMITS.sequenceVersionLength }, DEFAULT_VERSION);
  const [, before = ''] = SEMVER.exec(text) ?? [];
  const fits = text.length > LIMITS.sequenceVersionLength || (SEMVER.test(text) && !LEADING_ZERO.test(before));
  if (!fits && text !== '') fields.shape.fault(fields.at('version'), `is ${shown(text)}, not semver such as 1.4.0`);
  return text;
}

export function eventType(fields: Fields, name: string): string {
  const type = fields.text(name, EVENT_TYPE);
  if (type.startsWith(RESERVED_TYPE)) {
    fields.shape.fault(fields.at(name), `is ${shown(type)}; types that begin with $ are the server’s own`);
  }
  return type;
}

export const order = (fields: Fields, name = 'order'): number => fields.number(name, { least: 1, most: HIGHEST_ORDER });

/** The name of an event sequence. */
export function eventSequence(fields: Fields, name: string): string {
  const value = fields.text(name, { most: LIMITS.nameLength });
  if (RESERVED_SEQUENCES.includes(value)) {
    fields.shape.fault(fields.at(name), `is ${shown(value)}, which the server alone writes`);
  } else if (value !== '' && value.length <= LIMITS.nameLength) {
    try {
      checkName(value, fields.at(name));
    } catch (error) {
      if (!(error instanceof AnnalsError)) throw error;
      fields.shape.fault(fields.at(name), 'is no name: lower-case letters, digits and hyphens');
    }
  }
  return value;
}

export function source(fields: Fields): SequenceMetadata['source'] {
  const given = fields.object('source', ['type', 'id', 'name']);
  const rule: TextRule = { most: LIMITS.sequenceNameLength, least: 0 };
  return {
    type: given.oneOf('type', SOURCE_TYPES, 'external'),
    id: given.text('id', rule, ''),
    name: given.text('name', rule, ''),
  };
}

export function tags(fields: Fields): Readonly<Record<string, string>> {
  const { shape } = fields;
  const given = fields.has('tags') ? fields.raw('tags') : {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    shape.fault(fields.at('tags'), `is ${shown(given)}, not an object`);
    return {};
  }
  const entries = Object.entries(given);
  if (entries.length > LIMITS.sequenceTags) {
    shape.faults.push({
      field: fields.at('tags'),
      problem: `has ${entries.length} tags; the limit is ${LIMITS.sequenceTags}`,
      limit: LIMITS.sequenceTags,
      actual: entries.length,
    });
    return {};
  }
  const names = entries.map(([name]) => name);
  const read = fields.object('tags', names);
  for (const name of names) checkText(shape, read.at(name), name, { most: LIMITS.tagLength });
  // Own properties are made, whatever they are called.
  return Object.fromEntries(names.map((name) => [name, read.text(name, { most: LIMITS.tagLength, least: 0 })]));
}

const PROCESSING = ['done_when', 'observer', 'followed_by', 'timeout', 'max_retries'] as const;

export function processing(fields: Fields): StepProcessing {
  const given = fields.object('processing', PROCESSING);
  const read: StepProcessing = {
    ...given.optional('done_when', (name) => given.oneOf(name, DONE_WHEN)),
    ...given.optional('observer', (name) => given.text(name, { most: LIMITS.metadataIdLength })),
    ...given.optional('followed_by', (name) => eventType(given, name)),
    ...given.optional('timeout', (name) =>
      given.number(name, { least: SHORTEST_TIMEOUT, most: LIMITS.stepTimeoutSeconds, fractions: true }),
    ),
    ...given.optional('max_retries', (name) => given.number(name, { least: 0, most: LIMITS.maxRetries })),
  };
  belongsTo(given, 'observer', 'observed', read.done_when);
  belongsTo(given, 'followed_by', 'followed', read.done_when);
  return read;
}

function belongsTo(fields: Fields, name: string, owner: string, doneWhen: string | undefined): void {
  if (fields.has(name) === (doneWhen === owner)) return;
  const problem = fields.has(name) ? `is of done_when ${owner} alone` : `is missing; done_when ${owner} needs it`;
  fields.shape.fault(fields.at(name), problem);
}

const RETRIES = ['initial_interval', 'coefficient', 'maximum_interval', 'jitter'] as const;
const STRATEGY = ['type', 'max_retries', 'compensating_events', ...RETRIES, 'on_exhausted'];

/** @param orders that the steps have. */
export function rollbackStrategy(fields: Fields, orders: ReadonlySet<number>): RollbackStrategy {
  const given = fields.object('rollback_strategy', STRATEGY);
  const interval = { least: 0, most: LIMITS.retryIntervalSeconds, fractions: true };
  const read: RollbackStrategy = {
    type: given.oneOf('type', STRATEGIES, 'manual'),
    max_retries: given.number('max_retries', { least: 0, most: LIMITS.maxRetries }, 0),
    compensating_events: given.list(
      'compensating_events',
      LIMITS.compensatingEvents,
      'compensating events',
      (value, place) => compensatingEvent(given.shape.fields(value, place, COMPENSATING), orders),
    ),
    ...given.optional('initial_interval', (name) => given.number(name, interval)),
    ...given.optional('coefficient', (name) =>
      given.number(name, { least: 1, most: LIMITS.retryCoefficient, fractions: true }),
    ),
    ...given.optional('maximum_interval', (name) => given.number(name, interval)),
    ...given.optional('jitter', (name) => given.number(name, { least: 0, most: 1, fractions: true })),
    ...given.optional('on_exhausted', (name) => given.oneOf(name, ON_EXHAUSTED)),
  };
  const { initial_interval: first, maximum_interval: longest } = { ...RETRY_DEFAULTS, ...read };
  if (first > longest) {
    const at = given.at(given.has('initial_interval') ? 'initial_interval' : 'maximum_interval');
    given.shape.fault(at, `makes the first wait (${first} s) longer than the longest one (${longest} s)`);
  }
  if (given.has('on_exhausted') && read.type !== 'retry') {
    given.shape.fault(given.at('on_exhausted'), 'is of the strategy retry alone');
  }
  return read;
}

const COMPENSATING = ['eventId', 'payload_template', 'compensates', 'event_source_id', 'event_sequence'] as const;

function compensatingEvent(fields: Fields, orders: ReadonlySet<number>): CompensatingEvent {
  const read: CompensatingEvent = {
    eventId: eventType(fields, 'eventId'),
    payload_template: fields.json('payload_template'),
    ...fields.optional('compensates', (name) => order(fields, name)),
    // A template may be longer than what becomes of it; `checkTemplates` looks at it.
    ...fields.optional('event_source_id', (name) =>
      fields.text(name, { most: LIMITS.templateBytes, anyCharacter: true }),
    ),
    ...fields.optional('event_sequence', (name) => eventSequence(fields, name)),
  };
  if (read.compensates !== undefined && !orders.has(read.compensates)) {
    fields.shape.fault(fields.at('compensates'), `is ${read.compensates}, and no step has this order`);
  }
  return read;
}
