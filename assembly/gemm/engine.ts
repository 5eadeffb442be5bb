/** What the engine makes of our vectors: imported when a thread instantiates the kernels, constant afterwards. */

/** 1 where the engine turns pairs of v128 into 256-bit vectors, else 0. Chooses tile shapes, never bits. */
export declare const wide: i32;
