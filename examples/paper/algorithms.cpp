// Algorithms 1 and 2 of the paper, corrected, against the library's convolution and upsampling on random
// cases; products of their matrices against whole networks; and what the algorithms give as they are printed.
// Page: docs/paper/algorithms.md.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/core/model.hpp"
#include "basin/core/random.hpp"
#include "basin/data/starts.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/linearize/algorithms.hpp"
#include "literal_algorithms.hpp"
#include "support/contrast.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = double;

// The study: compares matrices with layers.

Conv2d<S> conv(const Shape& in, Index filters, Index stride) {
  return {
      in,
      {.out_channels = filters, .kernel = 3, .stride = stride, .padding = Padding::all(1), .bias = false}};
}

/// max |C add_ring(x) - add_ring(f(x))| / max |f(x)| over four random images x; infinite if the sizes differ.
template <class F>
double error_of(const Mat<S>& C, const Model<F>& f, Random& random) {
  const Mat<S> x = normal_starts<S>(f.layer.in_size(), 4, random);
  const Mat<S> y = add_ring(f(x), *out_shape(f.layer, in_shape(f.layer)));
  const Mat<S> padded = add_ring(x, *in_shape(f.layer));
  if (C.rows() != y.rows() || C.cols() != padded.rows()) return std::numeric_limits<double>::infinity();
  return (C * padded - y).cwiseAbs().maxCoeff() / y.cwiseAbs().maxCoeff();
}

constexpr double rounding = 1e-12;

/// How many of some cases came out right, in percent.
struct Share {
  Index right = 0, all = 0;
  void add(bool is_right) {
    right += is_right ? 1 : 0;
    ++all;
  }
  double percent() const { return 100 * static_cast<double>(right) / static_cast<double>(all); }
};

struct Run {
  double convolution = 0, upsampling = 0,
         composition = 0;                             // largest errors of the corrected algorithms, relative
  Share size_divides, size_does_not, shift, columns;  // the printed ones: lines 3 and 21, and line 8 of 2
};

void convolutions(Run& r, Index cases, Random& random) {
  for (Index k = 0; k < cases; ++k) {
    const Index s = 1 + random.below(9), f = 1 + random.below(3), filters = 1 + random.below(3);
    const Index stride = 1 + random.below(3);
    const Vec<S> theta = normal_starts<S>(9 * f * filters, 1, random);
    r.convolution = std::max(r.convolution, error_of(create_filter_matrix(theta, s, f, stride),
                                                     Model(conv({f, s, s}, filters, stride), theta), random));
    const Vec<S> one = theta.head(9 * f);  // what is printed has one output filter
    const Model model(conv({f, s, s}, 1, stride), one);
    const auto is_right = [&](literal::Line line) {
      return error_of(literal::create_filter_matrix(one, s, f, stride, line), model, random) < rounding;
    };
    (s % stride == 0 ? r.size_divides : r.size_does_not).add(is_right(literal::Line::size));
    if (stride < s) r.shift.add(is_right(literal::Line::shift));  // more than one row of outputs
  }
}

void upsamplings(Run& r, Index cases, Random& random) {
  for (Index k = 0; k < cases; ++k) {
    const Index s = 1 + random.below(6), f = 1 + random.below(3), scale = 1 + random.below(4);
    const Model model(UpsampleNearest<S>({f, s, s}, scale), Vec<S>());
    r.upsampling = std::max(r.upsampling, error_of(create_upsampling_matrix(s, f, scale), model, random));
    r.columns.add(error_of(literal::create_upsampling_matrix(s, f, scale), model, random) < rounding);
  }
}

/// Convolution with stride 2, convolution, upsampling, convolution.
void compositions(Run& r, Index cases, Random& random) {
  for (Index k = 0; k < cases; ++k) {
    const Index s = 1 + random.below(9), f = 1 + random.below(3), g = 1 + random.below(3), half = (s + 1) / 2;
    const Chain net(conv({f, s, s}, g, 2), conv({g, half, half}, 2, 1),
                    UpsampleNearest<S>({2, half, half}, 2), conv({2, 2 * half, 2 * half}, f, 1));
    const Vec<S> theta = normal_starts<S>(net.param_size(), 1, random);
    const Mat<S> A = create_filter_matrix(theta.head(9 * f * g), s, f, 2);
    const Mat<S> B = create_filter_matrix(theta.segment(9 * f * g, 9 * g * 2), half, g, 1);
    const Mat<S> C = create_filter_matrix(theta.tail(9 * 2 * f), 2 * half, 2, 1);
    r.composition = std::max(
        r.composition, error_of(C * create_upsampling_matrix(half, 2, 2) * B * A, Model(net, theta), random));
  }
}

// The claims.

/// What must never fail is shown by its worst case, not by a median.
std::vector<double> worst(const std::vector<Run>& runs, double Run::*which) {
  return {largest_of(of_each(runs, [&](const Run& r) { return r.*which; }))};
}
Share total(const std::vector<Run>& runs, Share Run::*which) {
  Share sum;
  for (const Run& r : runs) {
    sum.right += (r.*which).right;
    sum.all += (r.*which).all;
  }
  return sum;
}
/// "3 wrong of 10 cases OF".
std::string counted(const std::vector<Run>& runs, Share Run::*which, const std::string& of) {
  const Share sum = total(runs, which);
  return text(sum.all - sum.right, " wrong of ", sum.all, " cases ", of);
}

