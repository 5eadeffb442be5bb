/**
 * The border between TypeScript and the kernels: the twin of assembly/index.ts, name by name.
 *
 * Every argument is an i32: a byte address in the shared memory, a count, a stride in elements, or a flag.
 * Real-valued settings (learning rate, …) are read from memory, so that a call allocates nothing.
 * Order of arguments: outputs, inputs, sizes, strides, flags, then scratch. Matrices are row-major; `ld…` is the
 * distance in elements between two rows as stored. `n`, `rows`, `columns` may be 0: nothing is read or written.
 */

/** The `activation` flag of a GEMM epilogue. */
export const ACTIVATION = { none: 0, relu: 1, sigmoid: 2, tanh: 3, gelu: 4 } as const;
export type ActivationName = Exclude<keyof typeof ACTIVATION, "none">;
/** The same flag of a product that is the gradient dy of an activation's output, to be taken on to that of its input. */
export const ACTIVATION_GRADIENT = { relu: 5, sigmoid: 6, tanh: 7, gelu: 8 } as const;

export interface Kernels {
  /** 1 if this binary's multiply-add is fused on this engine, else 0. */
  fused(): number;
  /** 1 if 2⁻¹²⁶ · 0.5 = 2⁻¹²⁷ on this thread (no flush-to-zero), else 0. */
  keepsSubnormals(): number;

  /** Scratch bytes that a rank must hand to any gemm of at most these sizes (64-byte aligned, private to the rank). */
  gemmScratchBytes(m: number, n: number, k: number): number;
  /**
   * C[m,n] = activation(A[m,k] · B[k,n] (+ C if beta = 1) (+ bias[n])), `operand` is the bias, 0 for none; or, with an
   * ACTIVATION_GRADIENT flag, C = (A · B (+ C)) · f′(saved), `operand` is the activation's output y (relu, sigmoid, tanh)
   * or input x (gelu), [m,n] with C's row stride.
   * Each element is one chain of multiply-adds over ascending k (NUMERICS §1.1), then the bias, then the activation.
   */
  gemmNN(
    c: number,
    a: number,
    b: number,
    operand: number,
    m: number,
    n: number,
    k: number,
    ldc: number,
    lda: number,
    ldb: number,
    beta: number,
    activation: number,
    scratch: number,
  ): void;
  /** The same with B stored transposed, as [n,k]. */
  gemmNT(
    c: number,
    a: number,
    b: number,
    operand: number,
    m: number,
    n: number,
    k: number,
    ldc: number,
    lda: number,
    ldb: number,
    beta: number,
    activation: number,
    scratch: number,
  ): void;
  /** The same with A stored transposed, as [k,m]. */
  gemmTN(
    c: number,
    a: number,
    b: number,
    operand: number,
    m: number,
    n: number,
    k: number,
    ldc: number,
    lda: number,
    ldb: number,
    beta: number,
    activation: number,
    scratch: number,
  ): void;

  /** y[i] = f(x[i]); y may be x. */
  relu(y: number, x: number, n: number): void;
  sigmoid(y: number, x: number, n: number): void;
  tanh(y: number, x: number, n: number): void;
  gelu(y: number, x: number, n: number): void;
  exp(y: number, x: number, n: number): void;
  log(y: number, x: number, n: number): void;
  /** dx[i] = dy[i] · f′, from the output y (relu, sigmoid, tanh) or the input x (gelu); dx may be dy. */
  reluGradient(dx: number, y: number, dy: number, n: number): void;
  sigmoidGradient(dx: number, y: number, dy: number, n: number): void;
  tanhGradient(dx: number, y: number, dy: number, n: number): void;
  geluGradient(dx: number, x: number, dy: number, n: number): void;
  /** out[i] = a[i] + b[i]; out may be a or b. */
  add(out: number, a: number, b: number, n: number): void;
  /** y[i,j] = x[i,j] + bias[j]; y may be x. */
  addBias(y: number, x: number, bias: number, rows: number, columns: number): void;
  /** x[i] *= factor[0]. */
  scale(x: number, factor: number, n: number): void;
  /** out[i] = x[i]; they may overlap. */
  copy(out: number, x: number, n: number): void;
  /**
   * state (u32[4]) goes on over the bits of x: element i by lane i mod 4, p = (state XOR x[i]) · 0x9e3779b1,
   * state ← p XOR (p >> 15). Each step is a bijection of the state and of the bits, so one element that
   * differs always shows.
   */
  fingerprint(state: number, x: number, n: number): void;
  /** out[j,i] = x[i,j] for i < rows, j < columns; out has rows of ldout elements, x of ldx; out must not overlap x. */
  transpose(out: number, x: number, rows: number, columns: number, ldout: number, ldx: number): void;

  /** losses[i] = logsumexp(z[i,:]) − z[i,label]; correct[i] (i32) = 1 if the argmax (ties: lowest class) is the label. */
  crossEntropy(
    losses: number,
    correct: number,
    z: number,
    labels: number,
    rows: number,
    classes: number,
  ): void;
  /** dz = (softmax(z) − onehot(labels)) · fround(1/batch); dz may be z. */
  crossEntropyGradient(
    dz: number,
    z: number,
    labels: number,
    rows: number,
    classes: number,
    batch: number,
  ): void;
  /** Both in one pass, with the bits of both; dz may be z. */
  crossEntropyWithGradient(
    dz: number,
    losses: number,
    correct: number,
    z: number,
    labels: number,
    rows: number,
    classes: number,
    batch: number,
  ): void;

