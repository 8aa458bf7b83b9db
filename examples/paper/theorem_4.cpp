// Theorem 4: one convolutional layer with one filter, trained on one image by gradient descent from 0, learns
// a map of rank s^2. True for generic images; the program also finds the binary image for which it is not.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "basin/core/random.hpp"
#include "basin/core/statistics.hpp"
#include "basin/dynamics/rank.hpp"
#include "basin/theory/linear_descent.hpp"
#include "basin/theory/single_filter.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/gradient_descent.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;

const std::vector<Index> kernels = {1, 3, 5};
constexpr Index smallest = 3, largest = 8;  // s
constexpr double rank_tolerance = 1e-6;     // relative, of singular values: descent stops short of its limit

/// A trained autoencoder: its filter, its matrix and what they should be.
struct Trained {
  Index s = 0, k = 0;
  FitResult training = {};
  Vec<double> w = {};
  NumericalRank rank = {};
  double to_descent = 0;   // |w - w_t|, t the number of steps
  double to_limit = 0;     // |w - M^+ x|
  double to_identity = 0;  // |A - I|_F
  bool full_rank() const { return rank.rank == s * s; }
};

/// Gradient descent from w = 0 on 1/2 |conv(x; w) - x|^2 with the rate 1 / sigma_1(M)^2.
Trained train(const Vec<double>& x, Index s, Index k) {
  const Shape image{1, s, s};
  const LinearDescent exact(shifted_images(x, image, k).transpose());
  const double rate = 1 / exact.eigenvalues()[0];  // 1 / sigma_1(M)^2
  Model model(single_filter(image, k), Vec<double>::Zero(k * k));
  GradientDescent<double> descent({.learning_rate = rate});
  FitOptions options{.max_epochs = 100000, .gradient_below = 1e-12 / rate};
  options.cancelled = interrupted;
  Trained t{
      .s = s, .k = k, .training = fit(model, x, descent, options, HalfSumOfSquares{}), .w = model.theta};
  const Mat<double> A = single_filter_matrix(t.w, image, k);
  t.rank = numerical_rank(A, rank_tolerance);
  t.to_descent = (t.w - exact.at(t.training.epochs, rate) * delta_filter(k)).norm();
  t.to_limit = (t.w - minimum_norm_filter(x, image, k)).norm();
  t.to_identity = (A - Mat<double>::Identity(s * s, s * s)).norm();
  return t;
}

Vec<double> normal_image(Index s, Random& random) {
  Vec<double> x(s * s);
  for (double& pixel : x) pixel = random.normal();
  return x;
}

Vec<double> binary_image(Index bits) {
  Vec<double> x(9);
  for (Index i = 0; i < 9; ++i) x[i] = static_cast<double>((bits >> i) & 1);
  return x;
}

/// The 3 x 3 images of zeros and ones, without 0, whose minimum-norm filter gives a map of rank below 9.
std::vector<Vec<double>> exceptions(Index k) {
  std::vector<Vec<double>> found;
  for (Index bits = 1; bits < 512; ++bits) {
    const Vec<double> x = binary_image(bits), w = minimum_norm_filter(x, {1, 3, 3}, k);
    if (numerical_rank(single_filter_matrix(w, {1, 3, 3}, k)).rank < 9) found.push_back(x);
  }
  return found;
}

std::string rows_of(const Vec<double>& x) {
  std::string rows;
  for (Index i = 0; i < x.size(); ++i) rows += text(i > 0 && i % 3 == 0 ? "/" : "", number(x[i]));
  return rows;
}

/// `pixels` (side x side, row by row) enlarged to 9 zoom x 9 zoom.
Vec<double> enlarged(const Vec<double>& pixels, Index side, Index zoom) {
  const Index n = 9 * zoom, each = n / side;
  Vec<double> large(n * n);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j) large[i * n + j] = pixels[(i / each) * side + j / each];
  return large;
}

/// The exception and an ordinary image: image, filter learned, map, and what the map makes of the image.
void draw_maps(Program& program, const std::vector<Vec<double>>& images) {
  constexpr Index zoom = 12, n = 9 * zoom;
  ImageTable table("3 x 3 images, the filters that gradient descent finds, and the maps", {1, n, n},
                   {"image x", "filter w", "map A", "A x"});
  for (const Vec<double>& x : images) {
    const Trained t = train(x, 3, 3);
    const Mat<double> A = single_filter_matrix(t.w, {1, 3, 3}, 3);
    Mat<double> row(n * n, 4);
    row << enlarged(x, 3, zoom), enlarged(t.w, 3, zoom), enlarged(A.transpose().reshaped(), 9, zoom),
        enlarged(A * x, 3, zoom);
    table.add_row(text("rank ", t.rank.rank), row);
  }
  program.draw(
      table, "theorem_4_maps.png",
      "Above the binary image 010/101/010, for which the map has rank 7. In the middle another binary image: "
      "the filter is no delta filter, but the rank is 9. Below an image without structure: the delta filter "
      "and the identity. 0 is black, 1 white.");
}