void claim_corrected(Program& program, const std::vector<Run>& runs) {
  program.claim(median_claim(
      "algorithm 1, corrected",
      "The matrix times the zero-padded image is the convolution (largest relative error over random "
      "sizes, channels, filters and strides).",
      "equal", worst(runs, &Run::convolution), at_most(rounding)));
  program.claim(
      median_claim("algorithm 2, corrected",
                   "The matrix times the zero-padded image is the upsampled one (largest relative error).",
                   "equal", worst(runs, &Run::upsampling), at_most(0)));
  program.claim(median_claim("composition",
                             "Products of the matrices are the matrices of networks: stride-2 convolution, "
                             "convolution, upsampling, convolution (largest relative error).",
                             "equal", worst(runs, &Run::composition), at_most(rounding)));
}

void claim_printed(Program& program, const std::vector<Run>& runs) {
  program.claim(
      contested_claim("algorithm 1 as printed, line 3",
                      "resized = s / stride: the matrix is right where the stride does not divide s.",
                      "always", {total(runs, &Run::size_does_not).percent()}, at_least(100), at_most(0), "%",
                      counted(runs, &Run::size_does_not, "where it does not divide")));
  program.claim(median_claim("algorithm 1 as printed, line 3, stride divides s",
                             "resized = s / stride: the matrix is right where the stride divides s.",
                             "always", {total(runs, &Run::size_divides).percent()}, at_least(100), "%",
                             counted(runs, &Run::size_divides, "where it divides")));
  program.claim(contested_claim("algorithm 1 as printed, line 21",
                                "The shift of line 21, stored as rowBlock, moves every block of rows.",
                                "always", {total(runs, &Run::shift).percent()}, at_least(100), at_most(0),
                                "%", counted(runs, &Run::shift, "with more than one row of outputs")));
  program.claim(contested_claim("algorithm 2 as printed, line 8",
                                "columnIndex runs from 0 to s: the matrix is the upsampling.", "always",
                                {total(runs, &Run::columns).percent()}, at_least(100), at_most(0), "%",
                                counted(runs, &Run::columns, "in all")));
}

// The pictures.

/// A as a picture of `side` x `side` entries, `zoom` pixels each: zeros black, the 3 x 3 filter's numbers by
/// size, what is outside the matrix grey.
Vec<S> picture(const Mat<S>& A, Index side, Index zoom) {
  Mat<S> canvas = Mat<S>::Constant(side, side, 0.4);
  const S largest = std::max(A.cwiseAbs().maxCoeff(), S(1e-300));
  canvas.topLeftCorner(A.rows(), A.cols()) =
      A.unaryExpr([&](S a) { return a == 0 ? S(0) : 0.45 + 0.55 * std::abs(a) / largest; });
  return magnified(canvas, zoom);
}

void draw_matrices(Program& program) {
  const Vec<S> filter = Vec<S>::LinSpaced(9, 1, 9);
  constexpr Index side = 49, zoom = 5;
  ImageTable table(
      "Matrices of Algorithms 1 and 2 on zero-padded images: zeros black, filter 1 ... 9 by brightness",
      {1, side * zoom, side * zoom},
      {"3 x 3 convolution of 5 x 5", "the same with stride 2", "upsampling 2 x 2 to 4 x 4"});
  const auto add_row = [&](const std::string& label, const Mat<S>& A, const Mat<S>& B, const Mat<S>& U) {
    Mat<S> row(side * zoom * side * zoom, 3);
    row << picture(A, side, zoom), picture(B, side, zoom), picture(U, side, zoom);
    table.add_row(label, row);
  };
  add_row("corrected", create_filter_matrix(filter, 5, 1, 1), create_filter_matrix(filter, 5, 1, 2),
          create_upsampling_matrix(2, 1, 2));
  using literal::Line;
  add_row("as printed", literal::create_filter_matrix(filter, 5, 1, 1, Line::shift),
          literal::create_filter_matrix(filter, 5, 1, 2, Line::size),
          literal::create_upsampling_matrix(2, 1, 2));
  program.draw(
      table, "algorithms.png",
      "The matrices that Algorithms 1 and 2 give, corrected (above) and as printed (below: line 21 of "
      "Algorithm 1 at its word, line 3 at its word with 2 for 5 / 2 outputs a side, line 8 of Algorithm 2 at "
      "its word). Grey is outside the matrix.");
}

void body(Program& program) {
  const Index cases = program.full() ? 3000 : 300;
  const std::vector<Run> runs = program.over_seeds([&](std::uint64_t seed) {
    Random random(seed);
    Run r;
    convolutions(r, cases, random);
    upsamplings(r, cases / 3, random);
    compositions(r, cases / 10, random);
    return r;
  });
  draw_matrices(program);
  if (runs.empty()) return;
  claim_corrected(program, runs);
  claim_printed(program, runs);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("algorithms", "Algorithms 1 and 2: convolution and upsampling as matrices",
                     {.quick = 3, .full = 5, .over_ranks = true}, argc, argv, body);
}
