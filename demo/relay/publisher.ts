/**
 * The observer of the first service that decides what is public. It may handle a webhook any number of
 * times, since servers are killed and it is replayed: what it appends has an id of its webhook's making.
 */
import type { Annals, Observation } from '../../src/client';
import { publicEvent } from './public-events';

export const PUBLISHER = 'publisher';

export class Publisher {
  /** Events that are in the outbox, as far as it knows. */
  told = 0;
  /** How often a webhook came that had been told already. */
  again = 0;
  readonly observation: Observation;

  /** @param inHand is called with `told` while the last one told is in the outbox and its webhook not acknowledged. */
  constructor(annals: Annals, inHand: (told: number) => Promise<void>) {
    this.observation = annals.observe(PUBLISHER, {
      handle: async (webhook) => {
        const event = publicEvent(webhook);
        if (event === undefined) return;
        const { duplicate } = await annals.outbox.append(event);
        if (duplicate) this.again++;
        else this.told++;
        await inHand(this.told);
      },
    });
  }
}
