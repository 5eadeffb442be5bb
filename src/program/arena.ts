/** Addresses in one shared memory, handed out once, in order, on cache-line borders. */

export const LINE_BYTES = 64;
/** The first addresses stay unused, so that 0 is no operand's address. */
const FIRST_ADDRESS = 1024;

export const alignUp = (bytes: number): number => Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;

export class Arena {
  #end = FIRST_ADDRESS;

  /** Reserves `bytes`; returns their address. Sizes may exceed any memory: whoever makes the memory checks the end. */
  reserve(bytes: number): number {
    const address = this.#end;
    this.#end += alignUp(bytes);
    return address;
  }

  /** Bytes in use, from address 0. */
  get endBytes(): number {
    return this.#end;
  }
}
