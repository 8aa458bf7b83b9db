// Theorem 5, its Lemma and its Corollary: which entries of a linear convolutional autoencoder are zero
// whatever its filters are, and what that forbids. Symbolic patterns, random filters, and trained nets on 4 x
// 4 images.
// Page: docs/paper/theorem_5.md.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/compose/stack.hpp"
#include "basin/core/random.hpp"
#include "basin/core/statistics.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/linearize/linearize.hpp"
#include "basin/linearize/structure.hpp"
#include "basin/theory/memorization.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = double;

constexpr Index smallest = 3, largest = 8;  // s

Conv2d<S> conv(Index s, Index in, Index out) {
  return {{in, s, s}, {.out_channels = out, .kernel = 3, .padding = Padding::all(1), .bias = false}};
}

/// use(net), net of `layers` 3 x 3 convolutions that keep s x s images, with `filters` filters in each hidden
/// layer.
template <class Use>
auto with_net(Index s, Index layers, Index filters, const Use& use) {
  if (layers == 1) return use(conv(s, 1, 1));
  const Conv2d<S> first = conv(s, 1, filters), last = conv(s, filters, 1);
  if (layers == 2) return use(Chain(first, last));
  return use(Chain(first, Stack(conv(s, filters, filters), layers - 2), last));
}

NonzeroPattern pattern(Index s, Index layers, Index filters) {
  return with_net(s, layers, filters, [](const auto& net) { return nonzero_pattern(net); });
}

/// s^4 - (s^2 - (s - m - 1)(s - m))^2 for m < s layers: forced zeros counted by hand.
Index formula(Index s, Index m) {
  const Index pairs = s * s - (s - m - 1) * (s - m);
  return m < s ? s * s * s * s - pairs * pairs : 0;
}

/// A pixel that every output depends on: only then may the matrix be v e_j' / v_j, of rank one with
/// eigenvalue 1.
bool has_full_column(const NonzeroPattern& p) {
  for (Index j = 0; j < p.cols(); ++j) {
    Index i = 0;
    while (i < p.rows() && p(i, j)) ++i;
    if (i == p.rows()) return true;
  }
  return false;
}

/// Entries of A that are zero where the pattern says that they need not be, or the other way round.
Index disagreements(const Mat<S>& A, const NonzeroPattern& p) {
  Index n = 0;
  for (Index i = 0; i < A.rows(); ++i)
    for (Index j = 0; j < A.cols(); ++j) n += (A(i, j) != 0) != p(i, j) ? 1 : 0;
  return n;
}

Mat<S> random_map(Index s, Index layers, Index filters, Random& random) {
  return with_net(s, layers, filters, [&](const auto& net) -> Mat<S> {
    return linearize_dense(Model(net, initial_values(net, initial::normal(0, 1), random))).A;
  });
}

Vec<S> normal_image(Index d, Random& random) {
  Vec<S> x(d);
  for (S& pixel : x) pixel = random.normal();
  return x;
}

// ---- Trained nets

struct Trained {
  Index layers = 0, filters = 0;
  FitResult training = {};
  Mat<S> A = {};
  Memorization memorization = {};
  Index zeros_kept = 0;       // forced zeros that are exactly 0 after training
  Index zeros = 0;            // forced zeros
  double least_distance = 0;  // no matrix with these zeros is nearer to P: |P at the forced zeros|_F / |P|_F
};

constexpr Index trained_side = 4;

Trained train(const Vec<S>& x, Index layers, Index filters, Random& random) {
  return with_net(trained_side, layers, filters, [&](const auto& net) {
    Model f(net, initial_values(net, initial::normal(0, 0.1), random));
    Adam<S> adam({.learning_rate = 5e-3});
    FitOptions options{.max_epochs = 20000, .loss_below = 1e-12};
    options.cancelled = interrupted;
    Trained t{.layers = layers, .filters = filters, .training = fit(f, x, adam, options)};
    t.A = linearize_dense(f).A;
    t.memorization = memorization(t.A, x);
    const NonzeroPattern p = nonzero_pattern(net);
    const Mat<S> P = span_projection(x);
    double outside = 0;
    for (Index i = 0; i < P.rows(); ++i)
      for (Index j = 0; j < P.cols(); ++j)
        if (!p(i, j)) {
          ++t.zeros;
          t.zeros_kept += t.A(i, j) == 0 ? 1 : 0;
          outside += P(i, j) * P(i, j);
        }
    t.least_distance = std::sqrt(outside) / P.norm();
    return t;
  });
}

// ---- Claims

