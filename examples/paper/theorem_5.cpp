// Theorem 5, its Lemma and its Corollary: which entries of a linear convolutional autoencoder are zero
// whatever its filters are, and what that forbids. Symbolic patterns, random filters, and trained nets on 4 x
// 4 images.
// Page: docs/paper/theorem_5.md.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/compose/stack.hpp"
#include "basin/core/random.hpp"
#include "basin/core/statistics.hpp"
#include "basin/data/starts.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/linearize/linearize.hpp"
#include "basin/linearize/structure.hpp"
#include "basin/theory/memorization.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "support/contrast.hpp"
#include "support/exact_claim.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = double;

constexpr Index smallest = 3, largest = 8;  // s

// The study: counts zeros, draws filters, trains.

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

/// What the forced zeros of nets on s x s images are.
struct Zeros {
  Index s;
  std::optional<Index> depth;  // the smallest depth without any
  Index miscounted = 0;        // nets of 1 ... s layers whose number is not the formula's
  Index below;                 // their number with s - 2 layers
  Index free_column = 0;       // the smallest depth with a column without any; 0: not up to s layers
  Index of_two;                // their number with two layers of 128 filters
  bool alike;                  // whether 1, 16 and 128 filters leave some where s >= 4, and none on 3 x 3
};

Zeros count_zeros(Index s, const std::vector<Index>& filters) {
  Zeros z{.s = s,
          .depth = depth_without_forced_zeros(conv(s, 1, 1)),
          .below = pattern(s, s - 2, 1).zeros(),
          .of_two = pattern(s, 2, 128).zeros(),
          .alike = true};
  for (const Index f : {1, 16, 128}) z.alike = z.alike && (pattern(s, 2, f).zeros() > 0) == (s >= 4);
  for (Index m = 1; m <= s; ++m)
    for (const Index f : filters) {
      const NonzeroPattern p = pattern(s, m, f);
      z.miscounted += p.zeros() != formula(s, m) || forced_zeros({1, s, s}, 3, m) != formula(s, m) ? 1 : 0;
      if (z.free_column == 0 && has_full_column(p)) z.free_column = m;
    }
  return z;
}

std::vector<Zeros> all_zeros(const std::vector<Index>& filters) {
  std::vector<Zeros> all;
  for (Index s = smallest; s <= largest; ++s) all.push_back(count_zeros(s, filters));
  return all;
}

/// With random filters, over all seeds, sizes and depths: entries that are not as the pattern says.
Index random_disagreements(const Program& program, const std::vector<Index>& filters) {
  Index wrong = 0;
  double done = 0;
  Progress progress("random filters");
  for (const std::uint64_t seed : program.seeds()) {
    Random random(seed);
    for (Index s = smallest; s <= largest && !interrupted(); ++s)
      for (Index m = 1; m <= s; ++m)
        for (const Index f : filters) wrong += disagreements(random_map(s, m, f, random), pattern(s, m, f));
    if (interrupted()) break;
    progress.update(++done / static_cast<double>(program.seeds().size()));
  }
  return wrong;
}

/// Matrices for the Lemma, one number for each seed.
struct Lemma {
  std::vector<double> zeros;     // of the projection onto v
  std::vector<double> next;      // the second largest |eigenvalue| of A = v u' with u_1 = 0 and u'v = 1
  std::vector<double> distance;  // |A - P| / |P|
};

Lemma lemma(const std::vector<std::uint64_t>& seeds) {
  Lemma l;
  for (const std::uint64_t seed : seeds) {
    Random random(seed);
    const Vec<S> v = normal_starts<S>(16, 1, random);
    l.zeros.push_back(static_cast<double>((span_projection(v).array() == 0).count()));
    Vec<S> u = normal_starts<S>(16, 1, random);  // the first column of A is 0, and A v = v
    u[0] = 0;
    const Memorization m = memorization(v * u.transpose() / u.dot(v), v);
    l.next.push_back(m.at_one == 1 && m.example_error < 1e-10 ? m.next_modulus : 1.);
    l.distance.push_back(m.projection_distance);
  }
  return l;
}

