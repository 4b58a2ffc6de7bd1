/** The store whose causes are projected and traced. */
import { forgetStores } from './forget-stores';

export const CAUSES = 'bench-causes';

export const forgetCausesStore = async (mongodbUrl: string): Promise<void> => forgetStores(mongodbUrl, [CAUSES]);
