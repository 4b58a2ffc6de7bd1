/** Keeps so many calls on their way at once, as a program under load does, and notes what each one waited. */

/** Calls `call(0)` … `call(calls - 1)`, at most `width` unanswered at a time. How long each took, in ms. */
export async function keepInFlight(
  calls: number,
  width: number,
  call: (index: number) => Promise<unknown>,
): Promise<number[]> {
  const waitsMs: number[] = [];
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < calls) {
      const started = performance.now();
      await call(next++);
      waitsMs.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: width }, caller));
  return waitsMs;
}

/** Calls `call(0)` … at an even rate whether or not earlier ones were answered; resolves when all are. */
export async function atRate(
  calls: number,
  perSecond: number,
  call: (index: number) => Promise<unknown>,
): Promise<void> {
  const started = performance.now();
  const open: Promise<unknown>[] = [];
  for (let index = 0; index < calls; index++) {
    const early = started + (index * 1000) / perSecond - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    open.push(call(index));
  }
  await Promise.all(open);
}
