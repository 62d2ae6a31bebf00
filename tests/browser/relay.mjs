/** A UDP port that passes datagrams on to another one and back, over a bad link. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Link } from './link.mjs';

/**
 * Opens it on 127.0.0.1.
 * @param {number} seed @param {string} target  the other address, with the same port @param {number} [loss]  of 100
 */
export async function relay(seed, target, loss) {
  const front = createSocket('udp4').bind(0, '127.0.0.1');
  await once(front, 'listening');
  const { port } = front.address();
  /** One for each address that sends here, with a socket by which answers find back. */
  const paths = new Map();
  let isOpen = true;

  const open = ({ address, port: from }) => {
    const socket = createSocket('udp4');
    const link = (way) => new Link(seed + 2 * paths.size + way, loss);
    const path = { there: link(0), back: link(1), socket };
    socket.on('message', (datagram) => path.back.cross(() => isOpen && front.send(datagram, from, address)));
    return path;
  };
  front.on('message', (datagram, source) => {
    const key = `${source.address}:${source.port}`;
    if (!paths.has(key)) paths.set(key, open(source));
    const { there, socket } = paths.get(key);
    there.cross(() => isOpen && socket.send(datagram, port, target));
  });
  return {
    port,
    /** What they have counted. @returns {{there: Link, back: Link}[]} */
    paths: () => [...paths.values()],
    close() {
      isOpen = false;
      front.close();
      for (const { socket } of paths.values()) socket.close();
    },
  };
}
