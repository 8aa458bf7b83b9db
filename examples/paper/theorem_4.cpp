// Theorem 4: one convolutional layer with one filter, trained on one image by gradient descent from 0, learns
// a map of rank s^2. True for generic images; the program also finds the binary image for which it is not.
// Page: docs/paper/theorem_4.md.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "basin/core/random.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/rank.hpp"
#include "basin/theory/linear_descent.hpp"
#include "basin/theory/single_filter.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/gradient_descent.hpp"
#include "support/contrast.hpp"
#include "support/median_line.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;

const std::vector<Index> kernels = {1, 3, 5};
constexpr Index smallest = 3, largest = 8;  // s
constexpr double rank_tolerance = 1e-6;     // relative, of singular values: descent stops short of its limit

// The study: trains, measures.

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
  double smallest_singular_value() const { return rank.singular_values[s * s - 1]; }
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

/// Three 3 x 3 images and what they teach a 3 x 3 filter: one by which the theorem fails, another of zeros
/// and ones, and one without structure.
struct Examples {
  Trained cross, edge, generic;
  NumericalRank padded;  // of the proof's matrix, for the filter of the first
  NumericalRank zero;    // what the image 0 teaches: its minimum-norm filter is 0
};
const Vec<double> cross{{0, 1, 0, 1, 0, 1, 0, 1, 0}}, edge{{1, 1, 0, 1, 0, 0, 0, 0, 0}},
    generic{{.9, .2, .4, .1, .7, .6, .3, .8, .5}};

Examples train_examples() {
  const Shape image{1, 3, 3};
  Examples e{.cross = train(cross, 3, 3),
             .edge = train(edge, 3, 3),
             .generic = train(generic, 3, 3),
             .padded = {},
             .zero = {}};
  e.padded = numerical_rank(padded_single_filter_matrix(e.cross.w, image, 3), rank_tolerance);
  const Vec<double> of_zero = minimum_norm_filter(Vec<double>::Zero(9), image, 3);
  e.zero = numerical_rank(single_filter_matrix(of_zero, image, 3));
  return e;
}

/// One autoencoder of each size and kernel, on a random image each.
using Draw = std::vector<Trained>;

/// A draw for each seed.
std::vector<Draw> train_on_random_images(Program& program) {
  Progress progress("training on random images");
  double done = 0;
  return program.over_seeds([&](std::uint64_t seed) {
    Random random(seed);
    Draw draw;
    for (Index s = smallest; s <= largest; ++s)
      for (const Index k : kernels) draw.push_back(train(normal_starts<double>(s * s, 1, random), s, k));
    progress.update(++done / static_cast<double>(program.seeds().size()));
    return draw;
  });
}

// The claims.

void claim_exception(Program& program, const Examples& e) {
  program.claim(contested_claim(
      "rank, 010/101/010", "An image x learns a solution of rank s^2, here 9 (k = 3, by gradient descent).",
      "9", {static_cast<double>(e.cross.rank.rank)}, at_least(9), Band{7, 7}, "",
      text("the filter is within ", number(e.cross.to_limit), " of M^+ x")));
  const Vec<double> filter{{.25, 0, .25, 0, .5, 0, .25, 0, .25}}, sigma{{1, 1, .5, .5, .5, .5, .5, 0, 0}};
  program.claim(median_claim("filter and singular values, 010/101/010",
                             "The filter is .25 0 .25/0 .5 0/.25 0 .25 and the map has the singular values "
                             "1, 1, .5 five times, 0, 0 "
                             "(not in the paper; largest difference).",
                             no_paper,
                             {std::max((e.cross.w - filter).cwiseAbs().maxCoeff(),
                                       (e.cross.rank.singular_values - sigma).cwiseAbs().maxCoeff())},
                             at_most(1e-9)));
  program.claim(
      median_claim("rank of the proof's matrix, 010/101/010",
                   "The matrix of rotations of R has rank s^2: it acts on zero-padded images, of which the "
                   "map on images is a part.",
                   "9", {static_cast<double>(e.padded.rank)}, Band{9, 9}, "",
                   "so its rank says nothing about the map: it is s^2 for every filter but 0"));
  program.claim(contested_claim("rank, x = 0", "An image x learns a solution of rank s^2, here 9.", "9",
                                {static_cast<double>(e.zero.rank)}, at_least(9), Band{0, 0}, "",
                                "from w = 0 there is nothing to learn"));
}