void draw_singular_values(Program& program, const std::vector<std::vector<Trained>>& draws) {
  LinePlot plot{
      .title = "Smallest singular value of the learned map (median, smallest and largest over draws)",
      .x_label = "side s of the image, pixels",
      .y_label = "smallest of s^2 singular values",
      .series = {}};
  for (const Index k : kernels) {
    Series line{.name = text("kernel ", k), .x = {}, .y = {}, .style = Series::Style::line_points};
    for (Index s = smallest; s <= largest; ++s) {
      std::vector<double> v;
      for (const auto& draw : draws)
        for (const Trained& t : draw)
          if (t.s == s && t.k == k) v.push_back(t.rank.singular_values[s * s - 1]);
      line.x.push_back(static_cast<double>(s));
      line.y.push_back(median(v));
      line.low.push_back(quantile(v, 0));
      line.high.push_back(quantile(v, 1));
    }
    plot.series.push_back(line);
  }
  plot.horizontal = {{0, "rank < s^2"}};
  program.draw(
      plot, "theorem_4_singular_values.png",
      "The rank is s^2 where the smallest singular value is above 0. With at least as many pixels as filter "
      "entries the filter is the delta filter and all singular values are 1.");
}

/// max over the trained autoencoders of one draw that `which` selects.
template <class Which, class Value>
std::vector<double> worst(const std::vector<std::vector<Trained>>& draws, const Which& which,
                          const Value& f) {
  std::vector<double> result;
  for (const auto& draw : draws) {
    double most = 0;
    for (const Trained& t : draw)
      if (which(t)) most = std::max(most, f(t));
    result.push_back(most);
  }
  return result;
}

void claims_of_draws(Program& program, const std::vector<std::vector<Trained>>& draws) {
  std::vector<double> smallest_wide;
  Index full_rank = 0;
  Index stopped = 0, all = 0, stopped_square = 0;
  for (const auto& draw : draws) {
    double least = 1;
    for (const Trained& t : draw) {
      full_rank += t.full_rank() ? 1 : 0;
      ++all;
      if (t.training.status != FitStatus::converged) {
        ++stopped;
        stopped_square += t.s == t.k ? 1 : 0;
      }
      if (t.s < t.k) least = std::min(least, t.rank.singular_values[t.s * t.s - 1]);
    }
    smallest_wide.push_back(least);
  }
  const auto every = [](const Trained&) { return true; };
  const auto tall = [](const Trained& t) { return t.s > t.k; };
  const auto wide = [](const Trained& t) { return t.s < t.k; };
  const auto square = [](const Trained& t) { return t.s == t.k; };
  const auto not_square = [](const Trained& t) { return t.s != t.k; };
  program.claim(median_claim(
      "rank, generic images",
      "Gradient descent on one image (corrected: a generic one, here N(0, 1)) learns rank s^2.", "s^2",
      {100 * static_cast<double>(full_rank) / static_cast<double>(all)}, at_least(100), "%",
      text("of 18 pairs (s, k), s = 3 ... 8, k = 1, 3, 5; ", stopped, " of ", all,
           " trainings were stopped after 100000 steps, ", stopped_square,
           " of them with s = k, where M is square and may be ill-conditioned")));
  const std::vector<double> each = worst(draws, every, [](const Trained& t) { return t.to_descent; });
  program.claim(
      median_claim("descent in closed form",
                   "After t steps the filter is (I - (I - gamma M'M)^t) delta, gamma the rate (largest "
                   "distance of all trainings; not in the paper).",
                   no_paper, {quantile(each, 1)}, at_most(1e-9)));
  const auto limit = [](const Trained& t) { return t.to_limit; };
  program.claim(median_claim(
      "limit, s not k", "Gradient descent from 0 goes to the minimum-norm filter M^+ x (distance).", "0",
      worst(draws, not_square, limit), at_most(1e-6), "",
      text("where s = k: ", summary(worst(draws, square, limit)), " after at most 100000 steps")));
  program.claim(median_claim(
      "delta filter, s > k",
      "The filter is the delta filter: the map is the identity, |A - I|_F (not in the paper).", no_paper,
      worst(draws, tall, [](const Trained& t) { return t.to_identity; }), at_most(1e-5)));
  program.claim(median_claim(
      "other filters, s < k",
      "With fewer pixels than filter entries (k = 5, s = 3, 4) the map is not the identity, "
      "|A - I|_F (not in the paper).",
      no_paper, worst(draws, wide, [](const Trained& t) { return t.to_identity; }), at_least(0.5)));
  program.claim(median_claim("smallest singular value, s < k",
                             "The map still has rank s^2: smallest singular value.", "> 0", smallest_wide,
                             at_least(1e-3)));
}

