/** The stores between which the relay is measured. */
import { forgetStores } from './forget-stores';

/** The store that has something to tell, and the one that is told. */
export const FROM = 'bench-from';
export const TO = 'bench-to';

export const forgetRelayStores = async (mongodbUrl: string): Promise<void> => forgetStores(mongodbUrl, [FROM, TO]);
