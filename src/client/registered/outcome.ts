import type { AnnalsError } from '../../kernel/annals-error';

/**
 * The two promises of a program that serves the server. One that nobody listens to must not be lost in silence, and one
 * that somebody heard of by the other must not end the program: a failure is unhandled, as Node
 * understands it, unless `done` was asked for, or `registered` was and has told of it.
 */
export class Outcome<Registered> {
  readonly #registered: Promise<Registered>;
  readonly #done: Promise<void>;
  #register: (registered: Registered) => void = () => undefined;
  #refuse: (reason: AnnalsError) => void = () => undefined;
  #resolve: () => void = () => undefined;
  #reject: (reason: AnnalsError) => void = () => undefined;
  #isRegistered = false;
  #registeredAsked = false;
  #doneAsked = false;

  constructor() {
    this.#registered = new Promise((resolve, reject) => {
      this.#register = resolve;
      this.#refuse = reject;
    });
    this.#registered.catch(() => undefined);
    this.#done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get registered(): Promise<Registered> {
    this.#registeredAsked = true;
    return this.#registered;
  }

  get done(): Promise<void> {
    this.#doneAsked = true;
    return this.#done;
  }

  register(registered: Registered): void {
    this.#isRegistered = true;
    this.#register(registered);
  }

  /** @param reason why there is no registration, if there was none. @param failure absent: it ended as it was asked to. */
  end(reason: AnnalsError, failure: AnnalsError | undefined): void {
    this.#refuse(reason);
    if (failure === undefined) {
      this.#resolve();
      return;
    }
    if (this.#doneAsked || (this.#registeredAsked && !this.#isRegistered)) this.#done.catch(() => undefined);
    this.#reject(failure);
  }
}
