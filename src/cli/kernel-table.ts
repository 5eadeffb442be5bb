/** The rows of `lockstep bench kernels` as tables: one of matrix products, one of everything else. */
import { isProduct, type KernelRow, type ProductRow, type VectorRow } from "../bench/kernel-row.ts";
import { giga, microseconds, share } from "./figures.ts";
import { grouped } from "./progress.ts";
import { type Column, Table } from "./table.ts";

const left = (head: string, width: number): Column => ({ head, width, align: "left" });
const right = (head: string, width: number, dispensable = 0): Column => ({
  head,
  width,
  align: "right",
  dispensable,
});

const TIMES = [right("min", 7, 3), right("median", 7), right("p95", 7, 2)];
const PER_THREAD = right("per thread", 11, 4);

/** Prints rows as they come, with a title and a header where another table begins. */
export class KernelTables {
  readonly #print: (line: string) => void;
  readonly #room: number | undefined;
  readonly #threads: number;
  readonly #peer: string | null;
  #table: { readonly table: Table; readonly products: boolean } | null = null;

  constructor(print: (line: string) => void, room: number | undefined, threads: number, peer: string | null) {
    this.#print = print;
    this.#room = room;
    this.#threads = threads;
    this.#peer = peer;
  }

  add(row: KernelRow): void {
    const products = isProduct(row);
    if (this.#table?.products !== products) {
      if (this.#table !== null) this.#print("");
      const table = new Table(products ? this.#productColumns() : this.#vectorColumns(), this.#room);
      this.#table = { table, products };
      this.#print(`${products ? PRODUCTS : VECTORS}; ${row.engine}, ${threadsText(row.threads)}`);
      this.#print(table.header);
    }
    this.#print(this.#table.table.row(products ? this.#product(row) : this.#vector(row)));
  }

  #perThread(): Column[] {
    return this.#threads > 1 ? [PER_THREAD] : [];
  }

  #productColumns(): Column[] {
    const peer = this.#peer === null ? [] : [right(this.#peer, 8), right("ratio", 5)];
    const name = left("gemm, m×n×k", 17);
    return [name, right("GFLOP/s", 7), right("peak", 5), ...this.#perThread(), ...TIMES, ...peer];
  }

  #vectorColumns(): Column[] {
    const sizes = [left("kernel", 24), right("n", 9)];
    return [...sizes, right("GB/s", 6), right("copy", 5), ...this.#perThread(), ...TIMES];
  }

  #product({ variant, m, n, k, gflops, peer, ...row }: ProductRow): string[] {
    const against = this.#peer === null ? [] : peer ? [giga(peer.gflops), peer.ratio.toFixed(2)] : ["", ""];
    return [`${variant} ${m}×${n}×${k}`, giga(gflops), ...figures(row), ...against];
  }

  #vector({ kernel, n, gbs, ...row }: VectorRow): string[] {
    return [kernel, grouped(n), giga(gbs), ...figures(row)];
  }
}

const PRODUCTS = "GFLOP/s, share of the multiply-add loop's, time of a call";
const VECTORS = "GB/s read and written, share of a copy's, time of a call";

const threadsText = (threads: number): string =>
  threads === 1 ? "1 thread" : `${threads} threads at once, all together`;

function figures({
  percentOfPeak,
  perThread,
  us,
}: Pick<KernelRow, "percentOfPeak" | "perThread" | "us">): string[] {
  const spread = perThread ? [`${giga(Math.min(...perThread))}…${giga(Math.max(...perThread))}`] : [];
  return [share(percentOfPeak), ...spread, ...[us.min, us.median, us.p95].map(microseconds)];
}
