/** A tab that plays a game server: the binary protocol by hand, and the answering end of WebRTC. */

/**
 * Opens it. It registers with `metadata` once it is told to, and echoes on every data channel.
 * @param {string} path  where the directory takes servers
 */
export async function play(browser, address, path = '/directory/servers') {
  const page = await browser.context.newPage();
  await page.goto(`${address}socker.js`);
  await page.evaluate(prepare);
  const game = {
    page,
    /** Connects and registers; resolves when the directory has confirmed it. */
    register: (metadata) => page.evaluate(([path, json]) => window.register(path, json), [path, JSON.stringify(metadata)]),
    /** Has other metadata from now on, as they are. */
    update: (text) => page.evaluate((text) => window.send(13, text), text),
    /** What becomes of offers: they are answered, rejected or held back. */
    set: (policy) => page.evaluate((policy) => (window.policy = policy), policy),
    /** Leaves the directory; its peers stay. */
    leave: () => page.evaluate(() => window.socket.close()),
    /** Ends its peer connections. */
    hangUp: () => page.evaluate(() => window.peers.forEach((peer) => peer.close())),
    /** How many offers came. */
    offers: () => page.evaluate(() => window.offers),
    offered: (count) => page.waitForFunction((count) => window.offers === count, count),
    /** Answers what was held back. */
    release: () => page.evaluate(() => window.held.splice(0).forEach((answer) => answer())),
    /** Waits until so many candidates of clients came. */
    trickled: () => page.waitForFunction(() => window.candidates > 0),
    /** What was said about the channels that were opened: label, order, retransmits. */
    channels: () => page.evaluate(() => window.channels),
  };
  return game;
}

/** Runs in the page. */
function prepare() {
  window.policy = 'answer';
  window.peers = new Map();
  window.offers = 0;
  window.candidates = 0;
  window.held = [];
  window.channels = [];

  const bytes = (type, ...parts) => {
    const encoded = parts.flatMap((part) => [...(typeof part === 'string' ? new TextEncoder().encode(part) : part)]);
    return Uint8Array.from([type, ...encoded]);
  };
  const u32 = (id) => [id >>> 24, (id >> 16) & 255, (id >> 8) & 255, id & 255];
  window.send = (type, ...parts) => window.socket.send(bytes(type, ...parts));

  const sendCandidate = (client, candidate) => {
    if (!candidate) return window.send(9, u32(client), [0]);
    const { sdpMid, sdpMLineIndex, candidate: text } = candidate;
    window.send(9, u32(client), [sdpMid.length], sdpMid, [0, sdpMLineIndex], text);
  };

  const echo = ({ channel }) => {
    const { label, ordered, maxRetransmits, maxPacketLifeTime, protocol } = channel;
    window.channels.push({ label, ordered, maxRetransmits, maxPacketLifeTime, protocol });
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }) => channel.send(data);
  };

  const answer = async (client, sdp) => {
    window.peers.get(client)?.close();
    const peer = new RTCPeerConnection();
    window.peers.set(client, peer);
    peer.ondatachannel = echo;
    await peer.setRemoteDescription({ type: 'offer', sdp });
    await peer.setLocalDescription(await peer.createAnswer());
    peer.onicecandidate = ({ candidate }) => candidate?.candidate !== '' && sendCandidate(client, candidate);
    window.send(5, u32(client), peer.localDescription.sdp);
  };

  const told = async (data) => {
    const view = new DataView(data);
    const type = view.getUint8(0);
    const id = type === 16 || type < 9 ? view.getUint32(1) : 0;
    const text = (at) => new TextDecoder().decode(new Uint8Array(data, at));
    if (type === 4) {
      window.offers++;
      if (window.policy === 'reject') window.send(11, u32(id));
      else if (window.policy === 'hold') window.held.push(() => answer(id, text(5)));
      else await answer(id, text(5));
    } else if (type === 8) {
      window.candidates++;
      const length = view.getUint8(5);
      const peer = window.peers.get(id);
      if (!peer || !length) return;
      const sdpMid = new TextDecoder().decode(new Uint8Array(data, 6, length));
      const candidate = { sdpMid, sdpMLineIndex: view.getUint16(6 + length), candidate: text(8 + length) };
      await peer.addIceCandidate(candidate).catch(() => {});
    }
  };

  window.register = (path, json) =>
    new Promise((resolve, reject) => {
      const socket = (window.socket = new WebSocket(path));
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => window.send(0, json);
      socket.onerror = () => reject(new Error('the directory is not there'));
      socket.onmessage = ({ data }) => {
        if (new Uint8Array(data)[0] === 16) resolve(new DataView(data).getUint32(1));
        else told(data);
      };
    });
}
