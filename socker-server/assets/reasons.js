// Why there is no connection with a game server, in words. The client's codes are for programs.

const WORDS = {
  rejected: 'it rejected the connection',
  timeout: 'there was no connection in time',
  'server-removed': 'it has left the directory',
  'connection-failed': 'it cannot be reached',
  'connection-lost': 'the connection was lost',
  'channel-failed': 'a data channel did not open',
  'directory-lost': 'there is no directory just now',
  'no-webrtc': 'this browser has no WebRTC',
};

/** @param {unknown} error  of the client @returns {string} */
export const reasonOf = (error) => WORDS[error?.code] ?? `${error?.message ?? error}`;

/** Whether this browser can have data channels at all. */
export const HAS_WEBRTC = typeof RTCPeerConnection !== 'undefined';
