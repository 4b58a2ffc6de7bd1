/** Where the relay is measured: an outbox at one deployment, and inboxes in namespaces of the one that all measures work with. */
import { connect, type AddLinkOptions, type Annals } from '../src/client';
import { namespaceDatabase } from '../src/storage/names';
import { storedDocuments } from './documents';
import type { Deployment } from './elsewhere';
import type { FloorCollection } from './floor';
import type { Context } from './measure';
import { FROM, TO } from './relay-names';
import { processes, type Processes } from './processes';

/** Documents of one insert while an outbox is made. */
const FILL_DOCUMENTS = 2_000;

/** Both ends of links, for one measure. */
export interface Ends {
  /** Of the source and of the target, which may be one. */
  readonly from: Deployment;
  readonly to: Deployment;
  /** All processes that have a part in it. */
  readonly processes: Processes;
}

/** Within the server of all measures. */
export function within({ server, floor, mongodPid, processes: all }: Context): Ends {
  const deployment = { server, floor, mongodPid };
  return { from: deployment, to: deployment, processes: all };
}

/** From another deployment to the one of all measures: its server runs the link, and is the one that is profiled. */
export async function between({ server, floor, mongodPid, elsewhere }: Context): Promise<Ends> {
  const from = await elsewhere.deployment();
  return {
    ...{ from, to: { server, floor, mongodPid } },
    processes: processes([server.pid, from.server.pid], [mongodPid, from.mongodPid]),
  };
}

/** A client of the source's namespace. */
export const source = async ({ from }: Ends, namespace: string): Promise<Annals> => client(from, FROM, namespace);

/** A client of the target's namespace. */
export const target = async ({ to }: Ends, namespace: string): Promise<Annals> => client(to, TO, namespace);

async function client({ server }: Deployment, store: string, namespace: string): Promise<Annals> {
  const annals = connect(`annals://${server.address}/${store}?namespace=${namespace}`);
  await annals.stores.ensure(store, { namespaces: [namespace] });
  return annals;
}

/** How a link names the source's namespace. */
export const linkSource = ({ from, to }: Ends, namespace: string): AddLinkOptions['source'] =>
  from === to
    ? { store: FROM, namespace }
    : { connection: `annals://${from.server.address}/${FROM}?namespace=${namespace}` };

/** An outbox that the raw driver writes, before the server has looked at it. Its namespace must be there. */
export async function filledOutbox({ from }: Ends, namespace: string, events: number): Promise<FloorCollection> {
  const collection = await from.floor.collection('outbox', namespaceDatabase(FROM, namespace));
  for (let at = 0; at < events; at += FILL_DOCUMENTS) {
    await collection.insert(storedDocuments(at, Math.min(FILL_DOCUMENTS, events - at)));
  }
  return collection;
}

/** An empty collection with the indexes of an inbox, for the raw driver. */
export const rawInbox = async ({ to }: Ends): Promise<FloorCollection> => to.floor.collection('inbox');
