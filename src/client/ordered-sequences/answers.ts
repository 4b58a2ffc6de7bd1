import type { StepAnswer } from '../../contract/generated/annals/v1/StepAnswer';
import { messageCodec } from '../../contract/services';

/** Bytes of one message of answers, about: far below what a server takes in. */
const MESSAGE_BYTES = 1024 * 1024;

/** Bytes of an answer beside its output and texts, at most. */
const PLAIN_BYTES = 40;

const codec = messageCodec('ProcessRequest');

/** Answers of one stream: what comes in one turn of the event loop goes in one message, as far as it fits. */
export class Answers {
  #gathered: StepAnswer[] = [];
  #scheduled = false;
  #blocked = false;
  #over = false;

  /** @param write as a stream's: false when it wants no more until it drains. */
  constructor(private readonly write: (message: Buffer) => boolean) {}

  readonly add = (answer: StepAnswer): void => {
    if (this.#over) return;
    this.#gathered.push(answer);
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
    if (this.#over) return;
    let fitting: StepAnswer[] = [];
    let bytes = 0;
    const send = () => {
      if (fitting.length > 0) this.#blocked = !this.write(codec.encode({ answers: { answers: fitting } }));
      fitting = [];
      bytes = 0;
    };
    for (const answer of this.#gathered) {
      const size = bytesOf(answer);
      if (bytes + size > MESSAGE_BYTES) send();
      fitting.push(answer);
      bytes += size;
    }
    this.#gathered = [];
    send();
  }

  /** The stream takes nothing any more. */
  end(): void {
    this.#over = true;
  }
}

const bytesOf = ({ processed, failed }: StepAnswer): number =>
  PLAIN_BYTES + (processed?.output?.length ?? 0) + (failed?.message?.length ?? 0);
