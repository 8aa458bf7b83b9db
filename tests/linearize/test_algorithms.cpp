// Algorithms 1 and 2 of the paper against its printed examples and the library's layers, and the printed
// algorithms against the corrected ones.
#include "basin/linearize/algorithms.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "../../examples/paper/literal_algorithms.hpp"
#include "basin/compose/chain.hpp"
#include "basin/core/model.hpp"
#include "basin/core/random.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/upsample.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

template <class S>
Conv2d<S> conv(const Shape& in, Index filters, Index stride) {
  return Conv2d<S>(
      in,
      {.out_channels = filters, .kernel = 3, .stride = stride, .padding = Padding::all(1), .bias = false});
}

/// |A - B| entry by entry, or infinite if the sizes differ.
template <class S>
double difference(const Mat<S>& A, const Mat<S>& B) {
  if (A.rows() != B.rows() || A.cols() != B.cols()) return std::numeric_limits<double>::infinity();
  return static_cast<double>((A - B).cwiseAbs().maxCoeff());
}

/// max |C add_ring(x) - add_ring(f(x))| over two random images: the ring's rows of C count, too.
template <class F>
double error_of_matrix(const Mat<typename F::Scalar>& C, const Model<F>& f, int seed) {
  using S = typename F::Scalar;
  const Mat<S> x = random_matrix<S>(f.layer.in_size(), 2, seed);
  const Mat<S> wanted = add_ring(f(x), *out_shape(f.layer, in_shape(f.layer)));
  const Mat<S> padded = add_ring(x, *in_shape(f.layer));
  if (C.rows() != wanted.rows() || C.cols() != padded.rows()) return difference<S>(C, {});
  return difference<S>(C * padded, wanted);
}

}  // namespace

TEST_CASE("Algorithm 1 gives the 9 x 9 matrix that the paper prints", "[linearize]") {
  Mat<double> printed(9, 9);
  printed << 5, 6, 0, 8, 9, 0, 0, 0, 0,  //
      4, 5, 6, 7, 8, 9, 0, 0, 0,         //
      0, 4, 5, 0, 7, 8, 0, 0, 0,         //
      2, 3, 0, 5, 6, 0, 8, 9, 0,         //
      1, 2, 3, 4, 5, 6, 7, 8, 9,         //
      0, 1, 2, 0, 4, 5, 0, 7, 8,         //
      0, 0, 0, 2, 3, 0, 5, 6, 0,         //
      0, 0, 0, 1, 2, 3, 4, 5, 6,         //
      0, 0, 0, 0, 1, 2, 0, 4, 5;
  const Vec<double> A = Vec<double>::LinSpaced(9, 1, 9);  // A_1, ..., A_9
  const Mat<double> C = create_filter_matrix(A, 3, 1, 1);
  CHECK(C.rows() == 25);
  CHECK(C.cols() == 25);
  CHECK(interior_matrix(C, {1, 3, 3}, {1, 3, 3}) == printed);
}

TEST_CASE("Algorithm 2 gives the 16 x 9 matrix that the paper prints", "[linearize]") {
  // Row 13 has lost its first cell in the text of the paper; it is a row of zeros.
  Mat<double> printed = Mat<double>::Zero(16, 9);
  for (const Index row : {5, 6, 9, 10}) printed(row, 4) = 1;
  CHECK(create_upsampling_matrix(1, 1, 2) == printed);
  CHECK(create_upsampling_matrix<float>(1, 1, 2) == printed.cast<float>());
}

TEST_CASE("Algorithm 1 is the library's convolution; with s / stride as printed it is not", "[linearize]") {
  Random random(1);
  double worst = 0, worst_float = 0;
  Index divides = 0, size_right = 0, does_not = 0, size_wrong = 0, several_rows = 0, shift_wrong = 0;
  for (int k = 0; k < 300; ++k) {
    const Index s = 1 + random.below(9), f = 1 + random.below(3), filters = 1 + random.below(3);
    const Index stride = 1 + random.below(3), resized = (s + stride - 1) / stride;
    const Vec<double> theta = random_matrix<double>(9 * f * filters, 1, 2 * k);
    const Model<Conv2d<double>> model(conv<double>({f, s, s}, filters, stride), theta);
    const Mat<double> C = create_filter_matrix(theta, s, f, stride);
    worst = std::max(worst, error_of_matrix(C, model, 2 * k + 1));
    const Vec<float> theta_float = theta.cast<float>();
    worst_float = std::max(
        worst_float,
        error_of_matrix(create_filter_matrix(theta_float, s, f, stride),
                        Model<Conv2d<float>>(conv<float>({f, s, s}, filters, stride), theta_float), k));
    if (filters > 1) continue;  // the printed algorithm has one
    const auto is_right = [&](literal::Line line) {
      return difference<double>(literal::create_filter_matrix(theta, s, f, stride, line), C) == 0;
    };
    const bool right = is_right(literal::Line::size);
    (s % stride == 0 ? divides : does_not) += 1;
    size_right += s % stride == 0 && right ? 1 : 0;
    size_wrong += s % stride != 0 && !right ? 1 : 0;
    several_rows += resized > 1 ? 1 : 0;
    shift_wrong += resized > 1 && !is_right(literal::Line::shift) ? 1 : 0;
  }
  CHECK(worst < 1e-13);
  CHECK(worst_float < 1e-4);
  CHECK(divides > 20);
  CHECK(size_right == divides);
  CHECK(does_not > 20);
  CHECK(size_wrong == does_not);
  CHECK(several_rows > 20);
  CHECK(shift_wrong == several_rows);
}

