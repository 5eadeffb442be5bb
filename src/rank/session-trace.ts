/** What a session records of its steps, and where: a ring for each rank, one for the main thread, one for what links carry. */
import type { FlightRecorder } from "../profile/flight-recorder.ts";
import { type SpanName, SpanRing } from "../profile/span-ring.ts";
import { StepRing, type TraceWindow } from "../profile/step-ring.ts";
import type { Inbox, Transport } from "../transport/transport.ts";
import type { RankJob } from "./job.ts";

export class SessionTrace {
  readonly window: TraceWindow;
  readonly spans: SpanRing;
  /** Of each rank, once the ranks are started. */
  rings: readonly StepRing[] = [];
  /** null in a process that has no others. */
  flights: FlightRecorder | null = null;

  /** `stepInHand` says what the process's first rank is at. */
  constructor(window: TraceWindow, stepInHand: () => number) {
    this.window = window;
    this.spans = new SpanRing(() => {
      const step = stepInHand();
      return step >= window.first && step <= window.last;
    });
  }

  /** The jobs of ranks that record. */
  record(jobs: readonly RankJob[]): RankJob[] {
    const { window } = this;
    this.rings = jobs.map(({ train }) => StepRing.make(window, train?.instructions.length ?? 0));
    return jobs.map((job, rank) => ({ ...job, trace: { window, numbers: this.rings[rank].numbers } }));
  }

  /** A transport whose sending is recorded as the main thread's work: making frames of messages, and sealing them. */
  sending(transport: Transport): Transport {
    const { self, peers } = transport;
    return {
      ...{ self, peers },
      send: (peer, message, sent) => {
        const begunMs = performance.now();
        transport.send(peer, message, sent);
        this.spans.end("send", message.channel, begunMs);
      },
      resume: () => transport.resume(),
      abort: (report) => transport.abort(report),
      close: () => transport.close(),
    };
  }

  /** An inbox whose taking in is recorded: putting what has come to its places, adding it, passing it on. */
  receiving(inbox: Inbox): Inbox {
    return {
      place: (arrival) => inbox.place(arrival),
      arrived: (arrival) => {
        const begunMs = performance.now();
        const { channel } = arrival;
        inbox.arrived(arrival);
        this.spans.end("receive", channel, begunMs);
      },
      failed: (error) => inbox.failed(error),
    };
  }
}

/** Does `work`, recorded as the main thread's if anything is. */
export async function recorded<Result>(
  trace: SessionTrace | null,
  name: SpanName,
  work: () => Promise<Result>,
): Promise<Result> {
  if (trace === null) return work();
  const begunMs = performance.now();
  const result = await work();
  trace.spans.end(name, -1, begunMs);
  return result;
}
