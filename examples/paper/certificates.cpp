// Proofs by computation that training images are recalled: how large a ball around each attractor of an
// autoencoder on images is certified to lie in its basin, with all rounding accounted for; what training with
// input noise does to it; what iteration suggests as the true basin; and which noisy inputs provably end at
// their image. Not in the paper. Page: docs/paper/certificates.md.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "basin/certify/recall.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/core/model.hpp"
#include "basin/core/parallel.hpp"
#include "basin/core/random.hpp"
#include "basin/core/statistics.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/schedule.hpp"
#include "support/median_line.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = double;

constexpr Index examples = 20;
constexpr double start_noise = 0.1;    // of the inputs whose recall is certified
constexpr double near_example = 0.1;   // a fixed point within this times |x| of an example is the example's
constexpr double radius_limit = 0.95;  // attractors with a spectral radius up to this must be certified
constexpr Index noisy_epochs = 6000;

/// The standard deviations of the input noise in training, pixels from 0 to 1.
std::vector<double> noises(const Program& program) {
  return program.full() ? std::vector<double>{0, 0.03, 0.1, 0.2} : std::vector<double>{0, 0.1};
}

// The study: trains, certifies, measures.

/// What is known of one noisy input.
struct Recall {
  bool arrives = false;  // its orbit ends at an attractor of an example that is certified
  Index steps = 0;
  RecallProof proof;
  Index at = -1;  // whose attractor that is
  Vec<S> start, end;
};

/// One network.
struct Run {
  std::string map;
  double noise = 0;
  FitResult training;
  std::vector<Certificate> certificates;  // of each example
  std::vector<bool> attracts;  // the fixed point found from it is near it, and its spectral radius < 1
  std::vector<Recall> recalls;
  std::vector<double> observed;  // the smallest way out of a basin that was found, of some examples

  std::vector<double> radii() const {
    std::vector<double> all;
    for (std::size_t i = 0; i < certificates.size(); ++i)
      if (attracts[i]) all.push_back(certificates[i].radius_2norm);
    return all.empty() ? std::vector<double>{0} : all;
  }
};

template <class Phi>
Model<FullyConnected<S, Phi>> trained(const Mat<S>& X, std::uint64_t seed, double noise,
                                      FitResult& training) {
  const auto net = fully_connected<S>(X.rows(), 128, 7, Phi{});
  Model f(net, initial_values(net, initial::pytorch_default(), seed));
  FitOptions options{.max_epochs = noise > 0 ? noisy_epochs : 20000, .loss_below = noise > 0 ? 0 : 1e-8};
  options.schedule = noise > 0 ? schedule::step_decay(noisy_epochs / 8, 0.6) : schedule::constant();
  options.input_noise = {.deviation = noise, .seed = seed};
  options.cancelled = interrupted;
  Progress progress(text("seed ", seed, ", ", Phi::name, ", noise ", number(noise), ": training"));
  if (noise > 0)
    options.observer = [&](const Epoch& e) {
      progress.update(static_cast<double>(e.epoch) / static_cast<double>(noisy_epochs));
    };
  Adam<S> adam({.learning_rate = 1e-3});
  training = fit(f, X, adam, options);
  return f;
}

/// The certificate next to which the orbits of the columns of x end; -1: none of them.
std::vector<Index> ends_of(const ExactNetwork& f, const Run& r, const Mat<S>& starts, Mat<S>& ends) {
  std::vector<Index> at(static_cast<std::size_t>(starts.cols()), -1);
  ends = starts;
  parallel_for(starts.cols(), [&](Index j) {
    Vec<S> x = starts.col(j);
    for (Index t = 0; t < 2000 && !interrupted(); ++t) {
      const Vec<S> next = f(x);
      const bool settled = (next - x).norm() <= 1e-9 * x.norm();
      x = next;
      if (settled || !x.allFinite()) break;
    }
    ends.col(j) = x;
    for (std::size_t i = 0; i < r.certificates.size(); ++i)
      if (r.certificates[i].verified && r.attracts[i] &&
          (x - r.certificates[i].centre).norm() <= 1e-6 * x.norm())
        at[static_cast<std::size_t>(j)] = static_cast<Index>(i);
  });
  return at;
}

