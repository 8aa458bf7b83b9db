// What a page can be asked: where the images and axes of a picture lie, and which values are behind it. And
// the report that report_in_browser.py opens.
#include <cmath>    // std::log
#include <cstdlib>  // std::getenv
#include <limits>   // std::numeric_limits

#include <nlohmann/json.hpp>

#include "basin/io/png.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/html.hpp"
#include "support/image_table.hpp"
#include "support/look.hpp"
#include "support/plot.hpp"
#include "support/report.hpp"
#include "support/text.hpp"

using namespace basin::examples;
using basin::Index;
using Json = nlohmann::json;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// Two orbits of 2 x 2 images, all of one grey: 10 k and 100 + 10 k of 255 at frame k. The last column is
/// white.
ImageTable grey_orbits() {
  ImageTable table("Two orbits", {1, 2, 2}, {"start", "1", "2", "10", "nearest\nimage"});
  for (const int base : {0, 100}) {
    basin::Mat<double> row(4, 5);
    for (Index k = 0; k < 4; ++k) row.col(k).setConstant((base + 10 * static_cast<double>(k)) / 255);
    row.col(4).setOnes();
    table.add_row(base == 0 ? "dark" : "bright", row);
  }
  return table;
}

/// One star at x = 2, y = 1000, alone in its colour, on a logarithmic axis.
LinePlot plot_with_star() {
  LinePlot plot{"A plot", "epochs", "loss", {}};
  plot.series = {{"curve", {0, 10}, {1, 1e6}}, {"the star", {2}, {1000}, Series::Style::points}};
  plot.log_y = true;
  return plot;
}

Claim note_that(Claim c, const std::string& note) {
  c.note = note;
  return c;
}

Result a_result(const std::string& name, const std::string& title) {
  Result r;
  r.name = name;
  r.title = title;
  r.seconds = 12.5;
  r.data = "Fashion-MNIST, embedded";
  r.command = "examples/reproduce --only " + name;
  r.date = "2026-01-02T03:04:05Z";
  r.seeds = {7, 8, 9};
  r.threads = 2;
  return r;
}

/// A result for each way in which one can end.
std::vector<Result> all_kinds() {
  Result holds = a_result("figure_3", "Figure 3: what is stored is an attractor");
  holds.claims = {
      median_claim("3a", "Orbits end at training images.", "all of 100", {57, 63, 55}, at_least(55),
                   " of 100"),
      guard_claim("steps", "Steps that an orbit takes.", no_paper, {10, 11.5, 12}, Band{9, 20}),
      median_claim("spread", "A number of which nothing is promised.", no_paper, {1e-9, 3e-4, 2}, Band{})};
  Result fails = a_result("figure_4", "Figure 4: what does not come out");
  fails.claims = {contested_claim("4a", "Depth helps.", "all", {15, 17, 28}, at_least(75), Band{5, 45}, "%",
                                  "known not to come out")};
  Result outside = a_result("figure_5", "Figure 5: a number that is not where it was promised");
  outside.claims = {note_that(median_claim("5a", "It is one.", "1", {2, 2.5, 3}, Band{1, 1}), "a note"),
                    yes_no_claim("5b", "It is so.", "yes", "no", false),
                    guard_claim("5c", "A guard that has changed.", no_paper, {2}, Band{0, 1})};
  Result failed = a_result("theorem_1", "Theorem 1: a program that failed");
  failed.error = "training diverged at epoch 12 <b>&</b>";
  Result cut = a_result("theorem_2", "Theorem 2: a program that was interrupted");
  cut.interrupted = true;
  Result long_words = a_result("table_1", "Table 1: " + std::string(90, 'w'));
  long_words.claims = {yes_no_claim(std::string(60, 'i'), std::string(200, 's'), std::string(80, 'p'),
                                    "1.23456789e-09 [1.23456789e-10, 1.23456789e-08] over 3 seeds", true)};
  long_words.command = "examples/reproduce --only " + std::string(120, 'c');
  long_words.notes = {std::string(150, 'n')};
  Result empty = a_result("algorithms", "Algorithms: nothing claimed");
  return {holds, fails, outside, failed, cut, long_words, empty};
}

}  // namespace

