import type { TraceNode__Output } from '../../contract/generated/annals/v1/TraceNode';
import { Elements, Iteration } from '../iteration';
import { resumedBatches, type BatchSource } from '../resumed-batches';
import type { Session } from '../session';
import { traceNode, type TraceGap, type TraceNode } from './trace-node';

/** Nodes as they come, over any number of pages. */

/** What the streams of `Trace`, `Causes` and `Effects` have in common; the last two have one page. */
export interface NodesMessage {
  readonly nodes: readonly TraceNode__Output[];
  readonly gaps: readonly TraceGap[];
  readonly nextPageToken?: string | undefined;
}

/** How one page is asked for. */
export interface PageCall {
  readonly path: string;
  request(pageToken: string): Buffer;
  decode(bytes: Buffer): NodesMessage;
}

/**
 * The nodes of a trace, one by one; a parent comes before its children in a `trace` and in `effects`. One page at a
 * time is fetched, when it is wanted. Survives a lost connection.
 */
export class Trace implements AsyncIterableIterator<TraceNode, undefined> {
  readonly #gaps = new Map<string, TraceGap>();
  readonly #nodes: Elements<TraceNode>;

  /** @internal Use `annals.correlation`. */
  constructor(
    session: Session,
    call: PageCall,
    { signal, timeoutMs = session.timeoutMs }: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined },
  ) {
    const { connection } = session;
    const tell = (gaps: readonly TraceGap[]): void => {
      for (const { where, reason } of gaps) this.#gaps.set(JSON.stringify([where, reason]), { where, reason });
    };
    this.#nodes = new Elements(
      new Iteration(
        async function* (ended) {
          for (let token: string | undefined = ''; token !== undefined;) {
            const page: Page = new Page(call, token, timeoutMs);
            for await (const { nodes, gaps } of resumedBatches(connection, page, ended)) {
              tell(gaps);
              const fresh = page.fresh(nodes);
              if (fresh.length > 0) yield fresh;
            }
            token = page.next;
          }
        },
        [connection.closed, signal],
      ),
    );
  }

  /** Where it could not look, and why: all of it once the last node has come. */
  get gaps(): readonly TraceGap[] {
    return [...this.#gaps.values()];
  }

  /** Everything that is left, at once. */
  async all(): Promise<{ readonly nodes: readonly TraceNode[]; readonly gaps: readonly TraceGap[] }> {
    const nodes: TraceNode[] = [];
    for await (const node of this) nodes.push(node);
    return { nodes, gaps: this.gaps };
  }

  async next(): Promise<IteratorResult<TraceNode, undefined>> {
    return this.#nodes.next();
  }

  async return(): Promise<IteratorResult<TraceNode, undefined>> {
    return this.#nodes.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

class Page implements BatchSource<NodesMessage> {
  readonly path: string;
  /** The next page's token; undefined when this is the last. */
  next: string | undefined;
  /** What came of it already: a page that is asked for again after a lost connection begins anew. */
  readonly #came = new Set<string>();

  constructor(
    private readonly call: PageCall,
    private readonly token: string,
    readonly patienceMs: number,
  ) {
    this.path = call.path;
  }

  request(): Buffer {
    return this.call.request(this.token);
  }

  decode(bytes: Buffer): NodesMessage {
    return this.call.decode(bytes);
  }

  moveOn({ nextPageToken = '' }: NodesMessage): void {
    this.next = nextPageToken === '' ? undefined : nextPageToken;
  }

  interrupted(): void {
    this.next = undefined;
  }

  fresh(nodes: readonly TraceNode__Output[]): TraceNode[] {
    return nodes.filter(({ id }) => !this.#came.has(id) && this.#came.add(id)).map(traceNode);
  }
}
