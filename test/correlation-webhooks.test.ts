/**
 * Traces of what really happened: the 329 webhooks of @octokit/webhooks-examples, appended with the causes and senders
 * that the demo reads from their payloads. What each answer should be is worked out by hand, from the same payloads.
 */
import { causesOf, sendersOf, type CausedWebhook } from '../demo/causes';
import { webhooks } from '../demo/webhooks';
import type { Annals, TraceNode } from '../src/client';
import { startServices, type Services } from './support/services';
import { webhooksByHand, type ByHand } from './support/webhooks-by-hand';

/** Calls that are under way at once: the server does not get faster by more. */
const AT_ONCE = 8;

const caused = causesOf(webhooks());
const log = webhooksByHand();
const byId = new Map(log.map((event) => [event.eventId, event]));

let services: Services;
let github: Annals;

beforeAll(async () => {
  services = await startServices();
  github = await services.service('github');
  for (const { id, ...sender } of sendersOf(caused)) await github.identities.describe(id, sender);
  await Promise.all(caused.map(async (event) => github.eventLog.append(eventOf(event))));
});
afterAll(async () => services.stop());

const eventOf = ({ webhook, correlationId, causationId, sender }: CausedWebhook) => ({
  type: webhook.type,
  eventSourceId: webhook.source,
  eventId: webhook.eventId,
  content: webhook.payload,
  ...{ correlationId, causationId, causedBy: sender?.id },
});

/** A node as both sides tell it: what it is, what it hangs under, how deep. */
interface Place {
  readonly id: string;
  readonly under: string;
  readonly depth: number;
  readonly missing: boolean;
}

const placesOf = (nodes: readonly TraceNode[]): Place[] => {
  const ids = new Map(nodes.map(({ id, eventId }) => [id, eventId]));
  return nodes.map(({ eventId, parentId, depth, kind }) => ({
    id: eventId,
    under: ids.get(parentId) ?? '',
    depth,
    missing: kind === 'missing',
  }));
};

const effectsOf = (id: string): ByHand[] => log.filter(({ causationId }) => causationId === id);

/** Everything of `wanted` below an id, depth first and in the order of the log. */
function below(id: string, under: string, depth: number, wanted: (event: ByHand) => boolean): Place[] {
  const children = effectsOf(id).filter(wanted);
  return [
    { id, under, depth, missing: !byId.has(id) },
    ...children.flatMap(({ eventId }) => below(eventId, id, depth + 1, wanted)),
  ];
}

/** A correlation's trees: its roots, and the causes that are missing or belong to another one. */
function treesOf(correlationId: string): Place[] {
  const isMember = (event: ByHand): boolean => event.correlationId === correlationId;
  const members = log.filter(isMember);
  const roots = members.flatMap(({ eventId, causationId }) => {
    if (causationId === '') return [eventId];
    const cause = byId.get(causationId);
    return cause !== undefined && isMember(cause) ? [] : [causationId];
  });
  return [...new Set(roots)].flatMap((root) => below(root, '', 0, isMember));
}

/** From the event up to the root, or to what is missing. */
function upFrom(eventId: string): Place[] {
  const chain = [eventId];
  for (let at = byId.get(eventId); at !== undefined && at.causationId !== ''; at = byId.get(at.causationId)) {
    chain.push(at.causationId);
  }
  return chain.map((id, i) => ({
    id,
    under: chain[i + 1] ?? '',
    depth: chain.length - 1 - i,
    missing: !byId.has(id),
  }));
}

/** The same nodes under the same ones, whichever root comes first. */
const sorted = (places: readonly Place[]): Place[] => places.toSorted((a, b) => (a.id < b.id ? -1 : 1));

/** Under each of them, in which order the next ones come. */
function siblings(places: readonly Place[]): Record<string, string[]> {
  const under: Record<string, string[]> = {};
  for (const place of places) if (place.under !== '') (under[place.under] ??= []).push(place.id);
  return under;
}

