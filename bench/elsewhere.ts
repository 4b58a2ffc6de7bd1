/** A second deployment: a server and a MongoDB of its own, beside the one that all measures work with. Started when a measure asks for it. */
import { Floor } from './floor';
import { startMongod, undoAll, type Undo } from './mongod';
import { startServerProcess, type ServerProcess } from './server-process';

export interface Deployment {
  readonly server: ServerProcess;
  readonly floor: Floor;
  readonly mongodPid: number | undefined;
}

export class Elsewhere {
  readonly #undo: Undo = [];
  #deployment: Promise<Deployment> | undefined;

  constructor(private readonly tell: (text: string) => void) {}

  async deployment(): Promise<Deployment> {
    this.#deployment ??= this.#start();
    return this.#deployment;
  }

  async stop(): Promise<void> {
    await this.#deployment?.catch(() => undefined);
    await undoAll(this.#undo);
  }

  async #start(): Promise<Deployment> {
    const { url, pid } = await startMongod(this.#undo, this.tell);
    const server = await startServerProcess(url);
    this.#undo.push(() => server.stop());
    const floor = await Floor.connect(url);
    this.#undo.push(() => floor.close());
    return { server, floor, mongodPid: pid };
  }
}
