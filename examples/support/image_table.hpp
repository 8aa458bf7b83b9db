// A picture with rows of images under column titles, drawn by gnuplot.
#pragma once
#include <filesystem>  // std::filesystem::path
#include <string>      // std::string
#include <vector>      // std::vector

#include "basin/core/shape.hpp"  // Shape
#include "basin/core/types.hpp"  // Mat, MatIn
#include "support/plot.hpp"      // Drawn

namespace basin::examples {

/// Rows of images with column titles ("start", "1", "2", "11", ..., "nearest training image") and row labels.
/// Pixels run from 0 (black) to 1 (white) and are cut off there; NaN is shown as image_grid shows it,
/// magenta.
class ImageTable {
 public:
  /// Throws unless images of `shape` have 1 or 3 channels and there is a column.
  ImageTable(std::string title, const Shape& shape, std::vector<std::string> columns);

  /// One image (column of `images`) for each column title. Throws where sizes do not fit.
  void add_row(const std::string& label, MatIn<float> images);
  void add_row(const std::string& label, MatIn<double> images) {
    add_row(label, Mat<float>(images.cast<float>()));
  }

  const std::string& title() const { return title_; }
  const Shape& shape() const { return shape_; }
  const std::vector<std::string>& columns() const { return columns_; }
  const std::vector<std::string>& rows() const { return rows_; }
  /// All images, row by row.
  Mat<float> images() const;

 private:
  std::string title_;
  Shape shape_;
  std::vector<std::string> columns_, rows_;
  std::vector<Mat<float>> cells_;
};

/// Draws to the PNG file `file`, as the functions of plot.hpp do. Throws if the table has no rows.
Drawn draw(const ImageTable& table, const std::filesystem::path& file);

}  // namespace basin::examples
