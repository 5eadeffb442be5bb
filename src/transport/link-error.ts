/** What goes wrong between processes. */
import { LockstepError, type Where } from "../base/errors.ts";

/** A peer fell silent, never came, or is not who it should be. Exit code 1. */
export class LinkError extends LockstepError {
  constructor(code: string, message: string, fix: string, where: Where = {}, cause?: unknown) {
    super(code, message, fix, 1, where, cause);
  }
}

/** Frames were lost, repeated, changed or forged. Nothing is repaired: what has arrived is right, and the run ends. */
export class LinkBroken extends LinkError {
  constructor(peerName: string, what: string, cause?: unknown) {
    super(
      "link-broken",
      `the link to ${peerName} is broken: ${what}`,
      "look at the network between the hosts; the run can be resumed from its last checkpoint",
      {},
      cause,
    );
  }
}

/** Bytes that are no frame of the peer's. Whoever knows the peer makes a LinkBroken of it, or counts a stranger. */
export class FrameError extends LinkError {
  constructor(code: string, message: string) {
    super(code, message, "something else talks to this port, or the network damages data");
  }
}

/** A peer said that it stops; `where` is what it said of itself. Exit code 75: nothing went wrong here. */
export class PeerAborted extends LockstepError {
  constructor(message: string, where: Where) {
    super("aborted", message, "see its failure", 75, where);
  }
}
