/** The rows of `lockstep bench kernels` as tables: one of matrix products, one of everything else. */
import type { KernelCase } from "../bench/case.ts";
import { isProduct, type KernelRow, type ProductRow, type VectorRow } from "../bench/kernel-row.ts";
import type { Shape } from "../bench/shapes.ts";
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

/** What is known of all rows before the first one comes. */
export interface TableSettings {
  /** Width of the terminal; unlimited in a file. */
  readonly room: number | undefined;
  readonly threads: number;
  /** The peer's name, if there is one. */
  readonly peer: string | null;
  readonly cases: readonly KernelCase[];
}

/** Prints rows as they come, with a title and a header where another table begins. */
export class KernelTables {
  readonly #print: (line: string) => void;
  readonly #settings: TableSettings;
  #table: { readonly table: Table; readonly products: boolean } | null = null;

  constructor(print: (line: string) => void, settings: TableSettings) {
    this.#print = print;
    this.#settings = settings;
  }

  add(row: KernelRow): void {
    const products = isProduct(row);
    if (this.#table?.products !== products) {
      if (this.#table !== null) this.#print("");
      const table = new Table(products ? this.#productColumns() : this.#vectorColumns(), this.#settings.room);
      this.#table = { table, products };
      this.#print(`${products ? PRODUCTS : VECTORS}; ${row.engine}, ${threadsText(row.threads)}`);
      this.#print(table.header);
    }
    this.#print(this.#table.table.row(products ? this.#product(row) : this.#vector(row)));
  }

  #perThread(): Column[] {
    return this.#settings.threads > 1 ? [PER_THREAD] : [];
  }

  #productColumns(): Column[] {
    const { peer, cases } = this.#settings;
    const against = peer === null ? [] : [right(peer, 8), right("ratio", 5)];
    const names = cases.map(({ kernel, shape }) => (shape ? productName(kernel, shape) : ""));
    const name = left(HEAD, Math.max(HEAD.length, ...names.map(({ length }) => length)));
    return [name, right("GFLOP/s", 7), right("peak", 5), ...this.#perThread(), ...TIMES, ...against];
  }

  #vectorColumns(): Column[] {
    const names = this.#settings.cases.map(({ kernel, shape }) => (shape ? 0 : kernel.length));
    const sizes = [left("kernel", Math.max("kernel".length, ...names)), right("n", 9, 1)];
    return [...sizes, right("GB/s", 6), right("copy", 5), ...this.#perThread(), ...TIMES];
  }

  #product(row: ProductRow): string[] {
    const { kernel, gflops, peer } = row;
    const beside = peer ? [giga(peer.gflops), peer.ratio.toFixed(2)] : ["", ""];
    const against = this.#settings.peer === null ? [] : beside;
    return [productName(kernel, row), giga(gflops), ...figures(row), ...against];
  }

  #vector({ kernel, n, gbs, ...row }: VectorRow): string[] {
    return [kernel, grouped(n), giga(gbs), ...figures(row)];
  }
}

const HEAD = "gemm, m×n×k";

/** "NN 64×64×64", "TNAdam 784×128×32" */
function productName(kernel: string, { variant, m, n, k }: Shape): string {
  return `${kernel === "gemm" ? variant : kernel.replace(/^gemm/, "")} ${m}×${n}×${k}`;
}

const PRODUCTS = "GFLOP/s, share of the multiply-add loop's, time of a call";
/** A kernel that works in place can be faster than a copy, whose stores fetch the lines that they overwrite. */
const VECTORS = "GB/s, share of a copy's (in place: more), time of a call";

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