/// A trained net and its matrix.
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
constexpr Index few = trained_side - 2, enough = trained_side - 1;  // layers, by the theorem

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

/// Nets of both depths and all widths for each seed; empty when interrupted.
std::vector<Trained> train_all(const Program& program) {
  const std::vector<Index> widths =
      program.full() ? std::vector<Index>{1, 16, 64} : std::vector<Index>{1, 16};
  std::vector<Trained> all;
  Progress progress("training on 4 x 4 images");
  const std::size_t count = program.seeds().size() * widths.size() * 2;
  for (const std::uint64_t seed : program.seeds())
    for (const Index f : widths)
      for (const Index layers : {few, enough}) {
        Random random(seed);
        const Vec<S> x = normal_starts<S>(trained_side * trained_side, 1, random);
        all.push_back(train(x, layers, f, random));
        if (interrupted()) return {};
        progress.update(static_cast<double>(all.size()) / static_cast<double>(count));
      }
  return all;
}

/// Maps of 1, 2 and 3 layers on 4 x 4 images, for the eye: with four random filters, and trained; and the
/// projection onto the training image.
struct Maps {
  std::vector<Mat<S>> random, trained;
  Mat<S> projection;
};

Maps some_maps(std::uint64_t seed) {
  Random of_image(seed), random(seed);
  const Vec<S> x = normal_starts<S>(trained_side * trained_side, 1, of_image);
  Maps maps{.random = {}, .trained = {}, .projection = span_projection(x)};
  for (const Index m : {1, 2, 3}) maps.random.push_back(random_map(trained_side, m, 4, random));
  for (const Index m : {1, 2, 3}) maps.trained.push_back(train(x, m, 1, random).A);
  return maps;
}

// The claims.

/// Of how many sizes something is so.
template <class Which>
std::vector<double> sizes(const std::vector<Zeros>& all, const Which& which) {
  return {static_cast<double>(std::count_if(all.begin(), all.end(), which))};
}

void claim_depth(Program& program, const std::vector<Zeros>& all) {
  const Band none{0, 0};
  program.claim(
      median_claim("Theorem 5, depth",
                   "The smallest depth without forced zeros is s - 1 (sizes s = 3 ... 8 where it is not).",
                   "0 sizes", sizes(all, [](const Zeros& z) { return z.depth != z.s - 1; }), none, " sizes"));
  Index miscounted = 0;
  for (const Zeros& z : all) miscounted += z.miscounted;
  program.claim(
      median_claim("Theorem 5, forced zeros",
                   "m layers leave s^4 - (s^2 - (s - m - 1)(s - m))^2 forced zeros, whatever the number of "
                   "filters (not in the paper; cases s = 3 ... 8, m = 1 ... s where the count differs).",
                   no_paper, {static_cast<double>(miscounted)}, none, " cases"));
  program.claim(median_claim(
      "Theorem 5, s - 2 layers",
      "s - 2 layers leave 4 s^2 - 4 forced zeros (not in the paper; sizes where they do not).", no_paper,
      sizes(all, [](const Zeros& z) { return z.below != 4 * z.s * z.s - 4; }), none, " sizes"));
}

void claim_corollary(Program& program, const std::vector<Zeros>& all) {
  std::string of_two;
  for (const Zeros& z : all) of_two += text(of_two.empty() ? "" : ", ", z.of_two);
  program.claim(
      yes_no_claim("Corollary",
                   "Two layers have forced zeros on images from 4 x 4 on, with 1, 16 and 128 filters "
                   "alike, and none on 3 x 3.",
                   "yes", text("zeros on s = 3 ... 8: ", of_two),
                   std::all_of(all.begin(), all.end(), [](const Zeros& z) { return z.alike; })));
  program.claim(median_claim("Lemma, where a column is free",
                             "A column without forced zeros, which a rank-one map with A x = x needs, exists "
                             "from floor(s / 2) layers on "
                             "(not in the paper; sizes where it does not).",
                             no_paper, sizes(all, [](const Zeros& z) { return z.free_column != z.s / 2; }),
                             {0, 0}, " sizes",
                             "from floor(s / 2) to s - 2 layers the zeros forbid the projection, but by "
                             "themselves not memorization by "
                             "spectrum"));
}

