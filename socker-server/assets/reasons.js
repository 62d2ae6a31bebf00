// Why there is no connection with a game server: what it did, in words. The client's codes are for programs.

const WORDS = {
  rejected: 'rejected the connection',
  timeout: 'gave no connection in time',
  'server-removed': 'has left the directory',
  'connection-failed': 'cannot be reached',
  'connection-lost': 'was lost',
  'channel-failed': 'closed a data channel',
  'directory-lost': 'cannot be asked without the directory',
};

/** @param {unknown} error  of the client @returns {string} */
export const reasonOf = (error) => WORDS[error?.code] ?? `gave no connection: ${error?.message ?? error}`;

/** Whether this browser can have data channels at all. */
export const HAS_WEBRTC = typeof RTCPeerConnection !== 'undefined';