std::string rows_of(const Vec<double>& x) {
  std::string rows;
  for (Index i = 0; i < x.size(); ++i) rows += text(i > 0 && i % 3 == 0 ? "/" : "", number(x[i]));
  return rows;
}

void claim_binary_images(Program& program, Index k, const std::vector<Vec<double>>& found) {
  std::string which;
  for (const Vec<double>& x : found) which += (which.empty() ? "" : ", ") + rows_of(x);
  const double expected = k == 3 ? 1 : 0;
  program.claim(contested_claim(
      text("binary images, k = ", k),
      "None of the 511 binary 3 x 3 images but 0 learns a rank below 9 (closed form).", "0 of 511",
      {static_cast<double>(found.size())}, at_most(0), Band{expected, expected}, " of 511", which));
}

bool every(const Trained&) { return true; }
bool tall(const Trained& t) { return t.s > t.k; }
bool wide(const Trained& t) { return t.s < t.k; }
bool square(const Trained& t) { return t.s == t.k; }
bool not_square(const Trained& t) { return t.s != t.k; }

/// How many trainings of all draws `which` selects.
template <class Which>
Index count(const std::vector<Draw>& draws, const Which& which) {
  Index n = 0;
  for (const Draw& draw : draws) n += std::count_if(draw.begin(), draw.end(), which);
  return n;
}

/// value(t) for the trainings t of a draw that `which` selects.
template <class Which, class Value>
std::vector<double> values(const Draw& draw, const Which& which, const Value& value) {
  std::vector<double> all;
  for (const Trained& t : draw)
    if (which(t)) all.push_back(value(t));
  return all;
}
/// For each draw the largest of them.
template <class Which, class Value>
std::vector<double> worst(const std::vector<Draw>& draws, const Which& which, const Value& value) {
  return of_each(draws, [&](const Draw& draw) { return largest_of(values(draw, which, value)); });
}

void claim_ranks(Program& program, const std::vector<Draw>& draws) {
  const auto stopped = [](const Trained& t) { return t.training.status != FitStatus::converged; };
  const Index all = count(draws, every), full = count(draws, [](const Trained&t) { return t.full_rank(); });
  program.claim(
      median_claim("rank, generic images",
                   "Gradient descent on one image (corrected: a generic one, here N(0, 1)) learns rank s^2.",
                   "s^2", {100 * static_cast<double>(full) / static_cast<double>(all)}, at_least(100), "%",
                   text("of 18 pairs (s, k), s = 3 ... 8, k = 1, 3, 5; ", count(draws, stopped), " of ", all,
                        " trainings were stopped after 100000 steps, ",
                        count(draws, [&](const Trained& t) { return stopped(t) && square(t); }),
                        " of them with s = k, where M is square and may be ill-conditioned")));
}

void claim_limits(Program& program, const std::vector<Draw>& draws) {
  const std::vector<double> each = worst(draws, every, [](const Trained& t) { return t.to_descent; });
  program.claim(
      median_claim("descent in closed form",
                   "After t steps the filter is (I - (I - gamma M'M)^t) delta, gamma the rate (largest "
                   "distance of all trainings; not in the paper).",
                   no_paper, {largest_of(each)}, at_most(1e-9)));
  const auto limit = [](const Trained& t) { return t.to_limit; };
  program.claim(median_claim(
      "limit, s not k", "Gradient descent from 0 goes to the minimum-norm filter M^+ x (distance).", "0",
      worst(draws, not_square, limit), at_most(1e-6), "",
      text("where s = k: ", summary(worst(draws, square, limit)), " after at most 100000 steps")));
}

