// What a page may ask of a directory. What is wrong is told at once.

import { LONGEST } from './options.js';

/** Long enough for a phone on a train. In ms. */
const TIMEOUT = 10_000;
/** A relay may be asked for, and tried last. In ms. */
const CONNECT_TIMEOUT = 15_000;

/** @param {import('../socker.js').DirectoryOptions} options */
export function readDirectoryOptions(options) {
  const { iceServers = [], signal, backoff = {}, reconnect = true } = options;
  const { timeout = TIMEOUT, connectTimeout = CONNECT_TIMEOUT } = options;
  if (!Array.isArray(iceServers)) throw new TypeError('iceServers is an array');
  if (typeof backoff !== 'object' || backoff === null) throw new TypeError('backoff is an object');
  if (!(timeout > 0 && connectTimeout > 0)) throw new TypeError('a timeout is a number of milliseconds');
  const times = { timeout: Math.min(timeout, LONGEST), connectTimeout: Math.min(connectTimeout, LONGEST) };
  return { iceServers, signal, backoff, reconnect, ...times };
}