void claims_of_exceptions(Program& program) {
  Vec<double> cross(9), edge(9), generic(9);
  cross << 0, 1, 0, 1, 0, 1, 0, 1, 0;
  edge << 1, 1, 0, 1, 0, 0, 0, 0, 0;
  generic << .9, .2, .4, .1, .7, .6, .3, .8, .5;
  const Trained exception = train(cross, 3, 3);
  program.claim(contested_claim(
      "rank, 010/101/010", "An image x learns a solution of rank s^2, here 9 (k = 3, by gradient descent).",
      "9", {static_cast<double>(exception.rank.rank)}, at_least(9), Band{7, 7}, "",
      text("the filter is within ", number(exception.to_limit), " of M^+ x")));
  Vec<double> filter(9), sigma(9);
  filter << .25, 0, .25, 0, .5, 0, .25, 0, .25;
  sigma << 1, 1, .5, .5, .5, .5, .5, 0, 0;
  program.claim(median_claim("filter and singular values, 010/101/010",
                             "The filter is .25 0 .25/0 .5 0/.25 0 .25 and the map has the singular values "
                             "1, 1, .5 five times, 0, 0 "
                             "(not in the paper; largest difference).",
                             no_paper,
                             {std::max((exception.w - filter).cwiseAbs().maxCoeff(),
                                       (exception.rank.singular_values - sigma).cwiseAbs().maxCoeff())},
                             at_most(1e-9)));
  const NumericalRank padded =
      numerical_rank(padded_single_filter_matrix(exception.w, {1, 3, 3}, 3), rank_tolerance);
  program.claim(
      median_claim("rank of the proof's matrix, 010/101/010",
                   "The matrix of rotations of R has rank s^2: it acts on zero-padded images, of which the "
                   "map on images is a part.",
                   "9", {static_cast<double>(padded.rank)}, Band{9, 9}, "",
                   "so its rank says nothing about the map: it is s^2 for every filter but 0"));
  const Trained zero = [&] {
    Trained t{.s = 3, .k = 3};
    t.w = minimum_norm_filter(Vec<double>::Zero(9), {1, 3, 3}, 3);
    t.rank = numerical_rank(single_filter_matrix(t.w, {1, 3, 3}, 3));
    return t;
  }();
  program.claim(contested_claim("rank, x = 0", "An image x learns a solution of rank s^2, here 9.", "9",
                                {static_cast<double>(zero.rank.rank)}, at_least(9), Band{0, 0}, "",
                                "from w = 0 there is nothing to learn"));
  for (const Index k : kernels) {
    const std::vector<Vec<double>> found = exceptions(k);
    std::string which;
    for (const Vec<double>& x : found) which += (which.empty() ? "" : ", ") + rows_of(x);
    const double expected = k == 3 ? 1 : 0;
    program.claim(contested_claim(
        text("binary images, k = ", k),
        "None of the 511 binary 3 x 3 images but 0 learns a rank below 9 (closed form).", "0 of 511",
        {static_cast<double>(found.size())}, at_most(0), Band{expected, expected}, " of 511", which));
  }
  draw_maps(program, {cross, edge, generic});
}

void body(Program& program) {
  claims_of_exceptions(program);
  std::vector<std::vector<Trained>> draws;
  {
    Progress progress("training on random images");
    double done = 0;
    draws = program.over_seeds([&](std::uint64_t seed) {
      Random random(seed);
      std::vector<Trained> draw;
      for (Index s = smallest; s <= largest; ++s)
        for (const Index k : kernels) draw.push_back(train(normal_image(s, random), s, k));
      progress.update(++done / static_cast<double>(program.seeds().size()));
      return draw;
    });
  }
  if (draws.empty()) return;
  claims_of_draws(program, draws);
  draw_singular_values(program, draws);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("theorem_4", "Theorem 4: one convolutional filter learns full rank",
                     {.quick = 20, .full = 100, .over_ranks = true}, argc, argv, body);
}