void certify_examples(const ExactNetwork& f, const Mat<S>& X, Run& r, const std::string& what) {
  Progress progress(what + ": certificates");
  r.certificates.resize(static_cast<std::size_t>(X.cols()));
  parallel_for(X.cols(), [&](Index j) {
    CertifyOptions options;
    options.search.cancelled = interrupted;
    r.certificates[static_cast<std::size_t>(j)] = certify_attractor(f, X.col(j), options);
  });
  for (Index j = 0; j < X.cols(); ++j) {
    const Certificate& c = r.certificates[static_cast<std::size_t>(j)];
    r.attracts.push_back(c.spectral_radius < 1 && c.spectral_radius > 0 &&
                         (c.centre - X.col(j)).norm() <= near_example * X.col(j).norm());
  }
}

/// Each example with noise: where its orbit ends, and whether that is proved.
void certify_recalls(const ExactNetwork& f, const Mat<S>& X, std::uint64_t seed, Run& r,
                     const std::string& what) {
  Progress progress(what + ": recall");
  Mat<S> starts = X, ends;
  Random random(seed + 1000);
  for (S& entry : starts.reshaped()) entry = random.normal(entry, start_noise);
  const std::vector<Index> at = ends_of(f, r, starts, ends);
  r.recalls.resize(at.size());
  parallel_for(X.cols(), [&](Index j) {
    const auto k = static_cast<std::size_t>(j);
    Recall& recall = r.recalls[k];
    recall.start = starts.col(j);
    recall.end = ends.col(j);
    recall.at = at[k];
    recall.arrives = at[k] >= 0;
    if (!recall.arrives || interrupted()) return;
    const Certificate& target = r.certificates[static_cast<std::size_t>(at[k])];
    recall.proof = certify_recall(f, target, recall.start, {.max_steps = 1000});
  });
}

/// The least distance from the centre of a certificate, among some directions, from where orbits do not come
/// back: ten random directions, and the differences to the other examples. Bisection between 0 and 30: what
/// iteration suggests as the radius of the basin, from above.
double way_out(const ExactNetwork& f, const Certificate& c, const Mat<S>& X, std::uint64_t seed) {
  Random random(seed);
  Mat<S> directions(X.rows(), 10 + X.cols());
  for (S& entry : directions.reshaped()) entry = random.normal();
  directions.rightCols(X.cols()) = X.colwise() - c.centre;
  double least = 30;
  for (Index k = 0; k < directions.cols() && !interrupted(); ++k) {
    const double length = directions.col(k).norm();
    if (!(length > 0.1 * c.centre.norm())) continue;
    double in = 0, out = least;
    for (int halving = 0; halving < 7; ++halving) {
      const double middle = (in + out) / 2;
      Vec<S> x = c.centre + middle / length * directions.col(k);
      for (Index t = 0; t < 300 && (x - c.centre).norm() > c.radius_2norm; ++t) x = f(x);
      ((x - c.centre).norm() <= c.radius_2norm ? in : out) = middle;
    }
    least = std::min(least, out);
  }
  return least;
}

void observe_basins(const ExactNetwork& f, const Mat<S>& X, std::uint64_t seed, Run& r,
                    const std::string& what) {
  Progress progress(what + ": ways out of basins");
  constexpr std::size_t some = 6;
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < r.certificates.size() && which.size() < some; ++i)
    if (r.attracts[i] && r.certificates[i].verified) which.push_back(i);
  r.observed.resize(which.size());
  parallel_for(static_cast<Index>(which.size()), [&](Index k) {
    const auto i = static_cast<std::size_t>(k);
    r.observed[i] = way_out(f, r.certificates[which[i]], X, seed + which[i]);
  });
}

template <class Phi>
Run run(const Mat<S>& X, std::uint64_t seed, double noise) {
  Run r;
  r.map = Phi::name;
  r.noise = noise;
  const std::string what = text("seed ", seed, ", ", r.map, ", noise ", number(noise));
  const auto model = trained<Phi>(X, seed, noise, r.training);
  if (interrupted()) return r;
  const ExactNetwork f = exact_network(model);
  certify_examples(f, X, r, what);
  if (noise != 0 && noise != 0.1) return r;
  certify_recalls(f, X, seed, r, what);
  observe_basins(f, X, seed, r, what);
  return r;
}

