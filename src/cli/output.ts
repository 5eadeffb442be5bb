/** stdout carries results, stderr talk: who writes where, and how loud. */
import { styleText } from "node:util";
import { canLive, type Environment, hasColour, LiveLine, type Stream } from "./live-line.ts";

type Style = Parameters<typeof styleText>[0];

export class Output {
  json = false;
  quiet = false;
  verbose = false;
  /** Receives every line of talk, also what quietness keeps from stderr. */
  log: ((line: string) => void) | null = null;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly environment: Environment;
  readonly #live: LiveLine;

  constructor(stdout: Stream, stderr: Stream, environment: Environment) {
    this.stdout = stdout;
    this.stderr = stderr;
    this.environment = environment;
    this.#live = new LiveLine(stderr);
  }

  /** A line of results for people; nothing with --json. */
  result(line: string): void {
    if (!this.json) this.#above(() => this.stdout.write(`${line}\n`));
  }

  /** A result for programs; nothing without --json. */
  object(value: object): void {
    if (this.json) this.#above(() => this.stdout.write(`${JSON.stringify(value)}\n`));
  }

  /** A line of talk. */
  say(line: string): void {
    this.log?.(line);
    if (!this.quiet) this.#above(() => this.stderr.write(`${line}\n`));
  }

  /** Talk for who asked for more. */
  detail(line: string): void {
    if (this.verbose) this.say(line);
    else this.log?.(line);
  }

  /** What even the quiet want to know. */
  complain(line: string): void {
    this.log?.(line);
    this.#above(() => this.stderr.write(`${line}\n`));
  }

  get isLive(): boolean {
    return canLive(this.stderr, this.environment);
  }

  /** Columns that results have room for: a terminal's; a file takes any width. */
  get room(): number | undefined {
    return this.stdout.isTTY ? this.stdout.columns || undefined : undefined;
  }

  /** The line under everything else; "" takes it away. */
  live(text: string): void {
    if (!this.quiet && this.isLive) this.#live.draw(text);
  }

  /** Coloured for stderr, if it wants colours. */
  styled(style: Style, text: string): string {
    return hasColour(this.stderr, this.environment)
      ? styleText(style, text, { validateStream: false })
      : text;
  }

  #above(write: () => void): void {
    this.#live.above(write);
  }
}
