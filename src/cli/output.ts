/**
 * Lines to stdout: gathered, so that a million events are not a million system calls; held back
 * when the reader is slow, so that they cost no memory; and given up in silence when the reader
 * has gone (`| head -1`).
 */
import type { Writable } from 'node:stream';

/** Characters gathered before they are written at once: a pipe's buffer on Linux. */
const GATHERED = 64 * 1024;

export class Output {
  private gathered: string[] = [];
  private length = 0;
  private scheduled = false;
  private gone = false;
  private full: Promise<void> | undefined;

  /** `onGone` is called once, when nobody reads any more. */
  constructor(
    private readonly stream: Writable,
    private readonly onGone: () => void,
  ) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      this.leave();
    });
  }

  /** Adds one line. Await it: it holds a fast writer back for a slow reader. */
  async line(text: string): Promise<void> {
    if (this.gone) return;
    this.gathered.push(text, '\n');
    this.length += text.length + 1;
    if (this.length >= GATHERED) this.flush();
    else if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(() => this.flush());
    }
    if (this.full !== undefined) await this.full;
  }

  /** Resolves when everything is written, or nobody reads it. */
  async end(): Promise<void> {
    this.flush();
    if (this.gone) return;
    await new Promise<void>((resolve) => {
      this.stream.once('close', resolve);
      this.stream.write('', () => resolve());
    });
  }

  private flush(): void {
    this.scheduled = false;
    if (this.length === 0 || this.gone) return;
    const text = this.gathered.join('');
    this.gathered = [];
    this.length = 0;
    if (this.stream.write(text) || this.full !== undefined) return;
    this.full = new Promise((resolve) => {
      // After an EPIPE no drain comes.
      const go = (): void => {
        this.stream.off('drain', go).off('close', go).off('error', go);
        this.full = undefined;
        resolve();
      };
      this.stream.on('drain', go).on('close', go).on('error', go);
    });
  }

  private leave(): void {
    if (this.gone) return;
    this.gone = true;
    this.gathered = [];
    this.length = 0;
    this.onGone();
  }
}
