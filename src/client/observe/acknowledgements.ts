import { encodeAcknowledgements, type AcknowledgementMessage } from '../../contract/observe-codec';

/**
 * Bytes of one message of acknowledgements, about: far below what a server takes in, so that
 * thousands of failures with their stacks in one turn don't end the stream.
 */
const MESSAGE_BYTES = 1024 * 1024;

/** Bytes of an acknowledgement on the wire beside its texts, at most: tags, lengths and two numbers. */
const PLAIN_BYTES = 40;

/** Bytes of UTF-8 for one UTF-16 code unit, at most. */
const BYTES_PER_UNIT = 3;

/**
 * Acknowledgements of one stream: what comes in one turn of the event loop goes in one message, as
 * far as it fits, and of several for one delivery only the last is sent, since each says how far it
 * got in all.
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
    const gathered = [...this.#gathered.values()];
    this.#gathered.clear();
    for (const fitting of messagesOf(gathered)) this.#blocked = !this.write(encodeAcknowledgements(fitting));
  }

  /** The stream takes nothing any more. */
  end(): void {
    this.#over = true;
  }
}

/** In order, as few messages as their bound allows. */
function messagesOf(acknowledgements: readonly AcknowledgementMessage[]): AcknowledgementMessage[][] {
  const messages: AcknowledgementMessage[][] = [];
  let message: AcknowledgementMessage[] = [];
  let bytes = 0;
  for (const acknowledgement of acknowledgements) {
    const size = bytesAtMost(acknowledgement);
    if (message.length > 0 && bytes + size > MESSAGE_BYTES) {
      messages.push(message);
      message = [];
      bytes = 0;
    }
    message.push(acknowledgement);
    bytes += size;
  }
  messages.push(message);
  return messages;
}

const bytesAtMost = ({ failure }: AcknowledgementMessage): number =>
  PLAIN_BYTES + (failure === undefined ? 0 : BYTES_PER_UNIT * (failure.message.length + failure.stack.length));
