// Films in a network: 20 images as a cycle of its dynamics. How many starts end on the film, what other
// cycles there are, several films in one network, films that are fitted and not stored; Lyapunov exponents;
// and how far errors grow at attractors before they decay. Not in the paper. Page: docs/paper/cycles.md.
#include <algorithm>
#include <cmath>
#include <complex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/core/model.hpp"
#include "basin/core/random.hpp"
#include "basin/core/statistics.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/cycles.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/lyapunov.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/theory/amplification.hpp"
#include "support/program.hpp"
#include "support/share.hpp"
#include "support/trained_network.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = double;
using Net = FullyConnected<S>;

constexpr Index frames = 20;
constexpr double loss_goal = 1e-8;  // mean squared error, pixels from 0 to 1
const NetworkTraining training_of_images{.width = 128, .hidden = 5, .loss_goal = loss_goal};
constexpr Index steps_to_settle = 600;  // of each start
constexpr Index longest_cycle = 200;
constexpr double near_example =
    0.05;  // a cycle is the film's when its points lie within this times |x| of it

// The study: trains, follows, measures.

/// Starts of one kind and how many of them end on the film.
struct Starts {
  std::string name;
  Mat<S> x;
  Index on_film = 0, elsewhere = 0, lost = 0;  // elsewhere: on another cycle
};

/// A network trained on one or more films.
struct Film {
  Mat<S> X = {};
  std::vector<Index> lengths = {};
  FitResult training = {};
  std::vector<Cycle<S>> films = {};  // next to each sequence
  std::vector<Starts> starts = {};
  Cycles<S> found = {};
  std::vector<Index> film_of = {};  // of each found cycle the film that it is; -1: spurious
  Vec<S> restless = {};             // the first start without recurrence, if there is one
  Index hits(Index film) const {
    Index sum = 0;
    for (std::size_t k = 0; k < film_of.size(); ++k) sum += film_of[k] == film ? found.hits[k] : 0;
    return sum;
  }
  Index all_starts() const { return static_cast<Index>(found.ends.size()); }
  Index spurious() const { return std::count(film_of.begin(), film_of.end(), Index(-1)); }
};

Mat<S> uniform_points(Index d, Index n, double low, double high, std::uint64_t seed) {
  Random random(seed);
  return uniform_starts<S>(d, n, random, low, high);
}
Mat<S> normal_points(Index d, Index n, std::uint64_t seed) {
  Random random(seed);
  return normal_starts<S>(d, n, random);
}

/// The film with a point next to this cycle's first one; -1: none.
Index film_at(const std::vector<Cycle<S>>& films, const Cycle<S>& cycle) {
  for (std::size_t k = 0; k < films.size(); ++k)
    if (films[k].converged() && films[k].period() == cycle.period()) {
      const Vec<S> x = cycle.points.col(0);
      if ((films[k].points.colwise() - x).colwise().norm().minCoeff() <= 1e-6 * x.norm())
        return static_cast<Index>(k);
    }
  return -1;
}

/// The cycles next to the sequences of X.
void refine_films(const Model<Net>& f, Film& film) {
  Index begin = 0;
  for (const Index n : film.lengths) {
    CycleOptions options;
    options.search.cancelled = interrupted;
    film.films.push_back(refine_cycle(f, film.X.middleCols(begin, n), options));
    begin += n;
  }
}

/// Where all starts end.
void follow_starts(const Model<Net>& f, Film& film, const std::string& what) {
  Index n = 0;
  for (const Starts& s : film.starts) n += s.x.cols();
  Mat<S> all(film.X.rows(), n);
  n = 0;
  for (const Starts& s : film.starts) {
    all.middleCols(n, s.x.cols()) = s.x;
    n += s.x.cols();
  }
  Progress progress(what + ": starts");
  CyclesOptions options{.transient = steps_to_settle, .longest = longest_cycle, .bound = 1e6};
  options.cycle.search.cancelled = interrupted;
  film.found = find_cycles(f, all, options);
  for (const Cycle<S>& c : film.found.cycles) film.film_of.push_back(film_at(film.films, c));
  std::size_t j = 0;
  for (Starts& s : film.starts)
    for (Index i = 0; i < s.x.cols(); ++i, ++j) {
      const Index k = film.found.cycle_of[j];
      if (film.found.ends[j] == StartEnd::no_recurrence && film.restless.size() == 0)
        film.restless = s.x.col(i);
      ++(k < 0 ? s.lost : film.film_of[static_cast<std::size_t>(k)] >= 0 ? s.on_film : s.elsewhere);
    }
}