async function forEach<Of>(all: readonly Of[], work: (one: Of) => Promise<void>): Promise<void> {
  const left = all.values();
  const worker = async (): Promise<void> => {
    for (const one of left) await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const correlationIds = [...new Set(log.map(({ correlationId }) => correlationId))];

it('both ways of reading the payloads say the same', () => {
  expect(
    caused.map(({ webhook: { eventId }, correlationId, causationId = '' }) => ({
      eventId,
      correlationId,
      causationId,
    })),
  ).toEqual(log);
});

it('the trace of every correlation is its events under what caused them, with what is missing and what lies outside', async () => {
  const traced = new Set<string>();
  await forEach(correlationIds, async (correlationId) => {
    const { nodes, gaps } = await github.correlation.trace({ correlationId }).all();
    const places = placesOf(nodes);
    const expected = treesOf(correlationId);
    expect(sorted(places)).toEqual(sorted(expected));
    expect(siblings(places)).toEqual(siblings(expected));
    expect(gaps).toEqual([]);
    for (const node of nodes) if (node.correlationId === correlationId) traced.add(node.eventId);
  });
  expect(traced.size).toBe(log.length);
});

it('a trace in small pages has every event of the correlation once', async () => {
  const correlationId = 'Codertocat/Hello-World#2';
  const { nodes } = await github.correlation.trace({ correlationId, pageSize: 7 }).all();
  const members = nodes.filter((node) => node.correlationId === correlationId).map(({ eventId }) => eventId);
  expect(members.toSorted()).toEqual(
    log
      .filter((event) => event.correlationId === correlationId)
      .map(({ eventId }) => eventId)
      .toSorted(),
  );
});

it('the causes of a webhook go up to where it began, or to what nobody has heard of', async () => {
  // Of those that follow from the same one, and of which nothing came, one is asked about.
  const lowest = new Map(
    log.flatMap((event) => (effectsOf(event.eventId).length > 0 ? [] : [[event.causationId, event]])),
  );
  await forEach([...lowest.values()], async ({ eventId }) => {
    const { nodes } = await github.correlation.causes(eventId).all();
    expect(placesOf(nodes)).toEqual(upFrom(eventId));
  });
});

it('the effects of a webhook are all that came of it, through other correlations too', async () => {
  const causes = log.filter(({ eventId }) => effectsOf(eventId).length > 0);
  await forEach(causes, async ({ eventId }) => {
    const { nodes } = await github.correlation.effects(eventId).all();
    expect(placesOf(nodes)).toEqual(below(eventId, '', 0, () => true));
  });
});

it('what came of a webhook that is not there is told all the same', async () => {
  const missing = [...new Set(log.map(({ causationId }) => causationId))].filter((id) => id !== '' && !byId.has(id));
  expect(missing).toContain('check_suite 118578147');
  await forEach(missing, async (id) => {
    const { nodes } = await github.correlation.effects(id).all();
    expect(placesOf(nodes)).toEqual(below(id, '', 0, () => true));
  });
});

it('senders are persons or systems, under the name they had last, with the ones before', async () => {
  const { nodes } = await github.correlation.trace({ correlationId: 'Codertocat/Hello-World#2' }).all();
  const bots = nodes.filter(({ causedBy }) => causedBy?.kind === 'system').map(({ causedBy }) => causedBy?.name);
  expect(new Set(bots)).toEqual(new Set(['octocoders-linter[bot]']));
  // An example of GitHub's gives Codertocat's number to octocat.
  expect(await github.identities.get('github/21031067')).toMatchObject({
    ...{ kind: 'person', name: 'Codertocat' },
    former: [{ name: 'Codertocat' }, { name: 'octocat' }],
  });
  expect(await github.identities.get('github/29139614')).toMatchObject({ kind: 'system', name: 'renovate[bot]' });
});
