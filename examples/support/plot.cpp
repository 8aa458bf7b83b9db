#include "support/plot.hpp"

#include <algorithm>    // std::any_of, std::clamp, std::find, std::max, std::min
#include <array>        // std::array
#include <cmath>        // std::abs, std::floor, std::isfinite, std::round
#include <cstdlib>      // std::strtol
#include <limits>       // std::numeric_limits
#include <sstream>      // std::ostringstream
#include <type_traits>  // std::is_same_v
#include <utility>      // std::move

#include "basin/core/error.hpp"  // require
#include "support/gnuplot.hpp"   // run_gnuplot, print_axes
#include "support/look.hpp"      // Axes, Look, plot_look
#include "support/text.hpp"      // text

namespace basin::examples {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Range {
  double low = infinity, high = -infinity;
  void add(double x) {
    if (!std::isfinite(x)) return;
    low = std::min(low, x);
    high = std::max(high, x);
  }
  bool empty() const { return low > high; }
};

bool showable(double x, bool log_axis) { return std::isfinite(x) && (!log_axis || x > 0); }

void axes(std::ostringstream& script, const std::string& title, const std::string& x_label,
          const std::string& y_label) {
  script << "set title " << gnuplot_quoted(title) << " font 'Sans,13' offset 0,0.3\n"
         << "set xlabel " << gnuplot_quoted(x_label) << "\nset ylabel " << gnuplot_quoted(y_label)
         << " offset -0.5,0\n"
         << "set border 3 lc rgb '#444444'\nset tics nomirror out scale 0.6\nset format '%g'\n"
         << "set grid back lc rgb '#dddddd' lt 1 lw 0.8\n"
         << "set key below center horizontal Left reverse samplen 2.5 spacing 1.2 height 0.8\nset rmargin "
            "3\nset tmargin 3\n";
}

/// A datablock; rows with something that cannot be shown become blank lines, at which a curve is interrupted.
class Data {
 public:
  Data(std::ostringstream& script, const std::string& name) : script_(script) {
    script_ << name << " << EOD\n";
  }
  ~Data() { script_ << "EOD\n"; }
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;
  void row(std::initializer_list<double> values) {
    for (const double v : values) script_ << v << ' ';
    script_ << '\n';
    ++rows_;
  }
  void gap() { script_ << '\n'; }
  int rows() const { return rows_; }

 private:
  std::ostringstream& script_;
  int rows_ = 0;
};

std::string titled(const std::string& name) {
  return name.empty() ? std::string(" notitle") : " title " + gnuplot_quoted(name);
}

/// What follows `plot` or `splot`, joined by commas.
class Parts {
 public:
  explicit Parts(std::string command = "plot ") : command_(std::move(command)) {}
  void add(const std::string& part) { all_ += (all_.empty() ? command_ : ", \\\n  ") + part; }
  const std::string& text() const { return all_; }