std::vector<Starts> image_starts(const ImageData& data, Index n, std::uint64_t seed) {
  const Index d = data.train.shape.size();
  return {{"unseen images", choose_images<S>(data.test, n, seed)},
          {"uniform noise", uniform_points(d, n, 0, 1, seed + 1)},
          {"normal noise", normal_points(d, n, seed + 2)}};
}

/// A film of images in 5 x 128.
Film image_film(const ImageData& data, const std::vector<Index>& lengths, std::uint64_t seed, Index starts,
                const std::string& what, std::optional<Model<Net>>* keep = nullptr) {
  Film film{.X = choose_images<S>(data.train, frames, seed), .lengths = lengths};
  const Model<Net> f = trained_network(film.X, next_in_cycle(film.X, lengths), training_of_images, seed,
                                       what + ": training", film.training);
  if (interrupted()) return film;
  film.starts = image_starts(data, starts, seed);
  refine_films(f, film);
  follow_starts(f, film, what);
  if (keep) *keep = f;
  return film;
}

/// Points of [-1, 1]^d in a row.
Film small_film(Index d, Index n, Index width, std::uint64_t seed, const std::string& what) {
  Film film{.X = uniform_points(d, n, -1, 1, seed), .lengths = {n}};
  const Model<Net> f =
      trained_network(film.X, next_in_cycle(film.X), {.width = width, .hidden = 5, .loss_goal = loss_goal},
                      seed, what + ": training", film.training);
  if (interrupted()) return film;
  film.starts = {{"uniform", uniform_points(d, 200, -1, 1, seed + 100)}};
  refine_films(f, film);
  follow_starts(f, film, what);
  return film;
}

/// The exponents of one orbit.
struct Exponents {
  std::string what;
  LyapunovSpectrum spectrum;
};

/// x -> tanh(g W x) with W from N(0, 1 / n), n = 100: at rest for g < 1, chaotic for large n and g > 1
/// (Sompolinsky, Crisanti, Sommers 1988, in continuous time).
Exponents random_network(double g, std::uint64_t seed) {
  constexpr Index n = 100;
  const Chain net(Dense<S>(n, n, false), Pointwise<S, Tanh>(n));
  const Mat<S> W = normal_points(n, n, seed);
  const Model f(net, Vec<S>(g / std::sqrt(static_cast<double>(n)) * W.reshaped()));
  LyapunovOptions options{.exponents = 3, .transient = 2000, .steps = 8000, .seed = seed};
  options.cancelled = interrupted;
  return {text("tanh(g W x), g = ", number(g)),
          lyapunov_spectrum(f, normal_points(n, 1, seed + 1).col(0), options)};
}

std::vector<Exponents> exponents_of(const Model<Net>& f, const Film& film, std::uint64_t seed) {
  std::vector<Exponents> all;
  LyapunovOptions options{.exponents = 3, .transient = 600, .steps = 2000};
  options.cancelled = interrupted;
  Progress progress(text("seed ", seed, ": exponents"));
  all.push_back({"the film", lyapunov_spectrum(f, film.films[0].points.col(0), options)});
  for (std::size_t k = 0; k < film.film_of.size(); ++k)
    if (film.film_of[k] < 0) {
      all.push_back({"a spurious cycle", lyapunov_spectrum(f, film.found.cycles[k].points.col(0), options)});
      break;
    }
  if (film.restless.size() > 0) {
    options.steps = 4000;
    all.push_back({"a start without recurrence", lyapunov_spectrum(f, film.restless, options)});
  }
  for (const double g : {0.8, 1.5, 3.}) all.push_back(random_network(g, seed));
  return all;
}

