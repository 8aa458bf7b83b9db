// What this machine can do, in the same units as the benchmarks: limits THREADS [fma]
//   fma_gflops      multiply-adds of floats in registers, two operations each, all threads together
//   triad_*_gb_s    a = b + s c over arrays of floats, 12 bytes an element, in both caches and memory
//   gemm_gflops     basin's product 512 x 512 by 512 x 100 in float, one a thread; eigen_gemm_gflops: Eigen's
// Each is the best of some tries: what the machine can do when nobody else uses it. `fma` prints the first
// one alone.
#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "basin/core/product/gemm.hpp"
#ifdef _OPENMP
#include <omp.h>
#endif

namespace {

using Packet = Eigen::internal::packet_traits<float>::type;
constexpr int lanes = Eigen::internal::packet_traits<float>::size;
constexpr int chains = 12;  // independent, enough to hide the latency of two units

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// body(thread) in all threads at once.
void in_threads(int threads, const std::function<void(int)>& body) {
#ifdef _OPENMP
#pragma omp parallel num_threads(threads)
  body(omp_get_thread_num());
#else
  for (int t = 0; t < threads; ++t) body(t);
#endif
}

/// The best of `tries` times of body(thread), in seconds.
double best_seconds(int tries, int threads, const std::function<void(int)>& body) {
  double best = 1e300;
  for (int i = 0; i < tries; ++i) {
    const double begin = seconds();
    in_threads(threads, body);
    best = std::min(best, seconds() - begin);
  }
  return best;
}

double fma_gflops(int threads) {
  constexpr long rounds = 1'000'000;
  std::vector<float> sums(static_cast<std::size_t>(threads));
  const double s = best_seconds(5, threads, [&](int thread) {
    Packet a[chains];
    for (int k = 0; k < chains; ++k) a[k] = Eigen::internal::pset1<Packet>(static_cast<float>(k + thread));
    const Packet b = Eigen::internal::pset1<Packet>(0.999f), c = Eigen::internal::pset1<Packet>(1e-3f);
    for (long i = 0; i < rounds; ++i)
      for (int k = 0; k < chains; ++k) a[k] = Eigen::internal::pmadd(a[k], b, c);
    float sum = 0;
    for (const Packet& p : a) sum += Eigen::internal::predux(p);
    sums[static_cast<std::size_t>(thread)] = sum;
  });
  volatile float sink = sums[0];  // nothing may be left out
  (void)sink;
  return 2e-9 * static_cast<double>(rounds) * chains * lanes * threads / s;
}

/// `bytes` for the three arrays of one thread together.
double triad(int threads, long bytes) {
  const long n = bytes / 12, repeats = std::max(1L, 60'000'000 / bytes);
  std::vector<Eigen::ArrayXf> a(static_cast<std::size_t>(threads)), b = a, c = a;
  in_threads(threads, [&](int thread) {  // each thread touches its own memory first
    const auto t = static_cast<std::size_t>(thread);
    a[t] = Eigen::ArrayXf::Zero(n);
    b[t] = Eigen::ArrayXf::Ones(n);
    c[t] = Eigen::ArrayXf::Ones(n);
  });
  const double s = best_seconds(8, threads, [&](int thread) {
    const auto t = static_cast<std::size_t>(thread);
    for (long i = 0; i < repeats; ++i) a[t] = b[t] + (0.1f + static_cast<float>(i)) * c[t];
  });
  return 1e-9 * 12 * static_cast<double>(n) * static_cast<double>(repeats) * threads / s;
}

/// multiply(W, x, y): y = W x.
template <class Multiply>
double gemm_gflops(int threads, const Multiply& multiply) {
  constexpr long m = 512, k = 512, n = 100, repeats = 20;
  std::vector<Eigen::MatrixXf> W(static_cast<std::size_t>(threads), Eigen::MatrixXf::Ones(m, k)),
      x(static_cast<std::size_t>(threads), Eigen::MatrixXf::Ones(k, n)),
      y(static_cast<std::size_t>(threads), Eigen::MatrixXf::Zero(m, n));
  const double s = best_seconds(8, threads, [&](int thread) {
    const auto t = static_cast<std::size_t>(thread);
    for (long i = 0; i < repeats; ++i) multiply(W[t], x[t], y[t]);
  });
  return 2e-9 * double(m * k * n * repeats) * threads / s;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 0;
  const bool all = argc == 2;
  if (threads < 1 || !(all || (argc == 3 && std::strcmp(argv[2], "fma") == 0))) {
    std::fprintf(stderr, "usage: %s THREADS [fma]\n", argv[0]);
    return 2;
  }
  Eigen::setNbThreads(1);
  basin::set_num_threads(1);  // each thread makes products of its own
  std::printf("fma_gflops %.1f\n", fma_gflops(threads));
  if (!all) return 0;
  std::printf("triad_l2_gb_s %.1f\n", triad(threads, 600'000));
  std::printf("triad_l3_gb_s %.1f\n", triad(threads, 6'000'000));
  std::printf("triad_memory_gb_s %.1f\n", triad(threads, 400'000'000));
  using Matrix = Eigen::MatrixXf;
  std::printf("gemm_gflops %.1f\n", gemm_gflops(threads, [](const Matrix& W, const Matrix& x, Matrix& y) {
                basin::gemm<float>(W, x, y);
              }));
  std::printf("eigen_gemm_gflops %.1f\n",
              gemm_gflops(threads, [](const Matrix& W, const Matrix& x, Matrix& y) { y.noalias() = W * x; }));
  return 0;
}
