/** What is said of a node of a trace, whether it is drawn, or an element of a graph: pure. Texts of others are safe to show. */
import type { IdentityInfo, ObserverFailure, SequencePart, Sighting, TraceGap, TraceNode } from '../../client';
import { clip, plural, printable } from '../terminal';

/** Signs of a type, a source, an id or a name shown at most: 36 are a UUID. */
const WORD_SIGNS = 48;
/** Signs of what somebody wrote in a sentence: a failure's message, a reason. */
const SENTENCE_SIGNS = 160;

const word = (text: string): string => clip(printable(text), WORD_SIGNS);
const sentence = (text: string): string => clip(printable(text), SENTENCE_SIGNS);

/** What the node is: an event's type, a missing one's id, an ordered sequence's name, a step's number. */
export function titleOf({ kind, type, eventId, id, part }: TraceNode): string {
  switch (kind) {
    case 'missing':
      return `missing ${word(eventId || id)}`;
    case 'ordered-sequence':
      return `ordered sequence ${word(part?.name || part?.sequenceId || id)}`;
    case 'step':
      return `${part?.compensating === true ? 'compensation in' : `step ${part?.order ?? 0} of`} ${word(part?.name || part?.sequenceId || id)}`;
    case 'event':
    case 'unspecified':
      return word(type);
  }
}

/** What it is about: the event source, or which sequence it is. */
export function subjectOf({ kind, eventSourceId, eventId, part }: TraceNode): string {
  if (kind === 'ordered-sequence') return part === undefined || part.name === '' ? '' : word(part.sequenceId);
  return kind === 'step' ? word(eventId) : word(eventSourceId);
}

const serviceOf = ({ store, namespace, address }: Sighting): string =>
  `${printable(store)}/${printable(namespace)}${address === '' ? '' : `@${word(address)}`}`;

/** How many services the nodes were seen at. A deployment is one, by whichever address it was asked. */
export function servicesOf(nodes: readonly TraceNode[]): number {
  const keys = nodes.flatMap(({ sightings }) =>
    sightings.map(({ store, namespace, deployment, address }) => `${store}/${namespace}@${deployment || address}`),
  );
  return new Set(keys).size;
}

/**
 * Where it is recorded, from where it was appended to where it was relayed: `shop/default outbox 4 → mail/default inbox 9`.
 * @param several services are in the trace, so that each sighting says which it is.
 */
export function whereOf({ sightings }: TraceNode, several: boolean): string {
  const inOrder = [...sightings.filter(({ link }) => link === ''), ...sightings.filter(({ link }) => link !== '')];
  const places = inOrder.map((sighting) => placeOf(sighting, several));
  return places.filter((place) => place !== '').join(' → ');
}

/** An ordered sequence is in a service, and in no event sequence. */
function placeOf(sighting: Sighting, several: boolean): string {
  const { sequence, sequenceNumber } = sighting;
  const words = [
    ...(several ? [serviceOf(sighting)] : []),
    ...(sequence === '' ? [] : [printable(sequence), String(sequenceNumber)]),
  ];
  return words.join(' ');
}

/** `by Ann Ash (u-17) for shop`; an id alone where nobody described it. */
export function whoOf({ causedBy }: TraceNode): string {
  if (causedBy === undefined) return '';
  const { id, name, onBehalfOf }: IdentityInfo = causedBy;
  const who = name === '' ? word(id) : `${word(name)} (${word(id)})`;
  const state = causedBy.erased === undefined ? '' : ', erased';
  return `by ${who}${state}${onBehalfOf === '' ? '' : ` for ${word(onBehalfOf)}`}`;
}

/** What is to be known of it, a few words each. `bad`: a person may have to act. */
export interface Remark {
  readonly text: string;
  readonly bad: boolean;
}

export function remarksOf(node: TraceNode): Remark[] {
  const { announcement, redacted, compensations, circular, cut, part, parts } = node;
  const remarks: (Remark | false)[] = [
    announcement !== undefined &&
      said(`${announcement.kind} of ${announcement.sequenceNumber}: ${sentence(announcement.reason)}`),
    redacted && said('redacted'),
    compensations > 0 && said(compensations === 1 ? 'compensated' : `compensated ${compensations} times`),
    part !== undefined && !part.compensating && statusOf(part),
    ...parts.map(partOf),
    circular && { text: 'caused by what it caused', bad: true },
    cut && said('more came of it'),
  ];
  return remarks.filter((remark): remark is Remark => remark !== false && remark.text !== '');
}

const said = (text: string): Remark => ({ text, bad: false });

/** Words of a status or a phase for what ended badly, or waits for a person. */
const BAD: ReadonlySet<string> = new Set(['failed', 'needs-person']);

/** A step has a status of its own; the phase is that of its sequence. */
function statusOf({ status, phase, order }: SequencePart): Remark {
  const words = order === 0 && phase !== status ? [status, phase] : [status];
  return {
    text: words
      .filter((text) => text !== '')
      .map(word)
      .join(', '),
    bad: words.some((text) => BAD.has(text)),
  };
}

function partOf(part: SequencePart): Remark {
  const name = word(part.name || part.sequenceId);
  if (part.compensating) return said(`compensates in ${name}`);
  const what = part.order === 0 ? name : `step ${part.order} of ${name}`;
  const { text, bad } = statusOf(part);
  return { text: text === '' ? what : `${what}: ${text}`, bad };
}

/** `mailer failed 3 times, quarantined: no such address`. */
export const failureOf = ({ observer, attempts, message, quarantined }: ObserverFailure): string =>
  `${word(observer)} failed ${plural(attempts, 'time')}${quarantined ? ', quarantined' : ''}: ${sentence(message)}`;

export const gapOf = ({ where, reason }: TraceGap): string =>
  `could not look at ${sentence(where)}: ${sentence(reason)}`;