void claim_random_filters(Program& program, Index wrong) {
  program.claim(
      median_claim("Theorem 5, random filters",
                   "With N(0, 1) filters the entries that are exactly 0 are the forced zeros (entries that "
                   "are not as the pattern says, s = 3 ... 8, m = 1 ... s layers).",
                   "0 entries", {static_cast<double>(wrong)}, Band{0, 0}, " entries",
                   text("over ", program.seeds().size(), " seeds")));
}

void claim_lemma(Program& program, const Lemma& l) {
  program.claim(
      median_claim("Lemma, by projection",
                   "A matrix with a zero at a fixed place cannot memorize v, read as: be the orthogonal "
                   "projection onto v (zeros of the projection onto N(0, 1) vectors).",
                   "0 entries", l.zeros, Band{0, 0}, " entries"));
  program.claim(
      contested_claim("Lemma, by spectrum",
                      "A matrix with a zero at a fixed place cannot memorize v, read as in Tables 1 and 2: "
                      "have A v = v and all other eigenvalues near 0 (the second largest modulus, of A = v "
                      "u' with u_1 = 0).",
                      "impossible (here: above .01)", l.next, at_least(0.01), at_most(1e-6), "",
                      text("|A - P| / |P| of these matrices: ", summary(l.distance))));
}

double distance(const Trained& t) { return t.memorization.projection_distance; }
double next(const Trained& t) { return t.memorization.next_modulus; }
double example_error(const Trained& t) { return t.memorization.example_error; }
double bound(const Trained& t) { return t.least_distance; }
double above_bound(const Trained& t) { return distance(t) - bound(t); }
/// Forced zeros that are not as they should be: 60 of 2 layers, all of them kept, and none of 3.
double wrong_zeros(const Trained& t) {
  return static_cast<double>(t.layers == few ? std::abs(t.zeros - 60) + t.zeros - t.zeros_kept : t.zeros);
}

std::vector<double> values(const std::vector<Trained>& all, Index layers, double (*f)(const Trained&)) {
  std::vector<double> v;
  for (const Trained& t : all)
    if (t.layers == layers) v.push_back(f(t));
  return v;
}
std::string spread(const std::vector<Trained>& all, Index layers, double (*f)(const Trained&)) {
  return summary(values(all, layers, f), "", "nets");
}

void claim_training(Program& program, const std::vector<Trained>& all) {
  program.claim(median_claim(
      "trained on 4 x 4, error",
      "2 and 3 layers reproduce the training image (the larger |A x - x| / |x| of the two "
      "medians).",
      "0", {std::max(median(values(all, few, example_error)), median(values(all, enough, example_error)))},
      at_most(1e-4), "",
      text("2 layers ", spread(all, few, example_error), ", 3 layers ", spread(all, enough, example_error))));
  program.claim(
      median_claim("trained on 4 x 4, 2 layers, zeros",
                   "All 60 forced zeros are exactly 0 after training (how many are not, worst net).",
                   "0 zeros", {largest_of(values(all, few, wrong_zeros))}, Band{0, 0}, " zeros"));
  program.claim(median_claim("trained on 4 x 4, 3 layers, zeros",
                             "3 layers have no forced zeros (count, worst net).", "0 zeros",
                             {largest_of(values(all, enough, wrong_zeros))}, Band{0, 0}, " zeros"));
}

