// What a game server's connection tells its page on the way.

/** This page's offer has gone, or the server's answer has come. */
export class ServerDescriptionEvent extends Event {
  /** @param {RTCSdpType} type  'offer' or 'answer' @param {string} sdp */
  constructor(type, sdp) {
    super(type);
    this.sdp = sdp;
  }
}
