import {
  decodeObserveResponse,
  encodeHeartbeat,
  encodeLeave,
  encodeRegister,
  type IncomingDelivery,
} from '../../contract/observe-codec';
import { OBSERVE_PATH } from '../calls';
import type { Link } from '../link';
import { RegisteredStream } from '../registered/stream';
import { Acknowledgements } from './acknowledgements';
import type { Answer } from './delivery-run';
import { readRegistered, type Registered } from './registration';

/** One Observe call: deliveries come, acknowledgements go. */

export interface StreamEvents {
  registered(registered: Registered): void;
  deliver(deliveries: readonly IncomingDelivery[], answer: Answer): void;
}

const WORDS = { path: OBSERVE_PATH, heartbeat: encodeHeartbeat, leave: encodeLeave };

/** @param register the bytes of Register. Throws SERVER_UNREACHABLE when the link is lost already. */
export const observeStream = (
  link: Link,
  register: Buffer,
  events: StreamEvents,
  heartbeatMs?: number,
): RegisteredStream =>
  new RegisteredStream(
    link,
    WORDS,
    encodeRegister(register),
    (write) => side(events, new Acknowledgements(write)),
    heartbeatMs,
  );

const side = (events: StreamEvents, acknowledgements: Acknowledgements) => ({
  take: (bytes: Buffer): number | undefined => {
    const { registered: told, deliveries } = decodeObserveResponse(bytes);
    const registered = told === undefined ? undefined : readRegistered(told);
    if (registered !== undefined) events.registered(registered);
    if (deliveries.length > 0) events.deliver(deliveries, acknowledgements.add);
    return registered?.heartbeatMs;
  },
  drained: () => {
    acknowledgements.drained();
  },
  flush: () => {
    acknowledgements.flush();
  },
  end: () => {
    acknowledgements.end();
  },
});
