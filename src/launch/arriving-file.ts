/** A file that comes up a pipe piece by piece: there when the last piece is, or not at all. */
import { AtomicFile } from "../base/atomic-file.ts";

export class ArrivingFile {
  #file: AtomicFile | null = null;

  /** Returns true once the file is there. Throws what the disk refuses. */
  take(path: string, piece: Uint8Array, last: boolean): boolean {
    this.#file ??= new AtomicFile(path);
    this.#file.write(piece);
    if (!last) return false;
    this.#file.commit();
    this.#file = null;
    return true;
  }

  abandon(): void {
    this.#file?.abandon();
    this.#file = null;
  }
}
