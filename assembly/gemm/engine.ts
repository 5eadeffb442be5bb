/** What suits the engine: imported when a thread instantiates the kernels, constant afterwards. Never changes bits. */

/** The most rows that a tile may have (1 … 6): what the engine keeps in registers. */
export declare const tileRows: i32;
/** 1 if four elements of A are to be loaded at a time and their lanes splatted: see splat.ts. */
export declare const tileSplats: i32;