/// Every seed with every noise and both maps.
std::vector<Run> run_all(Program& program, const ImageData& data) {
  struct Cell {
    std::uint64_t seed;
    double noise;
    bool tanh;
  };
  std::vector<Cell> cells;
  std::vector<std::string> names;
  for (const std::uint64_t seed : program.seeds())
    for (const double noise : noises(program))
      for (const bool tanh : {false, true}) {
        cells.push_back({seed, noise, tanh});
        names.push_back(text(tanh ? "Tanh" : "LeakyRelu", ", noise ", noise, ", seed ", seed));
      }
  std::vector<Run> runs;
  for (std::optional<Run>& r : program.tasks(names, [&](std::size_t k) {
         const auto& [seed, noise, tanh] = cells[k];
         const Mat<S> X = choose_images<S>(data.train, examples, seed);
         return tanh ? run<Tanh>(X, seed, noise) : run<LeakyRelu>(X, seed, noise);
       }))
    if (r) runs.push_back(std::move(*r));
  return runs;
}

// The claims.

std::vector<const Run*> those(const std::vector<Run>& runs, const std::string& map, double noise) {
  std::vector<const Run*> some;
  for (const Run& r : runs)
    if (r.map == map && r.noise == noise) some.push_back(&r);
  return some;
}
Index attractors(const Run& r) { return std::count(r.attracts.begin(), r.attracts.end(), true); }

/// Certificates of the attractors whose spectral radius is up to radius_limit, in percent.
double certified(const Run& r) {
  double all = 0, proved = 0;
  for (std::size_t i = 0; i < r.certificates.size(); ++i) {
    if (!r.attracts[i] || r.certificates[i].spectral_radius > radius_limit) continue;
    ++all;
    proved += r.certificates[i].verified && r.certificates[i].radius_2norm > 0;
  }
  return all > 0 ? 100 * proved / all : 100;
}
/// Of the noisy inputs whose orbits arrive, those for which that is proved, in percent.
double recalled(const Run& r) {
  double arrive = 0, proved = 0;
  for (const Recall& recall : r.recalls) arrive += recall.arrives, proved += recall.proof.verified;
  return arrive > 0 ? 100 * proved / arrive : 0;
}

void claim_network(Program& program, const std::vector<Run>& runs, const std::string& map, double noise,
                   const Band& attracting, const Band& radius) {
  const auto some = those(runs, map, noise);
  const std::string id = text(map, noise > 0 ? text(", noise ", number(noise)) : ", plain");
  program.claim(guard_claim(id + ", attract", "Training images with an attracting fixed point within 10 %.",
                            no_paper, of_each(some, attractors), attracting, " of 20"));
  program.claim(guard_claim(id + ", certified",
                            "Of these, with a spectral radius up to .95, those that get a certificate.",
                            no_paper, of_each(some, certified), at_least(90), "%"));
  std::vector<double> all;
  for (const Run* r : some)
    for (const double value : r->radii()) all.push_back(value);
  Claim size = guard_claim(id + ", radius", "The certified radius (2-norm) around an attracting image.",
                           no_paper, of_each(some, [](const Run& r) { return median(r.radii()); }), radius);
  size.note = text("of all images: ", summary(all, "", "attractors"));
  program.claim(std::move(size));
}

void claim_recall(Program& program, const std::vector<Run>& runs, const std::string& map, double noise) {
  const auto some = those(runs, map, noise);
  const std::string id = text(map, noise > 0 ? text(", noise ", number(noise)) : ", plain");
  std::vector<double> radii, steps;
  for (const Run* r : some)
    for (const Recall& recall : r->recalls)
      if (recall.proof.verified) {
        radii.push_back(recall.proof.radius_2norm);
        steps.push_back(static_cast<double>(recall.proof.steps));
      }
  Claim claim =
      guard_claim(id + ", recall",
                  "Of the examples + N(0, .1^2) whose orbits end at a certified attractor, those proved to.",
                  no_paper, of_each(some, recalled), at_least(noise > 0 ? 90 : 60), "%");
  if (!radii.empty())
    claim.note = text("arrive: ",
                      summary(of_each(some,
                                      [](const Run& r) {
                                        return std::count_if(r.recalls.begin(), r.recalls.end(),
                                                             [](const Recall& one) { return one.arrives; });
                                      }),
                              " of 20"),
                      "; steps ", summary(steps, "", "inputs"), "; certified radius around the input ",
                      summary(radii, "", "inputs"));
  program.claim(std::move(claim));
}

