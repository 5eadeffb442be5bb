/** The rows of `lockstep bench allreduce` as people read them. */
import type { AllreduceRow } from "../bench/allreduce-case.ts";
import { giga, microseconds } from "./figures.ts";
import { grouped } from "./progress.ts";
import { type Column, Table } from "./table.ts";

const right = (head: string, width: number, dispensable = 0): Column => ({
  ...{ head, width, align: "right" as const, dispensable },
});

const COLUMNS: readonly Column[] = [
  { head: "algorithm", width: 18, align: "left" },
  right("bytes", 11),
  right("median", 7),
  right("min", 7, 3),
  right("p99", 7, 2),
  right("algbw", 6, 4),
  right("busbw", 6),
  right("sent", 12, 5),
];

const members = ({ ranks, processes }: AllreduceRow): string =>
  processes === 1 || processes === ranks ? `${ranks} ranks` : `${ranks} ranks in ${processes} processes`;

/** Prints rows as they come; with a title where the transport changes. */
export class AllreduceTables {
  readonly #print: (line: string) => void;
  readonly #table: Table;
  #title = "";

  /** `room` is the width of the terminal; unlimited in a file. */
  constructor(print: (line: string) => void, room: number | undefined) {
    this.#print = print;
    this.#table = new Table(COLUMNS, room);
  }

  add(row: AllreduceRow): void {
    const { algorithm, bytes, us, minUs, p99Us, algbwGBs, busbwGBs, wireBytes, library } = row;
    const title = `${library ?? `Lockstep, ${row.transport}`}, ${members(row)}; time of a call, GB/s, bytes sent`;
    if (title !== this.#title) {
      if (this.#title !== "") this.#print("");
      this.#print(title);
      this.#print(this.#table.header);
      this.#title = title;
    }
    const times = [us, minUs, p99Us].map(microseconds);
    const rates = [algbwGBs, busbwGBs].map(giga);
    const sent = library === undefined ? grouped(wireBytes) : "";
    this.#print(this.#table.row([algorithm, grouped(bytes), ...times, ...rates, sent]));
  }
}
