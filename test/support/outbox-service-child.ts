/** A service in a process of its own, which dies at a step without warning: `outbox-service-child ANNALS MONGODB NAME STEP`. */
import { MongoClient } from 'mongodb';
import { connect } from '../../src/client';
import { OrderService } from './outbox-service';

const [annalsUrl = '', mongodbUrl = '', name = '', last = ''] = process.argv.slice(2);

/** How often the step is passed before it is the last: so that there is something before it and behind it. */
const PASSED = 5;

async function main(): Promise<void> {
  let times = 0;
  const service = new OrderService(await MongoClient.connect(mongodbUrl), name, (step) => {
    if (step === last && ++times > PASSED) process.kill(process.pid, 'SIGKILL');
  });
  service.pump(connect(annalsUrl).sequence(name), { takeOverAfterMs: 1_000 });
  for (let i = 0; ; i++) await service.change(`order-${i % 3}`, i);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
