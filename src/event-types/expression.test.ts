import { serialize, deserialize } from 'bson';
import { BsonDocument } from './bson-tree';
import { compileExpression } from './expression';
import { CannotCast } from './cannot-cast';
it('smoke', () => {
  const doc = { a: 1, b: 'x,y', l: [1, 2, 3], o: { k: null, d: new Date('2020-03-01T00:00:00.5Z') }, f: 1.5, items: [{ p: 1.5, q: 2 }, { p: 2, q: 3 }] };
  const ev = (e: string) => {
    const c = compileExpression(e);
    if (typeof c === 'string') return 'INVALID ' + c;
    const t = performance.now();
    try {
      const v = c(new BsonDocument(Buffer.from(serialize(doc))));
      const out = new BsonDocument(); out.set('v', v);
      return [deserialize(out.toBson())['v'], (performance.now() - t).toFixed(2)];
    } catch (error) { if (!(error instanceof CannotCast)) throw error; return error.message; }
  };
  for (const e of ['content.a + 1', 'content.a / 0', 'content.zz', 'content.l.map(x, x * 2)', 'content.l.filter(x, x > 1)', 'has(content.o.k)', 'has(content.o.z)', '"k" in content.o', 'content.o', 'content.o.d', 'content.o.d.getHours("+02:00")', 'content.o.d.getMonth()', 'content.o.d.getDayOfYear()', '{"x": content.items}', 'content.items.map(i, double(i.p) * double(i.q))', 'content.items.exists(i, i.p > 1.6)', 'content.items.map(i, content.items.map(j, j.q))', 'content.b.matches("x")', 'foo(1)', 'bar', '', '1 +', 'content.?a', '[?content.a]', 'google.protobuf.Timestamp{seconds: 1}', 'type(content.a) == int', '1.0/0.0', '9223372036854775807 + 1', '18446744073709551615u', 'duration("1h")', 'timestamp("2020-01-01T00:00:00Z")', 'string(content.f) + "!"', 'content.b.split(",")', 'content.l[7]', 'content.l[0]', 'content["a"]', 'content.a > 0 ? "pos" : "neg"', 'b"abc"', 'size(content.l)', 'content', '{1: 2}', 'content.a == 1.0', 'int(content.f)','content.l.all(x, x/0 == 1) || true', 'content.items[0].p', 'content.l + [4]', 'dyn(content.l).map(x, {"v": x})','content.l.exists_one(x, x==2)'])
    console.log(e, ev(e));
});