/// Growth before decay at an attractor, predicted and seen.
struct Growing {
  Amplification predicted;
  double radius = 0;  // spectral radius of J, of M^(1/p) on a cycle
  double seen = 0;    // of a push of 1e-7 |x| in the worst direction, after growth.time steps of f itself
};

/// The push in the worst direction at the worst point of the cycle, by the power method on (J_t ... J_1)'
/// (J_t ... J_1), and what f makes of it.
double growth_seen(const Model<Net>& f, const Mat<S>& points, Index steps) {
  const Index p = points.cols();
  std::vector<Mat<S>> J;
  for (Index i = 0; i < p; ++i) J.push_back(jacobian(f, points.col(i)));
  double most = 0;
  for (Index i = 0; i < p; ++i) {
    Vec<S> v = normal_points(points.rows(), 1, static_cast<std::uint64_t>(i)).col(0).normalized();
    for (int pass = 0; pass < 60; ++pass) {
      for (Index t = 0; t < steps; ++t) v = J[static_cast<std::size_t>((i + t) % p)] * v;
      for (Index t = steps; t-- > 0;) v = J[static_cast<std::size_t>((i + t) % p)].transpose() * v;
      v.normalize();
    }
    const double length = 1e-7 * points.col(i).norm();
    Mat<S> x(points.rows(), 2);
    x << points.col(i), points.col(i) + length * v;
    for (Index t = 0; t < steps; ++t) x = f(x);
    most = std::max(most, (x.col(1) - x.col(0)).norm() / length);
  }
  return most;
}

Growing growing_at(const Model<Net>& f, const Mat<S>& points, double radius) {
  Growing g{amplification(f, points, {.angles = 4}), radius, 1};
  if (const Index t = g.predicted.growth.time; t > 0) g.seen = growth_seen(f, points, t);
  return g;
}

/// Growth at the attractors of an autoencoder on the same images.
std::vector<Growing> growing_attractors(const Mat<S>& X, std::uint64_t seed) {
  const std::string what = text("seed ", seed, ", autoencoder");
  FitResult training;
  const Model<Net> f = trained_network(X, X, training_of_images, seed, what + ": training", training);
  std::vector<Growing> all;
  Progress progress(what + ": growth");
  for (Index j = 0; j < X.cols() && !interrupted(); ++j) {
    const FoundPoint<S> p = find_fixed_point(f, X.col(j));
    if (p.stability == Stability::attracting && p.distance <= near_example * X.col(j).norm())
      all.push_back(growing_at(f, p.x, p.spectral_radius));
  }
  return all;
}

struct Run {
  std::optional<Model<Net>> f;
  Film film, two, small;
  std::vector<Film> planes;
  std::vector<Exponents> exponents;
  std::optional<Growing> on_film;
  std::vector<Growing> at_points;
};

Run run(const ImageData& data, std::uint64_t seed, bool full) {
  Run r;
  const std::string what = text("seed ", seed);
  const Index starts = full ? 200 : 100;
  r.film = image_film(data, {frames}, seed, starts, what + ", film", &r.f);
  if (interrupted()) return r;
  r.two = image_film(data, {12, 8}, seed, starts, what + ", two films");
  r.small = small_film(10, 12, 128, seed, what + ", ten dimensions");
  for (std::uint64_t k = 0; k < 5 && !interrupted(); ++k)
    r.planes.push_back(small_film(2, 7, 64, 5 * seed + k, text(what, ", plane ", k + 1)));
  if (interrupted() || !r.f) return r;
  const Cycle<S>& cycle = r.film.films[0];
  r.exponents = exponents_of(*r.f, r.film, seed);
  if (cycle.stability == Stability::attracting)
    r.on_film = growing_at(*r.f, cycle.points,
                           std::pow(cycle.spectral_radius, 1 / static_cast<double>(cycle.period())));
  r.at_points = growing_attractors(full ? r.film.X : Mat<S>(r.film.X.leftCols(10)), seed);
  return r;
}

