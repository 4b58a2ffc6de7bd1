/** `annals identities`, each verb against a real server, as scripts and people use it. */
import { annals, ndjson, type Ran } from './support/cli-run';
import { startServices, type Services } from './support/services';

let services: Services;
let run: (...args: string[]) => Promise<Ran>;
beforeAll(async () => {
  services = await startServices();
  const env = { ANNALS_URL: services.connection(await services.service('who'), 0) };
  run = async (...args) => annals(['identities', ...args], { env });
});
afterAll(async () => services.stop());

it('describe, list, show and erase', async () => {
  const ann = ['--kind', 'person', '--name', 'Ann Ash', '--subject', 'auth0|5f2a'];
  expect(await run('describe', 'u-17', ...ann)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^u-17 is described\.\nu-17\n {2}kind +person\n {2}name +Ann Ash/),
  });
  expect((await run('describe', 'u-17', ...ann)).stdout).toMatch(/^u-17 was described so before\./);
  const renamed = await run('describe', 'u-17', '--kind', 'person', '--name', 'Ann \u001b[2JBirch', '--json');
  expect(ndjson(renamed.stdout)).toMatchObject([{ changed: true, identity: { former: [{ name: 'Ann Ash' }] } }]);
  expect((await run()).stdout).toMatch(/^ID +KIND +NAME[^]*\nu-17 +person +Ann \\u001b\[2JBirch +/);
  expect(ndjson((await run('list', '--subject', 'nobody', '--json')).stdout)).toEqual([]);
  expect((await run('show', 'u-17')).stdout).toMatch(/ {2}until +\S+ {2}person, Ann Ash, auth0\|5f2a\n$/);
  expect(await run('erase', 'u-17', '--reason', 'asked for')).toMatchObject({ code: 0, stdout: 'u-17 is erased.\n' });
  expect((await run('erase', 'u-17', '--reason', 'again')).stdout).toMatch(/^u-17 was erased before, on /);
  expect(ndjson((await run('show', 'u-17', '--json')).stdout)).toMatchObject([
    { id: 'u-17', name: '', former: [], described: null, erased: { reason: 'asked for' } },
  ]);
});

it('say by their exit codes what is wrong', async () => {
  expect(await run('show', 'nobody')).toMatchObject({ code: 4, stderr: expect.stringContaining('nobody described') });
  expect(await run('describe', 'u-18', '--kind', 'robot')).toMatchObject({ code: 2 });
  expect(await run('describe', 'u-18', '--name', 'no kind')).toMatchObject({ code: 2 });
  expect(await run('erase', 'u-18')).toMatchObject({ code: 2 });
});
