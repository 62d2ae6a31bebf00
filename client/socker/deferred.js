// A promise that is kept from outside of it.

/**
 * @template T
 * @param {AbortSignal} [signal]  whose abortion is its reason to be rejected, and is told
 * @param {() => void} [aborted]
 * @returns {{promise: Promise<T>, resolve: (value: T) => void, reject: (reason: unknown) => void}}
 */
export function deferred(signal, aborted) {
  /** @type {(value: T) => void} */
  let resolve = () => {};
  /** @type {(reason: unknown) => void} */
  let reject = () => {};
  /** @type {Promise<T>} */
  const promise = new Promise((...settle) => ([resolve, reject] = settle));
  const abort = () => {
    reject(signal?.reason);
    aborted?.();
  };
  const stop = () => signal?.removeEventListener('abort', abort);
  promise.then(stop, stop);
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort);
  return { promise, resolve, reject };
}
