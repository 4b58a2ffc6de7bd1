/**
 * The chapter about what caused what, without a word of output: who the senders are, one operation as a tree, and
 * how a single event came about. The causes went into the log with the webhooks.
 */
import type { Annals, TraceGap, TraceNode } from '../src/client';
import { sendersOf, type CausedWebhook } from './causes';
import { check, type Check } from './checks';
import { timed } from './measures';

/** A commit that was checked and deployed, but whose push is not among the payloads: small enough to be drawn whole. */
const DRAWN = 'Codertocat/Hello-World@f95f852bd8fc';

/** Everything about one pull request: the operation with the most events. */
const LARGEST = 'Codertocat/Hello-World#2';

/** Somebody edited a comment of a review of a pull request. */
const EDITED = 'github/pull_request_review_comment/4';

export interface Traced {
  readonly correlationId: string;
  readonly nodes: readonly TraceNode[];
  readonly gaps: readonly TraceGap[];
  readonly ms: number;
}

export interface TraceStory {
  readonly senders: { readonly persons: number; readonly systems: number };
  readonly drawn: Traced;
  readonly largest: Traced;
  /** From the root down, as it is drawn. */
  readonly causes: readonly TraceNode[];
  readonly checks: readonly Check[];
}

export async function tellTraceStory(annals: Annals, caused: readonly CausedWebhook[]): Promise<TraceStory> {
  const senders = sendersOf(caused);
  // One after the other: some are told again under another name.
  for (const { id, kind, name } of senders) await annals.identities.describe(id, { kind, name });
  const drawn = await traced(annals, DRAWN);
  const largest = await traced(annals, LARGEST);
  const { nodes } = await annals.correlation.causes(EDITED).all();
  const kinds = new Map(senders.map(({ id, kind }) => [id, kind]));
  const systems = [...kinds.values()].filter((kind) => kind === 'system').length;
  return {
    senders: { persons: kinds.size - systems, systems },
    drawn,
    largest,
    causes: nodes.toReversed(),
    checks: [asThePayloadsSay([drawn, largest], caused), upToTheRoot(nodes, caused), bySenders(largest, caused)],
  };
}

async function traced(annals: Annals, correlationId: string): Promise<Traced> {
  const { ms, outcome } = await timed(() => annals.correlation.trace({ correlationId }).all());
  return { correlationId, ...outcome, ms };
}

/** Each webhook of an operation is in its trace once, under the one that it follows from, there or not. */
function asThePayloadsSay(traces: readonly Traced[], caused: readonly CausedWebhook[]): Check {
  const wrong = traces.flatMap(({ correlationId, nodes, gaps }) => {
    const ids = new Map(nodes.map(({ id, eventId }) => [id, eventId]));
    const members = nodes.filter((node) => node.correlationId === correlationId);
    const under = new Map(members.map(({ eventId, parentId }) => [eventId, ids.get(parentId)]));
    const expected = caused.filter((webhook) => webhook.correlationId === correlationId);
    return [
      ...expected
        .filter(({ webhook: { eventId }, causationId }) => !under.has(eventId) || under.get(eventId) !== causationId)
        .map(({ webhook: { eventId } }) => eventId),
      ...(members.length === expected.length ? [] : [`${correlationId} has ${members.length} events`]),
      ...gaps.map(({ where }) => `it could not look at ${where}`),
    ];
  });
  const events = traces.map(({ nodes }) => nodes.length).reduce((sum, n) => sum + n, 0);
  return check('a trace has every webhook under the one that it follows from', wrong, `${events} nodes`);
}

/** @param nodes the event first. */
function upToTheRoot(nodes: readonly TraceNode[], caused: readonly CausedWebhook[]): Check {
  const above = new Map(caused.map(({ webhook: { eventId }, causationId }) => [eventId, causationId]));
  const chain: string[] = [];
  for (let at: string | undefined = EDITED; at !== undefined; at = above.get(at)) chain.push(at);
  const wrong = chain.filter((eventId, i) => nodes[i]?.eventId !== eventId);
  if (nodes.length !== chain.length) wrong.push(`${nodes.length} causes`);
  const types = nodes.map(({ type }) => type).toReversed();
  return check('what led to an event is told up to the root', wrong, [...new Set(types)].join(' → '));
}

function bySenders({ nodes }: Traced, caused: readonly CausedWebhook[]): Check {
  const names = new Map(sendersOf(caused).map(({ id, name, kind }) => [id, `${kind} ${name}`]));
  const senders = new Map(caused.map(({ webhook, sender }) => [webhook.eventId, sender?.id]));
  const wrong = nodes.flatMap(({ eventId, kind, causedBy }) => {
    const id = senders.get(eventId);
    const name = id === undefined ? undefined : names.get(id);
    const same = causedBy?.id === id && (causedBy === undefined || `${causedBy.kind} ${causedBy.name}` === name);
    return kind === 'missing' || same ? [] : [eventId];
  });
  const seen = new Set(nodes.flatMap(({ causedBy }) => causedBy?.name ?? []));
  return check('who caused an event is told by name', wrong, [...seen].join(', '));
}

/** For programs. */
export const traceFacts = ({ senders, drawn, largest, causes }: TraceStory) => ({
  senders,
  traces: [drawn, largest].map(({ correlationId, nodes, ms }) => ({
    correlationId,
    events: nodes.filter(({ kind }) => kind === 'event').length,
    missing: nodes.filter(({ kind }) => kind === 'missing').map(({ eventId }) => eventId),
    ms,
  })),
  causes: causes.map(({ eventId }) => eventId),
});
