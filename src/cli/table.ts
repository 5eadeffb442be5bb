/** A table that is printed row by row: widths are known beforehand, and what a narrow terminal has no room for is left out. */

export interface Column {
  readonly head: string;
  readonly width: number;
  /** Names stand to the left, figures to the right. */
  readonly align: "left" | "right";
  /** Columns of the highest number go first where there is no room; those of 0 stay. */
  readonly dispensable?: number;
}

const GAP = "  ";

export class Table {
  readonly #columns: readonly Column[];
  readonly #shown: readonly boolean[];

  /** `room` is the width of the terminal; unlimited in a file. */
  constructor(columns: readonly Column[], room: number | undefined) {
    this.#columns = columns;
    const shown = columns.map(() => true);
    const width = () =>
      columns.reduce((sum, { width }, i) => sum + (shown[i] ? width + GAP.length : 0), -GAP.length);
    const order = [...columns.keys()]
      .filter((i) => columns[i].dispensable)
      .sort((a, b) => (columns[b].dispensable ?? 0) - (columns[a].dispensable ?? 0));
    while (order.length > 0 && width() > (room || Number.POSITIVE_INFINITY))
      shown[order.shift() as number] = false;
    this.#shown = shown;
  }

  get header(): string {
    return this.row(this.#columns.map(({ head }) => head));
  }

  /** A cell wider than its column pushes the rest of its row on. */
  row(cells: readonly string[]): string {
    const padded = this.#columns.map(({ width, align }, i) =>
      align === "left" ? cells[i].padEnd(width) : cells[i].padStart(width),
    );
    return padded
      .filter((_, i) => this.#shown[i])
      .join(GAP)
      .trimEnd();
  }
}
