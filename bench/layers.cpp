// basin alone, piece by piece, with Google Benchmark: products, layers, maps, Adam, orbits, Jacobians, in
// float and one thread. `bench_layers` runs the sizes that are listed below; other sizes are arguments:
//
//     bench_layers product/256/256/32 conv_vjp/64/64/16/10/1 --benchmark_min_time=0.1
//
// flops counts two operations for each multiply-add, a convolution as the definition does; bytes are those
// that must be read or written at least once.
#include <benchmark/benchmark.h>

#include <cstdio>   // std::fprintf
#include <cstdlib>  // std::strtol
#include <string>
#include <vector>

#include "basin/compose/fully_connected.hpp"
#include "basin/core/parallel.hpp"
#include "basin/core/product/gemm.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/initial.hpp"
#include "works.hpp"

namespace {

using namespace basin;
using benchmark::State;
using S = float;

/// What one round does: operations and least traffic in numbers of S.
void count(State& state, double flops, double numbers) {
  const auto rounds = static_cast<double>(state.iterations());
  if (flops > 0) state.counters["flops"] = benchmark::Counter(flops * rounds, benchmark::Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(numbers * rounds * sizeof(S)));
}

/// Operations of one forward pass.
template <class F>
double flops_of(const F& f, Index batch) {
  return 2 * double(multiply_adds(f)) * double(batch);
}

/// C = op(A) op(B), m x k by k x n; by Eigen, to compare with, where `eigen`.
template <GemmOp A, GemmOp B, bool eigen = false>
void product(State& state) {
  const Index m = state.range(0), k = state.range(1), n = state.range(2);
  const Mat<S> a = A == GemmOp::plain ? Mat<S>::Random(m, k) : Mat<S>::Random(k, m);
  const Mat<S> b = B == GemmOp::plain ? Mat<S>::Random(k, n) : Mat<S>::Random(n, k);
  Mat<S> c(m, n);
  for (auto _ : state) {
    if constexpr (!eigen)
      gemm<S, A, B>(a, b, c);
    else if constexpr (A == GemmOp::transposed)
      c.noalias() = a.transpose() * b;
    else if constexpr (B == GemmOp::transposed)
      c.noalias() = a * b.transpose();
    else
      c.noalias() = a * b;
    benchmark::DoNotOptimize(c.data());
  }
  count(state, 2 * double(m) * double(k) * double(n), double(m * k + k * n + m * n));
}

/// A layer with random parameters and input, after its forward.
template <class F>
struct Running {
  F f;
  Vec<S> theta;
  Mat<S> x, y, y_bar, x_bar;
  Vec<S> theta_bar;
  typename F::Cache cache;
  Running(F layer, Index batch)
      : f(std::move(layer)),
        theta(Vec<S>::Random(f.param_size())),
        x(Mat<S>::Random(f.in_size(), batch)),
        y(f.out_size(), batch),
        y_bar(Mat<S>::Random(f.out_size(), batch)),
        x_bar(f.in_size(), batch),
        theta_bar(Vec<S>::Zero(f.param_size())) {
    f.forward(theta, x, y, cache);
  }
  void forward(State& state, double flops) {
    for (auto _ : state) {
      f.forward(theta, x, y, cache);
      benchmark::DoNotOptimize(y.data());
    }
    count(state, flops, double(theta.size() + x.size() + y.size()));
  }
  void vjp(State& state, double flops) {
    for (auto _ : state) {
      f.vjp(theta, x, y, cache, y_bar, x_bar, theta_bar);
      benchmark::DoNotOptimize(x_bar.data());
    }
    count(state, 2 * flops, 2 * double(theta.size() + x.size() + y.size()));
  }
};

template <bool Vjp>
void dense(State& state) {  // in, out, batch
  const Index in = state.range(0), out = state.range(1), batch = state.range(2);
  Running r(Dense<S>(in, out), batch);
  const double flops = flops_of(r.f, batch);
  Vjp ? r.vjp(state, flops) : r.forward(state, flops);
}

template <bool Vjp>
void conv(State& state) {  // in, out, side, batch, stride
  const Index in = state.range(0), out = state.range(1), side = state.range(2), batch = state.range(3);
  Running r(Conv2d<S>({in, side, side},
                      {.out_channels = out, .stride = state.range(4), .padding = Padding::all(1)}),
            batch);
  const double flops = flops_of(r.f, batch);
  Vjp ? r.vjp(state, flops) : r.forward(state, flops);
}

template <class Phi, bool Vjp>
void map(State& state) {  // features, batch
  Running r(Pointwise<S, Phi>(state.range(0)), state.range(1));
  Vjp ? r.vjp(state, 0) : r.forward(state, 0);
  state.SetItemsProcessed(state.iterations() * state.range(0) * state.range(1));
}

void adam(State& state) {  // parameters
  const Index n = state.range(0);
  Vec<S> theta = Vec<S>::Random(n);
  const Vec<S> gradient = Vec<S>::Random(n);
  Adam<S> optimizer({.learning_rate = 1e-6});
  for (auto _ : state) {
    optimizer.step(gradient, theta);
    benchmark::DoNotOptimize(theta.data());
  }
  count(state, 0, 7 * double(n));  // reads four, writes three
  state.SetItemsProcessed(state.iterations() * n);
}

auto network(Index d, Index width, Index hidden) {
  const auto net = fully_connected<S>(d, width, hidden);
  return Model(net, initial_values(net, initial::pytorch_default(), 1));
}
void iterate(State& state) {  // d, width, hidden, starts; ten iterates
  const Index d = state.range(0), width = state.range(1), hidden = state.range(2), starts = state.range(3);
  const auto f = network(d, width, hidden);
  const Mat<S> x = Mat<S>::Random(d, starts);
  for (auto _ : state) benchmark::DoNotOptimize(orbit(f, x, {.max_steps = 10}).x.data());
  count(state, 10 * flops_of(f.layer, starts), 10 * double(f.theta.size()));
  state.SetItemsProcessed(state.iterations() * 10 * starts);
}
void jacobian_at(State& state) {  // d, width, hidden
  const Index d = state.range(0), width = state.range(1), hidden = state.range(2);
  const auto f = network(d, width, hidden);
  const Vec<S> x = Vec<S>::Random(d);
  for (auto _ : state) benchmark::DoNotOptimize(jacobian(f, x).data());
  const bench::Work with{"", bench::Task::jacobian,
                         bench::FullyConnectedNet{int(hidden), int(width), int(d), 1}};
  count(state, with.operations(), double(f.theta.size() + d * d));
}

struct Entry {
  const char* name;
  void (*run)(State&);
  const char* sizes;  // what the arguments are
  std::vector<std::vector<std::int64_t>> standard;
};
using Sizes = decltype(Entry::standard);
const Sizes dense_sizes = {{512, 512, 100}, {128, 128, 20}, {784, 128, 100}};
const Sizes conv_sizes = {{1, 1, 7, 5, 1},     {64, 64, 32, 1, 1},  {64, 64, 16, 10, 1},
                          {64, 64, 16, 10, 2}, {128, 128, 3, 2, 1}, {3, 64, 32, 1, 1}};
const std::vector<Entry> entries = {
    {"product",
     product<GemmOp::plain, GemmOp::plain>,
     "m/k/n",
     {{512, 512, 100}, {128, 128, 20}, {784, 128, 100}, {512, 3, 100}}},
    {"product_At_B", product<GemmOp::transposed, GemmOp::plain>, "m/k/n", {{512, 512, 100}, {128, 128, 20}}},
    {"product_A_Bt", product<GemmOp::plain, GemmOp::transposed>, "m/k/n", {{512, 100, 512}, {128, 20, 128}}},
    {"eigen_product",
     product<GemmOp::plain, GemmOp::plain, true>,
     "m/k/n",
     {{512, 512, 100}, {128, 128, 20}}},
    {"eigen_product_At_B",
     product<GemmOp::transposed, GemmOp::plain, true>,
     "m/k/n",
     {{512, 512, 100}, {128, 128, 20}}},
    {"eigen_product_A_Bt",
     product<GemmOp::plain, GemmOp::transposed, true>,
     "m/k/n",
     {{512, 100, 512}, {128, 20, 128}}},
    {"dense", dense<false>, "in/out/batch", dense_sizes},
    {"dense_vjp", dense<true>, "in/out/batch", dense_sizes},
    {"conv", conv<false>, "in/out/side/batch/stride", conv_sizes},
    {"conv_vjp", conv<true>, "in/out/side/batch/stride", conv_sizes},
    {"leaky_relu", map<LeakyRelu, false>, "features/batch", {{512, 100}}},
    {"leaky_relu_vjp", map<LeakyRelu, true>, "features/batch", {{512, 100}}},
    {"tanh", map<Tanh, false>, "features/batch", {{512, 100}}},
    {"sigmoid", map<Sigmoid, false>, "features/batch", {{512, 100}}},
    {"gelu", map<Gelu, false>, "features/batch", {{512, 100}}},
    {"cosid", map<Cosid, false>, "features/batch", {{512, 100}}},
    {"adam", adam, "parameters", {{1000}, {100'000}, {2'400'000}}},
    {"orbit", iterate, "d/width/hidden/starts", {{3, 128, 10, 1000}, {3, 512, 10, 64}}},
    {"jacobian", jacobian_at, "d/width/hidden", {{784, 128, 7}, {3, 512, 10}}},
};

/// "conv/64/64/32/1/1" becomes a benchmark; false if there is none of this name with so many sizes.
bool add(const std::string& text) {
  const std::string name = text.substr(0, text.find('/'));
  std::vector<std::int64_t> sizes;
  for (std::size_t at = name.size(); at < text.size();) {
    char* end = nullptr;
    sizes.push_back(std::strtol(text.c_str() + at + 1, &end, 10));
    if (end == text.c_str() + at + 1 || sizes.back() < 1 || (*end != '/' && *end != '\0')) return false;
    at = static_cast<std::size_t>(end - text.c_str());
  }
  for (const Entry& e : entries)
    if (name == e.name && sizes.size() == e.standard.front().size()) {
      benchmark::RegisterBenchmark(e.name, e.run)->Args(sizes)->Unit(benchmark::kMicrosecond);
      return true;
    }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  basin::set_num_threads(1);
  Eigen::setNbThreads(1);
  benchmark::Initialize(&argc, argv);  // takes the options that are its own
  for (int i = 1; i < argc; ++i)
    if (!add(argv[i])) {
      std::fprintf(stderr, "%s: no such benchmark: %s. There are\n", argv[0], argv[i]);
      for (const Entry& e : entries) std::fprintf(stderr, "  %s/%s\n", e.name, e.sizes);
      return 2;
    }
  if (argc == 1)
    for (const Entry& e : entries)
      for (const auto& sizes : e.standard)
        benchmark::RegisterBenchmark(e.name, e.run)->Args(sizes)->Unit(benchmark::kMicrosecond);
  benchmark::RunSpecifiedBenchmarks();
}