TEST_CASE("frames are the columns of one orbit", "[examples]") {
  using Columns = std::vector<std::string>;
  using Frames = std::vector<std::size_t>;
  CHECK(frames_of({"start", "1", "10", "nearest\nimage"}) == Frames{0, 1, 2});
  CHECK(frames_of({"input", "output", "", "3", "30", "nearest"}) == Frames{0, 3, 4});
  for (const Columns& none : {Columns{}, Columns{"start"}, Columns{"start", "1"}, Columns{"1", "2", "3"},
                              Columns{"start", "2", "1"}, Columns{"start", "1", "1"},
                              Columns{"input", "noise 1", "noise 2"}, Columns{"start", "-1", "1.5"}})
    CHECK(frames_of(none).empty());
}

TEST_CASE("a look has the values of a plot, with an end to how many", "[examples]") {
  Look look{{90, 810, 56, 504, 0, 10, 1, 100}, "x", "y", false, true, {}};
  look.series = {{"a", {1, inf}, {1.23456789, 2}},
                 {"long", std::vector<double>(5000, 1.), std::vector<double>(5000, 1.)},
                 {"band", {1}, {2}, Series::Style::line, {1.5}, {2.5}}};
  const Json panel = Json::parse(plot_look({look}, 900, 560)).at("panels").at(0);
  CHECK(panel.at("box") == Json({0.1, 0.1, 0.9, 0.9}));
  CHECK(panel.at("x") == Json({{"label", "x"}, {"low", 0.}, {"high", 10.}, {"log", false}}));
  CHECK(panel.at("y").at("log") == true);
  REQUIRE(panel.at("series").size() == 1);  // the second has too many, and what comes behind it goes, too
  CHECK(panel["series"][0] == Json({{"name", "a"}, {"x", {1., nullptr}}, {"y", {1.23457, 2.}}}));
  look.series.erase(look.series.begin() + 1);
  const Json band = Json::parse(plot_look({look}, 900, 560)).at("panels").at(0).at("series").at(1);
  CHECK(band.at("low") == Json({1.5}));
  CHECK(band.at("high") == Json({2.5}));
}

TEST_CASE("drawing says where axes and images lie, and a result keeps it", "[examples]") {
  TempDir dir;
  const Drawn plot = draw(plot_with_star(), dir / "plot.png"), table = draw(grey_orbits(), dir / "table.png");
  INFO(plot.problem << table.problem);
  REQUIRE((plot && table));

  // The star's colour is found in the picture where the look says that (2, 1000) is.
  const Json panel = Json::parse(plot.look).at("panels").at(0);
  const auto part = [&](const char* axis, double v) {
    const double low = panel[axis]["low"], high = panel[axis]["high"];
    return panel[axis]["log"] ? std::log(v / low) / std::log(high / low) : (v - low) / (high - low);
  };
  const auto box = panel["box"].get<std::vector<double>>();
  const basin::Picture p = basin::read_png(dir / "plot.png");
  const auto column = static_cast<Index>(double(p.width) * (box[0] + part("x", 2) * (box[2] - box[0])));
  const auto row = static_cast<Index>(double(p.height) * (box[3] - part("y", 1000) * (box[3] - box[1])));
  CHECK(p.at(row, column) == basin::Rgb{0xd5, 0x5e, 0x00});

  const Json cells = Json::parse(table.look).at("cells");
  const basin::Picture t = basin::read_png(dir / "table.png");
  const auto at = [&](const char* key) { return cells.at(key).get<Index>(); };
  for (const Index i : {0, 1})
    for (const Index k : {0, 1, 2, 3}) {
      const auto grey = static_cast<unsigned char>(100 * i + 10 * k);
      const Index top = at("top") + i * (at("height") + at("gap")),
                  left = at("left") + k * (at("width") + at("gap"));
      CHECK(t.at(top, left) == basin::Rgb{grey, grey, grey});
      CHECK(t.at(top + at("height") - 1, left + at("width") - 1) == basin::Rgb{grey, grey, grey});
      CHECK(t.at(top, left - 1) != basin::Rgb{grey, grey, grey});
    }

  Result r = a_result("figure_3", "title");
  r.figures = {{"plot.png", "a caption", plot.look}, {"none.png", "", ""}};
  const Result back = from_json(to_json(r), "r.json");
  REQUIRE(back.figures.size() == 2);
  CHECK(Json::parse(back.figures[0].look) == Json::parse(plot.look));
  CHECK(back.figures[1].look.empty());
}

