/** What a model file prints is talk: with --json, when stdout is for our objects alone, it goes to stderr. */

export function divertConsole(): void {
  console.log = console.info = console.debug = console.error;
}
