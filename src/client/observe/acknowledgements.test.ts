import { decodeObserveRequest, type AcknowledgementMessage } from '../../contract/observe-codec';
import { Acknowledgements } from './acknowledgements';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const through = (deliveryId: number, handledThrough?: number): AcknowledgementMessage => ({
  deliveryId,
  handledThrough,
  failure: undefined,
});

function written(accepts: () => boolean = () => true) {
  const messages: AcknowledgementMessage[][] = [];
  const acknowledgements = new Acknowledgements((bytes) => {
    const message = decodeObserveRequest(bytes);
    if (message.kind === 'acknowledgements') messages.push(message.acknowledgements);
    return accepts();
  });
  return { acknowledgements, messages };
}

test('what comes in one turn goes in one message, and of a delivery only the last', async () => {
  const { acknowledgements, messages } = written();
  acknowledgements.add(through(1, 5));
  acknowledgements.add(through(2));
  acknowledgements.add(through(1, 9));
  expect(messages).toEqual([]);
  await turn();
  expect(messages).toEqual([[through(1, 9), through(2)]]);
});

test('a stream that wants no more gets nothing until it drains', async () => {
  const { acknowledgements, messages } = written(() => false);
  acknowledgements.add(through(1));
  await turn();
  acknowledgements.add(through(2, 3));
  await turn();
  acknowledgements.add(through(2));
  await turn();
  expect(messages).toHaveLength(1);
  acknowledgements.drained();
  expect(messages[1]).toEqual([through(2)]);
});

test('however many failures come in one turn, no message is beyond what a server takes', async () => {
  const sizes: number[] = [];
  const ids: number[] = [];
  const acknowledgements = new Acknowledgements((bytes) => {
    sizes.push(bytes.length);
    const message = decodeObserveRequest(bytes);
    if (message.kind === 'acknowledgements') ids.push(...message.acknowledgements.map(({ deliveryId }) => deliveryId));
    return true;
  });
  // The longest texts that are sent, of the characters that need the most bytes.
  const text = '\u{ffff}'.repeat(8_000);
  const failing = Array.from({ length: 100 }, (_, id) => id);
  for (const deliveryId of failing)
    acknowledgements.add({ ...through(deliveryId), failure: { message: text, stack: text, permanent: false } });
  await turn();
  expect(ids).toEqual(failing);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024);
  expect(sizes.length).toBeLessThan(10);
});

test('nothing is written once the stream is over', async () => {
  const { acknowledgements, messages } = written();
  acknowledgements.add(through(1));
  acknowledgements.end();
  acknowledgements.add(through(2));
  acknowledgements.flush();
  await turn();
  expect(messages).toEqual([]);
});