TEST_CASE("Algorithm 2 is the library's upsampling; with columnIndex from 0 as printed it never is",
          "[linearize]") {
  Random random(2);
  double worst = 0;
  int wrong = 0;
  for (int k = 0; k < 100; ++k) {
    const Index s = 1 + random.below(5), f = 1 + random.below(3), scale = 1 + random.below(4);
    const Model<UpsampleNearest<double>> model(UpsampleNearest<double>({f, s, s}, scale), Vec<double>());
    const Mat<double> U = create_upsampling_matrix(s, f, scale);
    worst = std::max(worst, error_of_matrix(U, model, k));
    wrong += difference<double>(literal::create_upsampling_matrix(s, f, scale), U) > 0 ? 1 : 0;
  }
  CHECK(worst == 0);
  CHECK(wrong == 100);
}

TEST_CASE("the matrices compose with and without rings", "[linearize]") {
  for (const Index s : {1, 2, 5, 8}) {
    const Index r = (s + 1) / 2;
    const auto net = Chain(conv<double>({2, s, s}, 3, 2), conv<double>({3, r, r}, 2, 1),
                           UpsampleNearest<double>({2, r, r}), conv<double>({2, 2 * r, 2 * r}, 1, 1));
    const Vec<double> theta = random_matrix<double>(net.param_size(), 1, 3);
    const Mat<double> A = create_filter_matrix(theta.head(54), s, 2, 2);
    const Mat<double> B = create_filter_matrix(theta.segment(54, 54), r, 3, 1);
    const Mat<double> U = create_upsampling_matrix(r, 2, 2);
    const Mat<double> D = create_filter_matrix(theta.tail(18), 2 * r, 2, 1);
    const Shape in{2, s, s}, hidden{3, r, r}, code{2, r, r}, large{2, 2 * r, 2 * r}, out{1, 2 * r, 2 * r};
    const Mat<double> all = D * U * B * A;
    CHECK(error_of_matrix(all, Model<std::decay_t<decltype(net)>>(net, theta), 4) < 1e-12);
    const Mat<double> product = interior_matrix(D, large, out) * interior_matrix(U, code, large) *
                                interior_matrix(B, hidden, code) * interior_matrix(A, in, hidden);
    CHECK(difference<double>(interior_matrix(all, in, out), product) < 1e-12);
  }
}

TEST_CASE("rings come and go", "[linearize]") {
  Vec<double> x(4), padded(16);
  x << 1, 2, 3, 4;
  padded << 0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0;
  CHECK(add_ring(x, {1, 2, 2}) == padded);
  CHECK(remove_ring(padded, {1, 2, 2}) == x);
  const Shape image{3, 2, 5};
  const Mat<float> images = random_matrix<float>(image.size(), 4, 5);
  const Mat<float> ringed = add_ring(images, image);
  CHECK(ringed.rows() == 3 * 4 * 7);
  CHECK(remove_ring(ringed, image) == images);
  CHECK(ringed.sum() == Approx(images.sum()).margin(1e-4));
}

TEST_CASE("Algorithms 1 and 2 say what is wrong with their arguments", "[linearize]") {
  const Vec<double> theta = Vec<double>::Ones(18);
  CHECK(error_of([&] { (void)create_filter_matrix(theta, 0, 1, 1); }) ==
        "create_filter_matrix: s must be >= 1, got 0");
  CHECK(error_of([&] { (void)create_filter_matrix(theta, 3, 0, 1); }) ==
        "create_filter_matrix: f must be >= 1, got 0");
  CHECK(error_of([&] { (void)create_filter_matrix(theta, 3, 1, 0); }) ==
        "create_filter_matrix: stride must be >= 1, got 0");
  CHECK(error_of([&] { (void)create_filter_matrix(theta, 3, 4, 1); }) ==
        "create_filter_matrix: parameters must hold 9 f = 36 numbers for each output filter, got 18");
  CHECK(contains(error_of([&] { (void)create_filter_matrix(Vec<double>(), 3, 1, 1); }), "got 0"));
  CHECK(error_of([] { (void)create_upsampling_matrix(0, 1, 2); }) ==
        "create_upsampling_matrix: s must be >= 1, got 0");
  CHECK(contains(error_of([] { (void)create_upsampling_matrix(1, -1, 2); }), "f must be >= 1, got -1"));
  CHECK(contains(error_of([] { (void)create_upsampling_matrix(1, 1, 0); }), "scale must be >= 1, got 0"));
  CHECK(contains(error_of([&] { (void)add_ring(theta, {1, 3, 3}); }), "add_ring: x has 18 rows, expected 9"));
  CHECK(contains(error_of([&] { (void)remove_ring(theta, {1, 3, 3}); }), "y has 18 rows, expected 25"));
  CHECK(contains(error_of([&] {
                   (void)interior_matrix(Mat<double>::Ones(25, 9), {1, 3, 3}, {1, 3, 3});
                 }),
                 "y has 9 rows, expected 25"));
}