void claim_memorization(Program& program, const std::vector<Trained>& all) {
  program.claim(median_claim(
      "2 layers on 4 x 4, nearest to the projection",
      "No 2 layers are the projection P onto the image: |A - P| / |P| is at least that of P's entries at the "
      "forced "
      "zeros (this bound; the smallest over the images).",
      "> 0", {smallest_of(values(all, few, bound))}, at_least(0.1), "",
      text("the bound ", spread(all, few, bound), "; the trained nets lie above it by ",
           spread(all, few, above_bound))));
  const auto claim = [&](const std::string& id, const std::string& statement, Index layers,
                         double (*f)(const Trained&), double least) {
    program.claim(counted(median_claim("trained on 4 x 4, " + id, statement, "not near 0",
                                       values(all, layers, f), at_least(least)),
                          "", "nets"));
  };
  claim("2 layers, projection", "2 layers do not memorize: |A - P| / |P|.", few, distance, 0.3);
  claim("3 layers, projection", "s - 1 layers are needed, not enough (Supplement F): |A - P| / |P|.", enough,
        distance, 0.3);
  claim("2 layers, spectrum", "2 layers do not memorize by spectrum, either: second largest modulus.", few,
        next, 0.1);
  claim("3 layers, spectrum", "Nor do 3 layers (Supplement F, Table 1): second largest modulus.", enough,
        next, 0.1);
}

void note_unfinished(Program& program, const std::vector<Trained>& all) {
  for (const Trained& t : all)
    if (t.training.status != FitStatus::converged)
      program.note(text("a net of ", t.layers, " layers with ", t.filters, " filters stopped at a loss of ",
                        number(t.training.loss)));
}

// The pictures.

constexpr Index zoom = 8;  // pixels an entry
/// Zeros black, other entries from grey to white by size.
Vec<S> shades(const Mat<S>& A) {
  const S most = A.cwiseAbs().maxCoeff();
  return magnified(
      A.unaryExpr([&](S a) { return a == 0 ? S(0) : 0.35 + 0.65 * std::sqrt(std::abs(a) / most); }), zoom);
}
/// Entries that may be nonzero in a light grey: white would not stand out from the paper.
Vec<S> shades(const NonzeroPattern& p) {
  const auto light = [&](Index i, Index j) { return p(i, j) ? 0.8 : 0.; };
  return magnified(Mat<S>::NullaryExpr(p.rows(), p.cols(), light), zoom);
}
void draw_patterns(Program& program, const Maps& maps) {
  constexpr Index pixels = 16 * zoom;
  ImageTable table("Maps of m convolutional layers on 4 x 4 images (16 x 16 entries), zeros black",
                   {1, pixels, pixels}, {"m = 1", "m = 2 = s - 2", "m = 3 = s - 1", "projection"});
  const std::vector<NonzeroPattern> patterns = {pattern(trained_side, 1, 1), pattern(trained_side, 2, 1),
                                                pattern(trained_side, 3, 1)};
  const auto add_row = [&](const std::string& label, const auto& of_m, const auto& last) {
    Mat<S> row(pixels * pixels, 4);
    row << shades(of_m[0]), shades(of_m[1]), shades(of_m[2]), shades(last);
    table.add_row(label, row);
  };
  add_row("may be nonzero", patterns, patterns.back());  // no zeros, as in the projection
  add_row("4 random filters", maps.random, maps.projection);
  add_row("trained, 1 filter", maps.trained, maps.projection);
  program.draw(table, "theorem_5_patterns.png",
               text("Black entries are exactly 0. One layer leaves ", patterns[0].zeros(),
                    " of them, two leave ", patterns[1].zeros(), ", three ", patterns[2].zeros(),
                    "; more filters change nothing, and training cannot fill them. On the right the "
                    "projection onto the "
                    "training image, which has ",
                    (maps.projection.array() == 0).count(), "."));
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
  const std::vector<Zeros> zeros = all_zeros(filters);
  claim_depth(program, zeros);
  claim_corollary(program, zeros);
  const Index wrong = random_disagreements(program, filters);
  if (!interrupted()) claim_random_filters(program, wrong);
  claim_lemma(program, lemma(program.seeds()));
  draw_counts(program);

  const std::vector<Trained> all = train_all(program);
  if (all.empty()) return;
  claim_training(program, all);
  claim_memorization(program, all);
  note_unfinished(program, all);
  draw_patterns(program, some_maps(program.seeds().front()));
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("theorem_5", "Theorem 5: forced zeros of convolutional autoencoders",
                     {.quick = 5, .full = 20}, argc, argv, body);
}
