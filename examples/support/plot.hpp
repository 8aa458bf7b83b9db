// Pictures for reports: curves, histograms, points in space, and several of them as one picture, drawn by
// gnuplot.
#pragma once
#include <filesystem>  // std::filesystem::path
#include <optional>    // std::optional
#include <string>      // std::string
#include <vector>      // std::vector

namespace basin::examples {

/// A named series of points (x[i], y[i]); points that are not finite, or not positive on a logarithmic axis,
/// are left out. With `low` and `high` of the same length, the band between them is shaded.
struct Series {
  enum class Style { line, points, line_points, steps, stars, dashes };
  std::string name;
  std::vector<double> x, y;
  Style style = Style::line;
  std::vector<double> low = {}, high = {};
  std::optional<std::size_t> color = {};  // in the palette of gnuplot_color; else its place among the series
  double weight = 1;                      // times the usual width of lines and size of points
};

/// The cobweb of an orbit x_0, x_1, ... of a map of the line: up from (x_0, x_0) to (x_0, x_1) on the graph
/// of the map, across to (x_1, x_1) on the diagonal, and so on to (x_T, x_T). It ends before the first x_t
/// that is not finite. Throws if the orbit is empty.
Series cobweb(const std::string& name, const std::vector<double>& orbit);

/// What an axis shows.
struct Extent {
  double low, high;
};

/// A straight line across the picture with its meaning, e.g. {0.05, "within 5%"}.
struct Reference {
  double at;
  std::string name;
};

struct LinePlot {
  std::string title, x_label, y_label;  // labels with units
  std::vector<Series> series;
  bool log_x = false, log_y = false;
  std::vector<Reference> horizontal = {}, vertical = {};
  int width = 900, height = 560;                     // pixels
  std::optional<Extent> x_range = {}, y_range = {};  // else what the points need
  bool square = false;                               // as high as wide, for graphs beside their diagonal
  std::vector<double> x_ticks = {};  // where the x axis has numbers; else where gnuplot puts them
};

/// Values counted in `bins` equal bins between the smallest and the largest of all groups. Values that are
/// not finite are left out and counted in the legend.
struct Histogram {
  struct Group {
    std::string name;
    std::vector<double> values;
  };
  std::string title, x_label, y_label;
  std::vector<Group> groups;
  int bins = 30;
  std::vector<Reference> vertical = {};
  int width = 900, height = 560;
};

/// Groups of points in space, seen in parallel projection. Points that are not finite or outside the ranges
/// are left out and counted in the legend.
struct SpacePlot {
  struct Group {
    std::string name;
    std::vector<double> x, y, z;
    std::size_t color = 0;  // in the palette of gnuplot_color
    double size = 1;
  };
  std::string title, x_label, y_label, z_label;
  std::vector<Group> groups;
  Extent x_range, y_range, z_range;
  double tilt = 65, turn = 35;  // degrees: from above (0) to the side (90), and around the vertical axis
  int width = 700, height = 640;
};

/// A rectangle of cells, each in the colour of its group, and curves and points on top.
struct MapPlot {
  std::string title, x_label, y_label;
  Extent x_range, y_range;  // what the cells cover
  int rows = 0, columns = 0;
  std::vector<int> groups = {};         // of each cell, row by row from below; -1: none, grey
  std::vector<double> shades = {};      // 0 .. 1 of each cell: 1 the full colour, 0 dark; none: all 1
  std::vector<std::string> names = {};  // of the groups, for the legend; groups without a cell are left out
  std::string without = {};             // name of -1
  std::vector<Series> series = {};      // in black, whatever their colours
  int width = 900, height = 760;
};

/// Several plots as one picture, row by row. Their own sizes in pixels do not count.
template <class Plot>
struct Panels {
  std::string title;
  std::vector<Plot> plots;
  int columns = 2;
  int width = 1100, height = 1000;  // of the whole
};

/// Whether a picture was drawn; if not, why. `look` is what lets a page say more than the picture shows, as
/// JSON (look.hpp); empty: nothing.
struct [[nodiscard]] Drawn {
  std::string problem;
  std::string look = {};
  explicit operator bool() const { return problem.empty(); }
};

/// Draws to the PNG file `file`, whole or not at all. Throws std::invalid_argument for a plot that makes no
/// sense; a missing gnuplot or one that fails is a problem returned.
Drawn draw(const LinePlot& plot, const std::filesystem::path& file);
Drawn draw(const Histogram& plot, const std::filesystem::path& file);
Drawn draw(const SpacePlot& plot, const std::filesystem::path& file);
Drawn draw(const MapPlot& plot, const std::filesystem::path& file);
Drawn draw(const Panels<LinePlot>& panels, const std::filesystem::path& file);
Drawn draw(const Panels<SpacePlot>& panels, const std::filesystem::path& file);

}  // namespace basin::examples
