// Pictures by gnuplot and by our own pixels.
#include <cmath>    // std::floor, std::isnan
#include <csignal>  // kill
#include <limits>   // std::numeric_limits

#include <sys/wait.h>  // waitpid
#include <unistd.h>    // fork, usleep

#include "basin/io/png.hpp"
#include "examples/trial.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/image_table.hpp"
#include "support/plot.hpp"

using namespace basin::examples;
using basin::Index;

namespace {
/// How many pixels have this colour.
Index count_pixels(const basin::Picture& picture, const basin::Rgb& colour, Index from, Index to) {
  Index count = 0;
  for (Index i = 0; i < picture.height; ++i)
    for (Index j = from; j < to; ++j) count += picture.at(i, j) == colour ? 1 : 0;
  return count;
}
}  // namespace

TEST_CASE("pictures are drawn whole or not at all", "[examples]") {
  TempDir dir;
  LinePlot lines;
  lines.title = "It's a 'title' with `backquotes`, \"quotes\", \\ and {braces}_x";
  lines.x_label = "x";
  lines.y_label = "y";
  lines.series = {{"a", {1, 2, 3, 4}, {1, not_a_number, 1e-8, 0}}, {"b", {1}, {0.5}}};
  lines.log_y = true;
  lines.horizontal = {{1e-9, "goal"}, {-1, "not on this axis"}};
  lines.vertical = {{2.5, "here"}};
  Histogram histogram;
  histogram.groups = {{"a", {1, 1, 2, inf}}, {"b", {1.5, not_a_number}}};
  ImageTable table("Images", {1, 2, 3}, {"start", "end"});
  basin::Mat<double> row(6, 2);
  row << 0, 1, 0.2, 1, 0.4, 1, 0.6, 1, 0.8, 1, 1, not_a_number;
  table.add_row("first", row);
  table.add_row("second", basin::Mat<float>(row.cast<float>() * 0.5f));

  const Drawn drawn = draw(lines, dir / "lines.png");
  INFO(drawn.problem);
  REQUIRE(drawn);
  const basin::Picture picture = basin::read_png(dir / "lines.png");
  CHECK(picture.width == 900);
  CHECK(picture.height == 560);
  CHECK(picture.at(0, 0) == basin::Rgb{255, 255, 255});
  std::set<basin::Rgb> colours;
  for (Index i = 0; i < picture.height; ++i)
    for (Index j = 0; j < picture.width; ++j) colours.insert(picture.at(i, j));
  CHECK(colours.count({0x00, 0x72, 0xb2}) == 1);  // the first series is there
  CHECK(colours.count({0xd5, 0x5e, 0x00}) == 1);  // and the second, one point
  REQUIRE(draw(histogram, dir / "histogram.png"));
  REQUIRE(draw(table, dir / "it's a table.png"));

  // Images are shown pixel for pixel: all of them are found in the picture at its right end, magnified.
  const basin::Picture t = basin::read_png(dir / "it's a table.png");
  const Index m = 36, gap = 6, edge = 14, left = t.width - edge - 2 * 3 * m - gap;
  const Index top = t.height - edge - 2 * 2 * m - gap;
  for (Index cell = 0; cell < 4; ++cell)
    for (Index i = 0; i < 2 * m; ++i)
      for (Index j = 0; j < 3 * m; ++j) {
        const double v = row(i / m * 3 + j / m, cell % 2) * (cell < 2 ? 1 : 0.5);
        const auto level =
            static_cast<unsigned char>(std::isnan(v) ? 0 : std::floor(255 * static_cast<float>(v) + 0.5));
        const basin::Rgb expected = std::isnan(v) ? basin::nan_colour : basin::Rgb{level, level, level};
        if (t.at(top + cell / 2 * (2 * m + gap) + i, left + cell % 2 * (3 * m + gap) + j) != expected)
          FAIL("cell " << cell << " pixel " << i << ", " << j);
      }
  CHECK(dir.count() == 3);

  CHECK(contains(error_of([] { (void)draw(LinePlot{}, "x.png"); }), "series must not be empty"));
  lines.series[0].y.pop_back();
  CHECK(contains(error_of([&] { (void)draw(lines, dir / "x.png"); }), "series \"a\" has 4 x and 3 y"));
  CHECK(contains(error_of([&] { table.add_row("third", basin::Mat<float>(6, 3)); }),
                 "has 3 images for 2 column titles"));
  CHECK(contains(error_of([&] { table.add_row("third", basin::Mat<float>(5, 2)); }),
                 "have 5 rows, expected 6"));
  lines.series = {{"a", {1, 2}, {not_a_number, -1}}};
  lines.vertical.clear();
  CHECK(contains(draw(lines, dir / "x.png").problem, "no point that could be shown"));
  CHECK(contains(draw(histogram, dir / "no/such/folder/x.png").problem, "no/such/folder"));
  CHECK(dir.count() == 3);
}

TEST_CASE("a process that is killed while it draws leaves no file but the picture", "[examples]") {
  const TempDir dir;
  LinePlot plot;
  plot.series = {{"", {1, 2}, {1, 2}}};
  for (const useconds_t moment : {1000u, 4000u, 10'000u, 20'000u, 40'000u, 80'000u}) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
      for (;;) (void)draw(plot, dir / "a.png");
    usleep(moment);
    kill(child, SIGKILL);
    REQUIRE(waitpid(child, nullptr, 0) == child);
  }
  REQUIRE(draw(plot, dir / "a.png"));
  CHECK(dir.count() == 1);
}

