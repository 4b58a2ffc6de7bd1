/** The store whose namespaces have ordered sequences: one for each measure, so that each has a log of its own. */
import { forgetStores } from './forget-stores';

export const SAGAS = 'bench-sagas';

export const forgetSagaStore = async (mongodbUrl: string): Promise<void> => forgetStores(mongodbUrl, [SAGAS]);
