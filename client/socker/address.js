// Where a WebSocket is.

/** @type {Record<string, string>} */
const PROTOCOLS = { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' };

/**
 * The address of a WebSocket: what may be written as that of a page, or as a path beside this page.
 * @param {string | URL} url
 */
export function webSocketAddress(url) {
  const address = new URL(url, globalThis.location?.href);
  const protocol = PROTOCOLS[address.protocol];
  if (!protocol) throw new TypeError(`${address.protocol} is no protocol of a WebSocket`);
  address.protocol = protocol;
  address.hash = ''; // which a WebSocket does not take
  return address.href;
}
