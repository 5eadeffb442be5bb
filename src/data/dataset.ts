/** What a data set is to the rest of the house; says nothing of where its bytes come from. */

/** A training or test half. Images and labels are read straight into memory that the caller owns. */
export interface Split {
  /** Number of samples. */
  readonly count: number;
  /** Writes count · width bytes, sample after sample. Throws an InputError where the file is not what its header says. */
  readImages(into: Uint8Array): void;
  /** Writes count bytes, each a class below `classes`. Throws an InputError on a label out of range. */
  readLabels(into: Uint8Array): void;
}

export interface Dataset {
  /** As the user named it: "mnist", or the folder. */
  readonly name: string;
  /** Shape of one sample, e.g. [28, 28]; `width` is its product. */
  readonly shape: readonly number[];
  readonly width: number;
  readonly classes: number;
  readonly train: Split;
  readonly test: Split;
}
