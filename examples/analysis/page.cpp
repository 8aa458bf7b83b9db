// report.html: the sections, with tables and pictures.
#include <algorithm>  // std::count, std::count_if, std::max, std::min
#include <cmath>      // std::abs, std::cos, std::sin
#include <map>        // std::map
#include <numbers>    // std::numbers::pi

#include "analysis/analysis.hpp"
#include "analysis/words.hpp"       // counted, described, percent, verified
#include "support/claims.hpp"       // number, Figure
#include "support/html.hpp"         // page_html, table_html, escape_html, figure_html
#include "support/image_table.hpp"  // ImageTable
#include "support/plot.hpp"         // LinePlot, Histogram, draw
#include "support/progress.hpp"     // duration
#include "support/text.hpp"         // text

namespace basin::examples {

namespace {

using Rows = std::vector<std::vector<std::string>>;

/// The page as it grows.
class Page {
 public:
  explicit Page(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::string html;

  void section(const std::string& title) {
    const std::string id = text("section", contents_.size());
    html += text(contents_.empty() ? "" : "</section>\n", "<section id=\"", id, "\"><h2>", escape_html(title),
                 "</h2>\n");
    contents_.push_back({id, title, ""});
  }
  void paragraph(const std::string& words) { html += text("<p>", escape_html(words), "</p>\n"); }
  /// How far to trust what stands above.
  void note(const std::string& words) { html += text("<p class=\"note\">", escape_html(words), "</p>\n"); }
  void problem(const std::string& words) {
    html += text("<p class=\"problem\">", escape_html(words), "</p>\n");
  }
  void table(const std::vector<std::string>& head, const Rows& rows) { html += table_html(head, rows); }
  template <class Plot>
  void draw(const Plot& plot, const std::string& file, const std::string& caption) {
    const Drawn drawn = basin::examples::draw(plot, folder_ / file);
    if (drawn)
      html += figure_html({file, caption, drawn.look}, folder_);
    else
      note(text("The picture ", file, " was not drawn: ", drawn.problem));
  }
  std::string finished(const std::string& title) const {
    return page_html(title, contents_, html + (contents_.empty() ? "" : "</section>\n"));
  }

 private:
  std::filesystem::path folder_;
  std::vector<PagePlace> contents_;
};

/// What the sections read.
struct Report {
  const AnalysisInput& in;
  const AnalyzeOptions& options;
  const Analysis& a;
  Page& page;
  const FixedPointFacts& fixed() const { return *a.fixed; }
  const LinearStability& kind(Index k) const { return fixed().points.kinds[static_cast<std::size_t>(k)]; }
  bool pictures() const { return in.image() && (in.shape.channels == 1 || in.shape.channels == 3); }
  /// The range of the data as black to white.
  Mat<double> shown(const Mat<double>& x) const {
    const TrainingError& e = a.error;
    if (e.lo >= 0 && e.hi <= 1) return x;
    return (x.array() - e.lo) / std::max(e.hi - e.lo, 1e-300);
  }
};

// ---- 1 and 2

void network_section(const Report& r) {
  const NetworkFacts& n = r.a.network;
  r.page.section("The network");
  std::string operators;
  for (const auto& [name, count] : r.in.info.operators)
    operators += text(operators.empty() ? "" : ", ", name, count > 1 ? text(" (", count, ")") : "");
  const auto shape = [](const std::vector<Index>& sides) { return detail::shape_text(sides); };
  Rows rows{
      {"file", r.options.model.string()},
      {"written by", text(r.in.info.producer, ", operator set ", r.in.info.opset)},
      {"operators", operators},
      {"input and output", text(r.in.info.input, " ", shape(r.in.info.in_shape), " -> ", r.in.info.output,
                                " ", shape(r.in.info.out_shape))},
      {"layers", text(n.layers)},
      {"parameters", text(n.parameters)},
      {"multiplications for one output", text(n.multiply_adds)},
      {"affine", n.affine ? "yes" : text("no: ", n.not_affine)},
      {"narrowest place", n.narrowest > 0 ? text(n.narrowest, " numbers: the Jacobian has at most this rank")
                                          : "none that is half as narrow as the ends"}};
  if (r.a.fixed) {
    rows.push_back({"fixed points, orbits, spectra", "for every network"});
    rows.push_back({"certificates", n.certifiable ? "for these layers" : text("no: ", n.no_certificates)});
  }
  r.page.table({"", ""}, rows);
  r.page.note(
      "The weights are those of the file, computed with in double precision. Normalizations are as in "
      "evaluation mode, as the file has them.");
  if (!r.in.self_map())
    r.page.problem(text("The output has ", r.in.f.layer.out_size(), " numbers, the input ",
                        r.in.f.layer.in_size(),
                        ": f(f(x)) does not exist, and there are no fixed points to look for."));
}

/// Data, outputs and differences of the first samples and the worst one.
void draw_outputs(const Report& r) {
  const Mat<double>& X = r.in.X;
  const Index columns = std::min(Index(10), X.cols());
  std::vector<Index> which;
  for (Index j = 0; j < columns; ++j) which.push_back(j);
  which.back() = std::max(which.back(), r.a.error.worst);
  std::vector<std::string> names;
  for (const Index j : which) names.push_back(text(j));
  ImageTable table("Samples and what the network makes of them", r.in.shape, names);
  const Mat<double> x = X(Eigen::all, which), y = r.in.f(x);
  table.add_row("sample", r.shown(x));
  table.add_row("output", r.shown(y));
  const double largest = std::max((y - x).cwiseAbs().maxCoeff(), 1e-300);
  table.add_row(text("difference, white ", number(largest)), Mat<double>((y - x).cwiseAbs() / largest));
  r.page.draw(table, "outputs.png",
              text("The first samples, and the one with the largest error (", r.a.error.worst,
                   ") if it is not among them."));
}

void error_section(const Report& r) {
  const TrainingError& e = r.a.error;
  r.page.section("Does it reproduce its data?");
  r.page.table({"", ""},
               {{"file", r.options.data.string()},
                {"samples", text(r.in.X.cols(), " of ", r.in.in_file, " in the file, of shape ", r.in.shape)},
                {"range of the data", text(number(e.lo), " to ", number(e.hi))}});
  if (e.of_sample.empty()) {
    r.page.problem("There is no error: outputs have another size than samples.");
    return;
  }
  r.page.table({"mean square error", "largest of a sample", "median |f(x) - x| / |x|"},
               {{number(e.mean, 6), text(number(e.largest, 6), ", sample ", e.worst), number(e.relative)}});
  if (!e.hint.empty()) r.page.problem(e.hint);
  r.page.note("The mean over all numbers of (f(x) - x)^2: PyTorch's MSELoss.");
  if (r.pictures()) draw_outputs(r);
  Histogram h{"Mean square error of each sample", "mean square error", "samples", {{"", e.of_sample}}};
  if (e.of_sample.size() >= 5) r.page.draw(h, "errors.png", "How the error is spread over the samples.");
}

// ---- 3

void verdict_table(const Report& r) {
  const FixedPoints<double>& p = r.fixed().points;
  std::map<Index, Index> directions;
  for (const LinearStability& k : p.kinds)
    if (k.stability == Stability::unstable) ++directions[k.unstable];
  std::string spread;
  for (const auto& [d, count] : directions) spread += text(spread.empty() ? "" : ", ", count, " with ", d);
  r.page.table({"found", "attracting", "unstable", "undecided", "unstable directions"},
               {{text(p.size()), text(p.count(Stability::attracting)), text(p.count(Stability::unstable)),
                 text(p.count(Stability::undecided)), spread.empty() ? "-" : spread}});
  r.page.note(
      "A verdict is a bound on the Jacobian with all its rounding, not a computed eigenvalue; undecided "
      "where the spectral radius is 1 within what is known. The number of unstable directions is as "
      "computed.");
}

std::string index_sentence(const FixedPointFacts& f) {
  const Index sum = f.points.index_sum();
  if (!f.degree_known) return text("The indices add up to ", sum, "; what they must add up to is not known.");
  const std::string how = f.degree_sure ? "" : " (not sure)";
  if (!f.points.index_is_sure())
    return text("The indices that are sure add up to ", sum, "; all should add up to ", f.degree, how, ".");
  if (sum == f.degree)
    return text("The indices add up to ", sum, ", as those of all fixed points must", how,
                ": nothing proves that any is missing.");
  return text("The indices add up to ", sum, ", those of all fixed points to ", f.degree, how,
              f.degree_sure ? ": points are missing, or not isolated." : ".");
}

void completeness(const Report& r) {
  const FixedPointFacts& f = r.fixed();
  r.page.paragraph(text("Starts: ", f.examples, " examples, ", f.uniform, " of noise, ", f.around,
                        " examples with noise, ", f.midpoints, " midpoints of pairs of examples (of ",
                        f.all_pairs, "). ",
                        std::count(f.points.ends.begin(), f.points.ends.end(), SearchEnd::converged), " of ",
                        f.points.ends.size(), " searches converged, those from ends of orbits included."));
  r.page.paragraph(
      text("By how often each point was found there are at least about ", number(f.richness.chao1),
           " points that such starts lead to (Chao1), and one more start leads to a known one with "
           "a chance of ",
           number(100 * f.richness.coverage), "% (Good). ", index_sentence(f)));
  if (f.degree_known)
    r.page.note(text("Far away |f(x)| / |x| is at most about ", number(f.growth),
                     f.growth < 1 ? ": all orbits come back." : ": some orbits may leave for ever."));
}

/// Attractors, those with the largest basins first.
void attractor_table(const Report& r) {
  Rows rows;
  const std::vector<Index> at = r.a.attractors();
  for (std::size_t i = 0; i < std::min<std::size_t>(at.size(), 20); ++i) {
    const auto k = static_cast<std::size_t>(at[i]);
    const FixedPointFacts& f = r.fixed();
    const Index example = k < f.census.example_at.size() ? f.census.example_at[k] : -1;
    const std::string nearest =
        k < f.nearest_example.size()
            ? text(f.nearest_example[k], ", ", number(100 * f.example_distance[k]), "% away")
            : "";
    rows.push_back({text(at[i]), example >= 0 ? text("example ", example) : "spurious", nearest,
                    number(r.kind(at[i]).spectral_radius, 4), number(r.kind(at[i]).norm),
                    number(f.points.residuals[k], 2), text(f.points.hits[k])});
  }
  if (rows.empty()) return;
  r.page.table({"point", "is", "nearest example", "spectral radius", "|J|", "|f(x) - x|", "found"}, rows);
  if (at.size() > rows.size()) r.page.note(text(at.size() - rows.size(), " more are in analysis.json."));
}

void draw_attractors(const Report& r) {
  const std::vector<Index> at = r.a.attractors();
  const FixedPointFacts& f = r.fixed();
  const auto shown = std::min<std::size_t>(at.size(), 20);
  const std::size_t columns = std::min<std::size_t>(std::max<std::size_t>(shown, 1), 10);
  ImageTable table("Attractors", r.in.shape, std::vector<std::string>(columns, ""));
  for (std::size_t begin = 0; begin < shown; begin += columns) {
    Mat<double> points = Mat<double>::Ones(r.in.X.rows(), static_cast<Index>(columns)), nearest = points;
    for (std::size_t i = begin; i < std::min(begin + columns, shown); ++i) {
      const auto j = static_cast<Index>(i - begin);
      points.col(j) = r.shown(f.points.x.col(at[i]));
      nearest.col(j) = r.shown(r.in.X.col(f.nearest_example[static_cast<std::size_t>(at[i])]));
    }
    table.add_row("attractor", points);
    table.add_row("nearest example", nearest);
  }
  if (shown > 0)
    r.page.draw(table, "attractors.png",
                "Attractors in the order of the table, row by row, and below each the nearest example.");
}

void draw_saddles(const Report& r) {
  const FixedPoints<double>& p = r.fixed().points;
  std::vector<Index> which;
  for (Index k = 0; k < p.size() && which.size() < 10; ++k)
    if (r.kind(k).stability == Stability::unstable) which.push_back(k);
  if (which.empty()) return;
  std::vector<std::string> names;
  for (const Index k : which) names.push_back(text(k, ": ", r.kind(k).unstable));
  ImageTable table("Unstable fixed points", r.in.shape, names);
  table.add_row("", r.shown(p.x(Eigen::all, which)));
  r.page.draw(
      table, "saddles.png",
      "The first unstable fixed points: number, and how many unstable directions. A saddle with one lies on "
      "the boundary between two basins.");
}

/// Vectors of two numbers: all points in the plane.
void draw_plane(const Report& r) {
  LinePlot plot{"Samples and fixed points", "x1", "x2", {}};
  const auto add = [&](const std::string& name, const Mat<double>& x, Series::Style style) {
    Series s{name, {}, {}, style};
    for (Index j = 0; j < x.cols(); ++j) s.x.push_back(x(0, j)), s.y.push_back(x(1, j));
    plot.series.push_back(s);
  };
  const FixedPoints<double>& p = r.fixed().points;
  std::vector<Index> attracting = r.a.attractors(), other;
  for (Index k = 0; k < p.size(); ++k)
    if (r.kind(k).stability != Stability::attracting) other.push_back(k);
  add("samples", r.in.X, Series::Style::points);
  if (!attracting.empty()) add("attracting", p.x(Eigen::all, attracting), Series::Style::stars);
  if (!other.empty()) add("unstable or undecided", p.x(Eigen::all, other), Series::Style::points);
  for (std::size_t j = 0; j < r.a.orbits.names.size(); ++j) {
    Series s{"", {}, {}, Series::Style::line};
    for (const Mat<double>& x : r.a.orbits.snapshots)
      s.x.push_back(x(0, static_cast<Index>(j))), s.y.push_back(x(1, static_cast<Index>(j)));
    s.name = j == 0 ? "orbits" : "";
    s.color = 7;
    plot.series.push_back(s);
  }
  plot.square = true;
  r.page.draw(plot, "plane.png", "Samples, fixed points and some orbits.");
}

void fixed_points_section(const Report& r) {
  r.page.section("Fixed points");
  verdict_table(r);
  completeness(r);
  attractor_table(r);
  if (r.pictures()) {
    draw_attractors(r);
    draw_saddles(r);
  } else if (r.in.X.rows() == 2) {
    draw_plane(r);
  }
}

void memory_section(const Report& r) {
  const FixedPointFacts& f = r.fixed();
  r.page.section("Which examples are memorized?");
  r.page.table({"examples", text("with a fixed point within ", number(100 * r.options.tolerance), "%"),
                "that attracts", "and takes in the example's orbit", "attractors", "spurious"},
               {{text(f.recall.examples.size()), text(f.recall.near()), text(f.recall.attracting()),
                 text(f.recall.recalled()), text(f.census.attractors), text(f.census.spurious)}});
  r.page.note(
      "Memorized is what passes all three. An attractor is spurious where no example lies within the "
      "tolerance (of the mean norm).");
  Rows rows;
  for (std::size_t j = 0; j < f.recall.examples.size() && rows.size() < 20; ++j) {
    const auto& e = f.recall.examples[j];
    if (e.recalled) continue;
    rows.push_back({text(j), e.point.converged() ? text(number(100 * e.distance), "%") : "none found",
                    e.point.converged() ? text(e.point.stability) : "-",
                    e.point.converged() ? number(e.point.spectral_radius, 4) : "-",
                    !e.near       ? "no fixed point near"
                    : !e.attracts ? "does not attract"
                                  : "the orbit ends elsewhere"});
  }
  if (!rows.empty())
    r.page.table({"not memorized", "nearest fixed point", "which is", "spectral radius", "why"}, rows);
}

// ---- 4 to 6

void basins_section(const Report& r) {
  if (r.a.basins.empty()) return;
  r.page.section("Where orbits end");
  for (const BasinFractions& b : r.a.basins) {
    r.page.paragraph(text(b.count, " orbits of ", b.starts, ", up to ", b.steps, " steps:"));
    Rows rows;
    Index others = 0, different = 0;
    double share = 0;
    for (const BasinShare& s : b.shares)
      if (s.kind != BasinShare::Kind::attractor || rows.size() < 15) {
        rows.push_back(
            {s.point >= 0 ? text("attractor ", s.point) : described(s.kind), text(s.count), percent(s)});
      } else {
        others += s.count, share += s.share, ++different;
      }
    if (different > 0)
      rows.push_back({counted(different, "other attractor", "other attractors"), text(others),
                      text(number(100 * share), "%")});
    r.page.table({"end", "orbits", "share (95% interval)"}, rows);
  }
  r.page.note(
      "The intervals (Wilson) hold for starts of that kind, each for itself. An orbit is at an attractor "
      "when it has come within 0.1% of it; that it stays is shown where the ball of a certificate is "
      "larger.");
}

void draw_orbits(const Report& r) {
  const ShownOrbits& o = r.a.orbits;
  if (o.snapshots.empty() || !r.pictures()) return;
  std::vector<std::string> columns;
  for (const Index t : o.times) columns.push_back(t == 0 ? "start" : text(t));
  columns.push_back("end");
  ImageTable table("Orbits", r.in.shape, columns);
  for (std::size_t j = 0; j < o.names.size(); ++j) {
    Mat<double> row(r.in.X.rows(), static_cast<Index>(o.snapshots.size()));
    for (std::size_t t = 0; t < o.snapshots.size(); ++t)
      row.col(static_cast<Index>(t)) = o.snapshots[t].col(static_cast<Index>(j));
    table.add_row(o.names[j], r.shown(row));
  }
  r.page.draw(table, "orbits.png", "Some orbits: the number above each image is that of the steps.");
}

void draw_spectra(const Report& r) {
  LinePlot plot{"Eigenvalues at attractors", "real part", "imaginary part", {}};
  Series circle{"unit circle", {}, {}, Series::Style::line};
  circle.color = 7;
  for (int i = 0; i <= 360; ++i) {
    circle.x.push_back(std::cos(i * std::numbers::pi / 180));
    circle.y.push_back(std::sin(i * std::numbers::pi / 180));
  }
  plot.series.push_back(circle);
  for (std::size_t i = 0; i < std::min<std::size_t>(r.a.spectra.size(), 6); ++i) {
    Series s{text("attractor ", r.a.spectra[i].point), {}, {}, Series::Style::points};
    for (const auto& value : r.a.spectra[i].values) s.x.push_back(value.real()), s.y.push_back(value.imag());
    plot.series.push_back(s);
  }
  plot.square = true;
  r.page.draw(plot, "eigenvalues.png", "Eigenvalues of the Jacobian at the first attractors of the table.");
}

void spectra_section(const Report& r) {
  if (r.a.spectra.empty()) return;
  r.page.section("Spectra at the attractors");
  Rows rows;
  for (const Spectrum& s : r.a.spectra) {
    std::string leading;
    for (std::size_t i = 0; i < std::min<std::size_t>(s.values.size(), 5); ++i) {
      const auto v = s.values[i];
      leading +=
          text(i > 0 ? ", " : "", number(v.real()),
               v.imag() == 0 ? "" : text(v.imag() < 0 ? " - " : " + ", number(std::abs(v.imag())), "i"));
    }
    const auto large =
        std::count_if(s.values.begin(), s.values.end(), [](auto v) { return std::abs(v) > 0.5; });
    rows.push_back({text(s.point), s.values.empty() ? "not found" : number(std::abs(s.values.front()), 4),
                    leading, text(large)});
  }
  r.page.table({"attractor", "spectral radius", "leading eigenvalues", "above 0.5"}, rows);
  r.page.note(
      "Computed eigenvalues. The radius is by how much a small error shrinks with each step in the long "
      "run.");
  draw_spectra(r);
  Histogram h{"Spectral radius at all fixed points", "spectral radius", "points", {}};
  Histogram::Group attracting{"attracting", {}}, other{"unstable or undecided", {}};
  for (const LinearStability& k : r.fixed().points.kinds)
    (k.stability == Stability::attracting ? attracting : other).values.push_back(k.spectral_radius);
  if (!attracting.values.empty()) h.groups.push_back(attracting);
  if (!other.values.empty()) h.groups.push_back(other);
  h.vertical.push_back({1, "1"});
  if (r.fixed().points.size() >= 5) r.page.draw(h, "radii.png", "How strongly the points attract or repel.");
}

void certificates_section(const Report& r) {
  r.page.section("Is that proved?");
  if (!r.a.network.certifiable) {
    r.page.paragraph(text("No certificates: ", r.a.why_unproved,
                          ". The verdicts above rest on bounds of the Jacobian "
                          "at the point, with the rounding of the network estimated, not proved."));
    return;
  }
  r.page.paragraph(
      text(verified(r.a), " of ", r.a.proofs.size(),
           " attractors are proved: with rounding accounted for, "
           "every start in the ball ends at the one fixed point in it.",
           r.a.unproved > 0 ? text(" ", r.a.unproved, " were not tried: ", r.a.why_unproved, ".") : ""));
  Rows rows;
  for (const ProvedAttractor& p : r.a.proofs) {
    const Certificate& c = p.certificate;
    const double size = r.fixed().points.x.col(p.point).norm();
    if (rows.size() == 30) break;
    rows.push_back({text(p.point), c.verified ? "proved" : "not proved",
                    c.verified
                        ? text(number(c.radius_2norm),
                               size > 0 ? text(", ", number(100 * c.radius_2norm / size), "% of |x|") : "")
                        : c.reason,
                    c.verified ? number(c.error, 2) : "-"});
  }
  if (!rows.empty()) r.page.table({"attractor", "", "radius of the ball", "centre known to"}, rows);
}

void end_section(const Report& r) {
  if (r.a.notes.empty() && r.a.seconds.empty()) return;
  r.page.section("Notes");
  for (const std::string& note : r.a.notes) r.page.paragraph(note);
  std::string times;
  for (const auto& [what, seconds] : r.a.seconds)
    times += text(times.empty() ? "" : ", ", what, " ", duration(seconds));
  if (!times.empty()) r.page.note(text("Time: ", times, "."));
}

}  // namespace

std::string analysis_page(const AnalysisInput& in, const AnalyzeOptions& o, const Analysis& a) {
  Page page(o.out);
  const std::string title = o.model.filename().string() + " as a dynamical system";
  page.html = text("<h1>", escape_html(title), "</h1>\n");
  if (a.interrupted) page.problem("It was interrupted: what follows is what was finished by then.");
  for (const std::string& answer : answers(in, a, o.tolerance)) page.paragraph(answer);
  const Report r{in, o, a, page};
  network_section(r);
  error_section(r);
  if (a.fixed && a.fixed->points.size() > 0) {
    fixed_points_section(r);
    memory_section(r);
    basins_section(r);
    draw_orbits(r);
    spectra_section(r);
    certificates_section(r);
  }
  end_section(r);
  return page.finished(title);
}

}  // namespace basin::examples
