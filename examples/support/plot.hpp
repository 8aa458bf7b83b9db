// Pictures for reports: curves and histograms, drawn by gnuplot.
#pragma once
#include <filesystem>  // std::filesystem::path
#include <string>      // std::string
#include <vector>      // std::vector

namespace basin::examples {

/// A named series of points (x[i], y[i]); points that are not finite, or not positive on a logarithmic axis,
/// are left out. With `low` and `high` of the same length, the band between them is shaded.
struct Series {
  enum class Style { line, points, line_points, steps };
  std::string name;
  std::vector<double> x, y;
  Style style = Style::line;
  std::vector<double> low = {}, high = {};
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
  int width = 900, height = 560;  // pixels
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

/// Whether a picture was drawn; if not, why.
struct [[nodiscard]] Drawn {
  std::string problem;
  explicit operator bool() const { return problem.empty(); }
};

/// Draws to the PNG file `file`, whole or not at all. Throws std::invalid_argument for a plot that makes no
/// sense; a missing gnuplot or one that fails is a problem returned.
Drawn draw(const LinePlot& plot, const std::filesystem::path& file);
Drawn draw(const Histogram& plot, const std::filesystem::path& file);

}  // namespace basin::examples
