// Bytes <-> messages of /play and of an arena. The first byte is the kind; numbers are big-endian.

/** @typedef {{x: number, y: number, radius: number, hue: number}} Disc */
/** @typedef {{x: number, y: number, hue: number}} Peer */
/** @typedef {{type: 'scene', width: number, height: number, discs: Disc[]}} Scene */
/** @typedef {{type: 'play', id: number, hue: number}} Play */
/** @typedef {{type: 'snapshot', tick: number, peers: Map<number, Peer>}} Snapshot */
/** @typedef {{type: 'joined', id: number, hue: number}} Joined */
/** @typedef {{type: 'left', id: number}} Left */
/** @typedef {{type: 'positions', tick: number, places: Map<number, {x: number, y: number}>}} Positions */
/** @typedef {{type: 'refused', why: string}} Refused */
/** @typedef {Scene | Play | Snapshot | Joined | Left | Positions | Refused} Message */

/** @param {ArrayBuffer} buffer @returns {Message | null} null if unknown or cut short */
export function decode(buffer) {
  const view = new DataView(buffer);
  let at = 0;
  const u8 = () => view.getUint8(at++);
  const u16 = () => view.getUint16((at += 2) - 2);
  const u32 = () => view.getUint32((at += 4) - 4);
  const readers = {
    1() {
      const [width, height, count] = [u16(), u16(), u8()];
      const disc = () => ({ x: u16(), y: u16(), radius: u16(), hue: u16() });
      const discs = Array.from({ length: count }, disc);
      return width && height ? { type: 'scene', width, height, discs } : null;
    },
    3: () => ({ type: 'play', id: u16(), hue: u16() }),
    4() {
      const [tick, count, peers] = [u32(), u16(), new Map()];
      for (let i = 0; i < count; i++) peers.set(u16(), { x: u16(), y: u16(), hue: u16() });
      return { type: 'snapshot', tick, peers };
    },
    6: () => ({ type: 'joined', id: u16(), hue: u16() }),
    7: () => ({ type: 'left', id: u16() }),
    8() {
      const [tick, count, places] = [u32(), u16(), new Map()];
      for (let i = 0; i < count; i++) places.set(u16(), { x: u16(), y: u16() });
      return { type: 'positions', tick, places };
    },
    10: () => ({ type: 'refused', why: new TextDecoder().decode(new Uint8Array(buffer, at)) }),
  };
  try {
    return readers[u8()]?.() ?? null;
  } catch (error) {
    if (error instanceof RangeError) return null; // read past the end
    throw error;
  }
}

export const encodeReady = () => Uint8Array.of(2);
export const encodeMove = (x, y) => Uint8Array.of(5, x >> 8, x & 255, y >> 8, y & 255);
export const encodeAway = () => Uint8Array.of(11);

/** To an arena: where the own marker is wanted. The greatest number counts. */
export function encodeSteer(number, x, y) {
  const bytes = new DataView(new ArrayBuffer(9));
  bytes.setUint8(0, 9);
  bytes.setUint32(1, number);
  bytes.setUint16(5, x);
  bytes.setUint16(7, y);
  return bytes.buffer;
}

/** Where the server has a WebSocket. @param {string} path */
export const address = (path) =>
  `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;