void claims_of_patterns(Program& program, const std::vector<Index>& filters) {
  double wrong = 0, depth = 0, below = 0, column = 0;
  std::string zeros_of_two;
  bool two_is_too_few = true;
  for (Index s = smallest; s <= largest; ++s) {
    Index first_column = 0;
    for (Index m = 1; m <= s; ++m)
      for (const Index f : filters) {
        const NonzeroPattern p = pattern(s, m, f);
        wrong += p.zeros() != formula(s, m) || forced_zeros({1, s, s}, 3, m) != formula(s, m) ? 1 : 0;
        if (first_column == 0 && has_full_column(p)) first_column = m;
      }
    depth += depth_without_forced_zeros(conv(s, 1, 1)) == s - 1 ? 0 : 1;
    below += pattern(s, s - 2, 1).zeros() == 4 * s * s - 4 ? 0 : 1;
    column += first_column == s / 2 ? 0 : 1;
    for (const Index f : {1, 16, 128})
      two_is_too_few = two_is_too_few && (pattern(s, 2, f).zeros() > 0) == (s >= 4);
    zeros_of_two += text(s == smallest ? "" : ", ", pattern(s, 2, 128).zeros());
  }
  const Band none{0, 0};
  program.claim(
      median_claim("Theorem 5, depth",
                   "The smallest depth without forced zeros is s - 1 (sizes s = 3 ... 8 where it is not).",
                   "0 sizes", {depth}, none, " sizes"));
  program.claim(
      median_claim("Theorem 5, forced zeros",
                   "m layers leave s^4 - (s^2 - (s - m - 1)(s - m))^2 forced zeros, whatever the number of "
                   "filters (not in the paper; cases s = 3 ... 8, m = 1 ... s where the count differs).",
                   no_paper, {wrong}, none, " cases"));
  program.claim(
      median_claim("Theorem 5, s - 2 layers",
                   "s - 2 layers leave 4 s^2 - 4 forced zeros (not in the paper; sizes where they do not).",
                   no_paper, {below}, none, " sizes"));
  program.claim(
      yes_no_claim("Corollary",
                   "Two layers have forced zeros on images from 4 x 4 on, with 1, 16 and 128 filters "
                   "alike, and none on 3 x 3.",
                   "yes", text("zeros on s = 3 ... 8: ", zeros_of_two), two_is_too_few));
  program.claim(median_claim("Lemma, where a column is free",
                             "A column without forced zeros, which a rank-one map with A x = x needs, exists "
                             "from floor(s / 2) layers on "
                             "(not in the paper; sizes where it does not).",
                             no_paper, {column}, none, " sizes",
                             "from floor(s / 2) to s - 2 layers the zeros forbid the projection, but by "
                             "themselves not memorization by "
                             "spectrum"));
}

void claims_of_random_filters(Program& program, const std::vector<Index>& filters) {
  double wrong = 0, done = 0;
  Progress progress("random filters");
  for (const std::uint64_t seed : program.seeds()) {
    Random random(seed);
    for (Index s = smallest; s <= largest && !interrupted(); ++s)
      for (Index m = 1; m <= s; ++m)
        for (const Index f : filters)
          wrong += static_cast<double>(disagreements(random_map(s, m, f, random), pattern(s, m, f)));
    if (interrupted()) return;
    progress.update(++done / static_cast<double>(program.seeds().size()));
  }
  program.claim(median_claim(
      "Theorem 5, random filters",
      "With N(0, 1) filters the entries that are exactly 0 are the forced zeros (entries that "
      "are not as the pattern says, s = 3 ... 8, m = 1 ... s layers).",
      "0 entries", {wrong}, Band{0, 0}, " entries", text("over ", program.seeds().size(), " seeds")));
}

void claims_of_lemma(Program& program) {
  std::vector<double> zeros, next, distance;
  for (const std::uint64_t seed : program.seeds()) {
    Random random(seed);
    const Vec<S> v = normal_image(16, random);
    zeros.push_back(static_cast<double>((span_projection(v).array() == 0).count()));
    Vec<S> u = normal_image(16, random);  // A = v u', u_1 = 0, u'v = 1: a column of zeros, and A v = v
    u[0] = 0;
    const Memorization m = memorization(v * u.transpose() / u.dot(v), v);
    next.push_back(m.at_one == 1 && m.example_error < 1e-10 ? m.next_modulus : 1.);
    distance.push_back(m.projection_distance);
  }
  program.claim(
      median_claim("Lemma, by projection",
                   "A matrix with a zero at a fixed place cannot memorize v, read as: be the orthogonal "
                   "projection onto v (zeros of the projection onto N(0, 1) vectors).",
                   "0 entries", zeros, Band{0, 0}, " entries"));
  program.claim(
      contested_claim("Lemma, by spectrum",
                      "A matrix with a zero at a fixed place cannot memorize v, read as in Tables 1 and 2: "
                      "have A v = v and all other eigenvalues near 0 (the second largest modulus, of A = v "
                      "u' with u_1 = 0).",
                      "impossible (here: above .01)", next, at_least(0.01), at_most(1e-6), "",
                      text("|A - P| / |P| of these matrices: ", summary(distance))));
}

