/** `annals trace`, `causes` and `effects`, against a real server, as scripts and people use them. */
import type { Annals } from '../src/client';
import { annals, ndjson, type Ran } from './support/cli-run';
import { level, startServices, type Services } from './support/services';

let services: Services;
let shop: Annals;
let mail: Annals;
let run: (...args: string[]) => Promise<Ran>;

/** An order in the shop is told to the mail service by a link; there a letter goes out, and one whose cause is nowhere. */
beforeAll(async () => {
  services = await startServices();
  [shop, mail] = [await services.service('shop'), await services.service('mail')];
  await shop.identities.describe('u-1', { kind: 'person', name: 'Ann Ash' });
  const operation = { correlationId: 'operation', eventSourceId: 'order-17', content: {} };
  await shop.eventLog.append({ ...operation, eventId: 'placed', type: 'order.placed', causedBy: 'u-1' });
  await shop.outbox.append({ ...operation, eventId: 'told', type: 'order.told', causationId: 'placed' });
  await mail.links.add('shop', { source: { store: shop.store } });
  await level(mail, shop, 'shop');
  await mail.eventLog.append([
    { ...operation, eventId: 'sent', type: 'letter.sent', causationId: 'told' },
    { ...operation, eventId: 'odd', type: 'letter.\u001b[2Jlost', causationId: 'nowhere' },
  ]);
  const env = { ANNALS_URL: services.connection(shop, 0) };
  run = async (...args) => annals(args, { env });
});
afterAll(async () => services.stop());

it('an operation is a tree across services, with who did it and what is missing', async () => {
  const { code, stdout } = await run('trace', 'operation');
  expect(code).toBe(0);
  const lines = stdout.split('\n').map((line) => line.replace(/^[-0-9 :.]{23} {2}/, ''));
  const [inShop, inMail] = [`${shop.store}/default`, `${mail.store}/default`];
  expect(lines).toEqual(
    expect.arrayContaining([
      `order.placed  order-17  ${inShop} event-log 0  by Ann Ash (u-1)`,
      `└─ order.told  order-17  ${inShop} outbox 0 → ${inMail} inbox 0`,
      `   └─ letter.sent  order-17  ${inMail} event-log 0`,
      'missing nowhere',
      `└─ letter.\\u001b[2Jlost  order-17  ${inMail} event-log 1`,
      '4 events, 1 missing, 2 services',
    ]),
  );
});

it('an event’s id is known as such; flags say which of the two it is', async () => {
  const { code, stdout } = await run('trace', 'told', '--ids');
  expect(code).toBe(0);
  expect(stdout).toMatch(/order\.told ◀ .* told\n/);
  expect(await run('trace', 'operation', '--event')).toMatchObject({ code: 4 });
  expect(await run('trace', 'told', '--correlation')).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('no event is under told'),
  });
});

it('causes go up to the root, effects down', async () => {
  const up = ndjson((await run('causes', 'sent', '--json')).stdout);
  expect(up).toMatchObject([{ eventId: 'sent' }, { eventId: 'told' }, { eventId: 'placed' }, { nodes: 3, gaps: [] }]);
  expect((await run('causes', 'sent')).stdout).toMatch(/order\.placed[^]*└─ order\.told[^]*└─ letter\.sent ◀/);
  const down = ndjson((await run('effects', 'placed', '--depth', '1', '--json')).stdout);
  expect(down).toMatchObject([{ eventId: 'placed' }, { eventId: 'told', cut: true }, { nodes: 2 }]);
  expect(await run('causes', 'nobody')).toMatchObject({ code: 4 });
});

it('for programs: a node a line, a graph, a flowchart', async () => {
  const lines = ndjson((await run('trace', 'operation', '--json', '--limit', '2')).stdout);
  expect(lines).toMatchObject([{ parentId: '' }, {}, { nodes: 2, whole: false }]);
  expect((await run('trace', 'operation', '--dot')).stdout).toMatch(/^digraph trace \{\n[^]* -> [^]*\n\}\n$/);
  expect((await run('trace', 'operation', '--mermaid')).stdout).toMatch(/^flowchart TD\n[^]* --> /);
  expect(await run('trace', 'operation', '--dot', '--json')).toMatchObject({ code: 2 });
});

it('where nobody could look is said at the end', async () => {
  const { code, stdout } = await run('trace', 'operation', '--peer', 'annals://127.0.0.1:1');
  expect(code).toBe(0);
  expect(stdout).toMatch(/\n! could not look at 127\.0\.0\.1:1: .+\n$/);
});