std::vector<Run> study(const Program& program, const ImageData& data) {
  std::vector<Run> runs;
  for (const std::uint64_t seed : program.seeds()) {
    Run r = run(data, seed, program.full());
    if (interrupted() || !r.f) break;
    runs.push_back(std::move(r));
  }
  return runs;
}

// The claims.

/// Periods, multipliers and hits of what is not the film.
std::string words_of_spurious(const Film& f) {
  std::string words;
  for (std::size_t k = 0; k < f.film_of.size(); ++k)
    if (f.film_of[k] < 0) {
      const Cycle<S>& c = f.found.cycles[k];
      words += text(words.empty() ? "" : "; ", "period ", c.period(), ", multiplier ",
                    number(c.spectral_radius), ", ", c.stability, ", ", f.found.hits[k], " starts");
    }
  return words.empty() ? "none" : words;
}
std::string words_of_ends(const Film& f) {
  std::string words;
  for (const Starts& s : f.starts)
    words += text(words.empty() ? "" : "; ", s.name, " ", share(s.on_film, s.x.cols()));
  const Index open = f.found.count(StartEnd::no_recurrence), lost = f.found.count(StartEnd::not_found),
              gone = f.found.count(StartEnd::diverged);
  return text(words, "; without recurrence ", open, ", recurrent without a cycle ", lost, ", diverged ", gone,
              "; other cycles: ", words_of_spurious(f));
}
std::string for_each_seed(const std::vector<Run>& runs, const Program& program, Film Run::*film) {
  std::string words;
  for (std::size_t k = 0; k < runs.size(); ++k)
    words += text(k ? ". " : "", "Seed ", program.seeds()[k], ": ", words_of_ends(runs[k].*film));
  return words;
}

void claim_film(Program& program, const std::vector<Run>& runs) {
  const auto film = [&](auto get) { return of_each(runs, [&](const Run& r) { return get(r.film); }); };
  program.claim(median_claim("film, interpolation", "The mean squared error is below 1e-8.", no_paper,
                             film([](const Film& f) { return f.training.loss; }), at_most(loss_goal)));
  program.claim(median_claim(
      "film, cycle", "Multiple shooting from the images finds a cycle of 20 points (1: yes).", no_paper,
      film([](const Film& f) { return f.films[0].converged() && f.films[0].period() == frames; }), Band{1, 1},
      "",
      text("largest distance from an image ",
           summary(film([](const Film& f) { return f.films[0].distance; })), "; residual ",
           summary(film([](const Film& f) { return f.films[0].residual; })), "; Newton steps ",
           summary(film([](const Film& f) { return f.films[0].steps; })))));
  program.claim(median_claim(
      "film, attracts", "That cycle is shown to attract (1: yes).", no_paper,
      film([](const Film& f) { return f.films[0].stability == Stability::attracting; }), Band{1, 1}));
  program.claim(guard_claim("film, multiplier", "Its largest multiplier, for 20 steps.", no_paper,
                            film([](const Film& f) { return f.films[0].spectral_radius; }), at_most(0.9)));
  program.claim(guard_claim("film, starts", "Starts that end on the film.", no_paper,
                            film([](const Film& f) { return percent(f.hits(0), f.all_starts()); }),
                            Band{30, 100}, "%", for_each_seed(runs, program, &Run::film)));
  program.claim(guard_claim("film, spurious", "Other cycles that starts end on or pass.", no_paper,
                            film([](const Film& f) { return f.spurious(); }), at_most(20)));
}

