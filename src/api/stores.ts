/** The service `Stores`: translation between the wire and the catalogue. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { StoresEnsureRequest__Output } from '../contract/generated/annals/v1/StoresEnsureRequest';
import type { StoresEnsureResponse } from '../contract/generated/annals/v1/StoresEnsureResponse';
import type { StoresListResponse } from '../contract/generated/annals/v1/StoresListResponse';
import { ensureStore } from '../sequences/administration';
import type { Sequences } from '../sequences/sequences';
import type { Catalogue, StoreEntry } from '../storage/catalogue';
import { unary } from './calls';
import { decoding } from './decode-request';

const storeMessage = ({ name, namespaces }: StoreEntry) => ({ name, namespaces: [...namespaces] });

export function stores(catalogue: Catalogue, sequences: Sequences, logger: Logger): UntypedServiceImplementation {
  const ensure = async ({ store, namespaces }: StoresEnsureRequest__Output): Promise<StoresEnsureResponse> => {
    const { entry, created } = await ensureStore(catalogue, sequences, store, namespaces);
    return { store: storeMessage(entry), created };
  };
  const list = async (): Promise<StoresListResponse> => ({ stores: (await catalogue.list()).map(storeMessage) });
  return {
    Ensure: unary(logger, decoding('Stores', 'Ensure', ensure)),
    List: unary(logger, decoding('Stores', 'List', list)),
  };
}
