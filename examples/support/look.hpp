// What lets a page say more than a picture shows: where its images or axes lie, and the values of its curves.
#pragma once
#include <string>  // std::string
#include <vector>  // std::vector

#include "support/image_table.hpp"  // ImageTable
#include "support/plot.hpp"         // Series

namespace basin::examples {

/// Where the axes of a plot lie, in pixels from the left and from below, and what they show.
struct Axes {
  double left, right, bottom, top;
  double x_low, x_high, y_low, y_high;
};

/// One plot of a picture, for plot_look.
struct Look {
  Axes axes;
  std::string x_label, y_label;
  bool log_x = false, log_y = false;
  std::vector<Series> series;
};

/// The JSON from which support/page.js says where a pointer is and what the nearest point of a curve is:
/// {"panels": [{"box": [left, top, right, bottom], "x": {"label", "low", "high", "log"}, "y": ..., "series":
/// [{"name", "x": [...], "y": [...], "low", "high"}]}]}, boxes in parts of the picture of `width` x `height`
/// pixels, values with six digits, what is not finite as null. From the first series on with which a picture
/// would have more than 4000 points, series have none.
std::string plot_look(const std::vector<Look>& plots, int width, int height);

/// Where the images of a table lie, in pixels from the top left; the next column is `width` + `gap` away.
struct CellPlaces {
  Index left, top, width, height, gap;
};

/// The JSON from which support/page.js steps through the images of a table: {"cells": CellPlaces, "columns",
/// "rows", "frames"}. `frames` are the columns that are one orbit, see frames_of.
std::string table_look(const ImageTable& table, const CellPlaces& cells);

/// The columns that show the steps of orbits: the first, if it is called "start" or "input", and all whose
/// title is a whole number; none unless there are two of the latter, in ascending order.
std::vector<std::size_t> frames_of(const std::vector<std::string>& columns);

}  // namespace basin::examples
