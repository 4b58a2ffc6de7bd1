import type { StepAnswer } from '../../contract/generated/annals/v1/StepAnswer';
import { messageCodec } from '../../contract/services';
import { BYTES_PER_UNIT, Gathering, PLAIN_BYTES } from '../registered/gathering';

const codec = messageCodec('ProcessRequest');

/** A step that was worked, by its task. */
export type Answer = StepAnswer & { readonly taskId: number };

/** Answers of one stream. */
export class Answers extends Gathering<Answer> {
  /** @param write as a stream's: false when it wants no more until it drains. */
  constructor(write: (message: Buffer) => boolean) {
    super(write, {
      keyOf: ({ taskId }) => taskId,
      bytesOf,
      encode: (answers) => codec.encode({ answers: { answers: [...answers] } }),
    });
  }
}

const bytesOf = ({ processed, failed }: Answer): number =>
  PLAIN_BYTES +
  (processed?.output?.length ?? 0) +
  BYTES_PER_UNIT * ((failed?.message?.length ?? 0) + (failed?.code?.length ?? 0));
