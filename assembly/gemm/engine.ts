/** What suits the engine: imported when a thread instantiates the kernels, constant afterwards. */

/** The most rows that a tile may have (1 … 6): what the engine keeps in registers. Never changes bits. */
export declare const tileRows: i32;
