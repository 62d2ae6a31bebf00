// The JSON of the protocol: {uuid, status: {value, text}, funcKey, funcParams, stateMessage}.

/** The values of `status.value`. */
export const STATUS = /** @type {const} */ ({ notConnected: 0, create: 1, join: 2, connected: 3, close: 4 });

const TEXTS = ['not connected', 'new connection', 'join connection', 'connected', 'close connection'];

/**
 * @param {number} value  of STATUS
 * @param {string} uuid  of the room; empty if it has none yet
 * @param {{key?: string, params?: string[], isState?: boolean}} [action]
 * @param {Record<string, unknown>} [more]  fields beside those of the protocol, which give way to them
 */
export function encode(value, uuid, { key = '', params = [], isState = false } = {}, more = {}) {
  const status = { value, text: TEXTS[value] };
  const fields = { uuid, status, funcKey: key, funcParams: params, stateMessage: isState };
  return JSON.stringify({ ...fields, ...more, ...fields });
}

/**
 * @typedef {object} Message
 * @property {number} value  of STATUS
 * @property {string} text
 * @property {string} uuid
 * @property {string} key  empty where it is no action
 * @property {string[]} params
 * @property {boolean} isState
 * @property {string | undefined} token
 * @property {number} states  how many state messages follow
 * @property {string | undefined} error
 */

/** @param {string} line @returns {Message | null} null if it is none of the protocol */
export function decode(line) {
  const json = parse(line);
  if (typeof json?.status?.value !== 'number') return null;
  const params = json.funcParams ?? [];
  if (!Array.isArray(params) || params.some((param) => typeof param !== 'string')) return null;
  return {
    value: json.status.value,
    text: string(json.status.text) ?? '',
    uuid: string(json.uuid) ?? '',
    key: string(json.funcKey) ?? '',
    params,
    isState: json.stateMessage === true,
    token: string(json.token),
    states: Number.isSafeInteger(json.states) ? json.states : 0,
    error: string(json.error),
  };
}

/** @param {string} line */
function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** @param {unknown} value */
const string = (value) => (typeof value === 'string' ? value : undefined);