 private:
  std::string command_, all_;
};

std::string dashed(std::size_t k) { return text(" with lines dt ", k % 3 + 2, " lw 1.5 lc rgb '#555555'"); }

std::string drawn_as(const Series& s, std::size_t k) {
  static constexpr int marks[] = {7, 5, 9, 13, 11, 4, 6};
  const std::string line = text(" lw ", 2 * s.weight, " dt ", k < 7 || s.color ? 1 : 2);
  const std::string point = text(" pt ", marks[k % 7], " ps ", 0.8 * s.weight);
  const std::string color = text(" lc rgb '", gnuplot_color(s.color.value_or(k)), "'");
  switch (s.style) {
    case Series::Style::stars:  // a star alone would be thin
      return text(" with points pt 3 lw ", 2 * s.weight, " ps ", 1.8 * s.weight) + color;
    case Series::Style::points:
      return " with points" + point + color;
    case Series::Style::line_points:
      return " with linespoints" + line + point + color;
    case Series::Style::steps:
      return " with steps" + line + color;
    case Series::Style::dashes:
      return text(" with lines lw ", 2 * s.weight, " dt 2") + color;
    case Series::Style::line:
      break;
  }
  return " with lines" + line + color;
}

void check(const LinePlot& plot) {
  require(!plot.series.empty(), "LinePlot: series must not be empty (\"", plot.title, "\")");
  for (const Series& s : plot.series) {
    require(s.x.size() == s.y.size(), "LinePlot: series \"", s.name, "\" has ", s.x.size(), " x and ",
            s.y.size(), " y");
    require(s.low.size() == s.high.size() && (s.low.empty() || s.low.size() == s.x.size()),
            "LinePlot: series \"", s.name, "\" has ", s.x.size(), " points, but a band of ", s.low.size(),
            " low and ", s.high.size(), " high");
    require(s.weight > 0, "LinePlot: series \"", s.name, "\" must have a weight > 0, got ", s.weight);
  }
  for (const auto& range : {plot.x_range, plot.y_range})
    require(!range || range->low < range->high, "LinePlot: ranges must have low < high (\"", plot.title,
            "\")");
}

/// Adds the commands of a plot to the script; returns why there is nothing to draw, or nothing.
std::string add(std::ostringstream& script, const LinePlot& plot) {
  check(plot);
  axes(script, plot.title, plot.x_label, plot.y_label);
  if (plot.log_x) script << "set logscale x\n";
  if (plot.log_y) script << "set logscale y\n";
  if (plot.square) script << "set size square\n";
  if (!plot.x_ticks.empty()) {
    script << "unset mxtics\nset xtics (";
    for (std::size_t k = 0; k < plot.x_ticks.size(); ++k) script << (k == 0 ? "" : ",") << plot.x_ticks[k];
    script << ")\n";
  }

  Range xs, ys;
  Parts bands, curves;
  Parts all;
  for (std::size_t k = 0; k < plot.series.size(); ++k) {
    const Series& s = plot.series[k];
    const auto ok = [&](std::size_t i) {
      return showable(s.x[i], plot.log_x) && showable(s.y[i], plot.log_y);
    };
    int rows = 0;
    {
      Data data(script, text("$s", k));
      for (std::size_t i = 0; i < s.x.size(); ++i) {
        if (!ok(i)) {
          data.gap();
          continue;
        }
        data.row({s.x[i], s.y[i]});
        xs.add(s.x[i]);
        ys.add(s.y[i]);
      }
      rows = data.rows();
    }
    if (!s.low.empty()) {
      Data data(script, text("$b", k));
      for (std::size_t i = 0; i < s.x.size(); ++i) {
        if (!showable(s.x[i], plot.log_x) || !showable(s.low[i], plot.log_y) ||
            !showable(s.high[i], plot.log_y)) {
          data.gap();
          continue;
        }
        data.row({s.x[i], s.low[i], s.high[i]});
        ys.add(s.low[i]);
        ys.add(s.high[i]);
      }
      if (data.rows() > 0)
        all.add(text("$b", k, " using 1:2:3 with filledcurves fs transparent solid 0.18 noborder lc rgb '",
                     gnuplot_color(s.color.value_or(k)), "' notitle"));
    }
    if (rows == 1 && s.style == Series::Style::line) {  // a line of one point would not be seen
      Series point = s;
      point.style = Series::Style::points;
      curves.add(text("$s", k, " using 1:2", drawn_as(point, k), titled(s.name)));
    } else if (rows > 0) {
      curves.add(text("$s", k, " using 1:2", drawn_as(s, k), titled(s.name)));
    }
  }
  if (xs.empty()) return "there is no point that could be shown";
  if (!curves.text().empty()) all.add(curves.text().substr(5));

  std::size_t dash = 0;
  for (const Reference& r : plot.horizontal)
    if (showable(r.at, plot.log_y)) {
      std::ostringstream value;
      value.precision(9);
      value << r.at;
      all.add("(" + value.str() + ")" + dashed(dash++) + titled(r.name));
      // A line at the edge of the picture would not be seen.
      const double room = plot.log_y ? 0 : 0.04 * std::max(ys.high - ys.low, 1e-12);
      if (r.at <= ys.low) script << "set yrange [" << (plot.log_y ? r.at / 1.5 : r.at - room) << ":]\n";
      if (r.at >= ys.high) script << "set yrange [:" << (plot.log_y ? r.at * 1.5 : r.at + room) << "]\n";
      ys.add(r.at);
    }
  for (std::size_t k = 0; k < plot.vertical.size(); ++k)
    if (const Reference& r = plot.vertical[k]; showable(r.at, plot.log_x)) {
      {
        Data data(script, text("$v", k));
        data.row({r.at, ys.low});
        data.row({r.at, ys.high});
      }
      all.add(text("$v", k, " using 1:2") + dashed(dash++) + titled(r.name));
    }
  const bool named =
      std::any_of(plot.series.begin(), plot.series.end(), [](const Series& s) { return !s.name.empty(); });
  if (!named && dash == 0) script << "unset key\n";
  if (plot.x_range) script << "set xrange [" << plot.x_range->low << ":" << plot.x_range->high << "]\n";
  if (plot.y_range) script << "set yrange [" << plot.y_range->low << ":" << plot.y_range->high << "]\n";
  script << all.text() << "\n" << print_axes;
  return {};
}

std::string add(std::ostringstream& script, const SpacePlot& plot) {
  require(!plot.groups.empty(), "SpacePlot: groups must not be empty (\"", plot.title, "\")");
  const Extent* const ranges[] = {&plot.x_range, &plot.y_range, &plot.z_range};
  for (const Extent* r : ranges)
    require(r->low < r->high, "SpacePlot: ranges must have low < high (\"", plot.title, "\")");
  script << "set title " << gnuplot_quoted(plot.title) << " font 'Sans,13'\n"
         << "set xlabel " << gnuplot_quoted(plot.x_label) << "\nset ylabel " << gnuplot_quoted(plot.y_label)
         << "\nset zlabel " << gnuplot_quoted(plot.z_label) << " rotate parallel\n"
         << "set xrange [" << plot.x_range.low << ":" << plot.x_range.high << "]\nset yrange ["
         << plot.y_range.low << ":" << plot.y_range.high << "]\nset zrange [" << plot.z_range.low << ":"
         << plot.z_range.high << "]\n"
         << "set view " << plot.tilt << "," << plot.turn << ",1.15\nset xyplane relative 0\n"
         << "set border 31 lc rgb '#888888'\nset tics font 'Sans,9' format '%g'\n"
         << "set grid x y z lc rgb '#dddddd' lt 1 lw 0.8\n"
         << "set key below center horizontal Left reverse samplen 1 spacing 1.2\n";
  Parts all("splot ");
  for (std::size_t k = 0; k < plot.groups.size(); ++k) {
    const SpacePlot::Group& g = plot.groups[k];
    require(g.x.size() == g.y.size() && g.x.size() == g.z.size(), "SpacePlot: group \"", g.name, "\" has ",
            g.x.size(), " x, ", g.y.size(), " y and ", g.z.size(), " z");
    std::size_t left_out = 0;
    {
      Data data(script, text("$g", k));
      for (std::size_t i = 0; i < g.x.size(); ++i) {
        const auto inside = [](double v, const Extent& r) {
          return v >= r.low && v <= r.high;
        };  // not for NaN
        if (inside(g.x[i], plot.x_range) && inside(g.y[i], plot.y_range) && inside(g.z[i], plot.z_range))
          data.row({g.x[i], g.y[i], g.z[i]});
        else
          ++left_out;
      }
      if (data.rows() == 0)
        data.row({plot.x_range.high + 1, 0, 0});  // never shown, but gnuplot wants a point
    }
    const std::string name =
        left_out == 0 ? g.name : text(g.name, g.name.empty() ? "" : " ", "(", left_out, " outside)");
    all.add(text("$g", k, " using 1:2:3 with points pt 7 ps ", 0.6 * g.size, " lc rgb '",
                 gnuplot_color(g.color), "'", titled(name)));
  }
  script << all.text() << "\n";
  return {};
}

/// Red, green and blue of a group, from 0 to 255: the palette of curves, and beyond it hues a golden
/// section of the circle apart.
std::array<int, 3> group_color(int group) {
  constexpr int palette = 6;  // the seventh is black
  if (group < 0) return {190, 190, 190};
  if (group < palette) {
    const auto rgb = std::strtol(gnuplot_color(static_cast<std::size_t>(group)) + 1, nullptr, 16);
    return {static_cast<int>(rgb >> 16), static_cast<int>(rgb >> 8 & 255), static_cast<int>(rgb & 255)};
  }
  std::array<int, 3> color{};
  for (std::size_t c = 0; c < 3; ++c) {
    const double hue = 0.618034 * group + static_cast<double>(c) / 3;
    const double away = std::abs(hue - std::floor(hue) - 0.5);  // 0 .. 1/2
    color[c] = static_cast<int>(40 + 190 * std::clamp(3 * away - 0.25, 0., 1.));
  }
  return color;
}

void check(const MapPlot& plot) {
  const auto cells = static_cast<std::size_t>(plot.rows) * static_cast<std::size_t>(plot.columns);
  require(plot.rows >= 1 && plot.columns >= 1 && plot.groups.size() == cells &&
              (plot.shades.empty() || plot.shades.size() == cells),
          "MapPlot: ", plot.rows, " x ", plot.columns, " cells, but ", plot.groups.size(), " groups and ",
          plot.shades.size(), " shades (\"", plot.title, "\")");
  for (const int group : plot.groups)
    require(group >= -1 && group < static_cast<int>(plot.names.size()), "MapPlot: groups must be in -1 .. ",
            plot.names.size(), " - 1, got ", group);
}

std::string add(std::ostringstream& script, const MapPlot& plot) {
  check(plot);
  axes(script, plot.title, plot.x_label, plot.y_label);
  const auto at = [](const Extent& e, int k, int n) { return e.low + (k + 0.5) / n * (e.high - e.low); };
  {
    Data data(script, "$cells");
    for (int i = 0; i < plot.rows; ++i)
      for (int j = 0; j < plot.columns; ++j) {
        const std::size_t cell = static_cast<std::size_t>(i) * static_cast<std::size_t>(plot.columns) +
                                 static_cast<std::size_t>(j);
        const std::array<int, 3> color = group_color(plot.groups[cell]);
        const double shade = plot.shades.empty() ? 1 : std::clamp(plot.shades[cell], 0., 1.);
        const auto part = [&](std::size_t c) { return std::round(color[c] * (0.4 + 0.6 * shade)); };
        data.row(
            {at(plot.x_range, j, plot.columns), at(plot.y_range, i, plot.rows), part(0), part(1), part(2)});
      }
  }
  Parts all;
  all.add("$cells using 1:2:3:4:5 with rgbimage notitle");
  for (int group = -1; group < static_cast<int>(plot.names.size()); ++group) {
    if (std::find(plot.groups.begin(), plot.groups.end(), group) == plot.groups.end()) continue;
    const std::array<int, 3> color = group_color(group);
    all.add(text("NaN with points pt 5 ps 1.6 lc rgb ", color[0] * 65536 + color[1] * 256 + color[2],
                 titled(group < 0 ? plot.without : plot.names[static_cast<std::size_t>(group)])));
  }
  for (std::size_t k = 0; k < plot.series.size(); ++k) {
    {
      Data data(script, text("$s", k));
      for (std::size_t i = 0; i < plot.series[k].x.size(); ++i)
        data.row({plot.series[k].x[i], plot.series[k].y[i]});
    }
    Series black = plot.series[k];
    black.color = 6;
    all.add(text("$s", k, " using 1:2", drawn_as(black, k), titled(black.name)));
  }
  script << "set size ratio -1\nunset grid\nset xrange [" << plot.x_range.low << ":" << plot.x_range.high
         << "]\nset yrange [" << plot.y_range.low << ":" << plot.y_range.high << "]\n"
         << all.text() << "\n"
         << print_axes;
  return {};
}

Look look_of(const LinePlot& plot, const Axes& axes) {
  return {axes, plot.x_label, plot.y_label, plot.log_x, plot.log_y, plot.series};
}
Look look_of(const MapPlot& plot, const Axes& axes) {
  return {axes, plot.x_label, plot.y_label, false, false, plot.series};
}

/// Runs gnuplot and says where its axes are; not for plots in space, which print none.
template <class Plot>
Drawn run_and_look(const std::string& script, const std::vector<Plot>& plots, int width, int height,
                   const std::filesystem::path& file) {
  std::vector<Axes> axes;
  Drawn drawn = run_gnuplot(script, file, "", &axes);
  if constexpr (!std::is_same_v<Plot, SpacePlot>) {
    if (!drawn || axes.size() != plots.size()) return drawn;
    std::vector<Look> looks;
    for (std::size_t k = 0; k < plots.size(); ++k) looks.push_back(look_of(plots[k], axes[k]));
    drawn.look = plot_look(looks, width, height);
  }
  return drawn;
}

template <class Plot>
Drawn draw_one(const Plot& plot, const std::filesystem::path& file) {
  std::ostringstream script = gnuplot_script(plot.width, plot.height);
  if (const std::string problem = add(script, plot); !problem.empty()) return {problem};
  return run_and_look(script.str(), std::vector<Plot>{plot}, plot.width, plot.height, file);
}

template <class Plot>
Drawn draw_panels(const Panels<Plot>& panels, const std::filesystem::path& file) {
  require(!panels.plots.empty(), "Panels: plots must not be empty (\"", panels.title, "\")");
  require(panels.columns >= 1, "Panels: columns must be >= 1, got ", panels.columns);
  std::ostringstream script = gnuplot_script(panels.width, panels.height);
  const auto count = static_cast<int>(panels.plots.size());
  script << "set multiplot layout " << (count + panels.columns - 1) / panels.columns << ","
         << std::min(count, panels.columns);
  if (!panels.title.empty()) script << " title " << gnuplot_quoted(panels.title) << " font 'Sans,15'";
  script << "\n";
  for (const Plot& plot : panels.plots) {
    script << "reset\n";
    if (const std::string problem = add(script, plot); !problem.empty())
      return {text("panel \"", plot.title, "\": ", problem)};
  }
  script << "unset multiplot\n";
  return run_and_look(script.str(), panels.plots, panels.width, panels.height, file);
}

}  // namespace

