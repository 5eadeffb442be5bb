/** The matrix products that are measured, alone and with what is fused into them: one line each. */
import type { KernelName, Kernels } from "../kernels/abi.ts";
import { SHAPE_SETS, type Shape, VARIANTS, type Variant } from "./shapes.ts";

export interface ProductKernel {
  readonly kernel: KernelName;
  readonly variant: Variant;
  /** Its arguments, in the words of operand.ts: c, a and b first where it is a product and nothing more. */
  readonly call: string;
  /** The kernel that says how much scratch it needs. */
  readonly scratch: "gemmScratchBytes" | "updateScratchBytes";
}

/** Products alone, by variant: from 0, without bias and activation. */
export const PRODUCTS = Object.fromEntries(
  VARIANTS.map((variant) => {
    const call = "c a b 0 m n k n lda ldb 0 0 scratch";
    return [variant, { kernel: `gemm${variant}`, variant, call, scratch: "gemmScratchBytes" }];
  }),
) as Readonly<Record<Variant, ProductKernel>>;

const update = (kernel: KernelName, weights: string): ProductKernel => ({
  ...{
    kernel,
    variant: "TN",
    call: `${weights} a b hyper m n k lda ldb scratch`,
    scratch: "updateScratchBytes",
  },
});

/** Gradients of weights that end in an update. */
const FUSED: readonly ProductKernel[] = [
  update("gemmTNSgd", "weights"),
  update("gemmTNMomentum", "weights weights"),
  update("gemmTNAdam", "weights weights weights"),
];

export function productsOf(shapes: readonly Shape[]): [kernel: ProductKernel, shape: Shape][] {
  return shapes.map((shape) => [PRODUCTS[shape.variant], shape]);
}

/** What is fused, for the gradients of the sets' layers. */
export function fusedProducts(): [kernel: ProductKernel, shape: Shape][] {
  const shapes = SHAPE_SETS.mlp.filter(({ variant }) => variant === "TN");
  return FUSED.flatMap((kernel) => shapes.map((shape): [ProductKernel, Shape] => [kernel, shape]));
}

/** Whether it is C = A · B and nothing more, as a peer computes it. */
export const isAlone = (kernel: KernelName): boolean =>
  Object.values(PRODUCTS).some((one) => one.kernel === kernel);

/** Scratch bytes, as the kernels themselves say: an i32 that has no sign. */
export const scratchBytes = ({ scratch }: ProductKernel, { m, n, k }: Shape, kernels: Kernels): number =>
  kernels[scratch](m, n, k) >>> 0;
