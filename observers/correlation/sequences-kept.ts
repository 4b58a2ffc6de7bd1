/** The ordered sequences of a trace, from where they are kept. */
import type { MongoClient } from 'mongodb';
import { namespaceDatabase } from '../../src/storage/names';
import {
  sequencesCausedBy,
  sequencesOfCorrelation,
  sequencesOfEvents,
} from '../../src/storage/ordered-sequences/in-traces';
import type { NamespaceAddress } from './ownership';
import type { SequencesOfTrace } from './traced-sequences';
import { CORRELATION } from './tuning';

export function sequencesKept(client: MongoClient): SequencesOfTrace {
  const database = ({ store, namespace }: NamespaceAddress) => client.db(namespaceDatabase(store, namespace));
  return {
    byCorrelation: async (address, id) => sequencesOfCorrelation(database(address), id, CORRELATION.sequences),
    byEvents: async (address, eventIds) => sequencesOfEvents(database(address), eventIds, CORRELATION.sequences),
    causedBy: async (address, eventIds) => sequencesCausedBy(database(address), eventIds, CORRELATION.sequences),
  };
}
