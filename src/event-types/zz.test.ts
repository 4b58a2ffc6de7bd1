import { payloads, schemaOfDefinition } from './octokit.testing';
import { compileType } from './compiled-type';
import { contentsOf } from './contents';
import { jsonToBson } from '../kernel/content/json-to-bson';
const cpu = (f: () => void) => { const a = process.cpuUsage(); f(); const b = process.cpuUsage(a); return (b.user + b.system); };
it('x', () => {
  const issue = payloads.filter(({ definition }) => definition === 'issues$opened').map((p) => p.payload);
  const s = schemaOfDefinition('issues$opened');
  const one = compileType({ type: 'x', description: '', generations: [{ generation: 1, schema: s }], migrations: [] });
  const three = compileType({ type: 'x', description: '', generations: [{ generation: 1, schema: s }, { generation: 2, schema: '{"type":"object"}' }, { generation: 3, schema: '{"type":"object"}' }], migrations: [
    { from: 1, to: 2, steps: [{ kind: 'rename', from: 'issue.title', to: 'issue.summary' }, { kind: 'rename', from: 'issue.labels[].name', to: 'issue.labels[].label' }] }, { from: 2, to: 1, steps: [] },
    { from: 2, to: 3, steps: [{ kind: 'expression', property: 'labelled', expression: 'content.issue.labels.map(l, l.label)' }, { kind: 'convert', property: 'issue.created_at', to: 'date' }] }, { from: 3, to: 2, steps: [] }] });
  const small = compileType({ type: 'x', description: '', generations: [1, 2, 3].map((g) => ({ generation: g, schema: '{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}}}' })), migrations: [1, 2].flatMap((g) => [{ from: g, to: g + 1, steps: [{ kind: 'rename' as const, from: `x${g}`, to: `x${g + 1}` }] }, { from: g + 1, to: g, steps: [] }]) });
  const value = issue.find((p) => one.validate(1, p).length === 0)!;
  const content = jsonToBson(Buffer.from(JSON.stringify(value)), 'x');
  const sv = { a: 'hello', b: 5, x1: 'y' }; const sc = jsonToBson(Buffer.from(JSON.stringify(sv)), 'x');
  for (const [n, f] of [['parse', () => JSON.parse(JSON.stringify(value))], ['validate one', () => contentsOf(one, 1, content, value)], ['three gens webhook', () => { const r = contentsOf(three, 1, content, value); if (!('contents' in r)) throw new Error(JSON.stringify(r)); }], ['three gens small', () => contentsOf(small, 1, sc, sv)], ['cast 1-2', () => three.cast(content, 1, 2)], ['cast small', () => small.cast(sc, 1, 2)]] as const) {
    let best = 1e9; for (let k = 0; k < 6; k++) best = Math.min(best, cpu(() => { for (let i = 0; i < 2000; i++) f(); }) / 2000); console.log(n, best.toFixed(1), 'us');
  }
});
