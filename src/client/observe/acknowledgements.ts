import { encodeAcknowledgements, type AcknowledgementMessage } from '../../contract/observe-codec';

/**
 * Acknowledgements of one stream: what comes in one turn of the event loop goes in one message, and
 * of several for one delivery only the last is sent, since each says how far it got in all.
 */
export class Acknowledgements {
  readonly #gathered = new Map<number, AcknowledgementMessage>();
  #scheduled = false;
  #blocked = false;
  #over = false;

  /** @param write as a stream's: false when it wants no more until it drains. */
  constructor(private readonly write: (message: Buffer) => boolean) {}

  readonly add = (acknowledgement: AcknowledgementMessage): void => {
    if (this.#over) return;
    this.#gathered.set(acknowledgement.deliveryId, acknowledgement);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#blocked) this.flush();
    });
  };

  /** The stream takes more. */
  drained(): void {
    this.#blocked = false;
    this.flush();
  }

  flush(): void {
    if (this.#over || this.#gathered.size === 0) return;
    const message = encodeAcknowledgements([...this.#gathered.values()]);
    this.#gathered.clear();
    this.#blocked = !this.write(message);
  }

  /** The stream takes nothing any more. */
  end(): void {
    this.#over = true;
  }
}
