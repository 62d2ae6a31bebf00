// What a page may ask for. What is wrong is told at once, and nothing is taken for something else.

/** @param {unknown} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @param {unknown} value */
const isText = (value) => typeof value === 'string' && value !== '';

/** Long enough for a phone on a train. In ms. */
const TIMEOUT = 10_000;
/** A server that was restarted, and an owner that waits between two tries. In ms. */
const GRACE = 60_000;
/** No timer waits longer; it would end at once instead. In ms. */
export const LONGEST = 2 ** 31 - 1;

/** @param {import('../socker.js').CreateOptions} options */
export function readOptions(options) {
  const { uuid, token, on = {}, fields = {}, signal, backoff = {} } = options;
  const { timeout = TIMEOUT, grace = GRACE, reconnect = true } = options;
  if (token !== undefined && !(isText(uuid) && isText(token))) throw new TypeError('uuid and token are strings, and go together');
  if (!isObject(on)) throw new TypeError('on is an object of functions');
  if (!isObject(fields)) throw new TypeError('fields is an object');
  JSON.stringify(fields); // throws now what would else be thrown when the connection opens
  if (!isObject(backoff)) throw new TypeError('backoff is an object');
  if (!(timeout > 0)) throw new TypeError('timeout is a number of milliseconds');
  if (!(grace >= 0)) throw new TypeError('grace is a number of milliseconds');
  return { uuid, token, on, fields, signal, backoff, timeout: Math.min(timeout, LONGEST), grace, reconnect };
}

/** @param {unknown} key @param {unknown} params @param {unknown} state */
export function checkAction(key, params, state) {
  if (!isText(key)) throw new TypeError('the key of an action is a string, and not empty');
  if (!Array.isArray(params) || !params.every((param) => typeof param === 'string')) {
    throw new TypeError(`the params of "${key}" are no array of strings`);
  }
  if (typeof state !== 'boolean') throw new TypeError('state is true or false');
}
