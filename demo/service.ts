/**
 * A service of the demo: a server of its own with a database of its own, and the service's program, which
 * is this process. The server can be killed and started again; the program goes on with the same client.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type Annals } from '../src/client';
import { mongodbOf, startDemoServer, type DemoServer } from './demo-server';

/** Milliseconds that calls wait for an answer: longer than a killed server is away, on a slow machine too. */
const PATIENCE_MS = 90_000;

export interface ServiceOptions {
  /** Also the name of its store. */
  readonly name: string;
  /** Where each service has a folder of its own. */
  readonly folder: string;
  readonly onLine: (text: string) => void;
  readonly signal: AbortSignal;
}

export class Service {
  readonly annals: Annals;
  readonly #options: ServiceOptions;
  #server: DemoServer;

  private constructor(options: ServiceOptions, server: DemoServer) {
    this.#options = options;
    this.#server = server;
    this.annals = connect(this.connection, { timeoutMs: PATIENCE_MS });
  }

  static async start(options: ServiceOptions): Promise<Service> {
    const folder = join(options.folder, options.name);
    await mkdir(folder);
    const service = new Service(options, await startDemoServer(folder, options.onLine, options.signal));
    await service.annals.stores.ensure(options.name);
    return service;
  }

  get name(): string {
    return this.#options.name;
  }

  get dataFolder(): string {
    return join(this.#options.folder, this.name);
  }

  /** How programs, and links of other servers, name its store. */
  get connection(): string {
    return `annals://${this.#server.address}/${this.name}`;
  }

  get exited(): Promise<number> {
    return this.#server.exited;
  }

  /** Its MongoDB, for what the service itself keeps there. */
  async mongodb(): Promise<string> {
    return mongodbOf(this.dataFolder);
  }

  /** `kill -9` of the server and of its database. */
  async kill(): Promise<void> {
    await this.#server.kill();
  }

  /** The same again: on the same data, at the same address. */
  async restart(): Promise<void> {
    const { onLine, signal } = this.#options;
    this.#server = await startDemoServer(this.dataFolder, onLine, signal, this.#server.address);
  }

  /** Resolves to the server's exit code. */
  async stop(): Promise<number> {
    await this.annals.close();
    return this.#server.stop();
  }
}
