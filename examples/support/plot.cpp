#include "support/plot.hpp"

#include <algorithm>  // std::any_of, std::clamp, std::max, std::min
#include <cmath>      // std::isfinite
#include <limits>     // std::numeric_limits
#include <sstream>    // std::ostringstream

#include "basin/core/error.hpp"  // require, text
#include "support/gnuplot.hpp"   // run_gnuplot

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

/// What follows `plot`, joined by commas.
class Parts {
 public:
  void add(const std::string& part) { all_ += (all_.empty() ? "plot " : ", \\\n  ") + part; }
  const std::string& text() const { return all_; }

 private:
  std::string all_;
};

std::string dashed(std::size_t k) { return text(" with lines dt ", k % 3 + 2, " lw 1.5 lc rgb '#555555'"); }

std::string drawn_as(const Series& s, std::size_t k) {
  static constexpr int marks[] = {7, 5, 9, 13, 11, 4, 6};
  const std::string line = text(" lw 2 dt ", k < 7 ? 1 : 2), point = text(" pt ", marks[k % 7], " ps 0.8");
  const std::string color = text(" lc rgb '", gnuplot_color(k), "'");
  switch (s.style) {
    case Series::Style::points:
      return " with points" + point + color;
    case Series::Style::line_points:
      return " with linespoints" + line + point + color;
    case Series::Style::steps:
      return " with steps" + line + color;
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
  }
}

}  // namespace

Drawn draw(const LinePlot& plot, const std::filesystem::path& file) {
  check(plot);
  std::ostringstream script = gnuplot_script(plot.width, plot.height);
  axes(script, plot.title, plot.x_label, plot.y_label);
  if (plot.log_x) script << "set logscale x\n";
  if (plot.log_y) script << "set logscale y\n";

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
        if (showable(s.x[i], plot.log_x) && showable(s.low[i], plot.log_y) && showable(s.high[i], plot.log_y))
          data.row({s.x[i], s.low[i], s.high[i]});
        else
          data.gap();
      }
      if (data.rows() > 0)
        all.add(text("$b", k, " using 1:2:3 with filledcurves fs transparent solid 0.18 noborder lc rgb '",
                     gnuplot_color(k), "' notitle"));
    }
    if (rows == 1 && s.style == Series::Style::line) {  // a line of one point would not be seen
      Series point = s;
      point.style = Series::Style::points;
      curves.add(text("$s", k, " using 1:2", drawn_as(point, k), titled(s.name)));
    } else if (rows > 0) {
      curves.add(text("$s", k, " using 1:2", drawn_as(s, k), titled(s.name)));
    }
  }
  if (xs.empty()) return {"there is no point that could be shown"};
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
  script << all.text() << "\n";
  return run_gnuplot(script.str(), file);
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
      for (std::size_t b = 0; b < counts.size(); ++b)
        data.row({range.low + bin * (static_cast<double>(b) + 0.5), counts[b]});
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
  script << all.text() << "\n";
  return run_gnuplot(script.str(), file);
}

}  // namespace basin::examples