void claim_filters(Program& program, const std::vector<Draw>& draws) {
  const auto to_identity = [](const Trained& t) { return t.to_identity; };
  program.claim(
      median_claim("delta filter, s > k",
                   "The filter is the delta filter: the map is the identity, |A - I|_F (not in the paper).",
                   no_paper, worst(draws, tall, to_identity), at_most(1e-5)));
  program.claim(
      median_claim("other filters, s < k",
                   "With fewer pixels than filter entries (k = 5, s = 3, 4) the map is not the identity, "
                   "|A - I|_F (not in the paper).",
                   no_paper, worst(draws, wide, to_identity), at_least(0.5)));
  const auto sigma = [](const Trained& t) { return t.smallest_singular_value(); };
  const std::vector<double> smallest_wide =
      of_each(draws, [&](const Draw& draw) { return smallest_of(values(draw, wide, sigma)); });
  program.claim(median_claim("smallest singular value, s < k",
                             "The map still has rank s^2: smallest singular value.", "> 0", smallest_wide,
                             at_least(1e-3)));
}

// The pictures.

/// `pixels` (side x side, row by row) enlarged to 9 zoom x 9 zoom.
Vec<double> enlarged(const Vec<double>& pixels, Index side, Index zoom) {
  return magnified(pixels.reshaped<Eigen::RowMajor>(side, side), 9 * zoom / side);
}

/// The exception and two ordinary images: image, filter learned, map, and what the map makes of the image.
void draw_maps(Program& program, const Examples& e) {
  constexpr Index zoom = 12, n = 9 * zoom;
  ImageTable table("3 x 3 images, the filters that gradient descent finds, and the maps", {1, n, n},
                   {"image x", "filter w", "map A", "A x"});
  const auto add_row = [&](const Vec<double>& x, const Trained& t) {
    const Mat<double> A = single_filter_matrix(t.w, {1, 3, 3}, 3);
    Mat<double> row(n * n, 4);
    row << enlarged(x, 3, zoom), enlarged(t.w, 3, zoom), magnified(A, zoom), enlarged(A * x, 3, zoom);
    table.add_row(text("rank ", t.rank.rank), row);
  };
  add_row(cross, e.cross);
  add_row(edge, e.edge);
  add_row(generic, e.generic);
  program.draw(
      table, "theorem_4_maps.png",
      "Above the binary image 010/101/010, for which the map has rank 7. In the middle another binary image: "
      "the filter is no delta filter, but the rank is 9. Below an image without structure: the delta filter "
      "and the identity. 0 is black, 1 white.");
}

void draw_singular_values(Program& program, const std::vector<Draw>& draws) {
  LinePlot plot{
      .title = "Smallest singular value of the learned map (median, smallest and largest over draws)",
      .x_label = "side s of the image, pixels",
      .y_label = "smallest of s^2 singular values",
      .series = {}};
  for (const Index k : kernels) {
    Series line = median_line(text("kernel ", k));
    for (Index s = smallest; s <= largest; ++s) {
      std::vector<double> values;
      for (const Draw& draw : draws)
        for (const Trained& t : draw)
          if (t.s == s && t.k == k) values.push_back(t.smallest_singular_value());
      add_median(line, static_cast<double>(s), values);
    }
    plot.series.push_back(line);
  }
  plot.horizontal = {{0, "rank < s^2"}};
  program.draw(
      plot, "theorem_4_singular_values.png",
      "The rank is s^2 where the smallest singular value is above 0. With at least as many pixels as filter "
      "entries the filter is the delta filter and all singular values are 1.");
}

void body(Program& program) {
  const Examples some = train_examples();
  claim_exception(program, some);
  for (const Index k : kernels) claim_binary_images(program, k, exceptions(k));
  draw_maps(program, some);
  const std::vector<Draw> draws = train_on_random_images(program);
  if (draws.empty()) return;
  claim_ranks(program, draws);
  claim_limits(program, draws);
  claim_filters(program, draws);
  draw_singular_values(program, draws);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("theorem_4", "Theorem 4: one convolutional filter learns full rank",
                     {.quick = 20, .full = 100, .over_ranks = true}, argc, argv, body);
}
