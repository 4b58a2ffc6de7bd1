/**
 * A wire that can be cut. It stands between a client and a server, or a server and its database,
 * and does what networks do: holds back what is on its way in one direction, loses connections, or
 * lets nobody in. What is held is still delivered after its sender has gone, which is how a write
 * lands late.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** `requests` flow from who connected to the target, `answers` back. */
export type Direction = 'requests' | 'answers';

export interface TcpProxy {
  readonly port: number;
  /** `127.0.0.1:PORT`, the address to connect to. */
  readonly address: string;
  /** From now on new connections go to this port; a restarted server has another one. */
  retarget(port: number): void;
  /** Ends every connection at once, with whatever is held on it. */
  cut(): void;
  /** Keeps back everything in this direction until `release`. */
  hold(direction: Direction): void;
  release(direction?: Direction): void;
  /** While refusing, a new connection is closed at once. Those that are open go on. */
  refuseNew(refuse: boolean): void;
  connections(): number;
  /** Bytes that are being kept back, so that a test can wait until something is. */
  heldBytes(direction: Direction): number;
  /** Whether these letters are in what is being kept back, so that a test can wait for a certain request. */
  holds(direction: Direction, text: string): boolean;
  close(): Promise<void>;
}

/** One direction of one connection. */
interface Lane {
  readonly held: Buffer[];
  /** Its sender has ended; the receiver is told once all is delivered. */
  ended: boolean;
  readonly to: Socket;
}

interface Connection {
  readonly lanes: Record<Direction, Lane>;
  destroy(): void;
}

/** Node 20 never gets rid of a socket that is reset after it was ended, and spins when the process exits. */
function lose(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const open = new Set<Connection>();
  const holding: Record<Direction, boolean> = { requests: false, answers: false };
  let target = targetPort;
  let refusing = false;

  const server = createServer({ allowHalfOpen: true }, (near) => {
    if (refusing) {
      near.destroy();
      return;
    }
    const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    const connection: Connection = {
      lanes: { requests: { held: [], ended: false, to: far }, answers: { held: [], ended: false, to: near } },
      destroy: () => {
        open.delete(connection);
        lose(near);
        lose(far);
      },
    };
    open.add(connection);
    carry(near, 'requests', connection);
    carry(far, 'answers', connection);
  });

  function carry(from: Socket, direction: Direction, connection: Connection): void {
    const lane = connection.lanes[direction];
    from.setNoDelay(true);
    from.on('data', (chunk) => {
      if (holding[direction]) lane.held.push(chunk);
      else if (lane.to.writable && !lane.to.write(chunk)) {
        from.pause();
        lane.to.once('drain', () => from.resume());
      }
    });
    const ended = () => {
      lane.ended = true;
      if (!holding[direction]) finish(lane);
    };
    from.on('end', ended);
    from.on('close', () => {
      ended();
      if (connection.lanes.requests.to.destroyed && connection.lanes.answers.to.destroyed) open.delete(connection);
    });
    // What went wrong on one side shows on the other as an end, as it does through a real network.
    from.on('error', () => undefined);
  }

  function finish({ to }: Lane): void {
    if (to.writable) to.end();
  }

  function release(direction: Direction): void {
    holding[direction] = false;
    for (const connection of open) {
      const lane = connection.lanes[direction];
      for (const chunk of lane.held.splice(0)) if (lane.to.writable) lane.to.write(chunk);
      if (lane.ended) finish(lane);
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  // A TCP server that listens has an address of this form; a pipe would have a string.
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const connection of [...open]) connection.destroy();
  };

  return {
    port,
    address: `127.0.0.1:${port}`,
    retarget: (next) => {
      target = next;
    },
    cut,
    hold: (direction) => {
      holding[direction] = true;
    },
    release: (direction) => {
      if (direction !== 'answers') release('requests');
      if (direction !== 'requests') release('answers');
    },
    refuseNew: (refuse) => {
      refusing = refuse;
    },
    connections: () => open.size,
    heldBytes: (direction) =>
      [...open].reduce(
        (sum, { lanes }) => sum + lanes[direction].held.reduce((bytes, chunk) => bytes + chunk.length, 0),
        0,
      ),
    holds: (direction, text) => [...open].some(({ lanes }) => Buffer.concat(lanes[direction].held).includes(text)),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}