void claim_reach(Program& program, const std::vector<Run>& runs, const std::string& map, double noise,
                 const Band& band) {
  std::vector<double> ratios;
  for (const Run* r : those(runs, map, noise))
    if (!r->observed.empty()) ratios.push_back(median(r->observed) / median(r->radii()));
  if (ratios.empty()) return;  // no attractor was certified
  const std::string id = text(map, noise > 0 ? text(", noise ", number(noise)) : ", plain");
  program.claim(guard_claim(id + ", reach",
                            "The least way out of a basin that iteration finds, over the certified radius.",
                            no_paper, ratios, band));
}

// The pictures.

void draw_radii(Program& program, const std::vector<Run>& runs) {
  LinePlot plot;
  plot.title = "Certified radius of the basins of training images, 7 x 128";
  plot.x_label = "standard deviation of the input noise in training";
  plot.y_label = "radius (2-norm; pixels from 0 to 1)";
  plot.log_y = true;
  for (const std::string map : {"LeakyRelu", "Tanh"}) {
    Series proved = median_line(map + ", certified: median, and from smallest to largest");
    Series seen{.name = map + ", least way out found by iteration", .x = {}, .y = {}};
    seen.style = Series::Style::stars;
    for (const double noise : noises(program)) {
      std::vector<double> radii, observed;
      for (const Run* r : those(runs, map, noise)) {
        for (const double value : r->radii())
          if (value > 0) radii.push_back(value);
        observed.insert(observed.end(), r->observed.begin(), r->observed.end());
      }
      if (radii.empty()) continue;
      add_median(proved, noise, radii);
      if (observed.empty()) continue;
      seen.x.push_back(noise);
      seen.y.push_back(median(observed));
    }
    proved.color = seen.color = map == "Tanh" ? 1 : 0;
    plot.series.push_back(std::move(proved));
    plot.series.push_back(std::move(seen));
  }
  program.draw(plot, "certificates_radii.png",
               "What is proved to lie in the basin of a training image, against the noise on the inputs in "
               "training; the stars show what iteration suggests as the basin, from above.");
}

/// Inputs with noise whose recall is proved: the input, what it becomes, the image.
void draw_gallery(Program& program, const ImageData& data, const Mat<S>& X, const Run& r) {
  ImageTable table(text("Proved to be recalled: ", r.map, " trained with noise ", number(r.noise)),
                   data.train.shape, {"input", "attractor", "training\nimage"});
  Index rows = 0;
  for (const Recall& recall : r.recalls) {
    if (!recall.proof.verified || rows == 8) continue;
    Mat<S> row(X.rows(), 3);
    row << recall.start, r.certificates[static_cast<std::size_t>(recall.at)].centre, X.col(recall.at);
    table.add_row(text(recall.proof.steps, recall.proof.steps == 1 ? " step, radius " : " steps, radius ",
                       number(recall.proof.radius_2norm, 2)),
                  row);
    ++rows;
  }
  if (rows > 0)
    program.draw(
        table, "certificates_recall.png",
        "Training images with N(0, .1^2) on every pixel, and the attractors at which they, and all inputs "
        "within the radius given of them, provably end after so many steps and those of the certificate.");
}

void body(Program& program) {
  const ImageData data = program.images();
  const Mat<S> first = choose_images<S>(data.train, examples, program.seeds().front());
  const std::vector<Run> runs = run_all(program, data);
  if (interrupted()) return;
  draw_radii(program, runs);
  draw_gallery(program, data, first, *those(runs, "Tanh", 0.1).front());
  claim_network(program, runs, "LeakyRelu", 0, at_least(8), at_least(2e-4));
  claim_network(program, runs, "Tanh", 0, at_least(2), at_least(1e-3));
  claim_network(program, runs, "LeakyRelu", 0.1, at_least(17), at_least(0.01));
  claim_network(program, runs, "Tanh", 0.1, at_least(17), at_least(0.04));
  for (const std::string map : {"LeakyRelu", "Tanh"})
    for (const double noise : {0., 0.1}) {
      claim_recall(program, runs, map, noise);
      claim_reach(program, runs, map, noise, at_least(1));
    }
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("certificates", "Certificates: basins of training images, proved",
                     {.quick = 1, .full = 5, .over_ranks = true}, argc, argv, body);
}