void claim_planes(Program& program, const std::vector<Run>& runs) {
  Index fitted = 0, repelling = 0, on = 0, starts = 0;
  std::vector<double> multipliers, distances;
  for (const Run& r : runs)
    for (const Film& f : r.planes) {
      const Cycle<S>& c = f.films[0];
      if (f.training.status != FitStatus::converged || !c.converged()) continue;
      ++fitted;
      multipliers.push_back(c.spectral_radius);
      distances.push_back(c.distance);
      if (c.stability != Stability::unstable) continue;
      ++repelling;
      on += f.hits(0);
      starts += f.all_starts();
    }
  if (fitted == 0) return;
  program.claim(guard_claim(
      "plane", "Seven points of the plane, fitted to 1e-8: networks whose cycle next to them is unstable.",
      no_paper, {percent(repelling, fitted)}, Band{1, 100}, "%",
      text("networks ", share(repelling, fitted), "; multipliers ", summary(multipliers, "", "networks"),
           "; distance of the cycle from the points ", summary(distances, "", "networks"),
           "; starts of these that end on it ", on, " of ", starts)));
}

void claim_other_films(Program& program, const std::vector<Run>& runs) {
  const auto both = [](const Film& f) {
    return std::count_if(f.films.begin(), f.films.end(),
                         [](const auto& c) { return c.stability == Stability::attracting; });
  };
  program.claim(guard_claim("two films", "Cycles of 12 and 8 images in one network: how many attract.",
                            no_paper, of_each(runs, [&](const Run& r) { return both(r.two); }), Band{1, 2},
                            " of 2", for_each_seed(runs, program, &Run::two)));
  program.claim(guard_claim(
      "two films, starts", "Starts that end on one of the two.", no_paper,
      of_each(runs, [](const Run& r) { return percent(r.two.hits(0) + r.two.hits(1), r.two.all_starts()); }),
      Band{20, 100}, "%"));
  program.claim(median_claim(
      "ten dimensions", "12 points of ten dimensions: uniform starts that end on their cycle.", no_paper,
      of_each(runs, [](const Run& r) { return percent(r.small.hits(0), r.small.all_starts()); }),
      Band{0, 100}, "%",
      text("multipliers of the cycle ",
           summary(of_each(runs, [](const Run& r) { return r.small.films[0].spectral_radius; })), ". ",
           for_each_seed(runs, program, &Run::small))));
  claim_planes(program, runs);
}

std::string words_of(const Exponents& e) {
  const LyapunovSpectrum& s = e.spectrum;
  std::string words = e.what + ":";
  for (std::size_t i = 0; i < s.exponents.size(); ++i)
    words += text(" ", number(s.exponents[i]), " +- ", number(s.uncertainties[i], 1));
  return text(words, ", ", s.motion, s.period > 1 ? text(" of ", s.period) : "");
}

void claim_exponents(Program& program, const std::vector<Run>& runs) {
  std::string words;
  for (const Exponents& e : runs.front().exponents) words += (words.empty() ? "" : "; ") + words_of(e);
  program.claim(median_claim(
      "exponent of the film",
      "The largest exponent on the film, less the logarithm of its multiplier over 20.", no_paper,
      of_each(runs,
              [](const Run& r) {
                const Cycle<S>& c = r.film.films[0];
                const auto& e = r.exponents.front().spectrum.exponents;
                return e.empty()
                           ? 1
                           : std::abs(e[0] - std::log(c.spectral_radius) / static_cast<double>(c.period()));
              }),
      at_most(1e-3), "", "First seed: " + words));
  const auto chaotic = [](const Run& r) { return r.exponents.back().spectrum.motion == Motion::chaotic; };
  program.claim(median_claim("random network", "tanh(g W x) of 100 units is chaotic at g = 3 (1: yes).",
                             no_paper, of_each(runs, chaotic), Band{1, 1}));
}

