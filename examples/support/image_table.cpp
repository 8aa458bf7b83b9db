#include "support/image_table.hpp"

#include <algorithm>  // std::copy_n, std::max
#include <sstream>    // std::ostringstream, std::istringstream
#include <utility>    // std::move

#include "basin/core/error.hpp"  // require
#include "basin/io/picture.hpp"  // Picture, image_grid
#include "support/gnuplot.hpp"   // run_gnuplot, gnuplot_script, gnuplot_quoted
#include "support/look.hpp"      // table_look

namespace basin::examples {

ImageTable::ImageTable(std::string title, const Shape& shape, std::vector<std::string> columns)
    : title_(std::move(title)), shape_(shape), columns_(std::move(columns)) {
  require_shape(shape_, "ImageTable");
  require(shape_.channels == 1 || shape_.channels == 3, "ImageTable: images must have 1 or 3 channels, got ",
          shape_);
  require(!columns_.empty(), "ImageTable: columns must hold at least one title");
}

void ImageTable::add_row(const std::string& label, MatIn<float> images) {
  require(images.rows() == shape_.size(), "ImageTable: images have ", images.rows(), " rows, expected ",
          shape_.size(), " (", shape_, ")");
  require(images.cols() == static_cast<Index>(columns_.size()), "ImageTable: row \"", label, "\" has ",
          images.cols(), " images for ", columns_.size(), " column titles");
  rows_.push_back(label);
  cells_.emplace_back(images);
}

Mat<float> ImageTable::images() const {
  const auto n = static_cast<Index>(columns_.size());
  Mat<float> all(shape_.size(), n * static_cast<Index>(cells_.size()));
  for (std::size_t k = 0; k < cells_.size(); ++k) all.middleCols(static_cast<Index>(k) * n, n) = cells_[k];
  return all;
}

namespace {

/// `title` in lines of at most `width` characters where its words allow it.
std::vector<std::string> lines_of(const std::string& title, Index width) {
  std::vector<std::string> lines{""};
  std::istringstream words(title);
  for (std::string word; words >> word;) {
    if (!lines.back().empty() && static_cast<Index>(lines.back().size() + 1 + word.size()) > width)
      lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
  }
  return lines;
}

/// Where everything stands, in pixels from the top left.
struct Layout {
  static constexpr Index gap = 6, line = 16, letter = 9, edge = 14;
  Index magnify, cell_width, cell_height, left, top, width, height;
  std::vector<std::vector<std::string>> columns, rows;

  explicit Layout(const ImageTable& t) {
    const Index smaller = std::min(t.shape().width, t.shape().height);
    magnify = (71 + smaller) / smaller;  // cells of at least 72 pixels, so that a word fits above each
    cell_width = magnify * t.shape().width;
    cell_height = magnify * t.shape().height;
    std::size_t title_lines = 1, label = 0;
    for (const std::string& c : t.columns()) {
      columns.push_back(lines_of(c, (cell_width + gap) / letter));
      title_lines = std::max(title_lines, columns.back().size());
    }
    for (const std::string& r : t.rows()) {
      rows.push_back(lines_of(r, 18));
      for (const std::string& l : rows.back()) label = std::max(label, l.size());
    }
    left = edge + (label > 0 ? letter * static_cast<Index>(label) + gap : 0);
    top = (t.title().empty() ? 10 : 40) + line * static_cast<Index>(title_lines) + 4;
    const Index title = letter * static_cast<Index>(t.title().size()) + 2 * edge;
    width = std::max(x(columns.size()) + edge - gap, title);
    height = y(rows.size()) + edge - gap;
  }
  Index x(std::size_t column) const { return left + static_cast<Index>(column) * (cell_width + gap); }
  Index y(std::size_t row) const { return top + static_cast<Index>(row) * (cell_height + gap); }
};

/// The images where they stand, on white, as gnuplot reads raw bytes.
std::string canvas(const ImageTable& table, const Layout& at) {
  ImageGridOptions options;
  options.cols = static_cast<Index>(table.columns().size());
  options.gap = Layout::gap;
  options.magnify = at.magnify;
  const Picture grid = image_grid<float>(table.images(), table.shape(), options);
  std::string rgb(static_cast<std::size_t>(3 * at.width * at.height), '\xff');
  for (Index i = 0; i < grid.height; ++i)
    std::copy_n(grid.rgb.begin() + 3 * i * grid.width, 3 * grid.width,
                rgb.begin() + 3 * ((at.top + i) * at.width + at.left));
  return rgb;
}

}  // namespace

Drawn draw(const ImageTable& table, const std::filesystem::path& file) {
  require(!table.rows().empty(), "ImageTable: has no rows (\"", table.title(), "\")");
  const Layout at(table);
  std::ostringstream script = gnuplot_script(static_cast<int>(at.width), static_cast<int>(at.height));
  const auto label = [&](const std::string& s, Index x, Index y, const char* how) {
    script << "set label " << gnuplot_quoted(s) << " at screen " << double(x) / double(at.width) << ","
           << 1 - double(y) / double(at.height) << " front " << how << "\n";
  };
  if (!table.title().empty()) label(table.title(), Layout::edge, 20, "left font 'Sans,13'");
  for (std::size_t k = 0; k < at.columns.size(); ++k) {
    Index y = at.top - 10 - Layout::line * static_cast<Index>(at.columns[k].size() - 1);
    for (const std::string& l : at.columns[k]) {
      label(l, at.x(k) + at.cell_width / 2, y, "center");
      y += Layout::line;
    }
  }
  for (std::size_t k = 0; k < at.rows.size(); ++k) {
    Index y = at.y(k) + at.cell_height / 2 - Layout::line * static_cast<Index>(at.rows[k].size() - 1) / 2;
    for (const std::string& l : at.rows[k]) {
      label(l, at.left - Layout::gap - 2, y, "right");
      y += Layout::line;
    }
  }

  // The canvas fills the whole picture, pixel for pixel.
  script << "unset border\nunset tics\nunset key\nset lmargin at screen 0\nset rmargin at screen 1\n"
         << "set bmargin at screen 0\nset tmargin at screen 1\n"
         << "set xrange [-0.5:" << double(at.width) - 0.5 << "]\nset yrange [" << double(at.height) - 0.5
         << ":-0.5]\n"
         << "plot " << gnuplot_data << " binary array=(" << at.width << "," << at.height
         << ") format='%uchar%uchar%uchar' using 1:2:3 with rgbimage\n";
  Drawn drawn = run_gnuplot(script.str(), file, canvas(table, at));
  if (drawn) drawn.look = table_look(table, {at.left, at.top, at.cell_width, at.cell_height, Layout::gap});
  return drawn;
}

}  // namespace basin::examples