TEST_CASE("a cobweb goes between the graph and the diagonal", "[examples]") {
  const Series s = cobweb("orbit", {1, 0.5, 0.25, inf, 0});
  CHECK(s.x == std::vector<double>{1, 1, 0.5, 0.5, 0.25});
  CHECK(s.y == std::vector<double>{1, 0.5, 0.5, 0.25, 0.25});  // and not to infinity
  CHECK(cobweb("", {2}).x == std::vector<double>{2});
  CHECK(contains(error_of([] { (void)cobweb("none", {}); }), "at least its start (\"none\")"));
}

TEST_CASE("panels show each plot in its place, points in space within their ranges", "[examples]") {
  TempDir dir;
  const basin::Rgb blue{0x00, 0x72, 0xb2}, vermilion{0xd5, 0x5e, 0x00};
  Panels<LinePlot> lines{.title = "two panels", .plots = {}, .columns = 2, .width = 900, .height = 400};
  lines.plots.push_back({.title = "left",
                         .x_label = "x",
                         .y_label = "y",
                         .series = {{.name = "", .x = {0, 1}, .y = {0, 1}, .color = 0, .weight = 3}},
                         .x_range = Extent{0, 1},
                         .y_range = Extent{0, 1},
                         .square = true});
  lines.plots.push_back(lines.plots[0]);
  lines.plots[1].series[0].color = 1;
  lines.plots[1].series[0].style = Series::Style::stars;
  const Drawn drawn = draw(lines, dir / "lines.png");
  INFO(drawn.problem);
  REQUIRE(drawn);
  const basin::Picture l = basin::read_png(dir / "lines.png");
  CHECK(l.width == 900);
  // Ticks where they are asked for, with their numbers and grid lines: one is less ink than the six of
  // gnuplot's choice.
  const auto ink = [](const basin::Picture& p, Index from, Index to) {
    return p.height * (to - from) - count_pixels(p, {255, 255, 255}, from, to);
  };
  lines.plots[0].x_ticks = {0.3};
  REQUIRE(draw(lines, dir / "lines.png"));
  const basin::Picture ticks = basin::read_png(dir / "lines.png");
  CHECK(ink(ticks, 0, 450) < ink(l, 0, 450) - 500);
  CHECK(ink(ticks, 450, 900) == ink(l, 450, 900));
  lines.plots[0].x_ticks = {};
  CHECK(count_pixels(l, blue, 0, 450) > 100);
  CHECK(count_pixels(l, blue, 450, 900) == 0);
  CHECK(count_pixels(l, vermilion, 0, 450) == 0);
  CHECK(count_pixels(l, vermilion, 450, 900) > 10);

  SpacePlot space{.title = "space",
                  .x_label = "x",
                  .y_label = "y",
                  .z_label = "z",
                  .groups = {{.name = "inside", .x = {0.5}, .y = {0.5}, .z = {0.5}, .color = 0, .size = 4}},
                  .x_range = {0, 1},
                  .y_range = {0, 1},
                  .z_range = {0, 1}};
  REQUIRE(draw(space, dir / "space.png"));
  const auto of_group = [&] {
    const basin::Picture p = basin::read_png(dir / "space.png");
    return count_pixels(p, blue, 0, p.width);
  };
  const Index inside = of_group();
  CHECK(inside > 20);  // the point, and its mark in the legend
  for (const double away : {2., not_a_number, inf}) {
    space.groups[0].z = {away};
    REQUIRE(draw(space, dir / "space.png"));
    CHECK(of_group() < inside);  // the mark alone
  }
  REQUIRE(
      draw(Panels<SpacePlot>{.title = "", .plots = {space, space, space}, .columns = 2}, dir / "three.png"));
  CHECK(dir.count() == 3);

  CHECK(
      contains(error_of([&] { (void)draw(Panels<LinePlot>{}, dir / "x.png"); }), "plots must not be empty"));
  lines.columns = 0;
  CHECK(contains(error_of([&] { (void)draw(lines, dir / "x.png"); }), "columns must be >= 1, got 0"));
  lines.columns = 2;
  lines.plots[1].series[0].y = {not_a_number, inf};
  CHECK(contains(draw(lines, dir / "x.png").problem, "panel \"left\": there is no point"));
  lines.plots[1].series[0].weight = 0;
  CHECK(contains(error_of([&] { (void)draw(lines, dir / "x.png"); }), "weight > 0, got 0"));
  lines.plots[0].x_range = Extent{1, 1};
  CHECK(contains(error_of([&] { (void)draw(lines, dir / "x.png"); }), "ranges must have low < high"));
  space.groups[0].z.clear();
  CHECK(contains(error_of([&] { (void)draw(space, dir / "x.png"); }), "has 1 x, 1 y and 0 z"));
  space.y_range = {1, 0};
  CHECK(contains(error_of([&] { (void)draw(space, dir / "x.png"); }), "ranges must have low < high"));
  space.groups.clear();
  CHECK(contains(error_of([&] { (void)draw(space, dir / "x.png"); }), "groups must not be empty"));
  CHECK(dir.count() == 3);
}