void claim_growth(Program& program, const std::vector<Run>& runs) {
  std::vector<double> peaks, radii, off, times, kreiss, departures;
  double film = 0, seen = 0;
  for (const Run& r : runs) {
    for (const Growing& g : r.at_points) {
      peaks.push_back(g.predicted.growth.peak);
      times.push_back(static_cast<double>(g.predicted.growth.time));
      radii.push_back(g.radius);
      kreiss.push_back(g.predicted.kreiss.value);
      departures.push_back(g.predicted.relative);
      off.push_back(std::abs(g.seen / g.predicted.growth.peak - 1));
    }
    if (r.on_film && r.on_film->predicted.growth.peak > film) {
      film = r.on_film->predicted.growth.peak;
      seen = r.on_film->seen;
    }
  }
  if (peaks.empty()) return;
  Claim points = guard_claim(
      "growth at attractors",
      "The most by which a small error at an attracting image of an autoencoder grows.", no_paper,
      {median(peaks)}, at_least(1), "",
      text("spectral radius ", summary(radii, "", "attractors"), "; after steps ",
           summary(times, "", "attractors"), "; Kreiss' bound ", summary(kreiss, "", "attractors"),
           "; departure from normality over |J|_F ", summary(departures, "", "attractors")));
  points.measured = summary(peaks, "", "attractors");
  program.claim(points);
  const auto above = std::count_if(peaks.begin(), peaks.end(), [](double p) { return p > 1; });
  program.claim(guard_claim("growth above 1", "Attracting images at which some error grows first.", no_paper,
                            {percent(above, static_cast<Index>(peaks.size()))}, Band{20, 100}, "%",
                            share(above, static_cast<Index>(peaks.size()))));
  program.claim(guard_claim("growth on the film", "The same along the film, the largest of the seeds.",
                            no_paper, {film}, at_least(1), "", text("seen of f itself: ", number(seen))));
  program.claim(median_claim(
      "growth, seen",
      "What f makes of a push of 1e-7 in the worst direction, against the prediction: the median error.",
      no_paper, {median(off)}, at_most(1e-2)));
}

void claim_two_by_two(Program& program) {
  const Mat<S> J{{0.5, 10}, {0, 0.5}};
  const TransientGrowth g = transient_growth(J);
  program.claim(median_claim(
      "growth, by hand",
      "x -> [.5 10; 0 .5] x attracts with rho = .5: the most that an error grows by, 5 + 25.25^(1/2).",
      no_paper, {g.peak}, Band{5 + std::sqrt(25.25) - 1e-9, 5 + std::sqrt(25.25) + 1e-9}));
}

// The pictures.

/// The film, and beneath it what an unseen image and noise become.
void draw_strip(Program& program, const ImageData& data, const Run& r) {
  constexpr Index columns = 10;
  ImageTable table(text("A film of 20 images of ", data.name, " as a cycle of 5 x 128, and two starts"),
                   data.train.shape, std::vector<std::string>(columns, ""));
  const Mat<S>& X = r.film.X;
  table.add_row("film 1-10", X.leftCols(columns));
  table.add_row("film 11-20", X.rightCols(columns));
  for (const std::size_t kind : {std::size_t(0), std::size_t(2)}) {
    const Starts& s = r.film.starts[kind];
    Mat<S> x(X.rows(), 2 * columns);
    Vec<S> at = s.x.col(0);
    for (Index t = 0; t < columns; ++t, at = (*r.f)(at)) x.col(t) = at;
    for (Index t = columns; t < 400; ++t) at = (*r.f)(at);
    for (Index t = 0; t < columns; ++t, at = (*r.f)(at)) x.col(columns + t) = at;
    const std::string name = kind == 0 ? "unseen" : "noise";
    table.add_row(name + ", t = 0-9", x.leftCols(columns));
    table.add_row("t = 400-409", x.rightCols(columns));
  }
  program.draw(table, "cycles_film.png",
               "Two rows: the film. Then an unseen image and normal noise with the nine images that follow, "
               "and what the network shows from step 400 on.");
}

