// Preloaded into a server's process: a clock that is off by ANNALS_TEST_CLOCK_OFF milliseconds.
const off = Number(process.env.ANNALS_TEST_CLOCK_OFF ?? '0');
const now = Date.now.bind(Date);
Date.now = () => now() + off;
globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [Date.now()] : args, newTarget),
});
