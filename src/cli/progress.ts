/** The words of the progress line, for any width of terminal. Draws nothing. */
import type { Progress } from "../job/options.ts";

export interface Glyphs {
  readonly done: string;
  readonly left: string;
}

export const UNICODE: Glyphs = { done: "━", left: "─" };
export const ASCII: Glyphs = { done: "#", left: "-" };
const WIDEST_BAR = 30;
const NARROWEST_BAR = 8;

/** One line of at most `columns` − 1 characters (the last column would wrap), as much as fits; "" if nothing does. */
export function progressLine(progress: Progress, columns: number, glyphs: Glyphs): string {
  const room = columns - 1;
  const epoch = `epoch ${progress.epoch}/${progress.epochs}`;
  const step = `step ${grouped(progress.step)}/${grouped(progress.steps)}`;
  const percent = `${Math.floor(100 * fraction(progress))} %`;
  const loss = `loss ${lossText(progress.loss)}`;
  const speed = `${rate(progress.samplesPerSecond)} samples/s`;
  const left = duration(progress.secondsLeft);
  const choices = [
    [epoch, step, loss, speed, `${left} left`],
    [epoch, loss, speed, `${left} left`],
    [epoch, loss, `${left} left`],
    [percent, loss, left],
    [percent, left],
    [percent],
  ].map((parts) => parts.join("  "));
  const words = choices.find((choice) => choice.length <= room) ?? "";
  const bar = Math.min(WIDEST_BAR, room - words.length - 2);
  if (words !== choices[0] || bar < NARROWEST_BAR) return words;
  const done = Math.round(bar * fraction(progress));
  return `${glyphs.done.repeat(done)}${glyphs.left.repeat(bar - done)}  ${words}`;
}

/** The line for a log: everything, no bar. */
export function progressNote(progress: Progress): string {
  return [
    `epoch ${progress.epoch}/${progress.epochs}`,
    `step ${progress.step}/${progress.steps}`,
    `loss ${lossText(progress.loss)}`,
    `${rate(progress.samplesPerSecond)} samples/s`,
    `${duration(progress.secondsLeft)} left`,
  ].join("  ");
}

function fraction({ step, steps }: Progress): number {
  return steps > 0 ? Math.min(1, Math.max(0, step / steps)) : 0;
}

/** Four significant digits, without an exponent in the usual range: 2.303, 0.04212. */
export function lossText(loss: number): string {
  if (!Number.isFinite(loss)) return String(loss);
  const small = loss !== 0 && Math.abs(loss) < 1e-3;
  return small || Math.abs(loss) >= 1e5 ? loss.toExponential(2) : loss.toPrecision(4);
}

/** 412,345 */
export function grouped(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Three digits are all that a rate is good for: 85, 8,520, 412k, 1.25M. */
export function rate(perSecond: number): string {
  if (!Number.isFinite(perSecond) || perSecond < 0) return "?";
  if (perSecond < 1e4) return grouped(perSecond);
  if (perSecond < 999_500) return `${Math.round(perSecond / 1e3)}k`;
  return `${(perSecond / 1e6).toPrecision(3)}M`;
}

/** 7 s, 1:05, 2:03:04; ? before it is known. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "?";
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