/// |m|^(1/p) e^(i arg m) of the multipliers m of a cycle of p points, but for those that are rounding of M.
Series multiplier_series(const std::string& name, const std::vector<const Cycle<S>*>& cycles) {
  Series s{name, {}, {}, Series::Style::points};
  for (const Cycle<S>* c : cycles)
    for (const std::complex<double>& m : c->multipliers) {
      if (std::abs(m) < 1e-13 * c->norm) continue;
      const double size = std::pow(std::abs(m), 1 / static_cast<double>(c->period()));
      s.x.push_back(size * std::cos(std::arg(m)));
      s.y.push_back(size * std::sin(std::arg(m)));
    }
  return s;
}

void draw_multipliers(Program& program, const std::vector<Run>& runs) {
  std::vector<const Cycle<S>*> films, spurious, planes;
  for (const Run& r : runs) {
    films.push_back(&r.film.films[0]);
    for (const Film& f : r.planes)
      if (f.films[0].converged()) planes.push_back(&f.films[0]);
    for (const Film* f : {&r.film, &r.two, &r.small})
      for (std::size_t k = 0; k < f->film_of.size(); ++k)
        if (f->film_of[k] < 0 && f->found.hits[k] > 0) spurious.push_back(&f->found.cycles[k]);
  }
  LinePlot plot{"Multipliers of cycles, for one step", "|m|^(1/p) cos arg m", "|m|^(1/p) sin arg m", {}};
  Series circle{"unit circle", {}, {}, Series::Style::line};
  for (int k = 0; k <= 360; ++k) {
    const double a = k * std::acos(-1.) / 180;
    circle.x.push_back(std::cos(a));
    circle.y.push_back(std::sin(a));
  }
  plot.series = {circle, multiplier_series("films of images", films)};
  if (!spurious.empty()) plot.series.push_back(multiplier_series("spurious cycles", spurious));
  if (!planes.empty()) plot.series.push_back(multiplier_series("fitted in the plane", planes));
  double farthest = 1;
  for (const Series& series : plot.series)
    for (const std::vector<double>* v : {&series.x, &series.y})
      for (const double value : *v) farthest = std::max(farthest, std::abs(value));
  plot.x_range = plot.y_range = Extent{-1.1 * farthest, 1.1 * farthest};
  plot.square = true;
  plot.width = plot.height = 760;
  program.draw(
      plot, "cycles_multipliers.png",
      "The eigenvalues m of the product of the Jacobians around each cycle of p points, drawn as "
      "|m|^(1/p) e^(i arg m), without those below 1e-13 |M|, which are rounding: within the unit circle "
      "a cycle attracts. Outside: fitted, and not stored.");
}

void draw_convergence(Program& program, const std::vector<Run>& runs) {
  LinePlot plot{"Lyapunov exponents, means over the first steps", "steps", "exponent for a step", {}};
  plot.log_x = true;
  for (const Exponents& e : runs.front().exponents) {
    if (e.spectrum.exponents.empty()) continue;
    Series s{e.what, {}, {}, Series::Style::line_points};
    for (std::size_t i = 0; i < e.spectrum.times.size(); ++i) {
      s.x.push_back(static_cast<double>(e.spectrum.times[i]));
      s.y.push_back(e.spectrum.history(0, static_cast<Index>(i)));
    }
    plot.series.push_back(s);
  }
  plot.horizontal = {{0, "0: errors neither grow nor shrink"}};
  program.draw(plot, "cycles_exponents.png",
               "The largest Lyapunov exponent as the mean over 1, 2, 4, ... steps, seed 0.");
}

void body(Program& program) {
  const ImageData data = program.images();
  const std::vector<Run> runs = study(program, data);
  if (runs.empty()) return;
  draw_strip(program, data, runs.front());
  draw_multipliers(program, runs);
  draw_convergence(program, runs);
  claim_film(program, runs);
  claim_other_films(program, runs);
  claim_exponents(program, runs);
  claim_two_by_two(program);
  claim_growth(program, runs);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("cycles", "Films in a network: cycles, exponents, and growth before decay",
                     {.quick = 2, .full = 5}, argc, argv, body);
}
