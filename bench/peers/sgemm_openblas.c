/*
 * OpenBLAS's side of the comparison: GFLOP/s of sgemm, one line of JSON for each shape asked for, and the machine's peak.
 *
 *   gcc -O2 bench/peers/sgemm_openblas.c -o sgemm -lopenblas
 *   OPENBLAS_NUM_THREADS=1 ./sgemm peak NN,1024,1024,1024 TN,784,128,32
 *
 * A shape is VARIANT,M,N,K: C[m,n] = A · B, row-major; T marks the operand that is stored transposed.
 */
#include <cblas.h>
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 5, CHAINS = 12 };
static const double FLOP_A_ROUND = 1e9; /* calls are repeated until a round has about so many */

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

/*
 * Defines a function that gives the GFLOP/s of multiply-adds on vectors of one width, the best of ROUNDS rounds: enough
 * chains to hide the latency, and few enough for the registers.
 */
#define DEFINE_PEAK(NAME, TARGET, VECTOR, SET, FMA, LANES)              \
  __attribute__((target(TARGET))) static double NAME(void) {            \
    const long steps = 5000000;                                         \
    const VECTOR factor = SET(1.0001f), term = SET(0.5f);               \
    VECTOR chain[CHAINS];                                               \
    double best = 1e9;                                                  \
    for (int i = 0; i < CHAINS; i++) chain[i] = SET((float)i);          \
    for (int round = 0; round < ROUNDS; round++) {                      \
      double start = seconds();                                         \
      for (long step = 0; step < steps; step++) {                       \
        _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++)       \
          chain[i] = FMA(factor, chain[i], term);                       \
      }                                                                 \
      double took = seconds() - start;                                  \
      if (took < best) best = took;                                     \
    }                                                                   \
    float sum = 0;                                                      \
    for (int i = 0; i < CHAINS; i++) sum += ((float *)&chain[i])[0];    \
    volatile float keeps_the_loop = sum;                                \
    (void)keeps_the_loop;                                               \
    return 2.0 * CHAINS * LANES * steps / best / 1e9;                   \
  }
DEFINE_PEAK(peak_128_bit, "avx,fma", __m128, _mm_set1_ps, _mm_fmadd_ps, 4)
DEFINE_PEAK(peak_256_bit, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, 8)

/* `count` floats of a short period, so that no product is subnormal or infinite. */
static float *filled(long count, int period) {
  float *values = malloc(count * sizeof *values);
  for (long i = 0; i < count; i++) values[i] = (i % period) * 0.1f - 0.4f;
  return values;
}

/* The best GFLOP/s of ROUNDS rounds; the first, which warms up, does not count. */
static double measure(int a_transposed, int b_transposed, int m, int n, int k) {
  float *a = filled((long)m * k, 13), *b = filled((long)k * n, 7), *c = filled((long)m * n, 5);
  double flop = 2.0 * m * n * k, best = 1e9;
  long calls = flop > FLOP_A_ROUND ? 1 : (long)(FLOP_A_ROUND / flop);
  for (int round = 0; round <= ROUNDS; round++) {
    double start = seconds();
    for (long call = 0; call < calls; call++)
      cblas_sgemm(CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans, b_transposed ? CblasTrans : CblasNoTrans,
                  m, n, k, 1, a, a_transposed ? m : k, b, b_transposed ? k : n, 0, c, n);
    double took = (seconds() - start) / calls;
    if (round > 0 && took < best) best = took;
  }
  free(a), free(b), free(c);
  return flop / best / 1e9;
}

int main(int count, char **words) {
  for (int i = 1; i < count; i++) {
    char variant[3];
    int m, n, k;
    if (strcmp(words[i], "peak") == 0) {
      printf("{\"library\":\"%s\",\"peak128\":%.1f,\"peak256\":%.1f}\n", openblas_get_config(), peak_128_bit(), peak_256_bit());
    } else if (sscanf(words[i], "%2[NT],%d,%d,%d", variant, &m, &n, &k) == 4) {
      double gflops = measure(variant[0] == 'T', variant[1] == 'T', m, n, k);
      printf("{\"variant\":\"%s\",\"m\":%d,\"n\":%d,\"k\":%d,\"gflops\":%.2f}\n", variant, m, n, k, gflops);
    } else {
      fprintf(stderr, "%s is neither \"peak\" nor VARIANT,M,N,K such as NN,64,64,64\n", words[i]);
      return 2;
    }
  }
  return 0;
}