Series cobweb(const std::string& name, const std::vector<double>& orbit) {
  require(!orbit.empty(), "cobweb: orbit must hold at least its start (\"", name, "\")");
  Series s{.name = name, .x = {orbit.front()}, .y = {orbit.front()}};
  for (std::size_t t = 1; t < orbit.size() && std::isfinite(orbit[t]); ++t)
    for (const double x : {orbit[t - 1], orbit[t]}) {
      s.x.push_back(x);
      s.y.push_back(orbit[t]);
    }
  return s;
}

Drawn draw(const LinePlot& plot, const std::filesystem::path& file) { return draw_one(plot, file); }
Drawn draw(const SpacePlot& plot, const std::filesystem::path& file) { return draw_one(plot, file); }
Drawn draw(const MapPlot& plot, const std::filesystem::path& file) { return draw_one(plot, file); }
Drawn draw(const Panels<LinePlot>& panels, const std::filesystem::path& file) {
  return draw_panels(panels, file);
}
Drawn draw(const Panels<SpacePlot>& panels, const std::filesystem::path& file) {
  return draw_panels(panels, file);
}

Drawn draw(const Histogram& plot, const std::filesystem::path& file) {
  require(!plot.groups.empty(), "Histogram: groups must not be empty (\"", plot.title, "\")");
  require(plot.bins >= 1 && plot.bins <= 10000, "Histogram: bins must be 1 to 10000, got ", plot.bins);
  Range range;
  for (const auto& group : plot.groups)
    for (const double v : group.values) range.add(v);
  if (range.empty()) return {"there is no value that could be shown"};
  if (range.low == range.high) {
    const double half = range.low == 0 ? 0.5 : 0.05 * std::abs(range.low);
    range = {range.low - half, range.high + half};
  }
  const double bin = range.high / plot.bins - range.low / plot.bins;

  std::ostringstream script = gnuplot_script(plot.width, plot.height);
  axes(script, plot.title, plot.x_label, plot.y_label);
  Parts all;
  std::vector<Series> bars;
  double tallest = 0;
  for (std::size_t k = 0; k < plot.groups.size(); ++k) {
    const auto& group = plot.groups[k];
    std::vector<double> counts(static_cast<std::size_t>(plot.bins), 0.);
    std::size_t left_out = 0;
    for (const double v : group.values) {
      if (!std::isfinite(v)) {
        ++left_out;
        continue;
      }
      const auto b = static_cast<std::size_t>(std::clamp((v - range.low) / bin, 0., plot.bins - 0.5));
      tallest = std::max(tallest, ++counts[b]);
    }
    {
      Data data(script, text("$h", k));
      Series& bar = bars.emplace_back(Series{.name = group.name, .x = {}, .y = {}});
      for (std::size_t b = 0; b < counts.size(); ++b) {
        const double middle = range.low + bin * (static_cast<double>(b) + 0.5);
        data.row({middle, counts[b]});
        bar.x.push_back(middle);
        bar.y.push_back(counts[b]);
      }
    }
    const std::string name = left_out == 0 ? group.name
                                           : text(group.name, group.name.empty() ? "" : " ", "(", left_out,
                                                  " not finite, left out)");
    const std::string color = text(" rgb '", gnuplot_color(k), "'");
    all.add(text("$h", k, " using 1:2 with boxes fc", color, " fs transparent solid ",
                 plot.groups.size() > 1 ? 0.45 : 0.75, " border", color, titled(name)));
  }
  for (std::size_t k = 0; k < plot.vertical.size(); ++k) {
    {
      Data data(script, text("$v", k));
      data.row({plot.vertical[k].at, 0});
      data.row({plot.vertical[k].at, tallest * 1.08});
    }
    all.add(text("$v", k, " using 1:2") + dashed(k) + titled(plot.vertical[k].name));
    range.add(plot.vertical[k].at);
  }
  script << "set boxwidth " << bin << "\nset yrange [0:" << tallest * 1.08 << "]\nset xrange ["
         << range.low - bin << ":" << range.high + bin << "]\n";
  if (plot.groups.size() == 1 && plot.groups[0].name.empty() && plot.vertical.empty())
    script << "unset key\n";
  script << all.text() << "\n" << print_axes;
  std::vector<Axes> axes;
  Drawn drawn = run_gnuplot(script.str(), file, "", &axes);
  if (drawn && axes.size() == 1)
    drawn.look =
        plot_look({{axes[0], plot.x_label, plot.y_label, false, false, bars}}, plot.width, plot.height);
  return drawn;
}

}  // namespace basin::examples
