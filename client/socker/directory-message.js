// The messages of a directory, as its clients have them: the first byte is the type, and numbers are
// big-endian. An id is always a server's.

const TYPE = /** @type {const} */ ({ offer: 3, candidate: 7 });

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** @param {number} id @param {string} sdp */
export const encodeOffer = (id, sdp) => encode(TYPE.offer, id, encoder.encode(sdp));

/** @param {number} id @param {RTCIceCandidate | null} candidate  null: there are no more */
export function encodeCandidate(id, candidate) {
  if (!candidate) return encode(TYPE.candidate, id, [0]);
  const mid = encoder.encode(candidate.sdpMid || '0');
  const index = candidate.sdpMLineIndex ?? 0;
  const text = encoder.encode(candidate.candidate);
  return encode(TYPE.candidate, id, [mid.length, ...mid, index >> 8, index & 255, ...text]);
}

/** @param {number} type @param {number} id @param {ArrayLike<number>} body */
function encode(type, id, body) {
  const bytes = new Uint8Array(5 + body.length);
  bytes[0] = type;
  new DataView(bytes.buffer).setUint32(1, id);
  bytes.set(body, 5);
  return bytes;
}

/**
 * A server as a list has it; `text` is its metadata, which should be JSON.
 * @typedef {{id: number, text: string}} Listing
 *
 * @typedef {{type: 'added', servers: Listing[]}
 *   | {type: 'changed', servers: Listing[]}
 *   | {type: 'removed', ids: number[]}
 *   | {type: 'answer', id: number, sdp: string}
 *   | {type: 'candidate', id: number, candidate: RTCIceCandidateInit | null}
 *   | {type: 'rejected', id: number}
 *   | {type: 'problem', code: number, text: string}
 *   | {type: 'unknown'}} Message
 */

/** @param {ArrayBuffer} buffer @returns {Message | null} null if it is cut short or garbled */
export function decode(buffer) {
  const view = new DataView(buffer);
  let at = 0;
  const u8 = () => view.getUint8(at++);
  const u16 = () => view.getUint16((at += 2) - 2);
  const u32 = () => view.getUint32((at += 4) - 4);
  const text = (length = buffer.byteLength - at) =>
    decoder.decode(new Uint8Array(buffer, (at += length) - length, length));
  const listings = () => {
    const servers = [];
    while (at < buffer.byteLength) servers.push({ id: u32(), text: text(u16()) });
    return servers;
  };
  const candidate = () => {
    const length = u8();
    if (length === 0) return null;
    return { sdpMid: text(length), sdpMLineIndex: u16(), candidate: text() };
  };
  /** @type {Record<number, () => Message>} */
  const readers = {
    1: () => ({ type: 'added', servers: listings() }),
    2: () => ({ type: 'removed', ids: readIds(text()) }),
    6: () => ({ type: 'answer', id: u32(), sdp: text() }),
    10: () => ({ type: 'candidate', id: u32(), candidate: candidate() }),
    12: () => ({ type: 'rejected', id: u32() }),
    14: () => ({ type: 'changed', servers: listings() }),
    15: () => ({ type: 'problem', code: u16(), text: text() }),
  };
  try {
    // A type that is not known is one of later times.
    return readers[u8()]?.() ?? { type: 'unknown' };
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** @param {string} json @returns {number[]} */
function readIds(json) {
  const ids = JSON.parse(json);
  const isId = (/** @type {number} */ id) => Number.isInteger(id) && id >= 0 && id <= 0xffff_ffff;
  if (!Array.isArray(ids) || !ids.every(isId)) throw new SyntaxError('the removed servers are no array of their ids');
  return ids;
}