std::vector<double> values(const std::vector<Trained>& all, Index layers, double (*f)(const Trained&)) {
  std::vector<double> v;
  for (const Trained& t : all)
    if (t.layers == layers) v.push_back(f(t));
  return v;
}

/// median_claim about nets, of which there are several for each seed.
Claim claim_of_nets(std::string id, std::string statement, std::vector<double> v, const Band& band) {
  Claim c = median_claim(std::move(id), std::move(statement), "not near 0", std::move(v), band);
  c.measured = summary(c.values, "", "nets");
  return c;
}

void claims_of_trained(Program& program, const std::vector<Trained>& all) {
  constexpr Index few = trained_side - 2, enough = trained_side - 1;
  const auto distance = [](const Trained& t) { return t.memorization.projection_distance; };
  const auto next = [](const Trained& t) { return t.memorization.next_modulus; };
  const auto example = [](const Trained& t) { return t.memorization.example_error; };
  const auto spread = [&](Index layers, double (*f)(const Trained&)) {
    return summary(values(all, layers, f), "", "nets");
  };
  program.claim(median_claim(
      "trained on 4 x 4, error",
      "2 and 3 layers reproduce the training image (the larger |A x - x| / |x| of the two "
      "medians).",
      "0", {std::max(median(values(all, few, example)), median(values(all, enough, example)))}, at_most(1e-4),
      "", text("2 layers ", spread(few, example), ", 3 layers ", spread(enough, example))));
  const auto wrong_zeros = [](const Trained& t) {
    return static_cast<double>(t.layers == few ? std::abs(t.zeros - 60) + t.zeros - t.zeros_kept : t.zeros);
  };
  program.claim(
      median_claim("trained on 4 x 4, 2 layers, zeros",
                   "All 60 forced zeros are exactly 0 after training (how many are not, worst net).",
                   "0 zeros", {quantile(values(all, few, wrong_zeros), 1)}, Band{0, 0}, " zeros"));
  program.claim(median_claim("trained on 4 x 4, 3 layers, zeros",
                             "3 layers have no forced zeros (count, worst net).", "0 zeros",
                             {quantile(values(all, enough, wrong_zeros), 1)}, Band{0, 0}, " zeros"));
  const auto bound = [](const Trained& t) { return t.least_distance; };
  const auto above = [](const Trained& t) { return t.memorization.projection_distance - t.least_distance; };
  program.claim(median_claim(
      "2 layers on 4 x 4, nearest to the projection",
      "No 2 layers are the projection P onto the image: |A - P| / |P| is at least that of P's entries at the "
      "forced "
      "zeros (this bound; the smallest over the images).",
      "> 0", {quantile(values(all, few, bound), 0)}, at_least(0.1), "",
      text("the bound ", spread(few, bound), "; the trained nets lie above it by ", spread(few, above))));
  program.claim(claim_of_nets("trained on 4 x 4, 2 layers, projection",
                              "2 layers do not memorize: |A - P| / |P|.", values(all, few, distance),
                              at_least(0.3)));
  program.claim(claim_of_nets("trained on 4 x 4, 3 layers, projection",
                              "s - 1 layers are needed, not enough (Supplement F): |A - P| / |P|.",
                              values(all, enough, distance), at_least(0.3)));
  program.claim(claim_of_nets("trained on 4 x 4, 2 layers, spectrum",
                              "2 layers do not memorize by spectrum, either: second largest modulus.",
                              values(all, few, next), at_least(0.1)));
  program.claim(claim_of_nets("trained on 4 x 4, 3 layers, spectrum",
                              "Nor do 3 layers (Supplement F, Table 1): second largest modulus.",
                              values(all, enough, next), at_least(0.1)));
}

// ---- Pictures