  /** out[j] = Σ_i x[i,j], i ascending, from +0 (beta 0) or from the old out (beta 1). */
  columnSums(out: number, x: number, rows: number, columns: number, ldx: number, beta: number): void;
  /** out[i] = Σ_j x[i,j] in four lanes, element j in lane j mod 4, combined (0 + 1) + (2 + 3) (NUMERICS §1.5). */
  rowSums(out: number, x: number, rows: number, columns: number, ldx: number): void;
  /** out (f64) = Σ x[i] (f32), ascending in f64, from 0 (beta 0) or from the old out (beta 1). */
  sumAscending(out: number, x: number, n: number, beta: number): void;
  /** out[j] = Σ_i x[i,j]², one chain of multiply-adds per column, i ascending (NUMERICS §1.10). */
  squaredNorms(out: number, x: number, rows: number, columns: number, ldx: number): void;
  /** factor (f32) = min(1, limit / (√total + 1e-6)); total is an f64 sum of squares, limit an f32, in memory. */
  clipFactor(factor: number, total: number, limit: number): void;

  /** w ← w − lr·(g + weightDecay·w). `hyper` is a HYPER block. */
  sgd(w: number, g: number, hyper: number, n: number): void;
  /** v ← μ·v + (g + weightDecay·w); w ← w − lr·v. */
  momentum(w: number, v: number, g: number, hyper: number, n: number): void;
  /** Adam with bias correction and decoupled weight decay, of step t as adamAdvance left it. */
  adam(w: number, m: number, v: number, g: number, hyper: number, n: number): void;
  /** Scratch bytes for the three products below, of at most these sizes. */
  updateScratchBytes(m: number, n: number, k: number): number;
  /**
   * gemmTN and the update of w[m,n] in one: g[m,n] = xᵀ · dy, x stored [k,m], dy [k,n]; then sgd, momentum or adam with that
   * gradient, which is stored nowhere. w, v, mean and variance lie in one piece. The bits are those of the two calls.
   */
  gemmTNSgd(
    w: number,
    x: number,
    dy: number,
    hyper: number,
    m: number,
    n: number,
    k: number,
    ldx: number,
    ldy: number,
    scratch: number,
  ): void;
  gemmTNMomentum(
    w: number,
    v: number,
    x: number,
    dy: number,
    hyper: number,
    m: number,
    n: number,
    k: number,
    ldx: number,
    ldy: number,
    scratch: number,
  ): void;
  gemmTNAdam(
    w: number,
    mean: number,
    variance: number,
    x: number,
    dy: number,
    hyper: number,
    m: number,
    n: number,
    k: number,
    ldx: number,
    ldy: number,
    scratch: number,
  ): void;
  /** Multiplies the running β products (f64) of a HYPER block and writes the step's two corrections (f32). */
  adamAdvance(hyper: number): void;

  /** out[i,:] = f32(bytes[order[i],:]) / 255, correctly rounded. `order` is u32. */
  gatherBytes(out: number, bytes: number, order: number, rows: number, width: number): void;
  /** out[i] (i32) = labels[order[i]] (u8). */
  gatherLabels(out: number, labels: number, order: number, rows: number): void;

  /** out[e − first] (u32), e = first … first+count−1 of the stream at `stream` (a STREAM block). */
  philox(out: number, stream: number, first: number, count: number): void;
  /** out[e − first] = low + (high − low) · u, u = (bits >> 8) · 2⁻²⁴. */
  uniform(out: number, stream: number, first: number, count: number): void;
  /** out[e − first]: standard normals, pair (2j, 2j+1) by Box–Muller whatever the slice. */
  normal(out: number, stream: number, first: number, count: number): void;
}

export type KernelName = keyof Kernels;

/** A HYPER block: the optimizer's numbers. Byte offsets; f32 up to 40, then f64. 64-byte aligned. */
export const HYPER = {
  learningRate: 0,
  weightDecay: 4,
  momentum: 8,
  beta1: 12,
  beta2: 16,
  epsilon: 20,
  /** fround(1 − β1), fround(1 − β2): computed in f64 from the decimal β. */
  oneMinusBeta1: 24,
  oneMinusBeta2: 28,
  /** fround(1 / (1 − β1ᵗ)), fround(1 / (1 − β2ᵗ)): written by adamAdvance. */
  correction1: 32,
  correction2: 36,
  /** f64: running products β1ᵗ, β2ᵗ (1 before the first step) … */
  product1: 40,
  product2: 48,
  /** … advanced by these f64 factors, which stand in a cache line of their own: β1 at +0, β2 at +8. */
  factors: 64,
  bytes: 128,
} as const;

/** A STREAM block: Philox4x32-10's key and the upper half of its counter (u32 each), then low and high (f32). */
export const STREAM = { key0: 0, key1: 4, counter2: 8, counter3: 12, low: 16, high: 20, bytes: 32 } as const;
