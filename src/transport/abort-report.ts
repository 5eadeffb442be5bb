/** Why a process stops, in the last frame that it sends, and as the error of those who hear it. */
import { PeerAborted } from "./link-error.ts";
import type { AbortReport } from "./transport.ts";

const LONGEST_MESSAGE = 2000;

export function encodeReport(report: AbortReport): Buffer {
  return Buffer.from(JSON.stringify({ ...report, message: report.message.slice(0, LONGEST_MESSAGE) }));
}

export function abortedBy(peerName: string, payload: Buffer): PeerAborted {
  const { message, rank, host, step } = readReport(payload);
  return new PeerAborted(`${peerName} stopped: ${message}`, {
    ...(typeof rank === "number" && { rank }),
    ...(typeof host === "string" && { host }),
    ...(typeof step === "number" && { step }),
  });
}

/** What is no report, since it was cut off, is shown as it is. */
function readReport(payload: Buffer): { [name in keyof AbortReport]?: unknown } {
  const text = payload.toString();
  try {
    const report: unknown = JSON.parse(text);
    if (typeof report === "object" && report !== null) return report;
  } catch {
    // Shown below.
  }
  return { message: text };
}