/// Each entry of `A` (16 x 16) as 8 x 8 pixels, row by row.
Vec<S> picture(const Mat<S>& A) {
  constexpr Index zoom = 8, n = 16 * zoom;
  Vec<S> pixels(n * n);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j) pixels[i * n + j] = A(i / zoom, j / zoom);
  return pixels;
}
/// Zeros black, other entries from grey to white by size.
Mat<S> shades(const Mat<S>& A) {
  const S most = A.cwiseAbs().maxCoeff();
  return A.unaryExpr([&](S a) { return a == 0 ? S(0) : 0.35 + 0.65 * std::sqrt(std::abs(a) / most); });
}

void draw_patterns(Program& program, const Vec<S>& x, std::uint64_t seed) {
  ImageTable table("Maps of m convolutional layers on 4 x 4 images (16 x 16 entries), zeros black",
                   {1, 128, 128}, {"m = 1", "m = 2 = s - 2", "m = 3 = s - 1", "projection"});
  const auto add_row = [&](const std::string& label, const auto& map, const Mat<S>& last) {
    Mat<S> row(128 * 128, 4);
    row << picture(map(1)), picture(map(2)), picture(map(3)), picture(last);
    table.add_row(label, row);
  };
  Random random(seed);
  const Mat<S> P = shades(span_projection(x));
  constexpr S light = 0.8;  // white would not stand out from the paper
  add_row(
      "may be nonzero",
      [](Index m) {
        const NonzeroPattern p = pattern(trained_side, m, 1);
        return Mat<S>::NullaryExpr(p.rows(), p.cols(), [&](Index i, Index j) { return p(i, j) ? light : 0.; })
            .eval();
      },
      Mat<S>::Constant(16, 16, light));
  add_row(
      "4 random filters", [&](Index m) { return shades(random_map(trained_side, m, 4, random)); }, P);
  add_row(
      "trained, 1 filter", [&](Index m) { return shades(train(x, m, 1, random).A); }, P);
  program.draw(table, "theorem_5_patterns.png",
               text("Black entries are exactly 0. One layer leaves ", pattern(trained_side, 1, 1).zeros(),
                    " of them, two leave ", pattern(trained_side, 2, 1).zeros(), ", three ",
                    pattern(trained_side, 3, 1).zeros(),
                    "; more filters change nothing, and training cannot fill them. On the right the "
                    "projection onto the "
                    "training image, which has ",
                    (span_projection(x).array() == 0).count(), "."));
}

void draw_counts(Program& program) {
  LinePlot plot{.title = "Forced zeros of m layers of 3 x 3 convolutions on s x s images",
                .x_label = "layers m",
                .y_label = "share of the s^4 entries, %",
                .series = {}};
  for (Index s = smallest; s <= largest; ++s) {
    Series line{.name = text("s = ", s), .x = {}, .y = {}, .style = Series::Style::line_points};
    for (Index m = 1; m <= s; ++m) {
      line.x.push_back(static_cast<double>(m));
      line.y.push_back(100 * static_cast<double>(pattern(s, m, 1).zeros()) /
                       static_cast<double>(s * s * s * s));
    }
    plot.series.push_back(line);
  }
  program.draw(plot, "theorem_5_zeros.png",
               "The forced zeros are gone from s - 1 layers on, and not before.");
}

void body(Program& program) {
  const std::vector<Index> filters =
      program.full() ? std::vector<Index>{1, 2, 4, 16} : std::vector<Index>{1, 4};
  claims_of_patterns(program, filters);
  claims_of_random_filters(program, filters);
  claims_of_lemma(program);
  draw_counts(program);

  const std::vector<Index> widths =
      program.full() ? std::vector<Index>{1, 16, 64} : std::vector<Index>{1, 16};
  std::vector<Trained> all;
  {
    Progress progress("training on 4 x 4 images");
    const std::size_t count = program.seeds().size() * widths.size() * 2;
    for (const std::uint64_t seed : program.seeds())
      for (const Index f : widths)
        for (const Index layers : {trained_side - 2, trained_side - 1}) {
          Random random(seed);
          const Vec<S> x = normal_image(trained_side * trained_side, random);
          Trained t = train(x, layers, f, random);
          if (interrupted()) return;
          all.push_back(std::move(t));
          progress.update(static_cast<double>(all.size()) / static_cast<double>(count));
        }
  }
  claims_of_trained(program, all);
  for (const Trained& t : all)
    if (t.training.status != FitStatus::converged)
      program.note(text("a net of ", t.layers, " layers with ", t.filters, " filters stopped at a loss of ",
                        number(t.training.loss)));
  Random random(program.seeds().front());
  draw_patterns(program, normal_image(trained_side * trained_side, random), program.seeds().front());
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("theorem_5", "Theorem 5: forced zeros of convolutional autoencoders",
                     {.quick = 5, .full = 20}, argc, argv, body);
}
