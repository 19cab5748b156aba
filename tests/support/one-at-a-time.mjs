import async_hooks from 'node:async_hooks';

/**
 * Promises cost in tests what they cost in production.
 *
 * jest keeps in an AsyncLocalStorage which test runs, to know whose an error is where tests run at the same time. In
 * Node 20 one such storage in use makes every promise of the process dearer. Our tests run one after another, so whose an
 * error is, is the one that runs. jest makes its storage right after this file has run (`setupFiles` of jest.config.mjs);
 * whoever asks for one later gets Node's.
 */
const { AsyncLocalStorage } = async_hooks;

class OneAtATime {
  #store;

  constructor() {
    async_hooks.AsyncLocalStorage = AsyncLocalStorage;
  }

  getStore() {
    return this.#store;
  }

  run(store, work) {
    const before = this.#store;
    const leave = () => {
      this.#store = before;
    };
    this.#store = store;
    const result = work();
    result.then(leave, leave);
    return result;
  }
}

async_hooks.AsyncLocalStorage = OneAtATime;
