import { encodeAcknowledgements, type AcknowledgementMessage } from '../../contract/observe-codec';
import { BYTES_PER_UNIT, Gathering, PLAIN_BYTES } from '../registered/gathering';

/** Acknowledgements of one stream: of several for one delivery only the last is sent, since each says how far it got in all. */
export class Acknowledgements extends Gathering<AcknowledgementMessage> {
  /** @param write as a stream's: false when it wants no more until it drains. */
  constructor(write: (message: Buffer) => boolean) {
    super(write, { keyOf: ({ deliveryId }) => deliveryId, bytesOf, encode: encodeAcknowledgements });
  }
}

const bytesOf = ({ failure }: AcknowledgementMessage): number =>
  PLAIN_BYTES + (failure === undefined ? 0 : BYTES_PER_UNIT * (failure.message.length + failure.stack.length));