TEST_CASE("a claim keeps its band as numbers", "[examples]") {
  Result r = a_result("figure_3", "title");
  r.claims = {median_claim("a", "", "", {1, 2}, Band{0.5, 3}), median_claim("b", "", "", {1, 2}, at_least(1)),
              yes_no_claim("c", "", "", "", true)};
  const Result back = from_json(to_json(r), "r.json");
  CHECK(back.claims[0].range.low == 0.5);
  CHECK(back.claims[0].range.high == 3);
  CHECK(back.claims[1].range.low == 1);
  for (const std::size_t k : {1, 2}) CHECK(back.claims[k].range.high == inf);
  CHECK(back.claims[2].range.low == -inf);
}

TEST_CASE("what programs print stays within its columns where words allow it", "[examples]") {
  CHECK(in_lines("a bb ccc", 5, " ") == " a bb\n ccc\n");
  CHECK(in_lines("\xc3\xa9\xc3\xa9 b", 4) == "\xc3\xa9\xc3\xa9 b\n");  // columns, not bytes
  CHECK(in_lines("longer", 3) == "longer\n");
  CHECK(in_lines("", 80) == "\n");
}

TEST_CASE("whatever bytes come in, a page is text", "[examples]") {
  const std::string bad = "&#xfffd;";
  CHECK(escape_html("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n\t") ==
        "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n\t");
  CHECK(escape_html(std::string("a\0b\x1b[1m\x7f", 8)) == "a" + bad + "b" + bad + "[1m" + bad);
  CHECK(escape_html("\xff<\xc3") == bad + "&lt;" + bad);
  CHECK(escape_html("\xc0\xbc") == bad + bad);            // an overlong "<"
  CHECK(escape_html("\xe0\x80\xbc") == bad + bad + bad);  // another
  CHECK(escape_html("\xed\xa0\x80") == bad + bad + bad);  // half of a pair
  CHECK(escape_html("\xf4\x90\x80\x80") == bad + bad + bad + bad);
  CHECK(escape_html("\xe2\x82<") == bad + bad + "&lt;");  // a start does not take what follows with it
}

// Not a test by itself: writes what report_in_browser.py opens, if that asks for it.
TEST_CASE("a report with everything that can happen", "[.browser]") {
  const char* folder = std::getenv("BASIN_REPORT_DIR");
  REQUIRE(folder != nullptr);
  const std::filesystem::path out(folder);
  std::vector<Result> results = all_kinds();
  const auto add = [&](Result& r, const std::string& file, const Drawn& drawn) {
    INFO(drawn.problem);
    REQUIRE(drawn);
    r.figures.push_back({file, "What is to be seen in " + file, drawn.look});
  };
  add(results[0], "orbits.png", draw(grey_orbits(), out / "orbits.png"));
  add(results[0], "star.png", draw(plot_with_star(), out / "star.png"));
  add(results[1], "two.png",
      draw(Panels<LinePlot>{"Two", {plot_with_star(), plot_with_star()}, 2}, out / "two.png"));
  Histogram histogram;
  histogram.groups = {{"a", {1, 1, 2, 3}}};
  add(results[2], "histogram.png", draw(histogram, out / "histogram.png"));
  // A file may say anything: what makes no sense must not take the rest with it.
  for (const char* look : {"null", "{\"panels\":[null]}", "{\"frames\":\"</script><b>\"}"})
    results[2].figures.push_back({"histogram.png", "a picture with a broken look", look});
  results[5].figures = {{"missing.png", "not there"}};
  const auto put = [&](const std::string& file, const std::string& words) {
    write_file(out / file, basin::Bytes(words.begin(), words.end()));
  };
  for (const Result& r : results) put(r.name + ".json", to_json(r));
  put("broken.json", "{\"name\": \"<img src=x onerror=alert(1)>\xff");
  write_report(out, {"theorem_1", "theorem_2", "theorem_3", "table_1", "figure_3", "figure_4", "figure_5",
                     "figure_6"});
}
