/** The service `Stores`: translation between the wire and the catalogue. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { StoresEnsureRequest__Output } from '../contract/generated/annals/v1/StoresEnsureRequest';
import type { StoresEnsureResponse } from '../contract/generated/annals/v1/StoresEnsureResponse';
import type { StoresConfigureRequest__Output } from '../contract/generated/annals/v1/StoresConfigureRequest';
import type { StoresConfigureResponse } from '../contract/generated/annals/v1/StoresConfigureResponse';
import type { StoresListResponse } from '../contract/generated/annals/v1/StoresListResponse';
import type { ConstraintRegistry } from '../constraints/registry';
import type { EventTypeRegistry } from '../event-types/registry';
import { DEFAULT_NAMESPACE, DEFAULT_STORE } from '../kernel/names';
import { ensureStore } from '../sequences/administration';
import type { Sequences } from '../sequences/sequences';
import type { Catalogue, StoreEntry } from '../storage/catalogue';
import { unary } from './calls';
import { decoding } from './decode-request';

export interface StoresDependencies {
  readonly catalogue: Catalogue;
  readonly sequences: Sequences;
  readonly types: EventTypeRegistry;
  readonly constraints: ConstraintRegistry;
}

export function stores(
  { catalogue, sequences, types, constraints }: StoresDependencies,
  logger: Logger,
): UntypedServiceImplementation {
  const storeMessage = async ({ name, namespaces }: StoreEntry) => {
    const { strict } = await types.settings(name);
    return { name, namespaces: [...namespaces], strict };
  };
  const ensure = async ({ store, namespaces }: StoresEnsureRequest__Output): Promise<StoresEnsureResponse> => {
    const { entry, created } = await ensureStore(catalogue, sequences, store, namespaces);
    // Also of those that were there: who made them may not have come so far.
    await constraints.activateMissing(store, [...new Set([DEFAULT_NAMESPACE, ...namespaces])]);
    return { store: await storeMessage(entry), created };
  };
  const list = async (): Promise<StoresListResponse> => ({
    stores: await Promise.all((await catalogue.list()).map(storeMessage)),
  });
  const configure = async (request: StoresConfigureRequest__Output): Promise<StoresConfigureResponse> => {
    const store = request.store || DEFAULT_STORE;
    await types.configure(store, { strict: request.strict });
    return { store: await storeMessage(await catalogue.entry(store)) };
  };
  return {
    Ensure: unary(logger, decoding('Stores', 'Ensure', ensure)),
    List: unary(logger, decoding('Stores', 'List', list)),
    Configure: unary(logger, decoding('Stores', 'Configure', configure)),
  };
}
